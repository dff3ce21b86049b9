"""Host adapters: how each platform passes its context in a widget's address, and who frames there.

Sources are on the documentation's page for each platform, docs/hosts/.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from widgets.embedding.context import Entity, HostContext, locale_named, locale_of_lcid, theme_named
from widgets.embedding.hosts import Host
from widgets.embedding.tokens import Claims

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Platform:
    """origins: the usual sources of `frame-ancestors`. read: query → fields of the context, from the
    parameters `names`."""

    origins: tuple[str, ...]
    read: Callable[[Query], dict[str, Any]]
    names: tuple[str, ...]


def _web(query: Query) -> dict[str, Any]:
    """Ours: what a page, or the loader, writes by itself. `theme` and `locale` work on every platform."""
    return {
        "entity": _entity(query.get("entity_type", ""), query.get("entity_id", "")),
        "tenant": query.get("tenant", ""),
    }


def _dynamics365(query: Query) -> dict[str, Any]:
    """An IFRAME of a model-driven app with "Pass record object-type code and unique identifier"."""
    # `type` is a number that differs between organisations. A new record has no id.
    record = query.get("id", "").strip("{}").lower()
    return {
        "entity": _entity(query.get("typename", ""), record),
        "tenant": query.get("orgname", ""),
        "locale": locale_of_lcid(query.get("userlcid", ""))
        or locale_of_lcid(query.get("orglcid", "")),
    }


def _teams(query: Query) -> dict[str, Any]:
    """A tab, whose address the manifest fills: placeholders of version 2, or names of version 1."""
    return {
        "entity": _entity("page", query.get("subEntityId", "") or query.get("entityId", "")),
        "tenant": query.get("tid", ""),
    }


def _salesforce(query: Query) -> dict[str, Any]:
    """A component or Visualforce page that writes the record into the address itself."""
    return {
        "entity": _entity(query.get("objectApiName", ""), query.get("recordId", "")),
        "tenant": query.get("organizationId", ""),
        "locale": locale_named(query.get("language", "")),
    }


FRAME_PARAMS = ("host", "key", "loader", "theme", "locale", "simulate")
"""Parameters of the frame itself, which every widget has besides its own. A frame that the loader made says
so with `loader=1`: it may wait for a token, since one will come. `simulate` is the gallery's, and works over
the mock ERP only."""

_WEB_NAMES = ("entity_type", "entity_id", "tenant")

PLATFORMS: dict[str, Platform] = {
    "web": Platform((), _web, _WEB_NAMES),
    "dynamics365": Platform(
        ("https://*.dynamics.com", "https://*.powerapps.com"),
        _dynamics365,
        ("typename", "id", "orgname", "userlcid", "orglcid"),
    ),
    "teams": Platform(
        (
            "https://teams.microsoft.com",
            "https://*.teams.microsoft.com",
            "https://*.cloud.microsoft",
            "https://*.microsoft365.com",
            "https://*.office.com",
            "https://outlook.office.com",
            "https://outlook.office365.com",
        ),
        _teams,
        ("subEntityId", "entityId", "tid"),
    ),
    "sharepoint": Platform(("https://*.sharepoint.com",), _web, _WEB_NAMES),
    "salesforce": Platform(
        (
            "https://*.lightning.force.com",
            "https://*.my.salesforce.com",
            "https://*.visualforce.com",
            "https://*.vf.force.com",
        ),
        _salesforce,
        ("objectApiName", "recordId", "organizationId", "language"),
    ),
    # An MCP App is a page that uses the loader, which writes the context as any page does.
    "mcp": Platform((), _web, _WEB_NAMES),
}


ADDRESS_NAMES = frozenset(
    (*FRAME_PARAMS, *_WEB_NAMES, *(name for each in PLATFORMS.values() for name in each.names))
)
"""All parameters of a frame that are not its widget's own, on whatever platform."""


def context_names(host: Host) -> list[str]:
    """Every parameter from which `read_context` reads what the host shows, and whose; always in one order,
    since links have them so."""
    return list(dict.fromkeys((*PLATFORMS[host.platform].names, *_WEB_NAMES)))


def _entity(kind: str, key: str) -> Entity | None:
    return Entity(kind[:100], key[:200]) if kind and key else None


def read_context(host: Host, query: Query, claims: Claims | None) -> HostContext:
    """The context of one request: what the host's platform puts into the address, and what a token signs.

    Parameters that are not known are ignored; so are values that make no sense.
    """
    # What the platform leaves open the page may say itself, as it does with the loader.
    native = PLATFORMS[host.platform].read(query)
    hints = _web(query) | {name: value for name, value in native.items() if value}
    looks: dict[str, Any] = {
        "host": host.id,
        "theme": theme_named(query.get("theme")),
        "locale": locale_named(query.get("locale", "")) or hints.get("locale"),
    }
    if claims is None or claims.ctx is None:
        user = claims.sub if claims else ""
        return HostContext(**{**hints, **looks}, user=user)
    signed = claims.ctx.entity
    return HostContext(
        **looks,
        entity=Entity(signed.type, signed.id) if signed else None,
        tenant=claims.ctx.tenant,
        user=claims.sub,
        trust="signed",
    )
