"""The inventory widget in Panel, with a chart of Bokeh, which Panel's own pages use first.

Bokeh is what the page holds anyway: a plotly pane would load a second chart library.
"""

import pandas as pd
import panel as pn
from bokeh.plotting import figure

from bench.peers.stock import COLUMNS, TITLE, lines

pn.extension()

shown = lines()
table = pd.DataFrame([line.cells() for line in shown], columns=list(COLUMNS))
chart = figure(
    y_range=[line.item for line in reversed(shown)],
    x_range=(0, 100),
    height=380,
    sizing_mode="stretch_width",
    title=TITLE,
    toolbar_location=None,
    tools="hover",
)
chart.hbar(y=[line.item for line in shown], right=[line.share for line in shown], height=0.7)

pn.Column(
    "# Inventory levels",
    pn.pane.DataFrame(table, index=False, sizing_mode="stretch_width"),
    pn.pane.Bokeh(chart, sizing_mode="stretch_width"),
    sizing_mode="stretch_width",
).servable(title="Inventory levels")
