"""What a viewer waits for: a page on another origin with 1, 6 and 20 frames, ours and the peers'.
`python -m bench.page`, or `make bench-page`.

Moments are noted in the page by `page_probe.js`: milliseconds since the host page was asked for, until the
last frame has it. Data can be read when the number of the first item stands in a table. Bars are there when
any are to be seen, and the chart when its library has drawn them: one moment for the peers, and two for us,
since the server's own drawing comes with the data. See `bench.visit` for what is slowed down,
and what is not. "bare HTML" is the limit: our page without its scripts and styles, whose chart is the
server's drawing.

"cold" is somebody's first visit, "second" their next. "warm" is the third, since it is on the second that a
browser keeps what it has compiled.

Everybody is visited once before anything counts. A visit that fails is told and tried once again; how often
that was stands below the table.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from playwright.sync_api import BrowserContext, Error

from bench import command, floor
from bench.comparing import Comparison, Figures, Findings, take_turns
from bench.contestants import (
    ALONE,
    BARE,
    CONTESTANTS,
    DRAWING,
    IFRAME,
    OURS,
    PEERS,
    TAG,
    Served,
    contestant,
    mock_erp,
    require_peers,
)
from bench.host_page import host_site
from bench.page_targets import musts, summary
from bench.peers.stock import lines
from bench.visit import NETWORKS, Failed, Framed, Launch, chromium, visit, visitor
from widgets.contract.looking import NAMES

NAMED = (TAG, ALONE, IFRAME, BARE, *PEERS)
CACHES = ("cold", "second", "warm")
UNITS = {
    "data": "ms",
    "bars": "ms",
    "chart": "ms",
    "received": "kB",
    "received but chart": "kB",
    "requests to data": "",
    "requests": "",
    "shift": "",
    "shift in a frame": "",
    "main thread": "ms",
}
PARTS = (
    ("data", "bars", "chart", "main thread"),
    ("received", "received but chart", "requests to data", "requests"),
    ("shift", "shift in a frame"),
)
WITHIN = {"none": 60.0, "4g": 300.0}  # seconds until a visit is given up
PRIMED = 4  # requests for each page before a visit, so that every worker has it
TRIES = 2  # visits, where the first fails
HOW = {
    TAG: "tag",
    ALONE: "alone",
}  # a page has a contestant, as `host_page` calls it; else "iframe"
WAYS = dict.fromkeys((TAG, ALONE, IFRAME), OURS)


@dataclass(frozen=True, slots=True)
class Plan:
    named: Sequence[str]
    frames: Sequence[int]
    networks: Sequence[str]
    caches: Sequence[str]
    rounds: int
    log: Path | None = None


@dataclass(frozen=True, slots=True)
class Stand:
    """A contestant that is up. host: of the page that frames it. seen: addresses that its frames had."""

    name: str
    address: str
    framed: Framed
    host: str
    seen: set[str]

    @property
    def is_ours(self) -> bool:
        return self.name in WAYS


def main(arguments: list[str] | None = None) -> int:
    plan, given = options(arguments)
    return command.run(given, lambda: compare(plan))


def compare(plan: Plan) -> Findings:
    """Raises NotComparable, ServeError."""
    if set(plan.named) & set(PEERS):
        require_peers()
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    findings = Findings()
    with ExitStack() as stack:
        stands = _stands(stack, plan, stack.enter_context(mock_erp()))
        begin = Comparison("before anything counts", stands[0].name, UNITS)
        launch = stack.enter_context(chromium(path))
        for stand in stands:
            measured(launch, stand, 1, "none", {"cold": begin})
        for network in plan.networks:
            for frames in plan.frames:
                findings.comparisons += _compared(launch, stands, plan, frames, network)
    findings.musts = musts(findings.comparisons)
    findings.summary = summary(findings.comparisons)
    return findings


def _stands(stack: ExitStack, plan: Plan, erp_url: str) -> list[Stand]:
    first = lines(erp_url)[0].item
    served: dict[str, Served] = {}
    # The bare HTML is made from ours.
    for who in dict.fromkeys(OURS if name == BARE else WAYS.get(name, name) for name in plan.named):
        log = plan.log if who == OURS else None
        served[who] = stack.enter_context(contestant(who, erp_url, log=log))
    if BARE in plan.named:
        served[BARE] = stack.enter_context(floor.floor(served[OURS].address))
    host = stack.enter_context(host_site())
    stands = []
    for name in plan.named:
        who = WAYS.get(name, name)
        parts = urlsplit(served[who].address)
        origin = f"{parts.scheme}://{parts.netloc}"
        if who == BARE:
            framed = Framed(origin, first, DRAWING)
        else:
            it = CONTESTANTS[who]
            framed = Framed(origin, first, it.drawn, it.bars, it.chart_files)
        stands.append(Stand(name, served[who].address, framed, host, set()))
    return stands


def _compared(
    launch: Launch, stands: Sequence[Stand], plan: Plan, frames: int, network: str
) -> list[Comparison]:
    """All visits together, since who comes again has been there before."""
    wide = {"none": "", "4g": ", slow line"}[network]
    named = f"{frames} {'widget' if frames == 1 else 'widgets'}"
    found = {
        cache: Comparison(f"{named}, {cache}{wide}", stands[0].name, UNITS, PARTS)
        for cache in CACHES
        if cache == "cold" or cache in plan.caches
    }
    measures: dict[str, Callable[[], Figures]] = {
        stand.name: partial(measured, launch, stand, frames, network, found) for stand in stands
    }
    take_turns(found["cold"], measures, plan.rounds)
    return [found[cache] for cache in plan.caches]


def measured(
    launch: Launch, stand: Stand, frames: int, network: str, found: Mapping[str, Comparison]
) -> Figures:
    """The first visit of somebody; the next two are added to "second" and "warm", where these are wanted.
    Nothing if all fail."""
    last = max(map(CACHES.index, found))  # one that nobody wants to know of may come before it
    for _ in range(TRIES):
        visits: dict[str, Figures] = {}
        try:
            with visitor(launch, stand.framed, frames) as context:
                for cache in CACHES[: last + 1]:
                    visits[cache] = _visit(context, stand, frames, network)
        except (Failed, Error) as error:
            failed = next(each for each in CACHES[len(visits) :] if each in found)
            # Playwright goes on with its log.
            found[failed].fail(stand.name, str(error).partition("\n")[0])
            continue
        for cache, comparison in found.items():
            if cache != "cold":
                comparison.add(stand.name, visits[cache])
        return visits["cold"]
    for comparison in found.values():
        comparison.add(stand.name, {})
    return {}


def _visit(context: BrowserContext, stand: Stand, frames: int, network: str) -> Figures:
    try:
        _prime(stand)
    except (OSError, HTTPException) as error:
        raise Failed(f"does not answer before the visit: {error}") from error
    url = f"{stand.host}/?{HOW.get(stand.name, 'iframe')}&{frames}&{stand.address}"
    figures, traffic = visit(
        context, url, stand.framed, frames, network=network, within=WITHIN[network]
    )
    stand.seen.update(traffic.documents)
    return figures


def _prime(stand: Stand) -> None:
    """Somebody else has just looked at our page, as on a server in use. The peers keep what they read for as
    long as the benchmark runs, and have no pages to keep."""
    opener = build_opener(ProxyHandler({}))
    for url in stand.seen if stand.is_ours else ():
        for _ in range(PRIMED):
            asked = Request(url, headers={"Accept-Encoding": "gzip, deflate, br, zstd"})  # noqa: S310
            with opener.open(asked, timeout=30) as answer:
                answer.read()


def options(arguments: list[str] | None) -> tuple[Plan, argparse.Namespace]:
    parser = command.parser("page", __doc__, rounds=5)
    parser.add_argument("--only", action="append", choices=[OURS, *NAMED], help="contestants")
    parser.add_argument("--frames", help="how many, such as 1,6 (1,6,20; quick: 1)")
    parser.add_argument("--network", help="none, 4g or both (both; quick: none)")
    parser.add_argument("--cache", default=",".join(CACHES), help="which visits (%(default)s)")
    parser.add_argument("--log", type=Path, help="a file for what our server was asked")
    given = command.parse(parser, arguments)
    if given.quick:
        given.rounds = 1
    given.frames = given.frames or ("1" if given.quick else "1,6,20")
    given.network = given.network or ("none" if given.quick else ",".join(NETWORKS))
    only = [name for name in given.only or NAMED if name != OURS]
    if given.only and OURS in given.only:
        only = [*WAYS, *only]
    plan = Plan(
        only,
        [int(count) for count in given.frames.split(",")],
        _among(parser, "--network", given.network, NETWORKS),
        _among(parser, "--cache", given.cache, CACHES),
        given.rounds,
        given.log,
    )
    return plan, given


def _among(
    parser: argparse.ArgumentParser, option: str, given: str, known: Sequence[str]
) -> list[str]:
    chosen = given.split(",")
    for each in chosen:
        if each not in known:
            parser.error(f"{option}: there is no {each}; there are {', '.join(known)}")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
