"""Connects the upstreams that the settings name to the sources that widgets ask for by type."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from widgets.core.services import Log, SourceFactory
from widgets.errors import NotSetUp
from widgets.site import upstreams_file
from widgets.site.settings import Settings
from widgets.site.simulation import Simulation
from widgets.upstream import (
    Dynamics,
    DynamicsConfig,
    Erp,
    Health,
    JsonConfig,
    JsonUpstream,
    Keep,
    Market,
    MarketConfig,
    MarketData,
    ReadThrough,
    UpstreamHealth,
)
from widgets.upstream.answers import sentence
from widgets.upstream.json_upstream import Ask, sampled, through
from widgets.upstream.place import Place
from widgets.upstream.reads import Asking
from widgets.upstream.transport import Limits

SOURCES = (Erp, MarketData)
"""What a widget's view function may ask for, besides upstreams of its own."""

OF_THE_MOCK = ("carrier",)
"""Upstreams of widgets' own that the mock ERP has something for, below its address."""


@dataclass(frozen=True, slots=True)
class Connected:
    """sources: for each kind, how to make one for a request. simulation: the same in another state of the
    ERP. reads: what they all read through. health: how the upstreams are, asked or not."""

    sources: Mapping[type, SourceFactory]
    simulation: Simulation
    reads: ReadThrough
    health: Callable[[], Health]


def configs(settings: Settings, kinds: Collection[type[JsonUpstream]]) -> dict[str, JsonConfig]:
    """Where the upstreams of these kinds are, by name, as far as it is known. Raises SettingsError."""
    names = {kind.name for kind in kinds}
    made_up = {
        name: JsonConfig(f"{str(settings.erp_url).rstrip('/')}/{name}")
        for name in OF_THE_MOCK
        if settings.mocked and name in names
    }
    file = settings.upstreams_file
    return made_up | (upstreams_file.load(file, names) if file else {})


def connect(settings: Settings, kinds: Sequence[type[JsonUpstream]] = ()) -> Connected:
    """Makes no call yet. kinds: upstreams that widgets have of their own. Raises SettingsError."""
    known = configs(settings, kinds)
    reads = ReadThrough(
        Place(
            settings.cache_file,
            most_bytes=settings.cache_mb * 1024 * 1024,
            redis_url=settings.redis_url.get_secret_value(),
        ),
        at_once=settings.upstream_calls,
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

    def deadline() -> float:
        # A page's sources are made together, when it begins.
        return time.monotonic() + settings.page_timeout

    def is_sampled(kind: type[JsonUpstream]) -> bool:
        return bool(settings.mocked and kind.sample)

    def sources(
        dynamics: DynamicsConfig,
        feeds: MarketConfig,
        own: Mapping[str, JsonConfig],
        keep: Keep | None = None,
    ) -> Mapping[type, SourceFactory]:
        """keep: of upstreams of widgets' own, in place of what they say themselves."""

        def erp(scope: str, log: Log, request_id: str) -> Erp:
            return Dynamics(
                dynamics, reads, scope=scope, log=log, request_id=request_id, deadline=deadline()
            )

        def market(scope: str, log: Log, request_id: str) -> MarketData:
            return Market(
                feeds, reads, scope=scope, log=log, request_id=request_id, deadline=deadline()
            )

        def json(kind: type[JsonUpstream]) -> SourceFactory:
            config = own.get(kind.name)
            times = keep or kind.keep()

            def source(scope: str, log: Log, request_id: str) -> JsonUpstream:
                if config is None:
                    return sampled(kind, log) if is_sampled(kind) else kind(_not_set_up(kind))
                asking = Asking(scope, log, request_id, deadline())
                return through(kind, config, reads, asking, times)

            return source

        return {Erp: erp, MarketData: market, **{kind: json(kind) for kind in kinds}}

    # As the sources have them.
    named = {
        "ERP": dynamics.base_url,
        "price feed": feeds.commodities_url,
        "exchange-rate feed": feeds.rates_url,
        **{name: config.base_url.rstrip("/") for name, config in known.items()},
    }
    missing = [
        UpstreamHealth(kind.name, "", "missing", because=_how_to_set_up(kind))
        for kind in {kind.name: kind for kind in kinds if kind.name not in known}.values()
        if not is_sampled(kind)
    ]

    def health() -> Health:
        found = reads.health(named)
        return replace(found, upstreams=[*found.upstreams, *missing])

    simulation = Simulation(settings, dynamics, feeds, known, sources)
    return Connected(sources(dynamics, feeds, known), simulation, reads, health)


def _how_to_set_up(kind: type[JsonUpstream]) -> str:
    return f"To set it up, give it a table [{kind.name}] in the file that WIDGETS_UPSTREAMS_FILE names."


def _not_set_up(kind: type[JsonUpstream]) -> Ask:
    """The server starts all the same: its other widgets work, and who looks at this one is told why it does
    not."""

    def ask(*_: object) -> object:
        message = sentence(kind.called, "is not set up on this server yet")
        raise NotSetUp(f"{message} {_how_to_set_up(kind)}")

    return ask
