"""A real Redis (or Valkey) on a socket of its own, which a test may kill and start again."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from redis import Redis, RedisError

PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")


class RedisServer:
    """url: for `Place`. Keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        if PROGRAM is None:
            pytest.skip("neither redis-server nor valkey-server is here; `make test` installs one")
        self._socket = folder / "redis.sock"
        self.url = f"unix://{self._socket}?db=0"
        self._folder = folder
        self.start()

    def start(self) -> None:
        options = {"port": "0", "unixsocket": str(self._socket), "dir": str(self._folder)}
        options |= {"save": "", "appendonly": "no"}
        command = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._process = subprocess.Popen([str(PROGRAM), *command], stdout=subprocess.DEVNULL)
        self.client = Redis.from_url(self.url)
        for _ in range(500):
            try:
                if self.client.ping():
                    return
            except (RedisError, OSError):
                time.sleep(0.02)
        pytest.fail("Redis does not start")

    def kill(self) -> None:
        """As `kill -9`. What it had is gone."""
        self.client.close()
        self._process.kill()
        self._process.wait()
        self._socket.unlink(missing_ok=True)

    def pause(self, seconds: float) -> None:
        """Takes connections and answers none, as behind a network that loses packets."""
        self.client.execute_command("CLIENT", "PAUSE", str(int(seconds * 1000)), "ALL")
