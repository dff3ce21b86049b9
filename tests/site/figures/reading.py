"""Reads what a page prints, as a person would: by column heading, by words, by figures."""

import re
from datetime import date
from decimal import Decimal

from tests import html
from tests.html import words

NUMBER = re.compile(r"[−+]?\d[\d,]*(?:\.\d+)?")


def page(client, name, **query):
    answer = client.get(f"/widgets/{name}/", query_string=query)
    assert answer.status_code == 200, answer.text
    return html.read(answer.text)


def texts(element):
    """An element's pieces of text, white space folded, in the order they are read."""
    return [" ".join(text.split()) for text in element.itertext() if text.strip()]


def some(*parts):
    """The parts that there are, as `texts` gives them."""
    return [" ".join(part.split()) for part in parts if part]


def number(text):
    [only] = NUMBER.findall(text)
    return Decimal(only.replace(",", "").replace("−", "-"))


def exact(value):
    """A number of a JSON row as it was written."""
    return Decimal(str(value))


def last_place(shown):
    """One unit of the last decimal place that is shown."""
    return Decimal(1).scaleb(int(shown.as_tuple().exponent))


def is_rounded(text, value):
    return abs(number(text) - value) <= last_place(number(text)) / 2


def table(document):
    """The first table's rows, each a dict of its cells by their column's heading."""
    headings = [words(cell) for cell in document.findall(".//table[1]/thead/tr/th")]
    rows = document.findall(".//table[1]/tbody/tr")
    return [dict(zip(headings, row, strict=True)) for row in rows if row.find("th") is not None]


def caption(document):
    return words(document.find(".//table[1]/caption"))


def answer_of(document):
    """The first sentence of a page: what the widget is for."""
    return words(document.find(".//p[strong]"))


def day(text):
    return f"{date.fromisoformat(text[:10]):%b %-d, %Y}"


def shape(element):
    """What an icon draws."""
    return element.find(".//path").get("d")


def is_one_to_one(pairs):
    """Whether each meaning has one shape, and each shape one meaning."""
    return len(set(pairs)) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
