"""The tags of host pages, and what the tests ask of the widgets that they show."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, Route, expect

ORDER = (
    '<erp-widget id="orders" name="order-status" host="sales" order="001503" token-url="/token">'
    "</erp-widget>"
)
STOCK = (
    '<erp-widget id="stock" name="inventory" host="sales" site="1" rows="3" token-url="/token">'
    "</erp-widget>"
)
OPEN = '<erp-widget id="stock" name="inventory" site="1" rows="3" height="200"></erp-widget>'

LISTEN = """
window.heard = [];
for (const widget of document.querySelectorAll("erp-widget")) {
  for (const type of ["ready", "rendered", "error", "stale", "select"]) {
    widget.addEventListener(type, (event) => heard.push([widget.getAttribute("name"), type, event.detail]));
  }
}
"""
"""Script of a host page that notes every event."""


def frame_of(page: Page, selector: str = "erp-widget") -> FrameLocator:
    return page.frame_locator(f"{selector} iframe")


def shown(page: Page, selector: str = "erp-widget") -> FrameLocator:
    """The widget's frame, once it shows data and hears its page."""
    frame = frame_of(page, selector)
    expect(frame.locator("main")).to_have_attribute("data-state", "ok")
    expect(frame.locator("html.hosted")).to_be_attached()
    return frame


def heard(page: Page) -> list[Any]:
    found: list[Any] = page.evaluate("heard")
    return found


def wait_until_heard(page: Page, name: str, kind: str, count: int = 1) -> None:
    page.wait_for_function(
        "([name, kind, count]) => heard.filter((e) => e[0] === name && e[1] === kind).length >= count",
        arg=[name, kind, count],
    )


def held_back(page: Page, address: str | re.Pattern[str]) -> list[Route]:
    """The requests for an address, none of which is answered until a test does it."""
    held: list[Route] = []

    def hold(route: Route) -> None:  # a bound method Playwright cannot mark
        held.append(route)

    page.route(address, hold)
    return held


def wait_until(page: Page, condition: Callable[[], bool]) -> None:
    """For what only Python sees; its events come while a page is waited for."""
    for _ in range(300):
        if condition():
            return
        page.wait_for_timeout(100)
    pytest.fail("it does not come to that")


def first_held(page: Page, held: list[Route]) -> Route:
    """The first request that `held_back` has kept, once there is one."""
    wait_until(page, lambda: bool(held))
    return held[0]


def is_refused(page: Page, index: int = 1) -> bool:
    """Whether the browser shows its own error in place of a frame, once it shows anything."""
    wait_until(page, lambda: page.frames[index].url not in ("", ":", "about:blank"))
    return "chrome-error" in page.frames[index].url
