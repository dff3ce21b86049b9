"""How upstreams and storage are, for whoever runs this server; nothing of it is for viewers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from widgets.upstream.breaker import Rest

State = Literal["closed", "open", "half-open", "unknown", "missing"]


@dataclass(frozen=True, slots=True)
class UpstreamHealth:
    """One upstream and its breaker.

    name: as in a Read ("ERP"). address: its base URL, without credentials.
    state: "closed": it is asked. "open": it is left alone until `until`. "half-open": that is over, and
        one call is tried. "unknown": it has not been asked yet. "missing": nobody has said where it is.
    since: when the trouble began, UTC; None while there is none.
    because: its last failure in words; "" after it has answered.
    last_answer: when it last gave this process an answer, UTC. failures: how often it failed in a row.
    """

    name: str
    address: str
    state: State = "unknown"
    since: datetime | None = None
    until: datetime | None = None
    because: str = ""
    last_answer: datetime | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Health:
    """storage: "ok", or why what is kept cannot be used. upstreams: all that are known."""

    storage: str
    upstreams: Sequence[UpstreamHealth]


def look(name: str, address: str, rest: Rest, last: float | None, now: float) -> UpstreamHealth:
    """Of one upstream. rest: what its breaker knows. last: when it last answered this process.
    Times in seconds since 1970."""
    if rest.until:
        state: State = "open" if now < rest.until and not rest.on_trial else "half-open"
    else:
        state = "unknown" if last is None and rest == Rest() else "closed"
    return UpstreamHealth(
        name,
        address,
        state,
        since=moment(rest.since),
        until=moment(rest.until) if state == "open" else None,
        because=rest.message,
        last_answer=moment(last),
        failures=rest.failures,
    )


def moment(seconds: float | None) -> datetime | None:
    """UTC; None for none, and for the 0 of what was never set."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
