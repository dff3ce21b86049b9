"""Commodity prices: a strip of the latest published values and what moved, with a history to open.

The figures are daily at best and mostly monthly, so each is shown with the date that it stands for.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from widgets.core import Empty, Line, LineChart, Parameters, Widget
from widgets.upstream import MarketData
from widgets.upstream.records import Price, PriceHistory

widget = Widget(
    __name__,
    title="Commodity prices",
    refresh=300,
    height=620,
    personal=False,
    example={"symbols": "COPPER,ALUMINUM,BRENT,NATURAL_GAS,WHEAT,COFFEE", "selected": "COPPER"},
)

Symbol = Literal[
    "WTI", "BRENT", "NATURAL_GAS", "COPPER", "ALUMINUM",
    "WHEAT", "CORN", "COTTON", "SUGAR", "COFFEE",
]  # fmt: skip
"""What Alpha Vantage publishes under "Commodities"; natural gas and the two crude oils daily, too."""

NAMES: dict[str, str] = {"WTI": "WTI crude oil", "BRENT": "Brent crude oil"}
"""Shorter than the published names where the symbol alone would not do."""

DAILY = {"WTI", "BRENT", "NATURAL_GAS"}
YEARS = {"1y": 1, "2y": 2, "5y": 5, "10y": 10, "max": 1000}
SPARK_POINTS = 24


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


class Params(Parameters):
    symbols: Annotated[list[Symbol], BeforeValidator(_split)] = Field(
        [],
        max_length=10,
        description="Which prices, separated by commas; left out: all that the interval has",
    )
    interval: Literal["daily", "weekly", "monthly", "quarterly", "annual"] = Field(
        "monthly",
        description="What one value stands for; daily and weekly only for WTI, BRENT and NATURAL_GAS",
    )
    selected: Symbol | None = Field(None, description="The price whose history is open")
    range: Literal["1y", "2y", "5y", "10y", "max"] = Field(
        "2y", description="How far back the history goes"
    )

    @model_validator(mode="after")
    def _published(self) -> "Params":
        fast = self.interval in ("daily", "weekly")
        self.symbols = self.symbols or [s for s in get_args(Symbol) if s in DAILY or not fast]
        slow = [symbol for symbol in self.symbols if symbol not in DAILY]
        if fast and slow:
            raise ValueError(
                f"the parameter interval must not be {self.interval} for the symbols {', '.join(slow)}, "
                "which are published monthly"
            )
        return self


@dataclass(frozen=True)
class Quote:
    """The latest published value of a commodity.

    change: ratio to the value before; None without one, and where that was not above zero, as oil once was.
    spark: the last values, drawn small.
    """

    symbol: str
    name: str
    unit: str
    value: Decimal | None
    date: date | None
    change: Decimal | None
    direction: Literal["up", "down", "level"]
    spark: Line


@dataclass(frozen=True)
class History:
    """The open price: its chart and the same figures, newest first."""

    quote: Quote
    chart: LineChart
    prices: list[Price]


@dataclass(frozen=True)
class View:
    """mover: the quote that changed most, in either direction."""

    quotes: list[Quote]
    interval: str
    mover: Quote | None
    history: History | None
    range: str
    ranges: list[str] = field(default_factory=lambda: list(YEARS))
    empty: Empty | None = None


@widget.view
def ticker(params: Params, market: MarketData) -> View:
    wanted = list(dict.fromkeys(params.symbols))
    histories: dict[str, PriceHistory] = dict(
        zip(wanted, market.price_histories(wanted, params.interval), strict=True)
    )
    quotes = [_quote(symbol, history) for symbol, history in histories.items()]
    moved = [(abs(quote.change), quote) for quote in quotes if quote.change]
    chosen = next((quote for quote in quotes if quote.symbol == params.selected), None)
    return View(
        quotes=quotes,
        interval=params.interval,
        mover=max(moved, key=itemgetter(0))[1] if moved else None,
        history=_history(chosen, histories[chosen.symbol], params.range) if chosen else None,
        range=params.range,
        empty=None
        if any(quote.value is not None for quote in quotes)
        else Empty(
            "No prices are published for these symbols", "Choose others, or another interval."
        ),
    )


def _quote(symbol: str, history: PriceHistory) -> Quote:
    known = [(price.date, price.value) for price in history.prices if price.value is not None]
    day, value = known[-1] if known else (None, None)
    before = known[-2][1] if len(known) > 1 else None
    change = value / before - 1 if value is not None and before is not None and before > 0 else None
    return Quote(
        symbol=symbol,
        name=NAMES.get(symbol, symbol.replace("_", " ").capitalize()),
        unit=history.unit,
        value=value,
        date=day,
        change=change,
        direction=_direction(value, before, change),
        spark=_line(history.prices[-SPARK_POINTS:]),
    )


def _direction(
    value: Decimal | None, before: Decimal | None, change: Decimal | None
) -> Literal["up", "down", "level"]:
    if value is None or before is None or value == before:
        return "level"
    # Less than a twentieth of a per cent is shown as 0.0 %, so it must not have an arrow.
    if change is not None and abs(change) < Decimal("0.0005"):
        return "level"
    return "up" if value > before else "down"


def _history(quote: Quote, history: PriceHistory, span: str) -> History:
    newest = history.prices[-1].date if history.prices else date.min
    oldest = date(max(newest.year - YEARS[span], 1), newest.month, 1)
    prices = [price for price in history.prices if price.date >= oldest]
    chart = LineChart(
        title=f"{history.name}, {history.unit}",
        name=history.name,
        unit=history.unit,
        line=_line(prices),
        step="day" if history.interval in ("daily", "weekly") else "month",
    ).thinned()
    shown = {day for day, _ in chart.line.points}
    return History(quote, chart, [price for price in reversed(prices) if price.date in shown])


def _line(prices: tuple[Price, ...] | list[Price]) -> Line:
    return Line(
        tuple((price.date, None if price.value is None else float(price.value)) for price in prices)
    )
