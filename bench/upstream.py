"""`python -m bench.upstream`: how often the ERP is asked for what 1 to 1,000 viewers look at.

Each viewer has a connection of its own, all look at once, and at something that nobody has looked at before;
all within one time to live. What a page needs are several answers (stock, and the names of units), each
under a key of its own: a key is to be asked for once, however many look, over however many workers, and over
two instances on one Redis. A framework that reads where it draws asks once for each viewer.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bench import command
from bench.chaos.crowd import runners
from bench.chaos.plan import Plan
from bench.chaos.stage import Stage, inventory, stage
from bench.comparing import Comparison, Figures, Findings, NotComparable, take_turns
from bench.figures import Must, Row, milliseconds, rounded, tell

VIEWERS = (1, 10, 100, 1000)
AT_ONCE = 500  # connections that are open at a time; gunicorn takes 1,000 for a worker
TTL = '{"on_hand": [600, 3600], "products": [3600, 86400]}'  # seconds, longer than any of it takes
UNITS = {"calls": "", "keys": "", "most for a key": "", "p99": "ms"}


@dataclass(frozen=True, slots=True)
class Servers:
    """What the viewers ask: so many instances with so many workers each."""

    workers: int
    instances: int = 1

    @property
    def name(self) -> str:
        if self.instances > 1:
            return f"{self.instances} instances on Redis, {self.workers} workers each"
        return "1 worker" if self.workers == 1 else f"{self.workers} workers"


def main(arguments: list[str] | None = None) -> int:
    given = options(arguments)
    return command.run(
        given, lambda: run(given.rounds, given.viewers, given.workers, redis=given.redis)
    )


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    made = command.parser("upstream", __doc__, rounds=3)
    made.add_argument(
        "--viewers", type=int, nargs="+", default=VIEWERS, metavar="N", help="(%(default)s)"
    )
    made.add_argument(
        "--workers", type=int, nargs="+", default=(1, 2, 4), metavar="N", help="(%(default)s)"
    )
    made.add_argument(
        "--redis", action=argparse.BooleanOptionalAction, default=True, help="two instances, too"
    )
    given = command.parse(made, arguments)
    if given.quick:
        given.rounds = 1
    return given


def run(rounds: int, viewers: Sequence[int], workers: Sequence[int], *, redis: bool) -> Findings:
    """Raises ServeError where a program is missing, NotComparable where a viewer gets no page."""
    layouts = [Servers(each) for each in workers]
    if redis:
        layouts.append(Servers(2, instances=2))
    findings = Findings()
    for servers in layouts:
        tell(servers.name)
        comparison = Comparison(servers.name, _called(viewers[0]), UNITS)
        with stage(
            Plan(),
            instances=servers.instances,
            workers=servers.workers,
            redis=servers.instances > 1,
            settings={"WIDGETS_KEEP": TTL},
        ) as made:
            # Each turn looks at another item, so that nobody has read anything of it.
            items = iter(made.items(rounds * len(viewers)))
            measures = {
                _called(each): partial(_turn, made, items.__next__, each) for each in viewers
            }
            take_turns(comparison, measures, rounds)
        findings.comparisons.append(comparison)
        findings.summary.append(_summary(comparison, _called(max(viewers))))
        most = max(max(each["most for a key"]) for each in comparison.values.values())
        findings.musts.append(
            Must(
                f"{servers.name}: upstream calls for a key, {max(viewers):,} viewers: 1",
                most == 1,
                f"{most:g}",
            )
        )
    return findings


def _summary(comparison: Comparison, viewers: str) -> Row:
    return {
        "servers": comparison.name,
        "at once": viewers,
        "calls of the ERP for a key": rounded(comparison.median(viewers, "most for a key")),
        "99 % answered within, ms": rounded(comparison.median(viewers, "p99")),
    }


def _called(viewers: int) -> str:
    return f"{viewers:,} viewer{'s' * (viewers != 1)}"


def _turn(made: Stage, item: Callable[[], str], viewers: int) -> Figures:
    made.control("DELETE", "log")
    path = inventory(item=item())
    urls = [made.roots[number % len(made.roots)] + path for number in range(viewers)]
    with runners(urls, min(viewers, AT_ONCE)) as looking:
        looking.finish()
    got = Counter((answer.status, answer.code) for answer in looking.answers)
    if got != {(200, ""): viewers}:
        raise NotComparable(f"{path}: of {viewers} viewers not all got a page: {dict(got)}")
    asked = Counter((call["path"], str(sorted(call["query"].items()))) for call in made.calls())
    if not asked:
        raise NotComparable(f"{path}: the ERP was not asked at all, so nothing is counted")
    return {
        "calls": sum(asked.values()),
        "keys": len(asked),
        "most for a key": max(asked.values()),
        "p99": milliseconds((answer.seconds for answer in looking.answers), 0.99),
    }


if __name__ == "__main__":
    sys.exit(main())
