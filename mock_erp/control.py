"""/_control/: faults, clock, reset and the log of calls. For clients on this machine only."""

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, jsonify, make_response, request

from mock_erp.clock import parse_instant
from mock_erp.faults import COMMON_FIELDS, KINDS, FaultRefused, parse_fault

if TYPE_CHECKING:
    from mock_erp.app import State

blueprint = Blueprint("control", __name__, url_prefix="/_control")


def _state() -> "State":
    return cast("State", current_app.extensions["mock_erp"])


@blueprint.before_request
def only_from_this_machine() -> None:
    """404 for everyone else. The Host and Origin headers are looked at because a page in a browser on
    this machine can reach loopback too, directly or by pointing a name of its own at it."""
    origin = request.headers.get("Origin")
    if not (
        _is_loopback(request.remote_addr or "")
        and _is_loopback(_host_name(f"//{request.headers.get('Host', '')}"))
        and (origin is None or origin == request.host_url.rstrip("/"))
    ):
        abort(404)


def _host_name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


@blueprint.get("/")
def describe() -> Response:
    state = _state()
    kinds = {
        name: {"does": kind.does, "fields": kind.fields, "required": kind.required}
        for name, kind in KINDS.items()
    }
    return jsonify(
        {
            "routes": {
                "GET /_control/": "this page",
                "POST /_control/fault": "set a fault: a JSON object of the fields below",
                "DELETE /_control/fault": "clear every fault; what hangs is let go",
                "POST /_control/reset": "clear faults and log, set the clock back",
                "GET /_control/log": "the calls received, oldest first",
                "DELETE /_control/log": "empty the log",
                "POST /_control/clock": 'one of {"advance": seconds}, {"set": instant}, {"speed": x}',
            },
            "fault_fields": COMMON_FIELDS,
            "fault_kinds": kinds,
            "faults": state.faults.active(),
            "clock": _clock(),
        }
    )


@blueprint.post("/fault")
def set_fault() -> Response:
    state = _state()
    try:
        fault = parse_fault(_body())
    except FaultRefused as error:
        return _refusal(str(error))
    if fault.kind == "expire-tokens":
        state.tokens.expire_all()
    else:
        state.faults.add(fault)
    return jsonify({"faults": state.faults.active()})


@blueprint.delete("/fault")
def clear_faults() -> Response:
    _state().faults.clear()
    return jsonify({"faults": []})


@blueprint.post("/reset")
def reset() -> Response:
    state = _state()
    state.faults.clear()
    state.calls.clear()
    state.clock.reset()
    return jsonify({"faults": [], "clock": _clock()})


@blueprint.get("/log")
def log() -> Response:
    return jsonify(_state().calls.calls())


@blueprint.delete("/log")
def clear_log() -> Response:
    _state().calls.clear()
    return jsonify([])


@blueprint.post("/clock")
def move_clock() -> Response:
    clock = _state().clock
    wanted = _body()
    try:
        match wanted:
            case {"advance": int() | float() as seconds, **rest} if not rest:
                clock.advance(seconds)
            case {"set": str() as instant, **rest} if not rest:
                clock.set(parse_instant(instant))
            case {"speed": int() | float() as speed, **rest} if not rest and speed >= 0:
                clock.set_speed(speed)
            case _:
                return _refusal(
                    'one of {"advance": seconds}, {"set": "2026-01-15T08:00:00Z"} and'
                    f' {{"speed": 0 or more}} is expected, not {wanted!r}'
                )
    except (ValueError, OverflowError) as error:
        return _refusal(str(error))
    return jsonify(_clock())


def _clock() -> dict[str, Any]:
    clock = _state().clock
    return {"now": clock.now().isoformat(), "start": clock.start.isoformat(), "speed": clock.speed}


def _body() -> Any:
    """The JSON body; None if it is not JSON, and so refused by whoever reads it."""
    return request.get_json(silent=True)


def _refusal(message: str) -> Response:
    return make_response(jsonify({"error": message}), 400)
