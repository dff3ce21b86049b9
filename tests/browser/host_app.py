"""A host application: pages on an origin of its own, with headers of its own, and an address that answers
tokens as its back end would."""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey

SECRET = "a secret of the sales host, known to both sides"
HOSTS = """
default = "demo"

[hosts.demo]
name = "Demo"
origins = ["http://localhost:*", "http://127.0.0.1:*"]
widgets = ["inventory", "ticker"]
access = "open"

[hosts.sales]
name = "Contoso Sales"
origins = ["http://localhost:*"]
locked = { company = "usmf" }

[[hosts.sales.keys]]
id = "k1"
secret_env = "SALES_WIDGET_KEY"

[[hosts.sales.keys]]
id = "old"
secret_env = "SALES_WIDGET_KEY"
revoked = true

[hosts.nested]
name = "In a page of a page"
origins = ["http://localhost:*", "http://outer.localhost:*"]
widgets = ["inventory"]
access = "open"
"""


def token(
    widget: str,
    life: int = 300,
    age: int = 0,
    claims: Mapping[str, object] | None = None,
    *,
    kid: str = "k1",
    secret: str = SECRET,
) -> str:
    """A token as the back end of `sales` makes them. Claims can be replaced."""
    now = int(time.time()) - age
    made = {
        "iss": "sales",
        "aud": "erp-widgets",
        "wid": widget,
        "params": {},
        "iat": now,
        "exp": now + life,
        "jti": os.urandom(8).hex(),
        **(claims or {}),
    }
    key = OctKey.import_key(secret)
    return jwt.encode({"alg": "HS256", "kid": kid}, made, key)


@dataclass
class HostApp:
    """port: of all its names: `localhost`, `127.0.0.1`, `outer.localhost`. served: the widget server.

    asked: the widgets for which a token was asked for. life: seconds of each token, of which its
    age are gone when it is given.
    """

    port: int
    served: str
    pages: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    life: int = 300
    age: int = 0
    claims: dict[str, object] = field(default_factory=dict)
    signing: dict[str, str] = field(default_factory=dict)

    def page(self, body: str, path: str = "/", host: str = "localhost", **headers: str) -> str:
        """Puts a page there and returns its address. A header's `_` stands for `-`."""
        start = (
            '<!doctype html><html lang="en"><title>Host</title><link rel="icon" href="data:,">'
            f'<script type="module" src="{self.served}/static/embed.js"></script>'
        )
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = (start + body, named)
        return f"http://{host}:{self.port}{path}"

    def script(self, text: str, path: str = "/host.js") -> str:
        self.pages[path] = (text, {"Content-Type": "text/javascript"})
        return f'<script src="{path}"></script>'


@contextmanager
def host_app(served: str) -> Iterator[HostApp]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            if asked.path == "/token":
                widget = parse_qs(asked.query)["widget"][0]
                app.asked.append(widget)
                self.answer(
                    200,
                    token(widget, app.life, app.age, app.claims, **app.signing),
                    {"Content-Type": "text/plain"},
                )
            elif asked.path in app.pages:
                self.answer(200, *app.pages[asked.path])
            else:
                self.answer(404, "", {})

        def answer(self, status: int, body: str, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in ({"Content-Type": "text/html; charset=utf-8"} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    app = HostApp(server.server_port, served)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield app
    server.shutdown()
    server.server_close()
    thread.join()
