"""The inventory widget in Dash. Served by gunicorn and compressed, see https://dash.plotly.com/deployment"""

import plotly.graph_objects as go
from dash import Dash, dcc, html

from bench.peers.stock import COLUMNS, TITLE, lines

app = Dash(__name__, title="Inventory levels", compress=True)
server = app.server


def layout() -> html.Div:
    """Called for each page load, so that it shows what the ERP says then."""
    shown = lines()
    figure = go.Figure(
        go.Bar(x=[line.share for line in shown], y=[line.item for line in shown], orientation="h")
    )
    figure.update_layout(height=380, margin={"l": 70, "r": 10, "t": 30, "b": 30}, title=TITLE)
    figure.update_xaxes(range=[0, 100], ticksuffix=" %")
    figure.update_yaxes(autorange="reversed")
    return html.Div(
        [
            html.H1("Inventory levels"),
            html.Table(
                [
                    html.Thead(html.Tr([html.Th(name) for name in COLUMNS])),
                    html.Tbody(
                        [html.Tr([html.Td(cell) for cell in line.cells()]) for line in shown]
                    ),
                ]
            ),
            dcc.Graph(figure=figure, config={"displayModeBar": False}),
        ]
    )


app.layout = layout

# A worker of Dash serves its scripts once it has answered a page; the browser may ask another for them first.
server.test_client().get("/")
