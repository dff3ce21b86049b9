"""Who may see what is meant for operators: whoever has the password or, without one, this machine alone."""

import base64
import hmac

from flask import request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from widgets.site.loopback import is_loopback, is_loopback_host

USER = "operator"
_FORWARDED = ("forwarded", "via", "x-real-ip", "x-forwarded-")


def require(password: str) -> None:
    """Raises Unauthorized or Forbidden, with what to do, where the present request is not an operator's."""
    if is_operator(password):
        return
    if password:
        raise Unauthorized(
            f"Sign in as the user {USER} with the password that WIDGETS_OPERATOR_PASSWORD holds.",
            www_authenticate=WWWAuthenticate("basic", {"realm": "operators", "charset": "UTF-8"}),
        )
    raise Forbidden(
        "This page is for whoever runs this server. As it is set up, it answers to its own machine alone, "
        "by the name of localhost, and not through a proxy. To see it from elsewhere, set "
        f"WIDGETS_OPERATOR_PASSWORD and sign in as the user {USER}."
    )


def is_operator(password: str) -> bool:
    """Whether the present request is one of somebody who runs this server."""
    return _has(password) if password else _is_from_this_machine()


def _has(password: str) -> bool:
    user, given = _basic(request.headers.get("Authorization", ""))
    # Both are compared, and in a time that does not tell how much of them was right.
    same_user = hmac.compare_digest(user, USER.encode())
    # A variable of the environment may hold bytes that are no UTF-8.
    wanted = password.encode(errors="surrogateescape")
    return hmac.compare_digest(given, wanted) and same_user


def _basic(header: str) -> tuple[bytes, bytes]:
    """User and password of a Basic header, empty for any other. `request.authorization` would raise where one
    holds other bytes than ASCII."""
    scheme, _, written = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return b"", b""
    try:
        user, _, password = base64.b64decode(written.strip(), validate=True).partition(b":")
    except ValueError:
        return b"", b""
    return user, password


def _is_from_this_machine() -> bool:
    """Whether the caller itself is on this machine, and is no proxy that passes on a call from elsewhere.

    The Host is looked at because a page in a browser on this machine can reach loopback too, by pointing a
    name of its own at it. HTTP/1.0 is what a proxy speaks that was told nothing else (nginx), and which then
    adds no header that would give it away.
    """
    # As it came, and not as a proxy that is trusted said.
    asked = {**request.environ, **request.environ.get("werkzeug.proxy_fix.orig", {})}
    forwarded = any(name.lower().startswith(_FORWARDED) for name, _ in request.headers)
    return (
        not forwarded
        and asked.get("SERVER_PROTOCOL") != "HTTP/1.0"
        and is_loopback(asked.get("REMOTE_ADDR") or "")
        and is_loopback_host(asked.get("HTTP_HOST") or "")
    )
