"""One HTTP exchange with hard bounds: no redirect is followed, no cookie kept, no proxy or netrc read.

`requests.Session` is left out on purpose: even with `allow_redirects=False` it reads the whole body of
a redirect, without a bound. What remains, `requests.adapters.HTTPAdapter`, does exactly one exchange.
"""

import contextlib
import logging
import re
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import DecodeError, HTTPError, NewConnectionError, ProtocolError
from urllib3.response import BaseHTTPResponse

_CHUNK = 64 * 1024
_ERROR_BODY = 16 * 1024  # bytes of an error's body that are read: enough for its cause


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one exchange. Times in seconds, `max_body` in bytes after decompression.

    read: the longest silence between two packets; total: from the request to the last byte.
    """

    connect: float = 3.0
    read: float = 8.0
    total: float = 12.0
    max_body: int = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. The body of an answer other than 200 may be cut short."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoAnswer(Exception):
    """No connection, silence, or an answer that broke off. timed_out: it took as long as it may."""

    def __init__(self, message: str, *, timed_out: bool = False) -> None:
        super().__init__(message)
        self.timed_out = timed_out


class BadAnswer(Exception):
    """An answer that cannot be read at all: too large, or encoded otherwise than it says."""


class _Deadline:
    """Ends an exchange that takes too long, wherever it hangs: connect and read timeouts alone let an
    upstream hold a page for hours, one byte at a time, in the headers as well as in the body."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> "_Deadline":
        _current.deadline = self
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._socket = None
        _current.deadline = None

    def watch(self, sock: socket.socket | None) -> None:
        with self._lock:
            self._socket = sock
            if self.passed:  # while it was connecting, and nothing could be ended yet
                self._shut()

    def _end(self) -> None:
        with self._lock:
            self.passed = True
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            # The other side may be faster.
            with contextlib.suppress(OSError):
                # The plain socket's method: that of an SSLSocket also takes its TLS state away
                # from under the thread that is reading.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


_current = threading.local()


def _watch(sock: socket.socket | None) -> None:
    deadline: _Deadline | None = getattr(_current, "deadline", None)
    if deadline is not None:
        deadline.watch(sock)


class _Connection(HTTPConnection):
    def getresponse(self) -> Any:
        _watch(self.sock)
        return super().getresponse()


class _TlsConnection(HTTPSConnection):
    def getresponse(self) -> Any:
        _watch(self.sock)
        return super().getresponse()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class Adapter(HTTPAdapter):
    """Keeps connections open between exchanges; shared by all threads of one process.

    ca_file: certificates to check servers against instead of those that requests brings (PEM).
    """

    def __init__(self, ca_file: Path | None = None) -> None:
        self.verify: bool | str = str(ca_file) if ca_file else True
        super().__init__(pool_connections=8, pool_maxsize=32)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def close(self) -> None:
        """Closes all idle connections now; requests leaves that to the garbage collector."""
        for key in self.poolmanager.pools.keys():  # noqa: SIM118  # it is no dict and cannot iterate
            self.poolmanager.pools[key].close()
        super().close()


def fetch(adapter: Adapter, request: requests.PreparedRequest, limits: Limits) -> Answer:
    """Does the exchange. Raises NoAnswer or BadAnswer; any status is an answer."""
    with _Deadline(limits.total) as deadline:
        failure: NoAnswer | BadAnswer | None = None
        try:
            try:
                answer = _exchange(adapter, request, limits)
            except requests.ConnectionError as error:
                if deadline.passed or not _closed_while_idle(error):
                    raise
                answer = _exchange(adapter, request, limits)
        except (requests.exceptions.ContentDecodingError, DecodeError) as error:
            failure = BadAnswer(f"{type(error).__name__}: {error}")
        except (requests.RequestException, HTTPError, OSError) as error:
            # requests tells a silence in the middle of a body from others only in its text.
            silent = isinstance(error, requests.Timeout | TimeoutError) or "timed out" in str(error)
            failure = NoAnswer(_cause(error), timed_out=silent)
        # First of all: a body without a length that the deadline has ended looks complete.
        if deadline.passed:
            raise NoAnswer(f"not complete after {limits.total} s", timed_out=True)
        if failure:
            raise failure
        return answer


def _cause(error: Exception) -> str:
    """What really happened, without the wrappings of requests and urllib3, which begin with the address:
    "ConnectionRefusedError: [Errno 111] Connection refused"."""
    inner: object = error
    while isinstance(inner, Exception):
        error = inner
        inner = getattr(error, "reason", None)  # of a MaxRetryError
        if not isinstance(inner, Exception):
            inner = next((part for part in error.args if isinstance(part, Exception)), None)
        if inner is None and isinstance(error, NewConnectionError):
            inner = error.__cause__
    return f"{type(error).__name__}: {error}"


def _closed_while_idle(error: requests.ConnectionError) -> bool:
    """Whether the connection ended before the first byte of an answer, as a kept-alive connection does
    that the other side closed at the moment we used it. Nothing that we send changes anything there, so
    it may be sent again."""
    return bool(error.args) and isinstance(error.args[0], ProtocolError)


def _exchange(adapter: Adapter, request: requests.PreparedRequest, limits: Limits) -> Answer:
    response = adapter.send(
        request,
        stream=True,
        timeout=(limits.connect, limits.read),
        verify=adapter.verify,
        proxies={},
    )
    try:
        body = _body(response.raw, response.status_code, limits)
        return Answer(response.status_code, response.headers, body)
    finally:
        response.close()


def _body(raw: BaseHTTPResponse, status: int, limits: Limits) -> bytes:
    """Reads to the end, or up to the bound. Raises BadAnswer if an answer that counts is larger."""
    bound = limits.max_body if status == 200 else _ERROR_BODY
    parts: list[bytes] = []
    size = 0
    for part in raw.stream(_CHUNK, decode_content=True):
        parts.append(part)
        size += len(part)
        if size > bound:
            if status == 200:
                raise BadAnswer(f"more than {bound} bytes")
            break
    return b"".join(parts)[:bound]


class _HideQuery(logging.Filter):
    """urllib3 logs each request's path with its query at level DEBUG: an `apikey` would be in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                re.sub(r"\?\S*", "?…", arg) if isinstance(arg, str) else arg for arg in record.args
            )
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_HideQuery())
