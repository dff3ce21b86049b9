"""The faults that can be set: which there are, what each needs, and which one a call meets."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mock_erp.calls import entity_set_of
from mock_erp.model import ENTITY_SETS

# The environ key that tells a view about a fault which the view itself must act out.
INSERTED_ROW = "mock_erp.inserted_row"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: what it does, and its fields with what each may be."""

    does: str
    fields: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    "delay": Kind(
        "answers after a delay", {"delay": "seconds, a number from 0 to 600"}, ("delay",)
    ),
    "status": Kind(
        "answers with this status instead",
        {
            "status": "an HTTP status from 200 to 599",
            "retry_after": "the header's text, or a list of texts used in turn (the last one stays)",
            "body": "text; Dynamics' error body unless given",
            "content_type": "text",
        },
        ("status",),
    ),
    "hang": Kind(
        "takes the call and never answers, until the fault is cleared or ten minutes pass"
    ),
    "truncate": Kind("sends half of the body and closes the connection"),
    "reset": Kind("sends half of the body and resets the connection"),
    "html": Kind("answers 503 with an HTML page"),
    "login": Kind("redirects (302) to a login page in HTML"),
    "encoding": Kind("claims that the plain body is gzip"),
    "throttle-note": Kind(
        "answers 200 with Alpha Vantage's note instead of data",
        {"key": '"Information" (the default) or "Note"'},
    ),
    "looping-link": Kind("gives every page a nextLink that leads to itself"),
    "inserted-row": Kind("acts as if a row was inserted after the first page was read"),
    "data": Kind(
        "changes the rows of the answer: give `field` with `set` or `remove`, or `duplicate`",
        {
            "rows": '"all" (the default) or "first"',
            "field": "a field's name",
            "set": "any JSON value to put into the field",
            "remove": "true: take the field away",
            "duplicate": "true: send each of the rows twice",
        },
    ),
    "expire-tokens": Kind("makes every token that was given out invalid, at once and once"),
}
COMMON_FIELDS = {
    "match": 'an entity set, a path prefix such as "/v2/rates", or "*" for everything',
    "kind": "one of the kinds",
    "times": "how many calls it hits, a whole number from 1; null is no limit",
    "seconds": "for how long it lasts, a number above 0; null is no limit",
}


class FaultRefused(ValueError):
    """A fault that cannot be set; the message says what is allowed."""


@dataclass(slots=True, eq=False)
class Fault:
    """A fault that is on. `ended` is set when it is cleared, so that what hangs goes on."""

    match: str
    kind: str
    options: dict[str, Any]
    times: int | None
    until: float | None
    hits: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def describe(self) -> dict[str, Any]:
        left = None if self.until is None else round(max(0.0, self.until - time.monotonic()), 3)
        return {
            "match": self.match,
            "kind": self.kind,
            **self.options,
            "times": self.times,
            "seconds": left,
            "hits": self.hits,
        }


class Faults:
    """The faults that are on, in the order they were set: a call meets the first that fits it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            for fault in self._faults:
                fault.ended.set()
            self._faults.clear()

    def active(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.describe() for fault in self._faults if _is_on(fault)]

    def meet(self, path: str) -> tuple[Fault, int] | None:
        """The fault that a call to `path` meets, and how many calls met it before; counts the call."""
        with self._lock:
            for fault in self._faults:
                if _is_on(fault) and _fits(fault.match, path):
                    fault.hits += 1
                    return fault, fault.hits - 1
        return None


def _is_on(fault: Fault) -> bool:
    used_up = fault.times is not None and fault.hits >= fault.times
    return not used_up and (fault.until is None or time.monotonic() < fault.until)


def _fits(match: str, path: str) -> bool:
    if match == "*":
        return True
    return path.startswith(match) if match.startswith("/") else entity_set_of(path) == match


def row_was_inserted(environ: Mapping[str, Any]) -> bool:
    return INSERTED_ROW in environ


def parse_fault(wanted: Any) -> Fault:
    """Raises FaultRefused for an unknown kind or field and for a value that does not fit."""
    if not isinstance(wanted, dict):
        raise FaultRefused("a JSON object is expected")
    name = wanted.get("kind")
    if not isinstance(name, str) or name not in KINDS:
        raise FaultRefused(f"unknown kind {name!r}: one of {', '.join(KINDS)} is expected")
    kind = KINDS[name]
    unknown = set(wanted) - set(COMMON_FIELDS) - set(kind.fields)
    if unknown:
        allowed = ", ".join((*COMMON_FIELDS, *kind.fields))
        raise FaultRefused(
            f"unknown field {', '.join(sorted(unknown))} for {name}: allowed are {allowed}"
        )
    missing = [field_name for field_name in kind.required if field_name not in wanted]
    if missing:
        raise FaultRefused(f"{name} needs {', '.join(missing)}: {kind.fields[missing[0]]}")
    options = {key: value for key, value in wanted.items() if key in kind.fields}
    for key, value in options.items():
        if key in _CHECKS and not _CHECKS[key](value):
            raise FaultRefused(f"{key} is {value!r}, but must be {kind.fields[key]}")
    if name == "data" and not _says_what(options):
        raise FaultRefused("data needs `field` with either `set` or `remove`, or `duplicate` alone")
    return _fault(wanted, name, options)


def _says_what(options: dict[str, Any]) -> bool:
    """Exactly one change to the rows."""
    changes = [name for name in ("set", "remove", "duplicate") if name in options]
    return len(changes) == 1 and ("field" in options) == (changes != ["duplicate"])


def _fault(wanted: dict[str, Any], kind: str, options: dict[str, Any]) -> Fault:
    match = wanted.get("match", "*" if kind == "expire-tokens" else None)
    is_known = isinstance(match, str) and (match == "*" or match[:1] == "/" or match in ENTITY_SETS)
    if not is_known:
        raise FaultRefused(
            f"match is {match!r}, but must be {COMMON_FIELDS['match']}; the sets are"
            f" {', '.join(ENTITY_SETS)}"
        )
    times, seconds = wanted.get("times"), wanted.get("seconds")
    if times is not None and (not _is_number(times) or times < 1 or times != int(times)):
        raise FaultRefused(f"times is {times!r}, but must be {COMMON_FIELDS['times']}")
    if seconds is not None and (not _is_number(seconds) or seconds <= 0):
        raise FaultRefused(f"seconds is {seconds!r}, but must be {COMMON_FIELDS['seconds']}")
    until = None if seconds is None else time.monotonic() + seconds
    return Fault(str(match), kind, options, None if times is None else int(times), until)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_header(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and value.isascii()


# What each field of KINDS may be; `set`, which takes any JSON value, is not here.
_CHECKS: dict[str, Callable[[Any], bool]] = {
    "delay": lambda value: _is_number(value) and 0 <= value <= 600,
    "status": lambda value: _is_number(value) and 200 <= value <= 599 and value == int(value),
    "retry_after": lambda value: (
        all(map(_is_header, value)) if isinstance(value, list) and value else _is_header(value)
    ),
    "content_type": _is_header,
    "body": lambda value: isinstance(value, str),
    "field": lambda value: isinstance(value, str),
    "key": lambda value: value in ("Information", "Note"),
    "rows": lambda value: value in ("all", "first"),
    "remove": lambda value: value is True,
    "duplicate": lambda value: value is True,
}
