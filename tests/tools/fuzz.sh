#!/usr/bin/env bash
# fuzz.sh PROGRAM SECONDS: one libFuzzer target from its committed corpus, with its dictionary if it has one. What it
# finds on the way stays beside PROGRAM.
set -eu
program=$1 seconds=$2
name=${program##*/fuzz_}
work=${program%/*}/work-$name
mkdir -p "$work/corpus" "$work/crashes"
echo "== fuzz $name, $seconds s"
exec "$program" "$work/corpus" $([ -d "tests/fuzz/corpus/$name" ] && echo "tests/fuzz/corpus/$name") \
  $([ -f "tests/fuzz/dict/$name" ] && echo "-dict=tests/fuzz/dict/$name") \
  -artifact_prefix="$work/crashes/" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
  -verbosity=0
