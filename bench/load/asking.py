"""Asking for one thing as fast as it is answered, with wrk; and making sure that it is what was meant.

A benchmark of errors is worth nothing, and one of answers that came from somewhere else than meant neither.
So a client of ours looks at one answer before and one after, and of each answer between them wrk counts the
status and what the page cache says. The few that are others are left out, and told.
"""

import http.client
import json
import os
import secrets
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from bench.comparing import NotComparable
from bench.figures import tell
from tools.cluster import program

CONNECTIONS = 16  # as many as the server has threads, so that nothing waits for one
SCRIPT = Path(__file__).with_name("wrk.lua")
ENCODINGS = "gzip, deflate, br, zstd"  # what Chromium sends
# Of all answers, a share that changes no ratio: what the clock does to a page that is kept, such as an ETag
# that ends.
MOST_OTHERS = 0.01


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for, and what must come of it.

    url: with @NUMBER@ where it is to be another each time. headers: those of one request each; connections
    take turns. status: of each answer. cache: the first word that the page cache says, "hit" or "fwd"; "-"
    where there is none.
    """

    url: str
    headers: Sequence[Mapping[str, str]] = field(default_factory=lambda: [{}])
    status: int = 200
    cache: str = "-"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for each, value in self.headers if each.lower() == name.lower()), "")

    @property
    def cache(self) -> str:
        """The first word that the page cache says."""
        _, _, said = self.header("Cache-Status").partition("erp-widgets-pages; ")
        return said.partition(";")[0].partition("=")[0] or "-"


class NotWhatWasMeant(NotComparable):
    """Another answer came than was to be measured."""


def ask(url: str, headers: Mapping[str, str]) -> Answer:
    """One request on a connection of its own. Raises OSError and HTTPException."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        query = f"?{parts.query}" if parts.query else ""
        connection.request(
            "GET", (parts.path or "/") + query, headers={"Accept-Encoding": ENCODINGS, **headers}
        )
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read())
    finally:
        connection.close()


def check(wish: Wish, number: int) -> Answer:
    """Ask once. Raises NotWhatWasMeant."""
    url = wish.url.replace("@NUMBER@", f"check-{number}")
    answer = ask(url, wish.headers[0])
    if (answer.status, answer.cache) != (wish.status, wish.cache):
        raise NotWhatWasMeant(
            f"{url}: status {answer.status}, page cache {answer.cache!r}, where {wish.status} and "
            f"{wish.cache!r} were to be measured: {answer.body[:200]!r}"
        )
    return answer


def load(
    wish: Wish, seconds: float, core: int | None, spent: Callable[[], float]
) -> dict[str, float]:
    """Requests a second; processor time that the server took for each answer, in microseconds; latencies in
    milliseconds; the share of its core that the client needed; how many answers were others than meant.

    seconds: at least 1, wrk knows whole ones. core: on which wrk runs; None: wherever. spent: seconds of
    processor time that the server has taken so far, asked for as wrk begins and as it ends: what a slow
    server still works on afterwards is no answer.
    Raises NotWhatWasMeant where more than MOST_OTHERS are others, ServeError where there is no wrk.
    """
    # What was never asked for before has not been in this round either.
    wish = replace(wish, url=wish.url.replace("@NUMBER@", f"{secrets.token_hex(4)}-@NUMBER@"))
    check_kept(wish)
    with tempfile.TemporaryDirectory(prefix="erp-widgets-") as folder:
        file = Path(folder) / "requests"
        file.write_bytes(b"--\n".join(raw(wish.url, each) for each in wish.headers))
        parts = urlsplit(wish.url)
        command = [program("wrk"), "--threads", "1", "--connections", str(CONNECTIONS)]
        command += ["--duration", f"{max(1, round(seconds))}s", "--timeout", "10s", "--latency"]
        command += ["--script", str(SCRIPT), f"http://{parts.netloc}/", "--", str(file)]
        before, server = os.times(), spent()
        with on_core(core):
            ended = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        after, server = os.times(), spent() - server
    check(wish, 2)
    seen = json.loads(ended.stdout.splitlines()[-1])
    answers = sum(seen["counts"].values())
    meant = seen["counts"].get(f"{wish.status} {wish.cache}", 0)
    others = answers - meant + seen["errors"]
    if others or not meant:
        said = (
            f"{wish.url}: of {answers} answers {meant} had status {wish.status} and page cache "
            f"{wish.cache!r}: {seen['counts']}, {seen['errors']} errors of the connection"
        )
        if others > answers * MOST_OTHERS or not meant:
            raise NotWhatWasMeant(said)
        tell(said)
    took = seen["duration"] / 1e6
    client = (
        after.children_user - before.children_user + after.children_system - before.children_system
    )
    return {
        "requests": meant / took,
        "processor": server * 1e6 / answers,
        "others": others,
        "p50": seen["p50"] / 1e3,
        "p99": seen["p99"] / 1e3,
        "client": client / took,
    }


def check_kept(wish: Wish) -> Answer:
    """As `check`, behind one request that may be what puts the page into the cache."""
    ask(wish.url.replace("@NUMBER@", "check-0"), wish.headers[0])
    return check(wish, 1)


def raw(url: str, headers: Mapping[str, str]) -> bytes:
    """A request as it is sent, on a connection that stays open as a browser's does."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    lines = [
        f"GET {parts.path or '/'}{query} HTTP/1.1",
        f"Host: {parts.netloc}",
        f"Accept-Encoding: {ENCODINGS}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


# --- Which core.


def cores() -> tuple[int | None, int | None]:
    """One for what is measured and one for the client; nothing where there are not two."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    found = sorted(os.sched_getaffinity(0))
    return (found[0], found[-1]) if len(found) > 1 else (None, None)


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """What is started meanwhile stays on this core, with all that it starts itself."""
    if core is None:
        yield
        return
    usual = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usual)
