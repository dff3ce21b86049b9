"""The company as time goes by: orders, stock, production and quality; the same story for a seed."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

from mock_erp.model import ENTITY_SETS
from mock_erp.world.quality import BAD_ITEMS, BAD_PERIOD_DAYS

from .conftest import START, Erp, make_erp


def test_orders_are_created_shipped_and_invoiced_and_never_go_back(erp: Erp) -> None:
    rank = {"Backorder": 0, "Delivered": 1, "Invoiced": 2, "Canceled": 3}
    seen: dict[Any, list[str]] = defaultdict(list)
    for _ in range(50):
        for line in erp.rows(
            "SalesOrderLines", select="dataAreaId,InventoryLotId,SalesOrderLineStatus"
        ):
            path = seen[line["dataAreaId"], line["InventoryLotId"]]
            status = line["SalesOrderLineStatus"]
            if not path or path[-1] != status:
                path.append(status)
        erp.advance(hours=12)
    paths = Counter(tuple(path) for path in seen.values())
    assert paths["Backorder", "Delivered", "Invoiced"] > 50
    for statuses in paths:
        assert list(statuses) == sorted(statuses, key=rank.__getitem__)
        assert not {"Delivered", "Canceled"} <= set(statuses)


def test_stock_falls_as_orders_ship_and_is_replenished(erp: Erp) -> None:
    key = ("dataAreaId", "ItemNumber", "ProductColorId", "ProductSizeId", "InventoryWarehouseId")
    before: dict[Any, float] = {}
    falls = rises = 0
    for _ in range(15):
        for row in erp.rows("WarehousesOnHandV2"):
            name = tuple(row[part] for part in key)
            change = row["OnHandQuantity"] - before.get(name, row["OnHandQuantity"])
            falls += change < 0
            rises += change > 0
            before[name] = row["OnHandQuantity"]
        erp.advance(days=1)
    assert falls > 100
    assert rises > 30


def test_new_orders_keep_coming_on_workdays(erp: Erp) -> None:
    before = {row["SalesOrderNumber"] for row in erp.rows("SalesOrderHeadersV2")}
    erp.advance(days=14)
    new = [row for row in erp.rows("SalesOrderHeadersV2") if row["SalesOrderNumber"] not in before]
    assert len(new) > 50
    created = [datetime.fromisoformat(row["OrderCreationDateTime"]) for row in new]
    assert all(START < instant <= START + timedelta(days=14) for instant in created)
    assert all(instant.weekday() < 5 for instant in created)


# Production and quality


def test_production_orders_tell_a_consistent_story(shared_erp: Erp) -> None:
    orders = shared_erp.rows("ProductionOrderHeaders")
    assert len(orders) > 100
    statuses = {row["ProductionOrderStatus"] for row in orders}
    assert {"Scheduled", "Released", "StartedUp", "Completed"} <= statuses
    unset = "1900-01-01T12:00:00Z"
    sales = {row["SalesOrderNumber"] for row in shared_erp.rows("SalesOrderHeadersV2")}
    for row in orders:
        started = row["ProductionOrderStatus"] in ("StartedUp", "ReportedFinished", "Completed")
        ended = row["ProductionOrderStatus"] in ("ReportedFinished", "Completed")
        assert (row["StartedDate"] != unset) == started
        assert (row["EndedDate"] != unset) == ended
        assert row["StartedQuantity"] == (row["ScheduledQuantity"] if started else 0)
        in_progress = started and not ended
        assert (row["RemainingReportAsFinishedQuantity"] > 0) == in_progress
        assert row["ScheduledStartDate"] < row["ScheduledEndDate"]
        assert row["DemandSalesOrderNumber"] in sales | {""}


def test_quality_orders_refer_to_production_and_their_results_add_up(shared_erp: Erp) -> None:
    production = {
        row["ProductionOrderNumber"]: row for row in shared_erp.rows("ProductionOrderHeaders")
    }
    results = defaultdict(list)
    for result in shared_erp.rows("QualityOrderLineResults"):
        results[result["QualityOrderNumber"]].append(result)
    orders = shared_erp.rows("QualityOrderHeaders")
    assert results.keys() <= {row["QualityOrderNumber"] for row in orders}
    for row in orders:
        made = production[row["ProductionOrderNumber"]]
        assert row["ItemNumber"] == made["ItemNumber"]
        assert row["dataAreaId"] == made["dataAreaId"]
        found = results[row["QualityOrderNumber"]]
        if row["QualityOrderStatus"] == "Open":
            assert not found
            assert row["ValidatedDateTime"] == "1900-01-01T12:00:00Z"
        else:
            assert len(found) >= 2
            passed = all(result["TestResult"] == "Pass" for result in found)
            assert row["QualityOrderStatus"] == ("Pass" if passed else "Fail")


def test_most_quality_orders_pass_but_for_a_bad_period_and_two_items(erp: Erp) -> None:
    erp.advance(days=60)
    first, last = BAD_PERIOD_DAYS
    period = tuple(f"{START - timedelta(days=days):%Y-%m-%d}" for days in (first, last))
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    for row in erp.rows("QualityOrderHeaders"):
        if row["QualityOrderStatus"] == "Open":
            continue
        in_period = period[0] <= row["ValidatedDateTime"] < period[1]
        group = "item" if row["ItemNumber"] in BAD_ITEMS else "period" if in_period else "usual"
        outcomes[group][row["QualityOrderStatus"]] += 1
        outcomes["all"][row["QualityOrderStatus"]] += 1
    rate = {group: found["Pass"] / found.total() for group, found in outcomes.items()}
    assert 0.9 <= rate["all"] <= 0.96
    assert rate["usual"] > 0.94
    assert rate["period"] < 0.8
    assert rate["item"] < 0.75


# Determinism


def test_how_often_it_is_asked_changes_nothing() -> None:
    often, once = make_erp(), make_erp()
    for _ in range(20):
        often.advance(hours=6)
        often.rows("SalesOrderLines", top=1)
    once.advance(days=5)
    for name in ENTITY_SETS:
        assert often.rows(name) == once.rows(name), name


def test_setting_the_clock_back_tells_the_same_story_again(erp: Erp) -> None:
    before = {name: erp.rows(name) for name in ENTITY_SETS}
    erp.advance(days=20)
    assert erp.rows("SalesOrderLines") != before["SalesOrderLines"]
    erp.control("clock", set=START.isoformat())
    assert {name: erp.rows(name) for name in ENTITY_SETS} == before


def test_another_seed_is_another_company(shared_erp: Erp) -> None:
    other = make_erp(seed=77)
    for name in ("WarehousesOnHandV2", "SalesOrderLines", "CustomersV3"):
        assert other.rows(name) != shared_erp.rows(name)
