"""What this process knows by key: a bounded memory of its own in front of the storage that all share.

The memory holds answers already read (parsed and checked), so that a fresh one costs next to nothing, and it
is what remains when the storage is away. Of the two, the newer counts.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cachetools import LRUCache

from widgets.upstream.kept import Kept
from widgets.upstream.storage import Storage, StorageAway

_OVERHEAD = 1_000  # bytes of an entry beside its body, about
_READ = 6  # bytes in memory for each byte of a body, once it is read, about
_SKEW = 5.0  # seconds by which an answer may seem to come from the future


@dataclass(frozen=True, slots=True)
class Known:
    """An answer and what it says. value: read from it, shared by all threads, so never changed; None where
    there is no answer to show."""

    kept: Kept
    value: Any


class Shelf:
    """See the module. One for each process.

    most_bytes: of the memory, about. clock: seconds since 1970.
    """

    def __init__(self, storage: Storage, most_bytes: int, clock: Callable[[], float]) -> None:
        self.storage = storage
        self._clock = clock
        self._lock = threading.Lock()
        self._memory: LRUCache[str, Known] = LRUCache(most_bytes, getsizeof=_size)

    def remembered(self, key: str) -> Known | None:
        """What this process itself has seen last, unless it is from the future."""
        with self._lock:
            known: Known | None = self._memory.get(key)
        return known if known and known.kept.written <= self._clock() + _SKEW else None

    def stored(self, key: str, than: Kept | None) -> Kept | None:
        """What the storage has, if that is newer `than` this, and not from the future."""
        try:
            kept = self.storage.get(key)
        except StorageAway:
            return None
        if kept is None or kept.written > self._clock() + _SKEW:
            return None
        return kept if than is None or kept.written > than.written else None

    def remember(self, key: str, kept: Kept, value: Any) -> Known:
        """Keeps it in memory only, unless something newer is there meanwhile: it came from the storage."""
        known = Known(kept, value)
        with self._lock:
            mine = self._memory.get(key)
            if mine and kept.written < mine.kept.written <= self._clock() + _SKEW:
                return mine
            self._memory.pop(key, None)
            # What is larger than the whole memory is not remembered, and nothing else is lost for it.
            if _size(known) <= self._memory.maxsize:
                self._memory[key] = known
        return known

    def put(self, key: str, kept: Kept, value: Any, serves: float) -> Known:
        """Keeps it in both. serves: seconds after `kept.written` for which it can be of use."""
        known = self.remember(key, kept, value)
        until = datetime.fromtimestamp(kept.written, UTC) + timedelta(seconds=serves)
        self.storage.put(key, kept, until)
        return known

    def note(self, key: str) -> dict[str, Any]:
        """A small record that all share; {} where there is none."""
        mine = self.remembered(key)
        kept = self.stored(key, mine.kept if mine else None) or (mine and mine.kept)
        if not kept:
            return {}
        try:
            found = json.loads(kept.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def set_note(self, key: str, record: dict[str, Any], serves: float) -> None:
        """serves: seconds for which it can be of use."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        self.put(key, Kept(json.dumps(record).encode(), now), None, serves)


def _size(known: Known) -> int:
    return _OVERHEAD + _READ * len(known.kept.body)
