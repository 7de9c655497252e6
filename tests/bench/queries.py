"""Times each query of the library here and in DuckDB, on the same Parquet, from the page cache.

Usage: queries.py BREACHSCOPE RESULTS [RUNS]

Prints for each query the median seconds of both, the program's start and the opening of the results
included for both, and the ratio; then those that take over a second or over 1.2 times DuckDB's time.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import time
from statistics import median

import duckdb

program, results = sys.argv[1:3]
runs = int(sys.argv[3]) if len(sys.argv) > 3 else 3
folder = pathlib.Path(__file__).parent.parent.parent / "queries"

with tempfile.TemporaryDirectory() as scratch:
    file = pathlib.Path(scratch) / "views.sql"
    subprocess.run([program, "query", results, "--duckdb", str(file)], check=True)
    views = file.read_text()


def ours(name):
    command = [program, "query", results, name, "--format", "csv", "--threads", "2"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def theirs(text, given):
    connection = duckdb.connect(config={"threads": 2})
    connection.execute(views)
    connection.execute(text, given).fetchall()


def seconds(work):
    times = []
    for _ in range(runs + 1):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return median(times[1:])


slow = []
for path in sorted(folder.glob("*.sql")):
    text = path.read_text()
    given = dict(re.findall(r"^-- param: (\w+)(?::\w+)? = (\S+)", text, re.M)) or None
    mine, other = seconds(lambda: ours(path.stem)), seconds(lambda: theirs(text, given))
    print(f"{path.stem:36} {mine:7.3f} s {other:7.3f} s  ratio {mine / other:.2f}")
    if mine > 1 or mine > 1.2 * other:
        slow.append(path.stem)
print(f"over a second, or over 1.2 times DuckDB: {', '.join(slow) or 'none'}")
