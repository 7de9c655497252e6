"""Runs SQL files in DuckDB on two threads, for intake.sh.

Usage: duck.py FILE.sql... NAME=VALUE...

Each @NAME@ in the SQL becomes VALUE. Prints, as JSON, how many rows the last statement wrote and the
seconds from opening the database to the end of it; starting Python and loading the library are left out.
"""

import json
import sys
import time

import duckdb

files = [word for word in sys.argv[1:] if word.endswith(".sql")]
values = dict(word.split("=", 1) for word in sys.argv[1:] if not word.endswith(".sql"))

start = time.perf_counter()
connection = duckdb.connect(config={"threads": 2})
connection.execute("SET TimeZone = 'UTC'")
connection.execute("SET enable_progress_bar = false")
for file in files:
    with open(file, encoding="utf-8") as text:
        sql = text.read()
    for name, value in values.items():
        sql = sql.replace(f"@{name}@", value)
    result = connection.execute(sql)
rows = result.fetchone()[0]
print(json.dumps({"rows": rows, "seconds": time.perf_counter() - start}))
