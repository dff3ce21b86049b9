"""Whether a name or an address is this machine's own."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Of a host without port or brackets, such as "localhost", "127.0.0.1" and "::1"."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def is_loopback_host(given: str) -> bool:
    """Of a Host header, such as "localhost:8000" and "[::1]:8000"."""
    try:
        return is_loopback(urlsplit(f"//{given}").hostname or "")
    except ValueError:
        return False
