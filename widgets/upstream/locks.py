"""One at a time for a key, over all processes that share a store.

On one machine a lock is a byte of a file (`fcntl`): the kernel gives it back when its process ends, even by
`kill -9`, and no server is needed. Over several machines it is a key in Redis that its holder renews; that of
a holder that was killed ends by itself after `LEASE`.

Both fail open: where locks cannot be had, everybody acts alone.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from redis import Redis, RedisError
from redis.exceptions import LockError
from redis.lock import Lock

LEASE = 3.0  # seconds
_LOOK_EVERY = 0.02  # seconds between two tries
_RENEW_EVERY = LEASE / 3
_PAUSE = 2.0  # seconds to leave a Redis alone that failed, so that not each flight waits for it


class Locks(Protocol):
    """Made anew in each process. Whoever asks has made sure that nobody else in the process does."""

    def hold(self, key: str, wait: float) -> AbstractContextManager[bool]:
        """Whether the lock was had within `wait` seconds; 0: try once. key: hex digits, 16 or more."""

    def close(self) -> None: ...


class FileLocks:
    """See the module. path: a file of its own, which is made; its content is nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opening = threading.Lock()
        self._file: int | None = None

    @contextmanager
    def hold(self, key: str, wait: float) -> Iterator[bool]:
        # Any byte, also one that is not there, can be locked; two keys that meet in one only wait in vain.
        place = int(key[:15], 16)
        end = time.monotonic() + wait
        while True:
            try:
                file = self._opened()
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
                break
            except (BlockingIOError, PermissionError):
                if not os.access(self._path, os.W_OK):  # not held: it cannot be opened
                    yield True
                    return
                if time.monotonic() >= end:
                    yield False
                    return
                time.sleep(_LOOK_EVERY)
            except OSError:
                yield True
                return
        try:
            yield True
        finally:
            with suppress(OSError):
                fcntl.lockf(file, fcntl.LOCK_UN, 1, place)

    def close(self) -> None:
        with self._opening:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _opened(self) -> int:
        # Once for the process, and never closed before the end: closing any other descriptor of the same file
        # would give all locks back (POSIX, fcntl).
        with self._opening:
            if self._file is None:
                self._file = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
            return self._file


class RedisLocks:
    """See the module."""

    def __init__(self, client: "Redis", prefix: str = "erp-widgets:lock:") -> None:
        self._client = client
        self._prefix = prefix
        self._held: set[Lock] = set()
        self._lock = threading.Lock()
        self._renewer: threading.Thread | None = None
        self._closed = threading.Event()
        self._again = 0.0

    @contextmanager
    def hold(self, key: str, wait: float) -> Iterator[bool]:
        if time.monotonic() < self._again:
            yield True
            return
        # Not bound to a thread: another one renews it.
        lock = self._client.lock(
            self._prefix + key, timeout=LEASE, sleep=_LOOK_EVERY, thread_local=False
        )
        try:
            if not lock.acquire(blocking=wait > 0, blocking_timeout=wait or None):
                yield False
                return
        except (RedisError, OSError):
            self._again = time.monotonic() + _PAUSE
            yield True
            return
        self._renew(lock)
        try:
            yield True
        finally:
            with self._lock:
                self._held.discard(lock)
            # A lease that ended, because Redis was away, is nobody's loss.
            with suppress(LockError, RedisError, OSError):
                lock.release()

    def close(self) -> None:
        self._closed.set()

    def _renew(self, lock: Lock) -> None:
        with self._lock:
            self._held.add(lock)
            if self._renewer is None:
                self._renewer = threading.Thread(target=self._renew_all, daemon=True)
                self._renewer.start()

    def _renew_all(self) -> None:
        while not self._closed.wait(_RENEW_EVERY):
            with self._lock:
                held = list(self._held)
            for lock in held:
                with suppress(LockError, RedisError, OSError):
                    lock.reacquire()
