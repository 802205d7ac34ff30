#!/usr/bin/env bash
# docs.sh PROGRAM write|check: the pages of docs/ that build/reference prints from the program's own tables
# (options.def, errors.def, metrics.def). check compares instead, compiles the example in
# docs/architecture.md, and ends with "N passed, N failed".
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

# The worked example "adding a sink": it must compile, and stay short.
if [ "$mode" = check ]; then
  sed -n '/^### Adding a sink/,/^## /p' docs/architecture.md | sed -n '/^```c/,/^```$/p' | sed '1d;$d' >"$fresh"
  lines=$(wc -l <"$fresh")
  if [ "$lines" -gt 0 ] && [ "$lines" -le 40 ] &&
    ${CC:-cc} -std=c17 -D_GNU_SOURCE -I. -Wall -Wextra -Werror -fsyntax-only -x c "$fresh"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "docs/architecture.md: the example of a sink does not compile, or is not of 1 to 40 lines ($lines)" >&2
  fi
fi
[ "$mode" = write ] || { echo "$passed passed, $failed failed"; [ "$failed" -eq 0 ]; }
