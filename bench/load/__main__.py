"""`python -m bench.load`: how many requests a second the server answers, beside what does as good as nothing.

What is measured is one worker on one core; wrk, which asks, has another. Were there two workers on two cores,
wrk would take turns with them and the server's figure would be what the client leaves of it. The column
`client` shows the share of its core that wrk needed: near 1.0 it is the client that was measured, which
happens with nginx alone, whose figure is then a lower bound. Sixteen connections stay open, as browsers keep
theirs, and each asks again as soon as it is answered: a latency is the time that a request waits for its turn
at a server that has no time left, and not what a single viewer waits.

An uncached render is asked of a second server, which keeps neither a page nor a View (WIDGETS_PAGES_MB=0):
all that it keeps is the answer of the upstream, read and checked. A render of a kept View is asked of the
first, at an address that differs each time in what the host shows, as a host's addresses do: it is a page
that is new and is kept, but the View is one for all of them.

Peers are asked for their first answer, the document that an iframe gets: with them all data is still to come.
They run as they are run for `bench.page`, all their processes on the server's core.

`processor` is what the server's processes took of it by the system's account, for each answer. It says the
same as requests a second, but whatever else the machine does hardly changes it.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from joserfc.jwk import OctKey

from bench import command
from bench.chaos.stage import Stage, rss
from bench.comparing import Comparison, Findings, take_turns
from bench.contestants import PEERS, PEERS_ENVIRONMENT, Served, contestant
from bench.figures import Must, Row, rounded, tell
from bench.load.asking import Wish, check_kept, cores, load, on_core
from bench.load.servers import SECRET, others, ours
from bench.load.taking import idle, processor, start_up
from tools import cluster
from widgets.embedding.hosts import Key
from widgets.embedding.tokens import Wanted, mint

FRAME, PARTIAL, UNCHANGED = "cached frame", "cached partial", "304 of a frame"
TOKEN, RENDER = "cached frame with a token", "uncached render"
RENDER_OF_VIEW = "render of a kept View"
BARE, HELLO, NGINX = "bare WSGI, same bytes", "bare Flask hello", "nginx, same file"
FIRST = ", its first answer"
PATH = "/widgets/inventory/?host={host}&site=1"
AUDIENCE = "erp-widgets"  # what a server calls itself in tokens where no setting says otherwise
TOKENS = 64  # viewers that take turns, each with a token of their own
TARGETS = (  # contestant, of which other, at least
    (FRAME, BARE, 0.85),
    (TOKEN, BARE, 0.7),
    (RENDER, HELLO, 0.4),
)
MOST_START_UP, MOST_WORKER = 1.5, 110  # seconds, megabytes
UNITS = {
    "requests": "a second",
    "processor": "µs each",
    "p50": "ms",
    "p99": "ms",
    "client": "",
    "others": "",
}
PARTS = (("requests", "processor", "client"), ("p50", "p99", "others"))


def main(arguments: list[str] | None = None) -> int:
    given = options(arguments)
    return command.run(
        given, lambda: run(given.rounds, given.seconds, given.viewers, peers=given.peers)
    )


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    made = command.parser("load", __doc__, rounds=5)
    made.add_argument(
        "--seconds", type=float, default=4.0, help="of each contestant in a round (%(default)s)"
    )
    made.add_argument(
        "--viewers", type=int, default=1000, help="that look once and hold nothing (%(default)s)"
    )
    made.add_argument(
        "--peers",
        action=argparse.BooleanOptionalAction,
        default=PEERS_ENVIRONMENT.exists(),
        help="Dash, Panel, Streamlit and Shiny, too (where `make peers` has installed them)",
    )
    given = command.parse(made, arguments)
    if given.quick:
        given.rounds, given.seconds = 2, 1.0
    return given


def run(rounds: int, seconds: float, viewers: int, *, peers: bool = False) -> Findings:
    """Raises NotWhatWasMeant, ServeError where there is no wrk, and MissingPeers."""
    cluster.program("wrk")  # rather now than when all is up
    of_server, of_client = cores()
    if of_server is None:
        tell("one core for server and client: they take turns, and the ratios say less")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="erp-widgets-")))
        os.environ.pop("WEB_CONCURRENCY", None)  # how many workers there are is said here
        made = stack.enter_context(ours(1, of_server))
        forgetful = stack.enter_context(ours(1, of_server, WIDGETS_PAGES_MB="0"))
        page = check_kept(Wish(made.roots[0] + PATH.format(host="open"), cache="hit"))
        bare = stack.enter_context(others(page, folder, 1, of_server))
        asked = contestants(made, forgetful, bare, page.header("ETag"))
        with on_core(of_server):
            for name in PEERS if peers else ():
                up = stack.enter_context(contestant(name, made.erp_url))
                asked[f"{name}{FIRST}"] = (partial(Wish, up.address), up.pid)
        comparison = Comparison("asked for", BARE, UNITS, PARTS)
        measures = {
            name: partial(once, wish, pid, seconds, of_client)
            for name, (wish, pid) in asked.items()
        }
        take_turns(comparison, measures, rounds)
        after = max(rss(pid) for pid in made.worker_pids())
        waiting = take_turns(
            Comparison("idle viewers", "of an open host", {"each viewer": "kB"}),
            {
                "of an open host": partial(
                    idle, made, made.roots[0] + PATH.format(host="open"), dict, viewers
                ),
                "with a token each": partial(
                    idle, made, made.roots[0] + PATH.format(host="signed"), with_token, viewers
                ),
            },
            rounds,
            warm=1,
        )
        starting = take_turns(
            Comparison("start-up", "1 worker", {"first frame": "s"}),
            {"1 worker": partial(start_up, made, PATH.format(host="open"), 1)},
            rounds,
        )
    return Findings(
        [comparison, waiting, starting],
        musts(comparison, waiting, starting, after),
        summary(comparison),
    )


def contestants(
    made: Stage, forgetful: Stage, bare: Mapping[str, Served], etag: str
) -> dict[str, tuple[Callable[[], Wish], int]]:
    """What is asked for, by name, and the process of its server; the wish is made anew for each turn, since a
    token lasts five minutes. forgetful: keeps no page."""
    root = made.roots[0]
    address, signed = root + PATH.format(host="open"), root + PATH.format(host="signed")
    wishes: dict[str, Callable[[], Wish]] = {
        FRAME: lambda: Wish(address, cache="hit"),
        PARTIAL: lambda: Wish(address, [{"HX-Request": "true"}], cache="hit"),
        UNCHANGED: lambda: Wish(address, [{"If-None-Match": etag}], 304, "hit"),
        TOKEN: lambda: Wish(signed, [with_token() for _ in range(TOKENS)], cache="hit"),
        # The record that a host shows is part of what a page is kept under; a name that nobody knows is not.
        RENDER_OF_VIEW: lambda: Wish(f"{address}&entity_type=page&entity_id=@NUMBER@", cache="fwd"),
    }
    pid, its_pid = (each.children["instance 1"].process.pid for each in (made, forgetful))
    found = {name: (wish, pid) for name, wish in wishes.items()}
    anew = Wish(forgetful.roots[0] + PATH.format(host="open"), cache="fwd")
    found[RENDER] = (lambda: anew, its_pid)
    # The bare function is asked as ours is, since gunicorn reads a longer address for longer. The others have
    # one address.
    for key, name, cache, path in (
        ("bare", BARE, "hit", PATH.format(host="open")),
        ("hello", HELLO, "-", "/"),
        ("nginx", NGINX, "hit", "/"),
    ):
        if key in bare:
            url = bare[key].address.removesuffix("/") + path
            found[name] = (partial(Wish, url, cache=cache), bare[key].pid)
    return found


def once(wish: Callable[[], Wish], pid: int, seconds: float, core: int | None) -> dict[str, float]:
    """One turn. pid: of the process that answers, and of those that it has started."""
    return load(wish(), seconds, core, partial(processor, pid))


def with_token() -> dict[str, str]:
    """A new viewer's header."""
    wanted = Wanted("signed", "inventory", AUDIENCE, {"site": "1"})
    return {"Authorization": f"Bearer {mint(wanted, Key('k1', OctKey.import_key(SECRET)))}"}


def summary(comparison: Comparison) -> list[Row]:
    """What a second has of each, beside the two that do as good as nothing."""
    rows: list[Row] = []
    for name in comparison.values:
        row: Row = {
            "asked for": name,
            "requests a second": rounded(comparison.median(name, "requests")),
        }
        for other in (BARE, HELLO):
            row[f"of {other}"] = f"{comparison.ratio(name, 'requests', other):.2f}"
        row["processor, µs each"] = rounded(comparison.median(name, "processor"))
        rows.append(row)
    return rows


def musts(load: Comparison, waiting: Comparison, starting: Comparison, worker: float) -> list[Must]:
    """What is to be reached. worker: megabytes of the largest after the load."""
    found = []
    for name, other, least in TARGETS:
        ratio = load.ratio(name, "requests", other)
        by_processor = 1 / load.ratio(name, "processor", other)
        found.append(
            Must(
                f"{name}: at least {least} of {other}",
                ratio >= least,
                f"{ratio:.2f}; {by_processor:.2f} by processor time",
            )
        )
    first = starting.median("1 worker", "first frame")
    most = max(waiting.median(name, "each viewer") for name in waiting.values)
    return [
        *found,
        Must(
            f"start-up to the first frame: under {MOST_START_UP} s",
            first < MOST_START_UP,
            f"{first:.2f} s",
        ),
        Must(
            f"a worker after the load: under {MOST_WORKER} MB",
            worker < MOST_WORKER,
            f"{worker:.0f} MB",
        ),
        Must("memory for an idle viewer: 0 kB", round(most) == 0, f"{most:.1f} kB"),
    ]


if __name__ == "__main__":
    sys.exit(main())
