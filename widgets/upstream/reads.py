"""What a read is: which upstream is asked, for how long its answer is kept, and what is reported of it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from widgets.upstream.credentials import Credential

Outcome = Literal["hit", "miss", "revalidated", "refreshing", "stale"]
Layer = Literal["memory", "storage", "upstream"]
Kind = Literal[
    "on_hand", "products", "orders", "lines", "invoices", "customers", "quality", "prices", "rates"
]


@dataclass(frozen=True, slots=True)
class Upstream:
    """A system that is read over HTTP.

    name: what it is called in a Read and in keys ("ERP").
    called: what it is called in a sentence ("the ERP").
    base_url: the address that everything of it lies under, without a trailing slash.
    plain: see `answers.check_status`.
    """

    name: str
    called: str
    base_url: str
    credential: Credential
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Keep:
    """How long an answer serves. `ttl`: seconds for which it is fresh; `stale_for`: seconds after that
    during which it may still be shown, marked with its age, if the upstream fails."""

    ttl: float
    stale_for: float

    @property
    def revalidate_for(self) -> float:
        """Seconds after `ttl` during which it is shown at once and asked for anew meanwhile; a page that has
        not been looked at for longer waits for the new one."""
        return min(4 * self.ttl, self.stale_for)


@dataclass(frozen=True, slots=True)
class Read:
    """One cached, validated and timed GET of an upstream.

    upstream: the name of the upstream ("ERP").
    what: the entity set or feed that was read ("SalesOrderLines").
    as_of: when the upstream gave or last confirmed this answer, UTC.
    outcome: "hit": from the cache and fresh. "miss": asked for now. "revalidated": the upstream said
        that what we kept still holds. "refreshing": older than it should be, and asked for anew meanwhile.
        "stale": the same, and the upstream has failed.
    layer: which layer had the answer: "memory" of this process, "storage", or the "upstream" itself.
    stale_because: why it is stale, as a part of a sentence for a viewer ("the ERP is not answering");
        None unless `outcome` is "stale".
    seconds: how long the read took.
    key: under which the answer is kept, see `cache_key`.
    keep: for how long it serves.
    fresh_until: up to when the same read has the same result, as far as is known now, UTC.
    background: names and units, which change a few times a year; a page's age leaves them out.
    coming: a newer answer is under way, though `outcome` is "stale": it takes longer than anybody waits.
    """

    upstream: str
    what: str
    as_of: datetime
    outcome: Outcome
    stale_because: str | None
    seconds: float
    key: str
    keep: Keep
    fresh_until: datetime
    layer: Layer
    background: bool = False
    coming: bool = False


Log = Callable[[Read], object]


@dataclass(frozen=True, slots=True)
class Asking:
    """On whose behalf a source reads.

    scope: whose eyes the answers are for (a host and what it is locked to); part of every key, so that
        nobody is shown what another one was allowed to see.
    log: is given each Read in turn; called from several threads.
    request_id: sent to the upstream as X-Request-ID, if it is one plain word of up to 128 characters.
    deadline: by `time.monotonic`, when whoever asks has waited long enough for all of its reads; None: as
        long as one call may take.
    """

    scope: str
    log: Log | None = None
    request_id: str | None = None
    deadline: float | None = None


def cache_key(upstream: Upstream, scope: str, url: str) -> str:
    """The SHA-256 of who asks what of whom, as hex digits. The URL goes in exactly as it is sent, less
    the credential: `?a=` is not the same as no `a`, and an order of parameters is not another order."""
    parts = [upstream.name, upstream.base_url, upstream.credential.identity, scope, url]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


MINUTE, HOUR, DAY = 60, 3600, 86400

KEEP: dict[Kind, Keep] = {
    # Somebody promises stock while looking at it; after an hour a number is worse than none.
    "on_hand": Keep(15, HOUR),
    # An order just entered or shipped must be seen by the person who did so.
    "orders": Keep(15, HOUR),
    "lines": Keep(15, HOUR),
    # Posted once and never changed: only a new one can be missed.
    "invoices": Keep(MINUTE, DAY),
    # Validated some times a day, and looked at for trends.
    "quality": Keep(MINUTE, DAY),
    # Names and units: they change a few times a year.
    "products": Keep(HOUR, DAY),
    "customers": Keep(HOUR, DAY),
    # Published once a day at most, and free feeds allow few calls.
    "prices": Keep(HOUR, DAY),
    "rates": Keep(HOUR, DAY),
}


def checked_url(setting: str, url: str) -> str:
    """The address, if it is one that can be read and holds no credential. Raises ValueError that names
    the setting and quotes nothing."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{setting} must be an address that begins with http:// or https://")
    if parts.username is not None:
        raise ValueError(f"{setting} must not hold a user name or password")
    return url


BACKGROUND: frozenset[Kind] = frozenset(("products", "customers"))
"""What a page shows beside its figures: it may be an hour old without making the page look so."""
