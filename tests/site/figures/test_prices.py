"""The ticker, figure by figure."""

import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from tests.html import words
from tests.site.figures.reading import (
    caption,
    day,
    is_one_to_one,
    is_rounded,
    number,
    page,
    shape,
    table,
    texts,
)

NAMES = {
    "WTI": "WTI crude oil",
    "BRENT": "Brent crude oil",
    "NATURAL_GAS": "Natural gas",
    "COPPER": "Copper",
    "ALUMINUM": "Aluminum",
    "WHEAT": "Wheat",
    "CORN": "Corn",
    "COTTON": "Cotton",
    "SUGAR": "Sugar",
    "COFFEE": "Coffee",
}
MOST_ROWS = 260  # a longer history is thinned out


@dataclass
class Feed:
    """What is published of one commodity: days as ISO dates with their values, oldest first."""

    name: str
    unit: str
    interval: str
    prices: list[tuple[str, Decimal | None]]

    def __post_init__(self):
        known = [(day_, value) for day_, value in self.prices if value is not None]
        self.date, self.value = known[-1]
        self.percent = 100 * (self.value / known[-2][1] - 1)

    def called(self, text):
        """The day or month that a value stands for."""
        whole = self.interval in ("daily", "weekly")
        return day(text) if whole else re.sub(r" \d+,", "", day(text))

    @property
    def direction(self):
        if abs(self.percent) < Decimal("0.05"):  # which is shown as 0.0 %
            return "level"
        return "up" if self.percent > 0 else "down"


def feed(mock_erp, symbol, interval):
    query = {"function": symbol, "interval": interval, "apikey": "demo"}
    answer = mock_erp.http.get(f"{mock_erp.url}/query", params=query, timeout=30).json()
    prices = [
        (row["date"], None if row["value"] == "." else Decimal(row["value"]))
        for row in reversed(answer["data"])
    ]
    return Feed(answer["name"], answer["unit"], interval, prices)


def drawn(svg):
    """The stretches of a line as it is drawn: lists of points."""
    return [
        [tuple(float(part) for part in point.split(",")) for point in line.get("points").split()]
        for line in svg.findall(".//polyline")
    ]


def stretches(prices, width, height, low, high):
    """Where the stretches of a line must be drawn, to a tenth of a unit."""
    days = [date.fromisoformat(text).toordinal() for text, value in prices if value is not None]
    found: list[list[Any]] = [[]]
    for text, value in prices:
        if value is None:
            found.append([])
            continue
        x = (date.fromisoformat(text).toordinal() - days[0]) / (days[-1] - days[0]) * width
        y = float((high - value) / (high - low)) * height
        found[-1].append(pytest.approx((x, y), abs=0.06))
    return [stretch for stretch in found if stretch]


@pytest.mark.parametrize("last", ["a value", "none"])
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"symbols": "COPPER"},
        {"symbols": "NATURAL_GAS,WTI,BRENT", "interval": "daily"},
        {"symbols": "WTI,NATURAL_GAS", "interval": "weekly"},
        {"symbols": "SUGAR,COFFEE,CORN", "interval": "quarterly"},
        {"interval": "annual"},
    ],
    ids=urlencode,
)
def test_every_quote_is_what_is_published(client, mock_erp, query, last):
    if last == "none":
        mock_erp.fault("/query", "data", rows="first", field="value", set=".")
    interval = query.get("interval", "monthly")
    symbols = query.get("symbols", ",".join(NAMES)).split(",")
    published = {symbol: feed(mock_erp, symbol, interval) for symbol in symbols}
    document = page(client, "ticker", **query)
    quotes = {quote.get("id"): quote for quote in document.findall(".//ul/li/a")}
    assert sorted(quotes) == sorted(f"quote-{symbol}" for symbol in symbols)
    arrows = []
    for symbol, wanted in published.items():
        quote = quotes[f"quote-{symbol}"]
        name, value, direction, percent, unit, *as_of = texts(quote)
        assert (name, unit) == (NAMES[symbol], wanted.unit)
        assert is_rounded(value, wanted.value)
        assert direction == wanted.direction
        assert is_rounded(percent, wanted.percent)
        arrows.append((direction, shape(quote)))
        assert as_of == ["as of", wanted.called(wanted.date)]
        assert quote.find(".//time").get("datetime") == wanted.date
        recent = wanted.prices[-24:]
        known = [price for _, price in recent if price is not None]
        spark = next(svg for svg in quote.iter("svg") if svg.find("polyline") is not None)
        assert drawn(spark) == stretches(recent, 72, 24, min(known), max(known))
    assert is_one_to_one(arrows)
    most = max(published, key=lambda symbol: abs(published[symbol].percent))
    name, direction, percent, until = texts(document.find(".//p[strong]"))
    assert (name, direction) == (NAMES[most], published[most].direction)
    assert is_rounded(percent, published[most].percent)
    last_day = published[most].called(published[most].date)
    assert until == f"moved most, {interval} values to {last_day}"


@pytest.fixture(
    scope="module",
    params=[
        ("COPPER", "monthly", "1y"),
        ("ALUMINUM", "monthly", "2y"),
        ("COFFEE", "monthly", "5y"),
        ("WHEAT", "monthly", "10y"),
        ("NATURAL_GAS", "weekly", "1y"),
        ("BRENT", "quarterly", "max"),
        ("WTI", "daily", "1y"),
        ("CORN", "monthly", "max"),
    ],
    ids="-".join,
)
def history_page(request, reader, module_mock):
    """A page with an open history, what is published within its range, and the range."""
    symbol, interval, span = request.param
    wanted = feed(module_mock, symbol, interval)
    if span != "max":
        newest = wanted.prices[-1][0]
        first = f"{int(newest[:4]) - int(span[:-1])}{newest[4:7]}-01"
        wanted.prices = [price for price in wanted.prices if price[0] >= first]
    query = {"symbols": symbol, "interval": interval, "selected": symbol, "range": span}
    return page(reader, "ticker", **query), wanted, span


def shown_history(document, wanted):
    """The days and values that the table shows, oldest first; each must be published."""
    published = {wanted.called(price[0]): price for price in wanted.prices}
    found = []
    for row in table(document):
        price = published[words(row["Date"])]
        text = words(row["Value"])
        assert text == "–" if price[1] is None else is_rounded(text, price[1]), price
        found.append(price)
    return found[::-1]


def test_every_figure_of_a_history_is_in_its_table(history_page):
    document, wanted, _ = history_page
    shown = shown_history(document, wanted)
    if len(wanted.prices) <= MOST_ROWS:
        assert shown == wanted.prices
    else:
        assert shown == sorted(set(shown))
        assert 100 < len(shown) <= MOST_ROWS
        known = [value for _, value in wanted.prices if value is not None]
        assert {min(known), max(known)} <= {value for _, value in shown}
        assert (shown[0], shown[-1]) == (wanted.prices[0], wanted.prices[-1])
    assert wanted.unit in caption(document)


def test_the_history_is_drawn_against_an_axis_that_tells_the_truth(history_page):
    document, wanted, _ = history_page
    shown = shown_history(document, wanted)
    chart = document.find(".//figure")
    assert words(chart.find("figcaption")) == f"{wanted.name}, {wanted.unit}"
    [trace] = json.loads(chart.find(".//*[@data-figure]").get("data-figure"))["data"]
    values = [None if value is None else float(value) for _, value in shown]
    assert (trace["x"], trace["y"]) == ([text for text, _ in shown], values)
    grid = next(svg for svg in chart.iter("svg") if svg.find("line") is not None)
    axis = next(svg for svg in chart.iter("svg") if svg.find("text") is not None)
    area = next(svg for svg in chart.iter("svg") if svg.find("polyline") is not None)
    lines, labels = grid.findall("line"), axis.findall("text")
    heights = [float(line.get("y1")) for line in lines]
    ticks = [number(words(label)) for label in labels[: len(lines)]]
    assert float(area.get("height")) == max(heights) - min(heights)
    for tick, line, label in zip(ticks, lines, labels, strict=False):
        share = float((max(ticks) - tick) / (max(ticks) - min(ticks)))
        y = min(heights) + share * (max(heights) - min(heights))
        assert float(line.get("y1")) == float(line.get("y2")) == pytest.approx(y, abs=0.06)
        assert float(label.get("y")) == pytest.approx(y, abs=5)
    assert drawn(area) == stretches(shown, 100, 100, min(ticks), max(ticks))
    known = [wanted.called(text) for text, value in shown if value is not None]
    assert [words(label) for label in labels[len(lines) :]] == [known[0], known[-1]]


def test_the_range_that_is_shown_is_the_one_marked(history_page):
    document, _, span = history_page
    links = {
        parse_qs(link.get("href")[1:])["range"][0]: link
        for link in document.findall(".//nav[@aria-label='Range']/a")
        if words(link) != "Close"
    }
    assert [name for name, link in links.items() if link.get("aria-current")] == [span]
    for name, link in links.items():
        assert words(link).replace(" ", "") == ("All" if name == "max" else name)
