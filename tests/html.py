"""Checks that every page must pass, whichever it is. The tests' only way to read a page goes through here."""

import html5lib
from lxml import etree

XHTML = "{http://www.w3.org/1999/xhtml}"


def read(text: str, *, partial: bool = False) -> etree._Element:
    """The document, without namespaces. Fails on anything that a strict HTML5 parser complains about, on
    ids that are not unique, inline script or style, and anything but one h1 (and, for a page, one title
    and a language)."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("lxml"), strict=False)
    if partial:
        text = f"<!doctype html><html lang=en><title>partial</title><body>{text}</body></html>"
    document = parser.parse(text).getroot()
    # html5lib takes a trailing slash in SVG's own elements for what it is; nothing else is let through.
    problems = [f"line {position[0]}: {code} {data}" for position, code, data in parser.errors]
    assert not problems, problems
    for element in document.iter():
        if isinstance(element.tag, str):
            element.tag = etree.QName(element).localname
    assert len(document.findall(".//h1")) == 1
    assert document.findtext(".//title")
    assert document.get("lang")
    ids = [element.get("id") for element in document.iter() if element.get("id")]
    assert len(ids) == len(set(ids)), sorted(ids)
    for element in document.iter():
        assert element.get("style") is None, etree.tostring(element)
        assert not [name for name in element.attrib if name.startswith("on")], etree.tostring(
            element
        )
    assert not document.findall(".//style")
    assert all(script.get("src") for script in document.findall(".//script"))
    for control in document.iterfind(".//input"):
        if control.get("type") != "hidden":
            labels = document.findall(f".//label[@for='{control.get('id')}']")
            assert labels or control.getparent().tag == "label", etree.tostring(control)
    return document


def words(element: etree._Element | None) -> str:
    """The text of an element as a person reads it: white space folded."""
    assert element is not None
    return " ".join("".join(element.itertext()).split())


def column(document: etree._Element, position: int) -> list[str]:
    """The cells of the first table's body in one column, from 0."""
    return [words(row[position]) for row in document.findall(".//table[1]/tbody/tr")]
