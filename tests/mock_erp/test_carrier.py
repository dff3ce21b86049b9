"""Parcels of the shipped orders, as plain JSON."""

from datetime import datetime

import pytest
from werkzeug.test import TestResponse

from .conftest import START, Erp


def orders(erp: Erp, status: str) -> list[str]:
    return [
        row["SalesOrderNumber"]
        for row in erp.rows("SalesOrderHeadersV2")
        if (row["dataAreaId"], row["SalesOrderStatus"]) == ("usmf", status)
    ]


def test_each_shipped_line_is_a_parcel(shared_erp: Erp) -> None:
    for order in orders(shared_erp, "Invoiced")[-20:]:
        lines = [
            line
            for line in shared_erp.rows("SalesOrderLines", filter=f"SalesOrderNumber eq '{order}'")
            if line["dataAreaId"] == "usmf" and line["SalesOrderLineStatus"] == "Invoiced"
        ]
        found = shared_erp.client.get(f"/carrier/parcels?order={order}").get_json()
        assert [each["contents"] for each in found] == [line["LineDescription"] for line in lines]
        for parcel in found:
            assert parcel["order"] == order
            assert parcel["status"] in ("handed over", "on its way", "delivered")
            assert datetime.fromisoformat(parcel["updated"]) <= START
            alone = shared_erp.client.get(f"/carrier/parcels/{parcel['number']}")
            assert alone.get_json() == parcel


def test_a_customers_parcels_are_those_of_all_orders_last_first(shared_erp: Erp) -> None:
    found = shared_erp.client.get("/carrier/parcels?customer=US-030").get_json()
    one = shared_erp.client.get(f"/carrier/parcels?customer=US-030&order={found[0]['order']}")
    few = shared_erp.client.get("/carrier/parcels?customer=US-030&limit=2")
    owners = {
        row["SalesOrderNumber"]: row["OrderingCustomerAccountNumber"]
        for row in shared_erp.rows("SalesOrderHeadersV2")
        if row["dataAreaId"] == "usmf"
    }
    assert len({parcel["order"] for parcel in found}) > 1
    assert {owners[parcel["order"]] for parcel in found} == {"US-030"}
    assert one.get_json() == [each for each in found if each["order"] == found[0]["order"]]
    assert few.get_json() == found[:2]


def test_what_has_not_left_is_no_parcel(shared_erp: Erp) -> None:
    canceled = orders(shared_erp, "Canceled")[0]
    assert shared_erp.client.get(f"/carrier/parcels?order={canceled}").get_json() == []
    assert shared_erp.client.get("/carrier/parcels?order=nobody").get_json() == []


@pytest.mark.parametrize(
    ("path", "status"), [("", 400), ("?order=", 400), ("/PX1-1", 404), ("/x", 404)]
)
def test_what_is_not_there_is_json_too(shared_erp: Erp, path: str, status: int) -> None:
    answer = shared_erp.client.get(f"/carrier/parcels{path}")
    assert answer.status_code == status
    assert answer.get_json()["message"]


def test_a_parcel_moves_with_the_clock_until_it_is_there(erp: Erp) -> None:
    def parcels(order: str) -> TestResponse:
        return erp.client.get(f"/carrier/parcels?order={order}")

    order, first = next(
        (order, answer)
        for order in orders(erp, "Delivered")
        for answer in [parcels(order)]
        if any(each["status"] != "delivered" for each in answer.get_json())
    )
    again = {"If-None-Match": first.headers["ETag"]}
    assert erp.client.get(f"/carrier/parcels?order={order}", headers=again).status_code == 304
    erp.advance(days=20)
    later = erp.client.get(f"/carrier/parcels?order={order}", headers=again)
    assert later.status_code == 200
    assert {parcel["status"] for parcel in later.get_json()} == {"delivered"}


def test_faults_reach_it(erp: Erp) -> None:
    erp.fault("status", "/carrier", status=503)
    assert erp.client.get("/carrier/parcels?order=1").status_code == 503
