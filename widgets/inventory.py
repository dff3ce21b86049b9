"""Inventory levels: what is short at a site, in a warehouse, or of one item.

Cover says how many times the stock that is free would meet the orders that nothing is reserved for yet:
available ÷ on order. Below 1 the item is short: more is wanted than is there. Lowest cover comes first,
then what is out of stock though nobody waits for it, then the rest.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from typing import Annotated, Literal

from pydantic import Field

from widgets.core import BarChart, Company, Empty, Parameters, Series, Text, Widget, Words
from widgets.core.formatting import decimals
from widgets.errors import NotFound
from widgets.upstream import Erp
from widgets.upstream.records import OnHand

widget = Widget(
    __name__,
    title="Inventory levels",
    refresh=30,
    height=860,
    personal=False,
    example={"site": "1", "rows": "4"},
)

Place = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-]{1,10}$",
        json_schema_extra={"words": "1 to 10 letters, digits, - or _"},
    ),
]


class Params(Parameters):
    company: Company
    site: Place | None = Field(None, description="Site number; left out: every site")
    warehouse: Place | None = Field(None, description="Warehouse; left out: every warehouse")
    item: Text | None = Field(
        None, description="Item number: where this one is, whatever site, warehouse and search say"
    )
    search: Words | None = Field(None, description="Words that item number or name must contain")
    rows: int = Field(8, ge=1, le=50, description="Rows to show")


@dataclass(frozen=True)
class Row:
    """Quantities in `unit`, which need `places` decimal places.

    cover: a ratio with four decimal places, rounded down; None where nothing is on order.
    level: "short": more is on order than available. "out": none available, none on order.
    """

    item: str
    name: str
    where: str
    warehouse: str
    unit: str
    places: int
    on_hand: Decimal
    reserved: Decimal
    available: Decimal
    on_order: Decimal
    cover: Decimal | None
    level: Literal["short", "out", "ok"]

    @property
    def cover_shown(self) -> Decimal:
        """Two places below 1 and one above, rounded down: what is short never reads as enough."""
        cover = self.cover or Decimal(0)
        return cover.quantize(Decimal("0.01" if cover < 1 else "0.1"), ROUND_FLOOR)


@dataclass(frozen=True)
class View:
    """total, short and out count items (warehouses, for one item); rows are the first of them.

    where: which places are looked at ("site 1, warehouse 11").
    unit: what the quantities are counted in, or "" where the rows differ and each says its own.
    """

    total: int
    short: int
    out: int
    where: str
    rows: list[Row]
    unit: str
    chart: BarChart
    empty: Empty | None = None


@widget.view
def inventory(params: Params, erp: Erp) -> View:
    if params.item:
        # Somebody who looks at one item wants to know where else it is.
        params = params.without("site", "warehouse", "search")
    stock = erp.on_hand(
        params.company, site=params.site, warehouse=params.warehouse, item=params.item
    )
    if params.item and not stock and params.item not in erp.products(params.company, [params.item]):
        raise NotFound(f"There is no item “{params.item}” in company {params.company}.")
    # The search runs over what was read anyway, so that a keystroke does not ask for stock again.
    found = sorted(
        (
            row
            for row in _rows(stock, by_warehouse=bool(params.item))
            if _matches(row, params.search)
        ),
        key=lambda row: (
            ("short", "out", "ok").index(row.level),
            row.cover is None,
            row.cover,
            row.available - row.on_order,
            row.item,
            row.where,
        ),
    )
    shown = _with_units(erp, params.company, found[: params.rows])
    units = {row.unit for row in shown}
    unit = units.pop() if len(units) == 1 else ""
    return View(
        total=len(found),
        short=sum(row.level == "short" for row in found),
        out=sum(row.level == "out" for row in found),
        where=", ".join(_places(params)) or "all sites",
        rows=shown,
        unit=unit,
        chart=_chart(shown, unit),
        empty=None if found else _nothing(params),
    )


def _rows(stock: Iterable[OnHand], *, by_warehouse: bool) -> list[Row]:
    """One row an item, its warehouses and variants summed; or one a warehouse, for a single item."""
    groups: dict[tuple[str, str], list[OnHand]] = {}
    for record in stock:
        where = f"{record.site} / {record.warehouse}" if by_warehouse else ""
        groups.setdefault((record.item, where), []).append(record)
    rows = []
    for (item, where), records in groups.items():
        available = sum((record.available for record in records), Decimal(0))
        on_order = sum((record.on_order for record in records), Decimal(0))
        rows.append(
            Row(
                item=item,
                name=records[0].name,
                where=where,
                warehouse=records[0].warehouse if by_warehouse else "",
                unit="",
                places=0,
                on_hand=sum((record.on_hand for record in records), Decimal(0)),
                reserved=sum((record.reserved for record in records), Decimal(0)),
                available=available,
                on_order=on_order,
                cover=(available / on_order).quantize(Decimal("0.0001"), ROUND_FLOOR)
                if on_order
                else None,
                level="short" if available < on_order else "out" if available <= 0 else "ok",
            )
        )
    return rows


def _with_units(erp: Erp, company: str, rows: list[Row]) -> list[Row]:
    """The rows with their units, and with the same decimal places wherever the unit is the same."""
    products = erp.products(company, {row.item for row in rows}) if rows else {}
    figures: dict[str, list[Decimal]] = {}
    units = [products[row.item].unit if row.item in products else "" for row in rows]
    for row, unit in zip(rows, units, strict=True):
        figures.setdefault(unit, []).extend(
            (row.on_hand, row.reserved, row.available, row.on_order)
        )
    places = {unit: decimals(each) for unit, each in figures.items()}
    return [
        replace(row, unit=unit, places=places[unit]) for row, unit in zip(rows, units, strict=True)
    ]


def _matches(row: Row, search: str | None) -> bool:
    text = f"{row.item} {row.name}".casefold()
    # People who know Dynamics type asterisks around a part of a word.
    return all(word in text for word in (search or "").replace("*", " ").casefold().split())


def _chart(rows: list[Row], unit: str) -> BarChart:
    """Bars of the quantities; of their share of what is on hand where the units differ, since the length
    of a bar in kilograms says nothing beside one in pieces."""
    on_hand = [float(row.on_hand) for row in rows]
    available = [float(row.available) for row in rows]
    if not unit:
        available = [
            100 * free / there if there > 0 else 0.0
            for free, there in zip(available, on_hand, strict=True)
        ]
        on_hand = [100.0 if there > 0 else 0.0 for there in on_hand]
    return BarChart(
        title="On hand against available" if unit else "Available as a share of on hand",
        unit=unit or "%",
        categories=tuple(row.where or row.item for row in rows),
        labels=tuple(row.where or row.name for row in rows),
        series=(
            Series("On hand", tuple(on_hand), "muted"),
            Series("Available", tuple(available), "main"),
        ),
    )


def _nothing(params: Params) -> Empty:
    if params.search:
        return Empty(
            f"Nothing here matches “{params.search}”",
            "Try fewer letters, or part of the item's name or number.",
        )
    if params.item:
        return Empty(f"No stock of {params.item} is kept at {_anywhere(params)}")
    return Empty(
        f"No stock is kept at {_anywhere(params)} of company {params.company}",
        "If that is not what you expect, ask whoever put this widget here.",
    )


def _anywhere(params: Params) -> str:
    return " and ".join(_places(params)) or "any site"


def _places(params: Params) -> list[str]:
    places = [f"site {params.site}"] if params.site else []
    return [*places, f"warehouse {params.warehouse}"] if params.warehouse else places
