"""Commodity prices in Alpha Vantage's shape, exchange rates in Frankfurter's."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.upstream.conftest import Clock
from tests.upstream.scripted import Call, Reply, Scripted, ok
from widgets.errors import BadParameter, UpstreamInvalid, UpstreamRefused, UpstreamUnavailable
from widgets.upstream import (
    ExchangeRate,
    Keep,
    Market,
    MarketConfig,
    MarketData,
    Price,
    PriceHistory,
    Read,
    ReadThrough,
)

COPPER = {
    "name": "Global Price of Copper",
    "interval": "monthly",
    "unit": "dollar per metric ton",
    "data": [
        {"date": "2023-03-01", "value": "8936.5870"},
        {"date": "2023-02-01", "value": "."},
        {"date": "2023-01-01", "value": "-37.63"},
    ],
}
RATES = [
    {"date": "2026-01-03", "base": "EUR", "quote": "USD", "rate": 1.10},
    {"date": "2026-01-02", "base": "EUR", "quote": "GBP", "rate": 0.85},
    {"date": "2026-01-02", "base": "EUR", "quote": "USD", "rate": 1},
    {"date": "2025-12-31", "base": "EUR", "quote": "USD", "rate": 2},
    {"date": "2026-01-02", "base": "EUR", "quote": "SEK", "rate": 11},
]
PERIOD = {"start": date(2026, 1, 1), "end": date(2026, 1, 31)}


@pytest.fixture
def market(server: Scripted, read_through: ReadThrough, reads: list[Read]) -> Market:
    config = MarketConfig(f"{server.url}/query", f"{server.url}/v2/rates", api_key="sesame")
    return Market(config, read_through, scope="host", log=reads.append)


def test_it_is_market_data(market: Market) -> None:
    checked: MarketData = market
    assert checked is market


def test_price_history(server: Scripted, market: Market, reads: list[Read]) -> None:
    server.always(ok(COPPER))
    assert market.price_histories(["COPPER"], "monthly") == [
        PriceHistory(
            "COPPER",
            "Global Price of Copper",
            "dollar per metric ton",
            "monthly",
            (
                Price(date(2023, 1, 1), Decimal("-37.63")),
                Price(date(2023, 2, 1), None),
                Price(date(2023, 3, 1), Decimal("8936.5870")),
            ),
        )
    ]
    assert server.calls[0].query == {
        "function": "COPPER",
        "interval": "monthly",
        "apikey": "sesame",
    }
    assert (reads[0].upstream, reads[0].what) == ("price feed", "COPPER")


def test_several_symbols_keep_their_order(
    server: Scripted, market: Market, reads: list[Read]
) -> None:
    server.answer = lambda call: ok(COPPER | {"name": call.query["function"]})
    symbols = ["WTI", "COPPER", "CORN", "BRENT", "SUGAR", "COFFEE", "COTTON", "WHEAT"]
    histories = market.price_histories(symbols, "monthly")
    assert [history.symbol for history in histories] == symbols
    assert [history.name for history in histories] == symbols
    assert len(reads) == 8


def test_one_error_of_several_comes_after_all_are_done(server: Scripted, market: Market) -> None:
    def answer(call: Call) -> Reply:
        return Reply(status=500) if call.query["function"] == "WTI" else ok(COPPER)

    server.answer = answer
    with pytest.raises(UpstreamUnavailable):
        market.price_histories(["WTI", "COPPER", "CORN"], "monthly")
    assert len(server.calls) == 3
    assert len(market.price_histories(["COPPER", "CORN"], "monthly")) == 2
    assert len(server.calls) == 3


@pytest.mark.parametrize("name", ["Information", "Note"])
def test_throttling_as_200_is_never_kept(
    name: str, server: Scripted, market: Market, reads: list[Read], clock: Clock
) -> None:
    server.script(ok(COPPER), ok({name: "Thank you for using Alpha Vantage! 25 a day."}))
    market.price_histories(["COPPER"], "monthly")
    clock.advance(20_000)
    assert market.price_histories(["COPPER"], "monthly")[0].name == "Global Price of Copper"
    assert reads[-1].outcome == "stale"
    assert reads[-1].stale_because == "the price feed asked us to slow down"
    with pytest.raises(UpstreamUnavailable) as caught:
        market.price_histories(["CORN"], "monthly")
    assert caught.value.message == "The price feed asked us to slow down."
    assert 0 < caught.value.retry_after <= 60
    assert len(server.calls) == 2


def test_unknown_function(server: Scripted, market: Market) -> None:
    server.always(ok({"Error Message": "This API function (SILVER) does not exist."}))
    with pytest.raises(UpstreamInvalid, match="does not know this series"):
        market.price_histories(["SILVER"], "monthly")
    with pytest.raises(UpstreamInvalid, match="does not know this series"):
        market.price_histories(["SILVER"], "monthly")
    assert len(server.calls) == 1  # all who ask just after it are told the same


def test_refused_key(server: Scripted, market: Market) -> None:
    server.always(ok({"Error Message": "the parameter apikey is invalid or missing."}))
    with pytest.raises(UpstreamRefused, match="does not accept our key"):
        market.price_histories(["COPPER"], "monthly")


@pytest.mark.parametrize("value", ["abc", "1e5", "NaN", "", "1,5", None, 5, "٣"])
def test_wrong_price(value: object, server: Scripted, market: Market) -> None:
    server.always(ok(COPPER | {"data": [{"date": "2023-01-01", "value": value}]}))
    with pytest.raises(UpstreamInvalid, match=r"The price feed .* \(COPPER, field value\)"):
        market.price_histories(["COPPER"], "monthly")


@pytest.mark.parametrize("day", ["2023-13-01", None, 5, ""])
def test_wrong_price_date(day: object, server: Scripted, market: Market) -> None:
    server.always(ok(COPPER | {"data": [{"date": day, "value": "1"}]}))
    with pytest.raises(UpstreamInvalid, match=r"\(COPPER, field date\)"):
        market.price_histories(["COPPER"], "monthly")


@pytest.mark.parametrize("symbol", ["", "copper", "A&apikey=x", "A" * 41, "CO PPER"])
def test_symbol_that_cannot_be_one(symbol: str, server: Scripted, market: Market) -> None:
    with pytest.raises(BadParameter) as caught:
        market.price_histories(["COPPER", symbol], "monthly")
    assert caught.value.parameter == "symbols"
    assert server.calls == []


def test_interval_that_is_none(server: Scripted, market: Market) -> None:
    with pytest.raises(BadParameter, match="daily, weekly, monthly"):
        market.price_histories(["COPPER"], "hourly")
    assert server.calls == []


def test_exchange_rates(server: Scripted, market: Market) -> None:
    server.always(ok(RATES))
    assert market.exchange_rates("eur", ["USD", "gbp"], **PERIOD) == [
        ExchangeRate(date(2026, 1, 2), "EUR", "USD", Decimal(1)),
        ExchangeRate(date(2026, 1, 2), "EUR", "GBP", Decimal("0.85")),
        ExchangeRate(date(2026, 1, 3), "EUR", "USD", Decimal("1.1")),
    ]
    (call,) = server.calls
    assert call.target == "/v2/rates?base=eur&quotes=usd,gbp&from=2026-01-01&to=2026-01-31"


@pytest.mark.parametrize("rate", ["1.1", 0, -1, None, True])
def test_wrong_rate(rate: object, server: Scripted, market: Market) -> None:
    server.always(ok([RATES[0] | {"rate": rate}]))
    with pytest.raises(UpstreamInvalid, match=r"\(exchange rates, field rate\)"):
        market.exchange_rates("EUR", ["USD"], **PERIOD)


@pytest.mark.parametrize("codes", [["EURO"], ["usd,gbp"], [""], ["U$D"]])
def test_currency_that_cannot_be_one(codes: list[str], server: Scripted, market: Market) -> None:
    with pytest.raises(BadParameter):
        market.exchange_rates("EUR", codes, **PERIOD)
    assert server.calls == []


def test_wrong_address_is_no_unknown_record(server: Scripted, market: Market) -> None:
    server.always(Reply(status=404))
    with pytest.raises(UpstreamInvalid, match="The exchange-rate feed is not where it should be"):
        market.exchange_rates("EUR", ["USD"], **PERIOD)


@pytest.mark.parametrize("data", [[], {}, "x", {"name": "a", "unit": "b"}])
def test_wrong_shape(data: Any, server: Scripted, market: Market) -> None:
    server.always(ok(data))
    with pytest.raises(UpstreamInvalid):
        market.price_histories(["COPPER"], "monthly")


def test_no_key_and_an_address_with_a_query(server: Scripted, read_through: ReadThrough) -> None:
    config = MarketConfig(
        f"{server.url}/query?datatype=json", f"{server.url}/rates", ttls={"prices": Keep(0, 0)}
    )
    server.always(ok(COPPER))
    market = Market(config, read_through, scope="host")
    for _ in range(2):
        market.price_histories(["COPPER"], "monthly")
    assert server.calls[1].target == "/query?datatype=json&function=COPPER&interval=monthly"
