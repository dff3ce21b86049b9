"""The inventory widget, figure by figure."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import parse_qs

import pytest

from tests.html import words
from tests.site.figures.reading import (
    NUMBER,
    answer_of,
    caption,
    exact,
    last_place,
    number,
    page,
    some,
    table,
    texts,
)

QUANTITIES = {
    "On hand": "OnHandQuantity",
    "Reserved": "ReservedOnHandQuantity",
    "Available": "AvailableOnHandQuantity",
    "On order": "OnOrderQuantity",
}
FIELDS = {"site": "InventorySiteId", "warehouse": "InventoryWarehouseId", "item": "ItemNumber"}


@dataclass
class Stock:
    """What is expected of one row: of an item, or of a warehouse if one item is asked for."""

    name: str
    unit: str
    figures: dict[str, Decimal]

    @property
    def mark(self):
        if self.figures["Available"] < self.figures["On order"]:
            return "Short"
        return "None" if self.figures["Available"] <= 0 else ""

    @property
    def urgency(self):
        """What the rows are sorted by: short ones first, then those out of stock, then by cover."""
        on_order = self.figures["On order"]
        cover = self.figures["Available"] / on_order if on_order else Decimal("Infinity")
        return ["Short", "None", ""].index(self.mark), cover


def expected_stock(mock_erp, company="usmf", search="", rows="8", **place):
    """What is expected by item number, or by site and warehouse if one item is asked for."""
    of_company = f"cross-company=true&$filter=dataAreaId eq '{company}'"
    there = "".join(f" and {FIELDS[name]} eq '{value}'" for name, value in place.items())
    units = {
        row["ItemNumber"]: row["InventoryUnitSymbol"]
        for row in mock_erp.rows("ReleasedProductsV2", of_company)
    }
    found: dict[str, Stock] = {}
    for row in mock_erp.rows("WarehousesOnHandV2", of_company + there):
        item, name = row["ItemNumber"], row["ProductName"]
        where = f"{row['InventorySiteId']} / {row['InventoryWarehouseId']}"
        if all(word in f"{item} {name}".lower() for word in search.lower().split()):
            stock = found.setdefault(
                where if "item" in place else item,
                Stock(name, units[item], dict.fromkeys(QUANTITIES, Decimal(0))),
            )
            for heading, field in QUANTITIES.items():
                stock.figures[heading] += exact(row[field])
    return found


def an_item(mock_erp, unit, *, short):
    """An item counted in this unit that several warehouses keep, one of them short of it or none."""
    rows = mock_erp.rows("WarehousesOnHandV2")
    for product in mock_erp.rows("ReleasedProductsV2", f"$filter=InventoryUnitSymbol eq '{unit}'"):
        kept = [row for row in rows if row["ItemNumber"] == product["ItemNumber"]]
        lacking = any(row["AvailableOnHandQuantity"] < row["OnOrderQuantity"] for row in kept)
        if len({row["InventoryWarehouseId"] for row in kept}) > 1 and lacking == short:
            return product["ItemNumber"]
    raise AssertionError(f"no such item in {unit}")


@pytest.fixture(
    scope="module",
    params=[
        {"site": "1", "rows": "50"},
        {"site": "2"},
        {"site": "3", "rows": "1"},
        {"warehouse": "22", "rows": "50"},
        {"site": "1", "search": "cable", "rows": "50"},
        {"company": "demf", "rows": "30"},
        {},
        {"item": ("pcs", True)},
        {"item": ("kg", False)},
        {"item": ("m", True)},
    ],
    ids=str,
)
def stock_page(request, reader, module_mock):
    """A page of the inventory widget, its query, and what is expected of it."""
    query = dict(request.param)
    if "item" in query:
        unit, short = query["item"]
        query["item"] = an_item(module_mock, unit, short=short)
    return page(reader, "inventory", **query), query, expected_stock(module_mock, **query)


def shown_stock(document, query):
    """The table's rows by the keys of `expected_stock`."""
    shown = {}
    for row in table(document):
        key = words(row["Site / warehouse"]) if "item" in query else row["Item"].find("a").text
        assert key not in shown
        shown[key] = row
    assert shown
    return shown


def test_every_cell_of_the_stock_is_the_erps(stock_page):
    document, query, expected = stock_page
    for key, row in shown_stock(document, query).items():
        stock = expected[key]
        assert {name: number(words(row[name])) for name in QUANTITIES} == stock.figures
        mark, _, cover = words(row["Cover"]).rpartition(" ")
        assert mark == stock.mark
        if on_order := stock.figures["On order"]:
            # Rounded down, so that what is short never reads as enough.
            rest = stock.figures["Available"] / on_order - number(cover)
            assert 0 <= rest < last_place(number(cover))
            assert cover.endswith("×")
        else:
            assert cover == "–"


def test_the_rows_of_stock_are_the_most_urgent_ones(stock_page):
    document, query, expected = stock_page
    shown = [expected[key].urgency for key in shown_stock(document, query)]
    assert (
        shown == sorted(stock.urgency for stock in expected.values())[: int(query.get("rows", 8))]
    )


def test_what_a_narrow_frame_hides_is_below_each_row(stock_page):
    document, query, _ = stock_page
    rows = document.findall(".//table[1]/tbody/tr")
    below = [words(row) for row in rows if row.find("th") is None]
    hidden = {"On hand": "on hand", "Reserved": "reserved", "On order": "on order"}
    assert below == [
        ", ".join(f"{words(row[name])} {called}" for name, called in hidden.items())
        for row in shown_stock(document, query).values()
    ]


def test_the_counts_above_the_stock_are_of_all_rows(stock_page):
    document, query, expected = stock_page
    marks = Counter(stock.mark for stock in expected.values())
    answer = answer_of(document)
    noun = ("warehouse" if "item" in query else "item") + "s" * (len(expected) != 1)
    assert answer.startswith(f"{marks['Short']} of {len(expected)} {noun} short ")
    out = re.search(r"(\d+) more out of stock", answer)
    assert (int(out[1]) if out else 0) == marks["None"]
    assert f"company {query.get('company', 'usmf')}" in answer
    for name in query.keys() & {"site", "warehouse"}:
        assert f"{name} {query[name]}" in answer
    if "item" in query:
        assert next(iter(expected.values())).name in answer
    shown = len(table(document))
    part = re.findall(r"the first (\d+) of (\d+)", caption(document))
    assert part == ([(str(shown), str(len(expected)))] if shown < len(expected) else [])


def test_every_row_of_stock_has_its_name_and_unit(stock_page):
    document, query, expected = stock_page
    shown = shown_stock(document, query)
    units = {expected[key].unit for key in shown}
    once = units.pop() if len(units) == 1 else ""
    assert re.findall(r"quantities in (\w+)", caption(document)) == ([once] if once else [])
    for key, row in shown.items():
        stock = expected[key]
        if "item" not in query:
            each = "" if once else stock.unit
            assert texts(row["Item"]) == some(stock.name, key, each)
            assert parse_qs(row["Item"].find("a").get("href")[1:])["item"] == [key]


def test_the_stock_chart_draws_and_says_the_figures_of_the_table(stock_page):
    document, query, expected = stock_page
    stock = {key: expected[key] for key in shown_stock(document, query)}
    chart = document.find(".//figure[figcaption]")
    legend = {
        words(key): key.get("class").split()[-1]
        for key in chart.findall(".//figcaption//*[@class]/*")
    }
    assert set(legend) == {"On hand", "Available"}
    units = {row.unit for row in stock.values()}
    once = units.pop() if len(units) == 1 else ""
    title = words(chart.find("figcaption/span"))
    assert (", " + once in title) if once else ("share" in title)
    traces = json.loads(chart.find(".//*[@data-figure]").get("data-figure"))["data"]
    assert {trace["name"]: trace["meta"] for trace in traces} == legend
    longest = max(row.figures["On hand"] for row in stock.values()) or 1
    for trace in traces:
        assert trace["y"] == list(stock)
        bars = chart.findall(f".//rect[@class='bar {trace['meta']}']")
        for bar, x, row in zip(bars, trace["x"], stock.values(), strict=True):
            figure, there = row.figures[trace["name"]], row.figures["On hand"]
            # Quantities of different units have no common scale: each row is drawn in per cent.
            value = figure if once else 100 * figure / there if there else 0
            assert x == pytest.approx(float(value))
            share = 100 * value / longest if once else value
            assert float(bar.get("width").rstrip("%")) == pytest.approx(float(share), abs=0.01)
    for label, (key, row) in zip(chart.findall(".//ol/li"), stock.items(), strict=True):
        name, unit = (key if "item" in query else row.name), ("" if once else row.unit)
        called, available, of_on_hand = texts(label)
        assert called == " ".join(name.split())
        assert number(available) == row.figures["Available"]
        assert number(of_on_hand) == row.figures["On hand"]
        assert NUMBER.sub("", of_on_hand).split() == some("of", unit)
