"""`/carrier`: where the parcels of the shipped orders are, as plain JSON, for widgets over an upstream of
their own. Field names are ours; no carrier writes it like this."""

import hashlib
import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Response, current_app, request

from mock_erp.model import Row

if TYPE_CHECKING:
    from mock_erp.app import State

blueprint = Blueprint("carrier", __name__, url_prefix="/carrier")

_PLACES = ("Reno depot", "Salt Lake City hub", "Denver hub", "Omaha depot", "Chicago hub")
_MOST = 1000  # parcels of one answer
_DAYS = (1, 2, 2, 3, 4)  # that a parcel takes


def _state() -> "State":
    return cast("State", current_app.extensions["mock_erp"])


@blueprint.get("/parcels")
def parcels() -> Response:
    """The parcels of one `order`, or of one `customer`, what was shipped last first; at most `limit`."""
    args = request.args
    company = args.get("company", _state().default_company)
    if not (args.get("order") or args.get("customer")):
        return _json({"message": "name an order or a customer: ?order=, ?customer="}, 400)
    found = _parcels(company, order=args.get("order"), customer=args.get("customer"))
    return _json(list(islice(found, args.get("limit", _MOST, type=int))))


@blueprint.get("/parcels/<number>")
def parcel(number: str) -> Response:
    company = request.args.get("company", _state().default_company)
    order = number.removeprefix("PX").rpartition("-")[0]
    found = next((each for each in _parcels(company, order) if each["number"] == number), None)
    return _json(found) if found else _json({"message": f"there is no parcel {number}"}, 404)


def _parcels(
    company: str, order: str | None = None, customer: str | None = None
) -> Iterator[dict[str, Any]]:
    """One for each line that has left the warehouse."""
    headers = {
        header["SalesOrderNumber"]: header
        for header in _state().table("SalesOrderHeadersV2").values()
        if header["dataAreaId"] == company
        and order in (None, header["SalesOrderNumber"])
        and customer in (None, header["OrderingCustomerAccountNumber"])
    }
    lines = [
        line
        for line in _state().table("SalesOrderLines").values()
        if line["dataAreaId"] == company
        and line["SalesOrderNumber"] in headers
        and line["SalesOrderLineStatus"] in ("Delivered", "Invoiced")
    ]
    now = _state().clock.now()
    found = [(headers[line["SalesOrderNumber"]], line) for line in lines]
    found.sort(key=lambda pair: pair[1]["LineNumber"])
    found.sort(key=lambda pair: pair[0]["RequestedShippingDate"], reverse=True)
    return (_parcel(header, line, now) for header, line in found)


def _parcel(header: Row, line: Row, now: datetime) -> dict[str, Any]:
    number = f"PX{header['SalesOrderNumber']}-{line['LineNumber']}"
    rng = random.Random(f"{header['dataAreaId']}/{number}")
    shipped = datetime.fromisoformat(header["RequestedShippingDate"])
    days = rng.choice(_DAYS)
    due = shipped + timedelta(days=days)
    late = rng.random() < 0.15
    arrives = due + timedelta(days=rng.randint(1, 3) if late else 0, hours=rng.uniform(-3, 5))
    places = rng.sample(_PLACES, k=min(days, len(_PLACES)))
    place, status, updated = "the warehouse", "handed over", shipped
    for step, name in enumerate(places, start=1):
        passed = shipped + (arrives - shipped) * step / (len(places) + 1)
        if passed <= now:
            place, status, updated = name, "on its way", passed
    if arrives <= now:
        place, status, updated = header["SalesOrderName"], "delivered", arrives
    return {
        "number": number,
        "order": header["SalesOrderNumber"],
        "contents": line["LineDescription"],
        "status": status,
        "place": place,
        "updated": f"{min(updated, now):%Y-%m-%dT%H:%M:%SZ}",
        "due": f"{due:%Y-%m-%d}",
        "late": late and due < min(arrives, now),
        "weight_kg": round(rng.uniform(0.4, 28), 1),
    }


def _json(body: object, status: int = 200) -> Response:
    response = Response(json.dumps(body), status, content_type="application/json")
    if status == 200:
        digest = hashlib.blake2b(response.get_data(), digest_size=12).hexdigest()
        response.headers["ETag"] = f'"{digest}"'
        response.make_conditional(request)
    return response
