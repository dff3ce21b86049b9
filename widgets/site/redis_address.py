"""Whether an address of Redis can be used, found out at start-up and told without a word of it: where a
password is written wrongly, any piece of the address may be one of it."""

import re
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr
from redis import ConnectionPool, RedisError

_LIKE = (
    "write it like redis://:PASSWORD@10.0.0.5:6379/0, rediss://… for TLS, or unix:///run/redis.sock?db=0; "
    "special characters of a password are written as %XX, such as %2F for / and %40 for @"
)


def checked(given: SecretStr) -> SecretStr:
    """The address, as it is; "" is none. Raises ValueError."""
    url = given.get_secret_value()
    if url and (wrong := _wrong(url)):
        raise ValueError(f"{wrong}; {_LIKE}")
    return given


def _wrong(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return "the host or the port cannot be read"
    if parts.scheme not in ("redis", "rediss", "unix") or not url.startswith(f"{parts.scheme}://"):
        return "it does not begin with redis://, rediss:// or unix://"
    if re.search(r"\s", url) or parts.fragment or "@" in parts.path + parts.query:
        return "it has a character in it that cannot stand there"
    if wrong := _wrong_place(parts):
        return wrong
    try:
        # It looks at everything and connects to nothing.
        ConnectionPool.from_url(url).make_connection()
    except (ValueError, TypeError, RedisError):
        return "what follows the ? cannot be used"
    return ""


def _wrong_place(parts: SplitResult) -> str:
    if parts.scheme == "unix":
        # What stands before the path is not looked at but for a password.
        named = parts.hostname or not parts.path.strip("/")
        return "the path of its socket is not there, or lacks a slash" if named else ""
    if not re.fullmatch(r"[\w.-]+|[0-9a-f:.]*:[0-9a-f:.]*(%\w+)?", parts.hostname or ""):
        return "it names no host, or none that can be"
    if not re.fullmatch(r"/?|/[0-9]{1,9}/?", parts.path):
        return "the database after the host is no number"
    return ""
