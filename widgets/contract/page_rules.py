"""Rules about the pages of a widget as they are sent, before any browser has them."""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema

from widgets.contract import checker, figures, html
from widgets.contract.rule import rule
from widgets.contract.subject import EXAMPLE, REFUSED, STATES, Page, Subject
from widgets.core import tables

HTMX = {"HX-Request": "true"}
ASSETS = {
    "img": ("src", "srcset"), "script": ("src",), "link": ("href",), "iframe": ("src",),
    "video": ("src", "poster"), "audio": ("src",), "source": ("src", "srcset"), "embed": ("src",),
    "object": ("data",), "use": ("href",), "image": ("href",), "form": ("action",), "input": ("src",),
}  # fmt: skip
"""What a browser asks for by itself, or sends data to."""


@rule("template")
def frame_and_partial(subject: Subject) -> Iterator[str]:
    """The example shows data, and the piece that a refresh swaps is the same that the frame holds.

    The example is what the gallery shows and what is copied; a refresh that brings something else jumps.

    Mend: choose an `example` that finds something, extend `widgets/partial.html` and draw in its blocks
    alone.
    """
    address = subject.address(subject.example)
    for _ in range(3):  # what was read may become older than it may be between the two
        frame = subject.fetch(EXAMPLE, address)
        partial = subject.fetch("the partial", address, **HTMX)
        if partial.text.strip() in frame.text:
            break
    else:
        yield "the partial is not the piece that the frame has: something in it is new each time"
    for page in (frame, partial):
        if page.status != 200:
            yield f"{page.what} is answered with {page.status}{page.failure}"
    if frame.main.get("data-state") not in ("ok", None):
        yield f"the example is in the state {frame.main['data-state']}, and should show data"
    if not partial.text.lstrip().startswith("<main"):
        yield "the partial does not begin with <main>"
    if frame.main.get("id") != "widget":
        yield 'the frame has no <main id="widget">'
    if "HX-Request" not in frame.headers.get("Vary", ""):
        yield "a cache could mistake the partial for the frame: Vary does not name HX-Request"


@rule("module")
def every_state_is_drawn(subject: Subject) -> Iterator[str]:
    """Ok, empty, stale and each error is a page of the widget, with its own status and words.

    Upstreams fail. Then a viewer must read in the frame what is the matter, and never see an old figure as
    new.

    Mend: leave errors of reads alone: they become states by themselves. Return `empty=Empty(…)` where there
    is nothing to show, and hold out against lists without anything in them.
    """
    if subject.pages[REFUSED].status != 403:
        yield f"{REFUSED} is answered with {subject.pages[REFUSED].status}, not 403"
    for what, expected in STATES.items():
        page = subject.pages[what]
        if expected.mode not in ("", "hostile") and not subject.reads:
            continue
        state, code = page.main.get("data-state", "none"), page.main.get("data-code", "")
        if page.status not in expected.status:
            wanted = " or ".join(map(str, expected.status))
            yield f"{what} is answered with {page.status}, not {wanted}{page.failure}"
        elif state not in expected.state:
            yield f"{what} is shown in the state {state}, not {' or '.join(expected.state)}"
        elif state == "error" and expected.code and code != expected.code:
            yield f"{what} is shown as {code}, not {expected.code}"
        elif state == "stale" and not page.document.findall(".//p[@class='notice']"):
            yield "stale data does not say so"
        elif state == "ok" and any(not t.findall(".//tr") for t in page.document.iter("tbody")):
            yield f"{what}: there is a table without a row; that is the state empty"
        elif state in ("empty", "error") and not html.words(page.document.find(".//section")):
            yield f"{what}: nothing is said"


@rule("template")
def structure(subject: Subject) -> Iterator[str]:
    """Every page has one h1, a title, a language, ids that are there once, and labelled fields.

    Somebody who cannot see the frame finds their way by these.

    Mend: leave the h1 to `widgets/partial.html`; make ids from what is unique in a row; give each field a
    `<label for=…>`.
    """
    for page in subject.pages.values():
        for fault in html.structure(page.document):
            yield f"{page.what}: {fault}"


@rule("template")
def valid_html(subject: Subject) -> Iterator[str]:
    """Every page is valid HTML, by the checker that the W3C runs.

    Browsers mend what is wrong, each in its way, and a refresh is laid over what they made of it.

    Mend: correct the template at the element that is named.
    """
    yield from checker.complaints(subject)


@rule("template")
def policy(subject: Subject) -> Iterator[str]:
    """No inline script or style and no event attributes, no cookies, and the headers of every widget.

    The policy refuses them, so that a value which slips through as HTML can do nothing.

    Mend: put style into a class of the style sheet and behaviour into htmx attributes or links. Do not set
    headers.
    """
    for page in subject.pages.values():
        for fault in html.inline(page.document):
            yield f"{page.what}: {fault}{subject.line(r'style=|<style|<script|on[a-z]+=')}"
        given = page.headers.get("Content-Security-Policy", "")
        if "default-src 'none'" not in given or "frame-ancestors" not in given:
            yield f"{page.what}: its Content-Security-Policy is {given!r}"
        if "unsafe-" in given:
            yield f"{page.what}: its Content-Security-Policy allows what is unsafe: {given!r}"
        for name, value in (("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", None)):
            if page.headers.get(name) != value:
                yield f"{page.what}: the header {name} is {page.headers.get(name)!r}"
        for name in ("Set-Cookie", "Refresh"):
            if name in page.headers:
                yield f"{page.what}: it sends {name}"


@rule("template")
def nothing_from_others(subject: Subject) -> Iterator[str]:
    """Nothing in a page is asked of anybody but this server.

    Another's script, font or picture tells them who looks at what, and shows nothing where they are not
    allowed.

    Mend: put the file into `static/`, or the icon into the template as SVG.
    """
    for page in subject.pages.values():
        for element in page.document.iter():
            for name in ASSETS.get(str(element.tag), ()):
                value = (element.get(name) or "").strip()
                rest = value.removeprefix(subject.stage.url)
                if "//" in rest.partition("?")[0] and not value.startswith("data:"):
                    at = subject.line(r"(src|href|data|action|poster|srcset)=.?(https?:)?//")
                    yield f"{page.what}: {html.shown(element)} is asked of another server{at}"


@rule("template")
def text_for_figures(subject: Subject) -> Iterator[str]:
    """Every picture has words, and every chart has its figures in a table.

    A screen reader reads no drawing, and a printed chart has no pointer to hover with.

    Mend: `alt` for an img; `aria-hidden="true"` for an svg beside words that say the same, else
    `role="img"` and `aria-label`; `aria-labelledby` for a figure; a table of what the chart draws, in
    `<details>` if it is long.
    """
    for page in subject.pages.values():
        charts = 0
        for element in page.document.iter("img", "svg", "canvas", "figure"):
            hidden = any(
                e.get("aria-hidden") == "true" for e in (element, *element.iterancestors())
            )
            named = element.get("aria-label") or element.get("aria-labelledby")
            if element.tag == "img" and element.get("alt") is None and not hidden:
                yield f"{page.what}: {html.shown(element)} has no alt{subject.line('<img')}"
            elif element.tag in ("svg", "canvas") and not hidden and not named:
                yield f"{page.what}: {html.shown(element)} has no words{subject.line('<' + element.tag)}"
            elif element.tag == "figure":
                charts += 1
                if not (named or html.words(element.find(".//figcaption"))):
                    yield f"{page.what}: {html.shown(element)} has no name{subject.line('<figure')}"
        rows = [t for t in page.document.iter("table") if t.findall("./tbody/tr")]
        if charts > len(rows):
            yield f"{page.what}: {charts} charts, and {len(rows)} tables with the figures of one"
        yield from _untold(page, rows)


def _untold(page: Page, tables: list[html.Element]) -> Iterator[str]:
    """Figures that a chart draws and no table has."""
    for figure in page.document.iter("figure"):
        try:
            drawn = figures.drawn(figure)
        except ValueError:
            yield f"{page.what}: the data-figure within {html.shown(figure)} is no figure of plotly's"
            continue
        if missing := figures.untold(drawn, tables):
            yield (
                f"{page.what}: {html.shown(figure)} draws {missing[0].value:g}, which is in no table, as "
                f"{len(missing)} of its {len(drawn)} figures are"
            )


@rule("module")
def data_agrees(subject: Subject) -> Iterator[str]:
    """What is given as JSON is as its schema says, is in the state of the frame, and is what the CSV has.

    Programs and spreadsheets read these; nobody looks at them until a figure is wrong.

    Mend: say in the View what each field is: a type that JSON has, Decimal for figures, a dataclass for a
    row.
    """
    schema = subject.stage.http.get(
        subject.stage.url + subject.address({}, path="schema.json"), timeout=60
    ).json()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for query, mode in (
        (subject.example, ""),
        (subject.example, "hostile"),
        (subject.example, "formula"),
        *((m, "") for m in subject.more),
    ):
        frame = subject.fetch("the frame", subject.address(query, mode))
        answer = subject.fetch("data.json", subject.address(query, mode, "data.json"))
        if answer.status != frame.status:
            yield f"data.json is answered with {answer.status}, the frame with {frame.status}"
            continue
        if frame.status != 200:
            continue
        document: dict[str, Any] = json.loads(answer.text)
        if document.get("state") != frame.main.get("data-state"):
            yield f"data.json says {document.get('state')}, the frame {frame.main.get('data-state')}"
        for error in validator.iter_errors(document["view"]):
            yield f"data.json, {error.json_path}: {error.message[:200]}"
        for table in subject.widget.view_function.tables.values():
            asked = {**query, "table": table.name}
            text = subject.fetch("data.csv", subject.address(asked, mode, "data.csv")).text
            yield from _csv_faults(table, text, document["view"])


def _csv_faults(table: tables.Table, text: str, view: dict[str, Any]) -> Iterator[str]:
    rows = list(csv.reader(io.StringIO(text.removeprefix(tables.BOM), newline=""), strict=True))
    listed = _at(view, table.name) or []
    if not rows or tuple(rows[0]) != table.columns:
        yield f"the CSV of {table.name} has the columns {rows[:1]}, not {', '.join(table.columns)}"
    elif len(rows) - 1 != len(listed):
        yield f"the CSV of {table.name} has {len(rows) - 1} rows, data.json {len(listed)}"
    for row in rows[1:]:
        for value in row:
            if value.startswith(("\t", "\r", "\n")):
                yield f"the CSV of {table.name} has a cell that begins with {value[0]!r}"
            # Some spreadsheets take a cell apart at semicolons and tabs.
            for part in re.split(r"[;\t\r\n]", value):
                if part.startswith(("=", "+", "-", "@")) and not _is_number(part):
                    yield f"the CSV of {table.name} has a formula: {part[:40]}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _at(thing: Any, path: str) -> Any:
    for name in path.split("."):
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing
