"""The security headers of every answer, and who may frame what.

Sources: Content Security Policy Level 3 (W3C), Referrer Policy (W3C), Permissions Policy (W3C).
"""

from flask import Response

from widgets.embedding.hosts import Host

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


def frame_ancestors(host: Host | None) -> str:
    """Who may frame a widget for `host`: its origins, and our own gallery where that shows it."""
    if host is None:
        return "'none'"
    return " ".join((*(("'self'",) if host.in_gallery else ()), *host.origins))


def secure_widget(response: Response, host: Host | None) -> None:
    """A widget: may be framed by the pages of `host` and by no other; by none where there is no host."""
    response.headers.update(_COMMON)
    response.headers["Content-Security-Policy"] = (
        f"{_POLICY}; frame-ancestors {frame_ancestors(host)}"
    )
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
    # The loader is a module, which browsers fetch from another origin only with leave. Nothing in a
    # static file is anybody's in particular.
    "Access-Control-Allow-Origin": "*",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
}
"""Of a static file: any page may load it as script, style or image; nobody may frame it."""
