"""The log of calls received, for tests that count and inspect them. Credentials never get into it."""

import re
import threading
from collections import deque
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from mock_erp.model import ENTITY_SETS

_KEPT = 10_000
_SECRET_PARAMETERS = {"apikey", "client_secret", "access_token", "code", "token"}
_SET_IN_PATH = re.compile(r"/data/(\w+)")
_COMPANY = re.compile(r"dataAreaId\s*(?:eq|=)\s*'((?:[^']|'')*)'")


def entity_set_of(path: str) -> str | None:
    """The entity set that a path is about, if it is about one."""
    match = _SET_IN_PATH.match(path)
    return match[1] if match and match[1] in ENTITY_SETS else None


class CallLog:
    """The last 10,000 calls, oldest first. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[dict[str, Any]] = deque(maxlen=_KEPT)

    def begin(self, environ: dict[str, Any], path: str) -> dict[str, Any]:
        """Note a call; the caller sets `status` when it is known (None: no answer was sent)."""
        query = {
            name: "***" if name.lower() in _SECRET_PARAMETERS else value
            for name, value in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        }
        company = _COMPANY.search(path + " " + query.get("$filter", ""))
        call = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "method": environ["REQUEST_METHOD"],
            "path": path,
            "query": query,
            "set": entity_set_of(path),
            "company": company[1] if company else None,
            "status": None,
            "if_none_match": "HTTP_IF_NONE_MATCH" in environ,
            "request_id": environ.get("HTTP_X_REQUEST_ID"),
            "fault": None,
        }
        with self._lock:
            self._calls.append(call)
        return call

    def calls(self) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(call) for call in self._calls]

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
