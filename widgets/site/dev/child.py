"""The server's process, which `spare` becomes once it is wanted.

It serves until SIGTERM, or until whoever started it is gone. On standard input it is told that files have
changed. Here nothing of ours is loaded that a mistake somewhere in the code could keep from being loaded.
"""

import contextlib
import fcntl
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from widgets.site.dev.front import Front
    from widgets.site.dev.trace import Trace

LONGEST = 2.0  # seconds that answers under way have to end


class Handler(WSGIRequestHandler):
    # One request a connection: none is left with a process that another has taken over from.
    protocol_version = "HTTP/1.0"

    def log_request(self, *_: object) -> None:
        """Say nothing: `print` of a widget's author is to be found in the terminal."""


class Server(ThreadedWSGIServer):
    """Knows how many connections it has taken and not dealt with."""

    def __init__(self, front: "Front", listener: int) -> None:
        super().__init__("127.0.0.1", 0, front, Handler, fd=listener)
        self._all_done = threading.Condition()
        self._under_way = 0

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._all_done:
            self._under_way += 1
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._all_done:
                self._under_way -= 1
                self._all_done.notify_all()

    def wait(self) -> None:
        """Until every answer is sent, but no longer than LONGEST."""
        with self._all_done:
            self._all_done.wait_for(lambda: not self._under_way, LONGEST)


def main(listener: int, ready: int, turn: int) -> None:
    """Serve. File descriptors: of the socket, of where to say that this one can serve, and of the file that
    whoever takes connections has locked."""
    from widgets.site import files  # noqa: PLC0415

    front = load()
    server = Server(front, listener)

    said = {
        "mistake": front.trace.in_words() if front.trace else "",
        "folders": [str(folder) for folder in files.of_packages().values()],
    }
    sys.stdout.flush()
    os.write(ready, json.dumps(said).encode() + b"\n")
    os.close(ready)
    # Two that take connections at once would answer with old code what a page of the new code asks for. Those
    # who come meanwhile wait at the socket. A process that is gone has locked nothing, and one that a widget
    # starts does not inherit such a lock. Until it is held, SIGTERM ends this process as any other.
    fcntl.lockf(turn, fcntl.LOCK_EX)

    def stop(*_: object) -> None:
        # From another thread, since it waits for the one that serves.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=_hear, args=(front, stop), daemon=True).start()
    server.serve_forever(0.02)
    fcntl.lockf(turn, fcntl.LOCK_UN)
    # Nobody comes to this process any more: who hears the stream end finds the next one.
    front.told.end()
    server.wait()
    sys.stdout.flush()
    os._exit(0)  # whatever still runs


def load() -> "Front":
    """The application, or what tells why there is none."""
    from widgets.site.dev.files import Told, roots  # noqa: PLC0415
    from widgets.site.dev.front import Front  # noqa: PLC0415

    try:
        from widgets.site.dev import application  # noqa: PLC0415

        app, told = application.make()
    except (Exception, SystemExit) as error:  # a module may end the process too
        found = explain(error)
        return Front(None, Told(roots(), mistake=found.in_words()), found)
    return Front(app, told, None)


def explain(error: BaseException) -> "Trace":
    from widgets.site.dev import trace  # noqa: PLC0415

    hidden: list[str] = []
    with contextlib.suppress(Exception):  # it may be these that cannot be loaded
        from widgets.site.dev import secrets  # noqa: PLC0415
        from widgets.site.settings import Settings  # noqa: PLC0415

        hidden += secrets.of_settings(Settings.load())
    found = trace.of(error, trace.is_own(trace.of_authors()), hidden)
    if type(error).__name__ not in trace.IN_WORDS:
        sys.stderr.write("".join(traceback.format_exception(error)))
    return found


def _hear(front: "Front", stop: Callable[[], None]) -> None:
    """A line for each change: what is wrong with another process that pages need, as JSON, "" for nothing."""
    from widgets.site.dev.trace import Trace  # noqa: PLC0415

    own = front.trace
    for line in sys.stdin:
        mistake = json.loads(line)
        title, *says = mistake.split("\n")
        front.trace = own or (Trace(title, says, []) if mistake else None)
        front.told.look(mistake)
    stop()
