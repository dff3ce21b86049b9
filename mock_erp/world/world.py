"""The company at any moment the clock shows, as tables of rows."""

import threading
from collections.abc import Mapping
from datetime import datetime

from mock_erp.market.rates import EuroRates
from mock_erp.model import ENTITY_SETS, Row
from mock_erp.world.exchange import exchange_rates
from mock_erp.world.simulation import Simulation
from mock_erp.world.tables import TABLES

Table = Mapping[tuple[str | int | float, ...], Row]


class World:
    """Tables by name and moment. Safe for threads; a table that was given out never changes."""

    def __init__(self, seed: int, start: datetime, rates: EuroRates) -> None:
        self._seed = seed
        self._start = start
        self._rates = rates
        self._lock = threading.Lock()
        self._simulation = Simulation(seed, start)
        self._simulation.advance(start)
        self._seen = start
        self._tables: dict[str, tuple[object, Table]] = {}

    def table(self, name: str, now: datetime) -> Table:
        """The rows of an entity set by their keys, in the order of the keys."""
        with self._lock:
            if now < self._seen:  # the clock was set back: tell the story again from its beginning
                self._simulation = Simulation(self._seed, self._start)
                self._tables.clear()
            self._simulation.advance(now)
            self._seen = now
            version: object = now.date() if name == "ExchangeRates" else self._simulation.version
            kept = self._tables.get(name)
            if kept is None or kept[0] != version:
                kept = self._tables[name] = (version, self._build(name, now))
            return kept[1]

    def _build(self, name: str, now: datetime) -> Table:
        key = ENTITY_SETS[name].key
        rows = (
            exchange_rates(self._rates, now)
            if name == "ExchangeRates"
            else TABLES[name](self._simulation)
        )
        by_key = {tuple(row[part] for part in key): row for row in rows}
        return dict(sorted(by_key.items()))
