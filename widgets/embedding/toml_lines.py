"""On which line each value of a TOML text begins: the standard library does not tell.

A text is cut into statements, each the lines that are needed until they are TOML by themselves. What a
statement means by itself, below the table that it stands in, is what begins on its first line.
"""

import tomllib
from collections.abc import Iterator
from typing import Any

Where = tuple[str | int, ...]
"""The path to a value: ("hosts", "sales", "keys", 0, "id")."""


def line_numbers(text: str) -> dict[Where, int]:
    """The line of each value, from 1. `text` is TOML."""
    found: dict[Where, int] = {}
    table: Where = ()
    statement = ""
    begins = 1
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if not statement.strip():
            statement, begins = "", number
        statement += line
        try:
            meaning = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue  # a value of several lines
        if statement.lstrip().startswith("["):
            table = _table(meaning, found)
            for end in range(1, len(table) + 1):
                found.setdefault(table[:end], begins)
        else:
            for where in _paths(meaning):
                found.setdefault((*table, *where), begins)
        statement = ""
    return found


def _table(header: dict[str, Any], found: dict[Where, int]) -> Where:
    """The path that a header alone means; the next of its kind, if it is one of an array of tables."""
    where: Where = ()
    inside: Any = header
    while inside:
        if isinstance(inside, list):
            index = 0
            while (*where, index) in found:
                index += 1
            where, inside = (*where, index), inside[0]
        else:
            name = next(iter(inside))
            where, inside = (*where, name), inside[name]
    return where


def _paths(content: Any, before: Where = ()) -> Iterator[Where]:
    pairs = content.items() if isinstance(content, dict) else enumerate(content)
    for name, value in pairs:
        yield (*before, name)
        if isinstance(value, dict | list):
            yield from _paths(value, (*before, name))
