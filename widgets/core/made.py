"""How a page was made, what its headers say of that, and how long it holds."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from widgets.core.states import Freshness
from widgets.embedding.admission import Grant
from widgets.embedding.hosts import Host
from widgets.upstream import Read
from widgets.upstream.reads import Outcome

MADE = "erp_widgets.made"
"""Where in the WSGI environment rendering leaves a Made for the page cache."""

WITHOUT_DATA = 60.0
"""Seconds for which a page that read nothing is kept. It says nothing that could change, but nobody declares
that, and it costs little to make."""

WHILE_REFRESHING = 5.0
"""Seconds for which a page is shown again whose data is older than it should be and being asked for anew."""

_VARY = "HX-Request, HX-History-Restore-Request"
_OUTCOMES: tuple[Outcome, ...] = ("hit", "refreshing", "revalidated", "miss", "stale")


@dataclass(frozen=True, slots=True)
class Made:
    """host: None where it is not known. grant: None where nobody was let in.
    whole: the frame, not the partial.
    state: see `states.name`; also "waiting", a frame without data whose token is on the way.
    seconds: what the view function took, its reads among it, and the templates.
    """

    host: Host | None
    grant: Grant | None
    whole: bool
    state: str
    reads: Sequence[Read]
    freshness: Freshness | None
    seconds: tuple[float, float]

    @property
    def can_be_kept(self) -> bool:
        return self.state == "waiting" or (self.state != "error" and self.grant is not None)


def fresh_until(reads: Sequence[Read]) -> float:
    """When the first of what a page shows becomes older than it should be, in seconds since 1970."""
    return min(read.as_of.timestamp() + read.keep.ttl for read in reads)


def holds_until(reads: Sequence[Read], now: float) -> float:
    """Up to when a page that is made now is what would be made again, if nothing newer is read meanwhile."""
    if not reads:
        return now + WITHOUT_DATA
    return min(
        min(_since(read, now) + read.keep.ttl, read.fresh_until.timestamp()) for read in reads
    )


def _since(read: Read, now: float) -> float:
    return now if read.outcome in ("refreshing", "stale") else read.as_of.timestamp()


def last_until(reads: Sequence[Read], now: float) -> float:
    """Up to when a page holds whose data is being asked for anew, while there is nothing newer of it. Not for
    long: whoever is asking may be killed, and rendering asks again."""
    holds = holds_until(reads, now)
    old = [read for read in reads if read.outcome == "refreshing"]
    if not old or any(read.outcome == "stale" for read in reads):  # it says how old it is
        return holds
    ends = [read.as_of.timestamp() + read.keep.ttl + read.keep.revalidate_for for read in old]
    others = [
        read.as_of.timestamp() + read.keep.ttl for read in reads if read.outcome != "refreshing"
    ]
    return max(holds, min(now + WHILE_REFRESHING, *ends, *others))


def cache_control(made: Made, now: float, *, in_address: bool) -> dict[str, str]:
    """Who else may keep the page, which is made now. in_address: its address has a token.

    A browser may keep it, but asks before it uses it. So it must even where `stale-while-revalidate` lets a
    proxy ask only afterwards: Firefox does where `Expires` is over and there is no `max-age`, both of which
    `s-maxage` overrides in a proxy (RFC 9111, 5.3); frames ask in Chromium anyway, and static/requests.js
    sees to what htmx asks for.
    """
    if made.state == "waiting":
        return {"Cache-Control": "private, max-age=60"}  # there is no data in it
    if made.state == "error" or in_address:
        return {"Cache-Control": "no-store"}
    if made.host is None or made.host.access == "token":
        return {"Cache-Control": "private, no-cache"}
    if made.freshness is None or any(read.keep.ttl < 1 for read in made.reads):
        return {"Cache-Control": "no-cache"}
    # Age counts from when the oldest figure was confirmed, so what is left must be counted from there too. A
    # page that is older than it should be is fresh to no proxy, not even to one that does not count Age.
    until = fresh_until(made.reads)
    shared = max(0, math.floor(until - made.freshness.as_of.timestamp())) if until > now else 0
    revalidate = math.floor(min(read.keep.revalidate_for for read in made.reads))
    stale = math.floor(min(read.keep.stale_for for read in made.reads))
    return {
        "Cache-Control": f"public, s-maxage={shared}, stale-while-revalidate={revalidate}, "
        f"stale-if-error={stale}",
        "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
    }


def vary(made: Made, address_headers: Sequence[str]) -> str:
    """What of a request the page depends on, besides its address. Accept-Encoding is added by what
    compresses it. address_headers: see `Services`; they are in its links."""
    if made.host is None:
        return _VARY
    if made.host.access == "token":
        return f"{_VARY}, Authorization"
    return ", ".join((_VARY, *address_headers))


def reads_status(reads: Sequence[Read], now: float) -> str:
    """The beginning of Cache-Status (RFC 9211), which the page cache ends: what the cache of reads did for
    all of them together."""
    if not reads:
        return ""
    outcomes = {read.outcome for read in reads}
    if "miss" in outcomes:
        how = "fwd=uri-miss"
    elif outcomes & {"revalidated", "stale"}:
        how = "fwd=stale"
    else:
        how = "hit"
    return f"erp-widgets-reads; {how}; ttl={math.floor(fresh_until(reads) - now)}, "


def server_timing(made: Made) -> str:
    """Where the time went. Reads run side by side, so their sum can be more than the view took."""
    view, template = made.seconds
    parts = []
    if made.reads:
        counts = Counter(read.outcome for read in made.reads)
        each = ", ".join(f"{counts[name]} {name}" for name in _OUTCOMES if counts[name])
        reads = min(sum(read.seconds for read in made.reads), view)
        view -= reads
        parts.append(f'reads;dur={reads * 1e3:.1f};desc="{each}"')
    if made.grant:
        parts.append(f"view;dur={view * 1e3:.1f}")
    return ", ".join([*parts, f"template;dur={template * 1e3:.1f}"])
