"""Drives a real Firefox over WebDriver BiDi, https://w3c.github.io/webdriver-bidi/, which it speaks itself.

Playwright's way to a Firefox that it did not build asks for commands that Firefox does not know yet.
"""

import base64
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

PREFERENCES: dict[str, str | int | bool] = {
    # What is not on this machine is asked of a proxy that is not there, so that nothing ever leaves it.
    "network.proxy.type": 1,
    "network.proxy.socks": "127.0.0.1",
    "network.proxy.socks_port": 9,
    "network.proxy.failover_direct": False,
    "network.proxy.no_proxies_on": ".localhost",  # localhost itself never has one
    # What is asked at a start. The rest, updates and telemetry, it leaves alone while it is driven.
    "media.gmp-manager.updateEnabled": False,
    "services.settings.server": "data:,",
    # As in the tests with Chromium.
    "ui.prefersReducedMotion": 1,
}
ENVIRONMENT = {
    "MOZ_CRASHREPORTER_DISABLE": "1",
    "MOZ_REMOTE_SETTINGS_DEVTOOLS": "1",  # lets services.settings.server count
}
PLACES = ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")

EVENTS = ["log.entryAdded", "browsingContext.load"]
WITHIN = 30.0  # seconds in which it answers, or has loaded a page


class FirefoxError(Exception):
    """What Firefox answered instead of a result, or what a script threw."""


class Firefox:
    """A running Firefox. It has one tab at a time, as a test has."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last = 0
        self.log: list[dict[str, Any]] = []
        self._loaded: set[str] = set()

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Its answer."""
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        end = time.monotonic() + WITHIN
        while (message := self._hear(method, end)).get("id") != self._last:
            pass
        if message["type"] == "error":
            raise FirefoxError(f"{method}: {message['error']}: {message['message']}")
        result: dict[str, Any] = message["result"]
        return result

    def navigate(self, context: str, url: str) -> None:
        """Go there and wait until it has loaded, its frames included.

        The command itself would take the error page of a frame, if that comes first, for its own.
        """
        method = "browsingContext.navigate"
        navigation = self.command(method, context=context, url=url, wait="none")["navigation"]
        assert navigation, f"{url} is no other page"
        end = time.monotonic() + WITHIN
        while navigation not in self._loaded:
            self._hear(method, end)

    def _hear(self, method: str, end: float) -> dict[str, Any]:
        """The next message. What is logged goes to the log."""
        try:
            message: dict[str, Any] = json.loads(self._socket.recv(max(0, end - time.monotonic())))
        except TimeoutError:
            raise FirefoxError(f"{method}: nothing after {WITHIN} seconds") from None
        if message.get("method") == "log.entryAdded":
            self.log.append(message["params"])
        elif message.get("method") == "browsingContext.load":
            self._loaded.add(message["params"]["navigation"])
        return message

    @contextmanager
    def tab(self, width: int = 420, height: int = 900) -> Iterator["Tab"]:
        """A new tab that shares no cookies and no storage with those before it."""
        user = self.command("browser.createUserContext")["userContext"]
        context = self.command("browsingContext.create", type="tab", userContext=user)["context"]
        size = {"width": width, "height": height}
        self.command("browsingContext.setViewport", context=context, viewport=size)
        self.log.clear()
        self._loaded.clear()
        try:
            yield Tab(self, context, user)
        finally:
            self.command("browser.removeUserContext", userContext=user)


class Tab:
    def __init__(self, firefox: Firefox, context: str, user: str) -> None:
        self._firefox = firefox
        self._context = context
        self._user = user

    def goto(self, url: str) -> None:
        """Go there and wait until it has loaded, its frames included."""
        self._firefox.navigate(self._context, url)

    def evaluate(self, expression: str, frame: int | str | None = None) -> Any:
        """The value of a JavaScript expression, awaited, as JSON has it. `frame` is a place in `frames()`
        or a part of an address in it; without it, the expression is about the page itself."""
        if frame is None:
            return self._evaluate(expression, self._context)
        frames = self._frames()
        for place, (context, url) in enumerate(frames):
            if frame == place or (isinstance(frame, str) and frame in url):
                return self._evaluate(expression, context)
        raise FirefoxError(f"No frame {frame!r} among {[url for _, url in frames]}")

    def wait_for(
        self, expression: str, frame: int | str | None = None, seconds: float = 20
    ) -> None:
        """Wait until the expression is true. Where it fails, as in a page that still loads, it is not."""
        last: object = None
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if last := self.evaluate(expression, frame):
                    return
            except FirefoxError as error:
                last = error
            time.sleep(0.05)
        place = "the page" if frame is None else f"frame {frame!r}"
        pytest.fail(
            f"After {seconds} seconds, {expression} in {place} is {last!r}.\n"
            f"Frames: {self.frames()}\nComplaints: {self.complaints}"
        )

    def frames(self) -> list[str]:
        """The addresses of all frames in the page, each before those in it. A frame that was refused has
        that of the error that it shows, about:neterror."""
        return [url for _, url in self._frames()]

    @property
    def complaints(self) -> list[str]:
        """Errors of scripts and on the console and refusals of the content policy, also in frames."""
        # A document has reported all of them once it answers.
        self._evaluate("0", self._context)
        self._frames()
        return [entry["text"] for entry in self._firefox.log if entry["level"] == "error"]

    def cookies(self) -> list[str]:
        """The names of the cookies that the tab got, from whichever site."""
        partition = {"type": "storageKey", "userContext": self._user}
        found = self._firefox.command("storage.getCookies", partition=partition)
        return [cookie["name"] for cookie in found["cookies"]]

    def screenshot(self, path: Path) -> None:
        shot = self._firefox.command("browsingContext.captureScreenshot", context=self._context)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _evaluate(self, expression: str, context: str) -> Any:
        answer = self._firefox.command(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression}\n)))()",
            target={"context": context},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise FirefoxError(f"{expression}: {answer['exceptionDetails']['text']}")
        value = answer["result"].get("value")
        return None if value is None else json.loads(value)

    def _frames(self) -> list[tuple[str, str]]:
        """The id and the address of every frame."""
        tree = self._firefox.command("browsingContext.getTree", root=self._context)
        waiting = tree["contexts"][0]["children"]
        found = []
        while waiting:
            frame = waiting.pop(0)
            try:
                # The tree has the address that was asked for, whatever came of it.
                url = self._evaluate("document.documentURI", frame["context"])
            except FirefoxError:
                url = frame["url"]  # it is going elsewhere right now
            found.append((frame["context"], url))
            waiting = frame["children"] + waiting
        return found


@contextmanager
def firefox_running(path: str) -> Iterator[Firefox]:
    """A Firefox of its own, with a profile and a home that are deleted in the end."""
    with tempfile.TemporaryDirectory(prefix="firefox-") as name:
        folder = Path(name)
        lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in PREFERENCES.items())
        (folder / "user.js").write_text("".join(lines))
        command = [path, "--headless", "--remote-debugging-port", "0", "--profile", name]
        environment = os.environ | ENVIRONMENT | dict.fromkeys(PLACES, name)
        log = folder / "log.txt"
        with log.open("wb") as output:
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        try:
            url = f"{_announced(process, log)}/session"
            with connect(url, proxy=None, max_size=None, ping_interval=None) as socket:
                firefox = Firefox(socket)
                firefox.command("session.new", capabilities={})
                firefox.command("session.subscribe", events=EVENTS)
                yield firefox
                firefox.command("browser.close")
            process.wait(20)
        finally:
            process.kill()
            process.wait()


def _announced(process: subprocess.Popen[bytes], log: Path) -> str:
    """The address under which it can be driven."""
    for _ in range(600):
        said = log.read_text(errors="replace")
        if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", said):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.1)
    pytest.fail(f"Firefox did not start: {said[-2000:]}")
