"""Reads the file that registers the hosts (TOML), and names each mistake in it with its line.

default = "sales"                  # the host of an address that names none; the gallery shows it

[hosts.sales]
name = "Contoso Sales"
platform = "dynamics365"           # how its parameters are read; gives the usual origins
origins = ["https://sales.contoso.com"]
widgets = ["inventory", "ticker"]  # left out: each that it may show
locked = { company = "usmf" }      # nobody on its pages can change these
access = "token"                   # or "key", "open": see `hosts.Host`
rate_limit = 600                   # requests a minute

[[hosts.sales.keys]]
id = "2026-11"
secret_env = "SALES_WIDGET_KEY"    # or secret_file, beside this file or anywhere
not_after = 2027-02-01             # the last day, or a moment
revoked = false
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal

from joserfc.jwk import OctKey
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, ValidationError

from widgets.embedding.hosts import Access, Embeddable, Host, Key, Registry
from widgets.embedding.origins import checked_origin
from widgets.embedding.platforms import PLATFORMS

SHORTEST_SECRET = 32  # bytes, as RFC 7518 3.2 demands for HS256
KEY_HOST_RATE = (
    600  # requests a minute where a key stands in the address and the file names no limit
)
USUAL = "usual"  # among the origins: those that the platform usually frames from
_MAKE_ONE = 'make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
_ID = r"^[a-z0-9][a-z0-9-]{0,39}$"


class HostsFileError(Exception):
    """The file cannot be used. The message has a line for each mistake."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Key(_Table):
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    secret_env: str | None = None
    secret_file: str | None = None
    not_after: datetime | date | None = None
    revoked: bool = False


def _checked(origin: str) -> str:
    return USUAL if origin == USUAL else checked_origin(origin)


class _Host(_Table):
    name: Annotated[str, Field(min_length=1, max_length=80)]
    platform: Literal["web", "dynamics365", "teams", "sharepoint", "salesforce", "mcp"] = "web"
    origins: list[Annotated[str, AfterValidator(_checked)]] | None = None
    widgets: list[str] | None = None
    locked: dict[str, str | StrictInt] = Field(default_factory=dict)
    access: Access = "token"
    rate_limit: Annotated[StrictInt, Field(ge=1, le=1_000_000)] | None = None
    keys: list[_Key] = Field(default_factory=list)


class _File(_Table):
    default: str | None = None
    hosts: dict[Annotated[str, Field(pattern=_ID)], _Host]


Where = tuple[str | int, ...]
"""The path to a value in the file: ("hosts", "sales", "keys", 0, "id")."""


def load(path: Path, widgets: Mapping[str, Embeddable]) -> Registry:
    """The registry that the file describes. `widgets`: all that there are, by name.

    Raises HostsFileError, which names each mistake with its line and how to mend it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise HostsFileError(f"{path}: cannot be read ({error})") from None
    except tomllib.TOMLDecodeError as error:
        raise HostsFileError(f"{path}: is no TOML: {error}") from None
    mistakes: list[tuple[Where, str]] = []
    registry = None
    try:
        parsed = _File.model_validate(content)
    except ValidationError as error:
        mistakes = [(_where(item["loc"]), _words(item)) for item in error.errors()]
    else:
        mistakes = list(_contradictions(parsed, widgets, path.parent))
        if not mistakes:
            registry = _registry(parsed, widgets, path.parent)
    if registry is None:
        lines = line_numbers(text)
        raise HostsFileError("\n".join(sorted(_line(path, lines, *each) for each in mistakes)))
    return registry


def line_numbers(text: str) -> dict[Where, int]:
    """The line on which each value of a TOML text begins.

    The library does not tell. A text that is cut off after a line is TOML as well unless the cut goes
    through a value, so what a line adds to its meaning is what stands there.
    """
    found: dict[Where, int] = {}
    lines = text.splitlines(keepends=True)
    start = 1
    for number in range(1, len(lines) + 1):
        try:
            content = tomllib.loads("".join(lines[:number]))
        except tomllib.TOMLDecodeError:
            continue  # in the middle of a value of several lines
        while start < number and not lines[start - 1].split("#")[0].strip():
            start += 1
        for where in _paths(content):
            found.setdefault(where, start)
        start = number + 1
    return found


def _paths(content: Any, before: Where = ()) -> Iterator[Where]:
    pairs = content.items() if isinstance(content, dict) else enumerate(content)
    for name, value in pairs:
        yield (*before, name)
        if isinstance(value, dict | list):
            yield from _paths(value, (*before, name))


def _line(path: Path, lines: Mapping[Where, int], where: Where, words: str) -> str:
    """What is wrong, at the line of the value or, where that is missing, of the table that wants it."""
    place = where
    while place and place not in lines:
        place = place[:-1]
    dotted = ".".join(map(str, where))
    return f"{path}, line {lines.get(place, 1)}: {dotted}: {words}"


def _where(loc: tuple[str | int, ...]) -> Where:
    # pydantic appends the member of a union, such as "date" or "str", and "[key]" for a table's name.
    return tuple(part for part in loc if not (isinstance(part, str) and re.search(r"\W", part)))


def _words(item: Any) -> str:
    if item["type"] == "missing":
        return "is missing"
    if item["type"] == "extra_forbidden":
        return "there is no such setting"
    if item["type"] == "string_pattern_mismatch" and item["ctx"]["pattern"] == _ID:
        return "an id is 1 to 40 small letters, digits and -"
    return str(item["msg"]).removeprefix("Value error, ")


def _contradictions(
    parsed: _File, widgets: Mapping[str, Embeddable], folder: Path
) -> Iterator[tuple[Where, str]]:
    """What each value alone does not show."""
    if parsed.default is not None and parsed.default not in parsed.hosts:
        yield ("default",), f"there is no host {parsed.default!r} in this file"
    for host_id, host in parsed.hosts.items():
        at: Where = ("hosts", host_id)
        if host.origins is None and not PLATFORMS[host.platform].origins:
            yield (
                (*at, "origins"),
                'is missing: who may frame it, like ["https://sales.contoso.com"]',
            )
        elif not _origins(host):
            yield (*at, "origins"), "is empty, so that nobody could show a widget"
        yield from _wrong_widgets(host, widgets, at)
        yield from _wrong_locks(host, widgets, at)
        if host.access == "open" and host.keys:
            yield (*at, "keys"), 'is not used with access = "open"; choose "token" or "key"'
        if host.access != "open" and not host.keys:
            yield (
                (*at, "keys"),
                f'is missing: access = "{host.access}" needs a key, [[hosts.{host_id}.keys]]',
            )
        ids = [key.id for key in host.keys]
        for index, key in enumerate(host.keys):
            if key.id in ids[:index]:
                yield (*at, "keys", index, "id"), f"there are two keys {key.id!r}"
            if problem := _secret_problem(key, folder):
                yield (*at, "keys", index), problem


def _wrong_widgets(
    host: _Host, widgets: Mapping[str, Embeddable], at: Where
) -> Iterator[tuple[Where, str]]:
    for index, name in enumerate(host.widgets or ()):
        if name not in widgets:
            yield (
                (*at, "widgets", index),
                f"there is no widget {name!r}; there are {', '.join(widgets)}",
            )
        elif host.access != "token" and widgets[name].personal:
            yield (
                (*at, "widgets", index),
                f'{name} shows personal data, which needs access = "token"',
            )


def _wrong_locks(
    host: _Host, widgets: Mapping[str, Embeddable], at: Where
) -> Iterator[tuple[Where, str]]:
    shown = [widgets[name] for name in _shown(host, widgets) if name in widgets]
    for name, value in host.locked.items():
        having = [widget for widget in shown if name in widget.params]
        if not having:
            yield (*at, "locked", name), "none of the host's widgets has such a parameter"
        for complaint in {widget.complaint(name, str(value)) for widget in having} - {None}:
            yield (*at, "locked", name), str(complaint)


def _shown(host: _Host, widgets: Mapping[str, Embeddable]) -> list[str]:
    if host.widgets is not None:
        return host.widgets
    return [
        name for name, widget in widgets.items() if host.access == "token" or not widget.personal
    ]


def _secret_problem(key: _Key, folder: Path) -> str | None:
    if bool(key.secret_env) == bool(key.secret_file):
        return "name the secret by either secret_env or secret_file"
    try:
        secret = _secret(key, folder)
    except (OSError, UnicodeDecodeError) as error:
        return f"secret_file: cannot be read ({error})"
    if not secret and key.secret_env:
        return f"secret_env: the environment has no {key.secret_env}; {_MAKE_ONE}"
    if len(secret) < SHORTEST_SECRET:
        return f"the secret has {len(secret)} bytes, at least {SHORTEST_SECRET} are wanted; {_MAKE_ONE}"
    return None


def _secret(key: _Key, folder: Path) -> bytes:
    if key.secret_file:
        return (folder / key.secret_file).expanduser().read_text().strip().encode()
    return os.environ.get(key.secret_env or "", "").encode()


def _registry(parsed: _File, widgets: Mapping[str, Embeddable], folder: Path) -> Registry:
    hosts = {
        host_id: Host(
            id=host_id,
            name=host.name,
            platform=host.platform,
            origins=_origins(host),
            widgets=frozenset(_shown(host, widgets)),
            locked={name: str(value) for name, value in host.locked.items()},
            access=host.access,
            rate_limit=host.rate_limit or (KEY_HOST_RATE if host.access == "key" else None),
            keys={key.id: _made(key, folder) for key in host.keys},
            in_gallery=host_id == parsed.default,
        )
        for host_id, host in parsed.hosts.items()
    }
    return Registry(hosts, parsed.default)


def _origins(host: _Host) -> tuple[str, ...]:
    usual = PLATFORMS[host.platform].origins
    named = [USUAL] if host.origins is None else host.origins
    every = [one for origin in named for one in (usual if origin == USUAL else (origin,))]
    return tuple(dict.fromkeys(every))


def _made(key: _Key, folder: Path) -> Key:
    last = key.not_after
    if isinstance(last, date) and not isinstance(last, datetime):
        last = datetime.combine(last, time.max)  # a day is meant with its last second
    if last is not None and last.tzinfo is None:
        last = last.replace(tzinfo=UTC)
    return Key(key.id, OctKey.import_key(_secret(key, folder)), last, key.revoked)
