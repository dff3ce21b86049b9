"""`/query` in the shape of Alpha Vantage's commodities and `/v2/rates` in that of Frankfurter."""

import hashlib
import json
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Response, current_app, jsonify, make_response, request

from mock_erp.market.commodities import commodities
from mock_erp.market.rates import CURRENCIES, per_base, published_until

if TYPE_CHECKING:
    from mock_erp.app import State

blueprint = Blueprint("market", __name__)

_NO_KEY = (
    "the parameter apikey is invalid or missing. Please claim your free API key on"
    " (https://www.alphavantage.co/support/#api-key). It should take less than 20 seconds."
)


def _state() -> "State":
    return cast("State", current_app.extensions["mock_erp"])


@blueprint.get("/query")
def query() -> Response:
    """Errors come with status 200, as they do from Alpha Vantage."""
    if not request.args.get("apikey"):
        return jsonify({"Error Message": _NO_KEY})
    function = request.args.get("function", "")
    interval = request.args.get("interval", "monthly")
    commodity = commodities().get(function)
    if commodity is None or interval not in commodity.intervals:
        message = (
            "Invalid API call. Please retry or visit the documentation"
            f" (https://www.alphavantage.co/documentation/) for {function or 'the API function'}."
        )
        return jsonify({"Error Message": message})
    observations = _state().prices.observations(commodity, interval, _state().clock.now())
    data = [
        {"date": day.isoformat(), "value": "." if price is None else str(price)}
        for day, price in observations
    ]
    return _json(
        {"name": commodity.name, "interval": interval, "unit": commodity.unit, "data": data}
    )


@blueprint.get("/v2/rates")
def rates() -> Response:
    """One object for each day and quote; the latest day unless `date`, or `from` and `to`, say more."""
    args = request.args
    base = args.get("base", "EUR").upper()
    quotes = [quote.upper() for quote in args.get("quotes", "").split(",") if quote]
    quotes = quotes or [currency for currency in CURRENCIES if currency != base]
    for currency in (base, *quotes):
        if currency not in CURRENCIES:
            return _refusal(f"invalid currency: {currency}")
    last_out = published_until(_state().clock.now())
    try:
        days = {
            name: date.fromisoformat(args[name]) for name in ("date", "from", "to") if name in args
        }
    except ValueError:
        return _refusal("invalid date")
    if "from" in days:
        found = _state().rates.days(days["from"], min(days.get("to", last_out), last_out))
    else:
        latest = _state().rates.latest(min(days.get("date", last_out), last_out))
        found = [latest] if latest else []
    body = [
        {
            "date": day.isoformat(),
            "base": base,
            "quote": quote,
            "rate": per_base(known, base, quote),
        }
        for day, known in found
        for quote in quotes
        if quote != base and {base, quote} <= {"EUR", *known}
    ]
    response = _json(body)
    response.headers["ETag"] = f'W/"{hashlib.blake2b(response.data, digest_size=12).hexdigest()}"'
    response.make_conditional(request)
    return response


def _refusal(message: str) -> Response:
    return make_response(jsonify({"status": 422, "message": message}), 422)


def _json(body: Any) -> Response:
    return Response(json.dumps(body, separators=(",", ":")), content_type="application/json")
