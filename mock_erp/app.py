"""The WSGI application."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response

from mock_erp import auth, carrier, control
from mock_erp.calls import CallLog
from mock_erp.clock import Clock
from mock_erp.fault_injection import FaultInjection
from mock_erp.faults import Faults
from mock_erp.market import routes as market_routes
from mock_erp.market.commodities import PriceBook
from mock_erp.market.rates import EuroRates
from mock_erp.odata import routes as odata_routes
from mock_erp.simulation import Simulation
from mock_erp.world.world import Table, World

DEFAULT_COMPANY = "usmf"


@dataclass(frozen=True, slots=True)
class Settings:
    """How the mock behaves.

    start: where its clock starts; None is now. speed: simulated seconds a real second.
    page_size: most rows of one answer, 10,000 as in Dynamics. token_lifetime: real seconds.
    """

    seed: int = 2
    start: datetime | None = None
    speed: float = 1.0
    page_size: int = 10_000
    token_lifetime: float = 3599.0
    client_id: str = "demo"
    client_secret: str = "demo-secret"  # noqa: S105  (a demo's, published on purpose)


@dataclass(frozen=True, slots=True)
class State:
    """All that the mock remembers, in one process."""

    clock: Clock
    world: World
    prices: PriceBook
    rates: EuroRates
    tokens: auth.Tokens
    faults: Faults
    calls: CallLog
    page_size: int
    default_company: str = DEFAULT_COMPANY

    def table(self, name: str) -> Table:
        """The rows of an entity set as they are now."""
        return self.world.table(name, self.clock.now())


class MockErp(Flask):
    """Flask with the faults around it: they act on the transport, below what a view can reach."""

    def __init__(self, state: State) -> None:
        super().__init__("mock_erp", static_folder=None)
        self.url_map.merge_slashes = False  # an item number may have two slashes in a row
        self.extensions["mock_erp"] = state
        injection = FaultInjection(super().__call__, state.faults, state.calls)
        self._outermost = Simulation(injection)

    @property
    def state(self) -> State:
        state: State = self.extensions["mock_erp"]
        return state

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        return self._outermost(environ, start_response)


def create_app(settings: Settings | None = None) -> MockErp:
    settings = settings or Settings()
    clock = Clock(settings.start or datetime.now(UTC).replace(microsecond=0), settings.speed)
    rates = EuroRates(settings.seed)
    app = MockErp(
        State(
            clock=clock,
            world=World(settings.seed, clock.start, rates),
            prices=PriceBook(settings.seed),
            rates=rates,
            tokens=auth.Tokens(settings.client_id, settings.client_secret, settings.token_lifetime),
            faults=Faults(),
            calls=CallLog(),
            page_size=settings.page_size,
        )
    )
    app.register_blueprint(odata_routes.blueprint)
    app.register_blueprint(market_routes.blueprint)
    app.register_blueprint(carrier.blueprint)
    app.register_blueprint(auth.blueprint)
    app.register_blueprint(control.blueprint)
    app.add_url_rule("/", view_func=_about)
    return app


def _about() -> Response:
    text = "A mock ERP: /data (with a token), /query, /v2/rates, /carrier. From this machine: /_control/\n"
    return Response(text, content_type="text/plain; charset=utf-8")
