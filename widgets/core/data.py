"""A widget's View as data: in JSON, its tables as CSV, and the JSON Schema of it, for programs and
spreadsheets. Who may have it, and with which values, is as for the frame (`viewing`).

docs/data.md says what is promised.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from time import perf_counter, time
from typing import TYPE_CHECKING, Any

from flask import Response, g, request
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import to_jsonable_python

from widgets.core import states, tables, viewing
from widgets.core.viewing import Seen
from widgets.errors import BadParameter, NotFound
from widgets.metrics import DATA_AGE_SECONDS, REQUEST_SECONDS, REQUESTS

if TYPE_CHECKING:
    from widgets.core.widget import Widget


def as_json(widget: "Widget") -> Response:
    """The View and what there is to know of it."""
    seen = viewing.look(widget)
    if seen.problem:
        return _refuse(widget, seen)
    freshness = states.freshness(seen.reads)
    body = written(
        {
            "widget": widget.slug,
            "state": states.name(seen.view, None, freshness),
            "as_of": freshness and freshness.as_of.astimezone(UTC),
            "stale_because": freshness and freshness.because,
            "params": seen.params and seen.params.model_dump(),
            "view": widget.view_function.view.dump_python(seen.view),
        }
    )
    return _send(widget, seen, body, "application/json")


def as_csv(widget: "Widget") -> Response:
    """The table that `table` names, else the first."""
    known = widget.view_function.tables
    asked = request.args.get("table", "")

    def check() -> tables.Table:
        if found := tables.named(known, asked):
            return found
        if not known:
            raise NotFound("This widget has no table.")
        raise BadParameter("table", f"The parameter table must be one of {', '.join(known)}.")

    seen = viewing.look(widget, check)
    if seen.problem:
        return _refuse(widget, seen)
    table = check()
    response = _send(widget, seen, tables.as_csv(table, seen.view), "text/csv; charset=utf-8")
    # Who opens the file next week sees in its name how old the figures are: CSV has no place for that.
    freshness = states.freshness(seen.reads)
    name = file_name(widget.slug, table.name, freshness.as_of if freshness else None)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def schema(widget: "Widget") -> Response:
    """The JSON Schema of the View. There is no data in it, so that anybody may have it."""
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **widget.view_function.view.json_schema(mode="serialization", schema_generator=Plain),
    }
    return _tagged(Response(written(described), mimetype="application/schema+json"), "no-cache")


class Plain(GenerateJsonSchema):
    """What `written` writes, where that is more than pydantic would promise."""

    def decimal_schema(self, _schema: Any) -> dict[str, Any]:
        return {"type": "string", "format": "decimal", "pattern": r"^-?\d+(\.\d+)?$"}

    def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: ARG002
        return True  # a field that has a default is written all the same


FORMATS: Mapping[str, Callable[["Widget"], Response]] = {
    "data.json": as_json,
    "data.csv": as_csv,
    "schema.json": schema,
}
"""By the last part of the address."""

_ENDPOINTS = {name: name.replace(".", "_") for name in FORMATS}


def endpoint(name: str) -> str:
    """What Flask calls the address that ends in `name`."""
    return _ENDPOINTS[name]


def is_asked() -> bool:
    """Whether the present request to a widget is for data, and not for a page."""
    return (request.endpoint or "").rpartition(".")[2] in _ENDPOINTS.values()


def fail(error: Exception, widget: "Widget") -> Response:
    """A fault of ours, told to a program."""
    return _refuse(widget, viewing.fault(error, widget), logged=True)


def written(content: object) -> str:
    """As JSON. A Decimal is a string, in plain digits: read as a number it would be rounded by most."""
    return json.dumps(
        content, default=_plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )


def _plain(value: object) -> object:
    return tables.digits(value) if isinstance(value, Decimal) else to_jsonable_python(value)


def file_name(slug: str, table: str, as_of: datetime | None) -> str:
    """`inventory-rows-20261120T0900Z.csv`: nothing in it needs quoting on any system."""
    when = f"-{as_of.astimezone(UTC):%Y%m%dT%H%MZ}" if as_of else ""
    return re.sub(r"[^A-Za-z0-9-]+", "-", f"{slug}-{table}{when}") + ".csv"


def _refuse(widget: "Widget", seen: Seen, *, logged: bool = False) -> Response:
    """An error, as RFC 9457 has it."""
    problem = seen.problem
    assert problem is not None  # noqa: S101
    if not logged:
        viewing.log(widget, seen)
    said = {
        "title": problem.title,
        "detail": problem.message,
        "status": problem.status,
        "code": problem.code,
        "reference": problem.reference,
        **({"parameter": problem.parameter} if problem.parameter else {}),
    }
    response = _send(widget, seen, written(said), "application/problem+json")
    response.status_code = problem.status
    if problem.retry_after:
        response.headers["Retry-After"] = str(problem.retry_after)
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = f'Bearer error="{problem.code}"'
    return response


def _send(widget: "Widget", seen: Seen, body: str, kind: str) -> Response:
    """The answer with what a cache must know, and counted.

    Nobody but who asked may keep it, whoever may see it: it is seldom asked for, and then by a program.
    """
    freshness = states.freshness(seen.reads)
    response = Response(body, content_type=kind)
    response.headers["Vary"] = "Authorization"
    if seen.problem or "token" in request.args:
        response.headers["Cache-Control"] = "no-store"
    else:
        _tagged(response, "private, no-cache")
    state = states.name(seen.view, seen.problem, freshness)
    host = g.host.id if g.host else "-"
    REQUESTS.labels(widget.slug, host, state, "render").inc()
    REQUEST_SECONDS.labels(widget.slug, "render").observe(perf_counter() - seen.started)
    if freshness:
        age = max(0.0, time() - freshness.as_of.timestamp())
        response.headers["Age"] = str(int(age))
        DATA_AGE_SECONDS.labels(widget.slug).observe(age)
    return response


def _tagged(response: Response, cache_control: str) -> Response:
    """With an ETag, and without its body where who asks has that already."""
    response.headers["Cache-Control"] = cache_control
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.make_conditional(request.environ)
    return response
