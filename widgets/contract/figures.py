"""The figures that a chart draws, and those that a table has in words: they are to be the same."""

import json
import re
from dataclasses import dataclass

import plotly.graph_objects as go

from widgets.contract.html import Element, words

# As the stage's locale writes them, with commas between thousands.
_NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Drawn:
    """is_share: it is in per cent, so that a table may have the two figures that it is the ratio of."""

    value: float
    is_share: bool


@dataclass(frozen=True, slots=True)
class _Told:
    """step: what the last place of a number is worth, by which it may have been rounded."""

    value: float
    step: float


def drawn(figure: Element) -> list[Drawn]:
    """What plotly is given to draw in a <figure>, without zeros, which draw nothing. Raises ValueError where
    that is no figure of plotly's."""
    found = []
    for plot in figure.iterfind(".//*[@data-figure]"):
        given = json.loads(plot.get("data-figure") or "")
        if not isinstance(given, dict):
            raise ValueError("it is no object")
        go.Figure(given)  # which raises for what plotly's schema does not have
        for trace in given.get("data", []):
            along = trace.get("x" if trace.get("orientation") == "h" else "y")
            is_share = trace.get("hovertemplate", "").endswith(" %<extra></extra>")
            found += [Drawn(v, is_share) for v in along or () if isinstance(v, int | float) and v]
    return found


def untold(figures: list[Drawn], tables: list[Element]) -> list[Drawn]:
    """Those that no row of `tables` has."""
    rows = [_numbers(row) for table in tables for row in table.iter("tr")]
    return [each for each in figures if not any(_has(row, each) for row in rows)]


def _has(row: list[_Told], figure: Drawn) -> bool:
    if any(abs(figure.value - told.value) < told.step for told in row):
        return True
    return figure.is_share and any(
        whole.value and abs(figure.value - 100 * part.value / whole.value) < 1
        for part in row
        for whole in row
    )


def _numbers(row: Element) -> list[_Told]:
    cells = [found for cell in row.iter("td", "th") for found in _NUMBER.finditer(words(cell))]
    return [
        _Told(float(found[0].replace(",", "").replace("−", "-")), 10.0 ** -len(found[1] or ""))
        for found in cells
    ]
