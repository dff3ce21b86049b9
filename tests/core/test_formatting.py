from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation

import pytest
from markupsafe import Markup

from widgets.core import formatting


@pytest.mark.parametrize(
    ("value", "places", "written"),
    [
        (Decimal(1234567), 0, "1,234,567"),
        (Decimal("-12.5"), 1, "−12.5"),
        (Decimal("0.005"), 2, "0.00"),
        (Decimal("-0.001"), 2, "0.00"),
        (Decimal("-0.006"), 2, "−0.01"),
        (Decimal(3), 2, "3.00"),
        (None, 2, "–"),
        (7, 0, "7"),
        (Decimal(-(10**24)), 2, "−1" + ",000" * 8 + ".00"),
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


@pytest.mark.parametrize(
    ("ratio", "locale", "written"),
    [
        (Decimal("0.9345"), "en_US", "93.4%"),
        (Decimal(1), "en_US", "100.0%"),
        (Decimal("0.5"), "de_DE", "50,0\N{NO-BREAK SPACE}%"),
        (None, "en_US", "–"),
    ],
)
def test_a_share_has_one_place(ratio, locale, written):
    assert formatting.percent(ratio, locale=locale) == written


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x85", "\u202e", "\u2066"])
def test_what_cannot_be_shown_is_told_apart_and_changes_nothing_around_it(character):
    assert formatting.showable(f"a{character}b") == "a\N{REPLACEMENT CHARACTER}b"


def test_what_can_be_shown_is_left_alone():
    for value in ("two\nlines\t✓ שלום\u200f", 7, None, Markup("<b>\u202e</b>")):
        assert formatting.showable(value) is value or formatting.showable(value) == value


def test_a_negative_zero_is_not_what_zero_looks_like_from_then_on():
    assert formatting.number(Decimal("-0"), 2, locale="sv_SE") == "0,00"
    assert formatting.number(Decimal(0), 2, locale="sv_SE") == "0,00"
    assert formatting.number(Decimal("-0.00"), 2, locale="sv_SE") == "0,00"


def test_what_is_no_figure_is_not_shown_as_zero():
    with pytest.raises(InvalidOperation):
        formatting.number("", locale="en_US")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_a_dash(text):
    assert formatting.number(Decimal(text), 1, locale="en_US") == formatting.NONE


def test_a_moment_is_told_in_utc_whatever_zone_it_was_written_in():
    in_berlin = datetime(2026, 11, 24, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    today = date(2026, 11, 24)
    assert formatting.moment(in_berlin, locale="en_US", today=today) == "Nov 23 23:30 UTC"
    bare = datetime(2026, 11, 24, 0, 30)  # noqa: DTZ001
    assert formatting.moment(bare, locale="en_US", today=today) == "00:30 UTC"
