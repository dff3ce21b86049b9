"""Who may embed: the registered hosts. `hosts_file` reads them from a file; without one there is `demo`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from joserfc.jwk import OctKey

from widgets.embedding.origins import LOOPBACK
from widgets.embedding.refusals import refused

Access = Literal["token", "key", "open"]


@dataclass(frozen=True, slots=True)
class Key:
    """One of a host's secrets.

    not_after: the moment from which it is not taken any more, UTC; None: for ever.
    """

    id: str
    secret: OctKey = field(repr=False)
    not_after: datetime | None = None
    revoked: bool = False

    def is_good(self, now: datetime | None = None) -> bool:
        return not self.revoked and (
            self.not_after is None or (now or datetime.now(UTC)) < self.not_after
        )


@dataclass(frozen=True, slots=True)
class Host:
    """A page or application that embeds.

    origins: sources of `frame-ancestors`, checked by `origins.checked_origin`.
    widgets: names of those it may show.
    locked: parameters that nobody on the host's pages can change.
    access: "token": each request carries a token signed with one of `keys`. "key": the address carries
        one of `keys` itself. "open": anybody who reaches this server.
    rate_limit: requests a minute, of all its viewers together; None: as many as they like.
    in_gallery: our own gallery shows its widgets.
    tokens: what `tokens.verify` remembers of those that it has checked; another hosts file begins anew.
    """

    id: str
    name: str
    platform: str
    origins: tuple[str, ...]
    widgets: frozenset[str]
    locked: Mapping[str, str] = field(default_factory=dict)
    access: Access = "token"
    rate_limit: int | None = None
    keys: Mapping[str, Key] = field(default_factory=dict)
    in_gallery: bool = False
    tokens: dict[bytes, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Embeddable:
    """What embedding must know of a widget.

    personal: it shows data about persons, which needs a token.
    params: its parameters' names. complaint: (name, value) → what is wrong with that value, or None.
    parse: (query, locked) → nothing; raises the WidgetError that such a request ends in.
    """

    personal: bool
    params: frozenset[str]
    complaint: Callable[[str, str], str | None]
    parse: Callable[[Mapping[str, str], Mapping[str, str]], object]


@dataclass(frozen=True, slots=True)
class Registry:
    """All hosts by id. default: the host of an address that names none, which the gallery shows."""

    hosts: Mapping[str, Host]
    default: str | None = None

    def get(self, host_id: str | None = None) -> Host | None:
        """The host, or the default one where none is named; None where there is no such."""
        return self.hosts.get(host_id or self.default or "")

    def find(self, host_id: str | None) -> Host:
        """The same. Raises Refused where there is no such."""
        host = self.get(host_id)
        if host is None:
            wanted = host_id or self.default
            raise (
                refused("host-unknown", f"host {wanted[:60]!r}")
                if wanted
                else refused("host-missing")
            )
        return host


def demo(widgets: Mapping[str, Embeddable]) -> Registry:
    """One host, `demo`: every widget, without a token, on pages of this machine. For made-up data only."""
    host = Host(
        id="demo",
        name="Demo",
        platform="web",
        origins=LOOPBACK,
        widgets=frozenset(widgets),
        access="open",
        in_gallery=True,
    )
    return Registry({"demo": host}, "demo")
