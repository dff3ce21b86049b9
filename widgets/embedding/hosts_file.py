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
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from joserfc.jwk import OctKey
from pydantic import ValidationError

from widgets.embedding.hosts import Embeddable, Host, Key, Registry
from widgets.embedding.hosts_schema import USUAL, HostEntry, HostsFile, KeyEntry, in_words
from widgets.embedding.platforms import PLATFORMS
from widgets.embedding.toml_lines import Where, report, where_of

SHORTEST_SECRET = 32  # bytes, as RFC 7518 3.2 demands for HS256
KEY_HOST_RATE = 600  # requests a minute, where a key stands in the address and no limit is named
_MAKE_ONE = 'make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'


Secrets = Mapping[Where, bytes | str]
"""What stands behind each key, by the key's place in the file; a text says what is wrong with it."""


class HostsFileError(Exception):
    """The file cannot be used. The message has a line for each mistake."""


def load(path: Path, widgets: Mapping[str, Embeddable]) -> Registry:
    """The registry that the file describes. `widgets`: all that there are, by name.

    Raises HostsFileError, which names each mistake with its line and how to mend it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise HostsFileError(f"{path}: cannot be read ({error})") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise HostsFileError(f"{path}: is no TOML: {error}") from None
    parsed, mistakes = _parsed(content)
    # Each is read once, so that what was checked is what is used.
    secrets: Secrets = {
        ("hosts", host_id, "keys", index): _secret(key, path.parent)
        for host_id, host in parsed.hosts.items()
        for index, key in enumerate(host.keys)
    }
    mistakes += _contradictions(parsed, widgets, secrets)
    if mistakes:
        raise HostsFileError("\n".join(report(path, text, mistakes)))
    return _registry(parsed, widgets, secrets)


def _parsed(content: dict[str, Any]) -> tuple[HostsFile, list[tuple[Where, str]]]:
    """The file, less the hosts with values that are wrong by themselves, and those mistakes."""
    try:
        return HostsFile.model_validate(content), []
    except ValidationError as error:
        errors = error.errors()
    mistakes = [(where_of(item["loc"]), in_words(item)) for item in errors]
    wrong = {item["loc"][1] for item in errors if item["loc"][:1] == ("hosts",) and item["loc"][1:]}
    hosts = content.get("hosts")
    good = {
        host_id: HostEntry.model_validate(table)
        for host_id, table in (hosts.items() if isinstance(hosts, dict) else ())
        if host_id not in wrong
    }
    return HostsFile.model_construct(default=None, hosts=good), mistakes


def _contradictions(
    parsed: HostsFile, widgets: Mapping[str, Embeddable], secrets: Secrets
) -> Iterator[tuple[Where, str]]:
    """What each value alone does not show."""
    if parsed.default is not None and parsed.default not in parsed.hosts:
        yield ("default",), f"there is no host {parsed.default!r} in this file"
    shown_secrets = {
        secrets["hosts", host_id, "keys", index]: host_id
        for host_id, host in parsed.hosts.items()
        for index in range(len(host.keys))
        if host.access == "key"
    }
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
            secret = secrets[*at, "keys", index]
            if isinstance(secret, str):
                yield (*at, "keys", index), secret
            elif host.access == "token" and secret in shown_secrets:
                yield (
                    (*at, "keys", index),
                    f"host {shown_secrets[secret]} shows this secret in addresses, so it must not sign "
                    "tokens",
                )


def _wrong_widgets(
    host: HostEntry, widgets: Mapping[str, Embeddable], at: Where
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
    host: HostEntry, widgets: Mapping[str, Embeddable], at: Where
) -> Iterator[tuple[Where, str]]:
    shown = [widgets[name] for name in _shown(host, widgets) if name in widgets]
    for name, value in host.locked.items():
        having = [widget for widget in shown if name in widget.params]
        if not having:
            yield (*at, "locked", name), "none of the host's widgets has such a parameter"
        for complaint in {widget.complaint(name, value) for widget in having} - {None}:
            yield (*at, "locked", name), str(complaint)


def _shown(host: HostEntry, widgets: Mapping[str, Embeddable]) -> list[str]:
    if host.widgets is not None:
        return host.widgets
    return [
        name for name, widget in widgets.items() if host.access == "token" or not widget.personal
    ]


def _secret(key: KeyEntry, folder: Path) -> bytes | str:
    """The secret, or in words what is wrong with it."""
    if bool(key.secret_env) == bool(key.secret_file):
        return "name the secret by either secret_env or secret_file"
    if key.secret_env:
        secret = os.environ.get(key.secret_env, "").encode()
        if not secret:
            return f"secret_env: the environment has no {key.secret_env}; {_MAKE_ONE}"
    else:
        path = folder / Path(key.secret_file or "").expanduser()
        try:
            secret = path.read_text().strip().encode()
        except (OSError, ValueError) as error:
            return f"secret_file: cannot be read ({error})"
    if len(secret) < SHORTEST_SECRET:
        return f"the secret has {len(secret)} bytes, at least {SHORTEST_SECRET} are wanted; {_MAKE_ONE}"
    return secret


def _registry(parsed: HostsFile, widgets: Mapping[str, Embeddable], secrets: Secrets) -> Registry:
    hosts = {
        host_id: Host(
            id=host_id,
            name=host.name,
            platform=host.platform,
            origins=_origins(host),
            widgets=frozenset(_shown(host, widgets)),
            locked=host.locked,
            access=host.access,
            rate_limit=host.rate_limit or (KEY_HOST_RATE if host.access == "key" else None),
            keys={
                key.id: Key(
                    key.id,
                    OctKey.import_key(secrets["hosts", host_id, "keys", index]),
                    key.not_after,
                    key.revoked,
                )
                for index, key in enumerate(host.keys)
            },
            in_gallery=host_id == parsed.default,
        )
        for host_id, host in parsed.hosts.items()
    }
    return Registry(hosts, parsed.default)


def _origins(host: HostEntry) -> tuple[str, ...]:
    usual = PLATFORMS[host.platform].origins
    named = [USUAL] if host.origins is None else host.origins
    every = [one for origin in named for one in (usual if origin == USUAL else (origin,))]
    return tuple(dict.fromkeys(every))
