"""Commodity prices: a made history from 2000 to now, along the round levels of data/commodities.json.

Each price is a function of the seed, the commodity and its day or month. Daily ones (energy) move within
the day until their close; months, quarters and years come out when they are over.
"""

import json
import math
import random
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path

FIRST_DAY = date(2000, 1, 3)
# Trading hours in UTC: a day's price appears at the first and is final at the second.
_OPENS, _CLOSES = time(8), time(17)
_TICK = timedelta(minutes=15)
# Days without a price in the energy markets; the publisher sends "." for them.
_HOLIDAYS = {(1, 1), (7, 4), (12, 25)}
# About one month in so many has no price either.
_MONTHS_PER_GAP = 90

Observation = tuple[date, float | None]


@dataclass(frozen=True, slots=True)
class Commodity:
    """name and unit as the publisher gives them; anchors: year -> level around its middle.

    noise: standard deviation of the noise around the anchors (of the logarithm).
    """

    symbol: str
    name: str
    unit: str
    daily: bool
    noise: float
    digits: int
    anchors: Mapping[int, float]

    @property
    def intervals(self) -> tuple[str, ...]:
        longer = ("monthly", "quarterly", "annual")
        return ("daily", "weekly", *longer) if self.daily else longer


@cache
def commodities() -> dict[str, Commodity]:
    text = (Path(__file__).parent.parent / "data" / "commodities.json").read_text("utf-8")
    return {
        symbol: Commodity(
            symbol=symbol,
            **{
                **fields,
                "anchors": {int(year): level for year, level in fields["anchors"].items()},
            },
        )
        for symbol, fields in json.loads(text).items()
    }


class PriceBook:
    """The prices of every commodity at any moment. Safe for threads."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._steps: dict[str, _Steps] = {}

    def observations(self, commodity: Commodity, interval: str, now: datetime) -> list[Observation]:
        """What is published at `now`, newest first; None where the publisher has no value."""
        now = now.astimezone(UTC)
        with self._lock:
            steps = self._steps.setdefault(commodity.symbol, _Steps(self._seed, commodity))
            prices = steps.until(now.date())
        if commodity.daily:
            prices = self._trading(commodity, prices, now)
            if interval == "daily":
                return prices[::-1]
            prices = [(day, price) for day, price in prices if day < now.date()]
        over = _PERIODS[interval](now.date())
        grouped = _means(prices, _PERIODS[interval])
        return [
            (start, None if value is None else round(value, commodity.digits))
            for start, value in reversed(grouped)
            if start < over
        ]

    def _trading(
        self, commodity: Commodity, prices: list[Observation], now: datetime
    ) -> list[Observation]:
        """The daily prices with today's as it stands now, or without it before the market opens."""
        if not prices or prices[-1][0] != now.date() or now.time() >= _CLOSES:
            return prices
        if now.time() < _OPENS or prices[-1][1] is None or len(prices) < 2:
            return prices[:-1]
        close = prices[-1][1]
        before = next(price for _, price in reversed(prices[:-1]) if price is not None)
        opened = datetime.combine(now.date(), _OPENS, UTC)
        ticks = (now - opened) // _TICK
        share = ticks * _TICK / (datetime.combine(now.date(), _CLOSES, UTC) - opened)
        wobble = random.Random(f"{self._seed}/{commodity.symbol}/{opened}/{ticks}").gauss(0, 0.002)
        price = (before + (close - before) * share) * (1 + wobble)
        return [*prices[:-1], (now.date(), round(price, commodity.digits))]


class _Steps:
    """The prices of one commodity, one a working day or a month, made as far as they are asked for."""

    def __init__(self, seed: int, commodity: Commodity) -> None:
        self._commodity = commodity
        self._rng = random.Random(f"{seed}/prices/{commodity.symbol}")
        self._deviation = 0.0
        self._made: list[Observation] = []
        self._next = FIRST_DAY if commodity.daily else FIRST_DAY.replace(day=1)

    def until(self, last: date) -> list[Observation]:
        while self._next <= last:
            self._made.append((self._next, self._price(self._next)))
            self._next = (
                _next_workday(self._next) if self._commodity.daily else _next_month(self._next)
            )
        return self._made[: bisect_right(self._made, last, key=lambda made: made[0])]

    def _price(self, day: date) -> float | None:
        # Noise that returns to zero: half of it is gone in about four months, however it is sampled.
        memory = 0.992 if self._commodity.daily else 0.84
        fresh = self._commodity.noise * math.sqrt(1 - memory**2)
        self._deviation = memory * self._deviation + self._rng.gauss(0, fresh)
        has_gap = self._rng.random() * _MONTHS_PER_GAP < 1
        if (day.month, day.day) in _HOLIDAYS if self._commodity.daily else has_gap:
            return None
        return round(
            _level(self._commodity, day) * math.exp(self._deviation), self._commodity.digits
        )


def _level(commodity: Commodity, day: date) -> float:
    """The anchor level on a day: a straight line between the anchors' logarithms, flat beyond them."""
    years = sorted(commodity.anchors)
    at = day.year + (day.timetuple().tm_yday - 1) / 366 - 0.5
    at = min(max(at, years[0]), years[-1])
    left = max(year for year in years if year <= at)
    right = min(year for year in years if year >= at)
    if left == right:
        return commodity.anchors[left]
    share = (at - left) / (right - left)
    low, high = commodity.anchors[left], commodity.anchors[right]
    return math.exp(math.log(low) * (1 - share) + math.log(high) * share)


def _next_workday(day: date) -> date:
    day += timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


# Interval -> the first day of the period that a day belongs to.
_PERIODS: dict[str, Callable[[date], date]] = {
    "weekly": lambda day: day - timedelta(days=day.weekday()),
    "monthly": lambda day: day.replace(day=1),
    "quarterly": lambda day: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
    "annual": lambda day: day.replace(month=1, day=1),
}


def _means(prices: Iterable[Observation], start_of: Callable[[date], date]) -> list[Observation]:
    """The mean of each period, oldest first; None for a period without any price."""
    means: list[Observation] = []
    for start, group in groupby(prices, key=lambda observation: start_of(observation[0])):
        values = [price for _, price in group if price is not None]
        means.append((start, sum(values) / len(values) if values else None))
    return means
