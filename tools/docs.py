"""Writes the pages of the documentation that are made from what the server itself uses: messages and errors.
`python -m tools.docs`; a test compares them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from widgets.embedding.refusals import IN_THE_BROWSER, MENDS, REFUSALS
from widgets.errors import Refused, WidgetError

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


PAGES = {
    "docs/messages.md": lambda: messages(json.loads(SCHEMA.read_text())),
    "docs/errors.md": errors,
}

if __name__ == "__main__":
    for name, made in PAGES.items():
        (ROOT / name).write_text(made())
