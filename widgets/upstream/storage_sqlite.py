"""The store on disk: requests-cache's SQLite storage, made safe for threads and processes, and bounded."""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from requests_cache.backends.sqlite import SQLiteDict
from requests_cache.models.response import CachedResponse

logger = logging.getLogger(__name__)

_TABLE = "responses"
_MAGIC = b"SQLite format 3\0"
_BUSY = 250  # milliseconds to wait for another writer; a write takes well under one
_CHECK_EVERY = 0.05  # of the bound that a process writes between two looks at the size
_SHRINK_TO = 0.8  # of the bound, once it is reached
_AT_ONCE = 500  # rows that one transaction removes
_ROW = 1000  # bytes of a row beside the body, about


class _Responses(SQLiteDict):
    """requests-cache's table with a bounded wait for the write lock.

    requests-cache 1.3.3 tries for ever, in `_acquire_sqlite_lock`, if another process holds the lock or
    the file is read-only, and it drops what fails on commit without a word.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, _TABLE, busy_timeout=_BUSY, wal=True, serializer="json")

    def init_db(self) -> None:
        """Makes the table if it is missing. Opening an existing file takes no write lock, so a thread
        that starts while another process writes can read."""
        with self.connection() as connection:
            found = connection.execute(
                "SELECT 1 FROM sqlite_master WHERE name = ?", (_TABLE,)
            ).fetchone()
        if not found:
            super().init_db()  # type: ignore[no-untyped-call]

    @contextmanager
    def _acquire_sqlite_lock(self) -> Iterator[None]:
        with self._lock:
            if self._connection is None:
                raise sqlite3.OperationalError("connection is closed")
            self._connection.execute("BEGIN IMMEDIATE")  # waits for _BUSY at most
            self._active_transaction = True
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._active_transaction = False


def prepare(path: Path) -> None:
    """Makes the cache file, its directory and its table. A server calls this once before it forks:
    several processes that make a WAL file at the same time find it locked.

    A damaged database is replaced: it is only a cache. Raises FileExistsError if the file is something
    else, OSError or sqlite3.OperationalError if it cannot be made.
    """
    path = Path(path)
    if holds_other_data(path):
        raise FileExistsError(f"{path} is there and is no cache of ours")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _touch(path)
    path.chmod(0o600)
    try:
        _make(path)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        logger.warning("the cache file %s is damaged (%s) and is made anew", path, error)
        for part in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            part.unlink(missing_ok=True)
        _make(path)


def _touch(path: Path) -> None:
    """Makes the file if it is not there. It holds business data: nobody but the server's user may read it.
    SQLite gives -wal and -shm the same mode."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def holds_other_data(path: Path) -> bool:
    """Whether something is there that is neither empty nor a SQLite database (fileformat2.html, 1.3),
    and so must be left as it is. What cannot be read is not known to be."""
    try:
        with path.open("rb") as file:
            beginning = file.read(len(_MAGIC))
    except IsADirectoryError:
        return True
    except OSError:
        return False
    return beginning not in (b"", _MAGIC)


def _make(path: Path) -> None:
    table = _Responses(path)
    try:
        table.count()
    finally:
        table.close()  # type: ignore[no-untyped-call]


class SqliteStore:
    """Answers by key, in one SQLite file. See `storage.Store`. Each thread has its own connection.

    most_bytes: that the file may have; above it the entries that expire first are removed.
    """

    kind = "sqlite"

    def __init__(self, path: Path, most_bytes: int) -> None:
        self.name = str(path)
        self._path = Path(path)
        self._most_bytes = most_bytes
        self._unchecked = 0.0  # bytes
        self._local = threading.local()

    def get(self, key: str) -> CachedResponse | None:
        entry: CachedResponse | None = self._responses()[key]
        return entry

    def put(self, key: str, entry: CachedResponse) -> None:
        responses = self._responses()
        responses.update({key: entry})
        self._unchecked += _ROW + 1.4 * len(entry.content or b"")  # as JSON in a row
        if self._unchecked > _CHECK_EVERY * self._most_bytes:
            self._unchecked = 0.0
            _shrink(responses, self._most_bytes)

    def purge(self) -> None:
        """Does not vacuum: that would copy the whole file under a lock, and the pages that became free are
        used again anyway."""
        responses = self._responses()
        old = "expires <= ?"
        while _delete(responses, old, (round(time.time()), _AT_ONCE)) == _AT_ONCE:
            pass
        _shrink(responses, self._most_bytes)

    def reset(self, error: Exception | None = None) -> None:
        """Closes the calling thread's connection. Those of other threads close when the threads end. A file
        that turns out to be damaged is made anew."""
        responses = self._local.__dict__.pop("responses", None)
        if responses is not None:
            with suppress(sqlite3.Error):
                responses.close()
        if type(error) is sqlite3.DatabaseError:  # what is locked or full is an OperationalError
            with suppress(sqlite3.Error, OSError):
                prepare(self._path)

    def connections(self) -> object:
        """The calling thread's connection, for whoever must hold it open; None if there is none."""
        return getattr(self._local, "responses", None)

    def _responses(self) -> _Responses:
        """This thread's own connection: one that is shared gave "another row available" under load.

        A file that was deleted or replaced is opened anew. SQLite itself goes on writing to the old one,
        and two processes with two files under one name can damage both (howtocorrupt.html, 1.4 and 2.5).
        """
        responses: _Responses | None = getattr(self._local, "responses", None)
        if responses is not None and self._local.file != _identity(self._path):
            self.reset()
            responses = None
        if responses is None:
            _touch(self._path)
            responses = self._local.responses = _Responses(self._path)
            self._local.file = _identity(self._path)
        return responses


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _shrink(responses: _Responses, most_bytes: int) -> None:
    """Removes what expires first until what is in use is well under the bound. The file itself does not
    become smaller; its free pages are used again before it grows."""
    with responses.connection() as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        (count,) = connection.execute(f"SELECT count(*) FROM {_TABLE}").fetchone()  # noqa: S608
    used = (pages - free) * size
    if used <= most_bytes or not count:
        return
    surplus = int(count * (1 - _SHRINK_TO * most_bytes / used)) + 1
    while surplus > 0:
        _delete(responses, "1", (min(surplus, _AT_ONCE),))
        surplus -= _AT_ONCE


def _delete(responses: _Responses, condition: str, values: tuple[int, ...]) -> int:
    """Deletes those of the rows that fulfil the condition which expire first, so many of them, and returns
    how many. Not all at once: others wait for the lock meanwhile, and not for long."""
    with responses.connection(commit=True) as connection:
        return connection.execute(
            f"DELETE FROM {_TABLE} WHERE key IN"  # noqa: S608  # constants of this module
            f" (SELECT key FROM {_TABLE} WHERE {condition} ORDER BY expires LIMIT ?)",
            values,
        ).rowcount
