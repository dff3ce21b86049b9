"""What the quality widget makes of quality orders and their results. Wednesday, 18 November 2026 is the
latest validation."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from tests.stand_ins import StandInErp
from widgets.errors import NotFound
from widgets.quality import Params, quality
from widgets.upstream.records import QualityOrder, QualityResult, QualityStatus

PASSED, FAILED = QualityStatus.PASSED, QualityStatus.FAILED


def order(
    number: int,
    status: QualityStatus,
    day: tuple[int, int] | None,
    item: str = "A",
    production: str = "P1",
) -> QualityOrder:
    moment = datetime(2026, *day, 14, 30, tzinfo=UTC) if day else None
    return QualityOrder(f"Q{number}", status, item, f"The {item}", production, moment)


ORDERS = [
    order(1, PASSED, (11, 18)),
    order(2, FAILED, (11, 18), "B", "P2"),
    order(3, PASSED, (11, 16), "B", "P2"),
    order(4, PASSED, (11, 15)),
    order(5, FAILED, (11, 15), "B", "P3"),
    order(6, FAILED, (10, 20), "A", "P4"),
    order(7, FAILED, (10, 19), "A", "P4"),
    order(8, QualityStatus.OPEN, None),
    order(9, QualityStatus.UNKNOWN, (11, 17)),
]
RESULTS = [
    QualityResult("Q1", "Weight", True),
    QualityResult("Q2", "Weight", False),
    QualityResult("Q2", "Visual", False),
    QualityResult("Q5", "Visual", False),
    QualityResult("Q6", "Impedance", False),
    QualityResult("Q6", "Visual", True),
    QualityResult("Q7", "Noise", False),
]
ERP = StandInErp(quality=ORDERS, results=RESULTS, units={"A": "pcs", "C": "pcs"})


def view(erp: StandInErp = ERP, **query: object):
    return quality(Params.model_validate({"company": "usmf", **query}), erp)


def test_the_period_ends_with_the_latest_validation():
    shown = view()
    assert (shown.first, shown.last) == (date(2026, 10, 20), date(2026, 11, 18))
    # Q7 was validated a day too early.
    assert (shown.total.passed, shown.total.failed, shown.open, shown.unknown) == (3, 3, 1, 1)


def test_weeks_begin_on_monday_and_the_first_and_last_are_cut_by_the_period():
    spans = [
        (str(span.first), str(span.last), span.tally.passed, span.tally.failed)
        for span in view().periods
    ]
    assert spans == [
        ("2026-11-16", "2026-11-18", 2, 1),
        ("2026-11-09", "2026-11-15", 1, 1),
        ("2026-11-02", "2026-11-08", 0, 0),
        ("2026-10-26", "2026-11-01", 0, 0),
        ("2026-10-20", "2026-10-25", 0, 1),
    ]


@pytest.mark.parametrize(("period", "spans"), [("7", 7), ("14", 14), ("30", 5), ("90", 14)])
def test_short_periods_are_shown_by_day(period, spans):
    assert len(view(period=period).periods) == spans


def test_the_chart_shows_what_was_validated_and_what_failed():
    validated, failed = view(period="7").over_time.series
    assert validated.values == (2, 0, 1, 2, 0, 0, 0)
    assert failed.values == (1, 0, 0, 1, 0, 0, 0)


def test_tests_that_fail_most_come_first_with_their_cumulative_share():
    shown = view()
    assert [(test.test, test.failed, test.share, test.so_far) for test in shown.tests] == [
        ("Visual", 2, Decimal("0.5"), Decimal("0.5")),
        ("Impedance", 1, Decimal("0.25"), Decimal("0.75")),
        ("Weight", 1, Decimal("0.25"), Decimal(1)),
    ]
    assert [series.values for series in shown.pareto.series] == [(50, 75, 100), (50, 25, 25)]


def test_the_worst_failed_most_often_and_of_these_most_of_their_own():
    shown = view()
    assert [(row.key, row.tally.failed, row.tally.validated) for row in shown.items] == [
        ("B", 2, 3),
        ("A", 1, 3),
    ]
    assert [
        (row.key, row.tally.failed, row.tally.validated) for row in shown.production_orders
    ] == [
        ("P3", 1, 1),
        ("P4", 1, 1),
        ("P2", 1, 2),
    ]


def test_only_the_worst_are_listed_and_an_order_of_no_production_is_none_of_them():
    orders = [order(n, FAILED, (11, 18), f"I{n}", "") for n in range(9)]
    shown = view(StandInErp(quality=orders))
    assert (len(shown.items), shown.production_orders) == (3, [])


def test_what_misses_the_target_never_reads_as_meeting_it():
    orders = [order(n, FAILED if n < 51 else PASSED, (11, 18)) for n in range(1000)]
    shown = view(StandInErp(quality=[*orders, order(1000, FAILED, (11, 18))]))
    assert (shown.total.rate, shown.on_target) == (Decimal("0.948"), False)


@pytest.mark.parametrize(("target", "on_target"), [(50, True), (51, False)])
def test_to_meet_the_target_exactly_is_enough(target, on_target):
    assert view(target=target).on_target is on_target


def test_an_item_or_a_production_order_alone():
    assert (view(item="B").total.validated, view(item="B").name) == (3, "The B")
    assert view(item="B", production="P3").total.validated == 1
    # The period is the company's, so that two items can be compared.
    assert view(item="A", production="P4").last == date(2026, 11, 18)


def test_open_orders_alone_are_no_pass_rate():
    shown = view(StandInErp(quality=[order(1, QualityStatus.OPEN, None)]))
    assert (shown.total.rate, shown.on_target, shown.open, shown.empty) == (None, None, 1, None)


def test_what_was_validated_since_the_latest_was_asked_for_moves_the_period():
    class Behind(StandInErp):
        def last_validated(self, company):
            return None

    shown = view(Behind(quality=ORDERS))
    assert (shown.first, shown.last) == (date(2026, 10, 20), date(2026, 11, 18))
    assert shown.total.validated == 6


def test_an_unknown_item_is_not_found_but_a_known_one_without_orders_is_empty():
    with pytest.raises(NotFound, match="There is no item “D”"):
        view(item="D")
    empty = view(item="C").empty
    assert empty is not None
    assert empty.title == "No quality orders of C in these 30 days in company usmf"


def test_no_quality_orders_at_all_is_the_empty_state():
    empty = view(StandInErp()).empty
    assert empty is not None
    assert empty.hint == "Try a longer period."


@pytest.mark.parametrize("query", [{"period": "8"}, {"target": 0}, {"target": 101}, {"item": "*"}])
def test_other_parameters_are_refused(query):
    with pytest.raises(ValidationError):
        view(**query)
