"""The tables of a View, and what a spreadsheet makes of a cell."""

import csv
import io
import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from widgets.core.charts import BarChart, Line
from widgets.core.data import Plain, file_name, written
from widgets.core.tables import Table, as_csv, cell, named, tables_of

SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


class Colour(StrEnum):
    RED = "red"


@dataclass
class Place:
    site: str
    inside: "Place | None" = None


@dataclass
class Row:
    name: str
    amount: Decimal | None
    colour: Colour
    place: Place | None
    spark: Line
    tags: list[str]


@dataclass
class Part:
    rows: list[Row]


@dataclass
class View:
    title: str
    chart: BarChart
    rows: tuple[Row, ...]
    part: Part | None
    names: list[str]


ROW = Row("bolt", Decimal("1.50"), Colour.RED, None, Line(()), [])


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))


def test_a_table_is_a_list_of_records_wherever_it_stands():
    columns = ("name", "amount", "colour", "place.site")
    assert tables_of(View | None) == {
        "rows": Table("rows", columns),
        "part.rows": Table("part.rows", columns),
    }
    assert tables_of(Place) == {}


def test_the_first_is_meant_where_none_is_named():
    tables = tables_of(View)
    assert named(tables, "") == tables["rows"]
    assert named(tables, "part.rows") == tables["part.rows"]
    assert named(tables, "parts") is None
    assert named({}, "") is None


def test_a_table_is_written_as_it_is():
    view = View("", BarChart("", "", (), (), ()), (ROW,), None, [])
    tables = tables_of(View)
    text = as_csv(tables["rows"], view)
    assert text == "\ufeffname,amount,colour,place.site\r\nbolt,1.50,red,\r\n"
    assert as_csv(tables["part.rows"], view) == "\ufeffname,amount,colour,place.site\r\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (-3, "-3"),
        (Decimal("-1E+6"), "-1000000"),
        (Decimal("1E-9"), "0.000000001"),
        (1e-7, "0.0000001"),
        (1234567.5, "1234567.5"),
        (date(2026, 11, 20), "2026-11-20"),
        (datetime(2026, 11, 20, 9, tzinfo=UTC), "2026-11-20T09:00:00Z"),
        (Colour.RED, "red"),
        ("a-b", "a-b"),
        ('=HYPERLINK("https://evil.example","x")', '\'=HYPERLINK("https://evil.example","x")'),
        ("-1+1", "'-1+1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("x;=1+1", "x;'=1+1"),
        ("x\n-1\n=2", "x\n'-1\n'=2"),
        ("x; y\t=1", "x; y\t'=1"),
        ("a=b; c", "a=b; c"),
    ],
)
def test_a_cell_is_a_value_and_never_a_formula(value, text):
    assert cell(value) == text


@given(st.text() | st.text("=+-@;,\t\r\n＝a'"))
def test_no_text_is_worked_out_and_none_is_lost(text):
    shown = cell(text)
    for part in re.split(r"[;\t\r\n]", shown):
        assert not part.startswith(SIGNS)
    assert not shown.startswith(("\t", "\r", "\n"))
    added = iter(shown)
    assert all(character in added for character in text)  # in this order
    assert len(shown) - len(text) <= len([c for c in text if c in SIGNS]) + 1


@given(st.decimals(allow_nan=False, allow_infinity=False, places=None))
def test_no_digit_of_a_number_is_lost(number):
    shown = cell(number)
    assert Decimal(shown) == number
    assert re.fullmatch(r"-?\d+(\.\d+)?", shown)
    # The schema promises the same of JSON.
    schema = TypeAdapter(Decimal).json_schema(mode="serialization", schema_generator=Plain)
    told = json.loads(written({"value": number}))["value"]
    jsonschema.validate(told, schema)
    assert told == shown


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_digit_of_a_float_is_lost(number):
    assert float(cell(number)) == number


@dataclass
class Texts:
    first: str
    second: str


@dataclass
class Page:
    rows: list[Texts]


cells = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(',";\r\n\t= '))


@given(st.lists(st.builds(Texts, cells, cells)))
def test_what_is_written_is_read_again_row_for_row(rows):
    text = as_csv(tables_of(Page)["rows"], Page(rows))
    assert text.endswith("\r\n")
    assert read(text) == [
        ["first", "second"],
        *([cell(row.first), cell(row.second)] for row in rows),
    ]
    # RFC 4180: outside of quotes there is no line break but CRLF.
    assert not re.search(r"(?<!\r)\n|\r(?!\n)", re.sub(r'"(?:[^"]|"")*"', "", text))


@given(st.text(), st.none() | st.datetimes(timezones=st.just(UTC), min_value=datetime(1000, 1, 1)))  # noqa: DTZ001
def test_a_file_name_is_one_on_any_system(table, as_of):
    name = file_name("inventory", table, as_of)
    assert re.fullmatch(r"inventory-[A-Za-z0-9-]*\.csv", name)
