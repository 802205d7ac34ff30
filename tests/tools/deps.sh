#!/usr/bin/env bash
# Installs the Debian packages that are missing for the purposes named: build, cross (build for arm64), test, style,
# lint, bench, peers, conformance.
# Does nothing when all are there. Elsewhere than on Debian it prints the list and fails.
set -eu

build="gcc g++ libc6-dev make pkg-config libcurl4-openssl-dev libssl-dev libsimdjson-dev libpq-dev libjemalloc-dev
  libhttp-parser-dev libnghttp2-dev libsqlite3-dev libdeflate-dev libcmocka-dev uthash-dev"
test="postgresql pgbouncer python3 python3-pytest python3-pytest-xdist python3-boto3 python3-psycopg2 python3-cbor2
  awscli ca-certificates openssl curl"
style="clang-format-14 git"
lint="$style clang-14 clang-tidy-14 libclang-rt-14-dev"
peers="npm"
conformance="python3-venv maven default-jdk-headless"
bench="gnuplot-nox"
cross="crossbuild-essential-arm64 make qemu-user-static uthash-dev"
for package in $build; do
  case $package in lib*) cross="$cross $package:arm64" ;; esac
done

wanted=""
for purpose in "$@"; do
  case $purpose in
    build | cross | test | style | lint | bench | conformance) wanted="$wanted ${!purpose}" ;;
    peers) command -v npm >/dev/null || wanted="$wanted $peers" ;;
    *) echo "deps: unknown purpose '$purpose'" >&2; exit 2 ;;
  esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  if [ "${SHARDCOPY_DEPS:-}" = present ]; then exit 0; fi
  echo "deps: this is not a Debian system. shardcopy needs what Debian 12 calls:" $wanted >&2
  echo "hint: install their counterparts, then set SHARDCOPY_DEPS=present to skip this check." >&2
  exit 1
fi

missing=""
for package in $wanted; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "deps: missing:$missing
hint: as root, run: apt-get install$missing" >&2; exit 1; }
  as_root=sudo
fi

echo "deps: installing$missing"

# Debian's postgresql starts a cluster called "main" when it is first installed; tests make their own, so ask for none.
# A cluster that is already there is not touched, and the setting goes away again.
# The same for pgbouncer, which is started unless a policy says no.
no_main=/etc/postgresql-common/createcluster.d/shardcopy.conf
no_start=/usr/sbin/policy-rc.d
made=""
trap 'test -z "$made" || $as_root rm -f $made' EXIT
case " $missing " in
  *" postgresql "*)
    $as_root mkdir -p "${no_main%/*}"
    echo "create_main_cluster = false" | $as_root tee $no_main >/dev/null
    made=$no_main
    ;;
esac
case " $missing " in
  *" pgbouncer "*)
    if [ ! -e $no_start ]; then
      printf '#!/bin/sh\nexit 101\n' | $as_root tee $no_start >/dev/null
      $as_root chmod 755 $no_start
      made="$made $no_start"
    fi
    ;;
esac

apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }
log=$(mktemp)
if ! { apt update && apt install -y --no-install-recommends $missing; } >"$log" 2>&1; then
  tail -30 "$log" >&2
  rm -f "$log"
  echo "deps: apt-get failed (above); missing:$missing" >&2
  exit 1
fi
rm -f "$log"
