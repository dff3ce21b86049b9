"""Production quality: how much of what was tested passed, when it failed, at which tests, and whose.

A quality order counts on the day that it was validated. The period ends with the latest validation in the
company and not today, so that it never looks perfect just because nobody has tested anything lately.
A quality order names an item and a production order but no site, so there is none to choose.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Literal

from pydantic import Field

from widgets.core import BarChart, Company, Empty, Parameters, Series, Text, Widget
from widgets.errors import NotFound
from widgets.upstream import Erp
from widgets.upstream.records import QualityOrder, QualityResult, QualityStatus

widget = Widget(
    __name__,
    title="Production quality",
    refresh=60,
    height=1340,
    personal=False,
    example={"period": "30", "target": "95"},
)

WORST = 3
"""Items and production orders that are listed; whoever wants them all asks the ERP."""

MOST_DAYS = 14
"""Longer periods are shown week by week."""

NEVER = date(1970, 1, 1)
"""Stands for the latest validation where there was none; then only open orders are shown, without a date."""


class Params(Parameters):
    company: Company
    period: Literal["7", "14", "30", "90"] = Field(
        "30", description="Days up to the latest validation; more than 14 are shown by week"
    )
    item: Text | None = Field(None, description="Item number; left out: every item")
    production: Text | None = Field(None, description="Production order; left out: every one")
    target: int = Field(
        95,
        ge=1,
        le=100,
        description="Pass rate that is wanted, in per cent",
        json_schema_extra={"unit": "%"},
    )


@dataclass(frozen=True)
class Tally:
    """What passed and what failed of something: a week, an item, a production order, or all.

    rate: the share that passed, rounded down: what misses a target never reads as meeting it; None of
        nothing.
    """

    passed: int
    failed: int
    validated: int
    rate: Decimal | None


@dataclass(frozen=True)
class Span:
    """A day, or the part of a week (from Monday) that is in the period."""

    first: date
    last: date
    tally: Tally


@dataclass(frozen=True)
class Worst:
    """An item, or a production order and the item that it made."""

    key: str
    name: str
    tally: Tally


@dataclass(frozen=True)
class FailedTest:
    """failed: results. so_far: the ratio of all failed results that this test and those before it have."""

    test: str
    failed: int
    share: Decimal
    so_far: Decimal


@dataclass(frozen=True)
class View:
    """first and last: the days of the period. periods: newest first.

    open: orders that are not validated yet. unknown: those with a status that we have no word for, which
    are counted nowhere else.
    on_target: None where nothing was validated.
    """

    first: date
    last: date
    by: Literal["day", "week"]
    name: str
    total: Tally
    open: int
    unknown: int
    on_target: bool | None
    periods: list[Span]
    over_time: BarChart
    tests: list[FailedTest]
    pareto: BarChart
    items: list[Worst]
    production_orders: list[Worst]
    empty: Empty | None = None


@widget.view
def quality(params: Params, erp: Erp) -> View:
    days = timedelta(days=int(params.period) - 1)
    last = erp.last_validated(params.company) or NEVER
    orders = erp.quality_orders(
        params.company, since=last - days, item=params.item, production=params.production
    )
    if (
        params.item
        and not orders
        and params.item not in erp.products(params.company, [params.item])
    ):
        raise NotFound(f"There is no item “{params.item}” in company {params.company}.")
    dated = {order: day for order in orders if (day := _day(order))}
    # Some may have been validated since the latest was asked for.
    last = max([last, *dated.values()])
    first = last - days
    validated = {order: day for order, day in dated.items() if day >= first}
    by: Literal["day", "week"] = "day" if int(params.period) <= MOST_DAYS else "week"
    spans = _spans(validated, first, last, by)
    tests = _tests(
        erp.quality_results(
            params.company, [o.number for o in validated if o.status == QualityStatus.FAILED]
        )
    )
    total = _tally(validated)
    open_orders = sum(order.status == QualityStatus.OPEN for order in orders)
    unknown = sum(order.status == QualityStatus.UNKNOWN for order in orders)
    return View(
        first=first,
        last=last,
        by=by,
        name=next((order.name for order in orders), ""),
        total=total,
        open=open_orders,
        unknown=unknown,
        on_target=None if total.rate is None else 100 * total.rate >= params.target,
        periods=spans,
        over_time=_over_time(spans, by),
        tests=tests,
        pareto=_pareto(tests),
        items=_worst(validated, lambda order: order.item),
        production_orders=_worst(validated, lambda order: order.production),
        empty=None if validated or open_orders or unknown else _nothing(params),
    )


def _day(order: QualityOrder) -> date | None:
    """The day that the order was validated, if it was."""
    done = order.status in (QualityStatus.PASSED, QualityStatus.FAILED)
    return order.validated.date() if done and order.validated else None


def _tally(orders: Iterable[QualityOrder]) -> Tally:
    found = Counter(order.status for order in orders)
    passed, failed = found[QualityStatus.PASSED], found[QualityStatus.FAILED]
    validated = passed + failed
    rate = (
        (Decimal(passed) / validated).quantize(Decimal("0.001"), ROUND_FLOOR) if validated else None
    )
    return Tally(passed, failed, validated, rate)


def _spans(
    validated: dict[QualityOrder, date], first: date, last: date, by: Literal["day", "week"]
) -> list[Span]:
    spans = []
    end = last
    while end >= first:
        start = end if by == "day" else max(first, end - timedelta(days=end.weekday()))
        tally = _tally(order for order, day in validated.items() if start <= day <= end)
        spans.append(Span(start, end, tally))
        end = start - timedelta(days=1)
    return spans


def _tests(results: Iterable[QualityResult]) -> list[FailedTest]:
    """The tests that failed, the most frequent first."""
    failed = Counter(result.test for result in results if not result.passed)
    all_failed = failed.total()
    tests = []
    so_far = 0
    for test, count in sorted(failed.items(), key=lambda entry: (-entry[1], entry[0])):
        so_far += count
        tests.append(
            FailedTest(test, count, Decimal(count) / all_failed, Decimal(so_far) / all_failed)
        )
    return tests


def _worst(orders: Iterable[QualityOrder], key: Callable[[QualityOrder], str]) -> list[Worst]:
    """What failed most often; of several, the one that failed more of its orders."""
    groups: dict[str, list[QualityOrder]] = {}
    for order in orders:
        groups.setdefault(key(order), []).append(order)
    groups.pop("", None)
    found = [Worst(name, group[0].name, _tally(group)) for name, group in groups.items()]
    return sorted(
        (worst for worst in found if worst.tally.failed),
        key=lambda worst: (-worst.tally.failed, worst.tally.validated, worst.key),
    )[:WORST]


def _over_time(spans: list[Span], by: str) -> BarChart:
    days = tuple(span.first.isoformat() for span in spans)
    return BarChart(
        title=f"Failed of validated by {by}",
        unit="quality orders",
        categories=days,
        labels=days,
        series=(
            Series("Validated", tuple(float(span.tally.validated) for span in spans), "muted"),
            Series("Failed", tuple(float(span.tally.failed) for span in spans), "main"),
        ),
    )


def _pareto(tests: list[FailedTest]) -> BarChart:
    names = tuple(test.test for test in tests)
    return BarChart(
        title="Failed tests, share of all failed results",
        unit="%",
        categories=names,
        labels=names,
        series=(
            Series("Cumulative", tuple(round(100 * float(t.so_far), 1) for t in tests), "muted"),
            Series("This test", tuple(round(100 * float(t.share), 1) for t in tests), "main"),
        ),
    )


def _nothing(params: Params) -> Empty:
    of = f" of {params.item}" if params.item else ""
    made = f" for production order {params.production}" if params.production else ""
    return Empty(
        f"No quality orders{of}{made} in these {params.period} days in company {params.company}",
        "Try a longer period"
        + (", or leave the item or the production order out." if of or made else "."),
    )
