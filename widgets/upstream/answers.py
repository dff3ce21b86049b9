"""What an upstream's answer means: the one place where a status becomes an error and a body becomes data."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime

from widgets.errors import (
    NotFound,
    Throttled,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamUnavailable,
)
from widgets.upstream.transport import Answer

_EXCERPT = 2000  # characters of a body that a detail begins with; it is cut once secrets are hidden
_RETRY_DEFAULT = 30  # seconds, as in Microsoft's samples for a 429 without Retry-After
_RETRY_MOST = 300  # seconds: the window of Dynamics' published limits
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json\s*(?:;|$)", re.IGNORECASE)
_LOGIN = re.compile(r"log-?in|sign-?in|oauth|adfs|saml", re.IGNORECASE)


def excerpt(body: bytes) -> str:
    """The beginning of a body, for a detail. May hold secrets and is too long for a log: whoever raises
    the error further hides them and then makes it a `note`."""
    return body[:_EXCERPT].decode(errors="replace")


def note(text: str, most: int = 200) -> str:
    """The text as one printable line of at most so many characters: nothing that an upstream wrote can
    begin a log line of its own or speak to a terminal."""
    line = " ".join(text.split())[:most]
    return "".join(character if character.isprintable() else "?" for character in line)


def sentence(called: str, rest: str) -> str:
    """ "the ERP", "is not answering" → "The ERP is not answering." """
    return f"{called[:1].upper()}{called[1:]} {rest}."


def fragment(message: str) -> str:
    """The opposite, for the middle of a sentence: "the ERP is not answering"."""
    return f"{message[:1].lower()}{message[1:]}".rstrip(".")


def check_status(answer: Answer, called: str, what: str, *, plain: bool = False) -> None:
    """Returns for 200; for any other status raises the error that it stands for.

    called: the upstream in a sentence ("the ERP"); what: what was read ("SalesOrderLines").
    plain: it is no OData service, and any 404 but a page in HTML speaks of a record.
    """
    status = answer.status
    if status == 200:
        return
    detail = f"{what}: status {status}: {excerpt(answer.body)}"
    if 300 <= status < 400:
        _refuse_redirect(answer, called, what)
    if status == 401:
        raise UpstreamRefused(sentence(called, "does not accept our sign-in"), detail=detail)
    if status == 403:
        raise UpstreamRefused(sentence(called, f"does not let us read {what}"), detail=detail)
    if status == 404 and (not _is_page(answer) if plain else _speaks_of_a_record(answer.body)):
        raise NotFound(sentence(called, f"has no such record in {what}"), detail=detail)
    if status == 404:
        message = sentence(called, f"is not where it should be, or has no {what}")
        raise UpstreamInvalid(message, detail=detail)
    if status == 429:
        raise Throttled(
            sentence(called, "asked us to slow down"),
            retry_after=retry_after(answer.headers) or _RETRY_DEFAULT,
            detail=detail,
        )
    if status >= 500 or status == 408:
        message = sentence(called, "has a failure of its own")
        seconds = retry_after(answer.headers)
        if seconds is not None:
            raise Throttled(message, retry_after=seconds, detail=detail)
        raise UpstreamUnavailable(message, detail=detail)
    raise UpstreamInvalid(
        sentence(called, f"does not understand how we ask for {what}"), detail=detail
    )


def _speaks_of_a_record(body: bytes) -> bool:
    """Whether a 404 is an OData service's: without a body, or with an error as OData writes it (OData JSON
    Format 4.01, 21.1). A web server that knows no such address sends a page."""
    if not body.strip():
        return True
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and isinstance(data.get("error"), dict)


def _is_page(answer: Answer) -> bool:
    """Whether it is what a web server says that knows no such address."""
    kind = answer.headers.get("Content-Type", "").lower()
    return "html" in kind or answer.body.lstrip()[:1] == b"<"


def _refuse_redirect(answer: Answer, called: str, what: str) -> None:
    target = answer.headers.get("Location", "")
    # What follows the "?" of a login address can hold a secret, and helps nobody.
    detail = f"{what}: status {answer.status}, redirect to {target.partition('?')[0]}"
    if _LOGIN.search(target):
        raise UpstreamRefused(sentence(called, "does not accept our sign-in"), detail=detail)
    raise UpstreamInvalid(sentence(called, f"has moved {what} elsewhere"), detail=detail)


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> int | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3: seconds or an HTTP date), from 1 to
    300; None if there is none or it makes no sense."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,12}", value):
        seconds = int(value)
    else:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = round((moment - (now or datetime.now(UTC))).total_seconds())
    return min(max(seconds, 1), _RETRY_MOST)


def check_type(answer: Answer, called: str, what: str) -> None:
    """Raises UpstreamInvalid unless the answer says that it is JSON."""
    kind = answer.headers.get("Content-Type", "").strip()
    if not _JSON.match(kind):
        raise unreadable(
            called, what, detail=f"content type {kind[:80]!r}, not JSON: {excerpt(answer.body)}"
        )


def decode(body: bytes, called: str, what: str) -> object:
    """Parses JSON: whole numbers are int, others Decimal, just as they were written.

    Raises UpstreamInvalid for what is no JSON, NaN and Infinity among it (RFC 8259, 6).
    """
    try:
        value: object = json.loads(
            body.decode(), parse_float=Decimal, parse_constant=_refuse_constant
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise unreadable(
            called, what, detail=f"{type(error).__name__}: {error}; body: {excerpt(body)}"
        ) from None
    return value


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


def unreadable(called: str, what: str, *, field: str = "", detail: str = "") -> UpstreamInvalid:
    """The error for data that makes no sense; names the entity set and the field."""
    where = f"{what}, field {field}" if field else what
    message = sentence(called, f"sent data that cannot be read ({where})")
    return UpstreamInvalid(message, detail=f"{where}: {detail}")
