"""The states of a widget (ok, empty, stale, error) and how fresh its data is.

This is the one place where an error becomes an HTTP status and where reads become an age.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from widgets.errors import BadParameter, Refused, UpstreamUnavailable, WidgetError
from widgets.upstream import Read


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing to show, and nothing wrong. title: what would be here; hint: what the viewer can do."""

    title: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the data on a page is.

    as_of: when the oldest part of it was last confirmed by its upstream.
    age: how long ago that was, in words ("12 minutes").
    because: why no newer data could be had, or None while it is fresh.
    updating: it is older than it should be, and newer data is on its way.
    """

    as_of: datetime
    age: str
    because: str | None
    updating: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as the viewer sees it.

    reference: finds the cause in the server's log. parameter: the one that is wrong, or "".
    required: it cannot be left out.
    retryable: another try can succeed without anything else being changed.
    """

    title: str
    message: str
    status: int
    code: str
    reference: str
    parameter: str = ""
    required: bool = False
    retry_after: int | None = None

    @property
    def retryable(self) -> bool:
        return self.retry_after is not None or self.status >= 500


def name(view: Any, problem: Problem | None, freshness: Freshness | None) -> str:
    """Which state a page is in: "error", "stale", "empty" or "ok"."""
    if problem:
        return "error"
    if freshness and freshness.because:
        return "stale"
    return "empty" if getattr(view, "empty", None) else "ok"


def freshness(reads: Sequence[Read], now: datetime | None = None) -> Freshness | None:
    """How old the oldest figure on a page is, names and units left out; None where nothing was read.

    While some of it is stale, it is the age of the oldest stale part, with the reason for that part.
    """
    figures = [read for read in reads if not read.background] or reads
    if not figures:
        return None
    stale = [read for read in figures if read.stale_because]
    oldest = min(stale or figures, key=lambda read: read.as_of)
    because = oldest.stale_because
    elapsed = (now or datetime.now(UTC)) - oldest.as_of
    if stale:
        updating = any(read.coming for read in stale)
    else:
        updating = any(read.outcome == "refreshing" for read in figures)
    return Freshness(oldest.as_of, in_words(elapsed.total_seconds()), because, updating)


def in_words(seconds: float) -> str:
    """A span of time to the precision that people use: `less than a second`, `12 minutes`, `3 hours`."""
    if seconds < 1:
        return "less than a second"
    spans = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
    size, name = next((span for span in spans if seconds >= span[0]), (1, "second"))
    count = int(seconds // size)
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def problem(error: WidgetError, reference: str) -> Problem:
    """How `error` is shown. Its `detail` stays behind, for the log."""
    return Problem(
        title=error.title,
        message=error.message,
        status=error.status,
        code=error.code,
        reference=reference,
        parameter=error.parameter if isinstance(error, BadParameter) else "",
        required=isinstance(error, BadParameter) and error.required,
        retry_after=error.retry_after if isinstance(error, UpstreamUnavailable | Refused) else None,
    )
