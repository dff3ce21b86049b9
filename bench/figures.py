"""Figures: percentiles, tables, and what must hold of them."""

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Row = dict[str, str | int | float]
MARKS = {True: "reached", False: "MISSED", None: "not looked at"}
"""What is said of a target."""


@dataclass(frozen=True, slots=True)
class Must:
    """Something that must hold, and what was seen. holds: None where it could not be looked at."""

    what: str
    holds: bool | None
    seen: str


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least this share of all does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def milliseconds(values: Iterable[float], share: float) -> float:
    return round(percentile(values, share) * 1000, 1)


def rounded(value: float) -> int | float:
    """Three digits are as much as a benchmark knows."""
    if value >= 100 or value == int(value):
        return round(value)
    return round(value, 1 if value >= 10 else 2)


def tell(what: str) -> None:
    """Where a long run is."""
    sys.stderr.write(f"  {what} …\n")


def table(rows: Sequence[Row]) -> str:
    """The rows under their names: text to the left, figures to the right."""
    if not rows:
        return ""
    names = list(rows[0])
    cells = [names, *([_cell(row.get(name, "")) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    numeric = [not isinstance(rows[0][name], str) for name in names]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in cells
    )


def _cell(value: str | float) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
