# The table's name must hold the stage, or two stages would share a table.
while IFS= read -r line; do
  case $line in
    *'table: submissions-${self:custom.stage}'*) echo "ok: the table belongs to its stage"; exit 0 ;;
  esac
done < serverless.yml
echo "not ok: the table's name does not hold the stage"
exit 1
