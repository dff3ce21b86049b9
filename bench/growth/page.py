"""`python -m bench.growth.page SPEC`: what a page costs, in this process, each time that a line comes in.

SPEC is a JSON object, see `Spec`. A line of JSON goes out for each that comes in: microseconds for a page.
The application is whole, but there is no server in front of it; the upstream is asked before anything is
measured, and what it said is kept.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from widgets import create_app

WIDE = "/widgets/wide/"
SECONDS = 0.25  # that one figure takes, if it is not slower than that


@dataclass(frozen=True, slots=True)
class Spec:
    """rows: of the page. keys: pages that are kept beside it. frames: that one page of a host shows, each at
    an address of its own; the figure is for one of them. host: whose page it is; "": the demo's."""

    rows: int = 5
    keys: int = 0
    frames: int = 1
    host: str = ""


def main() -> None:
    spec = Spec(**json.loads(sys.argv[1]))
    app = create_app()
    number = 0

    def ask(expected: str, query: str) -> float:
        """Microseconds of one page. Raises RuntimeError for another one than meant."""
        environ = _environ(f"{query}&host={spec.host}" if spec.host else query)
        said: dict[str, str] = {}

        def start(
            status: str, headers: list[tuple[str, str]], _exc_info: object = None
        ) -> Callable[[bytes], object]:
            said.update(headers, status=status)
            return lambda _data: None

        started = time.perf_counter()
        body = b"".join(app.wsgi_app(environ, start))
        took = (time.perf_counter() - started) * 1e6
        cache = said.get("Cache-Status", "")
        if said["status"] != "200 OK" or f"erp-widgets-pages; {expected}" not in cache or not body:
            raise RuntimeError(f"{query}: {said['status']}, {cache}, where {expected} was meant")
        return took

    def new(frame: int) -> str:
        """An address that nobody has asked for."""
        nonlocal number
        number += 1
        return f"{kept(frame)}&tenant={number}"

    def kept(frame: int) -> str:
        # What the host shows makes it another page, whether or not the widget makes something of it.
        return f"rows={spec.rows}&entity_type=page&entity_id={frame}"

    for frame in range(spec.frames):
        ask("fwd=", kept(frame))
    for _ in range(spec.keys):
        ask("fwd=", new(0))
    for _ in sys.stdin:
        made = best(lambda: sum(ask("fwd=", new(each)) for each in range(spec.frames)))
        found = best(lambda: sum(ask("hit", kept(each)) for each in range(spec.frames)))
        figures = {"made": made / spec.frames, "kept": found / spec.frames}
        print(json.dumps(figures), flush=True)


def best(measure: Callable[[], float]) -> float:
    """The least of as many as there is time for, and of three at least."""
    found = [measure() for _ in range(3)]
    until = time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        found.append(measure())
    return min(found)


def _environ(query: str) -> dict[str, Any]:
    headers = Headers({"Accept-Encoding": "gzip, deflate, br, zstd"})
    return EnvironBuilder(WIDE, query_string=query, headers=headers).get_environ()


if __name__ == "__main__":
    os.environ.pop("WEB_CONCURRENCY", None)
    main()
