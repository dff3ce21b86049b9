"""What a request to a widget asks, read from its WSGI environment alone: what werkzeug would say of it, at a
small part of the cost."""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

ENCODINGS = ("br", "zstd", "gzip")
"""How an answer may be compressed, smallest first."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_BEARER = re.compile(r"\s*bearer\s+([^\s=]+=*)\s*", re.IGNORECASE)
_LONGEST_ACCEPT = 200  # characters; whoever writes more gets what anybody can read
_NAMED = frozenset(("host", "key", "token", "loader"))


@dataclass(slots=True)
class Asked:
    """host, key, loader: parameters of the frame, None where the address has none.
    token: from the header or, `in_address`, from the address.
    rest: what else of the query counts, with a digest in place of the key: no secret is in it.
    whole: the frame is asked for, and not the partial.
    encoding: how the answer is to be compressed; "": not at all.
    """

    host: str | None
    key: str | None = field(repr=False)
    token: str | None = field(repr=False)
    loader: str | None
    in_address: bool
    rest: str
    whole: bool
    encoding: str


def read(environ: Mapping[str, Any], known: frozenset[str]) -> Asked:
    """What is asked. A parameter that stands there twice counts as it stands there first.

    known: names of the parameters that a page can depend on, those of the frame among them. Others are left
    out of the rest, as is their order: a page is the same whatever a campaign adds to its address.
    """
    query = environ.get("QUERY_STRING", "")
    # Viewers of one page ask with one query. No secret stays in memory for that, however its name is written.
    has_secret = "%" in query or "key=" in query or "token=" in query
    found, rest = (_parsed if has_secret else _remembered)(query, known)
    return Asked(
        host=found.get("host"),
        key=found.get("key"),
        token=token(environ.get("HTTP_AUTHORIZATION"), found.get("token")),
        loader=found.get("loader"),
        in_address="token" in found,
        rest=rest,
        whole=not (
            environ.get("HTTP_HX_REQUEST") == "true"
            and environ.get("HTTP_HX_HISTORY_RESTORE_REQUEST") != "true"
        ),
        encoding=encoding(environ.get("HTTP_ACCEPT_ENCODING", "")),
    )


def _parsed(query: str, known: frozenset[str]) -> tuple[Mapping[str, str], str]:
    """The parameters of the frame, and the rest."""
    found: dict[str, str] = {}
    rest: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        name = _decoded(name)
        if name in _NAMED and name not in found:
            found[name] = _decoded(value)
        if name == "key":
            value = hashlib.sha256(value.encode()).hexdigest()
        if name in known and name != "token" and name not in rest:
            rest[name] = value
    return found, "&".join([f"{name}={rest[name]}" for name in sorted(rest)])


_remembered = lru_cache(maxsize=256)(_parsed)


def _decoded(text: str) -> str:
    if "%" not in text and "+" not in text:
        return text
    return unquote_plus(text, errors="werkzeug.url_quote")  # as in werkzeug's `request.args`


def token(header: str | None, in_address: str | None) -> str | None:
    """The token of a request: in the header from a frame's script, in the address from an iframe that a page
    wrote with it."""
    # werkzeug's own reader also takes Basic apart, and raises where that holds other bytes than ASCII.
    found = _BEARER.fullmatch(header or "")
    return found[1] if found else in_address


def encoding(accepted: str) -> str:
    """The best encoding that an Accept-Encoding allows; "" where the answer is not to be compressed."""
    return _best_of(accepted) if len(accepted) <= _LONGEST_ACCEPT else ""


@lru_cache(maxsize=64)
def _best_of(accepted: str) -> str:
    best = parse_accept_header(accepted, Accept).best_match((*ENCODINGS, "identity"))
    return best if best in ENCODINGS else ""


def request_id(environ: Mapping[str, Any]) -> str:
    """Each request has an id: the caller's, if it is one, else ours. Errors quote its first 8 characters."""
    given: str = environ.get("HTTP_X_REQUEST_ID", "")
    return given if _REQUEST_ID.fullmatch(given) else os.urandom(16).hex()
