# The handler must ask for a name and an email. Read with the shell alone, so
# that the workshop needs no other program.
name=no email=no
while IFS= read -r line; do
  case $line in 'const required = '*)
    case $line in *'"name"'*) name=yes ;; esac
    case $line in *'"email"'*) email=yes ;; esac ;;
  esac
done < src/submit.js
echo "required: name $name, email $email"
[ "$name" = yes ] && [ "$email" = yes ] || { echo "not ok: a submission without name or email would be stored"; exit 1; }
echo "ok: submissions are checked"
