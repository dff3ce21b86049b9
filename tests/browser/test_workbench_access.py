"""Gallery and workbench for those who see, hear or move otherwise: what axe-core finds."""

from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.browser

PAGES = [
    "/",
    "/gallery/inventory/",
    "/gallery/ticker/?interval=daily&symbols=COPPER&activity-tab=requests&host=demo",
    "/gallery/quality/?target=900&host=nobody&snippet-way=salesforce&simulate=stale",
]


MEDIA: list[Any] = [
    {"color_scheme": "light", "forced_colors": "none"},
    {"color_scheme": "dark", "forced_colors": "none"},
    {"color_scheme": "dark", "forced_colors": "active"},
]


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(browser: Browser, served: str, path: str):
    """The frames are other pages, which the widgets' own tests look at."""
    page = browser.new_page(bypass_csp=True)
    page.goto(served + path)
    if path != "/":
        expect(page.locator("#log .log-type", has_text="hello").first).to_be_attached()
    page.evaluate(AXE_SCRIPT)
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        for media in MEDIA if width == 1280 else MEDIA[:1]:
            page.emulate_media(**media)
            found = page.evaluate(
                "axe.run(document, {iframes: false, resultTypes: ['violations']})"
            )
            assert [
                (each["id"], each["nodes"][0]["html"][:200]) for each in found["violations"]
            ] == []
    page.close()
