"""The load, in a process of its own, so that it takes no time from whoever breaks things meanwhile.

`python -m bench.chaos.viewers FILE`: FILE is a JSON object, see `crowd`. What is seen is written line by line
to the file that it names; SIGTERM ends it, in order. Each viewer does what a widget's frame does: it
keeps one connection, asks for the partial about every two seconds, and names the ETag of what it shows.
"""

import asyncio
import json
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TextIO

import aiohttp
from yarl import URL

from bench.chaos.page import NOTHING, look

_TIMEOUT = aiohttp.ClientTimeout(total=30)  # htmx's own, in frame.html
# Nothing is unpacked here that a browser would unpack elsewhere: gzip costs the least.
_HEADERS = {"HX-Request": "true", "Accept-Encoding": "gzip"}


class Log:
    """Writes what is seen. An answer is a list: see `crowd.Answer`."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._known: set[str] = set()
        self.late: list[
            float
        ] = []  # seconds by which a viewer woke too late: we are the bottleneck

    def answer(self, *seen: object) -> None:
        self._out.write(json.dumps(seen) + "\n")

    def text(self, digest: str, text: str) -> None:
        """What a page says, once."""
        if digest not in self._known:
            self._known.add(digest)
            self._out.write(json.dumps({"digest": digest, "text": text}) + "\n")

    def end(self, processor: float) -> None:
        late = sorted(self.late)
        worst = late[int(0.99 * len(late))] if late else 0.0
        self._out.write(json.dumps({"processor": processor, "late": worst}) + "\n")


async def main(spec: dict[str, Any]) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    started, used = time.perf_counter(), time.process_time()
    # A line at a time, so that each can be read as soon as it is there.
    with Path(spec["out"]).open("w", buffering=1) as out:
        log = Log(out)
        if "addresses" in spec:
            with Path(spec["addresses"]).open() as lines:
                addresses = enumerate(line.rstrip("\n") for line in lines)
                work = [_run_through(addresses, log, stopped) for _ in range(spec["connections"])]
                await asyncio.gather(*work)
        else:
            watching = [_watch(viewer, spec["every"], log, stopped) for viewer in spec["viewers"]]
            await asyncio.gather(*watching)
        log.end((time.process_time() - used) / (time.perf_counter() - started))


@asynccontextmanager
async def _connection() -> AsyncIterator[aiohttp.ClientSession]:
    """One connection that is kept, as a browser keeps one for a frame that loads nothing else."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=1, keepalive_timeout=30),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=_TIMEOUT,
        headers=_HEADERS,
    ) as session:
        yield session


async def _watch(viewer: dict[str, Any], every: float, log: Log, stopped: asyncio.Event) -> None:
    """Look at one widget until told to stop. An error takes the place of what was shown."""
    chance = random.Random(viewer["number"])  # noqa: S311  (the same load each time)
    url = URL(viewer["url"], encoded=True)
    shown, etag = NOTHING, ""
    async with _connection() as session:
        await _sleep(chance.random() * every, log, stopped)
        while not stopped.is_set():
            headers = viewer["headers"] | ({"If-None-Match": etag} if etag else {})
            at, started = time.time(), time.perf_counter()
            status, code = 0, ""
            try:
                async with session.get(url, headers=headers, allow_redirects=False) as answer:
                    body = await answer.text()
                    status = answer.status
            except (aiohttp.ClientError, TimeoutError) as error:
                code = type(error).__name__
            seconds = time.perf_counter() - started
            if status not in (0, 304):
                shown, etag = look(body), answer.headers.get("ETag", "")
                log.text(shown.digest, shown.text)
            log.answer(
                viewer["key"],
                at,
                seconds,
                status,
                shown.state,
                shown.as_of,
                shown.notice if status == 200 else "",
                shown.code if status else code,
                shown.digest,
            )
            await _sleep(every * (0.8 + 0.4 * chance.random()), log, stopped)


async def _sleep(seconds: float, log: Log, stopped: asyncio.Event) -> None:
    due = time.perf_counter() + seconds
    try:
        await asyncio.wait_for(stopped.wait(), seconds)
    except TimeoutError:
        log.late.append(time.perf_counter() - due)


async def _run_through(
    addresses: Iterator[tuple[int, str]], log: Log, stopped: asyncio.Event
) -> None:
    """Ask for one address after the other, without a pause."""
    async with _connection() as session:
        for number, address in addresses:
            if stopped.is_set():
                return
            at, started = time.time(), time.perf_counter()
            status, code = 0, ""
            try:
                async with session.get(URL(address, encoded=True)) as answer:
                    await answer.read()
                    status = answer.status
            except (aiohttp.ClientError, TimeoutError) as error:
                code = type(error).__name__
            seconds = time.perf_counter() - started
            log.answer(str(number), at, seconds, status, "", 0, "", code, "")


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))
