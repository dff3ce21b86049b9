"""docs/templates.md says what templates have: its examples are drawn here, and what it leaves out fails."""

import re
from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape

import pytest
from flask import Flask, g, template_rendered

from tests.conftest import ROOT
from tests.test_docs import blocks
from widgets.embedding.context import HostContext
from widgets.inventory import widget as inventory

PAGE = ROOT / "docs/templates.md"
TEXT = PAGE.read_text()
TEMPLATES = ROOT / "templates/widgets"


def table(heading: str) -> list[tuple[str, ...]]:
    """The rows of the table below this head, without `\\|`."""
    lines = TEXT.partition(heading)[2].splitlines()[2:]
    ends = next(n for n, line in enumerate([*lines, ""]) if not line.startswith("|"))
    return [
        tuple(cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1])
        for line in lines[:ends]
    ]


def words(cells: list[tuple[str, ...]]) -> set[str]:
    return {word for row in cells for word in re.findall(r"`([^`]+)`", row[0])}


EXAMPLES = [(row[0].strip("`"), row[1]) for row in table("| You write |")]


@pytest.fixture(scope="module")
def values() -> dict[str, object]:
    found: dict[str, object] = {"Decimal": Decimal, "date": date, "datetime": datetime, "UTC": UTC}
    exec(blocks(PAGE, "python")[0], found)  # noqa: S102 - our own page
    return found


@pytest.mark.parametrize(("written", "drawn"), EXAMPLES)
def test_an_example_is_drawn_as_the_page_says(app, values, written, drawn):
    with app.test_request_context():
        g.context = HostContext(locale="en_US")
        assert unescape(app.jinja_env.from_string(written).render(values)) == drawn


def test_every_filter_of_ours_is_there(app):
    ours = app.jinja_env.filters.keys() - Flask("another").jinja_env.filters.keys()
    assert ours == {name for written, _ in EXAMPLES for name in re.findall(r"\|(\w+)", written)}


def test_every_macro_is_there_with_its_arguments():
    said = words(table("| Macro |"))
    for file in ("icons", "charts", "forms"):
        text = (TEMPLATES / f"{file}.html").read_text()
        macros = re.findall(r"{% macro (\w+)\(([^)]*)\)", text)
        assert macros
        there = {f"{file}.{name}({given.replace('=none', '')})" for name, given in macros}
        assert there == {macro for macro in said if macro.startswith(f"{file}.")}


def test_every_name_is_there(app, client):
    drawn: list[set[str]] = []

    def note(_app: object, template: object, context: dict[str, object]) -> None:
        drawn.append(set(context))

    with template_rendered.connected_to(note, app):
        client.get(f"{inventory.url_prefix}/", query_string=inventory.example)
    given = drawn[0] - {"g", "request", "session"}
    frames = re.search(r"^The frame draws (.+); leave", TEXT, re.M)
    assert frames
    assert words(table("| Name |")) | set(re.findall(r"`(\w+)`", frames[1])) == given


def test_every_class_that_is_offered_has_a_style():
    sheet = (ROOT / "static/frame.css").read_text()
    offered = words(table("| Class |"))
    assert {"number", "mark", "good", "bad", "warning", "back"} <= offered
    for name in offered:
        assert re.search(rf"\.{name}\b", sheet), name


def test_what_a_widget_is_told_of_the_page_around_it_is_all_there():
    assert words(table("| Field |")) == {field.name for field in fields(HostContext)}
