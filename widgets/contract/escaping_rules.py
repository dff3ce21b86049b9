"""Rules about values that are no words but HTML, or a template, or a script."""

from collections.abc import Iterator

from lxml import etree

from widgets.contract import html, upstreams
from widgets.contract.rule import rule
from widgets.contract.subject import EXAMPLE, STATES, Page, Subject
from widgets.core.params import complaint

UNESCAPED = r"\|\s*safe\b|autoescape\s+false|Markup|=\s*\{\{"
LINKS = ("href", "src", "action", "formaction", "data", "xlink:href")


@rule("template")
def parameters_are_text(subject: Subject) -> Iterator[str]:
    """A parameter that holds HTML, quotes or a template is shown as what was typed, and does nothing.

    Anybody can send somebody else an address.

    Mend: write `{{ … }}` and never `|safe`; put quotes around every attribute; leave addresses to `link(…)`.
    """
    model = subject.widget.view_function.params
    for name in model.model_fields:
        if complaint(model, name, upstreams.HOSTILE) is None:
            query = {**subject.example, name: upstreams.HOSTILE}
            page = subject.fetch(f"the parameter {name}", subject.address(query))
            if page.status not in (200, 400, 404):
                yield f"{page.what} is answered with {page.status}{page.failure}"
            yield from _let_through(subject, page)


@rule("template")
def upstream_fields_are_text(subject: Subject) -> Iterator[str]:
    """A field of an upstream that holds HTML, quotes, a template or a script's address is shown as it is.

    Item names come from suppliers' files and web shops; some have an angle bracket in them, one a script.

    Mend: write `{{ … }}` and never `|safe`; put quotes around every attribute; never make a value the
    beginning of an address. Give a field that is compared with words of the widget a type of such words, an
    Enum or `Literal[…]`, which stays what it is.
    """
    for what in (EXAMPLE, "hostile values", "values like formulas"):
        yield from _let_through(subject, subject.pages[what])
    yield from _not_drawn(subject)
    for query in subject.more:
        page = subject.fetch(
            "hostile values", subject.address(query, STATES["hostile values"].mode)
        )
        yield from _let_through(subject, page)


def _not_drawn(subject: Subject) -> Iterator[str]:
    """That there is nothing to look at: without it a widget that finds no hostile row would be well."""
    example, page = subject.pages[EXAMPLE], subject.pages["hostile values"]
    if example.main.get("data-state") != "ok":
        return
    shown, left = (html.words(each.document.find(".//main")) for each in (example, page))
    changed = subject.stage.texts[subject.widget.name]
    # What is there all the same is a word of the template.
    drawn = sorted(t for t in changed if len(t) > 1 and t in shown and t not in left)
    state = page.main.get("data-state")
    if drawn and (state != "ok" or upstreams.MARK not in page.text):
        yield (
            f"{page.what}: the example shows “{drawn[0][:40]}” of an upstream, and where that is hostile the "
            f"page, in the state {state}, shows nothing of it, so that nobody knows whether it does harm"
        )


def _let_through(subject: Subject, page: Page) -> Iterator[str]:
    """Where a hostile value came out of the page as something else than text."""
    at = subject.line(UNESCAPED)
    for element in page.document.iter():
        if not isinstance(element.tag, str):
            continue
        broken = [name for name in element.attrib if str(name).startswith(upstreams.MARK)]
        if broken and element.tag == "b":
            before = element.getparent()
            within = html.shown(before) if before is not None else "the page"
            yield f"{page.what}: a value is let through as HTML, within {within}{at}"
        elif broken:
            yield f"{page.what}: a value breaks out of an attribute of {html.shown(element)}{at}"
        for name in LINKS:
            value = (element.get(name) or "").strip().lower()
            if value.startswith("javascript:"):
                yield f"{page.what}: a value is the address of {html.shown(element)}{at}"
    text = html.words(page.document)
    attributes = " ".join(
        str(v) for e in page.document.iter(etree.Element) for v in e.attrib.values()
    )
    if upstreams.COMPUTED in text + attributes:
        yield f"{page.what}: a value is worked out as a template{at}"
    if "\u202e" in text:
        yield f"{page.what}: a value turns the text around it from right to left{at}"
    if f"&lt;b {upstreams.MARK}" in text:
        yield f"{page.what}: a value is escaped twice{at}"
