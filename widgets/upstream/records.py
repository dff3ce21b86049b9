"""What the upstreams' data is called here. A widget sees these and never an upstream's field names.

Quantities and amounts are `Decimal`, as the upstream wrote them: nothing is rounded on the way in.
Dates that the upstream left unset are None.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class OnHand:
    """Stock of one item in one warehouse, in the item's inventory unit, by Dynamics 365's definitions
    (on-hand inventory list of Supply Chain Management).

    on_hand: physically in the warehouse.
    reserved: the part of `on_hand` that is reserved for issues.
    available: "available physical", `on_hand` less `reserved`. Not what a later receipt will bring.
    ordered: "ordered in total": on its way in, from purchase and production.
    on_order: on its way out: open issues, sales above all, for which nothing is reserved yet.
    total_available: `available` plus `ordered` less `on_order`, as the ERP itself works it out.
    variant: colour, configuration, size, style and version that are set, for people to read; "" if none.
    """

    item: str
    name: str
    variant: str
    site: str
    warehouse: str
    on_hand: Decimal
    reserved: Decimal
    available: Decimal
    ordered: Decimal
    on_order: Decimal
    total_available: Decimal


@dataclass(frozen=True, slots=True)
class Product:
    """A product released to one company. `unit` is the unit that stock is counted in ("pcs", "kg")."""

    item: str
    name: str
    unit: str


class OrderStatus(StrEnum):
    """How far an order or an order line has come, as a whole."""

    OPEN = "open"  # Dynamics: Backorder
    SHIPPED = "shipped"  # Dynamics: Delivered
    INVOICED = "invoiced"
    CANCELED = "canceled"
    UNKNOWN = "unknown"  # a status that we have no word for; shown as such, never guessed


@dataclass(frozen=True, slots=True)
class SalesOrder:
    """A sales order's head. It has no total: a Dynamics header may read 0, so sum the lines.

    reference: the customer's own number for the order; "" if none.
    created: the moment the order was entered, UTC.
    confirmed_shipping: what was promised; requested_shipping: what was asked for.
    """

    number: str
    name: str
    customer: str
    reference: str
    status: OrderStatus
    currency: str
    created: datetime | None
    requested_shipping: date | None
    confirmed_shipping: date | None
    requested_receipt: date | None
    confirmed_receipt: date | None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of a sales order. `quantity` in `unit`; `price` per unit and `amount` in the order's
    currency."""

    order: str
    number: Decimal
    item: str
    description: str
    quantity: Decimal
    unit: str
    price: Decimal
    amount: Decimal
    status: OrderStatus
    warehouse: str


@dataclass(frozen=True, slots=True)
class Customer:
    account: str
    name: str


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice posted for a sales order."""

    number: str
    order: str
    date: date | None


class QualityStatus(StrEnum):
    """What became of a quality order."""

    OPEN = "open"  # not validated yet
    PASSED = "passed"  # Dynamics: Pass
    FAILED = "failed"  # Dynamics: Fail
    UNKNOWN = "unknown"  # a status that we have no word for; never guessed


@dataclass(frozen=True, slots=True)
class QualityOrder:
    """An order to test what was made or received.

    production: the production order that it came from; "" if none.
    validated: the moment that it passed or failed, UTC; None while it is open. There is no other date: an
        open order does not say since when.
    """

    number: str
    status: QualityStatus
    item: str
    name: str
    production: str
    validated: datetime | None


@dataclass(frozen=True, slots=True)
class QualityResult:
    """One result of one test of a quality order."""

    order: str
    test: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Price:
    """One observation. `value` is None where the publisher has none for that day ("."), never 0."""

    date: date
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """Prices of one commodity, oldest first. `unit` as published ("dollar per metric ton").

    interval: "daily", "weekly", "monthly", "quarterly" or "annual": what one observation stands for.
    """

    symbol: str
    name: str
    unit: str
    interval: str
    prices: tuple[Price, ...]


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """1 `base` = `rate` `quote` on `date`."""

    date: date
    base: str
    quote: str
    rate: Decimal
