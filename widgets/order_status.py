"""Order status: where an order is now, found by its number or by the customer's own reference.

Created, shipped, invoiced, each with the date that the ERP knows for it, and the order's lines. The
total is the sum of the lines, since a header's total in Dynamics 365 may read 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field

from widgets.core import Company, Empty, Parameters, Text, Widget
from widgets.core.formatting import decimals
from widgets.errors import BadParameter, NotFound
from widgets.upstream import Erp
from widgets.upstream.records import Invoice, OrderLine, OrderStatus, SalesOrder

widget = Widget(
    __name__,
    title="Order status",
    refresh=30,
    height=560,
    personal=True,
    example={"order": "001524"},
)

MOST_MATCHES = 25

WORDS = {
    OrderStatus.OPEN: "Open",
    OrderStatus.SHIPPED: "Shipped",
    OrderStatus.INVOICED: "Invoiced",
    OrderStatus.CANCELED: "Canceled",
    OrderStatus.UNKNOWN: "Unknown",
}


class Params(Parameters):
    company: Company
    order: Text | None = Field(None, description="Sales order number")
    reference: Text | None = Field(None, description="The customer's own number for the order")
    customer: Text | None = Field(
        None, description="Customer account; only orders of this customer are shown"
    )


@dataclass(frozen=True)
class Step:
    """One stop on the order's path.

    share: "2 of 3 lines" where only some are there. note: what `date` is if not the day itself:
    "confirmed" or "requested".
    """

    name: str
    state: Literal["done", "partly", "ahead", "never"]
    share: str
    note: str
    date: date | None


@dataclass(frozen=True)
class Match:
    """One of several orders that fit."""

    order: SalesOrder
    word: str


@dataclass(frozen=True)
class View:
    """Either one order with everything about it, or `matches` to choose from, or neither: `empty`.

    unit: what all quantities are counted in, or "" where each line says its own.
    places: decimal places that the quantities need. more: matches beyond those listed.
    """

    order: SalesOrder | None = None
    word: str = ""
    customer: str = ""
    steps: list[Step] = field(default_factory=list)
    lines: list[OrderLine] = field(default_factory=list)
    words: dict[OrderStatus, str] = field(default_factory=lambda: WORDS)
    unit: str = ""
    places: int = 0
    total: Decimal | None = None
    matches: list[Match] = field(default_factory=list)
    more: int = 0
    empty: Empty | None = None


@widget.view
def order_status(params: Params, erp: Erp) -> View:
    if params.order:
        # Whoever embeds the widget for one customer must not be shown another's order, nor that there is one.
        try:
            order = erp.order(params.company, params.order)
        except NotFound:
            raise NotFound(_no_match(params)) from None
        if params.customer not in (None, order.customer) or params.reference not in (
            None,
            order.reference,
        ):
            raise NotFound(_no_match(params))
        return _one(erp, params.company, order)
    if not (params.reference or params.customer):
        return View(
            empty=Empty("Which order?", "Enter an order number, or the customer's reference.")
        )
    found = erp.find_orders(params.company, reference=params.reference, customer=params.customer)
    if not found:
        raise NotFound(_no_match(params))
    if len(found) == 1:
        return _one(erp, params.company, found[0])
    return View(
        matches=[Match(order, WORDS[order.status]) for order in found[:MOST_MATCHES]],
        more=max(len(found) - MOST_MATCHES, 0),
    )


def _one(erp: Erp, company: str, order: SalesOrder) -> View:
    lines = erp.order_lines(company, order.number)
    kept = [line for line in lines if line.status is not OrderStatus.CANCELED]
    try:
        customer = erp.customer(company, order.customer).name
    except (NotFound, BadParameter):  # gone, or a number that cannot be asked for
        customer = order.name
    billed = any(line.status is OrderStatus.INVOICED for line in kept)
    invoices = erp.invoices(company, order.number) if billed else ()
    steps = _path(order, kept, invoices)
    units = {line.unit for line in lines}
    return View(
        order=order,
        word=_word(order, steps),
        customer=customer,
        steps=steps,
        unit=units.pop() if len(units) == 1 else "",
        lines=list(lines),
        places=decimals(line.quantity for line in lines),
        total=sum((line.amount for line in kept), Decimal(0)),
    )


def _word(order: SalesOrder, steps: Sequence[Step]) -> str:
    """Where the order is now, in a word or two: the furthest that the path below it shows."""
    if order.status in (OrderStatus.CANCELED, OrderStatus.UNKNOWN):
        return WORDS[order.status]
    _, shipped, invoiced = steps
    if invoiced.state == "done":
        return WORDS[OrderStatus.INVOICED]
    if shipped.state == "done":
        return WORDS[OrderStatus.SHIPPED]
    return "Partly shipped" if shipped.state == "partly" else WORDS[OrderStatus.OPEN]


def _path(order: SalesOrder, lines: Sequence[OrderLine], invoices: Sequence[Invoice]) -> list[Step]:
    """Created → shipped → invoiced. An order that was canceled never gets any further."""
    shipped = [line.status in (OrderStatus.SHIPPED, OrderStatus.INVOICED) for line in lines]
    invoiced = [line.status is OrderStatus.INVOICED for line in lines]
    canceled = order.status is OrderStatus.CANCELED
    whole = order.status is OrderStatus.INVOICED
    note = "confirmed" if order.confirmed_shipping else "requested"
    when = order.confirmed_shipping or order.requested_shipping
    created = order.created.date() if order.created else None
    last = invoices[-1].date if invoices else None
    return [
        Step("Created", "done", "", "", created),
        Step(
            "Shipped",
            _progress(shipped, canceled, whole or order.status is OrderStatus.SHIPPED),
            _share(shipped),
            note if when else "",
            when,
        ),
        Step("Invoiced", _progress(invoiced, canceled, whole), _share(invoiced), "", last),
    ]


def _progress(
    parts: Sequence[bool], canceled: bool, whole: bool
) -> Literal["done", "partly", "ahead", "never"]:
    # Header and lines are read one after the other; where there are lines, they decide.
    if all(parts) if parts else whole:
        return "done"
    if any(parts):
        return "partly"
    return "never" if canceled else "ahead"


def _share(parts: Sequence[bool]) -> str:
    """`2 of 3 lines` while that says something."""
    return f"{sum(parts)} of {len(parts)} lines" if any(parts) and not all(parts) else ""


def _no_match(params: Params) -> str:
    asked = [f"number “{params.order}”"] if params.order else []
    asked += [f"reference “{params.reference}”"] if params.reference else []
    asked += [f"customer “{params.customer}”"] if params.customer else []
    return f"No order in company {params.company} has {' and '.join(asked)}."
