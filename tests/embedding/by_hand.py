"""Hosts, and tokens as a host's back end makes them: with nothing but a hash, so not by what is tested."""

import base64
import hmac
import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from joserfc.jwk import OctKey

from widgets import create_app
from widgets.embedding.hosts import Embeddable, Host, Key
from widgets.site.factory import find_widgets
from widgets.site.settings import Settings
from widgets.site.upstreams import SOURCES

SECRET = "what-only-sales-and-we-know-0001"
OTHER_SECRET = "what-only-sales-and-we-know-0002"
SHOWN = "what-everybody-on-the-page-sees-0003"
AUDIENCE = "erp-widgets"
SALES_AND_CRM = """
[hosts.sales]
name = "Sales"
origins = ["https://sales.contoso.com"]
keys = [{ id = "2026-11", secret_file = "sales.key" }]

[hosts.crm]
name = "CRM"
origins = ["https://crm.contoso.com"]
keys = [{ id = "2026-11", secret_file = "sales.key" }]
"""
HEADER = {"alg": "HS256", "kid": "2026-11"}


def embeddables() -> dict[str, Embeddable]:
    """The widgets that there are: `order-status` is personal."""
    return {
        name: widget.embeddable({"company": "usmf"})
        for name, widget in find_widgets(SOURCES).items()
    }


def key(
    name: str = "2026-11",
    secret: str = SECRET,
    not_after: datetime | None = None,
    *,
    revoked: bool = False,
) -> Key:
    return Key(name, OctKey.import_key(secret.encode()), not_after, revoked)


def host(*keys: Key, **changes: Any) -> Host:
    """Contoso Sales, which may show everything, with the key 2026-11 if no other is named."""
    usual: dict[str, Any] = {
        "id": "sales",
        "name": "Contoso Sales",
        "platform": "web",
        "origins": ("https://sales.contoso.com",),
        "widgets": frozenset(["inventory", "order-status", "ticker"]),
        "keys": {each.id: each for each in keys or (key(),)},
    }
    return Host(**usual | changes)


def claims(now: float | None = None, **changes: Any) -> dict[str, Any]:
    """What a good token says. A change to None takes a claim away."""
    moment = int(time.time() if now is None else now)
    usual: dict[str, Any] = {
        "iss": "sales",
        "aud": AUDIENCE,
        "wid": "inventory",
        "params": {},
        "iat": moment,
        "exp": moment + 300,
        "jti": "0123456789abcdef",
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def part(content: object) -> str:
    """A part of a token: bytes as they are, anything else as JSON."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(
    said: object,
    header: object = HEADER,
    *,
    secret: str = SECRET,
    digest: str = "sha256",
) -> str:
    text = f"{part(header)}.{part(said)}"
    return f"{text}.{part(hmac.digest(secret.encode(), text.encode(), digest))}"


def token(*, secret: str = SECRET, kid: str = "2026-11", **changes: Any) -> str:
    """A good token of today, but for the changes to its claims."""
    return signed(claims(**changes), HEADER | {"kid": kid}, secret=secret)


def bearer(given: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {given}"}


def client_of(settings: Settings, hosts: str, folder: Path) -> FlaskClient:
    """A client of a server with this hosts file. Beside it lie secrets: sales.key, to sign with, and
    shown.key, for an address."""
    (folder / "sales.key").write_text(SECRET)
    (folder / "shown.key").write_text(SHOWN)
    file = folder / "hosts.toml"
    file.write_text(hosts)
    app = create_app(settings.model_copy(update={"hosts_file": file}))
    app.testing = True
    return app.test_client()
