#!/usr/bin/env bash
# Times each query of the library against DuckDB, on the same Parquet, from the page cache.
#
# Usage: tests/bench/queries.sh [SCALE] [RUNS]
#
# SCALE is that of the replica (0.01), which is made once. BREACHSCOPE is the program
# (target/release/breachscope), BENCH_DIR the work folder (${TMPDIR:-/tmp}/breachscope-bench). DuckDB is
# installed there, in its current release for Python.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(realpath -m "${BREACHSCOPE:-$here/../../target/release/breachscope}")
bench=$(realpath -m "${BENCH_DIR:-${TMPDIR:-/tmp}/breachscope-bench}")
scale=${1:-0.01}
mkdir -p "$bench"
[ -x "$bench/venv/bin/python" ] || python3 -m venv "$bench/venv"
"$bench/venv/bin/python" -c 'import duckdb' 2>/dev/null || "$bench/venv/bin/pip" install --quiet duckdb
[ -d "$bench/replica-$scale" ] || "$program" synth --scale "$scale" --seed 99 --out "$bench/replica-$scale" > /dev/null
# Evidence of the replica is damaged on purpose, which is exit code 3.
"$program" scope "$bench/replica-$scale" --out "$bench/results-$scale" > /dev/null 2>&1 || [ $? -eq 3 ]
"$bench/venv/bin/python" "$here/queries.py" "$program" "$bench/results-$scale" "${2:-3}"
