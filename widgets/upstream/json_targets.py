"""What is asked of a plain JSON upstream: from a path with names in it, and values, to the end of an address
that lies under the upstream's own, whatever the values are."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from urllib.parse import quote, urlencode

from widgets.errors import BadParameter

Value = str | int | float | Decimal | date | Enum | None
Values = Value | Sequence[Value]

_LONGEST = 250  # characters of a value: more than any key can hold, and an address stays readable
_NAME = re.compile(r"\{([a-zA-Z_][a-zA-Z0-9_]*)\}")
_SAFE = "!$&'()*+,;=:@"  # besides letters, digits and -._~ (RFC 3986, 3.3)


def filled(path: str, given: Mapping[str, Values]) -> str:
    """`/parcels/{parcel}` and `parcel="A/1", lang="en"` → `/parcels/A%2F1?lang=en`.

    A name in braces is one value in the path; what is given besides is the query, in this order. None leaves
    a part of the query out, a list repeats it.

    Raises BadParameter, which has the value's name, for a value that cannot be asked for; ValueError for a
    path that is none, and for a name in it that is given no value or several.
    """
    names = _names(path)
    if missing := [name for name in names if name not in given]:
        raise ValueError(f"the path {path} has {{{missing[0]}}}: give {missing[0]}=…")
    said = "/".join(
        _NAME.sub(lambda match: quote(_part(match[1], given[match[1]]), safe=""), part)
        if "{" in part
        else quote(part, safe=_SAFE)
        for part in path.split("/")
    )
    query = [
        (name, _text(name, value))
        for name, values in given.items()
        if name not in names
        for value in (values if isinstance(values, list | tuple) else [values])
        if value is not None
    ]
    return f"{said}?{urlencode(query, quote_via=quote)}" if query else said


@lru_cache(maxsize=256)
def _names(path: str) -> tuple[str, ...]:
    """The names in braces. Raises ValueError."""
    plain = _NAME.sub("x", path)
    if not plain.startswith("/"):
        raise ValueError(
            f"the path {path!r} must begin with /, and the upstream's address has the rest"
        )
    if re.search(r"[?#{}\\\x00-\x20\x7f]", plain):
        raise ValueError(
            f"the path {path!r} must be without ?, #, blanks and the like; write a value as {{name}} and "
            "give name=…, as for the query"
        )
    if any(part in ("", ".", "..") for part in plain[1:].split("/")[:-1]) or re.search(
        r"/\.\.?$", plain
    ):
        raise ValueError(f"the path {path!r} must be without //, /./ and /../")
    return tuple(_NAME.findall(path))


def _part(name: str, value: Values) -> str:
    """A value that becomes a part of the path, and nothing but that: some servers read %2F as a slash."""
    if value is None or isinstance(value, list | tuple):
        raise ValueError(f"{{{name}}} stands for one value in the path, not for {value!r}")
    text = _text(name, value)
    if not text or {".", ".."} & set(re.split(r"[/\\]", text)):
        raise BadParameter(name, f"The parameter {name} is nothing that could be asked for.")
    return text


def _text(name: str, value: object) -> str:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise BadParameter(name, f"The parameter {name} must not contain control characters.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadParameter(name, f"The parameter {name} is not valid text.") from None
    if len(text) > _LONGEST:
        raise BadParameter(name, f"The parameter {name} is longer than {_LONGEST} characters.")
    return text
