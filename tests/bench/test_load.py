"""The load runs, for a second each: every contestant is asked and answers, and what is another answer than
meant ends the run. How fast anything is, is not for a test to say."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

import pytest

from bench.comparing import Comparison
from bench.load import __main__ as command
from bench.load.asking import NotWhatWasMeant, Wish, check, cores, load, on_core, raw
from bench.load.servers import gunicorn_settings, has, ours
from bench.load.taking import processor
from tests.conftest import ROOT

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
needs_wrk = pytest.mark.skipif(not has("wrk"), reason="there is no wrk here")
OURS = (
    command.FRAME,
    command.PARTIAL,
    command.UNCHANGED,
    command.TOKEN,
    command.RENDER,
    command.RENDER_OF_VIEW,
)


@needs_linux
@needs_wrk
def test_all_contestants_are_asked_and_answer(tmp_path):
    file = tmp_path / "load.json"
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "bench.load",
            "--rounds=1",
            "--seconds=1",
            "--viewers=20",
            "--no-peers",
            f"--json={file}",
        ],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode in (0, 1), ended.stderr
    assert "Traceback" not in ended.stderr
    found = json.loads(file.read_text())
    asked, idle, starting = (each["contestants"] for each in found["comparisons"])
    assert {*OURS, command.BARE, command.HELLO} <= asked.keys()
    assert (command.NGINX in asked) is has("nginx")
    for name, figures in asked.items():
        assert figures["requests"]["median"] > 10, name
        assert 0 < figures["p50"]["median"] <= figures["p99"]["median"] < 10_000
        assert 0 < figures["client"]["median"] < 2
        # One core can have no more time than there is.
        assert 1 < figures["processor"]["median"] < 2e6 / figures["requests"]["median"], name
    assert idle.keys() == {"of an open host", "with a token each"}
    assert 0.1 < starting["1 worker"]["first frame"]["median"] < 60
    said = [target["what"] for target in found["targets"]]
    assert len(said) == 6
    assert all(what in ended.stdout for what in said)
    assert ended.returncode == (0 if found["holds"] else 1)


@contextmanager
def server(*statuses: int) -> Iterator[str]:
    """One that answers with each of these in turn, and the last one again and again."""
    left = list(statuses)
    turn = Lock()  # each connection has a thread

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            with turn:
                status = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.send_header("Cache-Status", "erp-widgets-pages; hit; ttl=3")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        thread = Thread(target=made.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{made.server_address[1]}/"
        made.shutdown()
        thread.join()


def test_an_answer_is_looked_at():
    with server(200) as url:
        assert check(Wish(url, cache="hit"), 1).cache == "hit"
        with pytest.raises(NotWhatWasMeant, match="'fwd' were to be measured"):
            check(Wish(url, cache="fwd"), 1)
        with pytest.raises(NotWhatWasMeant, match="304 and 'hit' were to be"):
            check(Wish(url, status=304, cache="hit"), 1)


@needs_wrk
def test_a_load_of_errors_is_none():
    with server(200, 200, 500) as url, pytest.raises(NotWhatWasMeant):
        load(Wish(url, cache="hit"), 1, None, float)


@needs_wrk
def test_each_answer_is_counted():
    spent = iter((10.0, 12.0))
    with server(304) as url:
        wish = Wish(url, [{"X-One": "1"}, {"X-Two": "2"}], 304, "hit")
        figures = load(wish, 1, None, spent.__next__)
        assert figures["requests"] > 1
        # Two seconds, for as many answers as there were in about one, or a little more on a busy machine.
        assert 0.2 < figures["processor"] * figures["requests"] / 2e6 < 1.5
        assert figures["others"] == 0


@needs_wrk
def test_a_few_other_answers_are_told_and_many_end_the_run(capsys):
    # They come after the first look and go before the last.
    with server(200, 200, 304, 200) as url:
        assert load(Wish(url, cache="hit"), 1, None, float)["others"] == 1
    assert "'304 hit': 1" in capsys.readouterr().err
    with (
        server(*[200] * 2, *[304] * 3000, 200) as url,
        pytest.raises(NotWhatWasMeant, match="304"),
    ):
        load(Wish(url, cache="hit"), 1, None, float)


@needs_linux
def test_processor_time_is_that_of_all_that_a_process_has_started():
    code = "import time\nwhile time.process_time() < 0.3: pass\ninput()"
    shell = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}; true"
    with subprocess.Popen(["sh", "-c", shell], stdin=subprocess.PIPE) as process:
        until = time.monotonic() + 60
        while processor(process.pid) < 0.25:  # the system counts in hundredths, rounded down
            assert time.monotonic() < until
            time.sleep(0.05)
        process.communicate(b"\n")
    assert processor(process.pid) == 0


@needs_linux
@needs_wrk
def test_the_server_is_on_its_core_and_whoever_measures_on_any():
    usual, (core, _) = os.sched_getaffinity(0), cores()
    with ours(1, core) as made:
        assert os.sched_getaffinity(0) == usual
        assert os.sched_getaffinity(made.children["mock ERP"].process.pid) == usual
        on = {frozenset(os.sched_getaffinity(pid)) for pid in made.worker_pids()}
        assert on == {frozenset(usual if core is None else {core})}


def test_a_program_that_is_not_there_is_said_in_a_line():
    ended = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        cwd=ROOT,
        env={**os.environ, "PATH": "/nonexistent"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert ended.stderr == "Error: There is no wrk here: see tools/packages.sh --install\n"


def test_a_request_is_written_as_a_browser_writes_it():
    said = raw("http://127.0.0.1:1234/a/?b=1", {"HX-Request": "true"})
    assert said == (
        b"GET /a/?b=1 HTTP/1.1\r\nHost: 127.0.0.1:1234\r\n"
        b"Accept-Encoding: gzip, deflate, br, zstd\r\nHX-Request: true\r\n\r\n"
    )


def test_the_bare_applications_run_on_the_settings_of_ours():
    found = gunicorn_settings()
    assert found["worker_class"] == "gthread"
    assert found["threads"] == 16
    assert found["http_parser"] == "python"
    assert not {"on_starting", "post_fork", "os"} & found.keys()


@needs_linux
def test_server_and_client_have_a_core_each_where_there_are_two():

    usual = os.sched_getaffinity(0)
    of_server, of_client = cores()
    assert (of_server is None) == (len(usual) == 1)
    if of_server is not None:
        assert of_server != of_client
        with on_core(of_client):
            assert os.sched_getaffinity(0) == {of_client}
    assert os.sched_getaffinity(0) == usual


def test_what_is_missed_is_said():
    asked = Comparison("asked for", command.BARE, command.UNITS, command.PARTS)
    for name, figure in (
        (command.BARE, 100), (command.HELLO, 50),
        (command.FRAME, 90), (command.TOKEN, 69), (command.RENDER, 20),
    ):  # fmt: skip
        asked.add(name, {"requests": figure, "processor": 1e5 / figure})
    idle = Comparison("idle viewers", "of an open host", {"each viewer": "kB"})
    idle.add("of an open host", {"each viewer": 0.2})
    idle.add("with a token each", {"each viewer": 3})
    starting = Comparison("start-up", "1 worker", {"first frame": "s"})
    starting.add("1 worker", {"first frame": 1.2})
    found = {must.what: must.holds for must in command.musts(asked, idle, starting, 111)}
    assert list(found.values()) == [True, False, True, True, False, False]
    frame = command.summary(asked)[2]
    assert frame["of bare Flask hello"] == "1.80"
    assert frame["processor, µs each"] == 1111
