"""What a path under /data names: a set, an entity by its keys, or a set's count."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mock_erp.model import ENTITY_SETS, EntitySet
from mock_erp.odata.errors import ODataError

_RESOURCE = re.compile(r"(?P<set>[A-Za-z_]\w*)(?:\((?P<keys>.*)\))?(?P<count>/\$count)?", re.DOTALL)
_KEY = re.compile(
    r"\s*(?P<name>\w+)\s*=\s*(?P<value>'(?:[^']|'')*'|[^',\s][^',]*)\s*(?:,|$)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Resource:
    """`keys` is None for a whole set."""

    entity_set: EntitySet
    keys: Mapping[str, str | int | float] | None
    count: bool


def parse_resource(path: str) -> Resource:
    """`path` is what follows /data/, already percent-decoded: a `/` inside quotes belongs to a key.

    Raises ODataError: 404 for an unknown set, 400 for keys that do not fit the set.
    """
    match = _RESOURCE.fullmatch(path)
    name = match["set"] if match else path.partition("/")[0].partition("(")[0]
    if name not in ENTITY_SETS:
        raise ODataError(
            404,
            f"Resource not found for the segment '{name}'.",
            "Microsoft.OData.UriParser.ODataUnrecognizedPathException",
        )
    if match is None:
        raise ODataError(
            404,
            f"The request URI is not valid: '{path}' is not a set, an entity with its keys, or"
            " a set's /$count.",
            "Microsoft.OData.UriParser.ODataUnrecognizedPathException",
        )
    entity_set = ENTITY_SETS[name]
    if match["keys"] is None:
        return Resource(entity_set, None, match["count"] is not None)
    if match["count"]:
        raise ODataError(
            400, "The request URI is not valid. $count cannot be applied to an entity."
        )
    return Resource(entity_set, _parse_keys(match["keys"], entity_set), count=False)


def _parse_keys(text: str, entity_set: EntitySet) -> dict[str, str | int | float]:
    keys: dict[str, str | int | float] = {}
    position = 0
    while position < len(text):
        match = _KEY.match(text, position)
        if match is None:
            raise ODataError(400, f"Bad Request - Error in query syntax in the keys: {text}")
        name = match["name"]
        if name not in entity_set.key or name in keys:
            raise ODataError(
                400,
                f"The key '{name}' is not a key property of type"
                f" 'Microsoft.Dynamics.DataEntities.{entity_set.entity_type}', or is given twice.",
            )
        keys[name] = _key_value(match["value"], name, entity_set)
        position = match.end()
    if set(keys) != set(entity_set.key):
        raise ODataError(
            400,
            f"The number of keys specified in the URI does not match number of key properties for"
            f" the resource 'Microsoft.Dynamics.DataEntities.{entity_set.entity_type}':"
            f" {', '.join(entity_set.key)} are required.",
        )
    return keys


def _key_value(literal: str, name: str, entity_set: EntitySet) -> str | int | float:
    kind = entity_set.types[name]
    quoted = literal.startswith("'")
    if kind == "String" and quoted:
        return literal[1:-1].replace("''", "'")
    if kind in ("Int32", "Decimal") and re.fullmatch(r"-?\d+(\.\d+)?", literal):
        return float(literal) if "." in literal else int(literal)
    if kind == "DateTimeOffset" and not quoted:
        return literal.strip()
    raise ODataError(
        400, f"Syntax error: '{literal}' is not a literal of type Edm.{kind} for the key '{name}'."
    )
