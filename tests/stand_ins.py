"""Upstreams for tests of a view function: they answer from lists, as `widgets.upstream.sources` says."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from widgets.errors import NotFound
from widgets.upstream.records import (
    Customer,
    ExchangeRate,
    Invoice,
    OnHand,
    OrderLine,
    OrderStatus,
    Price,
    PriceHistory,
    Product,
    QualityOrder,
    QualityResult,
    SalesOrder,
)


def on_hand(
    item: str, *, there: int, reserved: int = 0, on_order: int = 0, warehouse: str = "11"
) -> OnHand:
    available = Decimal(there - reserved)
    return OnHand(
        item=item,
        name=f"The {item}",
        variant="",
        site="1",
        warehouse=warehouse,
        on_hand=Decimal(there),
        reserved=Decimal(reserved),
        available=available,
        ordered=Decimal(0),
        on_order=Decimal(on_order),
        total_available=available - on_order,
    )


ORDER = SalesOrder(
    number="000002",
    name="Contoso Retail",
    customer="US-001",
    reference="PO-1",
    status=OrderStatus.OPEN,
    currency="USD",
    created=datetime(2026, 7, 1, 9, 30, tzinfo=UTC),
    requested_shipping=date(2026, 7, 20),
    confirmed_shipping=date(2026, 7, 22),
    requested_receipt=None,
    confirmed_receipt=None,
)
LINE = OrderLine(
    order="000002",
    number=Decimal(1),
    item="M0001",
    description="Mid-range speaker",
    quantity=Decimal(10),
    unit="pcs",
    price=Decimal(150),
    amount=Decimal(1500),
    status=OrderStatus.OPEN,
    warehouse="13",
)


@dataclass
class StandInErp:
    stock: Sequence[OnHand] = ()
    units: dict[str, str] = field(default_factory=dict)
    orders: Sequence[SalesOrder] = (ORDER,)
    lines: Sequence[OrderLine] = (LINE,)
    bills: Sequence[Invoice] = ()
    quality: Sequence[QualityOrder] = ()
    results: Sequence[QualityResult] = ()
    customers: dict[str, str] = field(
        default_factory=lambda: {"US-001": "Contoso Retail San Diego"}
    )

    def on_hand(
        self,
        company: str,
        *,
        site: str | None = None,
        warehouse: str | None = None,
        item: str | None = None,
    ) -> Sequence[OnHand]:
        return [
            record
            for record in self.stock
            if site in (None, record.site)
            and warehouse in (None, record.warehouse)
            and item in (None, record.item)
        ]

    def products(self, company: str, items: Collection[str]) -> dict[str, Product]:
        return {
            item: Product(item, f"The {item}", self.units[item])
            for item in items
            if item in self.units
        }

    def order(self, company: str, number: str) -> SalesOrder:
        for order in self.orders:
            if order.number == number:
                return order
        raise NotFound(f"There is no order {number}.")

    def find_orders(
        self, company: str, *, reference: str | None = None, customer: str | None = None
    ) -> Sequence[SalesOrder]:
        return [
            order
            for order in self.orders
            if reference in (None, order.reference) and customer in (None, order.customer)
        ]

    def order_lines(self, company: str, number: str) -> Sequence[OrderLine]:
        return [replace(line, order=number) for line in self.lines]

    def invoices(self, company: str, number: str) -> Sequence[Invoice]:
        return self.bills

    def customer(self, company: str, account: str) -> Customer:
        if account not in self.customers:
            raise NotFound(f"There is no customer {account}.")
        return Customer(account, self.customers[account])

    def last_validated(self, company: str) -> date | None:
        return max((o.validated.date() for o in self.quality if o.validated), default=None)

    def quality_orders(
        self, company: str, *, since: date, item: str | None = None, production: str | None = None
    ) -> Sequence[QualityOrder]:
        return [
            order
            for order in self.quality
            if (order.validated is None or order.validated.date() >= since)
            and item in (None, order.item)
            and production in (None, order.production)
        ]

    def quality_results(self, company: str, orders: Collection[str]) -> Sequence[QualityResult]:
        return [result for result in self.results if result.order in orders]


def history(symbol: str, *values: str | None, interval: str = "monthly") -> PriceHistory:
    """One value a month, the last for September 2026."""
    first = 2026 * 12 + 8 - (len(values) - 1)
    prices = tuple(
        Price(date((first + n) // 12, (first + n) % 12 + 1, 1), None if v is None else Decimal(v))
        for n, v in enumerate(values)
    )
    return PriceHistory(symbol, symbol.title(), "dollar per metric ton", interval, prices)


@dataclass
class StandInMarket:
    histories: Sequence[PriceHistory] = ()
    rates: Sequence[ExchangeRate] = ()

    def price_histories(self, symbols: Sequence[str], interval: str) -> Sequence[PriceHistory]:
        return [next(h for h in self.histories if h.symbol == symbol) for symbol in symbols]

    def exchange_rates(
        self, base: str, quotes: Sequence[str], *, start: date, end: date
    ) -> Sequence[ExchangeRate]:
        return [
            rate
            for rate in self.rates
            if rate.base == base and rate.quote in quotes and start <= rate.date <= end
        ]
