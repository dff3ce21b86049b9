"""How log lines are written: as text for people, or as JSON for a collector (WIDGETS_LOG_FORMAT).

Whatever is logged is one line, in which nothing that a stranger sent can begin another, and which shows no
token: both are seen to here, so that no call has to. A trace is several lines of text, and one of JSON.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from gunicorn.glogging import Logger
from structlog.stdlib import ProcessorFormatter

from widgets.site.settings import Settings, SettingsError
from widgets.upstream import request_ids

_TEXT = "[%(asctime)s] [%(process)d] [%(levelname)s] %(message)s"
_DATE = "%Y-%m-%d %H:%M:%S %z"  # both as gunicorn has them

ACCESS = (
    '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(b)s %(M)sms %({x-request-id}o)s %({cache-status}o)s'
)
"""A line of the access log. It has the path and never the query string or the referrer, for both can hold a
token."""
_ACCESS_NAMES = {
    "remote": "h",
    "method": "m",
    "path": "U",
    "protocol": "H",
    "status": "s",
    "bytes": "B",
    "milliseconds": "M",
    "request_id": "{x-request-id}o",
    "cache_status": "{cache-status}o",
}

# In an address, in a header, or by itself: a JWT begins with "{" in base64. gunicorn logs the address of a
# request that it cannot read, or that fails.
_SECRET = re.compile(
    r"(?<=[?&])(token|key|apikey)=[^&\s'\"]*|\b(Bearer|Basic)\s+[\w.~+/=-]{8,}"
    r"|\b()eyJ[\w-]{8,}\.[\w-]+\.[\w-]*",
    re.IGNORECASE,
)
# Control characters, halves of characters, line and paragraph separators; and what changes the direction
# of the text that follows.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# What of a trace is not written by whoever raised the error.
_FRAME = re.compile(
    r'  File "|Traceback \(most recent call last\):|\n(During handling|The above exception)'
)


def one_line(text: str) -> str:
    """The text without secrets, and with what could break the line written as an escape."""
    return _UNSAFE.sub(_escape, _hide(text).rstrip("\n"))


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _hide(text: str) -> str:
    return _SECRET.sub(_name_only, text)


def _name_only(found: re.Match[str]) -> str:
    if found[1]:
        return f"{found[1]}=…"
    return f"{found[2]} …" if found[2] else "…"


class TextLines(logging.Formatter):
    """Lines as gunicorn writes them."""

    def __init__(self, line: str = _TEXT) -> None:
        super().__init__(line, _DATE)

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        record.asctime = self.formatTime(record, self.datefmt)
        lines = [one_line(self.formatMessage(record))]
        if record.exc_info and record.exc_info[1]:
            lines += trace(record.exc_info[1])
        if record.stack_info:
            lines += map(one_line, record.stack_info.splitlines())
        return "\n".join(lines)


def trace(error: BaseException) -> list[str]:
    """The lines of a trace; what the error itself says is one of them."""
    lines: list[str] = []
    for part in traceback.format_exception(error):
        whole = part.rstrip("\n")
        lines += map(one_line, whole.split("\n") if _FRAME.match(part) else [whole])
    return lines


def json_lines() -> ProcessorFormatter:
    """One object a line. Whatever is not ASCII is written as an escape, so that no character can matter."""
    return ProcessorFormatter(
        foreign_pre_chain=[_describe],
        processors=[ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )


def _describe(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    record: logging.LogRecord = event["_record"]
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    found: dict[str, Any] = {
        "timestamp": moment.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": _whole(event["event"]),
        "pid": record.process,
    }
    if request_id := request_ids.current():
        found["request_id"] = request_id
    for name, value in getattr(record, "access", {}).items():
        found[name] = _whole(value) if isinstance(value, str) else value
    if event.get("exc_info"):
        found["exception"] = _whole("".join(traceback.format_exception(event["exc_info"][1])))
    if event.get("stack_info"):
        found["stack"] = _whole(event["stack_info"])
    return found | {name: event[name] for name in ("_record", "_from_structlog")}


def _whole(text: str) -> str:
    """Without secrets and halves of characters, which some collectors take for no JSON."""
    return _hide(text).encode("utf-8", "backslashreplace").decode()


class _ToStderr(logging.Handler):
    """To whatever is standard error at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


def install(log_format: str) -> None:
    """Our lines and Python's warnings go to standard error, unless somebody else has set up logging."""
    root = logging.getLogger()
    for ours in [each for each in root.handlers if isinstance(each, _ToStderr)]:
        root.removeHandler(ours)
    if root.handlers:
        return
    handler = _ToStderr()
    handler.setFormatter(json_lines() if log_format == "json" else TextLines())
    root.addHandler(handler)
    logging.captureWarnings(capture=True)


def wanted() -> str:
    """The format that the settings name. A setting that is wrong is told by whoever starts the server."""
    try:
        return Settings.load().log_format
    except SettingsError:
        return "text"


class ServerLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's logger; the lines of its own and of the access log are written like ours.

    Where gunicorn was given a configuration of logging (`--log-config`), that alone counts.
    """

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        if cfg.logconfig or cfg.logconfig_dict or cfg.logconfig_json:
            self._json = False
            return
        log_format = wanted()
        self._json = log_format == "json"
        for log, line in ((self.error_log, _TEXT), (self.access_log, self.access_fmt)):
            for handler in log.handlers:
                if type(handler) in (logging.StreamHandler, logging.FileHandler):
                    handler.setFormatter(json_lines() if self._json else TextLines(line))
        install(log_format)

    def access(
        self, resp: Any, req: Any, environ: Mapping[str, Any], request_time: timedelta
    ) -> None:
        if not self._json or not self.access_log_enabled:
            super().access(resp, req, environ, request_time)
            return
        atoms = self.atoms(resp, req, environ, request_time)
        found = {name: atoms.get(atom) for name, atom in _ACCESS_NAMES.items()}
        said = {name: value for name, value in found.items() if value is not None}
        said["status"] = int(said["status"])
        self.access_log.info("request", extra={"access": said})
