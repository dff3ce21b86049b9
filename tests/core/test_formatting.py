from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from widgets.core import formatting


@pytest.mark.parametrize(
    ("value", "places", "written"),
    [
        (Decimal(1234567), 0, "1,234,567"),
        (Decimal("-12.5"), 1, "−12.5"),
        (Decimal("0.005"), 2, "0.00"),
        (Decimal(3), 2, "3.00"),
        (None, 2, "–"),
        (7, 0, "7"),
    ],
)
def test_numbers(value, places, written):
    assert formatting.number(value, places, locale="en_US") == written


def test_numbers_follow_the_locale():
    assert formatting.number(Decimal("1234.5"), 1, locale="de_DE") == "1.234,5"


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ([], 0),
        ([None, Decimal(10), Decimal("100")], 0),
        ([Decimal("1.50"), Decimal(2)], 1),
        ([Decimal("1.2564")], 3),
        ([Decimal("1E+3")], 0),
    ],
)
def test_a_column_has_the_places_that_its_figures_need(values, places):
    assert formatting.decimals(values) == places


def test_money_has_the_places_of_its_currency():
    assert formatting.money(Decimal("1234.5"), "USD", locale="en_US") == "1,234.50"
    assert formatting.money(Decimal("1234.5"), "JPY", locale="en_US") == "1,234"
    assert formatting.money(None, "USD", locale="en_US") == "–"


@pytest.mark.parametrize(
    ("ratio", "written"),
    [("0.0123", "+1.2%"), ("-0.004", "−0.4%")],
)
def test_changes_carry_their_sign(ratio, written):
    assert formatting.signed_percent(Decimal(ratio), locale="en_US") == written


def test_dates():
    assert formatting.day(date(2026, 7, 22), locale="en_US") == "Jul 22, 2026"
    assert formatting.month(date(2026, 7, 1), locale="en_US") == "Jul 2026"
    assert formatting.day(None, locale="en_US") == "–"
    assert formatting.month(None, locale="en_US") == "–"
    assert formatting.signed_percent(None, locale="en_US") == "–"


def test_a_moment_names_its_day_only_when_that_is_not_today():
    value = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
    assert formatting.moment(value, locale="en_US", today=date(2026, 11, 23)) == "14:05 UTC"
    assert formatting.moment(value, locale="en_US", today=date(2026, 11, 24)) == "Nov 23 14:05 UTC"
