import json
import re
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import pytest

from widgets.core import BarChart, Line, LineChart, Series
from widgets.core.charts import MOST_POINTS


def bars(on_hand: tuple[float, ...], available: tuple[float, ...]) -> BarChart:
    names = tuple(f"item {n}" for n in range(len(on_hand)))
    return BarChart(
        "Stock",
        "pcs",
        names,
        names,
        (Series("On hand", on_hand, "muted"), Series("Free", available, "main")),
    )


def test_bars_begin_at_zero_and_the_longest_fills_the_frame():
    first, second = bars((50, 200), (25, 100)).bars()
    assert [bar["x"] for bar in first["bars"]] == [0, 0]
    assert [bar["width"] for bar in first["bars"]] == [25, 12.5]
    assert [bar["width"] for bar in second["bars"]] == [100, 50]


def test_a_negative_stock_is_drawn_to_the_left_of_zero():
    row = bars((100,), (-100,)).bars()[0]
    assert [(bar["x"], bar["width"]) for bar in row["bars"]] == [(50, 50), (0, 50)]


def test_bars_are_drawn_as_svg_in_their_order():
    chart = bars((200, 100), (100, -100))
    drawn = re.findall(
        r'<rect class="bar (\w+)" x="([\d.]+)%" y="(\d+)" width="([\d.]+)%" height="12"/>',
        chart.drawing(),
    )
    assert [(role, float(x), int(y), float(width)) for role, x, y, width in drawn] == [
        (bar["role"], bar["x"], row["y"], bar["width"])
        for row in chart.bars()
        for bar in row["bars"]
    ]
    assert [role for role, *_ in drawn] == ["muted", "main"] * 2


def test_nothing_but_zeros_is_drawn_as_nothing():
    assert [bar["width"] for bar in bars((0,), (0,)).bars()[0]["bars"]] == [0, 0]


def figure_of(chart: BarChart | LineChart) -> dict[str, Any]:
    """What plotly is given, which its schema has every word of: it raises for any other."""
    figure: dict[str, Any] = json.loads(chart.figure())
    understood = go.Figure(figure).to_plotly_json()
    understood["layout"].pop("template")
    assert understood == figure
    return figure


def test_what_plotly_does_not_know_is_found():
    figure = json.loads(bars((50,), (25,)).figure())
    figure["layout"]["barmod"] = "overlay"
    with pytest.raises(ValueError, match="barmod"):
        go.Figure(figure)


def test_plotly_draws_the_same_figures_as_the_server():
    chart = bars((50, 200), (25, 100))
    figure = figure_of(chart)
    assert [trace["x"] for trace in figure["data"]] == [[50, 200], [25, 100]]
    assert [trace["meta"] for trace in figure["data"]] == ["muted", "main"]
    assert figure["layout"]["height"] == chart.height
    assert "template" not in figure["layout"]


def daily(values: list[float | None]) -> Line:
    return Line(tuple((date(2020, 1, 1) + timedelta(days=n), v) for n, v in enumerate(values)))


def test_a_line_spans_its_box_from_lowest_to_highest():
    assert daily([1, 3, 2]).paths(10, 8) == ["0.0,8.0 5.0,0.0 10.0,4.0"]


def test_a_missing_value_is_a_gap():
    assert len(daily([1, None, 2, 3]).paths(9, 9)) == 2
    assert daily([None, None]).paths(9, 9) == []


def test_one_value_is_drawn_without_dividing_by_zero():
    assert daily([5]).paths(9, 9) == ["0.0,0.0"]


def test_a_long_history_is_thinned_without_losing_its_peaks_or_its_end():
    values: list[float | None] = [float(n % 97) for n in range(6000)]
    values[3333], values[4444] = 500.0, -500.0
    chart = LineChart("WTI", "WTI", "dollars per barrel", daily(values), "day").thinned()
    kept = [value for _, value in chart.line.points]
    assert len(kept) <= MOST_POINTS
    assert {500.0, -500.0} <= set(kept)
    assert chart.line.points[-1] == daily(values).points[-1]
    days = [day for day, _ in chart.line.points]
    assert days == sorted(set(days))


def test_a_long_gap_stays_a_gap():
    values: list[float | None] = [float(n % 7) for n in range(1000)]
    values[300:700] = [None] * 400
    line = LineChart("WTI", "WTI", "", daily(values), "day").thinned().line
    assert len(line.paths(100, 100)) == 2


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([7559.94, 9561.88], [7500, 8000, 8500, 9000, 9500, 10000]),
        ([1.2], [1.0, 1.25]),
        ([0.0], [0.0, 0.2]),
        ([-5.0, 5.0], [-6, -4, -2, 0, 2, 4, 6]),
        ([None], [0.0, 0.2]),
    ],
)
def test_the_axis_has_round_values_around_the_line(values, ticks):
    chart = LineChart("WTI", "WTI", "", daily(values), "day")
    assert chart.ticks() == ticks
    drawing = chart.drawing()
    assert drawing["ticks"][0]["y"] == chart.height - chart.BOTTOM
    assert drawing["ticks"][-1]["y"] == chart.TOP
    figure = figure_of(chart)
    assert figure["layout"]["yaxis"]["tickvals"] == ticks


def test_what_plotly_shows_is_text_and_no_markup():
    names = ("<b>x</b>",)
    chart = BarChart("Stock", "<i>", names, names, (Series("Free", (1,), "main"),))
    trace = figure_of(chart)["data"][0]
    assert trace["customdata"] == ["&lt;b&gt;x&lt;/b&gt;"]
    assert "<i>" not in trace["hovertemplate"]


def test_a_short_history_is_left_as_it_is():
    chart = LineChart("Copper", "Copper", "dollar per metric ton", daily([1, 2, 3]), "month")
    assert chart.thinned() is chart
    figure = figure_of(chart)
    assert figure["data"][0]["x"] == ["2020-01-01", "2020-01-02", "2020-01-03"]
    assert figure["data"][0]["y"] == [1, 2, 3]
