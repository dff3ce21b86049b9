"""A page of a widget in a real browser, seen once at every width and in every theme: what the rules then
ask."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Browser, BrowserContext, Error, sync_playwright
from playwright.sync_api import Page as Tab

from widgets.contract.stage import StageError

if TYPE_CHECKING:
    from widgets.contract.subject import Subject

WIDTHS = (280, 320, 400, 640, 800, 1200)
THEMES = ("light", "dark", "contrast")
PROBES = Path(__file__).with_name("probes.js").read_text("utf-8")
TALL = 3000  # pixels, so that every chart is on screen

# As root, and with no network but loopback, Chromium wants these.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Colours are all that a theme changes.
_COLOURS = ["color-contrast", "link-in-text-block"]
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]


@dataclass
class Look:
    """What was seen of one page. axe: its violations, by theme. cut: what is cut off, by width.
    sizes: bytes on the wire, by address. complaints: of the browser."""

    axe: dict[str, list[str]] = field(default_factory=dict)
    cut: dict[int, list[str]] = field(default_factory=dict)
    small: list[str] = field(default_factory=list)
    moving: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    height: int = 0


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium that keeps nothing. CHROMIUM names its file, else one is looked for. Raises StageError."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    with tempfile.TemporaryDirectory(prefix="erp-widgets-chromium-") as home:
        places = ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")
        environment: dict[str, Any] = {**os.environ, **dict.fromkeys(places, home)}
        with sync_playwright() as playwright:
            try:
                browser = playwright.chromium.launch(
                    executable_path=path, args=FLAGS, env=environment
                )
            except Error as error:
                raise StageError(
                    "No Chromium that runs was found. Install one (on Debian and Ubuntu: sudo apt-get "
                    "install chromium; else playwright install chromium) or name its file in CHROMIUM. "
                    f"{error.message.splitlines()[0]}"
                ) from None
            try:
                yield browser
            finally:
                browser.close()


@contextlib.contextmanager
def tab(subject: "Subject", **options: Any) -> Iterator[tuple[Tab, BrowserContext]]:
    """A page of its own, with nothing in it yet."""
    if subject.browser is None:
        raise StageError("There is no browser to look with.")
    context = subject.browser.new_context(
        **({"viewport": {"width": 400, "height": TALL}, "reduced_motion": "reduce"} | options)
    )
    context.set_default_timeout(30_000)
    try:
        yield context.new_page(), context
    finally:
        context.close()


def look(subject: "Subject", what: str, address: str) -> Look:
    """The page at `address`; what was seen of it before, if it was. what: its name."""
    if what not in subject.looks:
        subject.looks[what] = _look(subject, address)
    return subject.looks[what]


def _look(subject: "Subject", address: str) -> Look:
    seen = Look()
    with tab(subject) as (page, context):
        context.on("weberror", lambda error: seen.complaints.append(str(error.error)))
        context.on("console", lambda message: _note(seen, message))
        context.on("request", lambda request: seen.asked.append(request.url))
        context.on("requestfinished", lambda request: _weigh(seen, request))
        page.goto(subject.stage.url + address, wait_until="load")
        _settle(page)
        page.evaluate(PROBES)
        seen.height = page.evaluate("contract.height()")
        page.evaluate("contract.open()")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": TALL})
            seen.cut[width] = page.evaluate("contract.cut()")
            if width in (WIDTHS[0], WIDTHS[-1]):
                seen.small += page.evaluate("contract.small()")
        seen.moving = page.evaluate("contract.moving()")
        page.evaluate(_axe())
        for theme in THEMES:
            page.evaluate("theme => (document.documentElement.dataset.theme = theme)", theme)
            run = (
                {"type": "rule", "values": _COLOURS}
                if seen.axe
                else {"type": "tag", "values": _TAGS}
            )
            found = page.evaluate(
                "run => axe.run({runOnly: run, resultTypes: ['violations']})", run
            )
            seen.axe[theme] = [_said(violation) for violation in found["violations"]]
    return seen


def _axe() -> str:
    from axe_playwright_python.base import AXE_SCRIPT  # noqa: PLC0415 - half a megabyte

    return str(AXE_SCRIPT)


def _settle(page: Tab) -> None:
    """Wait until charts are drawn, where there are any."""
    drawn = "(plot) => plot.querySelector('.main-svg')"
    with contextlib.suppress(
        Error
    ):  # what does not come is not waited for; the server's drawing stays
        page.wait_for_function(
            f"() => [...document.querySelectorAll('.plotly')].every({drawn})", timeout=5000
        )


def _note(seen: Look, message: Any) -> None:
    if "Content Security Policy" in message.text or (
        message.type == "error" and "the server responded with a status of" not in message.text
    ):
        seen.complaints.append(message.text)


def _weigh(seen: Look, request: Any) -> None:
    with contextlib.suppress(Error):  # the page is gone
        seen.sizes[request.url] = request.sizes()["responseBodySize"]


def _said(violation: dict[str, Any]) -> str:
    nodes = violation["nodes"]
    first = nodes[0]
    more = f" and {len(nodes) - 1} more" if len(nodes) > 1 else ""
    how = "; ".join(m["message"] for kind in ("any", "all", "none") for m in first[kind])[:200]
    return f"{violation['help']} ({violation['id']}): {first['html'][:100]}{more}: {how}"
