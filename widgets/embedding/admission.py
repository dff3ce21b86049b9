"""Who may see this widget, and what is locked for them: the first question of every request."""

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hmac import compare_digest
from pathlib import Path
from typing import TYPE_CHECKING

from widgets.embedding.hosts import Embeddable, Host, Registry, demo
from widgets.embedding.hosts_file import HostsFileError, load
from widgets.embedding.refusals import refused
from widgets.embedding.tokens import Claims, verify

if TYPE_CHECKING:
    from widgets.embedding.rate_limits import RateLimits

logger = logging.getLogger(__name__)


@lru_cache(maxsize=1024)
def _scope(host_id: str, locked: tuple[tuple[str, str], ...]) -> str:
    return json.dumps([host_id, locked])


@dataclass(frozen=True, slots=True)
class Grant:
    """What one request may see. locked: parameters with the values that they must have.

    claims: of its token; None where the host needs none.
    """

    host: Host
    locked: Mapping[str, str]
    claims: Claims | None = None

    @property
    def scope(self) -> str:
        """Whose eyes the answers are for; part of every cache key. Two requests share what is kept only
        where they come from one host and have the same locks."""
        return _scope(self.host.id, tuple(sorted(self.locked.items())))


@dataclass
class Admission:
    """The registered hosts, and the checks that need them. A server's parent has one, which its processes
    inherit, so that one that is started later has the hosts that the others have.

    path: the hosts file; None: there is none. mocked: the data is made up, so that without a file the
    host `demo` may show it. audience: what a token's `aud` must say. redis_url: where requests are
    counted that are limited; "": in each process.
    Raises HostsFileError for a file that cannot be used.
    """

    path: Path | None
    widgets: Mapping[str, Embeddable]
    audience: str
    mocked: bool
    redis_url: str = ""
    registry: Registry = field(init=False)

    def __post_init__(self) -> None:
        self._reloading = threading.Lock()
        self.registry = self._read()

    @cached_property
    def _rate_limits(self) -> "RateLimits":
        # Made when it is first needed: it starts a thread, which a parent that forks must not have. Loaded
        # then, too: few hosts have a limit, and what it needs takes 20 ms of each start.
        from widgets.embedding.rate_limits import RateLimits  # noqa: PLC0415

        return RateLimits(self.redis_url)

    def reload(self, *, quiet: bool = False) -> bool:
        """Read the file again, and whether that went well. One that cannot be used changes nothing, and the
        log says why. quiet: somebody else has said already that it went well."""
        with self._reloading:
            try:
                self.registry = self._read()
            except HostsFileError as error:
                logger.error(
                    "The hosts file was not taken; the hosts stay as they were.\n%s", error
                )
                return False
            if not quiet:
                names = ", ".join(self.registry.hosts) or "none"
                logger.warning("Hosts read again: %s", names)
            return True

    def _read(self) -> Registry:
        if self.path is None:
            return demo(self.widgets) if self.mocked else Registry({})
        registry = load(self.path, self.widgets)
        for host in registry.hosts.values():
            for key in host.keys.values():
                if not key.revoked and not key.is_good():
                    logger.warning("%s: key %s of host %s has expired", self.path, key.id, host.id)
        return registry

    def admit(self, host: Host, widget: str, *, token: str | None, key: str | None) -> Grant:
        """Let one request in, and count it. Raises Refused."""
        grant = self.examine(host, widget, token=token, key=key)
        # Only what is let in is counted, so that a stranger cannot use up a host's share.
        self.count(host)
        return grant

    def examine(self, host: Host, widget: str, *, token: str | None, key: str | None) -> Grant:
        """Whether `host` may show `widget` with what a request carries. Raises Refused."""
        if widget not in host.widgets:
            raise refused("widget-not-allowed", f"host {host.id}")
        claims = None
        if host.access == "token":
            if not token:
                raise refused("token-missing", f"host {host.id}")
            claims = verify(token, host, widget, self.audience)
        elif host.access == "key":
            if not key:
                raise refused("key-missing", f"host {host.id}")
            given = key.encode()
            if not any(
                compare_digest(each.secret.raw_value, given) and each.is_good()
                for each in host.keys.values()
            ):
                raise refused("key-wrong", f"host {host.id}")
        return Grant(host, self.locks(host, widget, claims), claims)

    def count(self, host: Host) -> None:
        """Count a request that is let in. Raises Refused where the host has had its share."""
        if host.rate_limit is None:
            return
        if wait := self._rate_limits.wait(host.id, host.rate_limit):
            raise refused("rate-limited", f"host {host.id}", retry_after=wait)

    def locks(self, host: Host, widget: str, claims: Claims | None) -> dict[str, str]:
        """The host's locks that this widget has, and the token's, which it must have."""
        known = self.widgets[widget].params
        locked = {name: value for name, value in host.locked.items() if name in known}
        for name, given in claims.params.items() if claims else ():
            value = str(given)
            if name not in known or locked.get(name, value) != value:
                raise refused("token-params", f"host {host.id} parameter {name[:60]!r}")
            locked[name] = value
        return locked
