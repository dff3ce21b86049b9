"""`python -m bench.chaos`: run scenarios, print tables and what must hold, and it all as a line of JSON."""

import argparse
import json
import sys
import time
from pathlib import Path

from bench import command
from bench.chaos import calls, faults, isolation, kills, many, slow
from bench.chaos.plan import Plan, Report, Scenario
from bench.figures import table

SCENARIOS: dict[str, Scenario] = {
    "calls": calls.calls,
    "calls-redis": calls.calls_redis,
    "faults": faults.faults,
    "kills": kills.kills,
    "isolation": isolation.isolation,
    "slow": slow.slow,
    "many": many.many,
}
PARTS = {"faults": faults.PARTS, "kills": kills.PARTS}
MOST_LINES = 12
_MARKS = {True: "holds", False: "FAILS", None: "not looked at"}


def main(arguments: list[str] | None = None) -> int:
    given = options(arguments)
    return command.ended(lambda: run(given))


def run(given: argparse.Namespace) -> int:
    """Raises ServeError where a program is missing or does not start."""
    wanted = given.only or list(SCENARIOS)
    names = [name for name in SCENARIOS if any(each.partition("/")[0] == name for each in wanted)]
    reports: dict[str, Report] = {}
    for name in names:
        print(f"\n{name}", flush=True)
        started = time.perf_counter()
        parts = {each.partition("/")[2] for each in wanted if each.partition("/")[0] == name}
        plan = Plan(
            given.viewers,
            given.seconds,
            given.distinct,
            given.recovery,
            frozenset() if "" in parts else frozenset(parts),
            given.log,
        )
        reports[name] = report = SCENARIOS[name](plan)
        print(table(report.rows))
        holding = [must for must in report.musts if must.holds]
        # Of many that hold, how many they are says enough; each is in the JSON.
        brief = len(holding) > MOST_LINES
        for must in report.musts:
            if not (brief and must.holds):
                print(f"  {_MARKS[must.holds]}: {must.what}: {must.seen}")
        if brief:
            print(f"  holds: {len(holding)} of {len(report.musts)} things that must")
        print(f"  took {time.perf_counter() - started:.0f} s", flush=True)
    found = {name: report.plain() for name, report in reports.items()}
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")
    print(f"\n{json.dumps(found)}")
    return 0 if all(report.holds for report in reports.values()) else 1


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    return _parser().parse_args(arguments)


def _parser() -> argparse.ArgumentParser:
    usual = Plan()
    parts = "; ".join(f"{name}/PART: {', '.join(each)}" for name, each in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench.chaos",
        description="Hundreds of viewers look at widgets while things break. Starts all that it needs, on "
        "free ports of this machine. The status is 1 where something that must hold does not.",
        epilog=f"Parts of a scenario: {parts}.",
    )
    parser.add_argument(
        "--only",
        action="append",
        type=_scenario,
        metavar="NAME",
        help=f"a scenario; again for more: {', '.join(SCENARIOS)}; all if left out",
    )
    parser.add_argument(
        "--seconds", type=float, help="how long each load lasts; each scenario's own if left out"
    )
    parser.add_argument("--viewers", type=int, default=usual.viewers, help="(%(default)s)")
    parser.add_argument(
        "--distinct", type=int, default=usual.distinct, help="addresses of many (%(default)s)"
    )
    parser.add_argument(
        "--recovery",
        type=float,
        default=usual.recovery,
        help="most seconds to wait for fresh data after a fault (%(default)s)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--log", type=Path, metavar="FILE", help="add what the servers say to it")
    return parser


def _scenario(text: str) -> str:
    name, _, part = text.partition("/")
    if name not in SCENARIOS or (part and part not in PARTS.get(name, ())):
        raise argparse.ArgumentTypeError(f"there is no {text}")
    return text


if __name__ == "__main__":
    sys.exit(main())
