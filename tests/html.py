"""Checks that every page must pass, whichever it is. The tests' only way to read a page goes through here."""

from widgets.contract import html
from widgets.contract.html import Element, words

__all__ = ["column", "read", "words"]


def read(text: str, *, partial: bool = False) -> Element:
    """The document, without namespaces. Fails on anything that a strict HTML5 parser complains about, and on
    what the contract forbids to every page: see `structure` and `inline` there."""
    document, problems = html.parse(html.framed(text) if partial else text)
    problems += [*html.structure(document), *html.inline(document)]
    assert not problems, problems
    return document


def column(document: Element, position: int) -> list[str]:
    """The cells of the first table's body in one column, from 0."""
    return [words(row[position]) for row in document.findall(".//table[1]/tbody/tr")]
