"""What the ticker makes of price histories."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from tests.stand_ins import StandInMarket, history
from widgets.ticker import Params, ticker

MARKET = StandInMarket(
    [
        history("COPPER", "8000", "9000", "8936.587"),
        history("WHEAT", "200", "200.00", "200.01"),
        history("COFFEE", "100", None, "110", None),
        history("SUGAR", None, None),
        history("WTI", *[str(50 + n % 7) for n in range(300)]),
    ]
)


def view(**query: object):
    return ticker(Params.model_validate(query), MARKET)


def test_a_quote_is_the_last_value_that_was_published():
    copper, coffee = view(symbols="COPPER,COFFEE").quotes
    assert copper.value == Decimal("8936.587")
    assert str(copper.date) == "2026-09-01"
    assert coffee.value == 110
    assert str(coffee.date) == "2026-08-01"


def test_change_is_against_the_value_before_and_skips_what_is_missing():
    copper, coffee = view(symbols="COPPER,COFFEE").quotes
    assert copper.change == Decimal("8936.587") / 9000 - 1
    assert copper.direction == "down"
    assert coffee.change == Decimal("0.1")
    assert coffee.direction == "up"


def test_a_change_that_reads_zero_has_no_arrow():
    assert view(symbols="WHEAT").quotes[0].direction == "level"


@pytest.mark.parametrize(
    ("before", "value", "change", "direction"),
    [
        ("-36.98", "8.91", None, "up"),
        ("-18", "-36", None, "down"),
        ("18.27", "0", Decimal(-1), "down"),
        ("0", "1", None, "up"),
    ],
)
def test_a_price_that_was_negative_has_a_direction_but_no_ratio(before, value, change, direction):
    market = StandInMarket([history("WTI", before, value)])
    quote = ticker(Params.model_validate({"symbols": "WTI"}), market).quotes[0]
    assert (quote.value, quote.change, quote.direction) == (Decimal(value), change, direction)


def test_a_symbol_without_values_is_a_dash_and_not_zero():
    shown = view(symbols="SUGAR,COPPER")
    assert (shown.quotes[0].value, shown.quotes[0].change, shown.quotes[0].date) == (
        None,
        None,
        None,
    )
    assert shown.empty is None


def test_only_symbols_without_values_is_the_empty_state():
    assert view(symbols="SUGAR").empty is not None


def test_what_moved_most_is_said_first():
    mover = view(symbols="COPPER,COFFEE,WHEAT").mover
    assert mover is not None
    assert mover.symbol == "COFFEE"


def test_symbols_keep_their_order_and_come_once():
    assert [q.symbol for q in view(symbols="WHEAT, COPPER,WHEAT").quotes] == ["WHEAT", "COPPER"]


@pytest.mark.parametrize(("span", "months"), [("1y", 13), ("5y", 61), ("max", 300)])
def test_the_history_covers_the_range(span, months):
    opened = view(symbols="WTI", selected="WTI", range=span).history
    assert opened is not None
    newest_first = [price.date for price in opened.prices]
    assert newest_first == sorted(newest_first, reverse=True)
    drawn = [day for day, _ in opened.chart.line.points]
    assert drawn == newest_first[::-1]
    # Never more points than a widget has pixels for, and always back to the start of the range.
    assert len(drawn) == months or (months > 260 and 150 < len(drawn) <= 260)
    assert drawn[-1].isoformat() == "2026-09-01"


def test_a_price_that_is_not_in_the_strip_has_no_history():
    assert view(symbols="WHEAT", selected="COPPER").history is None


def test_an_interval_that_is_not_published_is_refused():
    with pytest.raises(ValidationError, match="interval must not be daily for the symbols COPPER"):
        Params.model_validate({"symbols": "WTI,COPPER", "interval": "daily"})
    assert Params.model_validate({"symbols": "WTI", "interval": "daily"}).interval == "daily"
    assert Params.model_validate({"interval": "daily"}).symbols == ["WTI", "BRENT", "NATURAL_GAS"]
    assert len(Params.model_validate({}).symbols) == 10


@pytest.mark.parametrize("symbols", ["GOLD", "COPPER,", "copper", ",".join(["WTI"] * 11)])
def test_other_symbols_are_refused(symbols):
    with pytest.raises(ValidationError):
        Params.model_validate({"symbols": symbols})
