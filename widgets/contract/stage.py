"""Where widgets are looked at: a mock ERP in a process of its own, and the real application over it, served
on a free port by threads of this process."""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock
from urllib.parse import urlsplit

import requests
from flask import Flask, got_request_exception
from werkzeug.serving import WSGIRequestHandler, make_server

from widgets.contract import upstreams
from widgets.contract.subject import Subject
from widgets.core.widget import Widget
from widgets.site.factory import create_app
from widgets.site.serve import die_with, mock_settings
from widgets.site.settings import Settings
from widgets.upstream.reads import KEEP

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

START = "2026-11-20T09:00:00Z"
"""Where the mock's clock stands still, so that its data is the same each time."""


class StageError(Exception):
    """The widgets cannot be looked at here. Says why and what to do."""


@dataclass(eq=False)
class Stage:
    """app: the application. url: where it is served. asked: reads so far, by widget and mode. texts: what
    was made hostile in what was read, by widget. failed: what was raised that is no error of ours, the
    newest last. chosen: names of the widgets that are looked at."""

    app: Flask
    url: str
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    texts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    failed: list[BaseException] = field(default_factory=list)
    chosen: Sequence[str] = ()
    http: requests.Session = field(default_factory=requests.Session)

    @cached_property
    def subjects(self) -> dict[str, Subject]:
        """Every widget, by name."""
        found = [each for each in self.app.blueprints.values() if isinstance(each, Widget)]
        return {widget.slug: Subject(widget, self) for widget in found}

    def subject(self, name: str) -> Subject:
        """Raises StageError for a name that is none's."""
        if name not in self.subjects:
            known = ", ".join(self.subjects)
            raise StageError(f"There is no widget {name!r}; there are {known}.")
        return self.subjects[name]


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # a browser keeps its connections, as with the real server

    def log(self, *_: object) -> None:
        """Say nothing."""


def whole(app: "WSGIApplication") -> "WSGIApplication":
    """The application with answers that are read at once: werkzeug leaves a file open where a browser has
    gone before its end."""

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        parts = app(environ, start_response)
        try:
            return [b"".join(parts)]
        finally:
            getattr(parts, "close", lambda: None)()

    return answer


@contextlib.contextmanager
def standing(environment: Mapping[str, str] | None = None) -> Iterator[Stage]:
    """A stage, until the end of the block. environment: settings of upstreams that a package brings.

    Raises StageError, and whatever a server that is set up wrongly does not start with: DeclarationError,
    SettingsError.
    """
    with contextlib.ExitStack() as stack:
        erp = stack.enter_context(mock_erp())
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="erp-widgets-contract-"))
        with mock.patch.dict(os.environ):
            for name in (*Settings.model_fields, "secrets_dir"):
                os.environ.pop(f"WIDGETS_{name.upper()}", None)
            os.environ.update(mock_settings(urlsplit(erp).port or 80, Settings.load()))
            os.environ["WIDGETS_CACHE_FILE"] = str(Path(folder, "reads.sqlite"))
            # The mock's clock stands still, so that nothing that was read becomes old.
            os.environ["WIDGETS_KEEP"] = json.dumps({kind: [3600, 7200] for kind in KEEP})
            # An address says what upstreams do in a parameter that no page is kept under.
            os.environ["WIDGETS_PAGES_MB"] = "0"
            os.environ.update(environment or {})
            app = create_app(Settings.load())
        server = make_server("127.0.0.1", 0, whole(app), threaded=True, request_handler=Quiet)
        stage = Stage(app, f"http://127.0.0.1:{server.server_port}")
        stage.http.trust_env = False
        upstreams.take_over(app, stage.asked, stage.texts)

        def note(_app: Flask, exception: BaseException, **_more: object) -> None:
            stage.failed.append(exception)

        stack.enter_context(got_request_exception.connected_to(note, app))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        stack.callback(server.server_close)
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        stack.callback(stage.http.close)
        yield stage


@contextlib.contextmanager
def mock_erp() -> Iterator[str]:
    """The address of a mock ERP that has just been started."""
    command = [sys.executable, "-m", "mock_erp", "--port", "0", "--speed", "0", "--start", START]
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with(os.getpid()),  # noqa: PLW1509 - it takes no lock
    )
    try:
        assert process.stdout is not None  # noqa: S101
        for line in process.stdout:
            if found := re.search(r"mock ERP on (http://\S+)", line):
                break
        else:
            raise StageError(
                "The mock ERP does not start. Install it: pip install 'erp-widgets[contract]'."
            )
        yield found[1]
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()
        assert process.stdout is not None  # noqa: S101
        process.stdout.close()
