"""Every figure, date, mark and label that a widget prints, against the rows that the ERP and the price feed
give when they are asked directly. What is expected is worked out here, without the code under test.
"""

import json
import os
import re
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from tests import html
from tests.html import words
from tests.upstream.conftest import Clock
from widgets import create_app
from widgets.site import upstreams
from widgets.site.settings import Settings
from widgets.upstream import readthrough
from widgets.upstream.cooldown import RESTS, Cooldowns

NUMBER = re.compile(r"[−+]?\d[\d,]*(?:\.\d+)?")


@pytest.fixture(scope="module")
def reader(module_mock, tmp_path_factory):
    """A client of one server for all tests that only read: each page is asked for once."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("WIDGETS_")]:
            patch.delenv(name)
        for name, value in module_mock.environment().items():
            patch.setenv(name, value)
        patch.setenv("WIDGETS_CACHE_FILE", str(tmp_path_factory.mktemp("cache") / "reads.sqlite"))
        return create_app(Settings.load()).test_client()


def page(client, name, **query):
    answer = client.get(f"/widgets/{name}/", query_string=query)
    assert answer.status_code == 200, answer.text
    return html.read(answer.text)


def texts(element):
    """An element's pieces of text, white space folded, in the order they are read."""
    return [" ".join(text.split()) for text in element.itertext() if text.strip()]


def some(*parts):
    """The parts that there are, as `texts` gives them."""
    return [" ".join(part.split()) for part in parts if part]


def number(text):
    [only] = NUMBER.findall(text)
    return Decimal(only.replace(",", "").replace("−", "-"))


def exact(value):
    """A number of a JSON row as it was written."""
    return Decimal(str(value))


def last_place(shown):
    """One unit of the last decimal place that is shown."""
    return Decimal(1).scaleb(int(shown.as_tuple().exponent))


def is_rounded(text, value):
    return abs(number(text) - value) <= last_place(number(text)) / 2


def table(document):
    """The first table's rows, each a dict of its cells by their column's heading."""
    headings = [words(cell) for cell in document.findall(".//table[1]/thead/tr/th")]
    rows = document.findall(".//table[1]/tbody/tr")
    return [dict(zip(headings, row, strict=True)) for row in rows if row.find("th") is not None]


def caption(document):
    return words(document.find(".//table[1]/caption"))


def answer_of(document):
    """The first sentence of a page: what the widget is for."""
    return words(document.find(".//p[strong]"))


def day(text):
    return f"{date.fromisoformat(text[:10]):%-d %b %Y}"


def shape(element):
    """What an icon draws."""
    return element.find(".//path").get("d")


def is_one_to_one(pairs):
    """Whether each meaning has one shape, and each shape one meaning."""
    return len(set(pairs)) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


# --- Inventory.

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


# --- Order status.

STATUS = {
    "Backorder": "Open",
    "Delivered": "Shipped",
    "Invoiced": "Invoiced",
    "Canceled": "Canceled",
}
UNSET = "1900-01-01T12:00:00Z"
SPOKEN = {"done": "done", "partly": "partly done", "ahead": "not yet", "never": "will not happen"}


@dataclass
class Order:
    """An order as the ERP has it: its header and the rows that belong to it."""

    header: dict[str, Any]
    lines: list[dict[str, Any]]
    invoices: list[dict[str, Any]]

    @property
    def kept(self):
        """The statuses of the lines that count."""
        statuses = [line["SalesOrderLineStatus"] for line in self.lines]
        return [status for status in statuses if status != "Canceled"]

    def step(self, *statuses):
        """How far the lines are with a step, and their share if only some are there."""
        there = sum(status in statuses for status in self.kept)
        if not there:
            return ("never" if self.header["SalesOrderStatus"] == "Canceled" else "ahead"), ""
        if there < len(self.kept):
            return "partly", f"{there} of {len(self.kept)} lines"
        return "done", ""

    @property
    def word(self):
        if self.step("Invoiced")[0] == "done":
            return "Invoiced"
        shipped, _ = self.step("Delivered", "Invoiced")
        return {"done": "Shipped", "partly": "Partly shipped", "ahead": "Open"}.get(
            shipped, "Canceled"
        )


def orders(mock_erp, company):
    query = f"cross-company=true&$filter=dataAreaId eq '{company}'"
    found = {
        row["SalesOrderNumber"]: Order(row, [], [])
        for row in mock_erp.rows("SalesOrderHeadersV2", query)
    }
    for line in mock_erp.rows("SalesOrderLines", query):
        found[line["SalesOrderNumber"]].lines.append(line)
    for invoice in mock_erp.rows("SalesInvoiceHeadersV2", query):
        found[invoice["SalesOrderNumber"]].invoices.append(invoice)
    return list(found.values())


def is_like(status, *line_statuses):
    """Whether an order has this status, and lines of exactly these."""
    return lambda order: (
        order.header["SalesOrderStatus"] == status
        and {line["SalesOrderLineStatus"] for line in order.lines} == set(line_statuses)
    )


def units(order):
    return {line["SalesUnitSymbol"] for line in order.lines}


ORDERS = {
    "open": is_like("Backorder", "Backorder"),
    "not confirmed": lambda order: order.header["ConfirmedShippingDate"] == UNSET,
    "without a reference": lambda order: not order.header["CustomersOrderReference"],
    "partly shipped": is_like("Backorder", "Backorder", "Delivered"),
    "partly invoiced": is_like("Backorder", "Backorder", "Delivered", "Invoiced"),
    "a line canceled": is_like("Backorder", "Backorder", "Canceled", "Invoiced"),
    "shipped and partly invoiced": is_like("Delivered", "Delivered", "Invoiced"),
    "invoiced": is_like("Invoiced", "Invoiced"),
    "invoiced but for a canceled line": is_like("Invoiced", "Canceled", "Invoiced"),
    "canceled": is_like("Canceled", "Canceled"),
    "several invoices": lambda order: len({row["InvoiceDate"] for row in order.invoices}) > 2,
    "one unit": lambda order: len(order.lines) > 1 and len(units(order)) == 1,
    "several units": lambda order: len(units(order)) > 1,
    "parts of a unit": lambda order: any(line["OrderedSalesQuantity"] % 1 for line in order.lines),
}


@pytest.fixture(
    scope="module",
    params=[*((kind, "usmf") for kind in ORDERS), ("several invoices", "demf")],
    ids=", ".join,
)
def order_page(request, reader, module_mock):
    """A page of the order widget, and the order."""
    kind, company = request.param
    order = next(order for order in orders(module_mock, company) if ORDERS[kind](order))
    # The customer is called otherwise now than when the order was entered.
    module_mock.fault("CustomersV3", "data", field="OrganizationName", set="Renamed & Sons")
    found = page(reader, "order-status", order=order.header["SalesOrderNumber"], company=company)
    module_mock.control("DELETE", "fault")
    return found, order


def test_the_answer_says_which_order_and_where_it_is(order_page):
    document, order = order_page
    reference = order.header["CustomersOrderReference"]
    assert answer_of(document) == (
        f"{order.word} Order {order.header['SalesOrderNumber']}, Renamed & Sons"
        + (f", reference {reference}" if reference else "")
    )


def test_every_step_has_its_own_state_share_and_date(order_page):
    document, order = order_page
    confirmed = order.header["ConfirmedShippingDate"] != UNSET
    promised = order.header["ConfirmedShippingDate" if confirmed else "RequestedShippingDate"]
    billed = max((row["InvoiceDate"] for row in order.invoices), default="")
    steps = {
        "Created": ("done", "", "", order.header["OrderCreationDateTime"]),
        "Shipped": (
            *order.step("Delivered", "Invoiced"),
            "confirmed" if confirmed else "requested",
            promised,
        ),
        "Invoiced": (*order.step("Invoiced"), "", billed),
    }
    shapes = []
    path = document.findall(".//ol[1]/li")
    for shown, (name, (state, share, note, when)) in zip(path, steps.items(), strict=True):
        date_ = day(when) if when else ""
        assert texts(shown) == some(name, f", {SPOKEN[state]}", share, note, date_)
        days = [moment.get("datetime") for moment in shown.iterfind(".//time")]
        assert days == ([when[:10]] if when else [])
        assert shown.get("class") == state
        shapes.append((state, shape(shown)))
    assert is_one_to_one(shapes)


def test_every_cell_of_the_lines_is_the_erps(order_page):
    document, order = order_page
    lines = sorted(order.lines, key=lambda line: line["LineNumber"])
    [once] = units(order) if len(units(order)) == 1 else [""]
    for row, line in zip(table(document), lines, strict=True):
        status = STATUS[line["SalesOrderLineStatus"]]
        assert texts(row["Item"]) == some(line["LineDescription"], line["ItemNumber"], status)
        quantity = words(row[f"Quantity, {once}" if once else "Quantity"])
        assert number(quantity) == exact(line["OrderedSalesQuantity"])
        assert NUMBER.sub("", quantity).strip() == ("" if once else line["SalesUnitSymbol"])
        assert words(row["Price"]) == f"{exact(line['SalesPrice']):,.2f}"
        assert words(row["Amount"]) == f"{exact(line['LineAmount']):,.2f}"
        assert words(row["Status"]) == status
        assert shape(row["Status"]) == shape(row["Item"])
    kept = [line for line in lines if line["SalesOrderLineStatus"] != "Canceled"]
    total = sum((exact(line["LineAmount"]) for line in kept), Decimal(0))
    foot = [words(cell) for cell in document.findall(".//tfoot/tr/td")]
    assert [text for text in foot if text] == [f"{total:,.2f}"]
    assert order.header["CurrencyCode"] in caption(document)


@pytest.mark.parametrize("days_later", [0, 30])
def test_every_cell_of_a_choice_of_orders_is_the_erps(client, mock_erp, days_later):
    mock_erp.control("POST", "clock", advance=days_later * 86400)
    rows = mock_erp.rows("SalesOrderHeadersV2")
    accounts = Counter(row["OrderingCustomerAccountNumber"] for row in rows)
    [(customer, count)] = accounts.most_common(1)
    assert (count > 25) == bool(days_later)
    matches = [row for row in rows if row["OrderingCustomerAccountNumber"] == customer]
    matches.sort(key=lambda row: row["OrderCreationDateTime"], reverse=True)
    document = page(client, "order-status", customer=customer)
    assert answer_of(document) == f"{count} orders match"
    assert re.findall(r"the first (\d+)", caption(document)) == ["25"] * (count > 25)
    shapes = []
    for shown, row in zip(table(document), matches[:25], strict=True):
        order, reference = row["SalesOrderNumber"], row["CustomersOrderReference"]
        created, status = day(row["OrderCreationDateTime"]), STATUS[row["SalesOrderStatus"]]
        assert words(shown["Order"]) == order
        assert parse_qs(shown["Order"].find("a").get("href")[1:])["order"] == [order]
        below = ", ".join(some(reference, created))
        assert texts(shown["Customer"]) == [row["SalesOrderName"], below]
        assert words(shown["Reference"]) == (reference or "–")
        assert words(shown["Created"]) == created
        assert words(shown["Status"]) == status
        shapes.append((status, shape(shown["Status"])))
    assert is_one_to_one(shapes)


# --- Commodity prices.

NAMES = {
    "WTI": "WTI crude oil",
    "BRENT": "Brent crude oil",
    "NATURAL_GAS": "Natural gas",
    "COPPER": "Copper",
    "ALUMINUM": "Aluminum",
    "WHEAT": "Wheat",
    "CORN": "Corn",
    "COTTON": "Cotton",
    "SUGAR": "Sugar",
    "COFFEE": "Coffee",
}
MOST_ROWS = 260  # a longer history is thinned out


@dataclass
class Feed:
    """What is published of one commodity: days as ISO dates with their values, oldest first."""

    name: str
    unit: str
    interval: str
    prices: list[tuple[str, Decimal | None]]

    def __post_init__(self):
        known = [(day_, value) for day_, value in self.prices if value is not None]
        self.date, self.value = known[-1]
        self.percent = 100 * (self.value / known[-2][1] - 1)

    def called(self, text):
        """The day or month that a value stands for."""
        return day(text) if self.interval in ("daily", "weekly") else day(text).split(" ", 1)[1]

    @property
    def direction(self):
        if abs(self.percent) < Decimal("0.05"):  # which is shown as 0.0 %
            return "level"
        return "up" if self.percent > 0 else "down"


def feed(mock_erp, symbol, interval):
    query = {"function": symbol, "interval": interval, "apikey": "demo"}
    answer = mock_erp.http.get(f"{mock_erp.url}/query", params=query, timeout=5).json()
    prices = [
        (row["date"], None if row["value"] == "." else Decimal(row["value"]))
        for row in reversed(answer["data"])
    ]
    return Feed(answer["name"], answer["unit"], interval, prices)


def drawn(svg):
    """The stretches of a line as it is drawn: lists of points."""
    return [
        [tuple(float(part) for part in point.split(",")) for point in line.get("points").split()]
        for line in svg.findall(".//polyline")
    ]


def stretches(prices, width, height, low, high):
    """Where the stretches of a line must be drawn, to a tenth of a unit."""
    days = [date.fromisoformat(text).toordinal() for text, value in prices if value is not None]
    found: list[list[Any]] = [[]]
    for text, value in prices:
        if value is None:
            found.append([])
            continue
        x = (date.fromisoformat(text).toordinal() - days[0]) / (days[-1] - days[0]) * width
        y = float((high - value) / (high - low)) * height
        found[-1].append(pytest.approx((x, y), abs=0.06))
    return [stretch for stretch in found if stretch]


@pytest.mark.parametrize("last", ["a value", "none"])
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"symbols": "COPPER"},
        {"symbols": "NATURAL_GAS,WTI,BRENT", "interval": "daily"},
        {"symbols": "WTI,NATURAL_GAS", "interval": "weekly"},
        {"symbols": "SUGAR,COFFEE,CORN", "interval": "quarterly"},
        {"interval": "annual"},
    ],
    ids=urlencode,
)
def test_every_quote_is_what_is_published(client, mock_erp, query, last):
    if last == "none":
        mock_erp.fault("/query", "data", rows="first", field="value", set=".")
    interval = query.get("interval", "monthly")
    symbols = query.get("symbols", ",".join(NAMES)).split(",")
    published = {symbol: feed(mock_erp, symbol, interval) for symbol in symbols}
    document = page(client, "ticker", **query)
    quotes = {quote.get("id"): quote for quote in document.findall(".//ul/li/a")}
    assert sorted(quotes) == sorted(f"quote-{symbol}" for symbol in symbols)
    arrows = []
    for symbol, wanted in published.items():
        quote = quotes[f"quote-{symbol}"]
        name, value, direction, percent, unit, *as_of = texts(quote)
        assert (name, unit) == (NAMES[symbol], wanted.unit)
        assert is_rounded(value, wanted.value)
        assert direction == wanted.direction
        assert is_rounded(percent, wanted.percent)
        arrows.append((direction, shape(quote)))
        assert as_of == ["as of", wanted.called(wanted.date)]
        assert quote.find(".//time").get("datetime") == wanted.date
        recent = wanted.prices[-24:]
        known = [price for _, price in recent if price is not None]
        spark = next(svg for svg in quote.iter("svg") if svg.find("polyline") is not None)
        assert drawn(spark) == stretches(recent, 72, 24, min(known), max(known))
    assert is_one_to_one(arrows)
    most = max(published, key=lambda symbol: abs(published[symbol].percent))
    name, direction, percent, until = texts(document.find(".//p[strong]"))
    assert (name, direction) == (NAMES[most], published[most].direction)
    assert is_rounded(percent, published[most].percent)
    last_day = published[most].called(published[most].date)
    assert until == f"moved most, {interval} values to {last_day}"


@pytest.fixture(
    scope="module",
    params=[
        ("COPPER", "monthly", "1y"),
        ("ALUMINUM", "monthly", "2y"),
        ("COFFEE", "monthly", "5y"),
        ("WHEAT", "monthly", "10y"),
        ("NATURAL_GAS", "weekly", "1y"),
        ("BRENT", "quarterly", "max"),
        ("WTI", "daily", "1y"),
        ("CORN", "monthly", "max"),
    ],
    ids="-".join,
)
def history_page(request, reader, module_mock):
    """A page with an open history, what is published within its range, and the range."""
    symbol, interval, span = request.param
    wanted = feed(module_mock, symbol, interval)
    if span != "max":
        newest = wanted.prices[-1][0]
        first = f"{int(newest[:4]) - int(span[:-1])}{newest[4:7]}-01"
        wanted.prices = [price for price in wanted.prices if price[0] >= first]
    query = {"symbols": symbol, "interval": interval, "selected": symbol, "range": span}
    return page(reader, "ticker", **query), wanted, span


def shown_history(document, wanted):
    """The days and values that the table shows, oldest first; each must be published."""
    published = {wanted.called(price[0]): price for price in wanted.prices}
    found = []
    for row in table(document):
        price = published[words(row["Date"])]
        text = words(row["Value"])
        assert text == "–" if price[1] is None else is_rounded(text, price[1]), price
        found.append(price)
    return found[::-1]


def test_every_figure_of_a_history_is_in_its_table(history_page):
    document, wanted, _ = history_page
    shown = shown_history(document, wanted)
    if len(wanted.prices) <= MOST_ROWS:
        assert shown == wanted.prices
    else:
        assert shown == sorted(set(shown))
        assert 100 < len(shown) <= MOST_ROWS
        known = [value for _, value in wanted.prices if value is not None]
        assert {min(known), max(known)} <= {value for _, value in shown}
        assert (shown[0], shown[-1]) == (wanted.prices[0], wanted.prices[-1])
    assert wanted.unit in caption(document)


def test_the_history_is_drawn_against_an_axis_that_tells_the_truth(history_page):
    document, wanted, _ = history_page
    shown = shown_history(document, wanted)
    chart = document.find(".//figure")
    assert words(chart.find("figcaption")) == f"{wanted.name}, {wanted.unit}"
    [trace] = json.loads(chart.find(".//*[@data-figure]").get("data-figure"))["data"]
    values = [None if value is None else float(value) for _, value in shown]
    assert (trace["x"], trace["y"]) == ([text for text, _ in shown], values)
    axis = next(svg for svg in chart.iter("svg") if svg.find("line") is not None)
    area = next(svg for svg in chart.iter("svg") if svg.find("polyline") is not None)
    lines, labels = axis.findall("line"), axis.findall("text")
    heights = [float(line.get("y1")) for line in lines]
    ticks = [number(words(label)) for label in labels[: len(lines)]]
    assert float(area.get("height")) == max(heights) - min(heights)
    for tick, line, label in zip(ticks, lines, labels, strict=False):
        share = float((max(ticks) - tick) / (max(ticks) - min(ticks)))
        y = min(heights) + share * (max(heights) - min(heights))
        assert float(line.get("y1")) == float(line.get("y2")) == pytest.approx(y, abs=0.06)
        assert float(label.get("y")) == pytest.approx(y, abs=5)
    assert drawn(area) == stretches(shown, 100, 100, min(ticks), max(ticks))
    known = [wanted.called(text) for text, value in shown if value is not None]
    assert [words(label) for label in labels[len(lines) :]] == [known[0], known[-1]]


def test_the_range_that_is_shown_is_the_one_marked(history_page):
    document, _, span = history_page
    links = {
        parse_qs(link.get("href")[1:])["range"][0]: link
        for link in document.findall(".//nav[@aria-label='Range']/a")
        if words(link) != "Close"
    }
    assert [name for name, link in links.items() if link.get("aria-current")] == [span]
    for name, link in links.items():
        assert words(link).replace(" ", "") == ("All" if name == "max" else name)


# --- How old it is.


@pytest.fixture
def clock():
    """The clock that says when something was read. The page's age is told by the real one."""
    return Clock()


@pytest.fixture
def aging(settings, monkeypatch, clock):
    """A client of a server whose reads are dated by `clock`, with the times to live as they are."""
    dated = partial(readthrough.ReadThrough, clock=clock)
    monkeypatch.setattr(upstreams, "ReadThrough", dated)
    return create_app(settings).test_client()


def as_of(document):
    [moment] = document.findall(".//header//time")
    read_at = datetime.fromisoformat(moment.get("datetime"))
    assert words(moment).endswith(f"{read_at:%H:%M} UTC")
    return read_at.timestamp()


@pytest.mark.parametrize("names_read", [2_900, 3_900])  # still fresh, and no longer so
@pytest.mark.parametrize(
    ("seconds", "age"), [(75, "1 minute"), (730, "12 minutes"), (3_605, "1 hour")]
)
def test_a_page_is_exactly_as_old_as_its_stock(aging, mock_erp, clock, seconds, age, names_read):
    now = int(time.time())
    clock.now = now - seconds - names_read
    page(aging, "inventory", site="1")
    clock.now = now - seconds
    mock_erp.fault("ReleasedProductsV2", "status", status=503)
    fresh = page(aging, "inventory", site="1")
    assert (fresh.find(".//main").get("data-state"), as_of(fresh)) == ("ok", clock.now)
    mock_erp.fault("*", "status", status=503)
    clock.now = now
    stale = page(aging, "inventory", site="1")
    assert (stale.find(".//main").get("data-state"), as_of(stale)) == ("stale", now - seconds)
    [notice] = [p for p in stale.findall(".//p") if "What you see is" in words(p)]
    assert words(notice) == f"The ERP has a failure of its own. What you see is {age} old."


def test_a_page_is_as_old_as_its_oldest_figure(aging, mock_erp, clock):
    order = mock_erp.rows("SalesInvoiceHeadersV2")[0]["SalesOrderNumber"]
    now = int(time.time())
    clock.now = now - 30
    page(aging, "order-status", order=order)
    asked = len(mock_erp.log())
    clock.now = now
    again = page(aging, "order-status", order=order)
    # Order and lines are asked for again, but not what was invoiced.
    assert [call["set"] for call in mock_erp.log()[asked:]] == [
        "SalesOrderHeadersV2",
        "SalesOrderLines",
    ]
    assert as_of(again) == now - 30


def test_an_upstream_that_hangs_is_not_asked_again_at_once(settings, mock_erp, monkeypatch, clock):
    monkeypatch.setattr(readthrough, "Cooldowns", partial(Cooldowns, clock))
    client = create_app(settings.model_copy(update={"read_timeout": 0.4})).test_client()
    mock_erp.fault("WarehousesOnHandV2", "hang", times=1)
    assert client.get("/widgets/inventory/").status_code == 503
    asked = len(mock_erp.log())
    for path in ("inventory/", "inventory/?site=2", "order-status/?order=001001"):
        assert client.get(f"/widgets/{path}").status_code == 503
    assert len(mock_erp.log()) == asked
    clock.advance(RESTS[0])
    assert client.get("/widgets/inventory/").status_code == 200
