"""A server that is not `dev` has nothing of it."""

import subprocess
import sys
from dataclasses import replace

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize("name", ["events", "dev.js", "worker.js", "trace.css", "trace.html"])
@pytest.mark.parametrize("folder", ["/_dev", "/static", "/static/_dev", "/static/browser"])
def test_neither_the_stream_nor_a_file_is_there(client, folder, name):
    assert client.get(f"{folder}/{name}").status_code == 404


def test_no_page_asks_for_them(client):
    for path in ("/", "/widgets/inventory/?site=1", "/doctor", "/status", "/nothing"):
        assert "_dev" not in client.get(path).get_data(as_text=True)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_an_error_shows_no_trace(app, monkeypatch, headers):
    def fail(*_, **__):
        raise ValueError("what a viewer is not told")

    widget = app.blueprints["inventory"]
    monkeypatch.setattr(widget, "view_function", replace(widget.view_function, call=fail))
    app.testing = False
    body = app.test_client().get("/widgets/inventory/?site=1", headers=headers)
    text = body.get_data(as_text=True)
    assert body.status_code == 500
    for word in ("ValueError", "what a viewer is not told", "inventory.py", "Traceback"):
        assert word not in text


def test_nothing_of_it_is_loaded():
    code = (
        "import sys, widgets\nwidgets.create_app()\n"
        "print([name for name in sys.modules if name.startswith(('widgets.site.dev', 'watchfiles'))])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"
