"""`dev` over a copy of the code, in which a test may change what it likes."""

import http.client
import json
import shutil
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.site.serving import ROOT, Serving, serving

COPIED = ("widgets", "templates", "static", "mock_erp")
LATEST = 60.0  # seconds; a change takes one or two where nothing else runs
INVENTORY = "/widgets/inventory/?site=1&rows=4"
VIEW = "def inventory(params: Params, erp: Erp) -> View:\n"


@dataclass
class Development:
    server: Serving
    tree: Path
    url: str
    before: dict[Path, str] = field(default_factory=dict)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace the first `old` in a file."""
        file = self.tree / name
        text = file.read_text()
        assert old in text, f"{name} has no {old!r}"
        self.before.setdefault(file, text)
        file.write_text(text.replace(old, new, 1))

    def undo(self) -> None:
        """Where it was code, until another process serves: what is opened meanwhile would be loaded anew."""
        changed = {file: text for file, text in self.before.items() if file.read_text() != text}
        self.before.clear()
        is_code = any(file.suffix in (".py", ".toml") for file in changed)
        process = self.told()["process"] if is_code else ""
        for file, text in changed.items():
            file.write_text(text)
        latest = time.monotonic() + LATEST
        while is_code and self.told()["process"] == process:
            assert time.monotonic() < latest, "nothing came of what was undone"
            time.sleep(0.05)

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Status and body."""
        request = urllib.request.Request(self.url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def told(self) -> Any:
        """What a browser that comes now is told. It comes again, as browsers do, after a restart."""
        for _ in range(50):
            with (
                suppress(OSError, http.client.HTTPException),
                urllib.request.urlopen(self.url + "/_dev/events", timeout=10) as stream,
            ):
                for line in stream:
                    if line.startswith(b"data: "):
                        return json.loads(line[6:])
            time.sleep(0.1)
        raise AssertionError("every stream ends before it tells anything")

    def wait(self, path: str, is_so: Callable[[str], bool]) -> str:
        """The body, once it is so."""
        latest = time.monotonic() + LATEST
        while not is_so(body := self.get(path)[1]):
            assert time.monotonic() < latest, body[:2000]
            time.sleep(0.1)
        return body


@contextmanager
def developing(folder: Path, *options: str, **environment: str) -> Iterator[Development]:
    tree = folder / "tree"
    tree.mkdir()
    for name in COPIED:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "temporary").mkdir()
    with serving(
        folder,
        *options,
        verb=["dev"],
        cwd=tree,
        TMPDIR=str(folder / "temporary"),
        # Of the tests' own coverage: a process that is ended from one moment to the next writes half of it.
        COVERAGE_PROCESS_START="",
        **environment,
    ) as server:
        reader = threading.Thread(target=_read, args=(server,), daemon=True)
        reader.start()
        yield Development(server, tree, server.address.rstrip("/"))


def _read(server: Serving) -> None:
    """What it says goes on to be read, or it would wait for somebody who does."""
    assert server.process.stdout
    for line in server.process.stdout:
        server.said += line
