"""Times commands and their peak memory, for intake.sh; needs nothing but Python.

Usage: pair.py pair NAME PAIRS OUT INTAKE... -- DUCKDB...
       pair.py alone NAME RUNS COMMAND...
       pair.py peak NAME OUT INTAKE...
       pair.py ratio NAME ABOVE BELOW

`pair` runs the two in turn, PAIRS times after one run of each that does not count, and prints the median
of the ratios within the pairs: above 1, breachscope is the faster. It fails if the two disagree on the
number of rows. `alone` times one command, also after a run that does not count. `peak` prints the peak
memory of one run. OUT, which breachscope writes, is removed before each run, outside the timing.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

# The unit of ru_maxrss: bytes on macOS, KiB elsewhere.
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


def run(command, keep=True):
    """Seconds, peak memory in MiB, and standard output of one run; the program ends if it fails."""
    with tempfile.TemporaryFile() if keep else open(os.devnull, "wb") as out, tempfile.TemporaryFile() as err:
        # What the run before left for the disk to do is not this one's work.
        os.sync()
        start = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            err.seek(0)
            message = err.read()[-4000:].decode(errors="replace")
            sys.exit(f"{' '.join(command)}\nended with exit code {child.returncode}\n{message}")
        text = ""
        if keep:
            out.seek(0)
            text = out.read().decode(errors="replace")
        return seconds, usage.ru_maxrss * MAXRSS_UNIT / 2**20, text


def intake(command, out):
    """Seconds, peak memory and rows of one run of breachscope."""
    shutil.rmtree(out, ignore_errors=True)
    seconds, peak, _ = run(command)
    rows = json.loads(Path(out, "manifest.json").read_text(encoding="utf-8"))["totals"]["rows"]
    return seconds, peak, rows


def duckdb(command):
    """Seconds (as duck.py took them), peak memory and rows of one run of DuckDB."""
    _, peak, text = run(command)
    found = json.loads(text.splitlines()[-1])
    return found["seconds"], peak, found["rows"]


def pair(name, pairs, out, *commands):
    middle = commands.index("--")
    ours, theirs = [], []
    for turn in range(int(pairs) + 1):
        a = intake(commands[:middle], out)
        b = duckdb(commands[middle + 1 :])
        if a[2] != b[2]:
            sys.exit(f"{name}: breachscope has {a[2]} rows, DuckDB {b[2]}")
        word = f"pair {turn}" if turn else "warm-up"
        print(f"  {name} {word}: breachscope {a[0]:.2f} s, DuckDB {b[0]:.2f} s", flush=True)
        if turn:
            ours.append(a)
            theirs.append(b)
    for who, runs in (("breachscope", ours), ("DuckDB", theirs)):
        seconds = median(run[0] for run in runs)
        peak = max(run[1] for run in runs)
        print(f"{name}: {who} {seconds:.2f} s, peak {peak:.0f} MiB, {runs[0][2]} rows")
    ratio = median(a_b[1][0] / a_b[0][0] for a_b in zip(ours, theirs))
    print(f"ratio {name} {ratio:.2f}", flush=True)


def alone(name, runs, *command):
    run(command, keep=False)
    seconds = median(run(command, keep=False)[0] for _ in range(int(runs)))
    print(f"{name}: {seconds:.2f} s", flush=True)


def peak(name, out, *command):
    seconds, mebibytes, rows = intake(command, out)
    shutil.rmtree(out)
    print(f"  {name}: {seconds:.2f} s, {rows} rows")
    print(f"peak memory {name}: {mebibytes:.0f} MiB", flush=True)


def ratio(name, above, below):
    print(f"ratio {name} {float(above) / float(below):.2f}")


if __name__ == "__main__":
    {"pair": pair, "alone": alone, "peak": peak, "ratio": ratio}[sys.argv[1]](*sys.argv[2:])
