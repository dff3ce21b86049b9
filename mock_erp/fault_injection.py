"""The layer below the application where calls are logged and faults act on the transport."""

import errno
import json
import os
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

from werkzeug.wrappers import Response
from werkzeug.wsgi import get_current_url

from mock_erp.calls import CallLog
from mock_erp.faults import INSERTED_ROW, Fault, Faults
from mock_erp.odata.errors import error_body

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]

_LONGEST_HANG_SECONDS = 600.0

_HTML = (
    "<!DOCTYPE html><html><head><title>Service Unavailable</title></head><body>"
    "<h2>Service Unavailable</h2><hr><p>HTTP Error 503. The service is unavailable.</p>"
    "<!-- node 7, upstream 10.0.0.4 --></body></html>"
)
_NOTE = (
    "Thank you for using Alpha Vantage! Our standard API rate limit is 25 requests per day. Please"
    " subscribe to any of the premium plans at https://www.alphavantage.co/premium/"
)


class FaultInjection:
    """WSGI middleware. /_control/ itself is neither logged nor disturbed."""

    def __init__(self, app: Wsgi, faults: Faults, calls: CallLog) -> None:
        self._app = app
        self._faults = faults
        self._calls = calls

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
        if path.startswith("/_control"):
            return self._app(environ, start_response)
        call = self._calls.begin(environ, path)

        def noting_start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            call["status"] = int(status.split(" ", 1)[0])
            return start_response(status, headers, *rest)

        met = self._faults.meet(path)
        if met is None:
            return self._app(environ, noting_start)
        fault, hits_before = met
        call["fault"] = fault.kind
        return self._act(fault, hits_before, environ, noting_start)

    def _act(
        self, fault: Fault, hits_before: int, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        match fault.kind:
            case "delay":
                # Not the fault's event: a delay is kept even if the fault is cleared meanwhile.
                time.sleep(fault.options["delay"])
            case "inserted-row":
                environ[INSERTED_ROW] = True
            case "hang":
                _hang(fault)
            case "truncate" | "reset":
                answer = Response.from_app(self._app, environ)
                return _break_off(answer, environ, start_response, reset=fault.kind == "reset")
            case _:
                answer = self._answer(fault, hits_before, environ)
                return answer(environ, start_response)
        return self._app(environ, start_response)

    def _answer(self, fault: Fault, hits_before: int, environ: Environ) -> Response:
        if fault.kind in _MADE_UP:
            return _MADE_UP[fault.kind](fault.options, hits_before)
        answer = Response.from_app(self._app, environ)
        match fault.kind:
            case "encoding":
                answer.headers["Content-Encoding"] = "gzip"
            case "looping-link":
                _change_json(answer, lambda body: _loop(body, get_current_url(environ)))
            case "data":
                _change_json(answer, lambda body: _change_rows(body, fault.options))
        return answer


def _status(options: dict[str, Any], hits_before: int) -> Response:
    status = int(options["status"])
    body = options.get("body", error_body(f"Simulated failure with status {status}.", "Mock.Fault"))
    answer = Response(body, status, content_type=options.get("content_type", "application/json"))
    waits = options.get("retry_after")
    if waits is not None:
        waits = waits if isinstance(waits, list) else [waits]
        answer.headers["Retry-After"] = waits[min(hits_before, len(waits) - 1)]
    return answer


def _throttle_note(options: dict[str, Any]) -> Response:
    note = {options.get("key", "Information"): _NOTE}
    return Response(json.dumps(note), content_type="application/json")


# Faults that need nothing of the application: options and earlier hits -> the answer.
_MADE_UP: dict[str, Callable[[dict[str, Any], int], Response]] = {
    "status": _status,
    "html": lambda _options, _hits: Response(_HTML, 503, content_type="text/html; charset=utf-8"),
    "login": lambda _options, _hits: Response("", 302, {"Location": "/common/oauth2/authorize"}),
    "throttle-note": lambda options, _hits: _throttle_note(options),
}


def _hang(fault: Fault) -> NoReturn:
    """No answer at all, then the end of the connection."""
    fault.ended.wait(_LONGEST_HANG_SECONDS)
    # The server takes this for a client that has gone, and closes the connection without a word.
    raise ConnectionResetError(errno.ECONNRESET, "the hang fault has ended")


def _break_off(
    answer: Response, environ: Environ, start_response: StartResponse, *, reset: bool
) -> Iterator[bytes]:
    """The whole Content-Length, half of the body, and no more."""
    body = answer.get_data()
    start_response(answer.status, answer.headers.to_wsgi_list())
    yield body[: len(body) // 2]
    connection = environ.get("gunicorn.socket")
    if reset and connection is not None:
        _reset_connection(connection)
    raise ConnectionResetError(errno.ECONNRESET, "the answer is broken off")


def _reset_connection(connection: socket.socket) -> None:
    """Close with a reset (RST) in place of an orderly end, without pulling the descriptor away from
    under the server: an unconnected socket takes its place."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with socket.socket() as spare:
        os.dup2(spare.fileno(), connection.fileno(), inheritable=False)


def _change_json(answer: Response, change: Callable[[Any], Any]) -> None:
    """Change the answer's JSON; one that is not JSON, such as a 304, stays as it is."""
    if "json" in (answer.content_type or "") and answer.get_data():
        answer.set_data(json.dumps(change(json.loads(answer.get_data()))))


def _loop(body: Any, url: str) -> Any:
    return {**body, "@odata.nextLink": url} if isinstance(body, dict) and "value" in body else body


def _change_rows(body: Any, options: dict[str, Any]) -> Any:
    if isinstance(body, list):
        return _changed(body, options)
    for name in ("value", "data"):
        if isinstance(body, dict) and isinstance(body.get(name), list):
            return {**body, name: _changed(body[name], options)}
    return _changed([body], options)[0]  # a single entity


def _changed(rows: list[Any], options: dict[str, Any]) -> list[Any]:
    hit = 1 if options.get("rows") == "first" else len(rows)
    if "duplicate" in options:
        return [copy for row in rows[:hit] for copy in (row, row)] + rows[hit:]
    field = options["field"]
    if "remove" in options:
        changed = [{key: row[key] for key in row if key != field} for row in rows[:hit]]
    else:
        changed = [{**row, field: options["set"]} for row in rows[:hit]]
    return changed + rows[hit:]
