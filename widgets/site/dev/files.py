"""What a browser was told of last: which process serves, what is wrong with it, and a digest of each file
that a page is made of."""

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from widgets.site import files

PING = 10.0  # seconds after which a stream says that it is there, and finds out whether anybody listens

Roots = Mapping[str, Path]
"""What the names of a folder's files begin with, such as "static", and the folder."""


def roots() -> Roots:
    """The folders whose files pages are made of: ours, and those of packages, below their prefix."""
    found = {"static": files.static(), "templates": files.templates()}
    for prefix, folder in files.of_packages().items():
        found[f"static/{prefix}"] = folder / "static"
        found[f"templates/{prefix}"] = folder / "templates"
    return found


class Told:
    """The state that every page of the development server follows. Its `id` is another with each change."""

    def __init__(
        self, roots: Roots, widgets: Mapping[str, str] | None = None, mistake: str = ""
    ) -> None:
        """widgets: by the name of the template that is one's alone. mistake: why there is no server, in
        words; "": there is one."""
        self._roots = dict(roots)
        self._widgets = dict(widgets or {})
        self._own = mistake
        self._process = os.urandom(4).hex()
        self._changed = threading.Condition()
        self._ended = False
        self._set("")

    @property
    def id(self) -> str:
        return self._id

    def look(self, mistake: str = "") -> None:
        """Read the files again. mistake: of another process that pages need, such as the mock ERP."""
        with self._changed:
            self._set(mistake)
            self._changed.notify_all()

    def _set(self, mistake: str) -> None:
        state = {
            "process": self._process,
            "mistake": self._own or mistake,
            "files": digests(self._roots),
            "widgets": self._widgets,
        }
        self._id = hashlib.sha256(json.dumps(state).encode()).hexdigest()[:12]
        self._state = json.dumps({"id": self._id, **state})

    def end(self) -> None:
        """Ends every stream."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def stream(self) -> Iterator[bytes]:
        """Server-sent events: the whole state at once, and again whenever it is another."""
        yield b"retry: 50\n\n"
        sent = ""
        while not self._ended:
            with self._changed:
                if sent == self._id:
                    self._changed.wait(PING)
                state, current = self._state, self._id
            yield f"data: {state}\n\n".encode() if sent != current else b":\n\n"
            sent = current


def digests(roots: Roots) -> dict[str, str]:
    """By name, such as "static/frame.css". What is vendored carries its version in its path and never
    changes; a file that goes while it is looked for is gone."""
    found = {}
    for prefix, root in roots.items():
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root)
            if "vendor" in name.parts or not path.is_file():
                continue
            try:
                content = path.read_bytes()
            except OSError:
                continue
            found[f"{prefix}/{name.as_posix()}"] = hashlib.sha256(content).hexdigest()[:12]
    return found
