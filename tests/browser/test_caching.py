"""What Chromium and Firefox keep of a page that proxies may keep: they ask before they show it."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import HostSite
from tests.browser.firefox import Tab
from tests.conftest import MockErp, widget_server

pytestmark = pytest.mark.browser

INVENTORY = "/widgets/inventory/?site=1&rows=4"
COUNT = "document.querySelector('main').dataset.answer"


@pytest.fixture(scope="module")
def shared(module_mock: MockErp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a widget server with the usual spans: proxies may keep its pages."""
    path = str(tmp_path_factory.mktemp("cache") / "reads.sqlite")
    with widget_server(module_mock.environment() | {"WIDGETS_CACHE_FILE": path}) as url:
        yield url


@dataclass
class Relay:
    """In front of the widget server. It numbers the answers, in the widget's `data-answer`, and each has an
    ETag of its own: whatever shows another number than the last has not asked."""

    url: str = ""
    answers: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def relay(shared: str) -> Iterator[Relay]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            wanted = {k: v for k, v in self.headers.items() if k.startswith("HX-")}
            answer = requests.get(shared + self.path, headers=wanted, timeout=20)
            body, etag = answer.content, answer.headers.get("ETag", "")
            if self.path.startswith("/widgets/"):
                found.answers += 1
                found.asked.append(dict(self.headers))
                body = body.replace(
                    b'<main id="widget"', b'<main id="widget" data-answer="%d"' % found.answers
                )
                etag = f'"{found.answers}"'
            self.send_response(answer.status_code)
            for name in ("Content-Type", "Cache-Control", "Expires", "Vary", "Age"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("ETag", etag)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Relay(f"http://localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def test_proxies_may_show_what_browsers_must_ask_for(shared: str):
    said = requests.get(shared + INVENTORY, timeout=20).headers
    assert "stale-while-revalidate=60" in said["Cache-Control"]
    assert "max-age" not in said["Cache-Control"].replace("s-maxage", "")


def embedded(host: HostSite, relay: Relay) -> str:
    return host.page(f'<iframe src="{relay.url}{INVENTORY}" width=400 height=700></iframe>')


# --- Chromium.


def test_chromium_asks_each_time_it_loads_a_frame(page: Page, host: HostSite, relay: Relay):
    for _ in range(3):
        page.goto(embedded(host, relay))
        frame = page.frames[1]
        expect(frame.locator("main")).to_have_attribute("data-state", "ok")
        assert int(frame.evaluate(COUNT)) == relay.answers
        page.goto(relay.url + INVENTORY)
        assert int(page.evaluate(COUNT)) == relay.answers


def test_chromium_asks_for_what_the_viewer_and_the_timer_want(page: Page, relay: Relay):
    page.clock.install()
    page.goto(relay.url + INVENTORY)
    for _ in range(3):
        page.locator("tbody a").first.click()
        expect(page.locator(".where")).to_contain_text("all sites")
        assert int(page.evaluate(COUNT)) == relay.answers
        page.get_by_role("link", name="All items").click()
        expect(page.locator(".where")).not_to_contain_text("all sites")
        assert int(page.evaluate(COUNT)) == relay.answers
        page.clock.run_for(500)  # until what was swapped in has settled
        with page.expect_response(re.compile("/widgets/")):
            page.clock.fast_forward(31_000)
        expect(page.locator("main")).to_have_attribute("data-answer", str(relay.answers))
    # A request of htmx's that says nothing of it is answered by Chromium out of its own cache.
    by_htmx = [asked for asked in relay.asked if "HX-Request" in asked]
    assert len(by_htmx) == 9
    assert {asked["Cache-Control"] for asked in by_htmx} == {"max-age=0"}


def test_a_page_that_is_gone_back_to_looks_for_newer_data_at_once(page: Page, relay: Relay):
    page.goto(relay.url + INVENTORY)
    page.goto(f"{relay.url}/widgets/ticker/?symbols=WTI")
    before = relay.answers
    page.go_back()
    expect(page.locator("main")).to_have_attribute("data-answer", str(before + 1))
    expect(page.locator("h1")).to_have_text("Inventory levels")


# --- Firefox.


def test_firefox_asks_each_time_it_loads_a_frame(tab: Tab, host: HostSite, relay: Relay):
    for _ in range(3):
        tab.goto(embedded(host, relay))
        tab.wait_for("document.querySelector('main').dataset.state === 'ok'", frame=0)
        assert int(tab.evaluate(COUNT, frame=0)) == relay.answers
        tab.goto(relay.url + INVENTORY)
        assert int(tab.evaluate(COUNT)) == relay.answers


def test_firefox_asks_for_what_the_viewer_wants(tab: Tab, relay: Relay):
    tab.goto(relay.url + INVENTORY)
    for _ in range(3):
        for link in ("tbody a", ".back a"):
            before = relay.answers
            tab.evaluate(f"document.querySelector({link!r}).click()")
            tab.wait_for(f"{COUNT} === '{before + 1}'")
            assert relay.answers == before + 1
