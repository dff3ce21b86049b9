"""Commodity prices and exchange rates."""

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest
from currency_converter import CurrencyConverter

from .conftest import START, Erp, make_erp

COMMODITIES = {
    "WTI": "dollars per barrel",
    "BRENT": "dollars per barrel",
    "NATURAL_GAS": "dollars per million BTU",
    "COPPER": "dollar per metric ton",
    "ALUMINUM": "dollar per metric ton",
    "WHEAT": "dollar per metric ton",
    "CORN": "dollar per metric ton",
    "COTTON": "cents per pound",
    "SUGAR": "cents per pound",
    "COFFEE": "cents per pound",
}


def history(erp: Erp, function: str, interval: str = "monthly") -> list[tuple[date, float | None]]:
    """Observations, newest first; None for "."."""
    query = {"function": function, "interval": interval, "apikey": "demo"}
    answer = erp.client.get("/query", query_string=query)
    assert answer.status_code == 200
    assert answer.json is not None
    assert set(answer.json) == {"name", "interval", "unit", "data"}, answer.json
    assert answer.json["interval"] == interval
    assert answer.json["unit"] == COMMODITIES[function]
    rows = []
    for observation in answer.json["data"]:
        assert set(observation) == {"date", "value"}
        assert isinstance(observation["value"], str)
        value = None if observation["value"] == "." else float(observation["value"])
        rows.append((date.fromisoformat(observation["date"]), value))
    return rows


@pytest.mark.parametrize("interval", ["monthly", "quarterly", "annual"])
@pytest.mark.parametrize("function", sorted(COMMODITIES))
def test_every_commodity_has_a_believable_history(
    shared_erp: Erp, function: str, interval: str
) -> None:
    rows = history(shared_erp, function, interval)
    days = [day for day, _ in rows]
    assert days == sorted(set(days), reverse=True)
    assert days[-1] == date(2000, 1, 1)
    newest = {
        "monthly": date(2025, 12, 1),
        "quarterly": date(2025, 10, 1),
        "annual": date(2025, 1, 1),
    }
    assert days[0] == newest[interval]
    values = [value for _, value in rows if value is not None]
    assert min(values) > 0
    assert max(values) < 30 * min(values)
    assert all(value != int(value) for value in values[:1])


@pytest.mark.parametrize("function", ["WTI", "BRENT", "NATURAL_GAS"])
def test_energy_has_daily_prices_on_workdays(shared_erp: Erp, function: str) -> None:
    rows = history(shared_erp, function, "daily")
    assert rows[0][0] == START.date()
    assert all(day.weekday() < 5 for day, _ in rows)
    assert (date(2025, 12, 25), None) in rows
    values = [value for _, value in rows if value is not None]
    moves = [abs(a / b - 1) for a, b in pairwise(values)]
    assert max(moves) < 0.15
    assert history(shared_erp, function, "weekly")[0][0] == date(2026, 1, 5)  # the last whole week


def test_some_values_are_missing(shared_erp: Erp) -> None:
    missing = sum(value is None for name in COMMODITIES for _, value in history(shared_erp, name))
    assert 3 <= missing <= 100


def test_the_interval_is_monthly_unless_said(shared_erp: Erp) -> None:
    answer = shared_erp.client.get("/query?function=COPPER&apikey=x")
    assert answer.json is not None
    assert answer.json["interval"] == "monthly"
    assert answer.json["name"] == "Global Price of Copper"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("function=COPPER", "apikey is invalid or missing"),
        ("function=COPPER&apikey=", "apikey is invalid or missing"),
        ("function=GOLDEN&apikey=x", "Invalid API call"),
        ("apikey=x", "Invalid API call"),
        ("function=COPPER&interval=daily&apikey=x", "Invalid API call"),
        ("function=WTI&interval=hourly&apikey=x", "Invalid API call"),
    ],
)
def test_mistakes_are_told_with_status_200(shared_erp: Erp, query: str, text: str) -> None:
    answer = shared_erp.client.get(f"/query?{query}")
    assert answer.status_code == 200
    assert answer.json is not None
    assert list(answer.json) == ["Error Message"]
    assert text in answer.json["Error Message"]


def test_new_observations_come_and_old_ones_stay(erp: Erp) -> None:
    daily, monthly = history(erp, "WTI", "daily"), history(erp, "COPPER")
    erp.control("clock", set="2026-01-16T18:00:00Z")
    later = history(erp, "WTI", "daily")
    assert later[0][0] == date(2026, 1, 16)
    assert later[2:] == daily[1:]  # yesterday was not final yet
    erp.control("clock", set="2026-02-01T00:00:00Z")
    assert history(erp, "COPPER") == [(date(2026, 1, 1), history(erp, "COPPER")[0][1]), *monthly]


def test_a_daily_price_ticks_within_the_day_until_its_close(erp: Erp) -> None:
    seen = []
    for hour in range(8, 20):
        erp.control("clock", set=f"2026-01-20T{hour:02d}:00:00Z")
        (day, value), *_ = history(erp, "BRENT", "daily")
        assert day == date(2026, 1, 20)
        seen.append(value)
    assert len(set(seen[:9])) > 4
    assert len(set(seen[9:])) == 1
    erp.control("clock", set="2026-01-20T07:59:00Z")
    assert history(erp, "BRENT", "daily")[0][0] == date(2026, 1, 19)
    erp.control("clock", set="2026-01-24T12:00:00Z")  # a Saturday
    assert history(erp, "BRENT", "daily")[0][0] == date(2026, 1, 23)


def test_prices_are_the_same_for_a_seed_however_they_are_asked_for() -> None:
    one, other = make_erp(), make_erp()
    one.advance(days=40)
    history(one, "WTI", "daily")
    one.control("reset")
    assert history(one, "WTI", "daily") == history(other, "WTI", "daily")
    assert history(make_erp(seed=5), "WTI", "daily") != history(other, "WTI", "daily")


# Exchange rates


def rates(erp: Erp, **query: str) -> list[dict[str, Any]]:
    answer = erp.client.get("/v2/rates", query_string=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json  # type: ignore[assignment]
    return found


def test_the_latest_rates_are_the_real_reference_rates(shared_erp: Erp) -> None:
    real = CurrencyConverter()
    found = rates(shared_erp, base="eur", quotes="usd,gbp,jpy")
    assert [row["quote"] for row in found] == ["USD", "GBP", "JPY"]
    for row in found:
        assert set(row) == {"date", "base", "quote", "rate"}
        assert row["base"] == "EUR"
        assert row["date"] == "2026-01-14"  # that of the 15th comes out in the afternoon
        day = date.fromisoformat(row["date"])
        assert row["rate"] == pytest.approx(
            real.convert(1, "EUR", row["quote"], date=day), rel=1e-9
        )


def test_crosses_and_history(shared_erp: Erp) -> None:
    real = CurrencyConverter()
    found = rates(
        shared_erp, base="USD", quotes="GBP,EUR", **{"from": "2024-03-01", "to": "2024-03-08"}
    )
    assert [row["date"][-2:] for row in found[::2]] == ["01", "04", "05", "06", "07", "08"]
    for row in found:
        day = date.fromisoformat(row["date"])
        expected = real.convert(1, "USD", row["quote"], date=day)
        assert row["rate"] == pytest.approx(expected, rel=1e-5)
    (sunday,) = rates(shared_erp, base="EUR", quotes="USD", date="2024-03-03")
    assert sunday["date"] == "2024-03-01"


def test_rates_go_on_after_the_real_ones_end() -> None:
    start = datetime(2031, 5, 14, 16, tzinfo=UTC)
    erp = make_erp(start=start)
    (latest,) = rates(erp, base="EUR", quotes="USD")
    assert latest["date"] == "2031-05-14"
    assert 0.5 < latest["rate"] < 2
    series = rates(erp, base="EUR", quotes="USD", **{"from": "2031-01-01"})
    assert len(series) == 96
    assert series[-1] == latest
    assert len({row["rate"] for row in series}) > 50
    assert rates(make_erp(start=start), base="EUR", quotes="USD") == [latest]


def test_without_quotes_every_currency_comes(shared_erp: Erp) -> None:
    quotes = {row["quote"] for row in rates(shared_erp)}
    assert {"USD", "GBP", "CHF"} <= quotes
    assert "EUR" not in quotes
    assert "EUR" in {row["quote"] for row in rates(shared_erp, base="usd")}


@pytest.mark.parametrize(
    "query", ["base=XXX", "quotes=USD,FOO", "from=yesterday", "date=2026-13-01"]
)
def test_wrong_rates_are_refused(shared_erp: Erp, query: str) -> None:
    answer = shared_erp.client.get(f"/v2/rates?{query}")
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["status"] == 422


def test_rates_are_revalidated_by_etag(erp: Erp) -> None:
    path = "/v2/rates?base=EUR&quotes=USD"
    first = erp.client.get(path)
    headers = {"If-None-Match": first.headers["ETag"]}
    again = erp.client.get(path, headers=headers)
    assert again.status_code == 304
    assert again.data == b""
    erp.advance(days=1)
    assert erp.client.get(path, headers=headers).status_code == 200


def test_the_erp_has_its_own_rates_with_conversion_factors(shared_erp: Erp) -> None:
    found = shared_erp.rows("ExchangeRates", filter="FromCurrency eq 'JPY' and ToCurrency eq 'USD'")
    assert len(found) == 24
    for row, following in pairwise(found):
        assert row["EndDate"] < following["StartDate"]
    assert found[-1]["StartDate"] == "2026-01-01T12:00:00Z"
    assert found[-1]["EndDate"].startswith("2154-12-31")
    assert {row["ConversionFactor"] for row in found} == {"Hundred"}
    real = CurrencyConverter().convert(1, "JPY", "USD", date=date(2025, 12, 31))
    assert found[-1]["Rate"] / 100 == pytest.approx(real, rel=1e-3)
