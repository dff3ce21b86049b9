"""The mock under gunicorn: one process with many threads, since all that it remembers is in memory and a
hang fault holds a thread."""

import socket
import sys
from typing import Any

from gunicorn.app.base import BaseApplication

from mock_erp.app import MockErp, Settings, create_app

# More than any test hangs at a time; threads are made when they are needed.
_THREADS = 128


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 picks a free one. Raises OSError: taken, not allowed, no such host.

    Made here rather than by gunicorn, which tries a taken port again for five seconds.
    """
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(256)
    except OSError:
        listener.close()
        raise
    return listener


def serve(settings: Settings, listener: socket.socket, host: str) -> None:
    """Serve until SIGTERM or SIGINT, then leave the process with status 0."""
    name = f"[{host}]" if ":" in host else host
    address = f"http://{name}:{listener.getsockname()[1]}"
    _Server(create_app(settings), listener.detach(), address).run()


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, app: MockErp, listener: int, address: str) -> None:
        self._app = app
        self._listener = listener
        self._address = address
        super().__init__()

    def load_config(self) -> None:
        settings = {
            "bind": f"fd://{self._listener}",
            "workers": 1,  # the state is in the process
            "worker_class": "gthread",
            "threads": _THREADS,
            "worker_connections": 1000,
            "keepalive": 5,
            "timeout": 0,  # a hang is what is wanted here, not a reason to kill the worker
            "graceful_timeout": 0,  # stop at once, whatever hangs
            "http_parser": "python",
            "control_socket_disable": True,  # by default it is shared by all instances of a user
            "loglevel": "critical",  # broken connections are this server's business
            "post_worker_init": self._ready,
            "worker_exit": self._let_go,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> MockErp:
        return self._app

    def _ready(self, worker: Any) -> None:
        if worker.age == 1:  # a worker that replaces one that died says nothing
            sys.stdout.write(f"mock ERP on {self._address}\n")
            sys.stdout.flush()

    def _let_go(self, server: Any, worker: Any) -> None:  # noqa: ARG002  (gunicorn's signature)
        """The process waits for its threads at its end: none may hang then."""
        self._app.state.faults.clear()
