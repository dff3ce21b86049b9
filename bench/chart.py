"""The chart of the page benchmark as a static SVG, which takes its colours from the reader's system."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from bench.contestants import BARE, PEERS, TAG

PANELS = (
    ("1 widget, cold", "One widget, first visit"),
    ("6 widgets, cold", "Six widgets, first visit"),
    ("20 widgets, cold", "Twenty widgets, first visit"),
    ("1 widget, cold, slow line", "One widget, first visit, slow line"),
    ("6 widgets, cold, slow line", "Six widgets, first visit, slow line"),
    ("1 widget, warm", "One widget, third visit"),
    ("6 widgets, warm", "Six widgets, third visit"),
    ("1 widget, warm, slow line", "One widget, third visit, slow line"),
)
"""The comparisons that are drawn, and what is said above each; two side by side."""
LABELS = {BARE: "the limit: bare HTML", TAG: "ERP widgets"}
SHOWN = (BARE, TAG, *PEERS)
# In pixels.
WIDTH, MARGIN, TOP, ROW, BAR, NAME, VALUE, GAP = 920, 16, 64, 24, 14, 140, 110, 28
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 } .note { font-size: 12px; fill: #59636e }
.chart { fill: #c3ccd5 } .data { fill: #6e7781 } .ours .chart { fill: #9cc7f5 } .ours .data { fill: #0860ca }
.ours text { font-weight: 600 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .note { fill: #9198a1 }
.chart { fill: #4b535d } .data { fill: #9198a1 } .ours .chart { fill: #2a5596 } .ours .data { fill: #6cb0ff }
}
"""
Found = Mapping[str, Any]


def svg(pages: Sequence[Found]) -> str:
    """pages: what runs of `bench.page` found, with [median, spread] for each figure; "" where there is
    nothing to draw."""
    comparisons = {
        each["name"]: each["contestants"] for found in pages for each in found["comparisons"]
    }
    panels = [(title, comparisons[name]) for name, title in PANELS if name in comparisons]
    if not panels:
        return ""
    tall = 22 + ROW * len(SHOWN) + GAP
    height = TOP + tall * -(-len(panels) // 2) + MARGIN
    parts: list[str] = []
    for number, (title, contestants) in enumerate(panels):
        left = MARGIN + number % 2 * (WIDTH // 2)
        parts += _panel(title, contestants, left, TOP + number // 2 * tall)
    runs = dict.fromkeys(map(_run, pages))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" \
width="{WIDTH}" height="{height}" role="img" aria-labelledby="title">
<title id="title">Time until data can be read and the chart is drawn, by what is embedded</title>
<style>{_STYLE}</style>
<g class="ours"><rect class="data" x="{MARGIN}" y="18" width="14" height="{BAR}"/></g>
<rect class="data" x="{MARGIN + 16}" y="18" width="14" height="{BAR}"/>
<text x="{MARGIN + 38}" y="30">until the data can be read</text>
<g class="ours"><rect class="chart" x="{MARGIN + 220}" y="18" width="14" height="{BAR}"/></g>
<rect class="chart" x="{MARGIN + 236}" y="18" width="14" height="{BAR}"/>
<text x="{MARGIN + 258}" y="30">until its chart is drawn</text>
<text class="note" x="{WIDTH - MARGIN}" y="30" text-anchor="end">{"; ".join(runs)}: \
medians; shorter is better</text>
{chr(10).join(parts)}
</svg>
"""


def _run(found: Found) -> str:
    when = datetime.fromisoformat(found["measured"])
    return f"{when.day} {when:%B %Y}, {found['machine']['cores']} cores"


def _panel(title: str, contestants: Found, left: int, top: int) -> Iterator[str]:
    """Its bars, each as long as the time is to the longest."""
    seen = [name for name in SHOWN if name in contestants]
    ends = [_end(contestants[name]) for name in seen]
    room = WIDTH // 2 - 2 * MARGIN - NAME - VALUE
    yield f'<text class="title" x="{left}" y="{top}">{escape(title)}</text>'
    for number, name in enumerate(seen):
        y = top + 10 + number * ROW
        figures, start = contestants[name], left + NAME
        scale = room / max(ends) if max(ends) else 0.0
        chart, data = (scale * figures.get(figure, [0])[0] for figure in ("chart", "data"))
        said = " / ".join(_time(figures[each][0]) for each in ("data", "chart") if each in figures)
        yield f"<g{' class=' + chr(34) + 'ours' + chr(34) if name == TAG else ''}>"
        yield f'<text x="{left}" y="{y + 12}">{escape(LABELS.get(name, name.capitalize()))}</text>'
        yield f'<rect class="chart" x="{start}" y="{y}" width="{chart:.1f}" height="{BAR}"/>'
        yield f'<rect class="data" x="{start}" y="{y}" width="{data:.1f}" height="{BAR}"/>'
        yield f'<text x="{start + max(chart, data) + 6:.1f}" y="{y + 12}">{said or "failed"}</text>'
        yield "</g>"


def _end(figures: Found) -> float:
    return float(
        max((figures[each][0] for each in ("data", "chart") if each in figures), default=0)
    )


def _time(milliseconds: float) -> str:
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s"
