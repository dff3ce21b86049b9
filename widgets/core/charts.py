"""Charts: one description, drawn three ways: as SVG by the server, as a table, and by plotly in the browser.

The SVG is the first paint and what is there without scripts, so it holds no text that scales: lengths
along x are percentages, heights are pixels. Colours are roles ("main", "muted") that the style sheet
gives a value, so that a theme reaches both drawings.

A figure for plotly is written by plotly's schema as the JSON that it is. plotly's own classes say the same,
but take 40 MB and a tenth of a second to load: tests and the contract hold each figure against them.
"""

import json
import math
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from html import escape
from itertools import groupby
from typing import Any, ClassVar, Literal

from markupsafe import Markup

MOST_POINTS = 260
"""A line is thinned out to this many points: more than a widget has pixels for makes a page heavy."""


@dataclass(frozen=True, slots=True)
class Series:
    """One value for each category of a bar chart. role: which colour of the theme it takes."""

    name: str
    values: tuple[float, ...]
    role: Literal["main", "muted"]


@dataclass(frozen=True, slots=True)
class BarChart:
    """Horizontal bars from zero, one row a category, the series drawn over one another, widest first.

    unit: of all values, or "" where the labels say it row by row.
    labels: what people read beside a bar; categories: the short form for the axis, each unique.
    """

    title: str
    unit: str
    categories: tuple[str, ...]
    labels: tuple[str, ...]
    series: tuple[Series, ...]

    ROW: ClassVar = 40  # pixels a category takes, its label above its bars
    BAR_TOP: ClassVar = 22
    BAR: ClassVar = 12

    @property
    def height(self) -> int:
        """Pixels, the same for both drawings, so that nothing moves when plotly takes over."""
        return self.ROW * len(self.categories)

    def extent(self) -> tuple[float, float]:
        """The least and the greatest value that the axis shows; zero is always on it."""
        values = [value for series in self.series for value in series.values]
        low, high = min(0.0, *values), max(0.0, *values)
        return low, (high if high > low else low + 1)

    def bars(self) -> list[dict[str, Any]]:
        """Rows of the SVG: `y` in pixels, each bar's `x` and `width` in per cent of the frame."""
        low, high = self.extent()
        scale = 100 / (high - low)
        return [
            {
                "y": index * self.ROW + self.BAR_TOP,
                "bars": [
                    {
                        "role": series.role,
                        "x": round((min(0.0, series.values[index]) - low) * scale, 2),
                        "width": round(abs(series.values[index]) * scale, 2),
                    }
                    for series in self.series
                ],
            }
            for index in range(len(self.categories))
        ]

    def drawing(self) -> Markup:
        """The bars as SVG."""
        return _bar_drawing(self)

    def figure(self) -> str:
        """The plotly figure as JSON."""
        return _bar_figure(self)


@dataclass(frozen=True, slots=True)
class Line:
    """Values over time, oldest first; None is a gap and is drawn as one."""

    points: tuple[tuple[date, float | None], ...]

    def known(self) -> list[tuple[date, float]]:
        return [(day, value) for day, value in self.points if value is not None]

    def paths(
        self, width: float, height: float, extent: tuple[float, float] | None = None
    ) -> list[str]:
        """SVG `points` of each unbroken stretch, y downwards, in a box of `width` by `height`.

        extent: the values at its bottom and top; left out, the lowest and the highest there are.
        """
        known = self.known()
        if not known:
            return []
        first, last = known[0][0].toordinal(), known[-1][0].toordinal()
        values = [value for _, value in known]
        low, high = extent or (min(values), max(values))
        x_scale = width / (last - first or 1)
        y_scale = height / (high - low or 1)
        return [
            " ".join(
                f"{(day.toordinal() - first) * x_scale:.1f},{(high - value) * y_scale:.1f}"
                for day, value in stretch
                if value is not None
            )
            for is_known, stretch in groupby(self.points, key=lambda point: point[1] is not None)
            if is_known
        ]


@dataclass(frozen=True, slots=True)
class LineChart:
    """One quantity over time. `unit` as published; `name` is the quantity's."""

    title: str
    name: str
    unit: str
    line: Line
    step: Literal["day", "month"]

    height: ClassVar = 220  # pixels, for both drawings; the margins, too
    TOP: ClassVar = 12
    RIGHT: ClassVar = 56
    BOTTOM: ClassVar = 32

    def ticks(self) -> list[float]:
        """Round values for the axis, evenly spaced, the first below and the last above all points."""
        values = [value for _, value in self.line.known()] or [0.0]
        span = max(values) - min(values) or abs(values[0]) or 1.0
        size = 10 ** math.floor(math.log10(span / 5))
        step = next(size * n for n in (1, 2, 2.5, 5, 10) if size * n >= span / 5)
        first = math.floor(min(values) / step)
        last = max(math.ceil(max(values) / step), first + 1)
        return [round(n * step, 10) for n in range(first, last + 1)]

    def drawing(self) -> dict[str, Any]:
        """The SVG's parts: `paths` in a box of 100 by 100, `ticks` with their `y` in pixels."""
        ticks = self.ticks()
        low, high = ticks[0], ticks[-1]
        inner = self.height - self.TOP - self.BOTTOM
        return {
            "paths": self.line.paths(100, 100, (low, high)),
            "ticks": [
                {"value": tick, "y": round(self.TOP + (high - tick) / (high - low) * inner, 1)}
                for tick in ticks
            ],
            "height": inner,
        }

    def thinned(self) -> "LineChart":
        """At most MOST_POINTS points, the ends, peaks and gaps kept."""
        points = self.line.points
        if len(points) <= MOST_POINTS:
            return self
        between = points[1:-1]
        size = -(-len(between) // (MOST_POINTS // 3 - 1))
        kept = [points[0]]
        for start in range(0, len(between), size):
            bucket = between[start : start + size]
            by_value = sorted((p for p in bucket if p[1] is not None), key=lambda p: p[1] or 0.0)
            gap = [point for point in bucket if point[1] is None]
            kept.extend(sorted({*by_value[:1], *by_value[-1:], *gap[:1]}, key=lambda p: p[0]))
        kept.append(points[-1])
        return LineChart(self.title, self.name, self.unit, Line(tuple(kept)), self.step)

    def figure(self) -> str:
        """The plotly figure as JSON."""
        return _line_figure(self)


# A widget's frame and partial, in each theme and for each host, have the same chart.
_once = lru_cache(maxsize=256)


@_once
def _bar_drawing(chart: BarChart) -> Markup:
    rect = Markup('<rect class="bar {}" x="{}%" y="{}" width="{}%" height="{}"/>')
    return Markup("\n").join(
        rect.format(bar["role"], bar["x"], row["y"], bar["width"], chart.BAR)
        for row in chart.bars()
        for bar in row["bars"]
    )


@_once
def _bar_figure(chart: BarChart) -> str:
    low, high = chart.extent()
    # plotly reads its texts as a little HTML of its own.
    labels = [escape(label) for label in chart.labels]
    traces = [
        {
            "type": "bar",
            "name": series.name,
            "y": chart.categories,
            "x": series.values,
            "orientation": "h",
            # In units of a row, from its middle: where the server's drawing has the bar.
            "offset": (chart.BAR_TOP - chart.ROW / 2) / chart.ROW,
            "width": chart.BAR / chart.ROW,
            "meta": series.role,
            "customdata": labels,
            "hovertemplate": f"%{{customdata}}<br>{series.name} %{{x:,}} {escape(chart.unit)}"
            "<extra></extra>",
        }
        for series in chart.series
    ]
    layout = {
        "barmode": "overlay",
        "height": chart.height,
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "dragmode": False,
        "xaxis": {"range": [low, high], "visible": False, "fixedrange": True},
        "yaxis": {
            "type": "category",
            "range": [len(chart.categories) - 0.5, -0.5],
            "visible": False,
            "fixedrange": True,
        },
    }
    return _written(traces, layout)


@_once
def _line_figure(chart: LineChart) -> str:
    ticks = chart.ticks()
    trace = {
        "type": "scatter",
        "name": escape(chart.name),
        "x": [day.isoformat() for day, _ in chart.line.points],
        "y": [value for _, value in chart.line.points],
        "mode": "lines",
        "meta": "main",
        "hovertemplate": f"%{{x}}<br>%{{y:,.2f}} {escape(chart.unit)}<extra></extra>",
    }
    layout = {
        "height": chart.height,
        "hovermode": "closest",
        "hoverdistance": -1,
        "margin": {"l": 0, "r": chart.RIGHT, "t": chart.TOP, "b": chart.BOTTOM},
        "xaxis": {
            "type": "date",
            "nticks": 5,  # in a narrow frame `chart.js` makes it fewer
            "tickangle": 0,
            "ticklabeloverflow": "hide past div",
            "hoverformat": "%b %Y" if chart.step == "month" else "%-d %b %Y",
        },
        "yaxis": {
            "range": [ticks[0], ticks[-1]],
            "tickvals": ticks,
            "side": "right",
            "fixedrange": True,
            "tickformat": ",",
        },
    }
    return _written([trace], layout)


def _written(traces: list[dict[str, Any]], layout: dict[str, Any]) -> str:
    return json.dumps({"data": traces, "layout": layout}, separators=(",", ":"))
