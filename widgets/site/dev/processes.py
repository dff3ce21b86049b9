"""The processes of the development loop: the mock ERP, and the servers that take over from each other."""

import contextlib
import json
import os
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from widgets.site.serve import MOCK_IS_UP, Child, ServeError, start, stop_all, wait_until_up

LONGEST = 4.0  # seconds that a server has to end once another has taken over
LINES = 8  # of what a mock ERP says that does not start
OFTEN = 3  # ends by itself within YOUNG seconds, after which a server would only do so again
YOUNG = 5.0


@dataclass(frozen=True, slots=True)
class Spare:
    """A process that can become the server. ready: where it says that it can serve."""

    child: Child
    ready: IO[bytes]


class Server:
    """The processes of the server: the one that answers, the one that is to take over, a spare one that is to
    be the next, and those that end.

    folders: of the packages of widgets that it found, beside those that are always watched.
    mistake: of the mock ERP. is_broken: whether the code could not be loaded.
    """

    def __init__(
        self, listener: socket.socket, environment: dict[str, str], say: Callable[[str], None]
    ) -> None:
        self.environment = environment
        self.folders: set[Path] = set()
        self.mistake = ""
        self.is_broken = False
        self.current: Child | None = None
        self._listener = listener
        self._turn = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`
        self._say = say
        self._coming: Spare | None = None
        self._spare: Spare | None = self._prepared()
        self._since = 0.0
        self._quick = 0
        self._ending: list[tuple[Child, float]] = []

    def start(self) -> None:
        """Start the next process, since something has changed."""
        self._quick = 0
        self._start()

    def _start(self) -> None:
        """One that was about to take over is out of date."""
        if self._coming:
            self._give_up(self._coming)
        if self._spare is None or self._spare.child.process.poll() is not None:
            self._spare = self._prepared()
        self._coming, self._spare = self._spare, None
        _write(self._coming.child, self.environment)
        self._since = time.monotonic()

    def _prepared(self) -> Spare:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        passed = (self._listener.fileno(), writing, self._turn.fileno())
        child = start(
            "development server",
            ["-m", "widgets.site.dev.spare", *map(str, passed)],
            self.environment,
            shown=True,
            pass_fds=passed,
            stdin=subprocess.PIPE,
        )
        os.close(writing)
        return Spare(child, os.fdopen(reading, "rb"))

    def _give_up(self, spare: Spare) -> None:
        spare.child.process.kill()
        spare.ready.close()
        self._ending.append((spare.child, time.monotonic()))

    def turn(self) -> None:
        """See what has become of the processes since the last look."""
        self._bury()
        if self._coming and (line := self._coming.ready.readline()):
            self._take_over(self._coming, json.loads(line))
        elif self._coming and self._coming.child.process.poll() is not None:
            ended, self._coming = self._coming, None
            ended.ready.close()
            self._start_again(ended.child.process.returncode)
        elif self.current and not self._coming and self.current.process.poll() is not None:
            ended_with, self.current = self.current.process.returncode, None
            self._start_again(ended_with)

    def _start_again(self, status: int) -> None:
        """Since one ended by itself; not for ever."""
        self._quick = self._quick + 1 if time.monotonic() - self._since < YOUNG else 0
        if self._quick < OFTEN:
            self._say(f"Ended    the server ended with status {status} and starts anew")
            self._start()
        else:
            self._say(f"Ended    the server ended with status {status}; it starts with a change")
            self.is_broken = True

    def _take_over(self, coming: Spare, said: dict[str, Any]) -> None:
        if self.current:
            self.current.process.terminate()
            self._ending.append((self.current, time.monotonic()))
        coming.ready.close()
        self.current, self._coming = coming.child, None
        self.folders = {Path(name) for name in said["folders"]}
        self.is_broken = bool(said["mistake"])
        if self.is_broken:
            self._say(f"Mistake  {said['mistake']}")
        self.tell()  # also of what has changed since it looked itself
        if self._spare is None:  # not before: it would only have the one that is wanted wait
            self._spare = self._prepared()

    def tell(self) -> None:
        """Have the process that answers look at its files, and say what is wrong with the mock ERP."""
        if self.current:
            _write(self.current, self.mistake)

    def _bury(self) -> None:
        for child, since in list(self._ending):
            if child.process.poll() is None and time.monotonic() - since > LONGEST:
                child.process.kill()
            if child.process.poll() is not None:
                self._ending.remove((child, since))
                _close(child)

    def stop(self) -> None:
        children = [child for child, _ in self._ending]
        children += [self.current] if self.current else []
        for spare in (self._coming, self._spare):
            if spare:
                spare.ready.close()
                children.append(spare.child)
        for child in children:
            _close(child)
        stop_all(children)
        self._turn.close()


def _write(child: Child, said: object) -> None:
    """A line for its standard input."""
    if child.process.stdin:
        with contextlib.suppress(BrokenPipeError):
            child.process.stdin.write(json.dumps(said).encode() + b"\n")
            child.process.stdin.flush()


def _close(child: Child) -> None:
    if child.process.stdin:
        with contextlib.suppress(BrokenPipeError):
            child.process.stdin.close()


class Mock:
    """The mock ERP's process. What it says when it cannot start is `mistake`."""

    def __init__(self, port: int, folder: Path, stopped: threading.Event) -> None:
        self.mistake = ""
        self._port = port
        self._folder = folder
        self._stopped = stopped
        self._child: Child | None = None
        self._times = 0

    def start(self) -> bool:
        """Whether it answers."""
        self._times += 1
        with (self._folder / "mock").open("w+", encoding="utf-8") as said:
            self._child = start(
                "mock ERP", ["-m", "mock_erp", "--port", str(self._port)], os.environ, stderr=said
            )
            try:
                self.mistake = ""
                return wait_until_up(
                    [self._child], "127.0.0.1", self._port, MOCK_IS_UP, self._stopped
                )
            except ServeError:
                said.seek(0)
                last = said.read().rstrip().split("\n")[-LINES:]
                self.mistake = "\n".join(("The mock ERP does not start", *last))
                return False

    def cache(self) -> dict[str, str]:
        """The setting that has the server keep nothing of an earlier one."""
        return {"WIDGETS_CACHE_FILE": str(self._folder / str(self._times) / "reads.sqlite")}

    def stop(self) -> None:
        if self._child:
            stop_all([self._child])
            self._child = None
