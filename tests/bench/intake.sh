#!/usr/bin/env bash
# Measures breachscope's intake against DuckDB: the same logs to Parquet, in turn, on two threads each.
#
# Usage: tests/bench/intake.sh [GB] [--pairs N] [--rows "json combined ..."] [--no-memory]
#
# GB is the size of the JSON lines (2). It makes its own input, which DuckDB writes, and keeps it for the next
# run of the same size. For each row it prints the seconds and peak memory of both, and
#
#     ratio NAME X.XX
#
# which is DuckDB's wall time / breachscope's: the median over the pairs (3), after one warm-up of each. Then
# come breachscope's peak memory at 1 GB and at 10 GB (--no-memory leaves that out; it takes some 13 GB of
# disk), and, for a limit, the time that hashing or decompressing the same bytes takes alone.
#
# BREACHSCOPE is the program (target/release/breachscope), BENCH_DIR the work folder
# (${TMPDIR:-/tmp}/breachscope-bench). DuckDB is installed there, in its current release for Python.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(realpath -m "${BREACHSCOPE:-$here/../../target/release/breachscope}")
bench=$(realpath -m "${BENCH_DIR:-${TMPDIR:-/tmp}/breachscope-bench}")
gigabytes=2
pairs=3
rows="json combined combined-two combined-csv json-zst json-gz"
memory=yes

while [ $# -gt 0 ]; do
    case $1 in
        --pairs) pairs=$2; shift ;;
        --rows) rows=$2; shift ;;
        --no-memory) memory=no ;;
        [0-9]*) gigabytes=$1 ;;
        *) sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
    shift
done
if [ ! -x "$program" ]; then
    echo "$program is not there; build it with: cargo build --release" >&2
    exit 2
fi

# The current DuckDB; offline, the one that is there already.
mkdir -p "$bench/work"
cd "$bench"
python=$bench/venv/bin/python
[ -x "$python" ] || python3 -m venv venv
"$python" -m pip install --quiet --disable-pip-version-check --upgrade duckdb ||
    echo "DuckDB could not be updated; the installed one is used if there is one"
echo "DuckDB $("$python" -c 'import duckdb; print(duckdb.__version__)'), $("$program" --version), $(nproc) processors"

duck() { "$python" "$here/duck.py" "$@"; }
pair() { "$python" "$here/pair.py" "$@"; }
have() { command -v "$1" >/dev/null; }
megabytes() { echo $(($(wc -c <"$1") / 1000000)); }

# How many lines make so many GB: a JSON line has 370.4 bytes on average.
lines() { awk -v gb="$1" 'BEGIN { printf "%d", gb * 1e9 / 370.4 + 0.5 }'; }

# make FILE COMMAND...: runs the command, with FILE.part as its last argument, unless FILE is there already.
make() {
    local file=$1
    shift
    [ -e "$file" ] && return
    mkdir -p "$(dirname "$file")"
    rm -f "$file.part"
    "$@" "$file.part" >/dev/null
    mv "$file.part" "$file"
}
make_json() { duck "$here/sql/lines.sql" "$here/sql/make-json.sql" LINES="$1" OUTPUT="$2"; }
make_combined() { duck "$here/sql/lines.sql" "$here/sql/make-combined.sql" LINES="$1" OUTPUT="$2"; }
make_zst() { zstd -q -3 "$1" -o "$2"; }
make_gz() { gzip -6 -c "$1" >"$2"; }
make_ten() { for _ in 1 2 3 4 5 6 7 8 9 10; do cat "$1"; done >"$2"; }

# The head of a case about one file.
case_head() {
    cat <<'TOML'
[case]
id = "bench"
title = "Made-up logs for a benchmark"
report_zone = "Asia/Seoul"
collected_by = "Example Response Team"
collected_at = "2025-12-31T10:00:00+09:00"

[policy]
clock_tolerance_seconds = 5
run_pause_hours = 24
phase_pause_days = 30

[[source]]
TOML
}

# gateway_case FOLDER FILE
gateway_case() {
    mkdir -p "$1"
    {
        case_head
        cat <<TOML
id = "gateway"
kind = "gateway"
paths = ["$2"]
format = "jsonl"
time = "rfc3339"
clock_correction_seconds = 0
[source.fields]
event_time = "ts"
request_id = "rid"
source_ip = "client"
method = "method"
path = "path"
status = "status"
body_bytes = "bytes"
user_agent = "ua"
token_id = "pass.jti"
token_issuer = "pass.iss"
key_id = "pass.kid"
token_subject = "pass.sub"
token_issued_at = "pass.iat"
token_expires_at = "pass.exp"
TOML
    } >"$1/case.toml"
}

# edge_case FOLDER FILE
edge_case() {
    mkdir -p "$1"
    {
        case_head
        cat <<TOML
id = "edge"
kind = "edge"
paths = ["$2"]
format = "combined"
clock_correction_seconds = 0
[source.fields]
request_id = "rid"
TOML
    } >"$1/case.toml"
}

# compare NAME CASE SQL FILE
compare() {
    echo "$1: $(megabytes "$4") MB"
    pair pair "$1" "$pairs" work/out "$program" intake "$2" --out work/out --threads 2 \
        -- "$python" "$here/duck.py" "$here/sql/$3" INPUT="$4" OUTPUT="$bench/work/duckdb.parquet"
    rm -rf work/out work/duckdb.parquet
}

count=$(lines "$gigabytes")
input=$bench/input-$count
cases=$bench/case-$count
json=$input/gateway.jsonl
combined=$input/edge.log
echo "$count lines, in $input"
make "$json" make_json "$count"

for row in $rows; do
    case $row in
        json)
            gateway_case "$cases/json" "$json"
            compare json "$cases/json" read-json.sql "$json" ;;
        combined)
            make "$combined" make_combined "$count"
            edge_case "$cases/combined" "$combined"
            compare combined "$cases/combined" read-combined.sql "$combined" ;;
        combined-two | combined-csv)
            make "$combined" make_combined "$count"
            edge_case "$cases/combined" "$combined"
            compare "$row" "$cases/combined" "read-$row.sql" "$combined" ;;
        json-zst)
            if ! have zstd; then echo "json-zst left out: zstd is not installed"; continue; fi
            make "$json.zst" make_zst "$json"
            gateway_case "$cases/json-zst" "$json.zst"
            compare json-zst "$cases/json-zst" read-json.sql "$json.zst" ;;
        json-gz)
            make "$json.gz" make_gz "$json"
            gateway_case "$cases/json-gz" "$json.gz"
            compare json-gz "$cases/json-gz" read-json.sql "$json.gz" ;;
        *) echo "no row is called $row" >&2; exit 2 ;;
    esac
done

# Limits: what one core needs for the same bytes alone.
if have openssl; then sha256="openssl dgst -sha256"; else sha256=sha256sum; fi
speed="without SHA instructions"
grep -qwE 'sha_ni|sha2' /proc/cpuinfo 2>/dev/null && speed="the processor has SHA instructions"
for file in "$json" "$combined" "$json.zst" "$json.gz"; do
    [ -e "$file" ] || continue
    name=$(basename "$file")
    if have "${sha256%% *}"; then
        # shellcheck disable=SC2086
        pair alone "limit sha256 of $name, $(megabytes "$file") MB ($sha256, $speed)" "$pairs" $sha256 "$file"
    else
        echo "limit sha256 left out: neither openssl nor sha256sum is installed"
    fi
done
if [ -e "$json.zst" ] && have zstd; then
    pair alone "limit zstd -dc of $(basename "$json.zst")" "$pairs" zstd -dc --single-thread "$json.zst"
else
    echo "limit zstd -dc left out: zstd is not installed, or there is no such input"
fi
if [ -e "$json.gz" ]; then pair alone "limit gzip -dc of $(basename "$json.gz")" "$pairs" gzip -dc "$json.gz"; fi

# Peak memory: ten times the bytes should not take ten times the memory.
if [ "$memory" = yes ]; then
    one=$bench/memory/gateway-1GB.jsonl
    ten=$bench/memory/gateway-10GB.jsonl
    if [ ! -e "$ten" ] && [ "$(df -Pk "$bench" | awk 'NR == 2 { print $4 }')" -lt 13000000 ]; then
        echo "peak memory left out: it takes 13 GB of disk in $bench"
        exit 0
    fi
    make "$one" make_json "$(lines 1)"
    make "$ten" make_ten "$one"
    gateway_case "$bench/memory/case-1GB" "$one"
    gateway_case "$bench/memory/case-10GB" "$ten"
    peaks=()
    for size in 1 10; do
        printed=$(pair peak "$size GB" work/out "$program" intake "$bench/memory/case-${size}GB" --out work/out --threads 2)
        echo "$printed"
        peaks+=("$(sed -n 's/^peak memory .*: \(.*\) MiB$/\1/p' <<<"$printed")")
    done
    pair ratio memory "${peaks[1]}" "${peaks[0]}"
fi
