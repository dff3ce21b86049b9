"""What a widget is made of. A widget's module imports from here and from `widgets.upstream`."""

from widgets.core.charts import BarChart, Line, LineChart, Series
from widgets.core.params import Company, Parameters, Text, Words
from widgets.core.states import Empty
from widgets.core.widget import Widget

__all__ = [
    "BarChart",
    "Company",
    "Empty",
    "Line",
    "LineChart",
    "Parameters",
    "Series",
    "Text",
    "Widget",
    "Words",
]
