"""The status page in a real browser: it looks again by itself, and its reader does not lose their place."""

import re
import sys

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.site.gunicorns import Gunicorn, gunicorn

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


@pytest.fixture
def server(tmp_path):
    with gunicorn(tmp_path, WIDGETS_DEMO="yes") as server:
        yield server


@pytest.fixture
def page(browser: Browser):
    context = browser.new_context(viewport={"width": 400, "height": 500})
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: said.append(line.text) if "Policy" in line.text else None)
    page.clock.install()
    yield page
    context.close()
    assert said == []


def look_again(page: Page) -> None:
    with page.expect_response(re.compile("/status$")):
        page.clock.run_for(10_500)


def test_it_shows_what_is_new_and_stays_where_it_was(page: Page, server: Gunicorn):
    page.goto(f"{server.url}/status")
    expect(page.get_by_text("No widget was asked for yet.")).to_be_visible()
    link = page.get_by_role("link", name="Gallery")
    link.focus()
    page.evaluate("scrollTo(0, 300)")
    before = page.locator("#status").element_handle()
    server.get("/try/count")
    look_again(page)
    expect(page.get_by_role("row", name="inventory")).to_contain_text("1")
    expect(link).to_be_focused()
    assert page.evaluate("scrollY") == 300
    assert page.evaluate("element => element.isConnected", before)
    look_again(page)  # and again


def test_it_says_when_the_server_does_not_answer_and_when_it_does_again(
    page: Page, server: Gunicorn
):
    page.goto(f"{server.url}/status")
    notice = page.get_by_text("This server does not answer any more.")
    expect(notice).to_be_hidden()
    page.route("**/status", lambda route: route.abort())
    page.clock.run_for(10_500)
    expect(notice).to_be_visible()
    page.unroute("**/status")
    look_again(page)
    expect(notice).to_be_hidden()


@pytest.mark.parametrize("width", [280, 400, 600, 800, 1200])
def test_nothing_goes_off_the_side(page: Page, server: Gunicorn, width: int):
    server.get("/try/count")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{server.url}/status")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
