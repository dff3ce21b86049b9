"""On which line of a TOML text each value stands, for texts that are put together line by line."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.embedding.toml_lines import Where, line_numbers

# Each is one value, however many lines it takes and whatever stands in them.
VALUES = [
    "1",
    "true",
    "2027-02-01",
    '"plain"  # and why',
    '"# no comment"',
    "'[no.table]'",
    "[1, 2]",
    "[]",
    "{ x = 1, y = [2] }",
    "[\n  1,  # one\n\n  2,\n]",
    '[\n  "# no comment",\n  "[no.table]",\n]',
    '"""\nfirst\n\n# no comment\nno = "value"\n"""',
    "'''\n[no.table]\n'''",
    "[[1], [\n  2]]",
]
PADDING = st.lists(st.sampled_from(["", "  ", "# a comment", '  # no = "value"']), max_size=3)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[Where, int]]:
    """A TOML text, and the line on which each of its entries and tables begins."""
    lines: list[str] = []
    where: dict[Where, int] = {}
    table: Where = ()
    repeated = 0
    for number in range(draw(st.integers(1, 8))):
        lines += draw(PADDING)
        at = len(lines) + 1
        kind = draw(st.sampled_from(["value", "value", "dotted", "table", "repeated"]))
        if kind == "table":
            table = ("tables", f"t-{number}")
            lines.append(f"[tables.t-{number}]")
        elif kind == "repeated":
            table = ("repeated", repeated)
            lines.append("[[repeated]]")
            repeated += 1
        else:
            names = [f"d{number}", f"v{number}"] if kind == "dotted" else [f"v{number}"]
            lines += f"{'.'.join(names)} = {draw(st.sampled_from(VALUES))}".split("\n")
            where |= {(*table, *names[:end]): at for end in range(1, len(names) + 1)}
        for end in range(1, len(table) + 1):
            where.setdefault(table[:end], at)
    return "\n".join(lines) + draw(st.sampled_from(["", "\n", "\n\n"])), where


@given(documents())
def test_the_line_of_an_entry_is_the_one_on_which_it_begins(document):
    text, where = document
    assert {place: line_numbers(text)[place] for place in where} == where


def paths(content: Any, before: Where = ()) -> set[Where]:
    if not isinstance(content, dict | list):
        return set()
    pairs = content.items() if isinstance(content, dict) else enumerate(content)
    inside = [paths(value, (*before, name)) | {(*before, name)} for name, value in pairs]
    return set().union(*inside)


@given(documents())
def test_every_value_has_a_line_that_is_there(document):
    text, _ = document
    lines = line_numbers(text)
    assert lines.keys() == paths(tomllib.loads(text))
    assert all(1 <= line <= len(text.splitlines()) for line in lines.values())


def test_a_value_of_an_array_has_its_own_line():
    text = "\n[a]\nb = [\n  1,\n  { c = 2 },\n]\nd.e = 3\n"
    assert line_numbers(text) == {
        ("a",): 2,
        ("a", "b"): 3,
        ("a", "b", 0): 4,
        ("a", "b", 1): 5,
        ("a", "b", 1, "c"): 5,
        ("a", "d"): 7,
        ("a", "d", "e"): 7,
    }


def test_a_table_below_an_array_of_tables_belongs_to_the_last_of_them():
    text = "[[a]]\nx = 1\n[[a]]\n[a.b]\nc = 2\n[[a.d]]\n[[a.d]]\ne = 3\n"
    assert line_numbers(text) == {
        ("a",): 1,
        ("a", 0): 1,
        ("a", 0, "x"): 2,
        ("a", 1): 3,
        ("a", 1, "b"): 4,
        ("a", 1, "b", "c"): 5,
        ("a", 1, "d"): 6,
        ("a", 1, "d", 0): 6,
        ("a", 1, "d", 1): 7,
        ("a", 1, "d", 1, "e"): 8,
    }


def test_only_a_line_feed_ends_a_line():
    assert line_numbers("a = 'x\u2028y' # \x85\u2029\r\nb = 2\n") == {("a",): 1, ("b",): 2}


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "a = ", "a = 1\na = 2\n"])
def test_a_text_without_values_or_that_is_no_toml_is_no_trouble(text):
    assert set(line_numbers(text)) <= {("a",)}
