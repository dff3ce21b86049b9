"""Reads Dynamics 365 Finance & Operations over OData: the `Erp` of widgets.upstream.sources.

Every read names its company, since Dynamics otherwise answers for the caller's own and loses the other
rows in silence (Microsoft Learn, "Open Data Protocol (OData)", cross-company behavior).
"""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import TypeVar

from widgets.errors import BadParameter, NotFound, UpstreamInvalid, UpstreamUnavailable
from widgets.upstream.answers import sentence, unreadable
from widgets.upstream.credentials import Anonymous, Client
from widgets.upstream.dynamics_config import DynamicsConfig
from widgets.upstream.dynamics_rows import (
    CALLED,
    CUSTOMERS,
    INVOICES,
    LINES,
    ON_HAND,
    ORDERS,
    PRODUCTS,
    QUALITY_ORDERS,
    QUALITY_RESULTS,
    CompanyRow,
    EntitySet,
    Rows,
    of_company,
    rows_of,
)
from widgets.upstream.odata import (
    all_equal,
    can_be_asked,
    collection_url,
    entity_url,
    equals,
    literal,
    next_page,
    or_chains,
)
from widgets.upstream.odata import (
    since as on_or_after,
)
from widgets.upstream.reads import BACKGROUND, KEEP, Asking, Log, Upstream
from widgets.upstream.readthrough import ReadThrough
from widgets.upstream.records import (
    Customer,
    Invoice,
    OnHand,
    OrderLine,
    Product,
    QualityOrder,
    QualityResult,
    SalesOrder,
)
from widgets.upstream.wire import validated

R = TypeVar("R", bound=CompanyRow)
T = TypeVar("T")


class Dynamics:
    """One page's view of a Dynamics environment; cheap to make. Implements `sources.Erp`.

    scope, log, request_id, deadline: see `reads.Asking`.

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
        deadline: float | None = None,
    ) -> None:
        base = config.base_url.rstrip("/")
        self._config = config
        self._read_through = read_through
        self._asking = Asking(scope, log, request_id, deadline)
        self._root = f"{base}/data"
        self._upstream = Upstream(
            f"ERP{config.state}",
            CALLED,
            base,
            read_through.bearer(
                Client(
                    config.token_url,
                    config.client_id,
                    config.client_secret,
                    config.token_scope or f"{base}/.default",
                ),
                CALLED,
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
        conditions = all_equal(
            ("InventorySiteId", site, "site"),
            ("InventoryWarehouseId", warehouse, "warehouse"),
            ("ItemNumber", item, "item"),
        )
        return [row.record for row in self._rows(ON_HAND, company, conditions)]

    def products(self, company: str, items: Collection[str]) -> dict[str, Product]:
        # These come from the ERP itself; one that cannot be asked for is left out like one that is gone.
        wanted = sorted(item for item in set(items) if can_be_asked(item))
        conditions = [equals("ItemNumber", item, "item") for item in wanted]
        found = {row.item: row.record for row in self._any(PRODUCTS, company, conditions)}
        return {item: found[item] for item in wanted if item in found}

    def order(self, company: str, number: str) -> SalesOrder:
        row = self._row(ORDERS, company, "SalesOrderNumber", number, "order")
        return row.record

    def find_orders(
        self, company: str, *, reference: str | None = None, customer: str | None = None
    ) -> Sequence[SalesOrder]:
        conditions = all_equal(
            ("CustomersOrderReference", reference, "reference"),
            ("OrderingCustomerAccountNumber", customer, "customer"),
        )
        if not conditions:
            raise BadParameter("reference", "Give a customer's reference or a customer.")
        orders = [
            row.record
            for row in self._rows(ORDERS, company, conditions)
            # Dynamics compares without regard to case and trailing blanks.
            if reference in (None, row.reference) and customer in (None, row.customer)
        ]
        unset = datetime.min.replace(tzinfo=UTC)
        return sorted(orders, key=lambda o: (o.created or unset, o.number), reverse=True)

    def order_lines(self, company: str, number: str) -> Sequence[OrderLine]:
        rows = self._rows(LINES, company, [equals("SalesOrderNumber", number, "order")])
        return [row.record for row in sorted(rows, key=lambda row: (row.number, row.lot))]

    def invoices(self, company: str, number: str) -> Sequence[Invoice]:
        rows = self._rows(INVOICES, company, [equals("SalesOrderNumber", number, "order")])
        return [
            row.record for row in sorted(rows, key=lambda row: (row.date or date.max, row.number))
        ]

    def customer(self, company: str, account: str) -> Customer:
        return self._row(CUSTOMERS, company, "CustomerAccount", account, "customer").record

    def last_validated(self, company: str) -> date | None:
        rows = self._rows(QUALITY_ORDERS, company, [], greatest="ValidatedDateTime")
        return max((row.validated.date() for row in rows if row.validated), default=None)

    def quality_orders(
        self, company: str, *, since: date, item: str | None = None, production: str | None = None
    ) -> Sequence[QualityOrder]:
        conditions = all_equal(
            ("ItemNumber", item, "item"), ("ProductionOrderNumber", production, "production")
        )
        conditions.append(on_or_after("ValidatedDateTime", since))
        return [row.record for row in self._rows(QUALITY_ORDERS, company, conditions)]

    def quality_results(self, company: str, orders: Collection[str]) -> Sequence[QualityResult]:
        numbers = sorted(number for number in set(orders) if can_be_asked(number))
        conditions = [equals("QualityOrderNumber", number, "order") for number in numbers]
        return [row.record for row in self._any(QUALITY_RESULTS, company, conditions)]

    def _row(self, entity: EntitySet[R], company: str, key: str, value: str, parameter: str) -> R:
        """One row by its key. Raises NotFound."""
        name = self._name(entity)
        keys = {"dataAreaId": literal(company, "company"), key: literal(value, parameter)}

        def check(data: object) -> R:
            return of_company(validated(entity.rows, data, CALLED, name), company, name)

        try:
            url = entity_url(self._root, name, keys, entity.row.fields())
            (row,) = self._pages(entity, url, check)
            return row
        except NotFound as error:
            if f"segment '{name}'" in error.detail:
                raise _unknown_set(name, error) from None
            raise NotFound(
                f"There is no {parameter} “{value}” in company {company}.", detail=error.detail
            ) from None

    def _any(self, entity: EntitySet[R], company: str, conditions: Sequence[str]) -> list[R]:
        """All rows of a company that fulfil at least one of the conditions, in as many calls as it takes."""
        chains = list(or_chains(conditions))

        def read(chain: str) -> list[R]:
            return self._rows(entity, company, [chain])

        each = self._read_through.each
        parts = each(self._upstream, read, chains) if len(chains) > 1 else map(read, chains)
        return [row for rows in parts for row in rows]

    def _rows(
        self,
        entity: EntitySet[R],
        company: str,
        conditions: Iterable[str],
        greatest: str | None = None,
    ) -> list[R]:
        """All rows of a company that fulfil the conditions, over all pages, without duplicates."""
        name = self._name(entity)
        conditions = [equals("dataAreaId", company, "company"), *conditions]

        def check(data: object) -> Rows[R]:
            return rows_of(validated(entity.pages, data, CALLED, name), company, name)

        seen: set[str] = set()
        keys: set[object] = set()
        end = time.monotonic() + self._config.max_seconds

        def follow(page: Rows[R], url: str) -> str | None:
            seen.add(url)
            keys.update(page.rows)
            self._check_bounds(name, len(seen), len(keys), page.next_link, end)
            return self._next(name, url, page.next_link, seen)

        try:
            url = collection_url(self._root, name, conditions, entity.row.fields(), greatest)
            pages = self._pages(entity, url, check, follow)
        except NotFound as error:
            raise _unknown_set(name, error) from None
        if len(pages) == 1:
            return list(pages[0].rows.values())
        # A row that was inserted meanwhile pushes another one onto the next page, again.
        return list({key: row for page in pages for key, row in page.rows.items()}.values())

    def _pages(
        self,
        entity: EntitySet[R],
        url: str,
        check: Callable[[object], T],
        follow: Callable[[T, str], str | None] = lambda _page, _url: None,
    ) -> list[T]:
        return self._read_through.get_pages(
            self._upstream,
            url,
            what=self._name(entity),
            keep=self._config.ttls.get(entity.kind, KEEP[entity.kind]),
            check=check,
            follow=follow,
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
                CALLED, name, field="@odata.nextLink", detail=f"leads away: {link[:200]}"
            )
        if target in seen:
            raise unreadable(CALLED, name, field="@odata.nextLink", detail="leads in a circle")
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
                sentence(CALLED, "takes too long to answer"),
                detail=f"{pages} pages of {name} took more than {config.max_seconds} s",
            )


def _unknown_set(name: str, error: NotFound) -> UpstreamInvalid:
    return UpstreamInvalid(sentence(CALLED, f"has no entity set {name}"), detail=error.detail)
