"""The cache on disk: requests-cache's SQLite storage, made safe for many threads and processes.

It fails open: whatever is wrong with the file (locked, read-only, full, corrupt, deleted), a read is a
miss and a write is left out; both are counted, and logged once in a while. Nothing hangs, nothing raises.
"""

import logging
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from requests.structures import CaseInsensitiveDict
from requests_cache.backends.sqlite import SQLiteDict
from requests_cache.models.response import CachedResponse

logger = logging.getLogger(__name__)

_TABLE = "responses"
_MAGIC = b"SQLite format 3\0"
_ETAG = re.compile(
    r'(W/)?"[\x21\x23-\x7e]*"'
)  # RFC 9110, 8.8.3; anything else could break a header
_BUSY = 250  # milliseconds to wait for another writer; a write takes well under one
_PAUSE = 2.0  # seconds to leave a failing file alone, so that not each request waits for it
_LOG_EVERY = 60.0  # seconds between two log lines about a failing file
_PURGE_EVERY = 600.0  # seconds between two removals of what nobody may be shown any more


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored answer: the body as it came, when it was given or confirmed (UTC), its ETag or ""."""

    body: bytes
    as_of: datetime
    etag: str


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


class Storage:
    """Answers by key, in one SQLite file. Safe to share between threads: each has its own connection.
    After a fork the child makes a new Storage.

    errors: how often the file failed since the start.
    """

    def __init__(self, path: Path) -> None:
        self.errors = 0
        self._path = Path(path)
        self._local = threading.local()
        self._read_again = self._write_again = self._log_again = 0.0
        self._purge_again = time.monotonic() + _PURGE_EVERY

    def get(self, key: str) -> Kept | None:
        """What is kept under the key, or None. An entry that makes no sense is None as well."""
        if time.monotonic() < self._read_again:
            return None
        try:
            return _kept(self._responses()[key])
        except KeyError:
            return None
        except (sqlite3.Error, OSError) as error:
            self._read_again = time.monotonic() + _PAUSE
            self._failed(error)
        except (
            Exception
        ) as error:  # the bytes on the disk can be anything, and so can what they raise
            self._count(f"unreadable entry {key}: {type(error).__name__}")
        return None

    def put(self, key: str, kept: Kept, keep_until: datetime) -> None:
        """Keeps the answer. `keep_until` (UTC): after that nobody may be shown it, and it can go.

        What is written is built here, field by field: no request, so no credential either.
        """
        entry = CachedResponse(
            status_code=200,
            content=kept.body,
            headers=CaseInsensitiveDict({"Content-Type": "application/json", "ETag": kept.etag}),
            created_at=kept.as_of,
            expires=keep_until,
        )
        self._write(lambda responses: responses.update({key: entry}))
        if time.monotonic() >= self._purge_again:
            self._purge_again = time.monotonic() + _PURGE_EVERY
            self.purge()

    def drop(self, key: str) -> None:
        """Forgets the answer, if there is one."""
        self._write(lambda responses: responses.pop(key, None))

    def purge(self) -> None:
        """Removes what nobody may be shown any more. Does not vacuum: that would copy the whole file
        under a lock, and the pages that became free are used again anyway."""
        self._write(_delete_expired)

    def close(self) -> None:
        """Closes the calling thread's connection. Those of other threads close when the threads end."""
        responses = self._local.__dict__.pop("responses", None)
        if responses is not None:
            with suppress(sqlite3.Error):
                responses.close()

    def connection(self) -> object:
        """The calling thread's connection, for whoever must hold it open; None if there is none."""
        return getattr(self._local, "responses", None)

    def _responses(self) -> _Responses:
        """This thread's own connection: one that is shared gave "another row available" under load.

        A file that was deleted or replaced is opened anew. SQLite itself goes on writing to the old one,
        and two processes with two files under one name can damage both (howtocorrupt.html, 1.4 and 2.5).
        """
        responses: _Responses | None = getattr(self._local, "responses", None)
        if responses is not None and self._local.file != _identity(self._path):
            self.close()
            responses = None
        if responses is None:
            _touch(self._path)
            responses = self._local.responses = _Responses(self._path)
            self._local.file = _identity(self._path)
        return responses

    def _write(self, action: Callable[[_Responses], object]) -> None:
        if time.monotonic() < self._write_again:
            return
        try:
            action(self._responses())
        except (sqlite3.Error, OSError) as error:
            self._write_again = time.monotonic() + _PAUSE
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        self.close()  # a file that was replaced meanwhile is found by the next connection
        self._count(f"{type(error).__name__}: {error}")

    def _count(self, what: str) -> None:
        self.errors += 1
        if time.monotonic() >= self._log_again:
            self._log_again = time.monotonic() + _LOG_EVERY
            logger.warning(
                "the cache %s fails (%s); upstreams are asked instead; %d failures so far",
                self._path,
                what,
                self.errors,
            )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _delete_expired(responses: _Responses) -> None:
    with responses.connection(commit=True) as connection:
        connection.execute(
            f"DELETE FROM {_TABLE} WHERE expires <= ?",  # noqa: S608  # a constant of this module
            (round(time.time()),),
        )


def _kept(entry: CachedResponse | None) -> Kept:
    """Checks what came from the disk. Raises ValueError, or whatever nonsense can raise."""
    if entry is None or not isinstance(entry.content, bytes):
        raise ValueError("no body")
    if not isinstance(entry.created_at, datetime) or entry.created_at.tzinfo is None:
        raise ValueError("no time")
    etag = str(entry.headers.get("ETag", ""))
    return Kept(
        entry.content, entry.created_at.astimezone(UTC), etag if _ETAG.fullmatch(etag) else ""
    )
