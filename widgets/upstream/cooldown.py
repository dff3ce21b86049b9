"""Upstreams that are left alone for a while: they asked for it, or they have just failed to answer.

The table belongs to one process. A circuit breaker that all processes share would take its place.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from widgets.errors import UpstreamUnavailable

RESTS = (5, 10, 20, 40, 60)
"""Seconds to rest after the first failure to answer, the second in a row and so on; the last one for all
that follow. Without a rest every viewer would wait for the same timeout."""
_TRIAL = 30.0  # seconds after which a trial that nobody reported of is given up


class Throttled(UpstreamUnavailable):
    """The upstream said when it wants to be asked again (`retry_after`)."""


@dataclass(slots=True)
class _Rest:
    until: float
    message: str
    failures: int  # in a row
    on_trial: bool = False  # one caller asks; `until` is then when the next one may


class Cooldowns:
    """Which upstream is not to be asked until when. Safe to share between threads.

    After a rest one caller tries the upstream while the others are still kept away. Whoever passed
    `check` says what came of it: `start`, `fail` or `end`.

    clock: seconds that only grow; tests give their own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rests: dict[str, _Rest] = {}

    def check(self, upstream: str) -> None:
        """Raises UpstreamUnavailable, with what started the rest, while it lasts or is on trial."""
        with self._lock:
            rest = self._rests.get(upstream)
            if rest is None:
                return
            now = self._clock()
            if now >= rest.until:
                rest.on_trial, rest.until = True, now + _TRIAL
                return
            remaining = RESTS[0] if rest.on_trial else rest.until - now
        raise UpstreamUnavailable(
            rest.message,
            retry_after=max(1, round(remaining)),
            detail=f"{upstream} is not asked for another {remaining:.1f} s",
        )

    def start(self, upstream: str, seconds: float, message: str) -> None:
        """Leaves the upstream alone for so many seconds; a longer rest that is on stays."""
        with self._lock:
            self._start(upstream, seconds, message, 0)

    def fail(self, upstream: str, message: str) -> int:
        """Leaves an upstream that did not answer alone, longer each time in a row; returns for how many
        seconds. Calls that were under way together and fail together count once."""
        with self._lock:
            rest = self._rests.get(upstream)
            if rest and not rest.on_trial and self._clock() < rest.until:
                return max(1, round(rest.until - self._clock()))
            failures = rest.failures + 1 if rest else 1
            seconds = RESTS[min(failures, len(RESTS)) - 1]
            self._start(upstream, seconds, message, failures)
            return seconds

    def end(self, upstream: str) -> None:
        """The upstream answers: it may be asked at will, unless it asked for a rest that is still on; then
        this is the answer to a call that was under way before."""
        with self._lock:
            rest = self._rests.get(upstream)
            if rest and (rest.on_trial or self._clock() >= rest.until):
                del self._rests[upstream]

    def _start(self, upstream: str, seconds: float, message: str, failures: int) -> None:
        rest = self._rests.get(upstream)
        until = self._clock() + seconds
        if rest is None or rest.on_trial or until > rest.until:
            self._rests[upstream] = _Rest(until, message, failures)
