"""The story of the company, event by event: orders come in, are reserved, shipped and invoiced; stock
runs low and is replenished; production reports finished and quality looks at it.

Events are worked through in the order of their time, so the state at a moment does not depend on how
often anyone looked before it. Every random draw has a generator named after what it is for.
"""

import heapq
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from mock_erp.world.catalogue import COMPANIES, items
from mock_erp.world.customers import customers
from mock_erp.world.orders import Desk
from mock_erp.world.quality import BAD_PERIOD_DAYS, inspect
from mock_erp.world.state import Invoice, Line, Order, ProductionOrder, QualityOrder, StockRow
from mock_erp.world.stock import stock_rows

# Days that the story has run when the clock starts, so that it starts in full swing.
HISTORY_DAYS = 70
# Stock is set aside this long before a line is to ship.
_RESERVE_BEFORE = timedelta(days=4)
_ORDER_CANCELED = 0.02
_LINE_CANCELED = 0.015


class Simulation:
    """The state of the company at `now`. Time moves forward only."""

    def __init__(self, seed: int, start: datetime) -> None:
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        self.seed = seed
        self.now = midnight - timedelta(days=HISTORY_DAYS)
        self.version = 0
        """Rises with every event: two reads at the same version see the same state."""
        self.items = items(seed)
        self.customers = customers(seed)
        self.rows = stock_rows(seed, self.items)
        self.orders: list[Order] = []
        self.invoices: list[Invoice] = []
        self._invoice_count = dict.fromkeys(COMPANIES, 0)
        self.production: list[ProductionOrder] = []
        self.quality: list[QualityOrder] = []
        first, last = BAD_PERIOD_DAYS
        self._bad_from = midnight - timedelta(days=first)
        self._bad_until = midnight - timedelta(days=last)
        self._desks = [Desk(name, self.customers[name], self.rows[name]) for name in COMPANIES]
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._sequence = 0
        self._at(self.now, self._begin_day)

    def advance(self, to: datetime) -> None:
        """Work through every event up to and including `to`."""
        while self._events and self._events[0][0] <= to:
            self.now, _, event = heapq.heappop(self._events)
            event()
            self.version += 1

    def _at(self, when: datetime, event: Callable[..., None], *args: Any) -> None:
        self._sequence += 1
        action = partial(event, *args) if args else event
        heapq.heappush(self._events, (max(when, self.now), self._sequence, action))

    def _begin_day(self) -> None:
        for desk in self._desks:
            for order in desk.orders_of(self.seed, self.now):
                self._at(order.created, self._create, order)
        self._at(self.now + timedelta(days=1), self._begin_day)

    # Sales

    def _create(self, order: Order) -> None:
        rng = random.Random(f"{self.seed}/fate/{order.company}/{order.number}")
        self.orders.append(order)
        self._at(self.now + timedelta(hours=rng.uniform(1, 20)), self._confirm, order)
        order_canceled = rng.random() < _ORDER_CANCELED
        for line in order.lines:
            line.row.on_order += line.quantity
            self._at(line.ship_at - _RESERVE_BEFORE, self._reserve, line)
            if order_canceled or rng.random() < _LINE_CANCELED:
                self._at(self.now + timedelta(hours=rng.uniform(2, 60)), self._cancel, line)
            self._replenish(line.row, order)

    def _confirm(self, order: Order) -> None:
        order.is_confirmed = order.status != "Canceled"

    def _cancel(self, line: Line) -> None:
        if line.status != "Backorder":
            return
        line.status = "Canceled"
        if line.is_reserved:
            line.row.reserved -= line.quantity
            line.is_reserved = False
            self._serve_waiting(line.row)
        else:
            line.row.on_order -= line.quantity

    def _reserve(self, line: Line) -> None:
        line.row.waiting.append(line)
        self._serve_waiting(line.row)

    def _serve_waiting(self, row: StockRow) -> None:
        """First come, first served: a large line at the front is waited for."""
        while row.waiting:
            line = row.waiting[0]
            if line.status == "Backorder":
                if row.available < line.quantity:
                    return
                row.on_order -= line.quantity
                row.reserved += line.quantity
                line.is_reserved = True
                self._at(max(line.ship_at, self.now + timedelta(hours=3)), self._ship, line)
            row.waiting.popleft()

    def _ship(self, line: Line) -> None:
        if line.status != "Backorder":
            return
        line.row.on_hand -= line.quantity
        line.row.reserved -= line.quantity
        line.status, line.is_reserved = "Delivered", False
        invoice_at = self.now + timedelta(hours=line.order.invoice_after_hours)
        self._at(invoice_at, self._invoice, line.order)
        self._replenish(line.row, None)

    def _invoice(self, order: Order) -> None:
        """One invoice for all that is delivered and not yet invoiced."""
        lines = [line for line in order.lines if line.status == "Delivered"]
        if not lines:
            return
        for line in lines:
            line.status = "Invoiced"
        self._invoice_count[order.company] += 1
        number = f"CIV-{self._invoice_count[order.company]:06d}"
        self.invoices.append(Invoice(number, order, self.now, sum(line.amount for line in lines)))

    # Supply

    def _replenish(self, row: StockRow, demand: Order | None) -> None:
        while row.lot and row.total_available < row.reorder_point:
            row.ordered += row.lot
            due = self.now + timedelta(days=row.lead_days)
            if row.item.made:
                self._plan_production(row, due, demand)
            else:
                self._at(due, self._receive, row, row.lot)

    def _receive(self, row: StockRow, quantity: int) -> None:
        row.ordered -= quantity
        row.on_hand += quantity
        self._serve_waiting(row)

    def _plan_production(self, row: StockRow, due: datetime, demand: Order | None) -> None:
        order = ProductionOrder(
            number=f"P{len(self.production) + 1:06d}",
            row=row,
            quantity=row.lot,
            scheduled_start=due - timedelta(days=2),
            scheduled_end=due,
            demand_order=demand.number if demand else "",
        )
        self.production.append(order)
        self._at(self.now + timedelta(hours=1), self._produce, order, "CostEstimated")
        self._at(self.now + timedelta(hours=5), self._produce, order, "Scheduled")
        self._at(self.now + timedelta(hours=26), self._produce, order, "Released")
        self._at(order.scheduled_start, self._produce, order, "StartedUp")
        self._at(due, self._produce, order, "ReportedFinished")
        self._at(due + timedelta(hours=30), self._produce, order, "Completed")

    def _produce(self, order: ProductionOrder, status: str) -> None:
        order.status = status
        if status == "StartedUp":
            order.started = self.now
        if status == "ReportedFinished":
            order.ended = self.now
            self._receive(order.row, order.quantity)
            self._maybe_inspect(order)

    def _maybe_inspect(self, production: ProductionOrder) -> None:
        rng = random.Random(f"{self.seed}/quality/{production.number}")
        if rng.random() > 0.75:
            return
        sample = 100 * max(1, round(production.quantity / 1000))  # a tenth, in whole units
        order = QualityOrder(f"Q{len(self.quality) + 1:06d}", production, sample)
        self.quality.append(order)
        self._at(self.now + timedelta(hours=rng.uniform(6, 44)), self._validate, order, rng)

    def _validate(self, order: QualityOrder, rng: random.Random) -> None:
        in_bad_period = self._bad_from <= self.now < self._bad_until
        order.status, order.results = inspect(rng, order, in_bad_period)
        order.validated = self.now
