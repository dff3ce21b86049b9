"""The read-through: one GET in, one checked answer out, from the cache where that is fresh enough.

requests-cache keeps the answers (its stores, its serializer); when an answer is fresh, asked for again or
shown stale is decided here. `CachedSession` cannot: it does not coalesce, its stale-if-error also covers 401,
403, 404 and 429 and has no bound, its filter deletes the good answer when a bad one comes, a 304 does not
renew an answer's time, and its keys leave out who asked.

Read `_get` top to bottom: memory and storage (`shelf`) → at once, or after a flight (`flights`, `locks`) →
the call itself (`calls`, `breaker`).
"""

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from widgets import metrics
from widgets.upstream import request_ids, shelf_life
from widgets.upstream.breaker import Breaker
from widgets.upstream.calls import Caller
from widgets.upstream.credentials import Bearer, Client
from widgets.upstream.flights import Flights
from widgets.upstream.health import Health, look
from widgets.upstream.paging import Pages
from widgets.upstream.place import Place
from widgets.upstream.question import Question
from widgets.upstream.reading import Parts, Reading, Stale
from widgets.upstream.reads import Asking, Keep, Outcome, Read, Upstream, cache_key
from widgets.upstream.shelf import Shelf
from widgets.upstream.storage import Storage
from widgets.upstream.transport import Adapter, Limits

T = TypeVar("T")
A = TypeVar("A")

_SIDE_BY_SIDE = 6  # reads of one upstream by `each` at the same time, over all pages of a process
_SOON = 1.0
"""Seconds after which to look again at what is shown old: another process may have it new."""
_MEMORY = 32 * 1024 * 1024  # bytes of answers that a process remembers, about


class _MustWait(Exception):
    """What is asked for is not there at once."""


class ReadThrough:
    """The long-lived part of reading: connections, cache, tokens, breaker, threads. One for each process;
    what is made before a fork is left behind in the child, which starts with its own.

    at_once: calls to one upstream at the same time.
    ca_file: see `transport.Adapter`.
    clock: seconds since 1970; tests give their own.
    """

    def __init__(
        self,
        place: Place | Path,
        *,
        limits: Limits | None = None,
        ca_file: Path | None = None,
        at_once: int = 8,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._place = place if isinstance(place, Place) else Place(place)
        self._limits = limits or Limits()
        self._ca_file = ca_file
        self._at_once = at_once
        self._clock = clock
        self._left_behind: list[object] = []
        self._start()
        start_in_child = weakref.WeakMethod(self._start_in_child)

        def after_fork() -> None:
            start = start_in_child()
            if start is not None:
                start()

        os.register_at_fork(after_in_child=after_fork)

    @property
    def storage_errors(self) -> int:
        """How often the storage failed in this process; upstreams were asked instead."""
        return self._shelf.storage.errors

    def health(self, upstreams: Mapping[str, str]) -> Health:
        """How the storage is, and each of the upstreams: base URLs by name."""
        breaker, now = self._breaker, self._clock()
        found = [
            look(name, url, breaker.state(url), breaker.last_answers.get(url), now)
            for name, url in upstreams.items()
        ]
        # Which the look at the breakers has found, if nobody else.
        trouble = self._shelf.storage.trouble
        return Health(f"what is kept cannot be used: {trouble}" if trouble else "ok", found)

    def get(
        self,
        upstream: Upstream,
        url: str,
        *,
        what: str,
        keep: Keep,
        check: Callable[[object], T],
        asking: Asking,
        background: bool = False,
    ) -> T:
        """Reads `url` and returns what `check` makes of the parsed JSON.

        what: what is read, for people ("SalesOrderLines").
        check: raises UpstreamInvalid or UpstreamUnavailable for an answer that is not to be used, and so
            not to be kept. It is also applied to what comes out of the storage. What it returns is shared by
            threads, and must not be changed.
        background: see `Read`.

        Raises UpstreamRefused (401, 403, a redirect to a login), NotFound (404), and UpstreamUnavailable
        or UpstreamInvalid if there is also no kept answer young enough to be shown instead.
        """
        question = Question(upstream, url, what, keep, asking.request_id)
        (value,) = self._get(Pages(question, check), asking, background=background)
        return value

    def get_pages(
        self,
        upstream: Upstream,
        url: str,
        *,
        what: str,
        keep: Keep,
        check: Callable[[object], T],
        follow: Callable[[T, str], str | None],
        asking: Asking,
        background: bool = False,
    ) -> list[T]:
        """The same for an answer in several pages, which are read and kept as one.

        check: of each page. follow: (page, its address) → the address of the next one; None: it was the last.
            It raises for a link that is not to be followed as `check` does.
        """
        question = Question(upstream, url, what, keep, asking.request_id)
        return self._get(Pages(question, check, follow), asking, background=background)

    def _get(self, pages: Pages[T], asking: Asking, *, background: bool) -> list[T]:
        started = time.perf_counter()
        question = pages.question
        key = cache_key(question.upstream, asking.scope, question.url)
        reading = Reading(self._parts, key, pages)
        known, layer = reading.look()
        keep, now = question.keep, self._clock()
        stale: Stale | None = None
        outcome: Outcome = "hit"
        if known is None or not reading.is_fresh(known):
            if known and shelf_life.may_be_shown_at_once(known.kept, keep, now):
                outcome, known, layer, stale = reading.show(known, layer)
            elif getattr(self._inline, "only", False):
                raise _MustWait
            else:
                outcome, known, layer, stale = reading.wait(known, layer, asking.deadline)
        seconds = time.perf_counter() - started
        as_of = known.kept.as_of
        fresh_until = as_of + timedelta(seconds=shelf_life.ttl(known.kept, keep))
        if outcome in ("refreshing", "stale"):
            fresh_until = datetime.fromtimestamp(self._clock() + _SOON, UTC)
        name = question.upstream.name
        metrics.READS.labels(name, outcome, layer).inc()
        metrics.READ_AS_OF.labels(name, question.what).set(as_of.timestamp())
        if asking.log:
            asking.log(
                Read(
                    upstream=name,
                    what=question.what,
                    as_of=as_of,
                    outcome=outcome,
                    stale_because=stale and stale.because,
                    coming=bool(stale and stale.coming),
                    seconds=seconds,
                    key=key,
                    keep=keep,
                    fresh_until=fresh_until,
                    layer=layer,
                    background=background,
                )
            )
        if known.kept.status == 404:
            raise reading.not_found(known.kept)
        values: list[T] = known.value
        return values

    def is_current(self, key: str, as_of: datetime) -> bool:
        """Whether this process knows of no other answer under the key than the one of `as_of`."""
        known = self._shelf.remembered(key)
        return known is None or known.kept.as_of == as_of

    def is_newest(self, key: str, as_of: datetime) -> bool:
        """Whether no process that shares the storage knows of another, nor that a newer one cannot be had."""
        known = self._shelf.remembered(key)
        if known is None or known.kept.as_of != as_of or known.kept.failure:
            return False
        return self._shelf.stored(key, known.kept) is None

    def each(self, upstream: Upstream, ask: Callable[[A], T], items: Iterable[A]) -> list[T]:
        """`ask` of each item, which reads this upstream; several at once, in the items' order. The first
        error is raised after all are done, so that what did arrive is in the cache. Must not be called from
        within `ask`."""
        found = [self._without_waiting(upstream, ask, item) for item in items]
        wait([each for each in found if isinstance(each, Future)])
        return [each.result() if isinstance(each, Future) else each for each in found]

    def _without_waiting(
        self, upstream: Upstream, ask: Callable[[A], T], item: A
    ) -> "T | Future[T]":
        """What is there at once, in this thread; of the rest what becomes of it in another, for those can all
        be waiting for an upstream that hangs."""

        def carried() -> T:
            request_ids.carry(request_id)
            return ask(item)

        request_id = request_ids.current()
        self._inline.only = True
        try:
            return ask(item)
        except _MustWait:
            return self._threads(upstream.name).submit(carried)
        finally:
            self._inline.only = False

    def bearer(self, client: Client, called: str) -> Bearer:
        """The one token that all who sign in as this client share."""
        with self._lock:
            credential = self._bearers.get(client)
            if credential is None:
                credential = self._bearers[client] = Bearer(
                    client, self._parts.caller.fetch, called
                )
            return credential

    def purge(self) -> None:
        """Removes from the storage what nobody may be shown any more. `purging` does so now and then."""
        self._shelf.storage.purge()

    def close(self) -> None:
        """Ends the threads and closes the connections that this object made."""
        for pool in self._pools.values():
            pool.shutdown()
        self._flights.close()
        self._adapter.close()
        self._locks.close()
        self._shelf.storage.close()

    def _start(self) -> None:
        store, self._locks = self._place.open()
        self._lock = threading.Lock()
        self._shelf = Shelf(Storage(store), _MEMORY, self._clock)
        self._adapter = Adapter(self._ca_file)
        longest = 2 * self._limits.total  # a token, and then an answer
        self._breaker = Breaker(self._shelf, self._locks, longest + 1, self._clock)
        self._inline = threading.local()
        self._flights = Flights(self._at_once)
        self._parts = Parts(
            shelf=self._shelf,
            flights=self._flights,
            locks=self._locks,
            caller=Caller(self._adapter, self._limits, self._breaker),
            clock=self._clock,
            longest=longest,
            told={},
        )
        self._bearers: dict[Client, Bearer] = {}
        self._pools: dict[str, ThreadPoolExecutor] = {}

    def _start_in_child(self) -> None:
        # A socket or SQLite connection that came through a fork must be neither used nor closed here
        # (sqlite.org/howtocorrupt.html, 2.6), and a lock may be held for ever by a thread left behind.
        connections = self._shelf.storage.connections()
        self._left_behind.append(
            (self._adapter, connections, self._pools, self._flights, self._locks)
        )
        self._start()

    def _threads(self, upstream: str) -> ThreadPoolExecutor:
        """Each upstream has its own, so that one that hangs holds none that wait for another."""
        with self._lock:
            if upstream not in self._pools:
                self._pools[upstream] = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="each")
            return self._pools[upstream]
