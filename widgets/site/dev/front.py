"""What stands before the application: the files and the stream of development, and, while the code cannot be
loaded, the page that says why in place of every other."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from widgets.site.dev.files import Told
from widgets.site.dev.trace import Trace
from widgets.site.loopback import is_loopback_host

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/_dev/"
BROWSER = Path(__file__).with_name("browser")
_KINDS = {
    "dev.js": "text/javascript; charset=utf-8",
    "worker.js": "text/javascript; charset=utf-8",
    "trace.css": "text/css; charset=utf-8",
}
_HTML = "text/html; charset=utf-8"
# A page of ours alone, in frames of pages on this machine. The worker is held to its own policy.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self' http://localhost:* http://*.localhost:* http://127.0.0.1:*"
)
_templates = Environment(
    loader=FileSystemLoader(BROWSER), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


def draw(
    trace: Trace, told: Told, *, whole: bool, theme: str = "", name: str = "", title: str = ""
) -> str:
    """The page of an error, or the piece that a frame swaps in. name, title: of the widget whose it is."""
    theme = theme if theme in ("light", "dark", "contrast") else ""
    template = _templates.get_template("trace.html")
    ours = Markup(head(told))  # noqa: S704 - nothing of anybody else's is in it
    return template.render(trace=trace, whole=whole, theme=theme, name=name, title=title, head=ours)


def head(told: Told) -> str:
    """What every page has in its head."""
    return (
        f'<link rel="stylesheet" href="{PREFIX}trace.css">\n'
        f'<script type="module" src="{PREFIX}dev.js?state={told.id}"></script>\n'
    )


class Front:
    """app: None while it cannot be loaded. trace: why it cannot be, or what else is wrong with every page."""

    def __init__(self, app: "WSGIApplication | None", told: Told, trace: Trace | None) -> None:
        self._app = app
        self.told = told
        self.trace = trace

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if not is_loopback_host(environ.get("HTTP_HOST", "")):
            # A page can point a name of its own at this machine and would read source code then.
            return _send(
                start_response,
                "403 Forbidden",
                "text/plain; charset=utf-8",
                b"The development server answers to localhost and 127.0.0.1 alone. For another name, "
                b"run `make serve`.\n",
            )
        path = environ.get("PATH_INFO", "")
        if path.startswith(PREFIX):
            return self._own(path.removeprefix(PREFIX), start_response)
        return self._answer(environ, start_response)

    def _own(self, name: str, start_response: "StartResponse") -> Iterable[bytes]:
        if name == "events":
            start_response(
                "200 OK", [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")]
            )
            return self.told.stream()
        if name in _KINDS:
            return _send(start_response, "200 OK", _KINDS[name], (BROWSER / name).read_bytes())
        return _send(start_response, "404 Not Found", "text/plain", b"")

    def _answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        is_file = path.startswith("/static/")
        if self._app and (is_file or not self.trace):
            return self._app(environ, start_response)
        if is_file or not self.trace:
            return _send(start_response, "404 Not Found", "text/plain", b"")
        if path == "/healthz":
            return _send(start_response, "503 Service Unavailable", "text/plain", b"")
        query = parse_qs(environ.get("QUERY_STRING", ""))
        page = draw(
            self.trace,
            self.told,
            whole=environ.get("HTTP_HX_REQUEST") != "true",
            theme=query.get("theme", [""])[0],
            name=path.split("/")[2] if path.startswith("/widgets/") else "",
        )
        return _send(start_response, "500 Internal Server Error", _HTML, page.encode())


def _send(start_response: "StartResponse", status: str, kind: str, body: bytes) -> Iterable[bytes]:
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", _POLICY),
    ]
    start_response(status, headers)
    return [body]
