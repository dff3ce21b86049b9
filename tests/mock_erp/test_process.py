"""The real process: starting, stopping, and the faults that only a real socket shows."""

import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests

from .conftest import CREDENTIALS

LINES = "/data/SalesOrderLines?$top=5"


class Process:
    """A mock ERP of its own, a session that has a token for it, and its address."""

    def __init__(self, popen: "subprocess.Popen[str]", url: str) -> None:
        self.popen = popen
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path: str = LINES, timeout: float = 10) -> requests.Response:
        return self.session.get(self.url + path, timeout=timeout, allow_redirects=False)

    def log_in(self) -> None:
        answer = self.session.post(
            f"{self.url}/demo/oauth2/v2.0/token", data=CREDENTIALS, timeout=10
        )
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def fault(self, kind: str, **more: object) -> None:
        body = {"match": "SalesOrderLines", "kind": kind, **more}
        answer = self.session.post(f"{self.url}/_control/fault", json=body, timeout=10)
        assert answer.status_code == 200, answer.text

    def clear(self) -> None:
        self.session.delete(f"{self.url}/_control/fault", timeout=10)


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "mock_erp", *options]


@contextmanager
def started(*options: str) -> Iterator[Process]:
    popen = subprocess.Popen(
        command("--port", "0", "--speed", "0", *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert popen.stdout is not None
        line = popen.stdout.readline()
        match = re.fullmatch(r"mock ERP on (http://\S+:\d+)\n", line)
        assert match is not None, line
        process = Process(popen, match[1])
        process.log_in()
        with process.session:
            yield process
    finally:
        if popen.poll() is None:
            popen.terminate()
        popen.communicate(timeout=20)


@pytest.fixture(scope="module")
def shared() -> Iterator[Process]:
    with started() as process:
        yield process


@pytest.fixture
def process(shared: Process) -> Iterator[Process]:
    yield shared
    shared.clear()


def test_it_answers_as_soon_as_it_says_so(process: Process) -> None:
    answer = process.get()
    assert answer.status_code == 200
    assert len(answer.json()["value"]) == 5


def test_keys_travel_percent_encoded(process: Process) -> None:
    path = "/data/ReleasedProductsV2(dataAreaId='usmf',ItemNumber='{}')"
    assert process.get(path.format("T%2F45-A")).json()["ItemNumber"] == "T/45-A"
    assert process.get(path.format("%20X-100")).json()["ItemNumber"] == " X-100"
    assert process.get(path.format("a%2F%2Fb")).status_code == 404


# Faults on the wire


def test_a_truncated_body_is_shorter_than_it_said(process: Process) -> None:
    process.fault("truncate", times=1)
    with process.session.get(process.url + LINES, timeout=10, stream=True) as answer:
        body = answer.raw.read(10_000_000, decode_content=False)
        assert 0 < len(body) < int(answer.headers["Content-Length"])
    process.fault("truncate", times=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        process.get()
    assert process.get().status_code == 200


def test_a_reset_breaks_the_connection_in_mid_body(process: Process) -> None:
    process.fault("reset", times=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="reset by peer"):
        process.get()
    assert process.get().status_code == 200


def test_a_hang_gives_nothing_until_it_is_cleared(process: Process) -> None:
    process.fault("hang")
    with pytest.raises(requests.exceptions.ReadTimeout):
        process.get(timeout=0.3)
    ended: list[Exception] = []

    def wait() -> None:
        try:
            with requests.Session() as session:
                session.trust_env = False
                session.get(process.url + LINES, headers=dict(process.session.headers), timeout=10)
        except requests.exceptions.ConnectionError as error:
            ended.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    _until(lambda: _hits(process) == 2)
    process.clear()
    waiting.join(timeout=10)
    assert len(ended) == 1
    assert process.get().status_code == 200


def _hits(process: Process) -> int:
    described = process.session.get(f"{process.url}/_control/", timeout=10).json()
    return sum(fault["hits"] for fault in described["faults"])


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_false_content_encoding_cannot_be_decoded(process: Process) -> None:
    process.fault("encoding", times=1)
    with pytest.raises(requests.exceptions.ContentDecodingError):
        process.get()


def test_a_delay_outlasts_a_short_timeout(process: Process) -> None:
    process.fault("delay", delay=0.5, times=2)
    with pytest.raises(requests.exceptions.ReadTimeout):
        process.get(timeout=0.1)
    assert process.get(timeout=10).status_code == 200


@pytest.mark.parametrize(("kind", "status"), [("html", 503), ("login", 302)])
def test_html_instead_of_data(process: Process, kind: str, status: int) -> None:
    process.fault(kind, times=1)
    assert process.get().status_code == status


def test_the_control_surface_is_for_the_right_host_only(process: Process) -> None:
    answer = process.session.get(
        f"{process.url}/_control/", headers={"Host": "evil.example"}, timeout=10
    )
    assert answer.status_code == 404


# Starting and stopping


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_even_while_something_hangs(number: signal.Signals) -> None:
    with started() as process:
        process.fault("hang")
        with socket.create_connection(_address(process.url)) as hanging:
            request = f"GET {LINES} HTTP/1.1\r\nHost: localhost\r\n\r\n"
            hanging.sendall(request.encode())
            _until(lambda: _hits(process) == 1)
            process.popen.send_signal(number)
            out, err = process.popen.communicate(timeout=20)
            hanging.settimeout(10)
            assert hanging.recv(100) == b""  # nobody holds the connection any more
        assert (process.popen.returncode, out, err) == (0, "", "")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(_address(process.url))


def test_nothing_is_left_when_it_is_killed_hard() -> None:
    with started() as process:
        process.popen.kill()
        process.popen.wait(timeout=20)

        def is_gone() -> bool:
            try:
                socket.create_connection(_address(process.url)).close()
            except ConnectionRefusedError:
                return True
            return False

        _until(is_gone)


def _address(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").rpartition(":")
    return host, int(port)


def test_a_port_that_is_taken_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            command("--port", port), capture_output=True, text=True, timeout=20, check=False
        )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--start", "soon"],
        ["--start", "1999-01-01"],
        ["--speed", "-1"],
        ["--speed", "fast"],
        ["--page-size", "0"],
        ["--port", "70000"],
        ["--port", "x"],
    ],
)
def test_wrong_options_are_refused(options: list[str]) -> None:
    done = subprocess.run(
        command(*options), capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 2
    assert options[0] in done.stderr
    assert "Traceback" not in done.stderr


def test_options_reach_the_application() -> None:
    options = ("--start", "2026-01-15T08:00:00Z", "--page-size", "3", "--seed", "5")
    with started(*options, "--token-lifetime", "1200") as process:
        clock = process.get("/_control/").json()["clock"]
        assert clock["start"] == "2026-01-15T08:00:00+00:00"
        page = process.get("/data/CustomersV3").json()
        assert len(page["value"]) == 3
        assert process.get(page["@odata.nextLink"].removeprefix(process.url)).status_code == 200
        token = process.session.post(
            f"{process.url}/x/oauth2/v2.0/token", data=CREDENTIALS, timeout=10
        )
        assert token.json()["expires_in"] == 1200
