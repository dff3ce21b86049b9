"""Reads the file that says where the upstreams of widgets are (TOML), and names each mistake with its line.

[carrier]
url = "https://api.contoso.com/v1"         # every path is below
auth = "bearer"                            # left out: none; or "header", "query", "client"
secret_file = "carrier.key"                # or secret_env, the name of a variable

[weather-service]
url = "https://weather.contoso.com"
auth = "header"                            # a key in a header, or with "query" in the address
name = "X-Api-Key"                         # of the header, or of the query's parameter
secret_env = "WEATHER_KEY"

[plant]
url = "https://plant.contoso.com/api"
auth = "client"                            # OAuth 2, client credentials
token_url = "https://login.contoso.com/token"
client_id = "erp-widgets"
token_scope = "plant.read"
secret_env = "PLANT_SECRET"
"""

import os
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from widgets.embedding.hosts_schema import Table, in_words
from widgets.embedding.toml_lines import Where, report, where_of
from widgets.site.settings import SettingsError
from widgets.upstream import JsonConfig
from widgets.upstream.credentials import Anonymous, Client, QueryKey
from widgets.upstream.header_key import HeaderKey
from widgets.upstream.reads import checked_url

_NEEDS = {
    "none": (),
    "bearer": (),
    "header": ("name",),
    "query": ("name",),
    "client": ("token_url", "client_id"),
}
"""What else each way to sign in needs, besides the secret."""


class UpstreamEntry(Table):
    url: str
    auth: Literal["none", "bearer", "header", "query", "client"] = "none"
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    secret_env: Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]*$")] | None = None
    secret_file: str | None = None
    token_url: str | None = None
    client_id: str | None = None
    token_scope: str = ""


def load(path: Path, known: Collection[str]) -> dict[str, JsonConfig]:
    """By name. known: names of those that widgets read.

    Raises SettingsError, which has a line for each mistake.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read ({error})") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{path}: is no TOML: {error}") from None
    found: dict[str, JsonConfig] = {}
    mistakes: list[tuple[Where, str]] = []
    for name, table in content.items():
        if name not in known:
            those = (
                f"there are {', '.join(sorted(known))}" if known else "none reads one of its own"
            )
            mistakes.append(((name,), f"no widget reads an upstream of this name; {those}"))
            continue
        config, wrong = _config(table, path.parent)
        mistakes += [((name, *where), words) for where, words in wrong]
        if config:
            found[name] = config
    if mistakes:
        raise SettingsError("\n".join(report(path, text, mistakes)))
    return found


def _config(table: Any, folder: Path) -> tuple[JsonConfig | None, list[tuple[Where, str]]]:
    """What a table says, or what is wrong with it."""
    try:
        entry = UpstreamEntry.model_validate(table)
    except ValidationError as error:
        return None, [(where_of(item["loc"]), in_words(item)) for item in error.errors()]
    wrong = list(_contradictions(entry))
    try:
        secret = _secret(entry, folder)
    except ValueError as error:
        wrong.append(((), str(error)))
    return (None, wrong) if wrong else (JsonConfig(entry.url, _key(entry, secret)), [])


def _contradictions(entry: UpstreamEntry) -> Iterator[tuple[Where, str]]:
    """What each value alone does not show."""
    for setting in ("url", "token_url"):
        try:
            if (address := getattr(entry, setting)) is not None:
                checked_url(setting, address)
                if setting == "url":
                    JsonConfig(address)
        except ValueError as error:
            yield (setting,), str(error)
    needed = _NEEDS[entry.auth]
    for setting in needed:
        if not getattr(entry, setting):
            yield (setting,), f'is missing, which auth = "{entry.auth}" needs'
    # `url` and `auth` alone have a meaning for all.
    for setting in sorted({"name", "token_url", "client_id", "token_scope"} - set(needed)):
        if getattr(entry, setting) and not (setting == "token_scope" and entry.auth == "client"):
            yield (setting,), f'is not used with auth = "{entry.auth}"'


def _secret(entry: UpstreamEntry, folder: Path) -> str:
    """The secret, "" where none is wanted. Raises ValueError, which says what is wrong with it."""
    named = [each for each in (entry.secret_env, entry.secret_file) if each]
    if entry.auth == "none":
        if named:
            raise ValueError('a secret is not used without auth; say auth = "bearer"')
        return ""
    if len(named) != 1:
        raise ValueError("name the secret by either secret_env or secret_file")
    if entry.secret_env:
        secret = os.environ.get(entry.secret_env, "").strip()
        if not secret:
            raise ValueError(f"secret_env: the environment has no {entry.secret_env}")
    else:
        try:
            secret = (
                (folder / Path(entry.secret_file or "").expanduser()).read_text("utf-8-sig").strip()
            )
        except (OSError, ValueError) as error:
            raise ValueError(f"secret_file: cannot be read ({error})") from None
    # It is sent in a header or an address; whatever else is in the file is a mistake, and not quoted.
    if not secret or not secret.isascii() or not secret.isprintable():
        raise ValueError("the secret is empty, or more than one line of plain characters")
    return secret


def _key(entry: UpstreamEntry, secret: str) -> Anonymous | QueryKey | HeaderKey | Client:
    match entry.auth:
        case "none":
            return Anonymous()
        case "bearer":
            return HeaderKey("Authorization", secret, "Bearer ")
        case "header":
            return HeaderKey(entry.name or "", secret)
        case "query":
            return QueryKey(entry.name or "", secret)
        case "client":
            return Client(entry.token_url or "", entry.client_id or "", secret, entry.token_scope)
