"""The sales orders of one day: who orders what, and when it is to ship."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate

from mock_erp.world.customers import Customer
from mock_erp.world.state import Line, Order, StockRow

_ORDERS_PER_WORKDAY = {"usmf": (9, 14), "demf": (4, 7)}


@dataclass(slots=True)
class Desk:
    """The order desk of one company: its number sequences and what it remembers of its customers."""

    company: str
    customers: tuple[Customer, ...]
    rows: list[StockRow]
    next_order: int = 1001
    next_lot: int = 5001
    last_reference: dict[str, str] = field(default_factory=dict)
    cumulative: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.cumulative = list(accumulate(row.popularity for row in self.rows))

    def orders_of(self, seed: int, midnight: datetime) -> Iterator[Order]:
        """The orders that come in on the day that begins at `midnight`; none at a weekend."""
        if midnight.weekday() >= 5:
            return
        rng = random.Random(f"{seed}/orders/{self.company}/{midnight:%Y-%m-%d}")
        count = rng.randint(*_ORDERS_PER_WORKDAY[self.company])
        seconds = sorted(rng.randrange(7 * 3600, 18 * 3600) for _ in range(count))
        for second in seconds:
            yield self._order(rng, midnight + timedelta(seconds=second))

    def _order(self, rng: random.Random, created: datetime) -> Order:
        customer = rng.choice(self.customers)
        shipping = _noon(created) + timedelta(days=rng.randint(3, 16))
        order = Order(
            company=self.company,
            number=f"{self.next_order:06d}",
            customer=customer,
            reference=self._reference(rng, customer.account),
            created=created,
            requested_shipping=shipping,
            requested_receipt=shipping + timedelta(days=rng.randint(1, 5)),
            invoice_after_hours=rng.uniform(8, 70),
        )
        self.next_order += 1
        count = rng.choices(range(1, 9), (18, 20, 18, 14, 12, 8, 6, 4))[0]
        rows = dict.fromkeys(rng.choices(self.rows, cum_weights=self.cumulative, k=count))
        ships_in_parts = rng.random() < 0.3
        for number, row in enumerate(rows, start=1):
            order.lines.append(self._line(rng, order, number, row, ships_in_parts))
        return order

    def _line(
        self, rng: random.Random, order: Order, number: int, row: StockRow, ships_in_parts: bool
    ) -> Line:
        step = 50 if row.item.unit in ("kg", "m") else 100
        quantity = max(step, round(row.item.typical * rng.uniform(0.3, 1.7) / step) * step)
        price = round(row.item.price * rng.choice((1.0, 1.0, 0.97, 0.95, 0.9)))
        later = timedelta(days=rng.randint(0, 6) if ships_in_parts else 0)
        line = Line(
            order=order,
            lot_id=f"{self.next_lot:06d}",
            number=number,
            row=row,
            quantity=quantity,
            price=price,
            amount=round(quantity * price / 100),
            ship_at=order.requested_shipping + later + timedelta(minutes=rng.randint(-240, 240)),
        )
        self.next_lot += 1
        return line

    def _reference(self, rng: random.Random, account: str) -> str:
        """The customer's own number. Some give none, some the same again."""
        chance = rng.random()
        number = f"PO-{rng.randint(10_000, 99_999)}"
        if chance < 0.05:
            return ""
        if chance < 0.11 and account in self.last_reference:
            return self.last_reference[account]
        self.last_reference[account] = number
        return number


def _noon(instant: datetime) -> datetime:
    return instant.replace(hour=12, minute=0, second=0, microsecond=0)
