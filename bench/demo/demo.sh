#!/usr/bin/env bash
# make demo: a million sensor records in 32 shards, over HTTPS, into a temporary PostgreSQL; then the same rows by
# `psql \copy`. Everything is stopped and removed at the end, also on Ctrl-C. Takes well under two minutes.
#
# RECORDS, SHARDS, BUILD can be set in the environment.
set -eu
cd "$(dirname "$0")/../.."

RECORDS=${RECORDS:-1000000}
SHARDS=${SHARDS:-32}
programs=$(realpath "${BUILD:-build}")
folder=$(mktemp -d "${TMPDIR:-/tmp}/shardcopy-demo-XXXXXX")
service=""

# PostgreSQL refuses to run as root.
as_postgres() {
  if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

finish() {
  status=$?
  trap - EXIT INT TERM
  [ -z "$service" ] || kill "$service" 2>/dev/null || true
  if [ -f "$folder/pg/data/postmaster.pid" ]; then
    as_postgres "$pgbin/pg_ctl" -D "$folder/pg/data" -m immediate stop >/dev/null || true
  fi
  rm -rf "$folder"
  exit $status
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

start_postgres() {
  pgbin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
  [ -n "$pgbin" ] || pgbin=$(dirname "$(command -v initdb)")
  mkdir "$folder/pg"
  chmod 755 "$folder" "$folder/pg"
  [ "$(id -u)" -ne 0 ] || chown postgres "$folder/pg"
  as_postgres "$pgbin/initdb" -D "$folder/pg/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
  port=$(free_port)
  as_postgres "$pgbin/pg_ctl" -D "$folder/pg/data" -l "$folder/pg/log" -w start \
    -o "-c listen_addresses=127.0.0.1 -p $port -k $folder/pg -c shared_buffers=256MB -c max_wal_size=4GB" >/dev/null
  target=postgresql://postgres@127.0.0.1:$port/postgres
}

free_port() {
  "${PYTHON:-/usr/bin/python3}" -c \
    'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start_service() {
  (cd "$folder" && exec "$programs/shardcopy-local" --listen=127.0.0.1:0 --tls-listen=127.0.0.1:0 \
    --cert-dir="$folder/certs" --limits=off --generate "demo:shards=$SHARDS,records=$RECORDS,seed=1") \
    >"$folder/service.out" 2>"$folder/service.err" &
  service=$!
  until grep -q '^listening https' "$folder/service.out"; do
    kill -0 "$service" 2>/dev/null || { cat "$folder/service.err" >&2; exit 1; }
    sleep 0.05
  done
  endpoint=https://$(sed -nE 's/^listening https (\S+) .*/\1/p' "$folder/service.out")
  ca=$(sed -nE 's/^listening https .* ca=(\S+)/\1/p' "$folder/service.out")
  case $ca in /*) ;; *) ca=$folder/$ca ;; esac
}

sql() { psql -X -q -v ON_ERROR_STOP=1 "$target" "$@"; }

# Seconds that a command took, in $seconds.
timed() {
  local start=$EPOCHREALTIME
  "$@"
  seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }')
}

speed() {
  awk -v name="$1" -v rows="$2" -v seconds="$3" \
    'BEGIN { printf "  %-34s %9d rows in %6.2f s  %10d rows/s\n", name, rows, seconds, rows / seconds }'
}

say "A temporary PostgreSQL, and a Kinesis stream of $RECORDS records in $SHARDS shards"
start_postgres
start_service
echo "  $target"
echo "  $endpoint, stream demo"

say "\$ shardcopy load kinesis://demo $target --endpoint $endpoint"
timed "$programs/shardcopy" load kinesis://demo "$target" --endpoint "$endpoint" --ca-bundle "$ca"
loaded=$seconds

say "\$ psql -c 'SELECT count(*) FROM demo'"
count=$(sql -At -c 'SELECT count(*) FROM demo')
echo "$count"

say "\$ psql -c 'SELECT sensor_id, count(*), ... FROM demo GROUP BY sensor_id ORDER BY sensor_id LIMIT 5'"
sql -c 'SELECT sensor_id, count(*), round(avg(temperature)::numeric, 2) AS temperature,
               round(avg(humidity)::numeric, 2) AS humidity
        FROM demo GROUP BY sensor_id ORDER BY sensor_id LIMIT 5'

sql -c "\\copy demo TO '$folder/rows.csv' (FORMAT csv)" -c "\\copy demo TO '$folder/rows.bin' (FORMAT binary)" \
  -c 'CREATE TABLE by_csv (LIKE demo)' -c 'CREATE TABLE by_binary (LIKE demo)' -c 'CHECKPOINT'
timed sql -c "\\copy by_csv FROM '$folder/rows.csv' (FORMAT csv)"
csv=$seconds
timed sql -c "\\copy by_binary FROM '$folder/rows.bin' (FORMAT binary)"
binary=$seconds

say "The same rows into the same columns"
speed "shardcopy load, HTTPS and JSON" "$count" "$loaded"
speed "psql \\copy of a CSV file" "$count" "$csv"
speed "psql \\copy of a binary file" "$count" "$binary"

[ "$count" -eq "$RECORDS" ] || { echo "demo: $count rows, expected $RECORDS" >&2; exit 1; }
