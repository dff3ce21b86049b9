"""The folder in which the processes of one server count together, see `widgets.metrics.processes`.

gunicorn.conf.py asks for it before anything else of ours is loaded, so this imports nothing that counts.
"""

import atexit
import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
PREFIX = "erp-widgets-metrics-"
MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder there that is ours alone
ROOM = 16 * 1024 * 1024  # bytes; four workers take about one megabyte
_YOUNG = 60.0  # seconds that a folder may be there before it has an owner
_held: list[int] = []
"""Locks that are held for as long as this process, or one that it forked, lives."""


def start() -> None:
    """Makes the folder and says where it is, to prometheus_client and to the processes that are to come.

    One that the operator names is used as it is. One that a server of ours made is not: when gunicorn
    replaces itself (SIGUSR2), the new one inherits the variable while the old one still counts.
    """
    given = os.environ.get(VARIABLE)
    if given and not Path(given).name.startswith(PREFIX):
        Path(given).mkdir(mode=0o700, parents=True, exist_ok=True)
        return
    folder = _make()
    if folder is None:
        os.environ.pop(VARIABLE, None)  # each worker then counts for itself
        return
    os.environ[VARIABLE] = str(folder)
    _hold(folder)
    _remove_left_behind(folder.parent)
    maker = os.getpid()
    # For an end that comes before gunicorn calls its own hook. Workers run this too.
    atexit.register(lambda: end() if os.getpid() == maker else None)


def end() -> None:
    """Removes the folder, if it is ours."""
    given = os.environ.get(VARIABLE, "")
    if Path(given).name.startswith(PREFIX):
        shutil.rmtree(given, ignore_errors=True)


def _make() -> Path | None:
    """In memory where there is room, so that a full or slow disk neither loses counts nor holds up a request;
    private to this user; None where nothing can be written."""
    with contextlib.suppress(OSError):
        # Memory that is mapped over a file that finds no room ends the process.
        if shutil.disk_usage(MEMORY).free > ROOM:
            return Path(tempfile.mkdtemp(prefix=PREFIX, dir=MEMORY))
    with contextlib.suppress(OSError):
        return Path(tempfile.mkdtemp(prefix=PREFIX))
    return None


def _hold(folder: Path) -> None:
    lock = _open(folder)
    fcntl.flock(lock, fcntl.LOCK_SH)
    _held.append(lock)


def _remove_left_behind(parent: Path) -> None:
    """Those that nobody holds any more: their servers were killed."""
    for folder in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # it went meanwhile, or somebody holds it
            found = folder.stat()
            if found.st_uid != os.getuid() or time.time() - found.st_mtime < _YOUNG:
                continue
            lock = _open(folder)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _open(folder: Path) -> int:
    return os.open(folder / "owner", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
