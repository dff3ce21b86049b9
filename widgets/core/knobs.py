"""A widget's parameters as controls of a form: what each may be, what it is set to, and what is wrong."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from widgets.core.params import Parameters, complaint, describe

Kind = Literal["text", "number", "choice", "several", "date"]

_NUMBER = re.compile(r"-?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
"""As a number field of HTML can show it."""


@dataclass(frozen=True, slots=True)
class Knob:
    """One parameter.

    allowed: what it may be, in words. usual: its default, "" for none. options: of a choice, or of several.
    least, most, longest: bounds of a number, and of a text's length; None where there is none. whole: of a
    number. unit: what a number counts, such as "%" (`json_schema_extra={"unit": "%"}`).
    value: what it is set to, as an address has it. chosen: the same, of several.
    locked: its host has set it. complaint: what is wrong with the value; "" if nothing is.
    """

    name: str
    kind: Kind
    description: str
    allowed: str
    usual: str
    required: bool
    value: str
    options: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    longest: int | None = None
    whole: bool = False
    unit: str = ""
    locked: bool = False
    complaint: str = ""

    @property
    def field(self) -> Literal["text", "number", "date"]:
        """The type of an input that can show the value, whether or not it can be used: of "many" a browser
        shows nothing in a number's, where it could not be corrected."""
        if self.kind == "number" and (not self.value or _NUMBER.fullmatch(self.value)):
            return "number"
        if self.kind == "date" and (not self.value or _is_date(self.value)):
            return "date"
        return "text"

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.value.split(",") if part.strip())


def knobs(
    model: type[Parameters],
    given: Mapping[str, str],
    defaults: Mapping[str, str],
    locked: Collection[str],
) -> list[Knob]:
    """One for each parameter, in their order.

    given: what the address says, and what is locked. defaults: this server's own. locked: names.
    """
    schema = model.model_json_schema()
    made = []
    for row in describe(model):
        name = row["name"]
        about: dict[str, Any] = schema["properties"][name]
        value = given.get(name, "")
        made.append(
            Knob(
                name=name,
                description=row["description"],
                allowed=row["allowed"],
                usual=row["default"] or defaults.get(name, ""),
                required=name in schema.get("required", ()) and name not in defaults,
                value=value,
                unit=str(about.get("unit", "")),
                locked=name in locked,
                complaint=(complaint(model, name, value) or "") if value else "",
                **_control(_value(about, schema)),
            )
        )
    return made


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _value(about: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a value that is there, wherever that is written."""
    options = about.get("anyOf") or about.get("allOf") or [about]
    found: Mapping[str, Any] = next((o for o in options if o.get("type") != "null"), about)
    if "$ref" in found:
        found = schema["$defs"][found["$ref"].rpartition("/")[2]]
    return found


def _control(value: Mapping[str, Any]) -> dict[str, Any]:
    items = value.get("items", {})
    kind = value.get("type")
    if "enum" in value or "const" in value:
        return {"kind": "choice", "options": _texts(value.get("enum") or [value["const"]])}
    if "enum" in items:
        return {"kind": "several", "options": _texts(items["enum"])}
    if kind == "boolean":
        return {"kind": "choice", "options": ("true", "false")}
    if kind in ("integer", "number"):
        return {
            "kind": "number",
            "least": value.get("minimum", value.get("exclusiveMinimum")),
            "most": value.get("maximum", value.get("exclusiveMaximum")),
            "whole": kind == "integer",
        }
    if value.get("format") == "date":
        return {"kind": "date"}
    return {"kind": "text", "longest": value.get("maxLength")}


def _texts(values: list[object]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
