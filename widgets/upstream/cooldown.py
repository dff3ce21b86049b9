"""Upstreams that are left alone for a while: they asked for it, or they have just failed to answer.

The table belongs to one process. A circuit breaker that all processes share would take its place.
"""

import threading
import time
from collections.abc import Callable

from widgets.errors import UpstreamUnavailable

AFTER_FAILURE = 5  # seconds: without it every viewer would wait for the same timeout


class Throttled(UpstreamUnavailable):
    """The upstream said when it wants to be asked again (`retry_after`)."""


class Cooldowns:
    """Which upstream is not to be asked until when. Safe to share between threads.

    clock: seconds that only grow; tests give their own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[str, tuple[float, str]] = {}

    def start(self, upstream: str, seconds: float, message: str) -> None:
        """Leaves the upstream alone for so many seconds; a longer rest that is on stays."""
        until = self._clock() + seconds
        with self._lock:
            if until > self._until.get(upstream, (0.0, ""))[0]:
                self._until[upstream] = (until, message)

    def check(self, upstream: str) -> None:
        """Raises UpstreamUnavailable, with what started the rest, while it lasts."""
        until, message = self._until.get(upstream, (0.0, ""))
        remaining = until - self._clock()
        if remaining > 0:
            raise UpstreamUnavailable(
                message,
                retry_after=max(1, round(remaining)),
                detail=f"{upstream} is not asked for another {remaining:.1f} s",
            )
