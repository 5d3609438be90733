# The page sends each field that the API asks for.
seen=
while IFS= read -r line; do
  case $line in *'name="name"'*|*'name="email"'*) seen=x$seen ;; esac
done < site/index.html
[ "$seen" = xx ] || { echo "not ok: the form lacks a field"; exit 1; }
echo "ok: the form has every field"
