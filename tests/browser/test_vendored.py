"""The vendored browser libraries at work under our strict policy, in a page of nothing but themselves."""

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tools.vendor import PACKAGES, VENDOR

pytestmark = pytest.mark.browser

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'"
)
HTMX, IDIOMORPH, PLOTLY = (VENDOR / f"{name}@{version}" for name, version in PACKAGES)

PAGES = {
    "/strict": f"""<!doctype html><title>strict</title><script src="/watch.js"></script>
        <link id="plotly.js-style-global" class="no-inline-styles" rel="stylesheet"
              href="/{PLOTLY.name}/plotly.css">
        <script src="/{PLOTLY.name}/plotly.js"></script>
        <div id="bars"></div><div id="lines"></div><script src="/draw.js"></script>""",
    "/free": f"""<!doctype html><title>free</title>
        <script src="/{PLOTLY.name}/plotly.js"></script>""",
    "/morph": f"""<!doctype html><title>morph</title><script src="/watch.js"></script>
        <meta name="htmx-config" content='{{"allowEval":false,"includeIndicatorStyles":false}}'>
        <script src="/{HTMX.name}/htmx.min.js"></script>
        <script src="/{IDIOMORPH.name}/idiomorph-ext.min.js"></script>
        <script src="/morph.js"></script>
        <div id="part" hx-ext="morph" hx-get="/part" hx-swap="morph:outerHTML" hx-trigger="refresh">
        <input id="rows" type="number" value="8"><p>old</p></div>""",
    "/part": """<div id="part" hx-ext="morph" hx-get="/part" hx-swap="morph:outerHTML"
        hx-trigger="refresh"><p class="added">added</p>
        <input id="rows" type="number" value="8"><p>new</p></div>""",
    # Without this a morph resets what is being typed. In `hx-swap` it would need 'unsafe-eval'.
    "/morph.js": "Idiomorph.defaults.ignoreActiveValue = true;",
    "/watch.js": """window.violations = [];
        document.addEventListener("securitypolicyviolation", (event) =>
          window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));""",
    "/draw.js": """const quiet = { displayModeBar: false, showSendToCloud: false, plotlyServerURL: "" };
        window.drawn = Promise.all([
          Plotly.newPlot("bars", [{ type: "bar", x: ["a", "b", "c"], y: [3, 1, 2] }], {}, quiet),
          Plotly.newPlot("lines", [{ type: "scatter", x: ["2026-01-01", "2026-02-01"], y: [1, 2] }],
            {}, quiet),
        ]).then(() => true);""",
}


class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args, directory=str(VENDOR))

    def do_GET(self) -> None:
        if self.path not in PAGES:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header(
            "Content-Type", "text/javascript" if self.path.endswith(".js") else "text/html"
        )
        if self.path != "/free":
            self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(PAGES[self.path].encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


RULES = "[...document.getElementById('plotly.js-style-global').sheet.cssRules].map(r => r.cssText)"


def test_plotly_draws_under_the_strict_policy(page: Page, address: str) -> None:
    page.goto(f"{address}/strict")
    assert page.evaluate("window.drawn") is True
    assert page.locator("#bars .bars .point path").count() == 3
    assert page.locator("#lines .scatterlayer .js-line").count() == 1
    layers = page.locator("#bars .main-svg")
    assert layers.nth(1).evaluate("layer => getComputedStyle(layer).position") == "absolute"
    # What plotly.js draws when the pointer is over a bar is styled by the same rules.
    bar = page.locator("#bars .bars .point path").first.bounding_box()
    assert bar is not None
    page.mouse.move(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)
    page.wait_for_selector("#bars .hoverlayer .hovertext")
    assert page.evaluate("window.violations") == []


def test_style_sheet_is_the_one_that_plotly_makes(page: Page, address: str) -> None:
    page.goto(f"{address}/free")
    made_by_plotly = page.evaluate(RULES)
    page.goto(f"{address}/strict")
    assert len(made_by_plotly) > 50
    assert page.evaluate(RULES) == made_by_plotly


def test_idiomorph_keeps_focus_and_typed_text_with_htmx(page: Page, address: str) -> None:
    page.goto(f"{address}/morph")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.locator("#rows").fill("12")
    page.evaluate("htmx.trigger('#part', 'refresh')")
    page.wait_for_selector(".added")
    assert page.locator("#part p").all_inner_texts() == ["added", "new"]
    assert page.evaluate("document.activeElement.id") == "rows"
    assert page.locator("#rows").input_value() == "12"
    assert errors == []
    assert page.evaluate("window.violations") == []
