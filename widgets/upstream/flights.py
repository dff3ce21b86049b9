"""Single flight: one call for a key, however many ask; and the bulkhead: so many calls at once, no more.

Calls are made by a small pool for each upstream, never by the thread that asks. So what a slow one brings is
kept even if nobody waits any more, and one upstream cannot use up what is there for another. Of the threads
that answer viewers it holds some for as long as they want to wait, and the others for a moment.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

PATIENT = 8
"""Threads of a process that may wait for upstreams for long: half of those that gunicorn.conf.py starts."""
_WAITING = 8  # flights for each call at once that may be under way or waiting; more are turned away
_WAITING_BEHIND = 2  # the same for those that nobody waits for


class Crowded(Exception):
    """So many flights are waiting for this upstream that one more would only wait longer."""


@dataclass
class _Lane:
    pool: ThreadPoolExecutor
    flights: "dict[str, Future[Any]]" = field(default_factory=dict)


class Flights:
    """See the module. One for each process.

    at_once: calls to one upstream at the same time.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._lock = threading.Lock()
        self._lanes: dict[str, _Lane] = {}
        self._patient = threading.BoundedSemaphore(PATIENT)

    def join(
        self, upstream: str, key: str, call: Callable[[bool], T], *, background: bool = False
    ) -> "tuple[Future[T], bool]":
        """The flight for the key that is under way, or else a new one, which does `call(background)`; and
        whether it is new.

        Raises Crowded.
        """
        with self._lock:
            lane = self._lanes.get(upstream)
            if lane is None:
                pool = ThreadPoolExecutor(self._at_once, thread_name_prefix="upstream")
                lane = self._lanes[upstream] = _Lane(pool)
            flight = lane.flights.get(key)
            if flight is not None:
                return flight, False
            most = self._at_once * (_WAITING_BEHIND if background else _WAITING)
            if len(lane.flights) >= most:
                raise Crowded
            flight = lane.pool.submit(self._fly, lane, key, call, background)
            lane.flights[key] = flight
            return flight, True

    @contextmanager
    def waiting(self) -> Iterator[bool]:
        """Whether who waits from now on may do so for long. So many threads may, of all that answer viewers,
        that some are left for those who need not wait."""
        patient = self._patient.acquire(blocking=False)
        try:
            yield patient
        finally:
            if patient:
                self._patient.release()

    def close(self) -> None:
        """Waits for the flights that are under way."""
        with self._lock:
            lanes = list(self._lanes.values())
        for lane in lanes:
            lane.pool.shutdown(cancel_futures=True)

    def _fly(self, lane: _Lane, key: str, call: Callable[[bool], T], background: bool) -> T:
        try:
            return call(background)
        finally:
            # Before the future is done: whoever it wakes and has to ask again gets a new flight.
            with self._lock:
                lane.flights.pop(key, None)
