"""Queries for a widget, made from its Params: most are right, some are not."""

import math
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from widgets.core.params import Parameters

# Surrogates and control characters cannot be written into an address as they are.
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)

Query = dict[str, str]
Schema = Mapping[str, Any]


def queries(model: type[Parameters], example: Mapping[str, str]) -> st.SearchStrategy[Query]:
    """A third each time: as the schema says; the example with one parameter as the schema says; a few
    parameters from the example, as the schema says, or anything."""
    schema = model.model_json_schema()
    right, free = {}, {}
    for name, about in schema.get("properties", {}).items():
        given = [st.just(example[name])] if name in example else []
        right[name] = st.one_of(*given, *(_fitting(each, schema) for each in _options(about)))
        free[name] = st.one_of(right[name], _text)
    needed = {name: right[name] for name in schema.get("required", [])}
    others = {name: values for name, values in right.items() if name not in needed}
    near = [
        st.fixed_dictionaries(
            {**{each: st.just(value) for each, value in example.items()}, name: values}
        )
        for name, values in right.items()
    ]
    kinds = [
        st.fixed_dictionaries(needed, optional=others),
        st.one_of(*near) if near else st.just({}),
        st.fixed_dictionaries({}, optional=free),
    ]
    # Not `one_of`, which would give each parameter of the second a part as large as the third's.
    return st.sampled_from(kinds).flatmap(lambda kind: kind)


def neighbours(model: type[Parameters], example: Mapping[str, str]) -> Iterator[Query]:
    """The example with one parameter at each end of what the schema allows, or at each of its choices."""
    schema = model.model_json_schema()
    for name, about in schema.get("properties", {}).items():
        for option in _options(about):
            for value in _ends(option, schema):
                yield {**example, name: value}


def _options(about: Schema) -> Iterator[Schema]:
    """What a value may be. A Decimal is a number, or the same as text, of which the schema says little."""
    options = about.get("anyOf", [about])
    is_number = any(option.get("type") == "number" for option in options)
    left = {"null", "string"} if is_number else {"null"}
    yield from (option for option in options if option.get("type") not in left)


def _resolved(about: Schema, schema: Schema) -> Schema:
    if "$ref" not in about:
        return about
    found: Schema = schema["$defs"][about["$ref"].rpartition("/")[2]]
    return found


def _choices(about: Schema) -> list[str]:
    return [str(value) for value in about.get("enum", [about["const"]] if "const" in about else [])]


def _ends(about: Schema, schema: Schema) -> list[str]:
    about = _resolved(about, schema)
    if choices := _choices(about):
        return choices
    match about.get("type"):
        case "array":
            return _ends(about.get("items", {}), schema)
        case "boolean":
            return ["true", "false"]
        case "integer" | "number":
            return [str(about[key]) for key in ("minimum", "maximum") if key in about]
    return []


def _fitting(about: Schema, schema: Schema) -> st.SearchStrategy[str]:
    """Values that the schema allows, as an address has them."""
    about = _resolved(about, schema)
    if choices := _choices(about):
        return st.sampled_from(choices)
    match about.get("type"):
        case "array":
            items = st.one_of(
                *(_fitting(each, schema) for each in _options(about.get("items", {})))
            )
            least = about.get("minItems", 0)
            most = max(min(about.get("maxItems", 3), 3), least)
            return st.lists(items, min_size=least, max_size=most).map(",".join)
        case "integer" | "number":
            return _numbers(about)
        case "boolean":
            return st.sampled_from(["true", "false"])
    return _written(about)


def _numbers(about: Schema) -> st.SearchStrategy[str]:
    low = about.get("minimum", about.get("exclusiveMinimum"))
    high = about.get("maximum", about.get("exclusiveMaximum"))
    above, below = "exclusiveMinimum" in about, "exclusiveMaximum" in about
    step = about.get("multipleOf", 1 if about["type"] == "integer" else None)
    if step is None:
        return st.floats(
            low, high, exclude_min=above, exclude_max=below, allow_nan=False, allow_infinity=False
        ).map(str)
    # Counted in steps, and in decimals, since 3 × 0.1 is no multiple of 0.1 otherwise.
    size = Decimal(str(step))
    first = None if low is None else math.ceil(Decimal(str(low)) / size)
    last = None if high is None else math.floor(Decimal(str(high)) / size)
    if above and first is not None and first * size == Decimal(str(low)):
        first += 1
    if below and last is not None and last * size == Decimal(str(high)):
        last -= 1
    return st.integers(first, last).map(lambda count: str(count * size))


def _written(about: Schema) -> st.SearchStrategy[str]:
    match about.get("format"):
        case "date":
            return st.dates().map(str)
        case "date-time":
            return st.datetimes().map(lambda at: f"{at.isoformat()}Z")
        case "time":
            return st.times().map(lambda at: at.isoformat())
        case "uuid":
            return st.uuids().map(str)
    least, most = about.get("minLength", 0), about.get("maxLength", 80)
    if _is_python(about.get("pattern")):
        values = st.from_regex(str(about["pattern"]), fullmatch=True)
        return values.filter(lambda value: least <= len(value) <= most)
    # What sets the direction of text, and an asterisk, is refused by most, which the schema does not say.
    shown = st.characters(exclude_categories=["Cs", "Cc", "Cf"], exclude_characters="*")
    return st.text(shown, min_size=least, max_size=max(most, least))


def _is_python(pattern: str | None) -> bool:
    """Whether there is one, and it is none that Rust alone understands."""
    try:
        return pattern is not None and bool(re.compile(pattern))
    except re.error:
        return False
