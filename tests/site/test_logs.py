"""Log lines: of a request, in one line each, and without what nobody may read."""

import json
import logging
import re
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from tests.site.gunicorns import Gunicorn, gunicorn
from widgets.site import logs
from widgets.upstream import request_ids

# Each would begin a line of its own somewhere, or hide what follows.
BREAKS = [
    "\n",
    "\r",
    "\r\n",
    "\x0b",
    "\x0c",
    "\x1b[2K",
    "\x85",
    "\u2028",
    "\u2029",
    "\x00",
    "\u202e",
]
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJzYWxlcyJ9.c2lnbmF0dXJl"
WRITERS = [logs.TextLines, logs.json_lines]


def record(message: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    exc_info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("widgets.x", logging.WARNING, __file__, 1, message, args, exc_info)


def raised(message: str) -> Exception:
    try:
        raise ValueError(message)
    except ValueError as error:
        return error


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("character", BREAKS)
def test_what_a_stranger_sends_cannot_begin_a_line(writer, character):
    line = writer().format(record("found %s", f"a{character}[2026-11-20] [1] [ERROR] forged"))
    assert len(line.splitlines()) == 1
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e]", line)
    assert "forged" in line


@pytest.mark.parametrize("writer", WRITERS)
def test_what_an_error_says_cannot_begin_a_line_of_its_trace(writer):
    error = raised('a\n[2026-11-20] [1] [ERROR] forged\n  File "x", line 1\u2028more')
    lines = writer().format(record("it failed", error=error)).splitlines()
    (line,) = [line for line in lines if "forged" in line]
    assert "ValueError: a" in line
    if writer is logs.TextLines:
        assert [line.strip() for line in lines[1:2]] == ["Traceback (most recent call last):"]
        assert 'File "' in lines[2]
    else:
        assert len(lines) == 1
        assert json.loads(line)["exception"].startswith("Traceback (most recent call last):\n")


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("GET /widgets/x/?site=1&token=abcdef.ghi&rows=2", "GET /widgets/x/?site=1&token=…&rows=2"),
        ("/widgets/x/?key=hostkey-1", "/widgets/x/?key=…"),
        ("'Authorization: Bearer abcdefghijkl'", "'Authorization: Bearer …'"),
        ("Basic b3BlcmF0b3I6cGFzcw==", "Basic …"),
        (f"a token {JWT} that", "a token … that"),
        ("monkey=1 is no key", "monkey=1 is no key"),
    ],
)
def test_no_secret_is_in_a_line_or_a_trace(writer, said, left):
    line = writer().format(record("%s", said, error=raised(said)))
    text = json.loads(line)["event"] if writer is logs.json_lines else line.splitlines()[0]
    assert text.endswith(left)
    assert line.count(left) == 2 or writer is logs.json_lines
    for secret in ("abcdef.ghi", "hostkey-1", "abcdefghijkl", "b3BlcmF0b3I6cGFzcw", JWT):
        assert secret not in line


def test_text_is_as_gunicorn_writes_it():
    line = logs.TextLines().format(record("found %d", 7))
    assert re.fullmatch(r"\[[\d-]{10} [\d:]{8} [+-]\d{4}\] \[\d+\] \[WARNING\] found 7", line)


def test_a_line_of_json_says_when_where_and_what():
    made = record("found %d, äöü", 7)
    found = json.loads(logs.json_lines().format(made))
    assert list(found) == ["timestamp", "level", "logger", "event", "pid"]
    assert re.fullmatch(r"[\d-]{10}T[\d:]{8}\.\d{3}Z", found["timestamp"])
    moment = datetime.fromisoformat(found["timestamp"])
    assert abs(moment - datetime.fromtimestamp(made.created, UTC)).total_seconds() < 0.001
    assert found["level"] == "warning"
    assert found["logger"] == "widgets.x"
    assert found["event"] == "found 7, äöü"
    assert found["pid"] == made.process


def test_a_line_in_the_middle_of_a_request_carries_its_id(app):
    def line() -> dict[str, object]:
        found: dict[str, object] = json.loads(logs.json_lines().format(record("in it")))
        return found

    def in_another_thread(request_id: str | None) -> dict[str, object]:
        request_ids.carry(request_id)
        return line()

    lines = []

    def write() -> str:
        lines.append(line())
        return ""

    app.add_url_rule("/try", view_func=write)
    app.test_client().get("/try", headers={"X-Request-ID": "abcdef0123456789"})
    assert lines[0]["request_id"] == "abcdef0123456789"
    assert "request_id" not in line()  # after it, in the same thread
    with ThreadPoolExecutor(1) as upstream:
        assert (
            upstream.submit(in_another_thread, "asked-for-by").result()["request_id"]
            == "asked-for-by"
        )
        assert "request_id" not in upstream.submit(in_another_thread, None).result()
    assert "request_id" not in line()


def test_half_a_character_is_written_and_can_be_read():
    made = record("a\udc80b")
    assert json.loads(logs.json_lines().format(made))["event"] == "a\\udc80b"
    logs.TextLines().format(made).encode()


def test_a_stack_that_is_asked_for_is_there():
    made = record("where")
    made.stack_info = "Stack (most recent call last):\n  File x"
    assert logs.TextLines().format(made).splitlines()[1:] == made.stack_info.splitlines()
    assert json.loads(logs.json_lines().format(made))["stack"] == made.stack_info


@contextmanager
def bare_root() -> Iterator[list[logging.Handler]]:
    """The handlers of the root logger, which has none at the start of a process."""
    with pytest.MonkeyPatch.context() as patch:
        root = logging.getLogger()
        patch.setattr(root, "handlers", [])
        patch.setattr("logging.captureWarnings", lambda **_: None)
        patch.setattr("logging.raiseExceptions", False)
        yield root.handlers


def test_setting_up_twice_writes_each_line_once(capsys):
    with bare_root():
        logs.install("text")
        logs.install("json")
        logging.getLogger("widgets.x").warning("once")
    assert json.loads(capsys.readouterr().err)["event"] == "once"


def test_what_somebody_else_set_up_stays():
    with bare_root() as handlers:
        handlers.append(logging.NullHandler())
        logs.install("json")
        assert len(handlers) == 1


def test_a_line_that_cannot_be_written_ends_nothing(capsys):
    with bare_root():
        logs.install("text")
        logging.getLogger("widgets.x").warning("%d", "no number")
    assert capsys.readouterr().err == ""


def test_a_wrong_setting_is_said_in_text(monkeypatch):
    monkeypatch.setenv("WIDGETS_LOG_FORMAT", "xml")
    assert logs.wanted() == "text"


# --- Real servers.


def hostile(server: Gunicorn) -> None:
    """Everything that a stranger can have written."""
    server.get("/try/log?text=said%0A%5B2026%5D%20forged%1B%5B31m")
    server.get(
        "/try/fail?text=boom%0D%0A%5B2026%5D%20forged", headers={"X-Request-ID": "abcdefgh-1"}
    )
    server.get(f"/widgets/x%0Aforged/?token={JWT}&key=hostkey-1")
    server.get(f"/try/break?token={JWT}")
    server.get(f"/widgets/inventory/?host=none&token={JWT}", headers={"Referer": f"http://x/{JWT}"})
    server.get("/metrics", headers={"Authorization": "Basic b3BlcmF0b3I6cGFzcw=="})
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"GET /?token={JWT} forged\x1b\x85 HTTP/9.9\r\n\r\n".encode("latin-1"))
        connection.recv(1000)


@pytest.fixture(params=["text", "json"])
def written(request, tmp_path):
    """The format, and what the server's standard error and output hold after that."""
    with gunicorn(
        tmp_path,
        *("--access-logfile", "-", "--log-level", "debug"),
        workers=1,
        WIDGETS_DEMO="yes",
        WIDGETS_LOG_FORMAT=request.param,
    ) as server:
        hostile(server)
    return request.param, server.err.read_text(), server.out.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_server_writes_one_line_for_each_thing_and_no_secret(written):
    how, err, out = written
    for text in (err, out):
        assert text.splitlines() == text.split("\n")[:-1]
        assert "\x1b" not in text
        for secret in (JWT, "hostkey-1", "b3BlcmF0b3I6cGFzcw"):
            assert secret not in text
        for line in text.splitlines():
            if how == "json":
                found = json.loads(line)
                assert {"timestamp", "level", "logger", "event", "pid"} <= found.keys()
            else:
                assert not line.lstrip().startswith(("forged", "[2026] forged"))
    (warned,) = [line for line in err.splitlines() if "UserWarning" in line]
    assert "a warning of Python's" in warned
    assert "past everything that catches" in err
    if how == "json":
        lines = [json.loads(line) for line in err.splitlines()]
        (failed,) = [each for each in lines if "exception" in each and "boom" in each["exception"]]
        assert failed["request_id"] == "abcdefgh-1"
        (said,) = [each for each in lines if each["logger"] == "widgets.try"]
        assert re.fullmatch("[0-9a-f]{32}", said["request_id"])
        assert {"gunicorn.error", "py.warnings"} <= {each["logger"] for each in lines}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_access_log_has_the_request_id_and_how_the_cache_did(written):
    how, _, out = written
    (line,) = [line for line in out.splitlines() if "/try/fail" in line]
    if how == "json":
        found = json.loads(line)
        assert found["event"] == "request"
        assert found["request_id"] == "abcdefgh-1"
        assert (found["method"], found["path"], found["status"]) == ("GET", "/try/fail", 500)
        assert found["remote"] == "127.0.0.1"
        assert found["milliseconds"] >= 0
    else:
        # No page of these says how a cache did.
        assert re.search(r'"GET /try/fail HTTP/1.1" 500 \d+ \d+ms abcdefgh-1 -$', line)
