"""What the simulation moves: stock, orders, invoices, production and quality.

Quantities in hundredths of the item's unit, money in cents, instants as aware UTC datetimes.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from mock_erp.world.catalogue import Item
from mock_erp.world.customers import Customer


@dataclass(slots=True, eq=False)
class StockRow:
    """Stock of one item variant in one warehouse of one company.

    on_hand: physically there. reserved: the part of it that is set aside for order lines.
    ordered: on its way in. on_order: open demand that nothing is set aside for.
    reorder_point, lot, lead_days: how it is replenished; a lot of 0 never is.
    """

    company: str
    item: Item
    color: str
    size: str
    site: str
    warehouse: str
    popularity: float
    reorder_point: int
    lot: int
    lead_days: float
    on_hand: int
    reserved: int = 0
    ordered: int = 0
    on_order: int = 0
    waiting: "deque[Line]" = field(default_factory=deque)

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved

    @property
    def total_available(self) -> int:
        return self.available + self.ordered - self.on_order


@dataclass(slots=True, eq=False)
class Line:
    """A sales order line. `status` is a member of SalesStatus."""

    order: "Order"
    lot_id: str
    number: int
    row: StockRow
    quantity: int
    price: int
    amount: int
    ship_at: datetime
    status: str = "Backorder"
    is_reserved: bool = False


@dataclass(slots=True, eq=False)
class Order:
    company: str
    number: str
    customer: Customer
    reference: str
    created: datetime
    requested_shipping: datetime
    requested_receipt: datetime
    invoice_after_hours: float
    is_confirmed: bool = False
    lines: list[Line] = field(default_factory=list)

    @property
    def status(self) -> str:
        """The least far of the lines that are not canceled, as Dynamics works it out."""
        statuses = {line.status for line in self.lines}
        for status in ("Backorder", "Delivered", "Invoiced"):
            if status in statuses:
                return status
        return "Canceled"


@dataclass(slots=True)
class Invoice:
    number: str
    order: Order
    date: datetime
    amount: int


@dataclass(slots=True, eq=False)
class ProductionOrder:
    """`status` is a member of ProdStatus; started and ended are None until they happen."""

    number: str
    row: StockRow
    quantity: int
    scheduled_start: datetime
    scheduled_end: datetime
    demand_order: str
    status: str = "Created"
    started: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class TestResult:
    """`value` in hundredths; `outcome` is the named finding of a test without a number, else ""."""

    sequence: int
    test: str
    value: int
    outcome: str
    passed: bool


@dataclass(slots=True, eq=False)
class QualityOrder:
    """`status` is a member of InventTestOrderStatus; results are there once it is validated."""

    number: str
    production: ProductionOrder
    sample: int
    status: str = "Open"
    validated: datetime | None = None
    results: tuple[TestResult, ...] = ()
