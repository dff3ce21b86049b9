"""Counts of several processes as one: prometheus_client has each write files of its own into a folder.

Files of processes that have ended are merged. prometheus_client keeps them for ever, and a worker that is
killed again and again would leave four behind each time, all to be read at each look.
"""

import fcntl
import logging
import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

logger = logging.getLogger(__name__)

_ADDED = ("counter", "histogram", "summary")
_NEWEST = "gauge_mostrecent"
# Of a file that is being made, or that a process was killed in the middle of making.
_UNREADABLE = (struct.error, RuntimeError, ValueError)


def collect() -> list[Metric]:
    """All metrics, of all processes that share them."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not folder:
        return list(REGISTRY.collect())
    for left in (2, 1, 0):
        try:
            with _lock(Path(folder), fcntl.LOCK_SH, patience=1.0):
                return list(MultiProcessCollector(None, folder).collect())  # type: ignore[no-untyped-call]
        except (*_UNREADABLE, FileNotFoundError):
            if not left:
                raise
            time.sleep(0.01)  # a worker that has just been started makes its files
    raise AssertionError  # pragma: no cover


def exposition(accept: str) -> tuple[bytes, str]:
    """What Prometheus reads, and its content type: OpenMetrics for whoever accepts that."""
    encode, content_type = choose_encoder(accept)
    return encode(_Everything()), content_type


class _Everything:
    """What prometheus_client's encoders take for a registry."""

    collect = staticmethod(collect)


def bury(folder: Path, dead: set[int]) -> None:
    """Adds what processes that have ended had counted to one file, and takes them out of `dead`. What only
    the living count for, such as pages in memory, goes.

    Called where the server's life depends on it, so it raises nothing, and waits for nobody: a worker that
    is stuck while it reads the files is to be killed by who calls this. What was not done is done next time.
    """
    try:
        for pid in dead:
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
        with _lock(folder, fcntl.LOCK_EX, patience=0.0):
            for kind in (*_ADDED, _NEWEST):
                files = [folder / f"{kind}_{pid}.db" for pid in dead]
                _merge(folder / f"{kind}_merged.db", [path for path in files if path.exists()])
        dead.clear()
    except BlockingIOError:
        pass
    except Exception as error:
        logger.warning("Counts of workers that ended were not merged: %r", error)


def _merge(into: Path, files: list[Path]) -> None:
    if not files:
        return
    values: dict[str, tuple[float, float]] = {}
    for path in [into, *files] if into.exists() else files:
        for key, value, stamp in _read(path):
            before, stamp_before = values.get(key, (0.0, 0.0))
            if not into.name.startswith(_NEWEST):
                values[key] = before + value, 0.0
            elif stamp >= stamp_before:
                values[key] = value, stamp
    # Written beside and renamed, so that whoever is killed here leaves the old file or the new one. And
    # filled first: a write that finds no room is an error, a page of mapped memory that finds none the end.
    scratch = into.with_suffix(".part")
    scratch.write_bytes(bytes(64 + sum(len(key.encode()) + 32 for key in values)))
    written = MmapedDict(str(scratch))  # type: ignore[no-untyped-call]
    for key, (value, stamp) in values.items():
        written.write_value(key, value, stamp)  # type: ignore[no-untyped-call]
    written.close()  # type: ignore[no-untyped-call]
    scratch.replace(into)
    for path in files:
        path.unlink(missing_ok=True)


def _read(path: Path) -> list[tuple[str, float, float]]:
    try:
        entries = MmapedDict.read_all_values_from_file(str(path))  # type: ignore[no-untyped-call]
        return [(key, value, stamp) for key, value, stamp, _ in entries]
    except _UNREADABLE as error:
        # Left as it is, it would fail every look at the metrics.
        logger.warning("%s cannot be read (%r); what it counted is lost", path, error)
        return []


@contextmanager
def _lock(folder: Path, how: int, patience: float) -> Iterator[None]:
    """Many may read while nobody merges. Whoever waits for longer than `patience` seconds reads nevertheless,
    but does not merge: BlockingIOError."""
    lock = _open_lock(folder / "lock")
    try:
        latest = time.monotonic() + patience
        while not _got(lambda: fcntl.flock(lock, how | fcntl.LOCK_NB)):
            if time.monotonic() > latest:
                if how == fcntl.LOCK_EX:
                    raise BlockingIOError(f"{folder} is being read")
                break
            time.sleep(0.005)
        yield
    finally:
        os.close(lock)


def _got(lock: Callable[[], None]) -> bool:
    try:
        lock()
    except BlockingIOError:
        return False
    return True


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
