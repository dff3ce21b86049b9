"""Numbers, money, dates and times as people read them. Every template filter of ours is here.

A missing value is a dash, never 0. Babel writes the figures by the locale; the minus is a real one.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, get_currency_precision
from flask import Flask

NONE = "–"
MINUS = "\N{MINUS SIGN}"


def decimals(values: Iterable[Decimal | None], at_most: int = 3) -> int:
    """The number of decimal places that a column of figures needs, so that it lines up."""
    places = 0
    for value in values:
        if value is not None:
            exponent = round(value, at_most).normalize().as_tuple().exponent
            places = max(places, -exponent if isinstance(exponent, int) else 0)
    return places


def number(value: Decimal | int | None, places: int = 0, *, locale: str) -> str:
    """`1,234.5`, with exactly `places` decimal places."""
    if value is None:
        return NONE
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return format_decimal(value, format=pattern, locale=locale).replace("-", MINUS)


def axis(value: float, *, locale: str) -> str:
    """A round value beside a chart: `7,500`, `2.5`."""
    return format_decimal(value, format="#,##0.######", locale=locale).replace("-", MINUS)


def money(value: Decimal | None, currency: str, *, locale: str) -> str:
    """An amount with the decimal places of its currency and without the currency's name."""
    if value is None:
        return NONE
    return number(value, get_currency_precision(currency), locale=locale)


def signed_percent(value: Decimal | None, *, locale: str) -> str:
    """`+1.2 %`, `−0.4 %`; `value` is a ratio, 0.012 for one point two per cent."""
    if value is None:
        return NONE
    written = format_decimal(value * 100, format="+0.0;-0.0", locale=locale)
    return written.replace("-", MINUS) + "\N{NO-BREAK SPACE}%"


def day(value: date | None, *, locale: str) -> str:
    """`22 Jul 2026`"""
    return NONE if value is None else format_date(value, "d MMM y", locale=locale)


def month(value: date | None, *, locale: str) -> str:
    """`Jul 2026`, for figures that stand for a whole month."""
    return NONE if value is None else format_date(value, "MMM y", locale=locale)


def moment(value: datetime, *, locale: str, today: date) -> str:
    """`14:05 UTC`, with the date in front where it is not today. A script shows the viewer's own zone."""
    pattern = "HH:mm 'UTC'" if value.date() == today else "d MMM HH:mm 'UTC'"
    return format_datetime(value, pattern, locale=locale)


def install(app: Flask, locale: str) -> None:
    """Give the templates every filter above, with the locale filled in."""
    for function in (number, axis, money, signed_percent, day, month):
        app.add_template_filter(partial(function, locale=locale), function.__name__)

    @app.template_filter("moment")
    def moment_today(value: datetime) -> str:
        return moment(value, locale=locale, today=datetime.now(UTC).date())
