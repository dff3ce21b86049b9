"""Removes from each storage, now and then, what nobody may be shown any more: one thread for a process."""

import os
import random
import threading
import time
import weakref
from typing import Protocol

EVERY = 600.0
"""Seconds between two times, about."""


class Purgeable(Protocol):
    def purge(self) -> None: ...


_lock = threading.Lock()
_all: "weakref.WeakSet[Purgeable]" = weakref.WeakSet()
_thread: threading.Thread | None = None


def begin(storage: Purgeable) -> None:
    """From now on, as long as anybody uses the storage."""
    global _thread  # noqa: PLW0603
    with _lock:
        _all.add(storage)
        if _thread is None:
            _thread = threading.Thread(target=_purge_now_and_then, name="purging", daemon=True)
            _thread.start()


def _purge_now_and_then() -> None:
    while True:
        # The processes of a server start together, and should not all do it at once.
        time.sleep(EVERY * random.uniform(0.75, 1.25))  # noqa: S311  # no secret
        _purge_all()


def _purge_all() -> None:
    with _lock:
        storages = list(_all)
    for storage in storages:
        storage.purge()


def _forget_in_child() -> None:
    """The thread stayed in the parent, and so does what it looked after."""
    global _lock, _all, _thread
    _lock, _all, _thread = threading.Lock(), weakref.WeakSet(), None


os.register_at_fork(after_in_child=_forget_in_child)
