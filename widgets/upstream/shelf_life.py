"""How long what is kept serves: fresh, then shown at once while a newer one is fetched, then shown only where
there is no newer, then not at all. Every rule of that is here; the seconds are in `reads.KEEP`."""

from widgets.upstream.kept import Kept
from widgets.upstream.reads import Keep

NOT_FOUND = 15.0
"""Seconds at most for which "there is no such record" is believed: somebody may just have entered it."""


def ttl(kept: Kept, keep: Keep) -> float:
    """Seconds for which it is fresh."""
    return min(keep.ttl, NOT_FOUND) if kept.status == 404 else keep.ttl


def age(kept: Kept, now: float) -> float:
    return now - kept.as_of.timestamp()


def is_fresh(kept: Kept, keep: Keep, now: float) -> bool:
    return kept.status != 0 and kept.failure is None and age(kept, now) < ttl(kept, keep)


def may_be_shown(kept: Kept, keep: Keep, now: float) -> bool:
    """Whether it may be shown, with its age, while there is no newer. A 404 may not: an outage is no reason
    to say that there is no such record."""
    return kept.status == 200 and age(kept, now) < keep.ttl + keep.stale_for


def may_be_shown_at_once(kept: Kept, keep: Keep, now: float) -> bool:
    """The same, without waiting for a newer one: it is not long over its time, or the upstream is known to be
    failing, which must not be found out by one viewer after the other."""
    young = age(kept, now) < keep.ttl + keep.revalidate_for
    return may_be_shown(kept, keep, now) and (young or kept.failure is not None)


def serves(kept: Kept, keep: Keep) -> float:
    """Seconds after it was given for which it can be of use at all."""
    return keep.ttl + keep.stale_for if kept.status == 200 else ttl(kept, keep)
