"""The tags of host pages, and what the tests ask of the widgets that they show."""

from typing import Any

from playwright.sync_api import FrameLocator, Page, expect

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
