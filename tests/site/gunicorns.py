"""Real servers with `gunicorn.conf.py`, over the application of `counted_app`."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Gunicorn:
    url: str
    process: "subprocess.Popen[bytes]"
    out: Path
    err: Path

    def get(self, path: str, **options: Any) -> requests.Response:
        """On a connection of its own, so that any worker may have it."""
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"{self.url}{path}", timeout=20, **options)

    def folder(self) -> Path:
        """Where its processes count."""
        pairs = Path(f"/proc/{self.workers()[0]}/environ").read_bytes().split(b"\0")
        for pair in pairs:
            if pair.startswith(b"PROMETHEUS_MULTIPROC_DIR="):
                return Path(pair.partition(b"=")[2].decode())
        # Set by the parent itself, it is in no /proc: found by who holds its lock.
        for link in Path(f"/proc/{self.process.pid}/fd").iterdir():
            if link.readlink().name == "owner":
                return link.readlink().parent
        raise AssertionError("it counts nowhere")

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]


@contextmanager
def gunicorn(
    folder: Path, *options: str, workers: int = 2, **environment: str
) -> Iterator[Gunicorn]:
    """A server of its own; must stop cleanly at the end unless a test has killed it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WIDGETS_")}
    clean.pop("PROMETHEUS_MULTIPROC_DIR", None)
    out, err = folder / "stdout", folder / "stderr"
    command = [sys.executable, "-m", "gunicorn", "--bind", address, "--workers", str(workers)]
    with (
        out.open("wb") as stdout,
        err.open("wb") as stderr,
        subprocess.Popen(
            [*command, *options, "tests.site.counted_app:application()"],
            cwd=ROOT,
            env=clean | {"WIDGETS_CACHE_FILE": str(folder / "reads.sqlite")} | environment,
            stdout=stdout,
            stderr=stderr,
        ) as process,
    ):
        server = Gunicorn(f"http://{address}", process, out, err)
        try:
            for _ in range(600):
                assert process.poll() is None, err.read_text()
                try:
                    if server.get("/healthz").ok:
                        break
                except requests.ConnectionError:
                    time.sleep(0.05)
            yield server
            if process.poll() is None:
                process.terminate()
                assert process.wait(20) == 0, err.read_text()
        finally:
            process.kill()
