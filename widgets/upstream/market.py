"""Reads commodity prices as Alpha Vantage gives them and exchange rates as Frankfurter v2 does: the
`MarketData` of widgets.upstream.sources.

Sources: alphavantage.co/documentation ("Commodities") and frankfurter.dev ("v2/rates"). Alpha Vantage
answers HTTP 200 when it throttles or refuses, with a text in place of the data.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, TypeVar
from urllib.parse import urlencode

from pydantic import BeforeValidator, Field, StrictStr, TypeAdapter

from widgets.errors import BadParameter, NotFound, Throttled, UpstreamInvalid, UpstreamRefused
from widgets.upstream.answers import sentence
from widgets.upstream.credentials import Anonymous, QueryKey
from widgets.upstream.reads import KEEP, Asking, Keep, Kind, Log, Upstream, checked_url
from widgets.upstream.readthrough import ReadThrough
from widgets.upstream.records import ExchangeRate, Price, PriceHistory
from widgets.upstream.wire import Number, Row, validated

T = TypeVar("T")

INTERVALS = ("daily", "weekly", "monthly", "quarterly", "annual")

_PRICES = "the price feed"
_RATES = "the exchange-rate feed"
_REST = (
    60  # seconds to leave the price feed alone after a throttling text: its quota is by the minute
)


@dataclass(frozen=True, slots=True)
class MarketConfig:
    """Where market data comes from. Raises ValueError for an address that is none.

    commodities_url: "https://www.alphavantage.co/query"; api_key: its `apikey`, "" to send none.
    rates_url: "https://api.frankfurter.dev/v2/rates".
    ttls: other times to keep answers, by kind of read ("prices", "rates").
    state: added to the upstreams' names, as in DynamicsConfig.
    """

    commodities_url: str
    rates_url: str
    api_key: str = field(default="", repr=False)
    ttls: Mapping[Kind, Keep] = field(default_factory=dict)
    state: str = ""

    def __post_init__(self) -> None:
        checked_url("commodities_url", self.commodities_url)
        checked_url("rates_url", self.rates_url)


def _value(text: object) -> Decimal | None:
    """Alpha Vantage writes numbers as text, and "." where there is none."""
    if text == ".":
        return None
    if not isinstance(text, str) or not re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", text):
        raise ValueError('a number in quotes or "." is expected')
    return Decimal(text)


def _day(text: object) -> date:
    if not isinstance(text, str):
        raise ValueError("a date is expected")
    return date.fromisoformat(text)


_Day = Annotated[date, BeforeValidator(_day)]


class _PriceRow(Row):
    date: _Day
    value: Annotated[Decimal | None, BeforeValidator(_value)]


class _Series(Row):
    name: StrictStr
    unit: StrictStr
    data: list[_PriceRow]


class _RateRow(Row):
    date: _Day
    base: StrictStr
    quote: StrictStr
    rate: Annotated[Number, Field(gt=0)]


_SERIES = TypeAdapter(_Series)
_RATE_ROWS = TypeAdapter(list[_RateRow])


class Market:
    """One page's view of the market-data feeds; cheap to make. Implements `sources.MarketData`.

    scope, log, request_id, deadline: see `reads.Asking`.
    """

    def __init__(
        self,
        config: MarketConfig,
        read_through: ReadThrough,
        *,
        scope: str,
        log: Log | None = None,
        request_id: str | None = None,
        deadline: float | None = None,
    ) -> None:
        self._config = config
        self._read_through = read_through
        self._asking = Asking(scope, log, request_id, deadline)
        key = QueryKey("apikey", config.api_key) if config.api_key else Anonymous()
        self._prices = Upstream(f"price feed{config.state}", _PRICES, config.commodities_url, key)
        self._rates = Upstream(
            f"exchange-rate feed{config.state}", _RATES, config.rates_url, Anonymous()
        )

    def price_histories(self, symbols: Sequence[str], interval: str) -> Sequence[PriceHistory]:
        """See `sources.MarketData`. Raises BadParameter for a symbol that cannot be one, and for an
        interval that is not in INTERVALS."""
        for symbol in symbols:
            if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,39}", symbol):
                raise BadParameter("symbols", f"{symbol[:40]} is not a commodity's symbol.")
        if interval not in INTERVALS:
            raise BadParameter("interval", f"The interval must be one of {', '.join(INTERVALS)}.")
        if len(symbols) == 1:  # no thread for what is the usual case when a chart is opened
            return [self._history(symbols[0], interval)]
        return self._read_through.each(
            self._prices, lambda symbol: self._history(symbol, interval), symbols
        )

    def exchange_rates(
        self, base: str, quotes: Sequence[str], *, start: date, end: date
    ) -> Sequence[ExchangeRate]:
        """See `sources.MarketData`. Raises BadParameter for what is no ISO 4217 currency code."""
        for currency in (base, *quotes):
            if not re.fullmatch(r"[A-Za-z]{3}", currency):
                raise BadParameter("currency", f"{currency[:40]} is not a currency code.")
        query = {
            "base": base.lower(),
            "quotes": ",".join(currency.lower() for currency in quotes),
            "from": start.isoformat(),
            "to": end.isoformat(),
        }
        rows = self._get(self._rates, "rates", "exchange rates", query, _rate_rows)
        order = {currency.upper(): place for place, currency in enumerate(quotes)}
        rates = [
            ExchangeRate(row.date, row.base.upper(), row.quote.upper(), row.rate)
            for row in rows
            # A feed may begin with the last working day before `start`.
            if start <= row.date <= end and row.quote.upper() in order
        ]
        return sorted(rates, key=lambda rate: (rate.date, order[rate.quote]))

    def _history(self, symbol: str, interval: str) -> PriceHistory:
        def check(data: object) -> _Series:
            _check_text(data)
            return validated(_SERIES, data, _PRICES, symbol)

        series = self._get(
            self._prices, "prices", symbol, {"function": symbol, "interval": interval}, check
        )
        prices = sorted((Price(row.date, row.value) for row in series.data), key=lambda p: p.date)
        return PriceHistory(symbol, series.name, series.unit, interval, tuple(prices))

    def _get(
        self,
        upstream: Upstream,
        kind: Kind,
        what: str,
        query: Mapping[str, str],
        check: Callable[[object], T],
    ) -> T:
        joint = "&" if "?" in upstream.base_url else "?"
        try:
            return self._read_through.get(
                upstream,
                f"{upstream.base_url}{joint}{urlencode(query, safe=',')}",
                what=what,
                keep=self._config.ttls.get(kind, KEEP[kind]),
                check=check,
                asking=self._asking,
            )
        except NotFound as error:  # a feed has no records that may be missing: the address is wrong
            raise UpstreamInvalid(
                sentence(upstream.called, "is not where it should be"), detail=error.detail
            ) from None


def _rate_rows(data: object) -> list[_RateRow]:
    return validated(_RATE_ROWS, data, _RATES, "exchange rates")


def _check_text(data: object) -> None:
    """Raises the error that Alpha Vantage's text in place of data stands for. The text can quote our key;
    the read-through hides it."""
    if not isinstance(data, dict):
        return
    for name in ("Information", "Note"):
        if name in data:
            raise Throttled(
                sentence(_PRICES, "asked us to slow down"),
                retry_after=_REST,
                detail=f"{name}: {data[name]}",
            )
    if "Error Message" in data:
        detail = f"Error Message: {data['Error Message']}"
        if "apikey" in detail.lower():
            raise UpstreamRefused(sentence(_PRICES, "does not accept our key"), detail=detail)
        raise UpstreamInvalid(sentence(_PRICES, "does not know this series"), detail=detail)
