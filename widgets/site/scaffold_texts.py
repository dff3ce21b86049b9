"""The three files of a new widget, as ruff would write them, among ours or in a package."""

from collections.abc import Sequence
from string import Template

from widgets.site.scaffold_reads import Column, Start

_WIDTH = 100
"""Characters of a line, beyond which ruff would break it."""

_WIDGET = Template('''\
"""$title: $says.

Say here what the widget answers and what its figures mean; this is the gallery's text.
"""

from dataclasses import dataclass
${imports}
from pydantic import Field
${gap}from widgets.core import $core
${upstream}
widget = Widget(
    __name__,
    title="$title",
    refresh=60,  # seconds between two looks at the data
    height=640,  # pixels that a plain iframe keeps for it
    personal=$personal,  # whether it shows data about persons, which only tokens open
    example=$example,  # preview, test input and documentation
)


${declares}class Params(Parameters):
$params    rows: int = Field(8, ge=1, le=50, description="Rows to show")


@dataclass(frozen=True)
class View:
    """What the template sees: the first of `total` rows, or `empty`."""

    rows: list[$Record]
    total: int
    empty: Empty | None = None


@widget.view
$signature
$call    return View(
        rows=found[: params.rows],
        total=len(found),
        empty=None if found else Empty($nothing),
    )
''')

_TEMPLATE = Template("""\
{% extends "widgets/partial.html" %}

{% block body %}
<p class="answer" role="status" tabindex="-1">
<strong>{{ view.total }}</strong> {{ "$noun" if view.total == 1 else "$nouns" }}
</p>
<table>
<caption>
$Says{% if view.total > view.rows|length %}; the first {{ view.rows|length }} of {{ view.total }}{% endif %}

</caption>
<thead><tr>
$headings
</tr></thead>
<tbody>
{% for row in view.rows %}
<tr>
$cells
</tr>
{% endfor %}
</tbody>
</table>
{% endblock %}
""")

_TEST = Template('''\
"""What `$slug` makes of what it reads$over.

What holds for every widget: `erp-widgets widgets check $slug`.
"""

${imports}${ours}
READY = $ready
EMPTY = $empty
PARAMS = Params.model_validate({"company": "usmf", **widget.example})


def test_what_comes_first_is_shown_first():
    shown = $module(PARAMS, READY)
    assert shown.rows[0].$first
    assert shown.empty is None


def test_no_more_rows_than_asked_for_but_all_are_counted():
    shown = $module(PARAMS.model_copy(update={"rows": 1}), READY)
    assert len(shown.rows) == 1
    assert shown.total >= 1


def test_nothing_is_the_empty_state():
    assert $module(PARAMS, EMPTY).empty is not None
''')

_PAGE_TEST = Template("""

def test_the_page_shows_what_is_read(client):
    answer = client.get(f"{widget.url_prefix}/", query_string=widget.example)
    assert answer.status_code == 200
    document = html.read(answer.text)
    assert document.find(".//main").get("data-state") == "ok"
    assert document.findall(".//tbody/tr")
""")

_CONTRACT_TEST = Template('''

class TestContract(WidgetContract):
    """What every widget keeps, looked at over the mock ERP in a real browser."""

    widget = "$slug"
''')

_CONTRACT = Template('''\
"""`$slug` keeps what every widget keeps."""

from widgets.contract import WidgetContract
''')

# What a test names besides its stand-ins: (word in the test, library import, import of ours).
_NAMES = (
    ("replace(", "from dataclasses import replace\n", ""),
    ("datetime.", "from datetime import UTC, datetime\n", ""),
    ("Decimal(", "from decimal import Decimal\n", ""),
    ("Invoice(", "", "from widgets.upstream.records import Invoice\n"),
    ("ExchangeRate(", "", "from widgets.upstream.records import ExchangeRate\n"),
)


def texts(
    module: str, slug: str, title: str, start: Start, package: str = ""
) -> tuple[str, str, str]:
    """The widget, its template and its test. package: that it is written into; "": it is among ours."""
    kind, argument, _ = start.source
    used = [each for each in _NAMES if each[0] in start.ready + start.first]
    library = "".join(each[1] for each in used)
    names = [
        *sorted({kind, "Params"} if start.declares else {"Params"}),
        *sorted((module, "widget")),
    ]
    if start.declares:
        upstream = "from widgets.upstream import JsonUpstream\n"
    else:
        record = f"from widgets.upstream.records import {start.record}\n"
        upstream = f"from widgets.upstream import {kind}\n{record}"
    ours = sorted([_import(f"{package or 'widgets'}.{module}", names), *(each[2] for each in used)])
    if package:
        ours.insert(0, "from widgets.contract import WidgetContract\n\n")
    else:
        stand_ins = f"from tests.stand_ins import {start.made}\n" if start.made else ""
        ours.insert(0, f"from tests import html\n{stand_ins}")
    words = {
        "module": module,
        "slug": slug,
        "title": title,
        "says": start.says,
        "Says": start.says[:1].upper() + start.says[1:],
        "noun": start.noun[0],
        "nouns": start.noun[1],
        "core": start.core,
        "signature": _signature(module, f"params: Params, {argument}: {kind}"),
        "Record": start.record,
        "personal": start.personal,
        "example": start.example,
        "params": start.params,
        "call": start.call,
        "nothing": f'"There are no {start.noun[1]} here"' + (start.hint and f', "{start.hint}"'),
        "headings": "\n".join(map(_heading, start.columns)),
        "cells": "\n".join(_cell(column, n == 0) for n, column in enumerate(start.columns)),
        "gap": "" if package else "\n",  # in a package, this software is one library of several
        "upstream": upstream,
        "declares": start.declares,
        "over": "" if package else ", and its page over the mock ERP",
        "ready": start.ready,
        "empty": start.empty,
        "first": start.first,
    }
    if package and not start.declares:  # the stand-ins for the others are in our own tests
        test = _CONTRACT.substitute(words) + _CONTRACT_TEST.substitute(words)
    else:
        test = _TEST.substitute(words, imports=library and f"{library}\n", ours="".join(ours))
        test += (_CONTRACT_TEST if package else _PAGE_TEST).substitute(words)
    return _WIDGET.substitute(words, imports=start.imports), _TEMPLATE.substitute(words), test


def _import(module: str, names: Sequence[str]) -> str:
    line = f"from {module} import {', '.join(names)}\n"
    if len(line) <= _WIDTH + 1:
        return line
    return "".join([f"from {module} import (\n", *(f"    {name},\n" for name in names), ")\n"])


def _signature(name: str, arguments: str) -> str:
    line = f"def {name}({arguments}) -> View:"
    return line if len(line) <= _WIDTH else f"def {name}(\n    {arguments}\n) -> View:"


def _heading(column: Column) -> str:
    number = ' class="number"' if column.number else ""
    return f'<th scope="col"{number}>{column.heading}</th>'


def _cell(column: Column, first: bool) -> str:
    if first:
        return f'<th scope="row">{column.cell}</th>'
    number = ' class="number"' if column.number else ""
    return f"<td{number}>{column.cell}</td>"
