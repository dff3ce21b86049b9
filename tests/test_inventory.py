"""What the inventory widget makes of stock."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.stand_ins import StandInErp, on_hand
from widgets.errors import NotFound
from widgets.inventory import Params, inventory


def view(erp: StandInErp, **query: object):
    return inventory(Params.model_validate({"company": "usmf", **query}), erp)


STOCK = [
    on_hand("plenty", there=100, on_order=10),
    on_hand("short", there=50, reserved=20, on_order=40),
    on_hand("none free", there=5, reserved=5, on_order=3),
    on_hand("idle", there=7),
]
ERP = StandInErp(STOCK, units={row.item: "pcs" for row in STOCK})


def test_lowest_cover_comes_first_and_what_nobody_orders_last():
    rows = view(ERP).rows
    assert [row.item for row in rows] == ["none free", "short", "plenty", "idle"]
    assert [row.cover for row in rows] == [0, Decimal("0.75"), 10, None]
    assert [row.level for row in rows] == ["short", "short", "ok", "ok"]


def test_what_is_out_of_stock_though_nobody_waits_comes_after_what_is_short():
    erp = StandInErp([*STOCK, on_hand("gone", there=0)])
    shown = view(erp)
    assert [row.item for row in shown.rows] == ["none free", "short", "gone", "plenty", "idle"]
    assert (shown.short, shown.out) == (2, 1)


def test_of_two_that_have_nothing_the_one_that_more_wait_for_comes_first():
    erp = StandInErp([on_hand("few", there=0, on_order=2), on_hand("many", there=0, on_order=9)])
    assert [row.item for row in view(erp).rows] == ["many", "few"]


def test_the_counts_are_of_all_items_and_not_of_those_shown():
    shown = view(ERP, rows=1)
    assert (shown.total, shown.short, shown.out, len(shown.rows)) == (4, 2, 0, 1)


def test_exactly_enough_is_not_short():
    assert view(StandInErp([on_hand("even", there=10, on_order=10)])).rows[0].level == "ok"


def test_an_item_is_summed_over_warehouses_and_variants():
    erp = StandInErp(
        [
            on_hand("A", there=10, reserved=1, on_order=2, warehouse="11"),
            on_hand("A", there=5, reserved=2, on_order=4, warehouse="12"),
        ]
    )
    row = view(erp).rows[0]
    assert (row.on_hand, row.reserved, row.available, row.on_order) == (15, 3, 12, 6)


def test_one_item_is_listed_by_warehouse():
    erp = StandInErp(
        [on_hand("A", there=9, warehouse="11"), on_hand("A", there=1, on_order=2, warehouse="12")],
        units={"A": "pcs"},
    )
    assert [row.where for row in view(erp, item="A").rows] == ["1 / 12", "1 / 11"]


def test_one_item_is_looked_for_everywhere():
    erp = StandInErp([on_hand("A", there=9, warehouse="11")], units={"A": "pcs"})
    assert len(view(erp, item="A", site="2", warehouse="21", search="x").rows) == 1


def test_what_is_short_never_reads_as_enough():
    erp = StandInErp([on_hand("A", there=1999, on_order=2000), on_hand("B", there=4, on_order=3)])
    assert [str(row.cover_shown) for row in view(erp).rows] == ["0.99", "1.3"]


@pytest.mark.parametrize("words", ["*one f*", "NONE", "none fr", "free none", "The none"])
def test_the_search_looks_at_number_and_name(words):
    assert [row.item for row in view(ERP, search=words).rows] == ["none free"]


def test_a_search_without_a_match_says_so():
    empty = view(ERP, search="<b>").empty
    assert empty is not None
    assert "“<b>”" in empty.title


def test_the_unit_is_said_once_where_it_is_the_same():
    assert view(ERP).unit == "pcs"


def test_different_units_are_said_row_by_row():
    erp = StandInErp([on_hand("A", there=1), on_hand("B", there=2)], units={"A": "pcs", "B": "kg"})
    shown = view(erp)
    assert shown.unit == ""
    assert {row.item: row.unit for row in shown.rows} == {"A": "pcs", "B": "kg"}


def test_an_unknown_item_is_not_found_but_a_known_one_without_stock_is_empty():
    erp = StandInErp([], units={"A": "pcs"})
    with pytest.raises(NotFound, match="There is no item “B”"):
        view(erp, item="B")
    empty = view(erp, item="A").empty
    assert empty is not None
    assert empty.title == "No stock of A is kept at any site"


def test_a_place_without_stock_is_named():
    empty = view(StandInErp(), site="9", warehouse="91").empty
    assert empty is not None
    assert empty.title == "No stock is kept at site 9 and warehouse 91 of company usmf"
    everywhere = view(StandInErp()).empty
    assert everywhere is not None
    assert "any site" in everywhere.title


def test_the_chart_shows_the_rows_of_the_table():
    shown = view(ERP)
    on_hand_bars, available_bars = shown.chart.series
    assert on_hand_bars.values == tuple(float(row.on_hand) for row in shown.rows)
    assert available_bars.values == tuple(float(row.available) for row in shown.rows)


def test_bars_of_different_units_are_shares():
    erp = StandInErp(
        [on_hand("A", there=200, reserved=50, on_order=1), on_hand("B", there=0, on_order=1)],
        units={"A": "kg", "B": "pcs"},
    )
    chart = view(erp).chart
    assert chart.unit == "%"
    assert dict(
        zip(chart.categories, zip(*(s.values for s in chart.series), strict=True), strict=True)
    ) == {
        "A": (100, 75),
        "B": (0, 0),
    }


def test_figures_have_the_decimal_places_that_their_unit_needs():
    kilos = on_hand("resin", there=1, on_order=2)
    kilos = replace(kilos, on_hand=Decimal("25.5"))
    erp = StandInErp([kilos, on_hand("A", there=1)], units={"resin": "kg", "A": "pcs"})
    assert {row.item: row.places for row in view(erp).rows} == {"resin": 1, "A": 0}
