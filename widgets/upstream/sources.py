"""What a widget may ask of an upstream, whichever system answers. A test passes a stand-in.

Every method raises the errors of `widgets.errors` and nothing else: NotFound for a record that is not
there, UpstreamUnavailable, UpstreamInvalid and UpstreamRefused for an upstream that gives no answer.
`company` is the ERP's company (Dynamics: dataAreaId, such as "usmf").
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Protocol

from widgets.upstream.records import (
    Customer,
    ExchangeRate,
    Invoice,
    OnHand,
    OrderLine,
    PriceHistory,
    Product,
    QualityOrder,
    QualityResult,
    SalesOrder,
)


class Erp(Protocol):
    """Reads of an ERP. None of them changes anything there."""

    def on_hand(
        self,
        company: str,
        *,
        site: str | None = None,
        warehouse: str | None = None,
        item: str | None = None,
    ) -> Sequence[OnHand]:
        """Stock, one record for each item, variant and warehouse. No match is an empty answer."""

    def products(self, company: str, items: Collection[str]) -> dict[str, Product]:
        """The products with these item numbers. One that is not there is left out."""

    def order(self, company: str, number: str) -> SalesOrder:
        """One sales order. Raises NotFound."""

    def find_orders(
        self, company: str, *, reference: str | None = None, customer: str | None = None
    ) -> Sequence[SalesOrder]:
        """Orders with exactly this customer's reference and (or) customer account, newest first."""

    def order_lines(self, company: str, number: str) -> Sequence[OrderLine]:
        """The lines of one order, by line number."""

    def invoices(self, company: str, number: str) -> Sequence[Invoice]:
        """The invoices posted for one order, oldest first."""

    def customer(self, company: str, account: str) -> Customer:
        """One customer. Raises NotFound."""

    def last_validated(self, company: str) -> date | None:
        """The day of the latest validation of a quality order, None if there was none: up to when the
        company's quality orders tell a story, whatever clock a server has."""

    def quality_orders(
        self, company: str, *, since: date, item: str | None = None, production: str | None = None
    ) -> Sequence[QualityOrder]:
        """Quality orders that were validated on `since` or later, and all that are not validated yet."""

    def quality_results(self, company: str, orders: Collection[str]) -> Sequence[QualityResult]:
        """All results of these quality orders."""


class MarketData(Protocol):
    """Reads of a market-data feed: daily or monthly figures, never real time."""

    def price_histories(self, symbols: Sequence[str], interval: str) -> Sequence[PriceHistory]:
        """The whole published history of each symbol, in the order asked for."""

    def exchange_rates(
        self, base: str, quotes: Sequence[str], *, start: date, end: date
    ) -> Sequence[ExchangeRate]:
        """Reference rates from `start` to `end`, both included, oldest first."""
