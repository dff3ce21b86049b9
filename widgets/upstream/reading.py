"""One read of one key: what is known of it, how long it serves, and the flight that brings the next."""

import copy
import json
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, TypeVar

from widgets.errors import (
    NotFound,
    Throttled,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamUnavailable,
    WidgetError,
)
from widgets.upstream import answers, request_ids, shelf_life
from widgets.upstream.calls import Caller
from widgets.upstream.flights import Crowded, Flights
from widgets.upstream.kept import Failure, Kept
from widgets.upstream.locks import Locks
from widgets.upstream.paging import Pages
from widgets.upstream.question import Question
from widgets.upstream.reads import Layer, Outcome
from widgets.upstream.shelf import Known, Shelf

T = TypeVar("T")
Landed = tuple[Outcome, Known, Layer]


class Stale(NamedTuple):
    """because: why what is shown is stale, as a part of a sentence. coming: a newer answer is under way."""

    because: str
    coming: bool = False


Shown = tuple[Outcome, Known, Layer, Stale | None]
logger = logging.getLogger(__name__)

PAUSE = 3.0
"""Seconds after a read that failed before the same is tried again, by anybody."""
_PATIENCE = 2.0  # seconds to wait for a newer answer where there is one that may be shown
_MOMENT = 1.0  # seconds to wait where too many wait already
_GLANCE = 0.3  # seconds to see whether an upstream that had failed is back
_TELL_EVERY = 60.0  # seconds between two log lines about the same trouble


class TookTooLong(UpstreamUnavailable):
    """Nobody waits any longer for the answer, which may still come."""


def crowded(called: str) -> str:
    return answers.sentence(called, "is asked for too much at once")


@dataclass(frozen=True, slots=True)
class Parts:
    """What all reads of a process share. longest: seconds that one call can take.

    told: by trouble, when the log may speak of it again.
    """

    shelf: Shelf
    flights: Flights
    locks: Locks
    caller: Caller
    clock: Callable[[], float]
    longest: float
    told: dict[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """See the module. The value of a Known is a list of what each page says."""

    parts: Parts
    key: str
    pages: Pages[T]

    @property
    def question(self) -> Question:
        return self.pages.question

    # --- What is known, and how long it serves.

    def look(self) -> tuple[Known | None, Layer]:
        """The newest that is known, from this process's memory while that is fresh, else from the storage.
        An answer there that makes no sense is none: a newer version of us may expect other data, and whoever
        can write there can write anything."""
        shelf = self.parts.shelf
        mine = shelf.remembered(self.key)
        if mine and self.is_fresh(mine):
            return mine, "memory"
        kept = shelf.stored(self.key, mine.kept if mine else None)
        if kept is None:
            return mine, "memory"
        values = None
        if kept.status == 200:
            try:
                values = self.pages.read(kept.body)
            except WidgetError:
                return mine, "memory"
        return shelf.remember(self.key, kept, values), "storage"

    def is_fresh(self, known: Known) -> bool:
        return shelf_life.is_fresh(known.kept, self.question.keep, self.parts.clock())

    def _may_be_shown(self, known: Known) -> bool:
        return shelf_life.may_be_shown(known.kept, self.question.keep, self.parts.clock())

    def not_found(self, kept: Kept) -> NotFound:
        """The error that a kept 404 stands for."""
        message, detail = json.loads(kept.body)
        return NotFound(message, detail=detail)

    # --- Getting the next.

    def show(self, known: Known, layer: Layer) -> Shown:
        """It, at once, while a newer one is fetched; or that, if it is there almost at once and the upstream
        had failed before: whoever looks first after an outage sees that it is over."""
        failure = known.kept.failure
        shown: Shown = "refreshing", known, layer, None
        if failure:
            shown = "stale", known, layer, Stale(answers.fragment(failure.message))
            if self.parts.clock() < failure.again:
                return shown
        try:
            landing, is_new = self._join(background=True)
        except Crowded:
            called = self.question.upstream.called
            stale = Stale(answers.fragment(crowded(called)))
            return shown if failure else ("stale", known, layer, stale)
        if failure and is_new:
            # It may take longer, or fail, which the flight has told already.
            with suppress(Exception):
                if landed := landing.result(_GLANCE):
                    return *landed, None
        return shown

    def wait(self, known: Known | None, layer: Layer, deadline: float | None) -> Shown:
        """The next answer, not past the deadline; or `known`, if that may be shown where there is none.

        Raises what the upstream's answer stands for, and UpstreamUnavailable if the wait was too long.
        """
        try:
            return *self._next(known, deadline), None
        except (UpstreamUnavailable, UpstreamInvalid) as error:
            if not (known and self._may_be_shown(known)):
                raise
            coming = isinstance(error, TookTooLong)
            return "stale", known, layer, Stale(answers.fragment(error.message), coming)

    def _next(self, known: Known | None, deadline: float | None) -> Landed:
        now = self.parts.clock()
        if known and known.kept.failure and now < known.kept.failure.again:
            raise known.kept.failure.error(now)
        end = deadline or time.monotonic() + 2 * self.parts.longest
        if known and self._may_be_shown(known):
            end = min(end, time.monotonic() + _PATIENCE)
        with self.parts.flights.waiting() as patient:
            if not patient:
                end = min(end, time.monotonic() + _MOMENT)
            return self._wait_until(end)

    def _wait_until(self, end: float) -> Landed:
        called = self.question.upstream.called
        while True:
            try:
                landing, _ = self._join(background=False)
                landed = landing.result(max(0.0, end - time.monotonic()))
            except Crowded:
                raise UpstreamUnavailable(crowded(called), retry_after=2) from None
            except TimeoutError:
                raise TookTooLong(
                    answers.sentence(called, "takes too long to answer"),
                    retry_after=5,
                    detail=f"nobody waits any longer (GET {self.question.url})",
                ) from None
            except WidgetError as error:
                # Each who waited has an error of its own, for whoever catches one may add to it.
                raise copy.copy(error) from None
            if landed:
                return landed
            # It had given way to another process, which is at the same.

    def _join(self, *, background: bool) -> tuple["Future[Landed | None]", bool]:
        upstream = self.question.upstream.base_url
        return self.parts.flights.join(upstream, self.key, self._fly, background=background)

    def _fly(self, background: bool) -> Landed | None:
        """The one flight for the key, over all threads and processes. None: another process is at it, and
        nobody here waits for it."""
        parts = self.parts
        request_ids.carry(self.question.request_id)
        # Where the storage is away, whoever holds the lock can hand nothing over.
        alone = bool(parts.shelf.storage.trouble)
        with parts.locks.hold(self.key, 0 if background or alone else parts.longest) as held:
            if not held and background:
                return None
            known, layer = self.look()  # another process may have been faster
            if known and self.is_fresh(known):
                return "hit", known, layer
            failure = known.kept.failure if known else None
            if failure and parts.clock() < failure.again:
                raise failure.error(parts.clock())
            try:
                return self._ask(known)
            except WidgetError:
                raise
            except Exception:
                # A fault of ours, which nobody may be waiting to hear of.
                logger.exception("%s %s", self.question.request_id, self.question.what)
                message = answers.sentence(
                    self.question.upstream.called, "sent what this server cannot work with"
                )
                self._keep_failure(known, UpstreamInvalid(message))
                raise

    def _ask(self, known: Known | None) -> Landed:
        """Asks the upstream and keeps what comes of it: an answer, that there is no such record, or how it
        failed."""
        question = self.question
        older = known if known and known.kept.status == 200 else None
        try:
            outcome, kept, values = self.pages.ask(self.parts.caller, older, self._now)
        except WidgetError as error:
            # The one way out for what an upstream wrote: shortened, and without our secrets.
            detail = answers.note(question.upstream.credential.redact(error.detail))
            error.detail = f"{detail} (GET {question.url})"
            if not isinstance(error, NotFound):
                self._keep_failure(known, error)
                raise
            body = json.dumps([error.message, error.detail]).encode()
            outcome, kept, values = "miss", Kept(body, self._now(), status=404), None
        return outcome, self._keep(kept, values), "upstream"

    def _keep(self, kept: Kept, value: Any) -> Known:
        serves = shelf_life.serves(kept, self.question.keep)
        return self.parts.shelf.put(self.key, kept, value, serves)

    def _keep_failure(self, known: Known | None, error: WidgetError) -> None:
        """Everybody is told the same for a while. What is kept stays, unless it was refused: that somebody
        may not see it any more must not be hidden by what they could see before."""
        now = self.parts.clock()
        pause = error.retry_after if isinstance(error, Throttled) else PAUSE
        failure = Failure(error.code, error.message, now, now + pause)
        keep = self.question.keep
        if known and self._may_be_shown(known) and not isinstance(error, UpstreamRefused):
            left = shelf_life.serves(known.kept, keep) - shelf_life.age(known.kept, now)
            kept = replace(known.kept, failure=failure)
            self.parts.shelf.put(self.key, kept, known.value, max(left, pause))
            self._tell(error)
        else:
            nothing = Kept(b"", self._now(), status=0, failure=failure)
            # As long as another process may remember what is refused here.
            serves = keep.ttl + keep.stale_for if isinstance(error, UpstreamRefused) else 0.0
            self.parts.shelf.put(self.key, nothing, None, max(serves, pause))

    def _tell(self, error: WidgetError) -> None:
        """Logs that stale data is shown: once a minute for each trouble, not for each read."""
        question, told = self.question, self.parts.told
        trouble = (question.upstream.base_url, error.message)
        now = time.monotonic()
        if now >= told.get(trouble, now):
            told[trouble] = now + _TELL_EVERY
            logger.warning(
                "%s %s: stale data is shown: %s", question.request_id, question.what, error.detail
            )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.parts.clock(), UTC)
