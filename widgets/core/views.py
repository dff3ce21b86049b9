"""Views that hold, kept in this process. A View depends on the parameters, on who may see what, and on what
was read; not on theme or language, on the record that a host shows, on how a page is compressed, or whether
JSON is made of it. While nothing newer is read it is made once for all of these.
"""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cachetools import LRUCache

from widgets.core.made import holds_until
from widgets.core.params import Parameters
from widgets.embedding.context import HostContext
from widgets.upstream import Read

MOST = 64
"""Views that a process keeps: some megabytes at most, and what is looked at within the seconds for which
stock or an order is fresh."""

IsCurrent = Callable[[str, datetime], bool]


@dataclass(frozen=True, slots=True)
class _Kept:
    """reads: those that it was made of, as they are told of where it is shown again."""

    view: Any
    reads: list[Read]
    holds: float


class Views:
    """is_current: see `Services`. most: how many are kept; 0: none."""

    def __init__(self, is_current: IsCurrent, most: int = MOST) -> None:
        self._is_current = is_current
        self._lock = threading.Lock()
        self._kept: LRUCache[Hashable, _Kept] = LRUCache(most)

    def get(self, key: Hashable, reads: list[Read], make: Callable[[], Any]) -> Any:
        """The View of this key, which is `make()` where none holds; None is nobody's key. reads: where `make`
        notes what it reads; what a kept one was made of is added to it. Threads share it."""
        now = time.time()
        with self._lock:
            kept = self._kept.get(key)
        if kept and now < kept.holds and all(self._is_current(r.key, r.as_of) for r in kept.reads):
            reads += kept.reads
            return kept.view
        view = make()
        # What is old is looked at again soon; and it is told of as it was read, here and now.
        is_old = any(read.outcome in ("refreshing", "stale") for read in reads)
        if key and reads and not is_old and self._kept.maxsize:
            as_hits = [replace(read, outcome="hit", layer="memory", seconds=0.0) for read in reads]
            with self._lock:
                self._kept[key] = _Kept(view, as_hits, holds_until(reads, now))
        return view


def key_of(widget: str, scope: str, params: Parameters, context: HostContext | None) -> Hashable:
    """scope: see `Grant.scope`. context: where the view function asks for it. None for parameters that cannot
    be compared."""
    values = tuple(
        tuple(each) if isinstance(each, list) else each for each in vars(params).values()
    )
    # By their text, too: 1.0 is 1.00, and may be shown as either.
    key = (widget, scope, values, repr(vars(params)), context)
    try:
        hash(key)
    except TypeError:
        return None
    return key
