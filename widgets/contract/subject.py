"""One widget on a stage, with what is known of it so far: each page is asked for once, whichever rules
look."""

import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from widgets.contract import html, upstreams
from widgets.core.mistakes import shown
from widgets.core.widget import Widget

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from widgets.contract.looking import Look
    from widgets.contract.stage import Stage

EXAMPLE = "the example"


@dataclass(frozen=True, slots=True)
class Expected:
    """mode: what its upstreams do. status and state: of the page, each one of these."""

    mode: str
    status: tuple[int, ...]
    state: tuple[str, ...]
    code: str = ""


STATES: Mapping[str, Expected] = {
    EXAMPLE: Expected("", (200,), ("ok",)),
    "hostile values": Expected("hostile", (200, 404), ("ok", "empty", "error")),
    "values like formulas": Expected("formula", (200, 404), ("ok", "empty", "error")),
    "nothing to show": Expected("empty", (200, 404), ("ok", "empty", "error")),
    "stale data": Expected("stale", (200,), ("stale",)),
    "no such record": Expected("not-found", (404, 200), ("error", "empty"), "not-found"),
    "an upstream that refuses us": Expected("refused", (502,), ("error",), "upstream-refused"),
    "an answer that is nonsense": Expected("invalid", (502,), ("error",), "upstream-invalid"),
    "no answer": Expected("unavailable", (503,), ("error",), "upstream-unavailable"),
    "a fault of ours": Expected("fault", (500,), ("error",), "internal"),
}
"""By what the upstreams do, the page of the example."""

REFUSED = "a host that is not registered"


@dataclass(frozen=True)
class Page:
    """An answer. what: it shows, for a sentence. failure: what was raised that is no error of ours, and
    where."""

    what: str
    address: str
    status: int
    headers: Mapping[str, str]
    text: str
    failure: str = ""

    @cached_property
    def parsed(self) -> tuple[html.Element, list[str]]:
        is_whole = self.text.lstrip().startswith("<!doctype")
        return html.parse(self.text if is_whole else html.framed(self.text))

    @property
    def document(self) -> html.Element:
        return self.parsed[0]

    @property
    def main(self) -> Mapping[str, str]:
        """The attributes of the widget's own element."""
        found = self.document.find(".//main")
        return {} if found is None else {str(k): str(v) for k, v in found.attrib.items()}


@dataclass
class Subject:
    """more: other parameters than the example's that the same is asked of.
    browser: looks at it, where a rule needs one."""

    widget: Widget
    stage: "Stage"
    more: Sequence[Mapping[str, str]] = ()
    browser: "Browser | None" = None
    looks: "dict[str, Look]" = field(default_factory=dict)

    @property
    def example(self) -> dict[str, str]:
        return self.widget.example

    def address(self, query: Mapping[str, str], mode: str = "", path: str = "") -> str:
        """Relative to the stage's."""
        asked = {**query, **({upstreams.PARAMETER: mode} if mode else {})}
        return f"{self.widget.url_prefix}/{path}" + (f"?{urlencode(asked)}" if asked else "")

    def fetch(self, what: str, address: str, **headers: str) -> Page:
        answer = self.stage.http.get(self.stage.url + address, headers=headers, timeout=60)
        answer.encoding = "utf-8"
        failure = self._failure() if answer.status_code == 500 else ""
        return Page(what, address, answer.status_code, answer.headers, answer.text, failure)

    def query(self, query: Mapping[str, str]) -> Page:
        """By way of WSGI, for rules that ask many: what HTTP does to them is asked elsewhere."""
        address = self.address(query)
        answer = self.stage.app.test_client().get(address)
        failure = self._failure() if answer.status_code == 500 else ""
        headers = dict(answer.headers)
        return Page("a query", address, answer.status_code, headers, answer.text, failure)

    @cached_property
    def pages(self) -> dict[str, Page]:
        """The frame in each of STATES, refused, and with a parameter that is wrong."""
        found = {
            what: self.fetch(what, self.address(self.example, expected.mode))
            for what, expected in STATES.items()
        }
        found[REFUSED] = self.fetch(REFUSED, self.address({**self.example, "host": "nobody"}))
        for query in [*self.more, *self.wrong]:
            what = "&".join(f"{name}={value[:20]}" for name, value in query.items())
            found[what] = self.fetch(what, self.address(query))
        return found

    @cached_property
    def wrong(self) -> list[dict[str, str]]:
        """The example with a parameter that is refused; nothing where there are no parameters."""
        last = list(self.widget.view_function.params.model_fields)[-1:]
        return [{**self.example, name: "x" * 10_000} for name in last]

    @property
    def reads(self) -> bool:
        """Whether the example asks an upstream for anything."""
        return bool(self.pages) and self.stage.asked[self.widget.name, ""] > 0

    # --- Where to look.

    @cached_property
    def module(self) -> Path:
        return Path(str(sys.modules[self.widget.import_name].__file__))

    @cached_property
    def template(self) -> Path:
        found = self.stage.app.jinja_env.get_template(self.widget.template).filename
        return Path(str(found))

    def file(self, place: str) -> str:
        return shown(self.module if place == "module" else self.template)

    def line(self, pattern: str) -> str:
        """ " (templates/…, line 7)" for the first line of the template that has it, else nothing."""
        for number, line in enumerate(self.template.read_text("utf-8").splitlines(), 1):
            if re.search(pattern, line):
                return f" ({shown(self.template)}, line {number}: {line.strip()[:80]})"
        return ""

    def _failure(self) -> str:
        """What was raised last that is no error of ours, and where in the widget."""
        if not self.stage.failed:
            return ""
        error = self.stage.failed[-1]
        frames = traceback.extract_tb(error.__traceback__)
        ours = {str(self.module), str(self.template)}
        at = next((frame for frame in reversed(frames) if frame.filename in ours), None)
        where = f" at {shown(Path(at.filename))}, line {at.lineno}" if at else ""
        return f": {type(error).__name__}: {error}{where}"
