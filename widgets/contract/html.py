"""HTML as a strict parser reads it, and what every page must be, whichever it is."""

import warnings
from collections import Counter
from collections.abc import Iterator
from typing import TypeAlias

import html5lib
from html5lib.constants import DataLossWarning
from lxml import etree

Element: TypeAlias = etree._Element


def parse(text: str) -> tuple[Element, list[str]]:
    """The document, without namespaces, and what a strict HTML5 parser complains about."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("lxml"), strict=False)
    with warnings.catch_warnings():
        # A name that XML does not know, out of broken HTML, is told as what it comes from.
        warnings.simplefilter("ignore", DataLossWarning)
        document = parser.parse(text).getroot()
    for element in document.iter():
        if isinstance(element.tag, str):
            element.tag = etree.QName(element).localname
    complaints = [f"line {at[0]}: {code} {data or ''}".strip() for at, code, data in parser.errors]
    return document, complaints


def framed(partial: str) -> str:
    """A partial as a document, so that it can be read like one."""
    return f"<!doctype html><html lang=en><title>partial</title><body>{partial}</body></html>"


def structure(document: Element) -> Iterator[str]:
    """Whatever is wrong with its headings, title, language, ids and labels."""
    headings = document.findall(".//h1")
    if len(headings) != 1:
        yield f"there are {len(headings)} h1, and there must be one"
    elif not words(headings[0]):
        yield "its h1 is empty"
    if not (document.findtext(".//title") or "").strip():
        yield "it has no title"
    if not document.get("lang"):
        yield "its html element names no language"
    ids = Counter(element.get("id") for element in document.iter() if element.get("id"))
    for name, count in ids.items():
        if count > 1:
            yield f'the id "{name}" is there {count} times'
    for field in document.iterfind(".//input"):
        if field.get("type") != "hidden" and not _is_labelled(document, field):
            yield f"{shown(field)} has no label"


def _is_labelled(document: Element, field: Element) -> bool:
    if field.get("aria-label") or field.get("aria-labelledby") or field.get("type") == "submit":
        return True
    if any(parent.tag == "label" for parent in field.iterancestors()):
        return True
    name = field.get("id")
    return any(label.get("for") == name for label in document.iterfind(".//label") if name)


def inline(document: Element) -> Iterator[str]:
    """What the content security policy refuses: script and style that stand in the page."""
    for element in document.iter():
        if not isinstance(element.tag, str):
            continue
        if element.get("style") is not None:
            yield f"{shown(element)} has a style attribute"
        events = sorted(name for name in element.attrib if str(name).startswith(("on", "hx-on")))
        if events:
            yield f"{shown(element)} has {', '.join(map(str, events))}"
        if element.tag == "style":
            yield "there is a style element"
        is_data = (element.get("type") or "") == "application/json"
        if element.tag == "script" and not element.get("src") and not is_data:
            yield "there is a script in the page"
        for name in ("href", "src", "action", "formaction"):
            if (element.get(name) or "").strip().lower().startswith("javascript:"):
                yield f"{shown(element)}: its {name} is a script"


def shown(element: Element) -> str:
    """The start tag, short enough for a sentence."""
    names = {name: element.get(name) for name in ("id", "class", "name", "href", "src")}
    said = "".join(f' {name}="{value[:40]}"' for name, value in names.items() if value)
    return f"<{element.tag}{said}>"


def words(element: Element | None) -> str:
    """The text of an element as a person reads it: white space folded."""
    return "" if element is None else " ".join("".join(element.itertext()).split())
