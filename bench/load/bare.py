"""What the server is measured against, as gunicorn loads it: applications that do as good as nothing."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FOLDER = "BENCH_SAME_BYTES"
"""The environment variable with the folder of `keep`."""


def keep(folder: Path, headers: Iterable[tuple[str, str]], body: bytes) -> None:
    """Write down an answer that `same_bytes` is to give. What gunicorn itself adds is left out."""
    given = [
        [name, value]
        for name, value in headers
        if name.lower() not in ("date", "server", "connection")
    ]
    (folder / "headers.json").write_text(json.dumps(given))
    (folder / "body").write_bytes(body)


def same_bytes() -> "WSGIApplication":
    """A function that gives one answer, whatever it is asked."""
    folder = Path(os.environ[FOLDER])
    headers = [(name, value) for name, value in json.loads((folder / "headers.json").read_text())]
    body = (folder / "body").read_bytes()

    def application(
        _environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        start_response("200 OK", headers)
        return [body]

    return application


def hello() -> Flask:
    """Flask's own first example."""
    app = Flask("hello")

    @app.get("/")
    def say() -> str:
        return "<p>Hello, World!</p>"

    return app
