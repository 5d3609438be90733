# The key goes into a header, never into the URL, where it would be logged.
while IFS= read -r line; do
  case $line in *'"x-api-key": process.env.api_key'*) echo "ok: the key is sent in a header"; exit 0 ;; esac
done < src/poll.js
echo "not ok: the key is not sent in a header"
exit 1
