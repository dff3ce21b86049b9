"""The security headers of every answer, and who may frame what.

Sources: Content Security Policy Level 3 (W3C), Referrer Policy (W3C), Permissions Policy (W3C).
"""

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


def secure_widget(response: Response, ancestors: Sequence[str]) -> None:
    """A widget: may be framed by the origins in `ancestors` (CSP source expressions), by no other."""
    allowed = " ".join(ancestors) or "'none'"
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
