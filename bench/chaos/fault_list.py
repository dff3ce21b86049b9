"""The bad days of an upstream that are tried, as the mock ERP knows them (see `/_control/` of it)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from bench.chaos.stage import REFRESH

STOCK = "WarehousesOnHandV2"
PRICES = "/query"


@dataclass(frozen=True, slots=True)
class Fault:
    """body: what the mock is told, made when it is told. refused: the upstream denies us the data, so that
    viewers must be shown an error and never what was read before; else they must be shown that.
    rest: seconds for which the upstream may be left alone after the fault: it asked for that, or it is what a
    frame waits until it looks again."""

    name: str
    body: Callable[[], dict[str, Any]]
    refused: bool = False
    rest: float = REFRESH


def _stock(kind: str, **more: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {"match": STOCK, "kind": kind, **more}


def _throttled(**more: Any) -> Callable[[], dict[str, Any]]:
    return _stock("status", status=429, **more)


def _throttled_until() -> dict[str, Any]:
    soon = datetime.now(UTC) + timedelta(seconds=5)
    return _throttled(retry_after=format_datetime(soon, usegmt=True))()


FAULTS = (
    Fault("429-seconds", _throttled(retry_after="3")),
    Fault("429-date", _throttled_until),
    Fault("429-growing", _throttled(retry_after=["1", "2", "4", "8"])),
    Fault("429-missing", _throttled()),
    Fault("tokens-expire", lambda: {"kind": "expire-tokens"}),
    Fault("401-once", _stock("status", status=401, times=1)),
    Fault("403", _stock("status", status=403), refused=True),
    Fault("login-page", _stock("login"), refused=True),
    Fault("delay-3-s", _stock("delay", delay=3)),
    Fault("hang", _stock("hang")),
    Fault("reset", _stock("reset")),
    Fault("truncated", _stock("truncate")),
    Fault("503-html", _stock("html")),
    Fault("500-everywhere", lambda: {"match": "*", "kind": "status", "status": 500}),
    Fault("false-encoding", _stock("encoding")),
    Fault("looping-link", _stock("looping-link")),
    Fault("inserted-row", _stock("inserted-row")),
    Fault("doubled-rows", _stock("data", duplicate=True)),
    Fault("text-for-number", _stock("data", field="OnHandQuantity", set="12")),
    Fault("missing-field", _stock("data", field="AvailableOnHandQuantity", remove=True)),
    Fault("other-company", _stock("data", field="dataAreaId", set="demf")),
    Fault("information-note", lambda: {"match": PRICES, "kind": "throttle-note"}, rest=60),
)
