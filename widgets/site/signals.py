"""What SIGINT, SIGTERM and SIGHUP do to the parent of the servers."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from types import FrameType


@contextlib.contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that SIGINT, SIGTERM and, of a terminal that was closed, SIGHUP set, instead of what they do
    otherwise. A SIGHUP that is ignored stays so: that is what `nohup` is for."""
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    heard = [signal.SIGINT, signal.SIGTERM]
    if _has_terminal() and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        heard.append(signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def forwarded_hangup(processes: Callable[[], Iterable[subprocess.Popen[bytes]]]) -> Iterator[None]:
    """Without a terminal, as under a supervisor, SIGHUP goes on to these processes."""
    if _has_terminal():
        yield
        return

    def forward(_signal: int, _frame: FrameType | None) -> None:
        for process in processes():
            if process.poll() is None:
                process.send_signal(signal.SIGHUP)

    before = signal.signal(signal.SIGHUP, forward)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return False
    return True
