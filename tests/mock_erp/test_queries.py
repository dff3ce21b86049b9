"""Reading sets and entities: options, filters, company scope, paging, keys and errors."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_erp.model import ENTITY_SETS
from mock_erp.odata.filters import compile_filter

from .conftest import Erp, error_message

STATUS = "Microsoft.Dynamics.DataEntities.SalesStatus"


# Company


def test_only_the_default_company_unless_cross_company_is_asked_for(shared_erp: Erp) -> None:
    answer = shared_erp.get("/data/CustomersV3")
    assert {row["dataAreaId"] for row in answer.json["value"]} == {"usmf"}  # type: ignore[index]
    assert {row["dataAreaId"] for row in shared_erp.rows("CustomersV3")} == {"usmf", "demf"}
    # Forgetting cross-company loses rows silently.
    lost = shared_erp.get("/data/CustomersV3", filter="dataAreaId eq 'demf'")
    assert lost.json["value"] == []  # type: ignore[index]
    german = shared_erp.rows("CustomersV3", filter="dataAreaId eq 'demf'")
    assert {row["dataAreaId"] for row in german} == {"demf"}


def test_company_scope_goes_for_keys_and_counts_too(shared_erp: Erp) -> None:
    path = "/data/CustomersV3(dataAreaId='demf',CustomerAccount='DE-001')"
    assert shared_erp.get(path).status_code == 404
    answer = shared_erp.client.get(f"{path}?cross-company=true", headers=shared_erp.headers)
    assert answer.status_code == 200
    mine = int(shared_erp.get("/data/CustomersV3/$count").text)
    everyones = shared_erp.client.get(
        "/data/CustomersV3/$count?cross-company=true", headers=shared_erp.headers
    )
    assert 0 < mine < int(everyones.text)


def test_sets_that_belong_to_no_company_are_never_narrowed(shared_erp: Erp) -> None:
    alone = shared_erp.get("/data/ExchangeRates").json
    assert alone is not None
    assert alone["value"] == shared_erp.rows("ExchangeRates")


# Filters


@pytest.mark.parametrize(
    ("filter_text", "wanted"),
    [
        ("InventoryUnitSymbol eq 'kg'", lambda row: row["InventoryUnitSymbol"] == "kg"),
        ("InventoryUnitSymbol ne 'kg'", lambda row: row["InventoryUnitSymbol"] != "kg"),
        ("SalesPrice gt 100", lambda row: row["SalesPrice"] > 100),
        ("SalesPrice ge 12.0", lambda row: row["SalesPrice"] >= 12),
        ("SalesPrice lt 100.5", lambda row: row["SalesPrice"] < 100.5),
        ("SalesPrice le 12", lambda row: row["SalesPrice"] <= 12),
        ("SalesPrice gt -1", lambda row: row["SalesPrice"] > -1),
        (
            "SalesPrice gt UnitCost mul 2 and not (InventoryUnitSymbol eq 'm' or ItemNumber lt 'C')",
            lambda row: (
                row["SalesPrice"] > row["UnitCost"] * 2
                and not (row["InventoryUnitSymbol"] == "m" or row["ItemNumber"] < "C")
            ),
        ),
        ("ItemNumber eq ' RFI-TEST-002'", lambda row: row["ItemNumber"] == " RFI-TEST-002"),
        ("SearchName eq '*speaker*'", lambda row: "speaker" in row["SearchName"]),
        ("SearchName ne '*speaker*'", lambda row: "speaker" not in row["SearchName"]),
        ("SearchName eq 'Oak*'", lambda row: row["SearchName"].startswith("Oak")),
        ("SearchName eq '*kit'", lambda row: row["SearchName"].endswith("kit")),
        ("SearchName eq 'Collector''s*'", lambda row: row["SearchName"].startswith("Collector's")),
        ("SearchName eq '*Außen*'", lambda row: "Außen" in row["SearchName"]),
        (
            "ProductType eq Microsoft.Dynamics.DataEntities.EcoResProductType'Item'",
            lambda row: row["ProductType"] == "Item",
        ),
        (" ItemNumber eq 'T/45-A' ", lambda row: row["ItemNumber"] == "T/45-A"),
        ("ItemNumber ne null", lambda row: row["ItemNumber"]),
    ],
)
def test_filters_pick_the_rows_they_say(shared_erp: Erp, filter_text: str, wanted: Any) -> None:
    everything = shared_erp.rows("ReleasedProductsV2")
    found = shared_erp.rows("ReleasedProductsV2", filter=filter_text)
    assert found == [row for row in everything if wanted(row)]
    assert found


def test_filters_on_enums_and_instants(shared_erp: Erp) -> None:
    filter_text = (
        f"SalesOrderStatus ne {STATUS}'Invoiced' and SalesOrderStatus ne {STATUS}'Canceled'"
        " and OrderCreationDateTime ge 2026-01-12T00:00:00Z and RequestedShippingDate gt 2026-01-20"
    )
    found = shared_erp.rows("SalesOrderHeadersV2", filter=filter_text)
    everything = shared_erp.rows("SalesOrderHeadersV2")
    assert found == [
        row
        for row in everything
        if row["SalesOrderStatus"] not in ("Invoiced", "Canceled")
        and row["OrderCreationDateTime"] >= "2026-01-12"
        and row["RequestedShippingDate"] > "2026-01-20T00"
    ]
    assert 0 < len(found) < len(everything)


@given(st.text().filter(lambda text: "*" not in text))
def test_any_text_in_quotes_means_itself(text: str) -> None:
    literal = text.replace("'", "''")
    fits = compile_filter(f"ItemNumber eq '{literal}'", ENTITY_SETS["ReleasedProductsV2"])
    assert fits({"ItemNumber": text})
    assert not fits({"ItemNumber": text + "x"})


@given(st.text(), st.text(), st.text())
def test_a_star_stands_for_any_text(before: str, between: str, after: str) -> None:
    literal = f"{before}*{after}".replace("'", "''")
    fits = compile_filter(f"ItemNumber eq '{literal}'", ENTITY_SETS["ReleasedProductsV2"])
    assert fits({"ItemNumber": before + between + after})


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("a.*", "abc"), ("a*", "ba"), ("*a", "ab"), ("a*b*c", "acb"), ("A*", "ab")],
)
def test_nothing_but_the_star_is_special(pattern: str, text: str) -> None:
    fits = compile_filter(f"ItemNumber eq '{pattern}'", ENTITY_SETS["ReleasedProductsV2"])
    assert not fits({"ItemNumber": text})


@pytest.mark.parametrize(
    ("filter_text", "reason"),
    [
        ("Colour eq 'x'", "Could not find a property named 'Colour'"),
        ("salesorderstatus eq 'x'", "Could not find a property named 'salesorderstatus'"),
        ("SalesOrderNumber in ('1','2')", "'in' is not supported"),
        ("SalesOrderStatus has Microsoft.Dynamics.DataEntities.SalesStatus'Backorder'", "Syntax"),
        ("contains(SalesOrderNumber,'1')", "must evaluate to a single boolean"),
        ("length(SalesOrderNumber) eq 6", "unknown function"),
        ("SalesOrderNumber eq 1", "incompatible types"),
        ("OrderTotalAmount eq '1'", "incompatible types"),
        ("SalesOrderStatus eq 'Backorder'", "incompatible types"),
        ("SalesOrderStatus eq Microsoft.Dynamics.DataEntities.NoYes'Yes'", "incompatible types"),
        (f"SalesOrderStatus gt {STATUS}'Backorder'", "GreaterThan"),
        (f"SalesOrderStatus eq {STATUS}'Lost'", "not a valid enumeration"),
        (f"SalesOrderStatus eq {STATUS}('Backorder')", "unknown function"),
        ("SalesOrderStatus eq Microsoft.Dynamics.DataEntities.Nothing'x'", "not an enum type"),
        ("SalesOrderStatus eq Other.Enum('x')", "unknown function"),
        ("RequestedShippingDate eq 'x'", "incompatible types"),
        ("RequestedShippingDate eq 2026-02-30", "not a date"),
        ("OrderTotalAmount eq 1 mod 2", "not supported"),
        ("OrderTotalAmount eq 1 div 0", "divide by zero"),
        ("OrderTotalAmount gt duration'P1D'", "not supported"),
        ("SalesOrderNumber", "must evaluate to a single boolean"),
        ("SalesOrderNumber eq", "Syntax"),
        ("", "Syntax"),
        ("'", "Syntax"),
        (" or ".join(["SalesOrderNumber eq '1'"] * 2000), "node count"),
    ],
)
def test_filters_that_dynamics_does_not_take(
    shared_erp: Erp, filter_text: str, reason: str
) -> None:
    answer = shared_erp.get("/data/SalesOrderHeadersV2", filter=filter_text)
    assert reason in error_message(answer, 400)


# Other options


def test_select_returns_those_fields_and_the_etag(shared_erp: Erp) -> None:
    (row,) = shared_erp.rows("CustomersV3", select="OrganizationName, CustomerAccount", top=1)
    assert set(row) == {"@odata.etag", "OrganizationName", "CustomerAccount"}
    (whole,) = shared_erp.rows("CustomersV3", top=1)
    assert whole["@odata.etag"] == row["@odata.etag"]
    answer = shared_erp.get("/data/CustomersV3", select="CustomerAccount")
    assert answer.json["@odata.context"].endswith("$metadata#CustomersV3(CustomerAccount)")  # type: ignore[index]


def test_orderby_sorts_by_several_properties(shared_erp: Erp) -> None:
    rows = shared_erp.rows(
        "CustomersV3", orderby="CustomerGroupId desc, CreditLimit, PartyNumber asc"
    )
    expected = sorted(rows, key=lambda row: (row["CreditLimit"], row["PartyNumber"]))
    assert rows == sorted(expected, key=lambda row: row["CustomerGroupId"], reverse=True)
    plain = shared_erp.rows("CustomersV3")
    assert plain == sorted(plain, key=lambda row: (row["dataAreaId"], row["CustomerAccount"]))


def test_top_skip_and_count(shared_erp: Erp) -> None:
    everything = shared_erp.rows("CustomersV3")
    assert shared_erp.rows("CustomersV3", top=3, skip=2) == everything[2:5]
    assert shared_erp.rows("CustomersV3", top=0) == []
    assert shared_erp.rows("CustomersV3", skip=10_000) == []
    answer = shared_erp.get("/data/CustomersV3", count="true", top=1)
    assert answer.json["@odata.count"] == int(shared_erp.get("/data/CustomersV3/$count").text)  # type: ignore[index]
    assert "@odata.count" not in shared_erp.get("/data/CustomersV3", count="false").json  # type: ignore[operator]
    filtered = shared_erp.get("/data/CustomersV3/$count", filter="CustomerAccount eq 'US-002'")
    assert filtered.text == "1"
    assert filtered.mimetype == "text/plain"


def test_expand_puts_the_lines_into_their_order(shared_erp: Erp) -> None:
    (order,) = shared_erp.rows(
        "SalesOrderHeadersV2",
        filter="dataAreaId eq 'demf' and SalesOrderNumber eq '001003'",
        expand="SalesOrderLines",
    )
    lines = shared_erp.rows(
        "SalesOrderLines", filter="dataAreaId eq 'demf' and SalesOrderNumber eq '001003'"
    )
    assert order["SalesOrderLines"] == lines
    assert lines
    single = shared_erp.client.get(
        "/data/SalesOrderHeadersV2(dataAreaId='demf',SalesOrderNumber='001003')"
        "?cross-company=true&$expand=SalesOrderLines",
        headers=shared_erp.headers,
    )
    assert single.json["SalesOrderLines"] == lines  # type: ignore[index]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("$filters=x", "'$filters' is not supported"),
        ("$search=x", "'$search' is not supported"),
        ("$apply=aggregate(CreditLimit)", "'$apply' is not supported"),
        ("$format=json", "'$format' is not supported"),
        ("$select=Nothing", "Could not find a property named 'Nothing'"),
        ("$select=", "Could not find a property named ''"),
        ("$orderby=Nothing", "Could not find a property named 'Nothing'"),
        ("$orderby=CreditLimit down", "neither 'asc' nor 'desc'"),
        ("$expand=Nothing", "Could not find a property named 'Nothing'"),
        ("$expand=SalesOrderLines($select=x)", "first level only"),
        ("$top=-1", "non-negative integer"),
        ("$top=ten", "non-negative integer"),
        ("$top=٣", "non-negative integer"),
        ("$skip=1.5", "non-negative integer"),
        ("$count=yes", "'true' or 'false'"),
        ("cross-company=1", "'true' or 'false'"),
        ("$top=1&$top=2", "more than once"),
        ("$skiptoken=nonsense", "not one that this service gave"),
        ("$skiptoken=bnVsbA", "not one that this service gave"),
        ("$skiptoken=eyJzZXJ2ZWQiOi0xfQ", "not one that this service gave"),
    ],
)
def test_options_that_are_wrong(shared_erp: Erp, query: str, reason: str) -> None:
    answer = shared_erp.client.get(f"/data/CustomersV3?{query}", headers=shared_erp.headers)
    assert reason in error_message(answer, 400)


def test_options_that_make_no_sense_for_an_entity_or_a_count(shared_erp: Erp) -> None:
    entity = "/data/CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')"
    assert "'$top' is not supported" in error_message(shared_erp.get(entity, top=1), 400)
    count = shared_erp.get("/data/CustomersV3/$count", top=1)
    assert "'$top' is not supported" in error_message(count, 400)
