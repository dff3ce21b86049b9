"""Connects the upstreams that the settings name to the sources that widgets ask for by type."""

from collections.abc import Mapping

from widgets.core.services import Log, SourceFactory
from widgets.site.settings import Settings
from widgets.upstream import (
    Dynamics,
    DynamicsConfig,
    Erp,
    Keep,
    Market,
    MarketConfig,
    MarketData,
    ReadThrough,
)
from widgets.upstream.transport import Limits

SOURCES = (Erp, MarketData)
"""What a widget's view function may ask for."""


def connect(settings: Settings) -> Mapping[type, SourceFactory]:
    """For each kind of source, how to make one for a request. Makes no call yet."""
    reads = ReadThrough(
        settings.cache_file,
        limits=Limits(
            connect=settings.connect_timeout,
            read=settings.read_timeout,
            # A page is waited for by a person: one slow answer may take this long and no longer.
            total=settings.connect_timeout + settings.read_timeout,
        ),
        ca_file=settings.ca_file,
    )
    ttls = {kind: Keep(ttl, stale_for) for kind, (ttl, stale_for) in settings.keep.items()}
    dynamics = DynamicsConfig(
        base_url=str(settings.erp_url).rstrip("/"),
        token_url=str(settings.erp_token_url or ""),
        client_id=settings.erp_client_id,
        client_secret=settings.erp_client_secret.get_secret_value(),
        token_scope=settings.erp_token_scope,
        entity_sets=settings.erp_entity_sets,
        ttls=ttls,
    )
    feeds = MarketConfig(
        commodities_url=str(settings.commodities_url),
        api_key=settings.commodities_key.get_secret_value(),
        rates_url=str(settings.rates_url),
        ttls=ttls,
    )

    def erp(scope: str, log: Log, request_id: str) -> Erp:
        return Dynamics(dynamics, reads, scope=scope, log=log, request_id=request_id)

    def market(scope: str, log: Log, request_id: str) -> MarketData:
        return Market(feeds, reads, scope=scope, log=log, request_id=request_id)

    return {Erp: erp, MarketData: market}
