"""Origins as a Content-Security-Policy writes them: which the hosts file may hold, and what each lets in.

Source: Content Security Policy Level 3 (W3C), 2.3.1 host-source and 6.7.2 matching.
"""

import ipaddress
import re
from urllib.parse import urlsplit

LOOPBACK = ("http://localhost:*", "http://127.0.0.1:*")
"""Pages on this machine, at any port."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
# A host-source with a scheme and without a path.
_ORIGIN = re.compile(
    rf"https?://(?:\*\.{_LABEL}\.)?{_LABEL}(?:\.{_LABEL})*(?::(?:[1-9][0-9]{{0,4}}|\*))?"
)
_PORTS = {"http": 80, "https": 443}


def checked_origin(source: str) -> str:
    """The origin as browsers write it, in lower case and without its usual port, if it is one that
    `frame-ancestors` can hold and that does not stand for every site: `https://sales.contoso.com`,
    `https://*.contoso.com`, `http://localhost:*`. Raises ValueError."""
    origin = source.strip().removesuffix("/").lower()
    scheme, _, rest = origin.partition("://")
    port = rest.rpartition(":")[2] if ":" in rest else ""
    if not _ORIGIN.fullmatch(origin) or (port.isdigit() and not 0 < int(port) < 65_536):
        raise ValueError(
            f"{source!r} is no origin; write it like https://sales.contoso.com or "
            "https://*.contoso.com, with a port where it has one"
        )
    return origin.removesuffix(f":{_PORTS[scheme]}")


def covers(source: str, origin: str) -> bool:
    """Whether a page of `origin` (`https://sales.contoso.com`) is one that `source` lets in.

    An http source also lets https in, as the specification has it; `*.` stands for one label or more.
    """
    allowed, page = urlsplit(source.replace(":*", "")), urlsplit(origin)
    if page.scheme != allowed.scheme and (allowed.scheme, page.scheme) != ("http", "https"):
        return False
    host, wanted = page.hostname or "", allowed.hostname or ""
    if wanted == "*":  # in a page's own policy; the hosts file has no such thing
        matches = True
    else:
        matches = host.endswith(wanted[1:]) if wanted.startswith("*.") else host == wanted
    if not matches:
        return False
    if source.endswith(":*"):
        return True
    port, at = allowed.port or _PORTS[allowed.scheme], page.port or _PORTS.get(page.scheme)
    # A page of https is also let in where the source names http and its standard port.
    return port == at or (port == 80 and at == 443 and page.scheme == "https")


def lets_in(source: str, origin: str, *, page: str) -> bool:
    """Whether any source of a policy, of a page at the origin `page`, lets `origin` in. Paths are not
    looked at."""
    source = source.lower()
    if source == "*":
        return True
    if source in ("https:", "http:"):
        return origin.startswith((source, "https:"))
    if source == "'self'":
        return page == origin
    if source.startswith("'"):
        return False
    # A source without a scheme has the page's.
    try:
        full = source if "://" in source else f"{urlsplit(page).scheme or 'https'}://{source}"
        return covers(origin_of(full), origin)
    except ValueError:
        return False


def origin_of(address: str) -> str:
    """`https://a.example/b?c` → `https://a.example`"""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()


def directives(policy: str) -> dict[str, list[str]]:
    """One Content-Security-Policy by directive; the first of a name counts. The header's name in front is
    left out, since people paste it along."""
    found: dict[str, list[str]] = {}
    for directive in re.sub(r"(?i)^\s*content-security-policy:", "", policy).split(";"):
        name, *sources = directive.split() or [""]
        if name:
            found.setdefault(name.lower(), sources)
    return found


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own, which browsers trust without TLS."""
    name = urlsplit(address).hostname or ""
    return name == "localhost" or name.endswith(".localhost") or name.startswith("127.")


def is_local(address: str) -> bool:
    """Whether an address, by its name alone, is of a private network: for Local Network Access (WICG)."""
    name = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(name).is_private
    except ValueError:
        return is_loopback(address) or "." not in name or name.endswith((".local", ".internal"))
