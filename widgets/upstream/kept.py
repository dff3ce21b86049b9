"""What is kept of one read: the upstream's last good answer and, if it has failed since, how."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from requests.structures import CaseInsensitiveDict
from requests_cache.models.response import CachedResponse

from widgets.errors import UpstreamInvalid, UpstreamRefused, UpstreamUnavailable, WidgetError

# RFC 9110, 8.8.3; anything else could break a header.
_ETAG = re.compile(r'(W/)?"[\x21\x23-\x7e]*"')
LONGEST = 300.0
"""Seconds for which nobody tries again, at most: the longest Retry-After that is believed."""
_FAILURES: dict[str, type[WidgetError]] = {
    error.code: error for error in (UpstreamInvalid, UpstreamRefused, UpstreamUnavailable)
}


@dataclass(frozen=True, slots=True)
class Failure:
    """The last try, which failed. Everybody is told the same until somebody tries again.

    code, message: of the error. at, again: seconds since 1970: when it failed, and before when nobody is to
    try again.
    """

    code: str
    message: str
    at: float
    again: float

    def error(self, now: float) -> WidgetError:
        """The error, to be raised again."""
        detail = f"told {max(0.0, now - self.at):.0f} s ago, and not asked again so soon"
        if self.code == UpstreamUnavailable.code:
            wait = max(1, round(self.again - now))
            return UpstreamUnavailable(self.message, retry_after=wait, detail=detail)
        return _FAILURES[self.code](self.message, detail=detail)


@dataclass(frozen=True, slots=True)
class Kept:
    """status: 200, 404 (an answer too: there is no such record), or 0 where there is no answer to show.

    body: as it came. as_of: when it was given or last confirmed, UTC. etag: its ETag, or "".
    failure: of the last try, if that was not this answer.
    written: when this became known, seconds since 1970; worked out once: each hit on a page asks.
    """

    body: bytes
    as_of: datetime
    etag: str = ""
    status: int = 200
    failure: Failure | None = None
    written: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        failed = self.failure.at if self.failure else 0.0
        object.__setattr__(self, "written", max(self.as_of.timestamp(), failed))


def to_entry(kept: Kept, keep_until: datetime) -> CachedResponse:
    """What requests-cache stores. It is built here, field by field: no request, so no credential either.

    keep_until: after that nobody may be shown it, and it can go, UTC.
    """
    headers = {"Content-Type": "application/json", "ETag": kept.etag}
    if kept.failure:
        failure = kept.failure
        headers["X-Failure"] = json.dumps(
            [failure.code, failure.message, failure.at, failure.again]
        )
    return CachedResponse(
        status_code=kept.status,
        content=kept.body,
        headers=CaseInsensitiveDict(headers),
        created_at=kept.as_of,
        expires=keep_until,
    )


def from_entry(entry: CachedResponse | None) -> Kept:
    """Checks what came from the store, which whoever can write there may have written. Raises ValueError,
    or whatever nonsense can raise."""
    if (
        entry is None
        or not isinstance(entry.content, bytes)
        or entry.status_code not in (0, 200, 404)
    ):
        raise ValueError("no answer")
    if not isinstance(entry.created_at, datetime) or entry.created_at.tzinfo is None:
        raise ValueError("no time")
    etag = str(entry.headers.get("ETag", ""))
    failure = None
    if told := entry.headers.get("X-Failure"):
        code, message, at, again = json.loads(told)
        failure = Failure(str(code), str(message), float(at), float(again))
        # Not so long that a planted one keeps everybody away; NaN fails here too.
        if code not in _FAILURES or not 0 <= failure.at <= failure.again <= failure.at + LONGEST:
            raise ValueError("no such failure")
    if entry.status_code == 404:
        message, detail = json.loads(entry.content)
        if not (isinstance(message, str) and isinstance(detail, str)):
            raise ValueError("no such 404")
    return Kept(
        entry.content,
        entry.created_at.astimezone(UTC),
        etag if _ETAG.fullmatch(etag) else "",
        int(entry.status_code),
        failure,
    )
