#!/usr/bin/env bash
# portable.sh debian13|arm64: builds and tests shardcopy where `make test` does not.
#
#   debian13  on Debian 13: its compiler, libraries, PostgreSQL and Python
#   arm64     cross-built on Debian 12 with the libraries for arm64, run by qemu-user; PostgreSQL and Python are native
#
# Both run the suites of `make test`, of the integration tests one load. Each has a system of its own, which debootstrap
# makes at the first run (3 GB together). Systems and objects stay under build/portable/ for the next run; `make clean`
# removes them. Nothing else stays: mounts and processes live in namespaces of the script, temporary files in memory.
# Needs root, since chroot and mounts do.
set -eu
cd "$(dirname "$0")/../.."
cache=build/portable
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

fail() {
  echo "portable: $1" >&2
  [ $# -lt 2 ] || echo "hint: $2" >&2
  exit 1
}

check_machine() {
  [ "$(uname -m)" = x86_64 ] || fail "needs an x86-64 machine, this is $(uname -m)" "make test runs natively here"
  [ "$(id -u)" -eq 0 ] || fail "needs root, for debootstrap, chroot and mounts" "sudo make test-portable"
  command -v debootstrap >/dev/null || fail "debootstrap is missing" "apt-get install debootstrap"
  unshare --mount --pid --fork true 2>/dev/null || \
    fail "this machine or container forbids namespaces (unshare --mount --pid)"
}

# Runs a command in a system, in the tree, which can be written to below build/portable/ only. The shell that mounts is
# process 1 in there: it reaps the processes that tests leave to it, and all of them end with it.
inside() {
  unshare --mount --pid --fork --kill-child bash -euc '
    root=$1 cache=$2 command=$3
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    mkdir -p "$root/src"
    mount --bind . "$root/src"
    mount -o remount,bind,ro "$root/src"
    mount --bind "$cache" "$root/src/$cache"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
      bash -euc "cd /src; $command"
    exit 0' portable "$1" "$cache" "$2"
}

# The folder of a Debian release. One that is there is whole: it gets its name last.
system() {
  local root=$cache/systems/$1
  if [ ! -d "$root" ]; then
    echo "portable: debootstrap of Debian's $1 into $root" >&2
    rm -rf "$root.part"
    mkdir -p "$root.part"
    unshare --mount debootstrap --variant=minbase "$1" "$root.part" "$mirror" >"$cache/debootstrap.log" 2>&1 \
      || { tail -5 "$cache/debootstrap.log" >&2; fail "debootstrap of $1 failed (above)"; }
    mv "$root.part" "$root"
  fi
  echo "$root"
}

# Under qemu-user everything takes about ten times as long.
budgets="BUDGET_build=400 BUDGET_unit=300 BUDGET_simulation=100 BUDGET_corpus=60 BUDGET_docs=30"

debian13() {
  inside "$(system trixie)" "
    tests/tools/deps.sh build test; apt-get clean
    make suites BUILD=$cache/debian13 WERROR=1 T=short_load $budgets"
}

arm64() {
  inside "$(system bookworm)" "
    dpkg --add-architecture arm64
    tests/tools/deps.sh cross test; apt-get clean
    make suites BUILD=$cache/arm64-qemu WERROR=1 T=short_load SEEDS=50 $budgets \
      CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ AR=aarch64-linux-gnu-ar \
      PKG_CONFIG=aarch64-linux-gnu-pkg-config EMULATOR=qemu-aarch64-static"
}

case ${1:-} in
  debian13 | arm64) check_machine && mkdir -p $cache/systems && "$1" ;;
  *) echo "usage: portable.sh debian13|arm64" >&2; exit 2 ;;
esac
