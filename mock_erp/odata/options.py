"""The system query options of a read, checked against the entity set."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from mock_erp.model import EntitySet, Row
from mock_erp.odata.errors import bad_query, unknown_property
from mock_erp.odata.filters import Predicate, compile_filter

_COLLECTION_OPTIONS = {
    "$filter", "$select", "$orderby", "$top", "$skip", "$count", "$expand", "$skiptoken",
}  # fmt: skip
_ENTITY_OPTIONS = {"$select", "$expand"}
_COUNT_OPTIONS = {"$filter"}


@dataclass(frozen=True, slots=True)
class Options:
    """A read's options.

    predicate: None if there is no filter. orderby: (property, descending). select: None for all.
    served: how many rows earlier pages have given, from the link that led here.
    """

    cross_company: bool
    predicate: Predicate | None
    select: tuple[str, ...] | None
    orderby: tuple[tuple[str, bool], ...]
    expand: tuple[str, ...]
    top: int | None
    skip: int
    count: bool
    served: int


def parse_options(args: MultiDict[str, str], entity_set: EntitySet, *, kind: str) -> Options:
    """`kind` is "collection", "entity" or "count" and says which options make sense.

    Raises ODataError (400). Options without `$` that are not Dynamics' are ignored, as OData asks of
    custom query options; so a mistyped `cross-company` loses rows silently, as it does in Dynamics.
    """
    allowed = {
        "collection": _COLLECTION_OPTIONS,
        "entity": _ENTITY_OPTIONS,
        "count": _COUNT_OPTIONS,
    }
    for name, values in args.lists():
        if name.startswith("$") and name not in allowed[kind]:
            raise bad_query(f"The query parameter '{name}' is not supported.")
        if name.startswith("$") and len(values) > 1:
            raise bad_query(f"Query option '{name}' was specified more than once.")
    filter_text = args.get("$filter")
    return Options(
        cross_company=_boolean(args, "cross-company"),
        predicate=compile_filter(filter_text, entity_set) if filter_text is not None else None,
        select=_select(args, entity_set),
        orderby=_orderby(args.get("$orderby", ""), entity_set),
        expand=_expand(args.get("$expand", ""), entity_set),
        top=_natural(args, "$top"),
        skip=_natural(args, "$skip") or 0,
        count=_boolean(args, "$count"),
        served=_read_token(args.get("$skiptoken")),
    )


def skip_token(served: int) -> str:
    """An opaque token for the next page."""
    return base64.urlsafe_b64encode(json.dumps({"served": served}).encode()).decode().rstrip("=")


def _read_token(token: str | None) -> int:
    if token is None:
        return 0
    try:
        served = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))["served"]
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise bad_query("The $skiptoken is not one that this service gave.") from error
    if not isinstance(served, int) or served < 0:
        raise bad_query("The $skiptoken is not one that this service gave.")
    return served


def _boolean(args: Mapping[str, str], name: str) -> bool:
    text = args.get(name, "false")
    if text not in ("true", "false"):
        raise bad_query(f"Invalid value '{text}' for {name}: 'true' or 'false' is expected.")
    return text == "true"


def _natural(args: Mapping[str, str], name: str) -> int | None:
    text = args.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise bad_query(
            f"Invalid value '{text}' for {name} query option found. The {name} query option"
            " requires a non-negative integer value."
        )
    return int(text)


def _select(args: Mapping[str, str], entity_set: EntitySet) -> tuple[str, ...] | None:
    text = args.get("$select")
    if text is None or text.strip() == "*":
        return None
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in entity_set.types:
            raise unknown_property(name, entity_set.entity_type)
    return names


def _orderby(text: str, entity_set: EntitySet) -> tuple[tuple[str, bool], ...]:
    order = []
    for clause in filter(None, (part.strip() for part in text.split(","))):
        name, _, direction = clause.partition(" ")
        if name not in entity_set.types:
            raise unknown_property(name, entity_set.entity_type)
        if direction.strip() not in ("", "asc", "desc"):
            raise bad_query(f"Syntax error in $orderby: '{direction}' is neither 'asc' nor 'desc'.")
        order.append((name, direction.strip() == "desc"))
    return tuple(order)


def _expand(text: str, entity_set: EntitySet) -> tuple[str, ...]:
    names = tuple(filter(None, (part.strip() for part in text.split(","))))
    for name in names:
        if "(" in name or "/" in name:
            raise bad_query("$expand is supported for the first level only and without options.")
        if name not in entity_set.navigation:
            raise unknown_property(name, entity_set.entity_type)
    return names


def order_rows(rows: list[Row], orderby: tuple[tuple[str, bool], ...]) -> list[Row]:
    """Stable: rows that compare equal keep the order of their keys."""
    for name, descending in reversed(orderby):
        rows = sorted(rows, key=lambda row: row[name], reverse=descending)
    return rows
