"""Recounts figures from the raw logs in plain SQL, and holds the results of a run against them.

Usage: recount.py SQL CASE RESULTS

The file SQL makes a table `recount` of figures and counts from the folder CASE. Prints a table; the exit code
is 1 if a count is not the `probable` of its figure, or lies outside its bounds. Exits with 77 where DuckDB for
Python is not there.
"""

import json
import pathlib
import sys

try:
    import duckdb
except ImportError:
    sys.exit(77)

sql, case, results = map(pathlib.Path, sys.argv[1:4])
disclosure = json.loads((results / "disclosure.json").read_text())
figures = {figure["id"]: figure for figure in disclosure["figures"]}
connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")
connection.execute("SET VARIABLE \"case\" = ?", [str(case)])
connection.execute(sql.read_text())
wrong = 0
print("| figure | recount | confirmed | probable | possible |\n| --- | ---: | ---: | ---: | ---: |")
for name, counted in connection.execute("SELECT * FROM recount ORDER BY figure").fetchall():
    bounds = [figures[name][bound] for bound in ("confirmed", "probable", "possible")]
    agrees = bounds[0] <= counted == bounds[1] <= bounds[2]
    wrong += not agrees
    print(f"| {name} | {counted:,} | {' | '.join(f'{bound:,}' for bound in bounds)} |{'' if agrees else ' differs'}")
sys.exit(1 if wrong else 0)
