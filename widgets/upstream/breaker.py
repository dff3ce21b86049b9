"""The circuit breaker: upstreams that are left alone for a while, since they asked for it or keep failing.

What one process learns all know, through the storage that they share: a Retry-After slows down every caller.
"""

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from widgets import metrics
from widgets.errors import Throttled
from widgets.upstream.kept import LONGEST
from widgets.upstream.locks import Locks
from widgets.upstream.reads import Upstream
from widgets.upstream.shelf import Shelf

FAILURES = 3
"""Failures in a row, of whatever calls, after which an upstream is left alone."""
RESTS = (1, 2, 5, 10)
"""Seconds to leave it alone, first, after the first trial that fails and so on; the last for all that follow.
It is short: what is kept is shown meanwhile, and an upstream that is back should be seen to be."""
_FORGET = 3600.0  # seconds after which a state that nobody changed means nothing


@dataclass(frozen=True, slots=True)
class Rest:
    """What is known of an upstream. Times in seconds since 1970.

    failures: in a row. until: before when it is not to be asked; 0: it may be.
    since: when the first of the failures was. on_trial: one caller asks; `until` is then when the next may.
    """

    failures: int = 0
    until: float = 0.0
    message: str = ""
    since: float = 0.0
    on_trial: bool = False


class Breaker:
    """See the module. Safe to share between threads. Whoever passed `admit` says what came of it:
    `throttled`, `failed` or `answered`.

    locks: as processes share them; one of them tries an upstream that was left alone.
    trial: seconds after which a trial that nobody reported of is given up; longer than a call can take.
    clock: seconds since 1970.
    """

    def __init__(
        self, shelf: Shelf, locks: Locks, trial: float, clock: Callable[[], float]
    ) -> None:
        self._shelf = shelf
        self._locks = locks
        self._trial = trial
        self._clock = clock
        # One for each upstream: to know its state takes as long as the storage does.
        self._changing: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self.last_answers: dict[str, float] = {}
        """By base URL, seconds since 1970; those that this process was given."""

    def state(self, base_url: str) -> Rest:
        """What is known of the upstream. A state that makes no sense is as good as none."""
        note = self._shelf.note(_key(base_url))
        try:
            rest = Rest(
                int(note.get("failures", 0)),
                float(note.get("until", 0)),
                str(note.get("message", "")),
                float(note.get("since", 0)),
                note.get("on_trial") is True,
            )
        except (TypeError, ValueError, OverflowError):
            return Rest()
        return rest if rest.until <= self._clock() + LONGEST else Rest()

    def admit(self, upstream: Upstream) -> bool:
        """Whether all is well, so that a call that fails may be made once more; False for a trial.

        Raises Throttled, with what started the rest, while it lasts or is on trial.
        """
        with self._changing[upstream.base_url]:
            rest = self.state(upstream.base_url)
            if not rest.until:
                return not rest.failures
            now = self._clock()
            if now >= rest.until and self._begins_trial(upstream):
                return False
        metrics.UPSTREAM_REQUESTS.labels(upstream.name, "kept-away").inc()
        remaining = RESTS[0] if rest.on_trial else max(rest.until - now, RESTS[0])
        raise Throttled(
            rest.message,
            retry_after=max(1, round(remaining)),
            detail=f"{upstream.base_url} is not asked for another {remaining:.1f} s",
        )

    def _begins_trial(self, upstream: Upstream) -> bool:
        """One caller tries, of all threads and processes, and the others are still kept away."""
        with self._locks.hold(_key(upstream.base_url), 0) as held:
            rest, now = self.state(upstream.base_url), self._clock()
            if not held or now < rest.until:
                return False
            self._set(upstream, replace(rest, on_trial=True, until=now + self._trial))
            return True

    def throttled(self, upstream: Upstream, seconds: float, message: str) -> None:
        """Leaves the upstream alone for so many seconds; a longer rest that is on stays."""
        with self._changing[upstream.base_url]:
            rest = self.state(upstream.base_url)
            now = self._clock()
            until = now + min(seconds, LONGEST)
            if rest.on_trial or until > rest.until:
                self._set(upstream, Rest(0, until, message, rest.since or now))

    def failed(self, upstream: Upstream, message: str) -> float:
        """Counts a failure; returns for how many seconds the upstream is left alone now. Calls that were
        under way together and fail after it was found out count no more."""
        with self._changing[upstream.base_url]:
            rest = self.state(upstream.base_url)
            now = self._clock()
            if now < rest.until and not rest.on_trial:
                return rest.until - now
            failures = rest.failures + 1
            seconds = 0.0
            if failures >= FAILURES or rest.on_trial:
                seconds = RESTS[min(max(failures - FAILURES, 0), len(RESTS) - 1)]
            until = now + seconds if seconds else 0.0
            self._set(upstream, Rest(failures, until, message, rest.since or now))
            return seconds

    def answered(self, upstream: Upstream) -> None:
        """The upstream answers: it may be asked at will, unless it asked for a rest that is still on; then
        this is the answer to a call that was under way before."""
        with self._changing[upstream.base_url]:
            self.last_answers[upstream.base_url] = self._clock()
            rest = self.state(upstream.base_url)
            if rest != Rest() and (rest.on_trial or self._clock() >= rest.until):
                self._set(upstream, Rest())

    def _set(self, upstream: Upstream, rest: Rest) -> None:
        self._shelf.set_note(_key(upstream.base_url), asdict(rest), _FORGET)


def _key(base_url: str) -> str:
    return hashlib.sha256(f"breaker {base_url}".encode()).hexdigest()
