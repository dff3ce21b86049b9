"""Numbers, money, dates and times as people read them. Every template filter of ours is here.

A missing value is a dash, never 0. Babel writes the figures by the locale; the minus is a real one.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal

from babel import Locale
from babel.dates import format_datetime, format_skeleton
from babel.numbers import format_decimal, format_percent, get_currency_precision
from flask import Flask, g

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
    pattern = _whole(locale) + ("." + "0" * places if places else "")
    return format_decimal(value, format=pattern, locale=locale).replace("-", MINUS)


def axis(value: float, *, locale: str) -> str:
    """A round value beside a chart: `7,500`, `2.5`."""
    written = format_decimal(value, format=f"{_whole(locale)}.######", locale=locale)
    return written.replace("-", MINUS)


def money(value: Decimal | None, currency: str, *, locale: str) -> str:
    """An amount with the decimal places of its currency and without the currency's name."""
    if value is None:
        return NONE
    return number(value, get_currency_precision(currency), locale=locale)


def signed_percent(value: Decimal | None, *, locale: str) -> str:
    """`+1.2%`, `−0.4%`; `value` is a ratio, 0.012 for one point two per cent."""
    if value is None:
        return NONE
    usual = str(Locale.parse(locale).percent_formats[None].pattern).partition(";")[0]
    pattern = re.sub("[#0,.]+", "0.0", usual)
    return format_percent(value, f"+{pattern};-{pattern}", locale=locale).replace("-", MINUS)


def _whole(locale: str) -> str:
    """How the locale groups digits: `#,##0`, `#,##,##0` in India."""
    return str(Locale.parse(locale).decimal_formats[None].pattern).partition(".")[0]


def day(value: date | None, *, locale: str) -> str:
    """`Jul 22, 2026`, or `22. Juli 2026`"""
    return NONE if value is None else format_skeleton("yMMMd", value, locale=locale)


def month(value: date | None, *, locale: str) -> str:
    """`Jul 2026`, for figures that stand for a whole month."""
    return NONE if value is None else format_skeleton("yMMM", value, locale=locale)


def moment(value: datetime, *, locale: str, today: date) -> str:
    """`14:05 UTC`, with the date in front where it is not today. A script shows the viewer's own zone."""
    time = format_datetime(value, "HH:mm 'UTC'", locale=locale)
    if value.date() == today:
        return time
    return f"{format_skeleton('MMMd', value, locale=locale)} {time}"


def install(app: Flask, locale: str) -> None:
    """Give the templates every filter above, each in the locale of the page around the widget, or else in
    `locale`."""

    def current() -> str:
        return str(g.context.locale or locale)

    def localised(function: Callable[..., str]) -> Callable[..., str]:
        return lambda *args: function(*args, locale=current())

    for function in (number, axis, money, signed_percent, day, month):
        app.add_template_filter(localised(function), function.__name__)

    @app.template_filter("moment")
    def moment_today(value: datetime) -> str:
        return moment(value, locale=current(), today=datetime.now(UTC).date())
