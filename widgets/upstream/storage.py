"""What all processes share: kept answers by key, in SQLite on one machine or in Redis for several.

It fails open. Whatever is wrong with the store (locked, read-only, full, corrupt, deleted, not answering),
a write is left out and a read says `StorageAway`; both are counted, and logged once in a while. Nothing
hangs, and no page fails for it: upstreams are asked instead.
"""

import logging
import sqlite3
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from redis import RedisError
from requests_cache.models.response import CachedResponse

from widgets import metrics
from widgets.upstream import purging
from widgets.upstream.kept import Kept, from_entry, to_entry

T = TypeVar("T")
logger = logging.getLogger(__name__)

_PAUSE = 2.0  # seconds to leave a failing store alone, so that not each request waits for it
_LOG_EVERY = 60.0  # seconds between two log lines about a failing store


class StorageAway(Exception):
    """The store cannot be read at the moment."""


class Store(Protocol):
    """One kind of store. Safe to share between threads; after a fork the child makes a new one.

    kind: "sqlite" or "redis". name: where it is, for the log, without a password.
    Every method may raise sqlite3.Error, RedisError or OSError. `get` raises KeyError for what is not
    there, and for nonsense whatever that can raise; some of it comes out as None.
    """

    kind: str
    name: str

    def get(self, key: str) -> CachedResponse | None: ...
    def put(self, key: str, entry: CachedResponse) -> None: ...
    def purge(self) -> None:
        """Removes what has expired, and the oldest of the rest where there is too much."""

    def reset(self, error: Exception | None = None) -> None:
        """Closes connections. error: why, where one has just failed; what can be mended is."""

    def connections(self) -> object:
        """Whatever must be held open in a child that was forked; see `readthrough`."""


class Storage:
    """See the module. errors: how often the store failed in this process."""

    def __init__(self, store: Store) -> None:
        self.errors = 0
        self._store = store
        self._reading = self._writing = ""  # what went wrong last, until it goes well again
        self._read_again = self._write_again = self._log_again = 0.0
        purging.begin(self)

    @property
    def trouble(self) -> str:
        """What is wrong; empty since it last went well."""
        return self._reading or self._writing

    def get(self, key: str) -> Kept | None:
        """What is kept under the key, or None. An entry that makes no sense is None as well.

        Raises StorageAway.
        """
        if time.monotonic() < self._read_again:
            raise StorageAway
        try:
            return from_entry(self._found(key))
        except KeyError:
            return None
        except StorageAway:
            raise
        except (
            Exception
        ) as error:  # the bytes in the store can be anything, and so can what they raise
            self._count(f"unreadable entry {key}: {type(error).__name__}")
            return None

    def _found(self, key: str) -> CachedResponse | None:
        try:
            entry = self._store.get(key)
        except (sqlite3.Error, RedisError, OSError) as error:
            self._read_again = time.monotonic() + _PAUSE
            self._reading = self._failed(error)
            raise StorageAway from None
        except KeyError:
            self._reading = ""
            raise
        self._reading = ""
        return entry

    def put(self, key: str, kept: Kept, keep_until: datetime) -> None:
        """Keeps the answer. `keep_until` (UTC): after that nobody may be shown it, and it can go."""
        entry = to_entry(kept, keep_until)
        self._write(lambda: self._store.put(key, entry))

    def purge(self) -> None:
        """Removes what nobody may be shown any more. `purging` does so now and then."""
        self._write(self._store.purge)

    def close(self) -> None:
        self._store.reset()

    def connections(self) -> object:
        return self._store.connections()

    def _write(self, action: Callable[[], object]) -> None:
        if time.monotonic() < self._write_again:
            return
        try:
            action()
            self._writing = ""
        except (sqlite3.Error, RedisError, OSError) as error:
            self._write_again = time.monotonic() + _PAUSE
            self._writing = self._failed(error)

    def _failed(self, error: Exception) -> str:
        self._store.reset(
            error
        )  # a file that was replaced meanwhile is found by the next connection
        what = f"{type(error).__name__}: {error}"
        self._count(what)
        return what

    def _count(self, what: str) -> None:
        self.errors += 1
        metrics.STORAGE_ERRORS.labels(self._store.kind).inc()
        if time.monotonic() >= self._log_again:
            self._log_again = time.monotonic() + _LOG_EVERY
            logger.warning(
                "the cache %s fails (%s); upstreams are asked instead; %d failures so far",
                self._store.name,
                what,
                self.errors,
            )
