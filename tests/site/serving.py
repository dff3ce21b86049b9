"""Starts the real `serve` command and knows every process that came of it. Linux only: it reads /proc."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
THIS_TREE = (sys.executable, "-m", "widgets.site.cli")
SERVE = ("serve", "--workers", "1")


@dataclass
class Serving:
    process: subprocess.Popen[str]
    mark: str
    complaints: Path
    said: str = ""

    @property
    def address(self) -> str:
        """Root of the widget server, from what was printed."""
        return self.said.partition("Gallery")[2].split()[0]

    def wait_until_said(self, word: str) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said += line
            if word in line:
                return
        raise AssertionError(f"ended without {word!r}: {self.said}{self.complaints.read_text()}")

    def descendants(self, having: str = "") -> dict[int, str]:
        """Command lines by process id of all that `serve` started, at any depth, and that still runs; the
        oldest first."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if f"SERVING={self.mark}".encode() not in (folder / "environ").read_bytes():
                    continue
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                # Of what follows the name, which may have anything in it: when it started, proc(5).
                started = int((folder / "stat").read_text().rpartition(")")[2].split()[19])
            except (ProcessLookupError, FileNotFoundError, PermissionError):
                continue  # it ended meanwhile, or is not ours
            if command and having in command and int(folder.name) != self.process.pid:
                found.append((started, int(folder.name), command))
        return {pid: command for _, pid, command in sorted(found)}

    def all_gone(self, within: float = 20) -> bool:
        """Whether no process is left, at the latest after so many seconds."""
        latest = time.monotonic() + within
        while self.descendants():
            if time.monotonic() > latest:
                return False
            time.sleep(0.05)
        return True


@contextmanager
def serving(
    tmp_path: Path,
    *options: str,
    command: Sequence[str] = THIS_TREE,
    verb: Sequence[str] = SERVE,
    cwd: Path = ROOT,
    until: str | None = "Stop",
    **environment: str,
) -> Iterator[Serving]:
    """`serve`, or another verb, on free ports, with one worker, once it has said `until`. Everything is
    killed at the end."""
    mark = uuid.uuid4().hex
    complaints = tmp_path / "stderr"
    arguments = [*command, *verb, "--port", "0", "--erp-port", "0", *options]
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("WIDGETS_")}
    with (
        complaints.open("w") as stderr,
        subprocess.Popen(
            arguments,
            cwd=cwd,
            env=inherited
            | {"SERVING": mark, "WIDGETS_CACHE_FILE": str(tmp_path / "reads.sqlite")}
            | environment,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        server = Serving(process, mark, complaints)
        try:
            if until:
                server.wait_until_said(until)
            yield server
        finally:
            process.kill()
            for pid in server.descendants():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
