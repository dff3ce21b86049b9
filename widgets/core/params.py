"""A widget's parameters: from the query string to a checked model, and a wrong value to a sentence.

The same model is what the gallery lists and what the documentation shows.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, Field, PrivateAttr, ValidationError
from pydantic_core import ErrorDetails

from widgets.embedding.refusals import refused
from widgets.errors import BadParameter


class Parameters(BaseModel):
    """Base of each widget's `Params`: one field a parameter of its address, with a description."""

    _locked: frozenset[str] = PrivateAttr(frozenset())

    def without(self, *names: str) -> Self:
        """A copy in which these optional parameters are left out, except those that the host has locked.

        The only way for a widget to change its parameters: a viewer must not get around a lock.
        """
        return self.model_copy(update=dict.fromkeys(set(names) - self._locked))


P = TypeVar("P", bound=Parameters)


# Control characters are no HTML, and those that set the direction of text turn a sentence around.
UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _showable(value: str) -> str:
    if UNSHOWABLE.search(value):
        raise ValueError("free of control characters")
    return value


def _no_wildcard(value: str) -> str:
    # In Dynamics 365 `eq '*x*'` means "contains", and it documents no way to escape the asterisk.
    if "*" in value:
        raise ValueError("written without asterisks (*)")
    return value


Company = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9]{1,4}$",
        description="Company (legal entity) in the ERP, such as usmf",
        json_schema_extra={"words": "1 to 4 letters or digits"},
    ),
    # Dynamics compares without regard to case; one spelling makes one cache key.
    AfterValidator(str.lower),
]
"""1 to 4 letters or digits, as Dynamics 365 limits `dataAreaId`."""

Words = Annotated[str, Field(max_length=60), AfterValidator(_showable)]
"""What somebody types to search for. An asterisk in it is no wildcard and does no harm."""

Text = Annotated[
    str,
    Field(max_length=60),
    AfterValidator(_showable),
    AfterValidator(_no_wildcard),
    # Dynamics does not tell trailing blanks apart, and a pasted number often has one.
    AfterValidator(str.rstrip),
]
"""A number or code as the ERP writes it, leading spaces included."""


def parse(
    model: type[P],
    query: Mapping[str, str],
    defaults: Mapping[str, str],
    locked: Mapping[str, str] | None = None,
) -> P:
    """The query string as `model`.

    query: what the address says. An empty value counts as not given, since that is what a form sends
    for an untouched field; names that `model` does not have are ignored, since hosts add their own.
    defaults: this server's own values for parameters that the query leaves out.
    locked: values that the host has set, of parameters that `model` has.

    Raises BadParameter for the first value that is not allowed, in words for whoever wrote it, and Refused
    for one that contradicts a lock.
    """
    given = {name: query[name] for name in model.model_fields if query.get(name, "") != ""}
    locked = locked or {}
    # What this server or the host says itself can be left out.
    needed = {name for name, field in model.model_fields.items() if field.is_required()}
    needed -= defaults.keys() | locked.keys()

    def checked(values: Mapping[str, str]) -> P:
        try:
            return _validated(model, values)
        except BadParameter as error:
            error.required = error.parameter in needed
            raise

    try:
        params = checked({**defaults, **given, **locked})
    except BadParameter as error:
        if error.parameter in locked:  # not for the viewer to mend
            raise refused("token-params", error.message) from None
        raise
    if contested := locked.keys() & given.keys():
        # Compared as they are understood: "USMF" is no contradiction to "usmf".
        asked = checked({**defaults, **locked, **given})
        for name in sorted(contested):
            if getattr(asked, name) != getattr(params, name):
                raise refused("locked-parameter", f"parameter {name}", parameter=name)
    params._locked = frozenset(locked)
    return params


def complaint(model: type[Parameters], name: str, value: str) -> str | None:
    """What is wrong with one parameter's value, whatever the others are; None if nothing is."""
    try:
        model.model_validate({name: value})
    except ValidationError as error:
        for item in error.errors(include_url=False):
            if item["loc"][:1] == (name,):
                return _sentence(model, name, item, {name: value})
    return None


def _validated(model: type[P], values: Mapping[str, str]) -> P:
    known = {name: values[name] for name in model.model_fields if name in values}
    try:
        return model.model_validate(known)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        raise BadParameter(name, _sentence(model, name, first, known)) from None


def _sentence(
    model: type[Parameters], name: str, error: ErrorDetails, known: Mapping[str, str]
) -> str:
    """What is wrong, then what is allowed: `rows must be at most 50, not 999.`"""
    if error["type"] == "missing":
        return f"The parameter {name} is missing."
    context = error.get("ctx", {})
    allowed = {
        "less_than_equal": "at most {le}",
        "greater_than_equal": "at least {ge}",
        "int_parsing": "a whole number",
        "int_parsing_size": "a whole number",
        "literal_error": "one of {expected}",
        "string_too_long": "at most {max_length} characters long",
        "string_too_short": "at least {min_length} characters long",
        "too_long": "at most {max_length} values",
        "too_short": "at least {min_length} value",
        "value_error": "{error}",
    }.get(error["type"])
    demand = allowed.format(**context) if allowed else error["msg"].lower()
    if not name:
        return f"{demand[:1].upper()}{demand[1:]}."
    if error["type"] == "string_pattern_mismatch":
        demand = next(row["allowed"] for row in describe(model) if row["name"] == name)
    shown = UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", known[name][:40])
    more = "…" if len(known[name]) > 40 else ""
    return f"The parameter {name} must be {demand.replace(chr(39), '')}, not “{shown}{more}”."


def describe(model: type[Parameters]) -> list[dict[str, str]]:
    """One row a parameter for people: its name, meaning, allowed values and default."""
    schema = model.model_json_schema()
    rows = []
    for name, field in model.model_fields.items():
        about: dict[str, Any] = schema["properties"][name]
        options = next((o for o in about.get("anyOf", []) if o.get("type") != "null"), about)
        default = "" if field.is_required() or field.default is None else field.default
        if isinstance(default, tuple | list):
            default = ", ".join(default)
        rows.append(
            {
                "name": name,
                "description": field.description or "",
                # What is said of the field itself comes before what is said of its type.
                "allowed": _allowed(options, about.get("words")),
                "default": str(default),
            }
        )
    return rows


def _allowed(options: Mapping[str, Any], words: str | None) -> str:
    """words: for a pattern, of the field itself, which come before those of its type."""
    items = options.get("items", {})
    if "enum" in options:
        return ", ".join(options["enum"])
    if "enum" in items:
        return (
            f"{options.get('minItems', 0)} to {options['maxItems']} of {', '.join(items['enum'])}"
        )
    if options.get("type") == "boolean":
        return "true or false"
    if options.get("type") in ("integer", "number"):
        ends = ((options.get(key), word) for key, word in (("minimum", "from"), ("maximum", "to")))
        limits = " ".join(f"{word} {value}" for value, word in ends if value is not None)
        kind = "a whole number" if options["type"] == "integer" else "a number"
        both = "minimum" in options and "maximum" in options
        return limits.removeprefix("from ") if both else f"{kind} {limits}".rstrip()
    if "pattern" in options:
        return str(words or options.get("words", f"in the form {options['pattern']}"))
    longest = options.get("maxLength")
    return f"text, at most {longest} characters" if longest else "text"
