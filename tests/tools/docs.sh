#!/usr/bin/env bash
# docs.sh BUILD write|check: the pages of docs/ that the program prints from its own tables (options.def, errors.def,
# metrics.def). check compares instead and ends with "N passed, N failed".
set -eu
program=$1/shardcopy mode=$2
pages="configuration errors metrics"
passed=0 failed=0

[ -x "$program" ] || { echo "0 passed, 0 failed"; exit 0; }
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
for page in $pages; do
  "$program" help --reference="$page" >"$fresh"
  if [ "$mode" = write ]; then
    cat "$fresh" >"docs/$page.md"
  elif diff -u "docs/$page.md" "$fresh"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "docs/$page.md is not what the program prints; run: make docs" >&2
  fi
done
[ "$mode" = write ] || { echo "$passed passed, $failed failed"; [ "$failed" -eq 0 ]; }
