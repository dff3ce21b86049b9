"""A real HTTP server on a free port that answers as a test tells it to, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

JSON = "application/json;odata.metadata=minimal"


@dataclass(frozen=True)
class Call:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


@dataclass(frozen=True)
class Reply:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(self.status)
        headers = {"Content-Type": self.content_type, "Content-Length": str(len(self.body))}
        for name, value in (headers | self.headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(self.body)


Behaviour = Callable[[BaseHTTPRequestHandler], None]
"""Answers one request; a Reply is the usual one, a function can misbehave on the socket."""


def ok(data: Any, **headers: str) -> Reply:
    """A 200 with this as JSON. Bytes are sent as they are."""
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Reply(body, headers={name.replace("_", "-"): value for name, value in headers.items()})


class Scripted(ThreadingHTTPServer):
    """answer: decides on each call. calls: those received so far, in order."""

    daemon_threads = False  # server_close waits for them: nothing of a test outlives it
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls: list[Call] = []
        self.answer: Callable[[Call], Behaviour] = lambda _: Reply(status=500)
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def always(self, behaviour: Behaviour) -> None:
        self.answer = lambda _: behaviour

    def script(self, *behaviours: Behaviour) -> None:
        """These in turn, then the last one for ever."""
        left = list(behaviours)
        self.answer = lambda _: left.pop(0) if len(left) > 1 else left[0]

    def handle_error(self, *_: object) -> None:
        """A client that went away is what many of these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5
    disable_nagle_algorithm = True
    server: Scripted

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = Call(self.command, self.path, dict(self.headers.items()), body)
        self.server.calls.append(call)
        self.server.answer(call)(self)

    do_GET = do_POST = _serve  # noqa: N815  # the names that http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # http.server's name
        """Nothing: a test's output is for failures."""


@contextmanager
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()


def hang(handler: BaseHTTPRequestHandler) -> None:
    """Says nothing until the test ends."""
    _stopping(handler).wait()
    handler.close_connection = True


def trickle(handler: BaseHTTPRequestHandler) -> None:
    """A body that comes a byte at a time and never ends."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    handler.close_connection = True
    while not _stopping(handler).wait(0.02):
        handler.wfile.write(b" ")


def trickle_headers(handler: BaseHTTPRequestHandler) -> None:
    """Headers that come a byte at a time and never end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    handler.close_connection = True
    while not _stopping(handler).wait(0.02):
        handler.wfile.write(b"a")


def endless(handler: BaseHTTPRequestHandler) -> None:
    """A body that comes fast and never ends."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    handler.close_connection = True
    while not _stopping(handler).is_set():
        handler.wfile.write(b" " * 65536)


def cut(body: bytes) -> Behaviour:
    """The connection ends in the middle of the body."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(2 * len(body)))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    return behave


def close(handler: BaseHTTPRequestHandler) -> None:
    """The connection ends before a byte of an answer."""
    handler.close_connection = True


def _stopping(handler: BaseHTTPRequestHandler) -> threading.Event:
    server = handler.server
    assert isinstance(server, Scripted)
    return server.stopping
