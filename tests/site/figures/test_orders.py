"""The order-status widget, figure by figure."""

import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.html import words
from tests.site.figures.reading import (
    NUMBER,
    answer_of,
    caption,
    day,
    exact,
    is_one_to_one,
    number,
    page,
    shape,
    some,
    table,
    texts,
)

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
