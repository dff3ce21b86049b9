"""Real processes for the tests: a mock ERP and a widget server, each on a port of its own."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import pytest
import requests

from tests.redis_server import RedisServer
from widgets import create_app
from widgets.site.serve import mock_settings
from widgets.site.settings import Settings

# What runs beside the tests may slow any of them down.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

ROOT = Path(__file__).resolve().parents[1]
TRIED_AGAIN = (
    "tests/bench/",
    "tests/browser/",
    "tests/contract/",
    "tests/site/test_dev",
    "tests/site/test_logs",
    "tests/site/test_reload",
    "tests/site/test_serve",
    "tests/site/test_starting",
    "tests/tools/",
)
"""Where tests wait for browsers and servers of their own, which a busy machine may hold up. Nothing of who
sees what: there once in a hundred times counts."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A second try for these, and for three of them at most: how it failed at first is told in the end."""
    if not config.option.usepdb:
        for item in items:
            if item.nodeid.startswith(TRIED_AGAIN) and not item.get_closest_marker("flaky"):
                item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """None where a fixture failed: those that a second try starts would never be stopped."""
    try:
        return (yield)
    except Exception:
        item.add_marker(pytest.mark.flaky(reruns=0, condition=False), append=False)
        raise


class MockErp:
    """The mock ERP in a process of its own, its clock standing still. What it is asked is in `log`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False

    def environment(self) -> dict[str, str]:
        """The settings of a server that reads it."""
        # Nothing given: what is set where the tests run counts for nothing.
        return mock_settings(urlsplit(self.url).port or 80, Settings.model_construct())

    def control(self, method: str, path: str, **body: Any) -> Any:
        answer = self.http.request(
            method, f"{self.url}/_control/{path}", json=body or None, timeout=30
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def kill(self, process: subprocess.Popen[str]) -> None:
        """Kill it, and wait until nothing answers any more: gunicorn's worker outlives it by a moment."""
        process.kill()
        process.wait()
        for _ in range(200):
            try:
                self.http.get(f"{self.url}/_control/", timeout=1)
            except requests.ConnectionError:
                return
            time.sleep(0.05)
        pytest.fail("the mock ERP still answers")

    def fault(self, match: str, kind: str, **more: Any) -> None:
        self.control("POST", "fault", match=match, kind=kind, **more)

    def log(self) -> list[dict[str, Any]]:
        """The calls for data since the last reset."""
        calls: list[dict[str, Any]] = self.control("GET", "log")
        return [call for call in calls if "/oauth2/" not in call["path"]]

    def rows(self, entity_set: str, query: str = "") -> list[dict[str, Any]]:
        """Rows asked for directly, past everything that is tested."""
        token = self.http.post(
            f"{self.url}/demo/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": "demo",
                "client_secret": "demo-secret",
                "scope": f"{self.url}/.default",
            },
            timeout=30,
        ).json()["access_token"]
        answer = self.http.get(
            f"{self.url}/data/{entity_set}?{query}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        assert answer.ok, answer.text
        rows: list[dict[str, Any]] = answer.json()["value"]
        return rows


@contextmanager
def running(
    command: list[str], announced: str, environment: dict[str, str]
) -> Iterator[tuple[Any, str]]:
    """A process and the address that it prints once it answers. Stopped at the end, and it must stop
    cleanly."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WIDGETS_")}
    process = subprocess.Popen(
        command, cwd=ROOT, env=clean | environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(announced, line):
                break
        else:
            pytest.fail(f"{command} ended with status {process.wait()}")
        yield process, found[1]
        if process.poll() != -signal.SIGKILL:  # which a test did on purpose
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def mock_erp_process(*options: str) -> Iterator[tuple[Any, MockErp]]:
    command = [sys.executable, "-m", "mock_erp", "--port", "0", "--speed", "0", *options]
    with running(command, r"mock ERP on (http://\S+)", {}) as (process, url):
        yield process, MockErp(url)


@contextmanager
def widget_server(environment: dict[str, str], workers: int = 1) -> Iterator[str]:
    """The address of a widget server with these settings, run as a user runs it."""
    program = str(Path(sys.executable).with_name("erp-widgets"))
    command = [program, "serve", "--port", "0", "--workers", str(workers)]
    with running(command, r"Gallery\s+(http://\S+?)/?$", environment) as (_, url):
        yield url


@contextmanager
def server_with_hosts(
    mock: MockErp, folder: Path, hosts: str, workers: int = 1, **environment: str
) -> Iterator[str]:
    """The address of a widget server over `mock`, with a hosts file and a cache in `folder`."""
    (folder / "hosts.toml").write_text(hosts)
    files = {
        "WIDGETS_HOSTS_FILE": str(folder / "hosts.toml"),
        "WIDGETS_CACHE_FILE": str(folder / "reads.sqlite"),
    }
    with widget_server(mock.environment() | files | environment, workers) as url:
        yield url


@pytest.fixture(scope="module")
def module_mock() -> Iterator[MockErp]:
    with mock_erp_process("--start", "2026-11-20T09:00:00Z") as (_, mock):
        yield mock


@pytest.fixture
def mock_erp(module_mock: MockErp) -> Iterator[MockErp]:
    """The module's mock ERP, as good as new."""
    module_mock.control("POST", "reset")
    yield module_mock
    module_mock.control("POST", "reset")


@pytest.fixture
def settings(mock_erp: MockErp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a server that reads the mock ERP and keeps its cache to itself."""
    for name in os.environ:
        if name.startswith("WIDGETS_"):
            monkeypatch.delenv(name)
    for name, value in mock_erp.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WIDGETS_CACHE_FILE", str(tmp_path / "reads.sqlite"))
    return Settings.load()


@pytest.fixture
def app(settings: Settings):
    app = create_app(settings)
    app.testing = True
    return app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    # A path of a socket may have 107 characters, which pytest's own folders can exceed.
    with tempfile.TemporaryDirectory(prefix="erp-widgets-test-") as folder:
        server = RedisServer(Path(folder))
        yield server
        server.kill()
