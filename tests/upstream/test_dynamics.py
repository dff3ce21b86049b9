"""Dynamics over OData: what is asked, what is read from it, and what is refused."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.upstream.conftest import Clock
from tests.upstream.scripted import Call, Reply, Scripted, ok
from widgets.errors import BadParameter, NotFound, UpstreamInvalid, UpstreamUnavailable
from widgets.upstream import (
    Customer,
    Dynamics,
    DynamicsConfig,
    Erp,
    Invoice,
    Keep,
    OnHand,
    OrderLine,
    OrderStatus,
    Product,
    QualityOrder,
    QualityResult,
    QualityStatus,
    Read,
    ReadThrough,
    SalesOrder,
    storage_sqlite,
)
from widgets.upstream.reads import KEEP

STOCK = {
    "@odata.etag": 'W/"1"',
    "dataAreaId": "usmf",
    "ItemNumber": " M0001",
    "ProductName": "Mid-range speaker",
    "ProductColorId": "Black",
    "ProductConfigurationId": "",
    "ProductSizeId": "XL",
    "ProductStyleId": None,
    "ProductVersionId": "",
    "InventorySiteId": "1",
    "InventoryWarehouseId": "13",
    "OnHandQuantity": 110,
    "ReservedOnHandQuantity": 10.5,
    "AvailableOnHandQuantity": 99.5,
    "OrderedQuantity": 5,
    "OnOrderQuantity": 0,
    "TotalAvailableQuantity": 104.5,
    "AreaOfTomorrow": {"unknown": True},
}
ORDER = {
    "dataAreaId": "usmf",
    "SalesOrderNumber": "000002",
    "SalesOrderName": "Contoso Retail",
    "OrderingCustomerAccountNumber": "US-001",
    "CustomersOrderReference": "PO-1",
    "SalesOrderStatus": "Backorder",
    "CurrencyCode": "USD",
    "OrderCreationDateTime": "2026-07-20T09:30:15Z",
    "RequestedShippingDate": "2026-07-22T12:00:00Z",
    "ConfirmedShippingDate": "1900-01-01T12:00:00Z",
    "RequestedReceiptDate": "1900-01-01T00:00:00Z",
    "ConfirmedReceiptDate": None,
}
LINE = {
    "dataAreaId": "usmf",
    "InventoryLotId": "000056",
    "SalesOrderNumber": "000002",
    "LineNumber": 1,
    "ItemNumber": " RFI-TEST-002",
    "LineDescription": "",
    "OrderedSalesQuantity": 10,
    "SalesPrice": 150,
    "SalesUnitSymbol": "pcs",
    "LineAmount": 1500,
    "SalesOrderLineStatus": "Invoiced",
    "ShippingWarehouseId": "13",
}
INVOICE = {
    "dataAreaId": "usmf",
    "InvoiceNumber": "CIV-1",
    "SalesOrderNumber": "000002",
    "InvoiceDate": "2026-07-23T12:00:00Z",
}
PRODUCT = {
    "dataAreaId": "usmf",
    "ItemNumber": "A",
    "SearchName": "Speaker",
    "InventoryUnitSymbol": "pcs",
}
QUALITY_ORDER = {
    "dataAreaId": "usmf",
    "QualityOrderNumber": "Q1",
    "QualityOrderStatus": "Fail",
    "ItemNumber": "A",
    "ProductName": "Speaker",
    "ProductionOrderNumber": "P1",
    "ValidatedDateTime": "2026-07-20T09:30:15Z",
}
QUALITY_RESULT = {
    "dataAreaId": "usmf",
    "QualityOrderNumber": "Q1",
    "QualityOrderSequenceNumber": 10,
    "QualityTestId": "Weight",
    "ResultLineNumber": 1,
    "TestResult": "Fail",
}
CUSTOMER = {"dataAreaId": "usmf", "CustomerAccount": "US-001", "OrganizationName": "Contoso"}


def page(*rows: dict[str, Any], **more: Any) -> Reply:
    return ok({"@odata.context": "x", "value": list(rows)} | more)


def without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


@pytest.fixture
def config(server: Scripted) -> DynamicsConfig:
    return DynamicsConfig(f"{server.url}/", max_pages=3, max_rows=12)


@pytest.fixture
def erp(config: DynamicsConfig, read_through: ReadThrough, reads: list[Read]) -> Dynamics:
    return Dynamics(config, read_through, scope="host", log=reads.append, request_id="r-1")


def test_it_is_an_erp(erp: Dynamics) -> None:
    checked: Erp = erp
    assert checked is erp


def test_stock(server: Scripted, erp: Dynamics, reads: list[Read]) -> None:
    server.always(page(STOCK))
    assert erp.on_hand("usmf", site="1", warehouse="13", item=" M0001") == [
        OnHand(
            item=" M0001",
            name="Mid-range speaker",
            variant="Black, XL",
            site="1",
            warehouse="13",
            on_hand=Decimal(110),
            reserved=Decimal("10.5"),
            available=Decimal("99.5"),
            ordered=Decimal(5),
            on_order=Decimal(0),
            total_available=Decimal("104.5"),
        )
    ]
    (call,) = server.calls
    assert call.path == "/data/WarehousesOnHandV2"
    assert call.query["cross-company"] == "true"
    assert call.query["$filter"] == (
        "dataAreaId eq 'usmf' and InventorySiteId eq '1' and InventoryWarehouseId eq '13'"
        " and ItemNumber eq ' M0001'"
    )
    used = set(STOCK) - {"@odata.etag", "AreaOfTomorrow"}
    assert set(call.query["$select"].split(",")) == used
    assert call.headers["X-Request-ID"] == "r-1"
    assert [read.what for read in reads] == ["WarehousesOnHandV2"]


def test_every_read_names_its_company(server: Scripted, erp: Dynamics) -> None:
    server.always(page())
    erp.on_hand("usmf")
    erp.products("usmf", ["A"])
    erp.find_orders("usmf", customer="US-001")
    erp.order_lines("usmf", "1")
    erp.invoices("usmf", "1")
    server.always(ok(ORDER))
    erp.order("usmf", "000002")
    server.always(ok(CUSTOMER))
    erp.customer("usmf", "US-001")
    assert len(server.calls) == 7
    for call in server.calls:
        assert call.query["cross-company"] == "true"
        assert "dataAreaId eq 'usmf'" in call.query.get("$filter", "") or (
            "dataAreaId='usmf'" in call.path
        )
        assert call.query["$select"]


def test_order(server: Scripted, erp: Dynamics) -> None:
    server.always(ok(ORDER))
    assert erp.order("usmf", "000002") == SalesOrder(
        number="000002",
        name="Contoso Retail",
        customer="US-001",
        reference="PO-1",
        status=OrderStatus.OPEN,
        currency="USD",
        created=datetime(2026, 7, 20, 9, 30, 15, tzinfo=UTC),
        requested_shipping=date(2026, 7, 22),
        confirmed_shipping=None,
        requested_receipt=None,
        confirmed_receipt=None,
    )
    (call,) = server.calls
    assert call.path == "/data/SalesOrderHeadersV2(dataAreaId='usmf',SalesOrderNumber='000002')"


@pytest.mark.parametrize(
    "number", [" 1", "O'Brien", "a/b", "50%", "a#b", "a?b", "é漢", "..", "a&b=c"]
)
def test_hostile_keys_arrive_as_they_are(number: str, server: Scripted, erp: Dynamics) -> None:
    server.always(ok(ORDER))
    erp.order("usmf", number)
    doubled = number.replace("'", "''")
    assert server.calls[0].path == (
        f"/data/SalesOrderHeadersV2(dataAreaId='usmf',SalesOrderNumber='{doubled}')"
    )


@pytest.mark.parametrize("body", [b"", b'{"error":{"message":"An error has occurred."}}'])
def test_unknown_order(body: bytes, server: Scripted, erp: Dynamics) -> None:
    server.always(Reply(body, 404))
    with pytest.raises(NotFound, match="There is no order “7” in company usmf"):
        erp.order("usmf", "7")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"<html><h1>404 - File or directory not found.", 404, content_type="text/html"),
        Reply(b'{"Message":"No HTTP resource was found"}', 404),
        Reply(b"[404]", 404),
    ],
)
def test_an_address_that_is_no_erp_is_no_unknown_order(
    reply: Reply, server: Scripted, erp: Dynamics
) -> None:
    server.always(reply)
    with pytest.raises(UpstreamInvalid, match="The ERP is not where it should be"):
        erp.order("usmf", "7")


def test_unknown_customer(server: Scripted, erp: Dynamics) -> None:
    server.always(Reply(b"", 404))
    with pytest.raises(NotFound, match="There is no customer “US-9” in company usmf"):
        erp.customer("usmf", "US-9")


@pytest.mark.parametrize(
    "ask", [lambda erp: erp.order("usmf", "7"), lambda erp: erp.find_orders("usmf", reference="7")]
)
def test_unknown_entity_set_is_no_unknown_order(
    ask: Callable[[Erp], object], server: Scripted, erp: Dynamics
) -> None:
    text = "Resource not found for the segment 'SalesOrderHeadersV2'."
    server.always(Reply(f'{{"error":{{"message":"{text}"}}}}'.encode(), 404))
    with pytest.raises(UpstreamInvalid, match="The ERP has no entity set SalesOrderHeadersV2"):
        ask(erp)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Backorder", OrderStatus.OPEN),
        ("Delivered", OrderStatus.SHIPPED),
        ("Invoiced", OrderStatus.INVOICED),
        ("Canceled", OrderStatus.CANCELED),
        ("Quarantined", OrderStatus.UNKNOWN),
        ("", OrderStatus.UNKNOWN),
        (None, OrderStatus.UNKNOWN),
    ],
)
def test_status(word: str | None, status: OrderStatus, server: Scripted, erp: Dynamics) -> None:
    server.always(ok(ORDER | {"SalesOrderStatus": word}))
    assert erp.order("usmf", "1").status is status


def test_found_orders_match_exactly_and_come_newest_first(server: Scripted, erp: Dynamics) -> None:
    def order(number: str, **more: str) -> dict[str, Any]:
        return ORDER | {"SalesOrderNumber": number} | more

    server.always(
        page(
            order("1", OrderCreationDateTime="2026-01-01T10:00:00Z"),
            order("2", OrderCreationDateTime="1900-01-01T00:00:00Z"),
            order("3", OrderCreationDateTime="2026-01-01T12:00:00+01:00"),
            order("4", CustomersOrderReference="po-1"),
            order("5", OrderingCustomerAccountNumber="us-001"),
        )
    )
    found = erp.find_orders("usmf", reference="PO-1", customer="US-001")
    assert [order.number for order in found] == ["3", "1", "2"]
    assert server.calls[0].query["$filter"] == (
        "dataAreaId eq 'usmf' and CustomersOrderReference eq 'PO-1'"
        " and OrderingCustomerAccountNumber eq 'US-001'"
    )
    found = erp.find_orders("usmf", customer="US-001")
    assert [order.number for order in found] == ["4", "3", "1", "2"]


def test_finding_orders_by_nothing_is_refused(server: Scripted, erp: Dynamics) -> None:
    with pytest.raises(BadParameter):
        erp.find_orders("usmf")
    assert server.calls == []


def test_lines_by_number(server: Scripted, erp: Dynamics) -> None:
    server.always(page(LINE | {"LineNumber": 10, "InventoryLotId": "2"}, LINE))
    first, second = erp.order_lines("usmf", "000002")
    assert first == OrderLine(
        order="000002",
        number=Decimal(1),
        item=" RFI-TEST-002",
        description="",
        quantity=Decimal(10),
        unit="pcs",
        price=Decimal(150),
        amount=Decimal(1500),
        status=OrderStatus.INVOICED,
        warehouse="13",
    )
    assert second.number == 10


def test_invoices_oldest_first(server: Scripted, erp: Dynamics) -> None:
    server.always(
        page(
            INVOICE | {"InvoiceNumber": "3", "InvoiceDate": "1900-01-01T12:00:00Z"},
            INVOICE | {"InvoiceNumber": "2", "InvoiceDate": "2026-07-24T12:00:00Z"},
            INVOICE,
        )
    )
    assert erp.invoices("usmf", "000002") == [
        Invoice("CIV-1", "000002", date(2026, 7, 23)),
        Invoice("2", "000002", date(2026, 7, 24)),
        Invoice("3", "000002", None),
    ]


def test_quality_orders_since_a_day_and_those_that_are_open(
    server: Scripted, erp: Dynamics
) -> None:
    server.always(
        page(
            QUALITY_ORDER,
            QUALITY_ORDER
            | {
                "QualityOrderNumber": "Q2",
                "QualityOrderStatus": "Open",
                "ValidatedDateTime": "1900-01-01T00:00:00Z",
            },
            QUALITY_ORDER | {"QualityOrderNumber": "Q3", "QualityOrderStatus": "Odd"},
        )
    )
    found = erp.quality_orders("usmf", since=date(2026, 7, 1), item="A", production="P1")
    moment = datetime(2026, 7, 20, 9, 30, 15, tzinfo=UTC)
    assert found[0] == QualityOrder("Q1", QualityStatus.FAILED, "A", "Speaker", "P1", moment)
    assert [(order.status, order.validated) for order in found[1:]] == [
        (QualityStatus.OPEN, None),
        (QualityStatus.UNKNOWN, moment),
    ]
    (call,) = server.calls
    assert call.path == "/data/QualityOrderHeaders"
    assert call.query["$filter"] == (
        "dataAreaId eq 'usmf' and ItemNumber eq 'A' and ProductionOrderNumber eq 'P1' and "
        "(ValidatedDateTime ge 2026-07-01T00:00:00Z or ValidatedDateTime lt 1900-01-02T00:00:00Z)"
    )


def test_the_latest_validation_is_one_row(server: Scripted, erp: Dynamics) -> None:
    server.always(page(QUALITY_ORDER))
    assert erp.last_validated("usmf") == date(2026, 7, 20)
    (call,) = server.calls
    assert (call.query["$orderby"], call.query["$top"]) == ("ValidatedDateTime desc", "1")


@pytest.mark.parametrize("rows", [(), (QUALITY_ORDER | {"ValidatedDateTime": None},)])
def test_there_may_be_no_validation_yet(server: Scripted, erp: Dynamics, rows: Any) -> None:
    server.always(page(*rows))
    assert erp.last_validated("usmf") is None


def test_quality_results(server: Scripted, erp: Dynamics) -> None:
    server.always(
        page(QUALITY_RESULT, QUALITY_RESULT | {"ResultLineNumber": 2, "TestResult": "Pass"})
    )
    assert erp.quality_results("usmf", ["Q2", "Q1"]) == [
        QualityResult("Q1", "Weight", False),
        QualityResult("Q1", "Weight", True),
    ]
    (call,) = server.calls
    assert call.query["$filter"].endswith(
        "(QualityOrderNumber eq 'Q1' or QualityOrderNumber eq 'Q2')"
    )
    assert erp.quality_results("usmf", []) == []
    assert len(server.calls) == 1


def test_customer(server: Scripted, erp: Dynamics) -> None:
    server.always(ok(CUSTOMER))
    assert erp.customer("usmf", "US-001") == Customer("US-001", "Contoso")


def test_products_in_bounded_addresses(server: Scripted, erp: Dynamics) -> None:
    def answer(call: Call) -> Reply:
        items = re.findall(r"ItemNumber eq '([^']+)'", call.query["$filter"])
        return page(*(PRODUCT | {"ItemNumber": item} for item in items if item != "I-007"))

    server.answer = answer
    items = [f"I-{n:03}" for n in range(10)]
    erp_rows = erp.products("usmf", [*reversed(items), " A", "I-001"])
    assert erp_rows[" A"] == Product(" A", "Speaker", "pcs")
    assert list(erp_rows) == sorted({" A", *items} - {"I-007"})
    assert len(server.calls) == 1
    assert "(ItemNumber eq ' A' or ItemNumber eq 'I-000' or" in server.calls[0].query["$filter"]
    erp.products("usmf", {" A", *items})
    assert len(server.calls) == 1


def test_many_products_take_several_calls(
    server: Scripted, config: DynamicsConfig, read_through: ReadThrough
) -> None:
    def answer(call: Call) -> Reply:
        items = re.findall(r"ItemNumber eq '([^']+)'", call.query["$filter"])
        return page(*(PRODUCT | {"ItemNumber": item} for item in items))

    server.answer = answer
    items = [f"I-é-{n:03}" for n in range(200)]
    erp = Dynamics(DynamicsConfig(config.base_url), read_through, scope="host")
    assert list(erp.products("usmf", items)) == sorted(items)
    assert len(server.calls) > 1
    assert max(len(server.url + call.target) for call in server.calls) < 2000


def test_no_products_need_no_call(server: Scripted, erp: Dynamics) -> None:
    assert erp.products("usmf", []) == {}
    assert server.calls == []


def test_products_that_cannot_be_asked_for_are_left_out(server: Scripted, erp: Dynamics) -> None:
    server.always(page(PRODUCT))
    assert erp.products("usmf", ["A", "M*"]).keys() == {"A"}
    assert "*" not in server.calls[0].query["$filter"]


@pytest.mark.parametrize("value", ["M*", "*", "a\0b", "x" * 10_000])
def test_patterns_are_refused_before_anything_is_asked(
    value: str, server: Scripted, erp: Dynamics
) -> None:
    asks: list[tuple[str, Callable[[], object]]] = [
        ("company", lambda: erp.on_hand(value)),
        ("company", lambda: erp.order(value, "1")),
        ("site", lambda: erp.on_hand("usmf", site=value)),
        ("warehouse", lambda: erp.on_hand("usmf", warehouse=value)),
        ("item", lambda: erp.on_hand("usmf", item=value)),
        ("order", lambda: erp.order("usmf", value)),
        ("order", lambda: erp.order_lines("usmf", value)),
        ("order", lambda: erp.invoices("usmf", value)),
        ("reference", lambda: erp.find_orders("usmf", reference=value)),
        ("customer", lambda: erp.find_orders("usmf", customer=value)),
        ("customer", lambda: erp.customer("usmf", value)),
    ]
    for parameter, ask in asks:
        with pytest.raises(BadParameter) as caught:
            ask()
        assert caught.value.parameter == parameter
    assert server.calls == []


WRONG: list[tuple[str, object]] = [
    ("LineAmount", "1500"),
    ("LineAmount", True),
    ("LineAmount", None),
    ("LineAmount", {}),
    ("LineAmount", 10**80),
    ("LineNumber", "1"),
    ("SalesOrderNumber", None),
    ("SalesOrderNumber", 2),
    ("LineDescription", 3),
    ("InventoryLotId", None),
    ("SalesOrderLineStatus", 1),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_wrong_type_names_entity_set_and_field(
    field: str, value: object, server: Scripted, erp: Dynamics
) -> None:
    server.always(page(LINE, LINE | {field: value}))
    with pytest.raises(UpstreamInvalid) as caught:
        erp.order_lines("usmf", "000002")
    assert caught.value.message == (
        f"The ERP sent data that cannot be read (SalesOrderLines, field {field})."
    )
    assert "'value', 1" in caught.value.detail


@pytest.mark.parametrize(
    "number",
    [
        b"1e400",
        b"1e-400",
        b"-Infinity",
        b"0." + b"1" * 100,
        b"1e26",
        b"123456789012345678901234567890",
    ],
)
def test_unreasonable_numbers(number: bytes, server: Scripted, erp: Dynamics) -> None:
    body = page(LINE).body.replace(b'"LineAmount": 1500', b'"LineAmount": ' + number)
    assert number in body
    server.always(ok(body))
    with pytest.raises(UpstreamInvalid):
        erp.order_lines("usmf", "000002")


@pytest.mark.parametrize(
    "value",
    ["yesterday", 5, True, {}, "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-05:00"],
)
def test_wrong_date(value: object, server: Scripted, erp: Dynamics) -> None:
    server.always(ok(ORDER | {"RequestedShippingDate": value}))
    with pytest.raises(UpstreamInvalid, match="SalesOrderHeadersV2, field RequestedShippingDate"):
        erp.order("usmf", "1")


@pytest.mark.parametrize("field", sorted(set(LINE) - {"@odata.etag"}))
def test_missing_field(field: str, server: Scripted, erp: Dynamics) -> None:
    server.always(page(without(LINE, field)))
    with pytest.raises(UpstreamInvalid, match=f"SalesOrderLines, field {field}"):
        erp.order_lines("usmf", "000002")


@pytest.mark.parametrize("data", [[], {}, {"value": {}}, {"value": [7]}, "x", None, 7])
def test_wrong_shape(data: object, server: Scripted, erp: Dynamics) -> None:
    server.always(ok(data))
    with pytest.raises(UpstreamInvalid, match="SalesOrderLines"):
        erp.order_lines("usmf", "000002")


def test_row_of_another_company_is_never_shown(server: Scripted, erp: Dynamics) -> None:
    server.always(page(STOCK, STOCK | {"dataAreaId": "demf"}))
    with pytest.raises(UpstreamInvalid, match="field dataAreaId"):
        erp.on_hand("usmf")
    server.always(ok(ORDER | {"dataAreaId": "demf"}))
    with pytest.raises(UpstreamInvalid, match="field dataAreaId"):
        erp.order("usmf", "1")


def test_company_is_compared_without_case_as_dynamics_does(server: Scripted, erp: Dynamics) -> None:
    server.always(page(STOCK))
    assert len(erp.on_hand("USMF")) == 1


def next_link(server: Scripted, target: str) -> dict[str, str]:
    return {"@odata.nextLink": f"{server.url}/data/{target}"}


def lot(n: int) -> dict[str, Any]:
    return LINE | {"InventoryLotId": str(n), "LineNumber": n}


def test_pages_are_followed_and_duplicates_dropped(
    server: Scripted, erp: Dynamics, reads: list[Read]
) -> None:
    server.script(
        page(lot(1), lot(2), **next_link(server, "SalesOrderLines?$skiptoken=a%20b")),
        page(lot(2), lot(3), **{"@odata.nextLink": "SalesOrderLines?$skiptoken=c"}),
        page(lot(4)),
    )
    assert [line.number for line in erp.order_lines("usmf", "1")] == [1, 2, 3, 4]
    assert server.calls[1].target == "/data/SalesOrderLines?$skiptoken=a%20b"
    assert server.calls[2].target == "/data/SalesOrderLines?$skiptoken=c"
    assert len(reads) == 1


def test_pages_of_different_times_are_never_put_together(
    server: Scripted, config: DynamicsConfig, cache_file: Path, reads: list[Read]
) -> None:
    # A row that is new on the first page pushes another onto the second; an older second page lacks it.
    following = next_link(server, "SalesOrderLines?$skiptoken=a")
    server.script(
        page(lot(1), lot(2), **following),
        page(lot(3)),
        page(lot(0), lot(1), **following),
        page(lot(2), lot(3)),
    )
    config = replace(config, ttls={"lines": Keep(0, 3600)})
    for expected in ([1, 2, 3], [0, 1, 2, 3]):
        reader = ReadThrough(cache_file)
        erp = Dynamics(config, reader, scope="host", log=reads.append)
        assert [line.number for line in erp.order_lines("usmf", "1")] == expected
        reader.close()
    reader = ReadThrough(cache_file)  # out of the storage, as one
    config = replace(config, ttls={"lines": Keep(100, 3600)})
    erp = Dynamics(config, reader, scope="host", log=reads.append)
    assert [line.number for line in erp.order_lines("usmf", "1")] == [0, 1, 2, 3]
    assert (reads[-1].outcome, len(server.calls)) == ("hit", 4)
    reader.close()


def test_a_second_page_that_fails_keeps_what_was_there(
    server: Scripted, config: DynamicsConfig, read_through: ReadThrough, reads: list[Read]
) -> None:
    following = next_link(server, "SalesOrderLines?$skiptoken=a")
    server.script(
        page(lot(1), **following), page(lot(2)), page(lot(9), **following), Reply(status=500)
    )
    config = replace(config, ttls={"lines": Keep(0, 3600)})
    erp = Dynamics(config, read_through, scope="host", log=reads.append)
    for outcome in ("miss", "stale"):
        assert [line.number for line in erp.order_lines("usmf", "1")] == [1, 2]
        assert reads[-1].outcome == outcome


def test_looping_link(server: Scripted, erp: Dynamics) -> None:
    server.script(
        page(lot(1), **next_link(server, "SalesOrderLines?a")),
        page(lot(2), **next_link(server, "SalesOrderLines?a")),
    )
    with pytest.raises(UpstreamInvalid, match="nextLink") as caught:
        erp.order_lines("usmf", "1")
    assert "circle" in caught.value.detail
    assert len(server.calls) == 2


def test_link_that_leads_away_gets_no_token(server: Scripted, erp: Dynamics) -> None:
    for link in ("http://evil.example/data/X", f"{server.url}/_control/log", 7):
        server.always(page(lot(1), **{"@odata.nextLink": link}))
        with pytest.raises(UpstreamInvalid, match="nextLink"):
            erp.order_lines("usmf", str(link))


def test_too_many_pages(server: Scripted, erp: Dynamics) -> None:
    server.answer = lambda _: page(
        lot(len(server.calls)), **next_link(server, f"SalesOrderLines?{len(server.calls)}")
    )
    with pytest.raises(UpstreamInvalid, match="narrow the selection"):
        erp.order_lines("usmf", "1")
    assert len(server.calls) == 3


def test_too_many_rows(server: Scripted, erp: Dynamics) -> None:
    server.always(page(*map(lot, range(13))))
    with pytest.raises(UpstreamInvalid, match="narrow the selection"):
        erp.order_lines("usmf", "1")


def test_pages_that_take_too_long(server: Scripted, read_through: ReadThrough) -> None:
    erp = Dynamics(DynamicsConfig(server.url, max_seconds=0), read_through, scope="host")
    server.always(page(lot(1), **next_link(server, "SalesOrderLines?a")))
    with pytest.raises(UpstreamUnavailable, match="takes too long"):
        erp.order_lines("usmf", "1")
    server.always(page(lot(1)))
    assert len(erp.order_lines("usmf", "2")) == 1


def test_other_names_for_entity_sets_and_other_times(
    server: Scripted, read_through: ReadThrough, clock: Clock
) -> None:
    config = DynamicsConfig(
        server.url, entity_sets={"CustomersV3": "MyCustomers"}, ttls={"customers": Keep(5, 0)}
    )
    erp = Dynamics(config, read_through, scope="host")
    server.script(ok(CUSTOMER), Reply(status=500))
    erp.customer("usmf", "US-001")
    assert server.calls[0].path.startswith("/data/MyCustomers(")
    clock.advance(5)
    with pytest.raises(UpstreamUnavailable):
        erp.customer("usmf", "US-001")


def test_no_client_id_means_no_sign_in(server: Scripted, erp: Dynamics) -> None:
    server.always(ok(CUSTOMER))
    erp.customer("usmf", "US-001")
    assert "Authorization" not in server.calls[0].headers


@pytest.mark.parametrize(
    "url", ["", "erp.example", "ftp://erp.example", "http://", "https://u:pw@erp.example"]
)
def test_address_that_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="base_url") as caught:
        DynamicsConfig(url)
    assert "pw" not in str(caught.value)
    with pytest.raises(ValueError, match="token_url"):
        DynamicsConfig("https://erp.example", token_url=url, client_id="demo")


def test_two_companies_and_two_hosts_never_see_each_other(
    server: Scripted,
    config: DynamicsConfig,
    read_through: ReadThrough,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage_sqlite, "_BUSY", 20_000)

    # Trap 1: caller B got caller A's cached body. The upstream answers with who is asking.
    def answer(call: Call) -> Reply:
        company = re.findall(r"dataAreaId eq '(\w+)'", call.query["$filter"])[0]
        return page(STOCK | {"dataAreaId": company, "ProductName": f"seen in {company}"})

    server.answer = answer

    def read(n: int) -> tuple[str, str]:
        company = ("usmf", "demf")[n % 2]
        scope = ("a", "b", "c")[n % 3]
        (row,) = Dynamics(config, read_through, scope=scope).on_hand(company)
        return company, row.name

    with ThreadPoolExecutor(8) as pool:
        for company, name in pool.map(read, range(120)):
            assert name == f"seen in {company}"
    before = len(server.calls)
    for n in range(6):
        read(n)
    assert len(server.calls) == before
    assert before >= 6
    assert read_through.storage_errors == 0


def test_every_kind_of_read_has_its_times() -> None:
    assert KEEP["on_hand"] == Keep(15, 3600)
    assert all(keep.ttl < keep.stale_for for keep in KEEP.values())
