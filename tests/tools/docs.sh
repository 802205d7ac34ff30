#!/usr/bin/env bash
# docs.sh PROGRAM write|check: the pages of docs/ that build/reference prints from the program's own tables
# (options.def, errors.def, metrics.def). check compares instead and ends with "N passed, N failed".
set -eu
program=$1 mode=$2
passed=0 failed=0
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT

for page in configuration errors metrics; do
  ${EMULATOR:-} "$program" "$page" >"$fresh"
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
