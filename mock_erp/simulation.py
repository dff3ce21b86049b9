"""What the mock plays for one client alone: under /_simulate/STATE/ is the same API in that state.

Unlike a fault, which everybody meets until it is cleared, this is in the address, so nobody else is disturbed
and nothing is left behind.
"""

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wrappers import Response

from mock_erp.odata.errors import error_body

PREFIX = "/_simulate/"
DELAY = 2.0  # seconds
FILL = "fill-"
"""A call whose X-Request-ID begins so is answered in the state `stale` too: without, there would be nothing
to grow old."""

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class Simulation:
    """WSGI middleware: takes the state out of the path, and plays it."""

    def __init__(self, app: Wsgi) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return self._app(environ, start_response)
        state, slash, rest = path.removeprefix(PREFIX).partition("/")
        play = STATES.get(state)
        if play is None:
            answer = Response(f"The states are {', '.join(STATES)}.\n", 404)
            return answer(environ, start_response)
        environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}{PREFIX}{state}"
        environ["PATH_INFO"] = slash + rest
        return play(self._app, environ)(environ, start_response)


def _empty(app: Wsgi, environ: Environ) -> Response:
    """No rows, and no such record."""
    answer = Response.from_app(app, environ)
    if answer.status_code != 200 or "json" not in (answer.content_type or ""):
        return answer
    body = json.loads(answer.get_data())
    if isinstance(body, list):
        body = []
    elif name := next((name for name in ("value", "data") if name in body), None):
        body[name] = []
    else:
        return Response("", 404)
    answer.headers.pop("ETag", None)
    answer.set_data(json.dumps(body))
    return answer


def _slow(app: Wsgi, environ: Environ) -> Response:
    time.sleep(DELAY)
    return Response.from_app(app, environ)


def _stale(app: Wsgi, environ: Environ) -> Response:
    if environ.get("HTTP_X_REQUEST_ID", "").startswith(FILL):
        return Response.from_app(app, environ)
    return Response("<!doctype html><title>Maintenance</title>", content_type="text/html")


def _error(_app: Wsgi, _environ: Environ) -> Response:
    body = error_body("The service is not available.", "Mock.Simulation")
    return Response(body, 503, content_type="application/json")


STATES: dict[str, Callable[[Wsgi, Environ], Response]] = {
    "empty": _empty,
    "slow": _slow,
    "stale": _stale,
    "error": _error,
}
