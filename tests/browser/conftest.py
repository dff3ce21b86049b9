"""A real Chromium, a real Firefox, a widget server in its own processes, and host pages on another origin."""

import functools
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.firefox import Firefox, Tab, firefox_running
from tests.browser.host_app import HOSTS, SECRET, HostApp, host_app
from tests.conftest import ROOT, MockErp, server_with_hosts, widget_server

# What runs beside the tests may slow any of them down.
expect.set_options(timeout=20_000)


def chromium() -> str:
    """The path of the Chromium that the tests drive."""
    return (
        os.environ.get("CHROMIUM")
        or subprocess.check_output(["sh", str(ROOT / "tools/chromium.sh")], text=True)
    ).strip()


@pytest.fixture(scope="session")
def browser(contract_browser: Browser) -> Browser:
    # Playwright starts once in a process, and the contract looks with it too.
    return contract_browser


@pytest.fixture(scope="session")
def firefox() -> Iterator[Firefox]:
    path = os.environ.get("FIREFOX") or subprocess.check_output(
        ["sh", str(ROOT / "tools/firefox.sh")], text=True
    )
    if not path.strip():
        pytest.skip("no Firefox on this machine")
    with firefox_running(path.strip()) as firefox:
        yield firefox


@pytest.fixture
def tab(firefox: Firefox) -> Iterator[Tab]:
    """A tab of Firefox."""
    with firefox.tab() as tab:
        yield tab


@pytest.fixture(scope="module")
def registered(module_mock: MockErp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a widget server with the hosts of `host_app.HOSTS`."""
    keep = '{"on_hand": [0.2, 3600], "orders": [0.2, 3600], "lines": [0.2, 3600], "prices": [0.2, 3600]}'
    with server_with_hosts(
        module_mock,
        tmp_path_factory.mktemp("registered"),
        HOSTS,
        workers=2,
        SALES_WIDGET_KEY=SECRET,
        WIDGETS_KEEP=keep,
    ) as url:
        yield url


@pytest.fixture
def app(registered: str) -> Iterator[HostApp]:
    """A host application on other origins than the widget server's."""
    with host_app(registered) as app:
        yield app


@pytest.fixture(scope="module")
def served(module_mock: MockErp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a widget server whose answers are fresh for a moment only."""
    settings = module_mock.environment() | {
        "WIDGETS_CACHE_FILE": str(tmp_path_factory.mktemp("cache") / "reads.sqlite"),
        "WIDGETS_KEEP": '{"on_hand": [0.2, 3600], "orders": [0.2, 3600], "lines": [0.2, 3600]}',
    }
    with widget_server(settings, workers=2) as url:
        yield url


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class HostSite:
    """A site on an origin of its own, whose pages are the files of a folder."""

    url: str
    folder: Path

    def page(self, body: str, name: str = "index.html") -> str:
        start = '<!doctype html><title>Host</title><link rel="icon" href="data:,">'
        (self.folder / name).write_text(start + body)
        return f"{self.url}/{name}"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[HostSite]:
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path))
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield HostSite(f"http://localhost:{server.server_port}", tmp_path)
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Watch:
    """What a browser complained about, and where it went."""

    complaints: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def but_overtaken(self) -> list[str]:
        """The complaints without those of htmx that a request was overtaken by another."""
        told = ("htmx:afterRequest", "htmx:sendAbort")
        return [said for said in self.complaints if not said.startswith(told)]


@pytest.fixture
def watch(context: BrowserContext) -> Watch:
    """Collects the complaints of every page: errors of scripts, refusals of the content policy."""
    seen = Watch()
    context.on("weberror", lambda error: seen.complaints.append(str(error.error)))
    context.on(
        "console",
        lambda message: (
            seen.complaints.append(message.text)
            if message.type == "error" or "Content Security Policy" in message.text
            else None
        ),
    )
    context.on("request", lambda request: seen.addresses.append(request.url))
    return seen


@pytest.fixture
def options() -> dict[str, object]:
    """What a test wants otherwise of its browser context; override with parametrize."""
    return {}


@pytest.fixture
def context(browser: Browser, options: dict[str, object]) -> Iterator[BrowserContext]:
    context = browser.new_context(
        **({"viewport": {"width": 420, "height": 900}, "reduced_motion": "reduce"} | options)  # type: ignore[arg-type]
    )
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
