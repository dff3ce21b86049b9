"""Tokens: short-lived JWTs (RFC 7519) with which a host's back end says what one viewer may see.

A host's back end signs them with a key that it shares with this server. Header: `alg` HS256, `kid` the
key's id. Claims: `iss` the host's id, `aud` this server, `wid` the widget, `params` the locked values,
`iat`, `exp` (at most 300 seconds later), `jti`; optional `nbf`, `sub` (an opaque user id) and `ctx` (what
the viewer looks at: `entity` with `type` and `id`, `tenant`).
"""

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError, UnsupportedAlgorithmError
from joserfc.jwk import GuestProtocol
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    StrictInt,
    StrictStr,
    ValidationError,
)

from widgets.embedding.hosts import Host, Key
from widgets.embedding.refusals import refused

ALGORITHM = "HS256"
LONGEST = 300  # seconds of life
LEEWAY = 10  # seconds by which the clocks of host and server may differ
MOST_CHARACTERS = 4096
MOST_REMEMBERED = 500  # tokens of a host; some kilobytes each


Moment = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""Seconds since 1970."""


def _writable(text: str) -> str:
    text.encode()  # half of a surrogate pair is no text, and raises ValueError
    return text


Said = Annotated[StrictStr, Field(max_length=200), AfterValidator(_writable)]


class Entity(BaseModel):
    """A record that the host shows, by the host's own words for it."""

    type: Said
    id: Said


class Context(BaseModel):
    entity: Entity | None = None
    tenant: Said = ""


class Claims(BaseModel):
    """What a token says, as far as it is ours."""

    iss: StrictStr
    aud: StrictStr | list[StrictStr]
    wid: StrictStr
    iat: Moment
    exp: Moment
    jti: Annotated[StrictStr, Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
    nbf: Moment | None = None
    sub: Said = ""
    params: dict[Said, Said | StrictInt] = Field(default_factory=dict)
    ctx: Context | None = None


def verify(token: str, host: Host, widget: str, audience: str) -> Claims:
    """What the token says, if one of the host's keys signed it for this widget, here and now.

    Raises Refused with the code of the first thing that is wrong: `embedding.refusals`.
    """
    if len(token) > MOST_CHARACTERS:
        raise refused("token-invalid", f"{len(token)} characters")
    # A frame shows its token at each look: what was signed stays signed, so that is found out once. Whether
    # the key still is good, and all that follows, is asked each time. No token is remembered, only a digest.
    digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
    claims: Claims
    if known := host.tokens.get(digest):
        claims, key = known
        _require_good(key, host)
    else:
        claims, key = _read(token, host)
        if len(host.tokens) >= MOST_REMEMBERED:
            host.tokens.clear()
        host.tokens[digest] = claims, key
    about = f"host {host.id} jti {claims.jti}"
    if claims.iss != host.id:
        raise refused("token-issuer", about)
    if audience not in ([claims.aud] if isinstance(claims.aud, str) else claims.aud):
        raise refused("token-audience", about)
    if claims.wid != widget:
        raise refused("token-widget", about)
    if claims.exp - claims.iat > LONGEST:
        raise refused("token-too-long", about)
    now = time.time()
    if claims.exp + LEEWAY <= now:
        raise refused("token-expired", about)
    if max(claims.iat, claims.nbf or 0) - LEEWAY > now:
        raise refused("token-not-yet-valid", about)
    return claims


def _read(token: str, host: Host) -> tuple[Claims, Key]:
    """What the token says and which of the host's keys has signed it."""
    try:
        read = jwt.decode(token, lambda guest: _key(guest, host).secret, algorithms=[ALGORITHM])
        return Claims.model_validate(read.claims), host.keys[read.header["kid"]]
    except UnsupportedAlgorithmError as error:
        raise refused("token-algorithm") from error
    except BadSignatureError as error:
        raise refused("token-signature") from error
    except ValidationError as error:
        where = ", ".join(".".join(map(str, item["loc"])) for item in error.errors())
        raise refused("token-invalid", f"claims {where}") from None
    # Whatever else a stranger writes.
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise refused("token-invalid", type(error).__name__) from None


def _key(guest: GuestProtocol, host: Host) -> Key:
    kid = guest.headers().get("kid")
    key = host.keys.get(kid) if isinstance(kid, str) else None
    if key is None:
        raise refused("token-unknown-key", f"host {host.id}")
    _require_good(key, host)
    return key


def _require_good(key: Key, host: Host) -> None:
    if not key.is_good():
        raise refused("token-revoked-key", f"host {host.id} key {key.id}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A token to make. life: seconds."""

    host: str
    widget: str
    audience: str
    params: Mapping[str, str] = field(default_factory=dict)
    subject: str = ""
    life: int = LONGEST


def mint(wanted: Wanted, key: Key) -> str:
    """A signed token, as a host's back end makes them."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": wanted.host,
        "aud": wanted.audience,
        "wid": wanted.widget,
        "params": dict(wanted.params),
        "iat": now,
        "nbf": now,
        "exp": now + wanted.life,
        "jti": secrets.token_hex(8),
    }
    if wanted.subject:
        claims["sub"] = wanted.subject
    return jwt.encode({"alg": ALGORITHM, "kid": key.id}, claims, key.secret)
