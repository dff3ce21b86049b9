"""The inventory widget in Shiny for Python, its chart by plotly in shinywidgets, as its pages show
interactive ones. Compressed by Starlette's own middleware, since a Shiny app is an ASGI app."""

import pandas as pd
import plotly.graph_objects as go
from shiny import App, render, ui
from shinywidgets import output_widget, render_plotly
from starlette.middleware.gzip import GZipMiddleware

from bench.peers.stock import COLUMNS, TITLE, lines

page = ui.page_fluid(
    ui.h1("Inventory levels"),
    ui.output_table("table"),
    output_widget("chart", height="380px"),
    title="Inventory levels",
)


def session(input: object) -> None:  # noqa: ARG001 - Shiny goes by the name
    @render.table
    def table() -> pd.DataFrame:
        return pd.DataFrame([line.cells() for line in lines()], columns=list(COLUMNS))

    @render_plotly
    def chart() -> go.Figure:
        shown = lines()
        shares, items = [line.share for line in shown], [line.item for line in shown]
        figure = go.Figure(go.Bar(x=shares, y=items, orientation="h"))
        figure.update_layout(height=380, title=TITLE)
        figure.update_xaxes(range=[0, 100], ticksuffix=" %")
        figure.update_yaxes(autorange="reversed")
        return figure


app = GZipMiddleware(App(page, session))
