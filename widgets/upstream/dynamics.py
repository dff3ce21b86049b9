"""Reads Dynamics 365 Finance & Operations over OData: the `Erp` of widgets.upstream.sources.

Every read names its company, since Dynamics otherwise answers for the caller's own and loses the other
rows in silence (Microsoft Learn, "Open Data Protocol (OData)", cross-company behavior).
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TypeVar

from widgets.errors import BadParameter, NotFound, UpstreamInvalid, UpstreamUnavailable
from widgets.upstream.answers import sentence, unreadable
from widgets.upstream.credentials import Anonymous, Client
from widgets.upstream.dynamics_rows import (
    CUSTOMERS,
    INVOICES,
    LINES,
    ON_HAND,
    ORDERS,
    PRODUCTS,
    CompanyRow,
    EntitySet,
    Page,
    ProductRow,
)
from widgets.upstream.odata import (
    can_be_asked,
    collection_url,
    entity_url,
    equals,
    literal,
    next_page,
    or_chains,
)
from widgets.upstream.reads import BACKGROUND, KEEP, Asking, Keep, Kind, Log, Upstream, checked_url
from widgets.upstream.readthrough import ReadThrough
from widgets.upstream.records import (
    Customer,
    Invoice,
    OnHand,
    OrderLine,
    Product,
    SalesOrder,
)
from widgets.upstream.wire import validated

R = TypeVar("R", bound=CompanyRow)
T = TypeVar("T")

_CALLED = "the ERP"


@dataclass(frozen=True, slots=True)
class DynamicsConfig:
    """Where a Dynamics environment is and how we sign in there.

    base_url: the environment ("https://contoso.operations.dynamics.com"), without "/data".
    token_url: "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token".
    client_id: "" for no sign-in at all, for an environment behind a proxy that adds it.
    token_scope: "" stands for "{base_url}/.default".
    entity_sets: other names for entity sets, by their standard names.
    ttls: other times to keep answers, by kind of read.
    max_pages, max_rows, max_seconds: bounds of one read over all its pages.

    Raises ValueError for an address that is none.
    """

    base_url: str
    token_url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    token_scope: str = ""
    entity_sets: Mapping[str, str] = field(default_factory=dict)
    ttls: Mapping[Kind, Keep] = field(default_factory=dict)
    max_pages: int = 20
    max_rows: int = 50_000
    max_seconds: float = 20.0

    def __post_init__(self) -> None:
        checked_url("base_url", self.base_url)
        if self.client_id:
            checked_url("token_url", self.token_url)


class Dynamics:
    """One page's view of a Dynamics environment; cheap to make. Implements `sources.Erp`.

    scope, log, request_id: see `reads.Asking`.

    Besides the errors that `sources` names, every method raises BadParameter for a value that Dynamics
    would take for a pattern, before it is asked.
    """

    def __init__(
        self,
        config: DynamicsConfig,
        read_through: ReadThrough,
        *,
        scope: str,
        log: Log | None = None,
        request_id: str | None = None,
    ) -> None:
        base = config.base_url.rstrip("/")
        self._config = config
        self._read_through = read_through
        self._asking = Asking(scope, log, request_id)
        self._root = f"{base}/data"
        self._upstream = Upstream(
            "ERP",
            _CALLED,
            base,
            read_through.bearer(
                Client(
                    config.token_url,
                    config.client_id,
                    config.client_secret,
                    config.token_scope or f"{base}/.default",
                ),
                _CALLED,
            )
            if config.client_id
            else Anonymous(),
        )

    def on_hand(
        self,
        company: str,
        *,
        site: str | None = None,
        warehouse: str | None = None,
        item: str | None = None,
    ) -> Sequence[OnHand]:
        conditions = [
            equals(name, value, parameter)
            for name, value, parameter in (
                ("InventorySiteId", site, "site"),
                ("InventoryWarehouseId", warehouse, "warehouse"),
                ("ItemNumber", item, "item"),
            )
            if value is not None
        ]
        return [row.record() for row in self._rows(ON_HAND, company, conditions)]

    def products(self, company: str, items: Collection[str]) -> dict[str, Product]:
        # These come from the ERP itself; one that cannot be asked for is left out like one that is gone.
        wanted = sorted(item for item in set(items) if can_be_asked(item))
        chunks = list(or_chains([equals("ItemNumber", item, "item") for item in wanted]))

        def read(condition: str) -> list[ProductRow]:
            return self._rows(PRODUCTS, company, [condition])

        chunks_of_rows = (
            self._read_through.each(read, chunks) if len(chunks) > 1 else map(read, chunks)
        )
        found = {row.item: row.record() for rows in chunks_of_rows for row in rows}
        return {item: found[item] for item in wanted if item in found}

    def order(self, company: str, number: str) -> SalesOrder:
        row = self._row(ORDERS, company, "SalesOrderNumber", number, "order")
        return row.record()

    def find_orders(
        self, company: str, *, reference: str | None = None, customer: str | None = None
    ) -> Sequence[SalesOrder]:
        conditions = []
        if reference is not None:
            conditions.append(equals("CustomersOrderReference", reference, "reference"))
        if customer is not None:
            conditions.append(equals("OrderingCustomerAccountNumber", customer, "customer"))
        if not conditions:
            raise BadParameter("reference", "Give a customer's reference or a customer.")
        orders = [
            row.record()
            for row in self._rows(ORDERS, company, conditions)
            # Dynamics compares without regard to case and trailing blanks.
            if reference in (None, row.reference) and customer in (None, row.customer)
        ]
        unset = datetime.min.replace(tzinfo=UTC)
        return sorted(orders, key=lambda o: (o.created or unset, o.number), reverse=True)

    def order_lines(self, company: str, number: str) -> Sequence[OrderLine]:
        rows = self._rows(LINES, company, [equals("SalesOrderNumber", number, "order")])
        return [row.record() for row in sorted(rows, key=lambda row: (row.number, row.lot))]

    def invoices(self, company: str, number: str) -> Sequence[Invoice]:
        rows = self._rows(INVOICES, company, [equals("SalesOrderNumber", number, "order")])
        return [
            row.record() for row in sorted(rows, key=lambda row: (row.date or date.max, row.number))
        ]

    def customer(self, company: str, account: str) -> Customer:
        return self._row(CUSTOMERS, company, "CustomerAccount", account, "customer").record()

    def _row(self, entity: EntitySet[R], company: str, key: str, value: str, parameter: str) -> R:
        """One row by its key. Raises NotFound."""
        name = self._name(entity)
        keys = {"dataAreaId": literal(company, "company"), key: literal(value, parameter)}

        def check(data: object) -> R:
            return _of_company(validated(entity.rows, data, _CALLED, name), company, name)

        try:
            return self._get(entity, entity_url(self._root, name, keys, entity.row.fields()), check)
        except NotFound as error:
            if f"segment '{name}'" in error.detail:
                raise _unknown_set(name, error) from None
            raise NotFound(
                f"There is no {parameter} “{value}” in company {company}.", detail=error.detail
            ) from None

    def _rows(self, entity: EntitySet[R], company: str, conditions: Iterable[str]) -> list[R]:
        """All rows of a company that fulfil the conditions, over all pages, without duplicates."""
        name = self._name(entity)
        conditions = [equals("dataAreaId", company, "company"), *conditions]

        def check(data: object) -> Page[R]:
            page = validated(entity.pages, data, _CALLED, name)
            for row in page.value:
                _of_company(row, company, name)
            return page

        url: str | None = collection_url(self._root, name, conditions, entity.row.fields())
        seen: set[str] = set()
        rows: dict[object, R] = {}
        end = time.monotonic() + self._config.max_seconds
        while url is not None:
            seen.add(url)
            try:
                page = self._get(entity, url, check)
            except NotFound as error:
                raise _unknown_set(name, error) from None
            # A row that was inserted meanwhile pushes another one onto the next page, again.
            rows.update((row.key(), row) for row in page.value)
            self._check_bounds(name, len(seen), len(rows), page.next_link, end)
            url = self._next(name, url, page.next_link, seen)
        return list(rows.values())

    def _get(self, entity: EntitySet[R], url: str, check: Callable[[object], T]) -> T:
        return self._read_through.get(
            self._upstream,
            url,
            what=self._name(entity),
            keep=self._config.ttls.get(entity.kind, KEEP[entity.kind]),
            check=check,
            asking=self._asking,
            background=entity.kind in BACKGROUND,
        )

    def _name(self, entity: EntitySet[R]) -> str:
        return self._config.entity_sets.get(entity.name, entity.name)

    def _next(self, name: str, url: str, link: str | None, seen: Collection[str]) -> str | None:
        """The address of the next page, if there is one. Raises UpstreamInvalid for a bad link."""
        if link is None:
            return None
        target = next_page(self._root, url, link)
        if target is None:
            raise unreadable(
                _CALLED, name, field="@odata.nextLink", detail=f"leads away: {link[:200]}"
            )
        if target in seen:
            raise unreadable(_CALLED, name, field="@odata.nextLink", detail="leads in a circle")
        return target

    def _check_bounds(self, name: str, pages: int, rows: int, link: str | None, end: float) -> None:
        config = self._config
        if rows > config.max_rows or (link is not None and pages >= config.max_pages):
            raise UpstreamInvalid(
                f"The ERP has more rows of {name} than can be shown; narrow the selection.",
                detail=f"{rows} rows on {pages} pages of {name}, and there are more",
            )
        if link is not None and time.monotonic() > end:
            raise UpstreamUnavailable(
                sentence(_CALLED, "takes too long to answer"),
                detail=f"{pages} pages of {name} took more than {config.max_seconds} s",
            )


def _of_company(row: R, company: str, name: str) -> R:
    """The row, if it is the company's. An upstream that leaves a filter out must not show one company's
    figures to another."""
    if row.company.casefold() != company.casefold():
        raise unreadable(_CALLED, name, field="dataAreaId", detail="a row of another company")
    return row


def _unknown_set(name: str, error: NotFound) -> UpstreamInvalid:
    return UpstreamInvalid(sentence(_CALLED, f"has no entity set {name}"), detail=error.detail)
