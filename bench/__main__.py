"""`python -m bench`: all benchmarks, one after the other, and at the end one table of what was to be reached.

Each is a command of its own, `python -m bench.NAME`, and has its own help. Their figures are written to a
folder, a file of JSON each, and from there to README.md and docs/benchmarks.md (see `bench.show`). The status
is 1 where a target is missed or a benchmark could not run.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from bench import command, show
from bench.figures import MARKS, Row, table

RUNS = {
    "microseconds": ["microseconds"],
    "upstream": ["upstream"],
    "growth": ["growth"],
    "load": ["load"],
    "page": ["page", "--network=none", "--frames=1,6", "--rounds=3"],
    # Not six: one of the peers has not shown them after five minutes, and there are three visits a round.
    "page-slow": ["page", "--network=4g", "--frames=1", "--rounds=3"],
    "page-many": ["page", "--network=none", "--frames=20", "--rounds=2", "--cache=cold"],
}
"""By what the figures are kept under, a module and what it is told. What takes the longest comes last."""
QUICK = ["microseconds", "upstream", "growth", "load", "page"]
"""What a quick run has: one run of pages says whether they run."""


def main(arguments: list[str] | None = None) -> int:
    given = options(arguments)
    given.json.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    failed = []
    for name in given.only or (QUICK if given.quick else RUNS):
        print(f"\n{name}", flush=True)
        file = given.json / f"{name}.json"
        file.unlink(missing_ok=True)  # what an earlier run found is not what this one did
        module, *told = RUNS[name]
        words = [sys.executable, "-m", f"bench.{module}", *told, "--json", str(file)]
        words += ["--quick"] * given.quick
        status = subprocess.run(words, check=False).returncode  # noqa: S603 - ours
        if not file.exists():
            failed.append(f"{name} could not run: status {status}, and why is above")
            continue
        rows += [
            {
                "benchmark": name,
                "target": each["what"],
                "seen": each["seen"],
                "": MARKS[each["holds"]],
            }
            for each in json.loads(file.read_text())["targets"]
        ]
    print(f"\n{table(rows)}\n")
    for line in failed:
        print(line)
    missed = [row for row in rows if row[""] == MARKS[False]]
    print(f"{len(rows) - len(missed)} of {len(rows)} targets; the figures are in {given.json}")
    shown = 0
    if given.show and not given.quick:
        shown = command.ended(lambda: show.show(given.json, show.ROOT))
    return 1 if missed or failed or shown else 0


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    made = command.bare_parser("bench", __doc__)
    made.add_argument(
        "--only",
        action="append",
        choices=list(RUNS),
        help="one of them; again for more; all if left out",
    )
    made.add_argument("--quick", action="store_true", help="few and short rounds: does it run?")
    made.add_argument(
        "--json",
        type=Path,
        default=command.RESULTS,
        metavar="FOLDER",
        help="where figures go (%(default)s)",
    )
    made.add_argument(
        "--show",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="write what was found into README.md and docs, too, but not of a quick run",
    )
    return made.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
