"""/data: the service document, $metadata, sets, entities and counts."""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, current_app, request

from mock_erp import auth, faults
from mock_erp.model import ENTITY_SETS, EntitySet, Row
from mock_erp.odata.errors import ODataError, error_response
from mock_erp.odata.metadata import csdl
from mock_erp.odata.options import Options, order_rows, parse_options, skip_token
from mock_erp.odata.resource import parse_resource

if TYPE_CHECKING:
    from mock_erp.app import State

blueprint = Blueprint("odata", __name__, url_prefix="/data")
blueprint.register_error_handler(ODataError, error_response)


def _state() -> "State":
    return cast("State", current_app.extensions["mock_erp"])


@blueprint.before_request
def check_token() -> Response | None:
    if _state().tokens.is_valid(request.headers.get("Authorization", "")):
        return None
    return auth.unauthorized()


@blueprint.before_request
def check_method() -> None:
    if request.method not in ("GET", "HEAD"):
        raise ODataError(
            405,
            f"The requested resource does not support http method '{request.method}':"
            " nothing can be changed through this service.",
            "System.NotSupportedException",
        )


METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@blueprint.route("", methods=METHODS)
@blueprint.route("/", methods=METHODS)
def service_document() -> Response:
    sets = [{"name": name, "kind": "EntitySet", "url": name} for name in ENTITY_SETS]
    return _json({"@odata.context": _context(), "value": sets})


@blueprint.route("/$metadata", methods=METHODS)
def metadata() -> Response:
    response = Response(csdl(), content_type="application/xml")
    response.headers["OData-Version"] = "4.0"
    return response


@blueprint.route("/<path:resource_path>", methods=METHODS)
def resource(resource_path: str) -> Response:
    found = parse_resource(resource_path)
    if found.keys is not None:
        return _entity(found.entity_set, tuple(found.keys[name] for name in found.entity_set.key))
    options = parse_options(
        request.args, found.entity_set, kind="count" if found.count else "collection"
    )
    rows = _rows(found.entity_set, options)
    if found.count:
        return Response(str(len(rows)), content_type="text/plain; charset=utf-8")
    return _collection(found.entity_set, options, order_rows(rows, options.orderby))


def _rows(entity_set: EntitySet, options: Options) -> list[Row]:
    """The rows of the caller's company or of all, filtered, in the order of their keys."""
    rows: Iterable[Row] = _state().table(entity_set.name).values()
    if entity_set.per_company and not options.cross_company:
        company = _state().default_company
        rows = (row for row in rows if row["dataAreaId"] == company)
    if options.predicate is not None:
        rows = filter(options.predicate, rows)
    return list(rows)


def _collection(entity_set: EntitySet, options: Options, rows: list[Row]) -> Response:
    total = len(rows)
    if options.served and faults.row_was_inserted(request.environ):
        # The set grew by a row before the first, so every row has moved one place down.
        rows = [rows[0], *rows] if rows else rows
    wanted = rows[options.skip :]
    if options.top is not None:
        wanted = wanted[: options.top]
    page = wanted[options.served : options.served + _state().page_size]
    body: dict[str, Any] = {"@odata.context": _context(entity_set, options)}
    if options.count:
        body["@odata.count"] = total
    body["value"] = [_serialise(entity_set, row, options) for row in page]
    served = options.served + len(page)
    if page and served < len(wanted):
        body["@odata.nextLink"] = _next_link(served)
    return _json(body)


def _entity(entity_set: EntitySet, key: tuple[str | int | float, ...]) -> Response:
    options = parse_options(request.args, entity_set, kind="entity")
    row = _state().table(entity_set.name).get(key)
    company = _state().default_company
    if row is not None and entity_set.per_company and not options.cross_company:
        row = row if row["dataAreaId"] == company else None
    if row is None:
        return Response("", 404)
    body = {"@odata.context": _context(entity_set, options, entity=True)}
    response = _json(body | _serialise(entity_set, row, options))
    response.headers["ETag"] = etag(row)
    if _matches(request.headers.get("If-None-Match", ""), etag(row)):
        response = Response(status=304, headers={"ETag": etag(row)})
    return response


def etag(row: Row) -> str:
    """Weak, as Dynamics' are, and a function of the row's data alone."""
    data = json.dumps(row, sort_keys=True).encode()
    return f'W/"{hashlib.blake2b(data, digest_size=12).hexdigest()}"'


def _matches(if_none_match: str, current: str) -> bool:
    """The weak comparison of RFC 9110, section 13.1.2."""
    if if_none_match.strip() == "*":
        return True
    return current.removeprefix("W/") in re.findall(r'"[^"]*"', if_none_match)


def _serialise(entity_set: EntitySet, row: Row, options: Options) -> dict[str, Any]:
    names = options.select if options.select is not None else entity_set.types
    shown: dict[str, Any] = {"@odata.etag": etag(row)}
    shown |= {name: row[name] for name in entity_set.types if name in names}
    for navigation in options.expand:
        target, shared = entity_set.navigation[navigation]
        shown[navigation] = [
            {"@odata.etag": etag(other), **other}
            for other in _state().table(target).values()
            if other[shared] == row[shared] and other["dataAreaId"] == row["dataAreaId"]
        ]
    return shown


def _context(
    entity_set: EntitySet | None = None, options: Options | None = None, *, entity: bool = False
) -> str:
    context = f"{request.host_url}data/$metadata"
    if entity_set is not None:
        context += f"#{entity_set.name}"
    if options is not None and options.select is not None:
        context += f"({','.join(options.select)})"
    return context + ("/$entity" if entity else "")


def _next_link(served: int) -> str:
    """The same request with a token in it. To a client it is opaque, to be followed as it is."""
    args = [pair for pair in request.args.items(multi=True) if pair[0] != "$skiptoken"]
    query = urlencode([*args, ("$skiptoken", skip_token(served))], quote_via=quote, safe="$")
    return f"{request.base_url}?{query}"


def _json(body: dict[str, Any]) -> Response:
    response = Response(json.dumps(body, ensure_ascii=False, separators=(",", ":")))
    response.headers["Content-Type"] = "application/json; odata.metadata=minimal"
    response.headers["OData-Version"] = "4.0"
    response.headers["Cache-Control"] = "no-cache"
    return response
