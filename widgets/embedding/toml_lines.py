"""On which line each value of a TOML text begins, for whoever is told of a mistake: the standard library does
not tell.

A text is cut into statements, each the lines that are needed until they are TOML by themselves. What a
statement means by itself, below the table that it stands in, is what begins on its first line; what a
further line adds to an array begins on that one.
"""

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

Where = tuple[str | int, ...]
"""The path to a value: ("hosts", "sales", "keys", 0, "id")."""


def line_numbers(text: str) -> dict[Where, int]:
    """The line of each value, from 1. `text` is TOML."""
    found: dict[Where, int] = {}
    table: Where = ()
    statement = ""
    begins = 1
    for number, line in enumerate(text.split("\n"), 1):
        if not statement.strip():
            statement, begins = "", number
        statement += line + "\n"
        if (meaning := _meaning(statement)) is None:
            # A value of several lines; of an array, what a line adds begins there.
            _note(found, table, _meaning(statement + "]") or {}, begins, number)
            continue
        if statement.lstrip().startswith("["):
            table = _table(meaning, found)
            for end in range(1, len(table) + 1):
                found.setdefault(table[:end], begins)
        else:
            _note(found, table, meaning, begins, number)
        statement = ""
    return found


def report(path: Path, text: str, mistakes: Sequence[tuple[Where, str]]) -> Iterator[str]:
    """A line for each mistake in the file of this text, by the line of the value or, where that is missing,
    of the table that wants it."""
    lines = line_numbers(text)

    def line(where: Where) -> int:
        while where and where not in lines:
            where = where[:-1]
        return lines.get(where, 1)

    for where, words in sorted(mistakes, key=lambda mistake: line(mistake[0])):
        yield f"{path}, line {line(where)}: {'.'.join(map(str, where)) or 'the file'}: {words}"


def where_of(loc: tuple[str | int, ...]) -> Where:
    """The path to what an error of pydantic's is about."""
    # It appends "[key]" where the name of a table is wrong.
    return loc[:-1] if loc and loc[-1] == "[key]" else loc


def _note(
    found: dict[Where, int], table: Where, meaning: dict[str, Any], begins: int, number: int
) -> None:
    for where in _paths(meaning):
        in_array = any(isinstance(part, int) for part in where)
        found.setdefault((*table, *where), number if in_array else begins)


def _meaning(statement: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(statement)
    except tomllib.TOMLDecodeError:
        return None


def _table(header: dict[str, Any], found: dict[Where, int]) -> Where:
    """The path that a header alone means: below the last of an array of tables, and the next of it if it is
    one itself."""
    where: Where = ()
    inside: Any = header
    while inside:
        name = next(iter(inside))
        where, inside = (*where, name), inside[name]
        count = 0
        while (*where, count) in found:
            count += 1
        if isinstance(inside, list):
            where, inside = (*where, count), inside[0]
        elif count:
            where = (*where, count - 1)
    return where


def _paths(content: Any, before: Where = ()) -> Iterator[Where]:
    pairs = content.items() if isinstance(content, dict) else enumerate(content)
    for name, value in pairs:
        yield (*before, name)
        if isinstance(value, dict | list):
            yield from _paths(value, (*before, name))
