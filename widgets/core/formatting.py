"""Numbers, money, dates and times as people read them. Every template filter of ours is here.

A missing value is a dash, never 0. Babel writes the figures by the locale; the minus is a real one.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_datetime, format_skeleton
from babel.numbers import format_decimal, format_percent, get_currency_precision
from flask import Flask
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

NONE = "–"
MINUS = "\N{MINUS SIGN}"
_NOT_ZERO = re.compile("[1-9]")


def decimals(values: Iterable[Decimal | None], at_most: int = 3) -> int:
    """The number of decimal places that a column of figures needs, so that it lines up."""
    places = 0
    for value in values:
        if value is not None:
            exponent = round(value, at_most).normalize().as_tuple().exponent
            places = max(places, -exponent if isinstance(exponent, int) else 0)
    return places


def number(value: Decimal | int | None, places: int = 0, *, locale: str) -> str:
    """`1,234.5`, with exactly `places` decimal places; a dash for what is no number."""
    if value is None or (isinstance(value, Decimal) and not value.is_finite()):
        return NONE
    return _number(value, places, locale)


# Babel takes 30 µs or more to write a figure, and a page has a hundred: that was a third of what it cost to
# draw. The same figures come again and again.
@lru_cache(maxsize=10_000)
def _number(value: Decimal | int, places: int, locale: str) -> str:
    pattern = _whole(locale) + ("." + "0" * places if places else "")
    written = format_decimal(value, format=pattern, locale=locale)
    if not _NOT_ZERO.search(written):  # there is no negative zero
        written = format_decimal(0, format=pattern, locale=locale)
    return written.replace("-", MINUS)


def axis(value: float, *, locale: str) -> str:
    """A round value beside a chart: `7,500`, `2.5`."""
    written = format_decimal(value, format=f"{_whole(locale)}.######", locale=locale)
    return written.replace("-", MINUS)


def money(value: Decimal | None, currency: str, *, locale: str) -> str:
    """An amount with the decimal places of its currency and without the currency's name."""
    if value is None:
        return NONE
    return number(value, get_currency_precision(currency), locale=locale)


def percent(value: Decimal | None, *, locale: str) -> str:
    """`93.4%`; `value` is a ratio."""
    if value is None:
        return NONE
    return format_percent(value, _percent_pattern(locale), locale=locale)


def signed_percent(value: Decimal | None, *, locale: str) -> str:
    """`+1.2%`, `−0.4%`; `value` is a ratio, 0.012 for one point two per cent."""
    if value is None:
        return NONE
    pattern = _percent_pattern(locale)
    return format_percent(value, f"+{pattern};-{pattern}", locale=locale).replace("-", MINUS)


@lru_cache(maxsize=100)
def _percent_pattern(locale: str) -> str:
    usual = str(Locale.parse(locale).percent_formats[None].pattern).partition(";")[0]
    return re.sub("[#0,.]+", "0.0", usual)


@lru_cache(maxsize=100)
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
    # Whatever zone it was written in; a time without one is in UTC here.
    value = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    time = format_datetime(value, "HH:mm 'UTC'", locale=locale)
    if value.date() == today:
        return time
    return f"{format_skeleton('MMMd', value, locale=locale)} {time}"


# Control characters are no HTML; the others turn the rest of a line around, or the whole of it.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def showable(value: object) -> object:
    """What a template writes of `value`: text of an upstream may hold what cannot be shown, or what would
    change the text around it."""
    # Most of it is: `isprintable` says so twenty times faster, of whatever has neither these nor odd spaces.
    if isinstance(value, str) and not value.isprintable() and not isinstance(value, Markup):
        return _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    return value


def install(app: Flask, locale: str) -> None:
    """Give the templates every filter above, each in the locale of the page around the widget, or else in
    `locale`."""

    # Flask gives templates its `g`: a figure finds the locale there at a third of what `flask.g` costs.
    def current(context: Context) -> str:
        return str(context["g"].context.locale or locale)

    def localised(function: Callable[..., str]) -> Callable[..., str]:
        return pass_context(lambda context, *args: function(*args, locale=current(context)))

    for function in (number, axis, money, percent, signed_percent, day, month):
        app.add_template_filter(localised(function), function.__name__)

    @app.template_filter("moment")
    @pass_context
    def moment_today(context: Context, value: datetime) -> str:
        return moment(value, locale=current(context), today=datetime.now(UTC).date())
