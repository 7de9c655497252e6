#!/usr/bin/env bash
# Measures the verdict stage at growing numbers of tokens, against DuckDB's anti-join on the same frames.
#
# Usage: tests/bench/verdicts.sh [TOKENS...]    (1000000 10000000 100000000)
#
# For each number it makes frames of so many tokens and as many issuance records (DuckDB writes them, and they
# are removed at the end), judges them in at most 8 GiB on two threads, and prints seconds, peak memory, and
#
#     ratio anti-join-N X.XX
#     ratio verdicts-N X.XX
#
# which are DuckDB's time for the anti-join of the two frames over breachscope's for the same, and over its time
# for all of the verdicts: coverage, every rule, the tokens frame. Anti-joins are run three times, of which the
# median counts. It fails if the two disagree on how many tokens have no record. BENCH_DIR is the work folder
# (${TMPDIR:-/tmp}/breachscope-bench); 100 million tokens take some 60 GB there.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bench=$(realpath -m "${BENCH_DIR:-${TMPDIR:-/tmp}/breachscope-bench}")
mkdir -p "$bench"
python=$bench/venv/bin/python
[ -x "$python" ] || python3 -m venv "$bench/venv"
"$python" -m pip install --quiet --disable-pip-version-check --upgrade duckdb ||
    echo "DuckDB could not be updated; the installed one is used if there is one"

(cd "$here/../.." && cargo bench --bench verdicts --no-run --message-format json 2>/dev/null) |
    "$python" -c '
import json, sys
built = (json.loads(line) for line in sys.stdin)
print([m["executable"] for m in built if m.get("target", {}).get("name") == "verdicts" and m.get("executable")][-1])
' >"$bench/verdicts-program"
program=$(cat "$bench/verdicts-program")

case_dir=$bench/verdicts-case
mkdir -p "$case_dir"
echo "key_id,issuer,created_at,retired_at,custodian,custodian_left_at,stored_in
primary-2025-05,https://login.shop.example,,,,," >"$case_dir/keys.csv"
cat >"$case_dir/case.toml" <<'TOML'
[case]
id = "bench"
title = "bench"
report_zone = "UTC"
collected_by = "bench"
collected_at = "2025-11-20T10:00:00Z"
[policy]
clock_tolerance_seconds = 5
run_pause_hours = 24
phase_pause_days = 30
[[issuer]]
id = "https://login.shop.example"
subjects = "accounts"
[registry]
keys = "keys.csv"
[[source]]
id = "edge"
kind = "edge"
paths = ["edge.log"]
format = "combined"
clock_correction_seconds = 0
TOML

for tokens in "${@:-1000000 10000000 100000000}"; do
    for count in $tokens; do
        work=$bench/verdicts-work
        rm -rf "$work"
        mkdir -p "$work/frames/requests" "$work/frames/issuances" "$work/out" "$work/duck"
        "$python" "$here/duck.py" "$here/sql/make-tokens.sql" TOKENS="$count" OUTPUT="$work/frames" >/dev/null
        "$python" - "$program" "$case_dir" "$work" "$count" "$here" <<'PYTHON'
import json, os, subprocess, sys
program, case, work, count, here = sys.argv[1:]
def run(command):
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"{command} failed")
    return json.loads(out), usage.ru_maxrss / 1024
anti_join = [sys.executable, f"{here}/duck.py", f"{here}/sql/anti-join.sql", f"FRAMES={work}/frames", f"WORK={work}/duck"]
duck, duck_peak = sorted((run(anti_join) for _ in range(3)), key=lambda ran: ran[0]["seconds"])[1]
ours, peak = run([program, case, f"{work}/frames", f"{work}/out", "2", str(2 * int(count))])
unissued = ours["forged"] + ours["indeterminate"]
if {unissued, ours["unrecorded"]} != {duck["rows"]}:
    sys.exit(f"breachscope finds {unissued} and {ours['unrecorded']} tokens without a record, DuckDB {duck['rows']}")
print(f"verdicts {count}: breachscope {ours['seconds']} s (coverage {ours['coverage_seconds']}, spread {ours['spread_seconds']}, judge {ours['judge_seconds']}), peak {peak:.0f} MiB; DuckDB's anti-join {duck['seconds']:.2f} s, peak {duck_peak:.0f} MiB; {unissued} without a record")
print(f"anti-join {count}: breachscope {ours['anti_join_seconds']} s, DuckDB {duck['seconds']:.2f} s")
print(f"ratio anti-join-{count} {duck['seconds'] / ours['anti_join_seconds']:.2f}")
print(f"ratio verdicts-{count} {duck['seconds'] / ours['seconds']:.2f}", flush=True)
PYTHON
        rm -rf "$work"
    done
done
