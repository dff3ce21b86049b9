"""Writes the pages of the documentation that are made from what the server itself uses: widgets, contract,
messages, errors and metrics. `python -m tools.docs`; a test compares them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from prometheus_client.metrics import MetricWrapperBase

from widgets import metrics as declared
from widgets.contract.rule import rules
from widgets.core.params import describe
from widgets.core.widget import Widget
from widgets.embedding.platforms import FRAME_PARAMS
from widgets.embedding.refusals import IN_THE_BROWSER, MENDS, REFUSALS
from widgets.errors import Refused, WidgetError
from widgets.site.factory import find_widgets
from widgets.site.upstreams import SOURCES

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "static/messages.v1.json"
_SENDERS = {"widget": "The widget says", "host": "The host says"}


def messages(schema: dict[str, Any]) -> str:
    """The documentation of all messages."""
    all_of_them = [m for m in schema["$defs"].values() if m["type"] == "object"]
    parts = [
        f"# {schema['title']}",
        "<!-- Made from static/messages.v1.json by `python -m tools.docs`. -->",
        "`embed.js` speaks this for you. It is for whoever writes a loader of their own, or wants to know\n"
        "what goes over the fence. The schema is served at `/static/messages.v1.json`.",
        schema["description"],
        f"`iid`: {_small(schema['$defs']['iid']['description'])}.",
        "Every message has this shape; the tables below are its `data`:",
        _example(all_of_them[0]),
    ]
    for sender, title in _SENDERS.items():
        parts.append(f"## {title}")
        for message in (m for m in all_of_them if m["x-from"] == sender):
            parts += [f"### `{message['title']}`", message["description"]]
            rows = list(_rows(message["properties"]["data"]))
            if rows:
                parts.append("\n".join(["| Field | Type | Meaning |", "|---|---|---|", *rows]))
                parts.append(
                    f"Example: `{json.dumps(message['examples'][0]['data'], ensure_ascii=False)}`"
                )
    return "\n\n".join(parts) + "\n"


def _rows(data: dict[str, Any], before: str = "") -> Iterator[str]:
    for name, field in data["properties"].items():
        optional = "" if name in data.get("required", ()) else ", optional"
        yield f"| `{before}{name}` | {_type(field)}{optional} | {field.get('description', '')} |"
        if "properties" in field:
            yield from _rows(field, f"{before}{name}.")


def _type(field: dict[str, Any]) -> str:
    if "const" in field:
        return f"`{json.dumps(field['const'])}`"
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    return str(field["type"])


def _example(message: dict[str, Any]) -> str:
    return f"```json\n{json.dumps(message['examples'][0], ensure_ascii=False)}\n```"


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def errors() -> str:
    """The documentation of all codes that a widget and the loader report."""
    kinds: list[type[WidgetError]] = [WidgetError, *WidgetError.__subclasses__()]
    raised = {
        kind.code: (kind.status, kind.title, MENDS[kind.code])
        for kind in kinds
        if kind is not Refused
    }
    raised |= {code: (each.status, each.title, each.mend) for code, each in REFUSALS.items()}
    parts = [
        "# Errors",
        "<!-- Made from widgets/embedding/refusals.py and widgets/errors by `python -m tools.docs`. -->",
        "The code is in the widget's own markup (`data-code`), in the `error` event of the loader and in\n"
        "the server's log. The viewer reads the title; what to do is for whoever embeds the widget.",
        "| Code | HTTP | The viewer reads | What to do |\n|---|---|---|---|\n"
        + "\n".join(
            f"| `{code}` | {s} | {t} | {m} |" for code, (s, t, m) in sorted(raised.items())
        ),
        "These come from the scripts in the browser:",
        "| Code | What happened | What to do |\n|---|---|---|\n"
        + "\n".join(
            f"| `{code}` | {what} | {mend} |" for code, (what, mend) in IN_THE_BROWSER.items()
        ),
    ]
    return "\n\n".join(parts) + "\n"


def metrics() -> str:
    """The documentation of all metrics."""
    rows = [
        f"| `{name}` | {kind} | {labels} | {meaning}{'' if meaning.endswith('.') else '.'} |"
        for name, kind, labels, meaning in sorted(_metrics())
    ]
    parts = [
        "# Metrics",
        "<!-- Made from widgets/metrics by `python -m tools.docs`. -->",
        "`/metrics` shows these, added up over all workers of the server; who may see it and how to\n"
        "collect it is in [operating](operating.md).",
        "\n".join(["| Metric | Type | Labels | Meaning |", "|---|---|---|---|", *rows]),
        "A histogram has `_bucket`, `_sum` and `_count`; times are in seconds. No label tells viewers,\n"
        "orders or addresses apart.",
    ]
    return "\n\n".join(parts) + "\n"


def _metrics() -> Iterator[tuple[str, str, str, str]]:
    for metric in vars(declared).values():
        if isinstance(metric, MetricWrapperBase):
            (about,) = metric.describe()
            name = f"{about.name}_total" if about.type == "counter" else about.name
            labels = ", ".join(f"`{label}`" for label in metric._labelnames)
            yield name, about.type, labels, about.documentation


_CONTRACT = """\
# The contract

<!-- Made from widgets/contract by `python -m tools.docs`. -->

What every widget keeps, ours or a package's. One command looks at a widget, or at all of them, and says for
each rule whether it holds, and else what is wrong, in which file, and what to do:

    erp-widgets widgets check reorder-list

It starts a mock ERP of its own and the application over it, plays every way in which an upstream can go
wrong, and looks with a real Chromium. It needs what `make lint` installs in a checkout; elsewhere
`pip install 'erp-widgets[contract]'`, a Chromium, and Java for the HTML checker, without which a parser that
sees less stands in. It ends with status 1 if a rule is broken, 2 if nothing can be looked at.

As a test it is inherited. In a checkout `tests/test_contract.py` has every widget there is; a package of
widgets has a test like this, and its fixtures come with a pytest plugin:

```python
from widgets.contract import WidgetContract


class TestContract(WidgetContract):
    widget = "reorder-list"
```

Other parameters than the example's are looked at, too, where the class says
`more = {"reorder-list": [{"site": "2"}]}`; the command looks at the example alone, with each rule about
parameters. A package that brings an upstream overrides the fixture
`contract_environment` with the settings of its stand-in.

## The rules

A widget that is declared wrongly is told as at the start of the server, under the name `declared`.
"""


def contract() -> str:
    """The documentation of the contract: every rule, in the order in which it is looked at."""
    parts = [_CONTRACT.rstrip()]
    for rule in rules().values():
        parts += [
            f"### {rule.name}",
            rule.says,
            f"**Why.** {rule.why}",
            f"**Mend.** {rule.mend[:1].upper()}{rule.mend[1:]}",
        ]
    return "\n\n".join(parts) + "\n"


_OF_THE_FRAME = {
    "host": "Id of the host that shows it, as in the hosts file",
    "key": "A host's key, where it shows widgets by key",
    "loader": "`1` in a frame that `embed.js` made, which may wait for a token",
    "theme": "`light`, `dark` or `contrast`; left out, what the viewer's system is set to",
    "locale": "How numbers and dates are written, BCP 47 such as `de-DE`; left out, `WIDGETS_LOCALE`",
    "simulate": "`empty`, `slow`, `stale` or `error`: how the mock ERP is, for this frame alone; "
    "[the gallery](gallery.md) uses it, and over any other ERP it means nothing",
}


def catalogue() -> str:
    """The documentation of all widgets and their parameters."""
    parts = [
        "# Widgets",
        "<!-- Made from the widgets by `python -m tools.docs`. -->",
        "Each is at `/widgets/NAME/`, with these parameters in the query string. A value that is not\n"
        "allowed is a 400 that names the parameter; a parameter that a widget does not know is ignored.\n"
        "Every widget also takes those of the frame itself:",
        "\n".join(
            [
                "| Parameter | Meaning |",
                "|---|---|",
                *(f"| `{name}` | {_OF_THE_FRAME[name]} |" for name in FRAME_PARAMS),
            ]
        ),
        "A host's platform may add more, such as `typename` and `id` of Dynamics 365: [hosts](hosts.md).",
    ]
    for widget in find_widgets(SOURCES).values():
        parts += [f"## {widget.slug}", widget.about, "\n".join(_facts(widget))]
        rows = [
            f"| `{row['name']}` | {row['description']} | {row['allowed']} | {_default(row)} |"
            for row in describe(widget.view_function.params)
        ]
        parts.append(
            "\n".join(["| Parameter | Meaning | Allowed | Default |", "|---|---|---|---|", *rows])
        )
    return "\n\n".join(parts) + "\n"


def _default(row: dict[str, str]) -> str:
    return "`WIDGETS_COMPANY`" if row["name"] == "company" else row["default"]


def _facts(widget: Widget) -> Iterator[str]:
    declared = widget.view_function
    yield f"- Example: `/widgets/{widget.slug}/?{urlencode(widget.example)}`"
    yield f"- Reads: {', '.join(f'`{kind.__name__}`' for kind in declared.reads.values()) or 'nothing'}"
    yield f"- About persons: {'yes, so only tokens open it' if widget.personal else 'no'}"
    yield f"- Looks for newer data every {widget.refresh} seconds while it is in view"
    yield f"- Height for a plain iframe: {widget.height} pixels"
    yield f"- Tables of `data.csv`: {', '.join(f'`{name}`' for name in declared.tables) or 'none'}"


PAGES = {
    "docs/contract.md": contract,
    "docs/catalogue.md": catalogue,
    "docs/messages.md": lambda: messages(json.loads(SCHEMA.read_text())),
    "docs/errors.md": errors,
    "docs/metrics.md": metrics,
}

if __name__ == "__main__":
    for name, made in PAGES.items():
        (ROOT / name).write_text(made())
