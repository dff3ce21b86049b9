"""The ERP's own exchange rates: one a month for each pair, from the reference rates of its first day."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from mock_erp.market.rates import EuroRates
from mock_erp.model import OPEN_END_DATE, Row

_MONTHS = 24
_FACTORS = {"One": 1, "Hundred": 100}
# A weak currency is quoted by the hundred, so that its rate keeps its digits.
_PAIRS = (
    ("EUR", "USD", "One"),
    ("USD", "EUR", "One"),
    ("GBP", "USD", "One"),
    ("GBP", "EUR", "One"),
    ("CHF", "EUR", "One"),
    ("CAD", "USD", "One"),
    ("JPY", "USD", "Hundred"),
    ("JPY", "EUR", "Hundred"),
)


def exchange_rates(rates: EuroRates, now: datetime) -> Iterator[Row]:
    """`Rate` divided by `ConversionFactor` is what one unit of FromCurrency costs in ToCurrency."""
    starts = _month_starts(now.date())
    for source, target, factor in _PAIRS:
        for start, following in zip(starts, [*starts[1:], None], strict=True):
            rate = rates.cross(source, target, start) * _FACTORS[factor]
            yield {
                "RateTypeName": "Default",
                "FromCurrency": source,
                "ToCurrency": target,
                "StartDate": f"{start}T12:00:00Z",
                "EndDate": f"{following - timedelta(days=1)}T12:00:00Z"
                if following
                else OPEN_END_DATE,
                "Rate": round(rate, 4),
                "ConversionFactor": factor,
            }


def _month_starts(today: date) -> list[date]:
    months = [today.year * 12 + today.month - 1 - back for back in range(_MONTHS)]
    return [date(month // 12, month % 12 + 1, 1) for month in reversed(months)]
