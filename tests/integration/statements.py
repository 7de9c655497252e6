"""Runs each statement of `statements.sql` and each query of `queries/` here and in DuckDB, and compares.

Usage: statements.py BREACHSCOPE RESULTS

Prints each statement whose answers differ, and the number of those that are refused here; the exit code is
1 if any answers differ. Exits with 77 where DuckDB for Python is not there.
"""

import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

try:
    import duckdb
except ImportError:
    sys.exit(77)

HERE = pathlib.Path(__file__).parent
program, results = sys.argv[1:3]


def ours(arguments):
    done = subprocess.run(
        [program, "query", results, *arguments, "--format", "jsonl"], capture_output=True, text=True
    )
    if done.returncode != 0:
        return done.stderr, None
    return None, [list(json.loads(line, parse_float=float).values()) for line in done.stdout.splitlines()]


def plain(value):
    """A value of DuckDB as JSON would have it."""
    if isinstance(value, float) and math.isnan(value):
        # JSON has no NaN. DuckDB gives it for `corr` where a column has one value only; here that is NULL.
        return None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        utc = value.astimezone(timezone.utc).replace(tzinfo=None) if value.tzinfo else value
        return utc.isoformat() + ("Z" if value.tzinfo else "")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value


def moment(text):
    """A time as text, in one form."""
    if isinstance(text, str) and re.fullmatch(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d+)?Z?)?", text):
        text = re.sub(r"(\.\d*?)0+(?=Z|$)", r"\1", text.replace(" ", "T")).replace(".Z", "Z").rstrip(".")
        return re.sub(r"T00:00:00Z?$", "", text).rstrip("Z")
    return text


def same(a, b):
    a, b = moment(a), moment(b)
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)
    return a == b


def key(row):
    return [(value is None, str(round(value, 6) if isinstance(value, float) else moment(value))) for value in row]


def compare(statement, mine, theirs):
    if "order by" not in statement.lower():
        mine, theirs = sorted(mine, key=key), sorted(theirs, key=key)
    if len(mine) != len(theirs):
        return f"{len(mine)} rows, not {len(theirs)}"
    for a, b in zip(mine, theirs):
        if len(a) != len(b) or not all(map(same, a, b)):
            return f"{a}, not {b}"
    return None


with tempfile.TemporaryDirectory() as folder:
    views = pathlib.Path(folder) / "views.sql"
    subprocess.run([program, "query", results, "--duckdb", str(views)], check=True)
    connection = duckdb.connect()
    connection.execute(views.read_text())


def theirs(statement, parameters=None):
    try:
        rows = connection.execute(statement, parameters).fetchall()
    except duckdb.Error as error:
        return str(error), None
    return None, [[plain(value) for value in row] for row in rows]


table = (HERE / "statements.sql").read_text()
statements = [(line[:-1], [line[:-1]], None) for line in table.splitlines() if line.endswith(";")]
for path in sorted((HERE.parent.parent / "queries").glob("*.sql")):
    text = path.read_text()
    given = dict(re.findall(r"^-- param: (\w+)(?::\w+)? = (\S+)", text, re.M))
    statements.append((text, [path.stem], given or None))

refused, different = [], []
for statement, arguments, parameters in statements:
    refusal, mine = ours(arguments)
    failure, other = theirs(statement, parameters)
    name = arguments[0]
    if mine is None:
        refused.append(name)
        words = refusal.strip()
        if not words.startswith("error: ") or "panicked" in words or "Internal error" in words:
            different.append(f"{name}\n    broke: {words}")
        elif "--refusals" in sys.argv:
            print(f"{name}\n    {words}")
    elif other is None:
        if "--refusals" in sys.argv:
            print(f"{name}\n    only answered here: {mine[:2]}; DuckDB: {failure.splitlines()[0]}")
    elif (difference := compare(statement, mine, other)) is not None:
        different.append(f"{name}\n    {difference}")

for line in different:
    print(line)
print(f"{len(statements)} statements: {len(refused)} refused, {len(different)} different")
sys.exit(1 if different else 0)
