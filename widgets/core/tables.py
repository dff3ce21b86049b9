"""The tables of a View, and a table as CSV (RFC 4180).

A table is a list of dataclasses in the View, wherever it stands: `rows`, or `history.prices`. Its columns are
the fields that hold one value; those of a record within a row are `order.number` and so on. A chart is no
table, since it draws what a table has.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic_core import to_jsonable_python

from widgets.core.charts import BarChart, Line, LineChart

BOM = "\ufeff"
"""Without it Excel reads UTF-8 as the code page of its system, and a CSV is for people with a spreadsheet;
programs have the JSON."""

FORMULA = re.compile(r"^(?=[=+\-@\t\r\n＝＋－＠])|(?<=[;\t\r\n])(?=[=+\-@＝＋－＠])")
"""Where a spreadsheet takes text for the beginning of a formula (OWASP, "CSV Injection"): at the beginning of
a cell, and at that of each cell into which one that expects semicolons or tabs takes ours apart."""

_CHARTS = (BarChart, LineChart, Line)
_VALUES = (str, int, float, Decimal, date, Enum, NoneType)


@dataclass(frozen=True, slots=True)
class Table:
    """name: where it stands in the View. columns: where each value stands in a row."""

    name: str
    columns: tuple[str, ...]


def tables_of(view: Any) -> dict[str, Table]:
    """The tables of a View by name, in its order. view: what a view function says that it returns."""
    found = [table for option in _options(view) for table in _tables(option, "", ())]
    return {table.name: table for table in found}


def _tables(kind: Any, prefix: str, within: tuple[Any, ...]) -> Iterator[Table]:
    if not _is_record(kind) or kind in within:
        return
    for name, hint in _fields(kind):
        for option in _options(hint):
            row = get_args(option)[0] if get_origin(option) in (list, tuple) else None
            if _is_record(row):
                yield Table(f"{prefix}{name}", tuple(_columns(row, "", ())))
            else:
                yield from _tables(option, f"{prefix}{name}.", (*within, kind))


def _columns(row: Any, prefix: str, within: tuple[Any, ...]) -> Iterator[str]:
    for name, hint in _fields(row):
        options = _options(hint)
        records = [option for option in options if _is_record(option)]
        if all(_is_value(option) for option in options):
            yield f"{prefix}{name}"
        elif records and records[0] not in (*within, row):
            yield from _columns(records[0], f"{prefix}{name}.", (*within, row))


def _fields(kind: Any) -> list[tuple[str, Any]]:
    hints = get_type_hints(kind)
    return [(field.name, hints[field.name]) for field in fields(kind)]


def _options(hint: Any) -> list[Any]:
    """`Row | None` → [Row, None's type]."""
    if get_origin(hint) in (Union, UnionType):
        return [option for each in get_args(hint) for option in _options(each)]
    return [hint]


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and is_dataclass(kind) and not issubclass(kind, _CHARTS)


def _is_value(kind: Any) -> bool:
    return get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, _VALUES))


def as_csv(table: Table, view: Any) -> str:
    """The table with a first row that names its columns. Without any other where the View has none now."""
    text = io.StringIO()
    text.write(BOM)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(table.columns)
    for row in _at(view, table.name) or ():
        writer.writerow([cell(_at(row, column)) for column in table.columns])
    return text.getvalue()


def cell(value: Any) -> str:
    """A value as it is, in plain digits; text that a spreadsheet would work out gets an apostrophe first."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal) and not isinstance(value, Enum):
        return digits(value)
    text = str(to_jsonable_python(value))
    return FORMULA.sub("'", text)


def digits(number: float | Decimal) -> str:
    """With a point and nothing else: no exponent, no thousands separator. Nothing is rounded."""
    return format(number if isinstance(number, Decimal) else Decimal(repr(number)), "f")


def _at(thing: Any, path: str) -> Any:
    for name in path.split("."):
        thing = getattr(thing, name, None)
    return thing


def filled(tables: Mapping[str, Table], view: Any) -> list[str]:
    """The names of those that have rows in the View now."""
    return [name for name in tables if _at(view, name)]


def named(tables: Mapping[str, Table], name: str) -> Table | None:
    """The table that is asked for; the first if no name is given."""
    return tables.get(name) if name else next(iter(tables.values()), None)
