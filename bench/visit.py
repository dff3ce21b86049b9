"""One visit of a page with frames by a Chromium, and what it took.

All frames are in one process with the page, without site isolation: a frame that is a process of its own is
a target of its own for DevTools, and each target is slowed down for itself, so that six frames would have
six lines. What a WebSocket carries DevTools does not slow down at all: the peers that send their data over
one (Panel, Streamlit, Shiny) look better over a slow line than they are.
"""

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Error, Page, sync_playwright

from bench.comparing import NotComparable
from widgets.contract.looking import FLAGS

PROBE = Path(__file__).with_name("page_probe.js").read_text()
FRAME, ROOM, COLUMNS = (640, 1030), 80, 4  # pixels of a frame, and what the page keeps below it
STARTS = 1000  # milliseconds after its start in which a browser is busy with itself
SETTLES = 500  # milliseconds after the last chart in which what is under way arrives
# Of what Lighthouse calls slow 4G: bits and seconds to bytes and milliseconds.
LINE = {"latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
NETWORKS = ("none", "4g")
Launch = Callable[..., BrowserContext]
"""Starts a Chromium for a folder that it keeps everything in."""


class Failed(Exception):
    """A visit came to nothing that could be measured; the message says why."""


@dataclass(frozen=True, slots=True)
class Framed:
    """What is framed, and how it is known to be there. first: the number of the item in the first row.
    drawn: JavaScript, whether the chart is there. bars: whether there are bars that it takes the place of; ""
    where it has none."""

    origin: str
    first: str
    drawn: str
    bars: str = ""
    chart_files: str = ""


@dataclass
class Traffic:
    """What DevTools told: what was sent to the frames' server, and what came back.

    sent: seconds since 1970, a request. came: bytes with their headers, by request. sockets: bytes that
    WebSockets brought, after their own compression was undone. documents: addresses of frames. elsewhere:
    what other servers were asked for.
    """

    origin: str
    sent: list[tuple[str, float]] = field(default_factory=list)
    urls: dict[str, str] = field(default_factory=dict)
    came: dict[str, float] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    sockets: int = 0
    documents: set[str] = field(default_factory=set)
    elsewhere: list[str] = field(default_factory=list)

    def listen(self, devtools: Any) -> None:
        for name in (
            "requestWillBeSent", "requestServedFromCache", "responseReceived", "loadingFinished",
            "webSocketWillSendHandshakeRequest", "webSocketCreated", "webSocketFrameReceived",
        ):  # fmt: skip
            devtools.on(f"Network.{name}", getattr(self, f"_{name}"))

    @property
    def requests(self) -> list[float]:
        """When each was sent that the browser did not answer itself."""
        return [when for identity, when in self.sent if identity not in self.kept]

    def size(self, without: str = "") -> float:
        """Bytes received, without the addresses in which this regular expression is found."""
        files = sum(
            size
            for identity, size in self.came.items()
            if not (without and re.search(without, self.urls[identity]))
        )
        return files + self.sockets

    def _requestWillBeSent(self, event: dict[str, Any]) -> None:  # noqa: N802 - DevTools' names
        url = event["request"]["url"]
        if not url.startswith(self.origin):
            if event.get("type") != "Document" and not url.startswith(("data:", "blob:")):
                self.elsewhere.append(url)
            return
        identity = event["requestId"]
        if "redirectResponse" in event:
            self.came[f"{identity} before"] = event["redirectResponse"]["encodedDataLength"]
            self.urls[f"{identity} before"] = self.urls[identity]
        self.urls[identity] = url
        self.sent.append((identity, event["wallTime"]))
        if event.get("type") == "Document":
            self.documents.add(url)

    def _requestServedFromCache(self, event: dict[str, Any]) -> None:  # noqa: N802
        self.kept.add(event["requestId"])

    def _responseReceived(self, event: dict[str, Any]) -> None:  # noqa: N802
        if event["response"].get("fromDiskCache"):
            self.kept.add(event["requestId"])

    def _loadingFinished(self, event: dict[str, Any]) -> None:  # noqa: N802
        identity = event["requestId"]
        if identity in self.urls and identity not in self.kept:
            self.came[identity] = event["encodedDataLength"]

    def _webSocketCreated(self, event: dict[str, Any]) -> None:  # noqa: N802
        self.urls[event["requestId"]] = event["url"]

    def _webSocketWillSendHandshakeRequest(self, event: dict[str, Any]) -> None:  # noqa: N802
        self.sent.append((event["requestId"], event["wallTime"]))

    def _webSocketFrameReceived(self, event: dict[str, Any]) -> None:  # noqa: N802
        data, is_text = event["response"]["payloadData"], event["response"]["opcode"] == 1
        self.sockets += len(data.encode()) if is_text else len(data) * 3 // 4  # the rest is base64


@contextmanager
def chromium(path: str | None) -> Iterator[Launch]:
    """What starts a Chromium, without site isolation; a look at the docstring above says why. path: its
    program, or None for Playwright's own. Raises NotComparable where it does not start."""
    with sync_playwright() as playwright:
        launch = partial(
            playwright.chromium.launch_persistent_context,
            executable_path=path,
            args=[*FLAGS, "--disable-site-isolation-trials"],
        )
        try:
            with _profile() as profile:
                launch(profile).close()
        except Error as error:
            raise NotComparable(
                f"No Chromium starts here. Name one: CHROMIUM=/path/to/chromium. It says: {error}"
            ) from None
        yield launch


def _profile() -> tempfile.TemporaryDirectory[str]:
    # Of a browser that has crashed there may be processes that still write to it.
    return tempfile.TemporaryDirectory(prefix="erp-widgets-", ignore_cleanup_errors=True)


@contextmanager
def visitor(launch: Launch, framed: Framed, frames: int) -> Iterator[BrowserContext]:
    """Somebody who has never been there; what they got on a visit is there on the next. So is what the
    browser made of scripts, which it keeps in a profile of its own but not in a private window. The window
    holds all frames, since a frame out of sight is not painted, and ours would not even load."""
    across, down = min(frames, COLUMNS), -(-frames // COLUMNS)
    size = {"width": across * FRAME[0] + 40, "height": down * (FRAME[1] + ROOM) + 40}
    given = (
        f"{{origin: {json.dumps(framed.origin)}, first: {json.dumps(framed.first)}, "
        f"bars: {f'({{find, isShown}}) => {framed.bars}' if framed.bars else 'null'}, "
        f"drawn: ({{find, isShown, painted}}) => {framed.drawn}}}"
    )
    with _profile() as profile:
        context = launch(profile, viewport=size)
        try:
            context.pages[0].wait_for_timeout(STARTS)
            context.add_init_script(PROBE.replace("GIVEN", given))
            yield context
        finally:
            context.close()


def visit(
    context: BrowserContext, url: str, framed: Framed, frames: int, *, network: str, within: float
) -> tuple[dict[str, float], Traffic]:
    """What the visit took, by `bench.page.UNITS`. within: seconds until it is given up. Raises Failed, and
    Playwright's Error."""
    page = context.new_page()
    try:
        return _visit(page, url, framed, frames, network=network, within=within)
    finally:
        page.close()


def _visit(
    page: Page, url: str, framed: Framed, frames: int, *, network: str, within: float
) -> tuple[dict[str, float], Traffic]:
    done: list[str] = []
    page.expose_binding("benchDone", lambda source: done.append(source["frame"].url))
    devtools = page.context.new_cdp_session(page)
    traffic = Traffic(framed.origin)
    traffic.listen(devtools)
    devtools.send("Network.enable")
    devtools.send("Performance.enable")
    if network == "4g":
        devtools.send("Network.emulateNetworkConditions", {"offline": False, **LINE})
    before = _worked(devtools)
    page.goto(url, wait_until="commit")
    latest = time.monotonic() + within
    while len(done) < frames:
        if time.monotonic() > latest:
            raise Failed(f"{len(done)} of {frames} frames had all within {within:.0f} s")
        page.wait_for_timeout(25)  # which asks the page nothing
    page.wait_for_timeout(SETTLES)
    worked = _worked(devtools) - before
    host = page.evaluate("benchSeen")
    inner = [frame.evaluate("self.benchSeen") for frame in page.main_frame.child_frames]
    if len(inner) != frames or not all(each and each["chart"] for each in inner):
        raise Failed(f"{frames} frames should be seen, and {len(inner)} are")
    if traffic.elsewhere:
        raise Failed(f"asks other servers than its own: {traffic.elsewhere[0]}")
    data = max(each["data"] for each in inner)
    early = sum(when * 1000 <= data for when in traffic.requests)
    figures = {
        "data": data - host["start"],
        "bars": max(each["bars"] or each["chart"] for each in inner) - host["start"],
        "chart": max(each["chart"] for each in inner) - host["start"],
        "received": traffic.size() / 1000,
        "requests to data": early,
        "requests": len(traffic.requests),
        "shift": host["shift"],
        "shift in a frame": max(each["shift"] for each in inner),
        "main thread": worked,
    }
    if framed.chart_files:
        figures["received but chart"] = traffic.size(framed.chart_files) / 1000
    return figures, traffic


def _worked(devtools: Any) -> float:
    """Milliseconds that the main thread of page and frames has worked."""
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration")) * 1000
