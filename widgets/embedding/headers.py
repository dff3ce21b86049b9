"""The security headers of every answer, and who may frame what.

Sources: Content Security Policy Level 3 (W3C), Referrer Policy (W3C), Permissions Policy (W3C).
"""

import re
from collections.abc import Sequence

from flask import Response

_COMMON = {
    "Referrer-Policy": "strict-origin",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}

# No 'unsafe-inline' and no 'unsafe-eval' anywhere. data: and blob: are what plotly's PNG download needs.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"
)


_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
# host-source of Content Security Policy Level 3, 2.3.1, with a scheme and without a path.
_ORIGIN = re.compile(
    rf"https?://(?:\*\.{_LABEL}\.)?{_LABEL}(?:\.{_LABEL})*(?::(?:[0-9]{{1,5}}|\*))?", re.IGNORECASE
)


def checked_ancestor(source: str) -> str:
    """The origin, if it is one that `frame-ancestors` can hold and that does not stand for every site:
    `https://sales.contoso.com`, `https://*.contoso.com`, `http://localhost:*`. Raises ValueError."""
    origin = source.removesuffix("/")
    if not _ORIGIN.fullmatch(origin):
        raise ValueError(
            f"{source!r} is no origin; write it like https://sales.contoso.com or "
            "https://*.contoso.com, with a port where it has one, separated by spaces"
        )
    return origin


def secure_widget(response: Response, ancestors: Sequence[str]) -> None:
    """A widget: may be framed by our own gallery and the origins in `ancestors`, which
    `checked_ancestor` has seen; by no other."""
    allowed = " ".join(("'self'", *ancestors))
    response.headers.update(_COMMON)
    response.headers["Content-Security-Policy"] = f"{_POLICY}; frame-ancestors {allowed}"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"


def secure_page(response: Response) -> None:
    """Anything that is not a widget: never framed. It may itself frame our widgets (the gallery does)."""
    response.headers.update(_COMMON)
    response.headers["Content-Security-Policy"] = (
        f"{_POLICY}; frame-src 'self'; frame-ancestors 'none'"
    )
    response.headers["X-Frame-Options"] = "DENY"


STATIC_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
}
"""Of a static file: a page may load it as script, style or image; nobody may frame it."""
