"""Writes OData v4 addresses as Dynamics 365 Finance & Operations reads them, and checks its page links.

Sources: OData v4.01 URL conventions (literals, 4.4.1 and 5.1.1.6), and Microsoft's "Open Data Protocol
(OData)" page for Finance & Operations (wildcards, cross-company reads).
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from widgets.errors import BadParameter

_LONGEST = 250  # characters of a value: more than any key or reference of Dynamics can hold
_CHUNK = 1500  # characters of an or-chain: with the rest, an address stays below some 2,000


def literal(value: str, parameter: str) -> str:
    """A string as an OData literal, quotes doubled; not yet percent-encoded.

    Raises BadParameter, naming `parameter`, for what must not be asked for: `*`, which is a wildcard in
    Dynamics and would match other records; control characters; and more than 250 characters.
    """
    if "*" in value:
        raise BadParameter(parameter, f"The parameter {parameter} must not contain *.")
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise BadParameter(
            parameter, f"The parameter {parameter} must not contain control characters."
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadParameter(parameter, f"The parameter {parameter} is not valid text.") from None
    if len(value) > _LONGEST:
        raise BadParameter(
            parameter, f"The parameter {parameter} is longer than {_LONGEST} characters."
        )
    return "'" + value.replace("'", "''") + "'"


def can_be_asked(value: str) -> bool:
    """Whether `literal` takes the value. An ERP may hold records that cannot be asked for one by one."""
    try:
        literal(value, "")
    except BadParameter:
        return False
    return True


def equals(field: str, value: str, parameter: str) -> str:
    """`field eq 'value'`. Raises BadParameter as `literal` does."""
    return f"{field} eq {literal(value, parameter)}"


def all_equal(*given: tuple[str, str | None, str]) -> list[str]:
    """`equals` of each field, value and parameter whose value is not None."""
    return [equals(field, value, name) for field, value, name in given if value is not None]


def since(field: str, day: date) -> str:
    """`field` is on this day or later, or is unset, which Dynamics writes as the first of January 1900."""
    return f"({field} ge {day}T00:00:00Z or {field} lt 1900-01-02T00:00:00Z)"


def or_chains(conditions: Sequence[str]) -> Iterator[str]:
    """The conditions as or-chains of bounded length, in their order."""
    chain: list[str] = []
    length = 0
    for condition in conditions:
        size = len(quote(f" or {condition}", safe=""))
        if chain and length + size > _CHUNK:
            yield f"({' or '.join(chain)})"
            chain, length = [], 0
        chain.append(condition)
        length += size
    if chain:
        yield f"({' or '.join(chain)})"


def collection_url(
    root: str,
    entity_set: str,
    conditions: Iterable[str],
    fields: Iterable[str],
    greatest: str | None = None,
) -> str:
    """The rows of a set, in any company, that fulfil all conditions; just these fields of them.

    greatest: a field; then only the row that has the most of it.
    """
    url = (
        f"{root}/{quote(entity_set, safe='')}?cross-company=true"
        f"&$filter={quote(' and '.join(conditions), safe='')}&$select={','.join(fields)}"
    )
    return f"{url}&$orderby={greatest}%20desc&$top=1" if greatest else url


def entity_url(root: str, entity_set: str, key: Mapping[str, str], fields: Iterable[str]) -> str:
    """One row by its whole key; the values are literals. Everything in them is percent-encoded, for a
    `/`, `#` or `?` in a key would end the path."""
    keys = ",".join(f"{name}={quote(value, safe='')}" for name, value in key.items())
    return (
        f"{root}/{quote(entity_set, safe='')}({keys})?cross-company=true&$select={','.join(fields)}"
    )


def next_page(root: str, current: str, link: str) -> str | None:
    """The absolute address of a next link, or None if it leads away: to another origin, where our token
    must not go, or out of the service's own path."""
    try:
        target = urljoin(current, link)
        target.encode()
        here, there = urlsplit(root), urlsplit(target)
        same = _origin(here) == _origin(there)
    except ValueError:  # a port that is no number, a host that is none, half a surrogate pair
        return None
    path = unquote(there.path)
    inside = path.startswith(f"{unquote(here.path)}/") and posixpath.normpath(path) == path
    return target if same and inside and "\\" not in path else None


def _origin(parts: SplitResult) -> tuple[str, str, int | None, str | None]:
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or ""), port, parts.username
