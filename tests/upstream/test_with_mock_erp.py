"""The sources against the mock ERP in its own process: the same numbers, and each fault it can act out."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import pytest

from tests.upstream.conftest import PATIENT, SHORT, Clock
from widgets.errors import NotFound, UpstreamInvalid, UpstreamRefused, UpstreamUnavailable
from widgets.upstream import (
    Dynamics,
    DynamicsConfig,
    Market,
    MarketConfig,
    OrderStatus,
    Read,
    ReadThrough,
)

ROOT = Path(__file__).parents[2]
CLOCK = "2026-07-15T08:00:00Z"  # the ERP's, frozen


@dataclass(frozen=True)
class Mock:
    """The mock ERP, asked directly: by a client that shares nothing with the one under test."""

    url: str

    def fault(self, match: str, kind: str, **more: object) -> None:
        self._call("POST", "/_control/fault", {"match": match, "kind": kind} | more)

    def reset(self) -> None:
        self._call("POST", "/_control/reset", {})

    def log(self) -> list[dict[str, Any]]:
        log: list[dict[str, Any]] = self._call("GET", "/_control/log", None)
        return log

    def rows(self, entity_set: str, condition: str) -> list[dict[str, Any]]:
        token = self._token()
        query = f"cross-company=true&$filter={quote(condition)}"
        url: str | None = f"{self.url}/data/{entity_set}?{query}"
        rows = []
        while url:
            with urlopen(Request(url, headers={"Authorization": f"Bearer {token}"})) as answer:
                page = json.load(answer, parse_float=Decimal)
            rows += page["value"]
            url = page.get("@odata.nextLink")
        return rows

    def _token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": "demo",
            "client_secret": "demo-secret",
            "scope": f"{self.url}/.default",
        }
        url = f"{self.url}/demo/oauth2/v2.0/token"
        with urlopen(url, data=urlencode(form).encode()) as answer:
            return str(json.load(answer)["access_token"])

    def _call(self, method: str, path: str, body: object) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        with urlopen(Request(self.url + path, data, headers, method=method)) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def running() -> Iterator[Mock]:
    options = ["--port", "0", "--speed", "0", "--start", CLOCK, "--page-size", "40"]
    process = subprocess.Popen(
        [sys.executable, "-m", "mock_erp", *options], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield Mock(process.stdout.readline().removeprefix("mock ERP on ").strip())
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@pytest.fixture
def mock(running: Mock) -> Iterator[Mock]:
    running.reset()
    yield running
    running.reset()


@pytest.fixture
def config(mock: Mock) -> DynamicsConfig:
    return DynamicsConfig(
        mock.url,
        token_url=f"{mock.url}/demo/oauth2/v2.0/token",
        client_id="demo",
        client_secret="demo-secret",
    )


@pytest.fixture
def erp(config: DynamicsConfig, read_through: ReadThrough, reads: list[Read]) -> Dynamics:
    return Dynamics(config, read_through, scope="host", log=reads.append, request_id="req-7")


@pytest.fixture
def market(mock: Mock, read_through: ReadThrough, reads: list[Read]) -> Market:
    config = MarketConfig(f"{mock.url}/query", f"{mock.url}/v2/rates", api_key="any")
    return Market(config, read_through, scope="host", log=reads.append)


@pytest.fixture
def order_number(mock: Mock) -> str:
    """An invoiced order."""
    row = mock.rows("SalesInvoiceHeadersV2", "dataAreaId eq 'usmf' and InvoiceNumber ne ''")[0]
    return str(row["SalesOrderNumber"])


@pytest.mark.parametrize("company", ["usmf", "demf"])
def test_stock_over_all_pages(company: str, mock: Mock, erp: Dynamics, reads: list[Read]) -> None:
    rows = mock.rows("WarehousesOnHandV2", f"dataAreaId eq '{company}'")
    stock = erp.on_hand(company)
    assert len(mock.log()) > 3
    assert len(reads) == 1  # all pages together
    assert [
        (row.item, row.warehouse, row.on_hand, row.available, row.on_order) for row in stock
    ] == [
        (
            row["ItemNumber"],
            row["InventoryWarehouseId"],
            row["OnHandQuantity"],
            row["AvailableOnHandQuantity"],
            row["OnOrderQuantity"],
        )
        for row in rows
    ]
    for row in stock:
        assert row.available == row.on_hand - row.reserved
        assert row.total_available == row.available + row.ordered - row.on_order


def test_stock_of_a_site_a_warehouse_and_an_item(mock: Mock, erp: Dynamics) -> None:
    everything = erp.on_hand("usmf")
    one = next(row for row in everything if row.item.startswith(" "))
    same_item = [row for row in everything if row.item == one.item]
    assert erp.on_hand("usmf", item=one.item) == same_item
    assert erp.on_hand("usmf", warehouse=one.warehouse, item=one.item) == [
        row for row in same_item if row.warehouse == one.warehouse
    ]
    site = erp.on_hand("usmf", site=one.site)
    assert {row.site for row in site} == {one.site}
    assert erp.on_hand("usmf", item="no such item") == []


def test_products_are_those_of_the_stock(mock: Mock, erp: Dynamics) -> None:
    items = {row.item for row in erp.on_hand("usmf", site="1")}
    products = erp.products("usmf", items | {"no such item"})
    assert set(products) == items
    assert all(product.unit for product in products.values())


def test_quality_orders_and_their_results(mock: Mock, erp: Dynamics) -> None:
    rows = mock.rows("QualityOrderHeaders", "dataAreaId eq 'demf'")
    last = erp.last_validated("demf")
    assert last
    assert str(last) == max(row["ValidatedDateTime"] for row in rows)[:10]
    since = last - timedelta(days=29)
    wanted = {
        row["QualityOrderNumber"]
        for row in rows
        if row["ValidatedDateTime"][:10] >= str(since) or row["QualityOrderStatus"] == "Open"
    }
    orders = erp.quality_orders("demf", since=since)
    assert {order.number for order in orders} == wanted
    assert len(wanted) < len(rows)
    assert {order.status for order in orders} == {"open", "passed", "failed"}
    one = orders[0]
    found = erp.quality_orders("demf", since=since, item=one.item, production=one.production)
    assert one in found
    assert {(order.item, order.production) for order in found} == {(one.item, one.production)}
    validated = [order.number for order in orders if order.validated]
    results = mock.rows("QualityOrderLineResults", "dataAreaId eq 'demf'")
    assert Counter(
        (r.order, r.test, r.passed) for r in erp.quality_results("demf", validated)
    ) == Counter(
        (row["QualityOrderNumber"], row["QualityTestId"], row["TestResult"] == "Pass")
        for row in results
        if row["QualityOrderNumber"] in set(validated)
    )


def test_order_with_its_lines_invoices_and_customer(
    order_number: str, mock: Mock, erp: Dynamics
) -> None:
    this = f"dataAreaId eq 'usmf' and SalesOrderNumber eq '{order_number}'"
    (head,) = mock.rows("SalesOrderHeadersV2", this)
    order = erp.order("usmf", order_number)
    assert (order.number, order.customer) == (order_number, head["OrderingCustomerAccountNumber"])
    assert order.created is not None
    assert order.created.isoformat().replace("+00:00", "Z") == head["OrderCreationDateTime"]
    assert order.status is not OrderStatus.UNKNOWN
    lines = erp.order_lines("usmf", order_number)
    rows = mock.rows("SalesOrderLines", this)
    assert lines
    assert sum(line.amount for line in lines) == sum(row["LineAmount"] for row in rows)
    assert [line.number for line in lines] == sorted(line.number for line in lines)
    assert [invoice.order for invoice in erp.invoices("usmf", order_number)]
    assert erp.customer("usmf", order.customer).name
    if order.reference:
        assert order in erp.find_orders("usmf", reference=order.reference)
    assert order in erp.find_orders("usmf", customer=order.customer)


def test_all_statuses_are_known(mock: Mock, erp: Dynamics) -> None:
    rows = mock.rows("SalesOrderHeadersV2", "dataAreaId eq 'usmf'")
    assert {row["SalesOrderStatus"] for row in rows} == {
        "Backorder",
        "Delivered",
        "Invoiced",
        "Canceled",
    }
    for customer in {row["OrderingCustomerAccountNumber"] for row in rows[:10]}:
        for order in erp.find_orders("usmf", customer=customer):
            assert order.status is not OrderStatus.UNKNOWN


@pytest.mark.parametrize("number", ["nope", "O'Brien", "a/b", " 1", "50%25", "é", "a#b?c"])
def test_order_that_is_not_there(number: str, mock: Mock, erp: Dynamics) -> None:
    with pytest.raises(NotFound):
        erp.order("usmf", number)
    assert erp.order_lines("usmf", number) == []


def test_unknown_entity_set(mock: Mock, config: DynamicsConfig, read_through: ReadThrough) -> None:
    names = {"SalesOrderHeadersV2": "Nope", "SalesOrderLines": "Nope"}
    other = DynamicsConfig(
        config.base_url, config.token_url, config.client_id, config.client_secret, "", names
    )
    erp = Dynamics(other, read_through, scope="host")
    for ask in (erp.order, erp.order_lines):
        with pytest.raises(UpstreamInvalid, match="The ERP has no entity set Nope"):
            ask("usmf", "1")


def test_one_order_is_revalidated(
    order_number: str, mock: Mock, erp: Dynamics, reads: list[Read], clock: Clock
) -> None:
    first = erp.order("usmf", order_number)
    clock.advance(100)
    assert erp.order("usmf", order_number) == first
    assert [read.outcome for read in reads] == ["miss", "revalidated"]
    assert reads[1].as_of > reads[0].as_of
    last = mock.log()[-1]
    assert last["status"] == 304
    assert "req-7" in last.values()


def test_prices(mock: Mock, market: Market) -> None:
    copper, wti = market.price_histories(["COPPER", "WTI"], "monthly")
    assert (copper.symbol, wti.symbol) == ("COPPER", "WTI")
    for history in (copper, wti):
        days = [price.date for price in history.prices]
        assert days == sorted(set(days))
        assert history.unit
        assert any(price.value for price in history.prices)


def test_rates(mock: Mock, market: Market) -> None:
    rates = market.exchange_rates(
        "eur", ["usd", "gbp"], start=date(2020, 1, 1), end=date(2020, 1, 31)
    )
    assert {rate.quote for rate in rates} == {"USD", "GBP"}
    # The European Central Bank's reference rate of that day.
    assert next(r.rate for r in rates if (r.date, r.quote) == (date(2020, 1, 2), "USD")) == Decimal(
        "1.1193"
    )


def test_wrong_secret(mock: Mock, config: DynamicsConfig, read_through: ReadThrough) -> None:
    wrong = DynamicsConfig(config.base_url, config.token_url, "demo", "not-the-secret")
    with pytest.raises(UpstreamRefused) as caught:
        Dynamics(wrong, read_through, scope="host").on_hand("usmf")
    assert "AADSTS" in caught.value.detail
    assert "not-the-secret" not in caught.value.detail


def test_expired_tokens_are_renewed(mock: Mock, erp: Dynamics, reads: list[Read]) -> None:
    erp.on_hand("usmf", warehouse="11")
    mock.fault("*", "expire-tokens")
    assert erp.on_hand("usmf", warehouse="12") is not None
    assert 401 in {call["status"] for call in mock.log()}


FAULTS: list[tuple[str, dict[str, object], type[Exception]]] = [
    ("status", {"status": 500}, UpstreamUnavailable),
    ("status", {"status": 429, "retry_after": "17"}, UpstreamUnavailable),
    ("status", {"status": 429}, UpstreamUnavailable),
    ("status", {"status": 403}, UpstreamRefused),
    ("status", {"status": 400}, UpstreamInvalid),
    ("hang", {}, UpstreamUnavailable),
    ("truncate", {}, UpstreamUnavailable),
    ("reset", {}, UpstreamUnavailable),
    ("html", {}, UpstreamUnavailable),
    ("login", {}, UpstreamRefused),
    ("encoding", {}, UpstreamInvalid),
    ("throttle-note", {}, UpstreamInvalid),
    ("looping-link", {}, UpstreamInvalid),
    ("data", {"field": "LineAmount", "set": "12.5"}, UpstreamInvalid),
    ("data", {"field": "LineAmount", "remove": True}, UpstreamInvalid),
    ("data", {"field": "SalesOrderNumber", "set": None, "rows": "first"}, UpstreamInvalid),
]


@pytest.mark.parametrize(("kind", "more", "error"), FAULTS)
def test_fault(
    *,
    kind: str,
    more: dict[str, object],
    error: type[Exception],
    order_number: str,
    mock: Mock,
    config: DynamicsConfig,
    read_through: ReadThrough,
    cache_file: Path,
    clock: Clock,
    reads: list[Read],
) -> None:
    """First an error; then, with data that was read before the fault, that data or the error."""
    lines = Dynamics(config, read_through, scope="host").order_lines("usmf", order_number)
    assert lines
    clock.advance(100)  # longer than lines are shown without waiting for newer ones
    short = ReadThrough(cache_file, limits=SHORT if kind == "hang" else PATIENT, clock=clock)
    erp = Dynamics(config, short, scope="host", log=reads.append)
    try:
        mock.fault("SalesOrderLines", kind, **more)
        if error is UpstreamRefused:
            with pytest.raises(error):
                erp.order_lines("usmf", order_number)
        else:
            assert erp.order_lines("usmf", order_number) == lines
            assert reads[-1].outcome == "stale"
            assert reads[-1].stale_because
        with pytest.raises(error) as caught:
            Dynamics(config, short, scope="other").order_lines("usmf", order_number)
        assert "Microsoft" not in str(caught.value)
        assert "html" not in str(caught.value)
    finally:
        short.close()


def test_retry_after_as_a_date_is_obeyed(mock: Mock, erp: Dynamics) -> None:
    mock.fault("SalesOrderLines", "status", status=429, retry_after="Wed, 21 Oct 2099 07:28:00 GMT")
    with pytest.raises(UpstreamUnavailable) as caught:
        erp.order_lines("usmf", "1")
    assert caught.value.retry_after == 300


@pytest.mark.parametrize(("kind", "more"), [("inserted-row", {}), ("data", {"duplicate": True})])
def test_rows_that_come_twice_are_shown_once(
    kind: str, more: dict[str, object], mock: Mock, erp: Dynamics
) -> None:
    mock.fault("WarehousesOnHandV2", kind, **more)
    stock = erp.on_hand("usmf")
    keys = [(row.item, row.variant, row.site, row.warehouse) for row in stock]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("value", [None, "Quarantined", "<script>alert(1)</script>"])
def test_unknown_status_is_said_to_be_unknown(
    value: str | None, order_number: str, mock: Mock, erp: Dynamics
) -> None:
    mock.fault("SalesOrderHeadersV2", "data", field="SalesOrderStatus", set=value)
    assert erp.order("usmf", order_number).status is OrderStatus.UNKNOWN


def test_throttled_price_feed(mock: Mock, market: Market, reads: list[Read], clock: Clock) -> None:
    history = market.price_histories(["COPPER"], "monthly")
    clock.advance(20_000)
    mock.fault("/query", "throttle-note", times=1)
    assert market.price_histories(["COPPER"], "monthly") == history
    assert reads[-1].stale_because == "the price feed asked us to slow down"


def test_rates_are_revalidated(mock: Mock, market: Market, reads: list[Read], clock: Clock) -> None:
    def ask() -> object:
        return market.exchange_rates("eur", ["usd"], start=date(2020, 1, 1), end=date(2020, 2, 1))

    first = ask()
    clock.advance(20_000)
    assert ask() == first
    assert reads[-1].outcome == "revalidated"
