"""Finished pages, kept in this process: found by key, bounded in bytes, forgotten when the hosts change."""

import hashlib
import threading
import time
from dataclasses import dataclass
from datetime import datetime

from cachetools import LRUCache
from prometheus_client import Counter, Histogram

from widgets.core.made import Made, fresh_until, holds_until, last_until
from widgets.core.services import IsCurrent
from widgets.embedding.admission import Admission
from widgets.embedding.hosts import Host, Registry
from widgets.metrics import PAGE_BYTES, PAGES_KEPT

Key = tuple[object, ...]
Headers = list[tuple[str, str]]

_OVERHEAD = 4000  # bytes of the objects around a page: 3,200 were measured with two reads
LOOK_EVERY = 1.0  # seconds between two looks whether another process has newer data
# Of one answer alone; or set where it is sent.
_NOT_KEPT = frozenset(("date", "x-request-id", "etag"))
_OF_A_BODY = frozenset(("content-length", "content-type", "content-encoding"))


@dataclass(frozen=True, slots=True)
class Meters:
    """What counts the requests that a page answers, so that it is looked up once."""

    requests: Counter
    seconds: Histogram
    ages: Histogram

    def observe(self, started: float, age: float | None) -> None:
        """One more. started: by `time.perf_counter`. age: of the data."""
        self.requests.inc()
        self.seconds.observe(time.perf_counter() - started)
        if age is not None:
            self.ages.observe(age)


@dataclass(slots=True)
class Page:
    """An answer with its body, as it is sent again and again.

    etag: "" for an error.
    unchanged: the headers of a 304.
    old: those of the reads that are being asked for anew.
    holds, last, fresh: up to when, in seconds since 1970: see `made`; `last` while there is nothing newer of
        what is old.
    as_of: when its oldest figure was confirmed; None where there is none.
    size: bytes in memory.
    meters: for those that it answers out of the cache.
    """

    headers: Headers
    unchanged: Headers
    body: bytes
    etag: str
    reads: list[tuple[str, datetime]]
    old: list[tuple[str, datetime]]
    holds: float
    last: float
    fresh: float
    as_of: float | None
    size: int
    meters: Meters

    def age(self, now: float) -> float | None:
        """Seconds since its oldest figure was confirmed."""
        return None if self.as_of is None else max(0.0, now - self.as_of)

    def is_valid(self, now: float, is_current: IsCurrent, is_newest: IsCurrent) -> bool:
        """Whether it would be the same if it were made anew, as far as is known."""
        if now >= self.holds:
            # Old data whose successor is on its way is not drawn again each second until that is there.
            if now >= self.last or not all(is_newest(key, as_of) for key, as_of in self.old):
                return False
            self.holds = min(now + LOOK_EVERY, self.last)
        for key, as_of in self.reads:  # noqa: SIM110 - this is where a hit spends its time
            if not is_current(key, as_of):
                return False
        return True


def page_of(headers: Headers, body: bytes, made: Made, meters: Meters, now: float) -> Page:
    """The page of an answer that was made now. It has an ETag unless it is an error's."""
    headers = [(name, value) for name, value in headers if name.lower() not in _NOT_KEPT]
    if dict(headers).get("Content-Encoding") == "gzip":
        body = (
            body[:4] + bytes(4) + body[8:]
        )  # RFC 1952: without the time, the same page is the same bytes
    etag = ""
    if made.state != "error":
        # Of the very bytes, so that each encoding has its own.
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers.append(("ETag", etag))
    holds = holds_until(made.reads, now)
    return Page(
        headers,
        [(name, value) for name, value in headers if name.lower() not in _OF_A_BODY],
        body,
        etag,
        [(read.key, read.as_of) for read in made.reads],
        [(read.key, read.as_of) for read in made.reads if read.outcome == "refreshing"],
        holds,
        last_until(made.reads, now),
        fresh_until(made.reads) if made.reads else holds,
        made.freshness.as_of.timestamp() if made.freshness else None,
        len(body) + sum(len(value) for _, value in headers) + _OVERHEAD,
        meters,
    )


class Pages:
    """The least recently used go first. When the hosts file is read again all go: whatever a host may show,
    and who may frame it, may be another.

    most: bytes; 0: none is kept. admission: has the hosts.
    """

    def __init__(self, most: int, admission: Admission) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._admission = admission
        self._registry = admission.registry
        self._kept: LRUCache[Key, Page] = LRUCache(most, getsizeof=lambda page: page.size)

    def find(self, key: Key, registry: Registry) -> Page | None:
        """The page, valid or not. registry: the one by which the request was let in."""
        with self._lock:
            newest = self._admission.registry
            if newest is not self._registry:
                self._kept.clear()
                self._registry = newest
            return self._kept.get(key) if registry is newest else None

    def keep(self, key: Key, page: Page, host: Host) -> bool:
        """Whether the page is kept now. host: the one that it was made for."""
        page.size += sum(len(part) for part in key if isinstance(part, str))
        with self._lock:
            known = self._registry.hosts.get(host.id)
            if known is not host or page.size > self._kept.maxsize:
                return False
            self._kept[key] = page
            count, size = len(self._kept), self._kept.currsize
        PAGES_KEPT.set(count)
        PAGE_BYTES.set(size)
        return True
