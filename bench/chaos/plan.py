"""What a scenario is given and what it reports: rows of a table, and what must hold."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.figures import Must, Row


@dataclass(frozen=True, slots=True)
class Plan:
    """How hard and how long. seconds: None is each scenario's own. distinct: addresses of `many`.
    recovery: most seconds to wait for fresh data after a fault. parts: of a scenario, none is all.
    log: where the servers' own words go."""

    viewers: int = 500
    seconds: float | None = None
    distinct: int = 100_000
    recovery: float = 75.0
    parts: frozenset[str] = frozenset()
    log: Path | None = None

    def lasting(self, usual: float) -> float:
        return usual if self.seconds is None else self.seconds

    def wants(self, part: str) -> bool:
        return not self.parts or part in self.parts


@dataclass(slots=True)
class Report:
    rows: list[Row] = field(default_factory=list)
    musts: list[Must] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return all(must.holds is not False for must in self.musts)

    def plain(self) -> dict[str, Any]:
        return asdict(self) | {"holds": self.holds}


Scenario = Callable[[Plan], Report]
