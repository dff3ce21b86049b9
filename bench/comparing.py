"""Comparing contestants in one run: they take turns, so that whatever slows the machine slows them all."""

import json
import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.figures import MARKS, Must, Row, rounded, table, tell

Figures = Mapping[str, float]
Measure = Callable[[], Figures]


class NotComparable(Exception):
    """What was to be measured is not there, or is something else. The message says what to do."""


@dataclass(slots=True)
class Comparison:
    """values: what was measured, by contestant, then figure, a value a round.

    name: what is compared, such as "one widget, cold". reference: the contestant that ratios are to.
    units: of each figure, such as "ms"; its names are the columns. parts: the figures of one table each,
    where all in one would be wider than a screen. failed: why, for each time that a contestant could not be
    measured.
    """

    name: str
    reference: str
    units: Mapping[str, str]
    parts: Sequence[Sequence[str]] = ()
    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    failed: dict[str, list[str]] = field(default_factory=dict)

    def add(self, contestant: str, figures: Figures) -> None:
        """One round of one contestant; it has a row even if there are no figures. Raises ValueError for a
        figure without a unit."""
        if unknown := figures.keys() - self.units.keys():
            raise ValueError(f"{', '.join(sorted(unknown))}: no unit is given")
        values = self.values.setdefault(contestant, {})
        for figure, value in figures.items():
            values.setdefault(figure, []).append(value)

    def fail(self, contestant: str, why: str) -> None:
        """Once more it could not be measured; this is told at once, too."""
        tell(f"{self.name}: {contestant} failed: {why}")
        self.failed.setdefault(contestant, []).append(why)

    def has(self, contestant: str, figure: str) -> bool:
        return figure in self.values.get(contestant, {})

    def median(self, contestant: str, figure: str) -> float:
        """Raises KeyError for what was not measured."""
        return statistics.median(self.values[contestant][figure])

    def spread(self, contestant: str, figure: str) -> float:
        """The distance between the quartiles, as a share of the median; 0 for a single round."""
        values = self.values[contestant][figure]
        middle = statistics.median(values)
        if len(values) < 2 or not middle:
            return 0.0
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        return (high - low) / middle

    def ratio(self, contestant: str, figure: str, to: str = "") -> float:
        """The median of this contestant over that of another, or of the reference."""
        return self.median(contestant, figure) / self.median(to or self.reference, figure)

    def best(
        self, figure: str, among: Callable[[str], bool], pick: Callable[..., str] = min
    ) -> str | None:
        """The contestant with the smallest median, or with pick=max the largest; None if there is none."""
        names = [name for name in self.values if among(name) and self.has(name, figure)]
        return pick(names, key=lambda name: self.median(name, figure)) if names else None

    def rows(self, figures: Sequence[str] = ()) -> list[Row]:
        """A row a contestant: medians, their spread, and what each is of the reference's. figures: the
        columns; all if left out."""
        rows: list[Row] = []
        for contestant in self.values:
            row: Row = {self.name: contestant}
            for figure in figures or self.units:
                head = f"{figure}, {self.units[figure]}" if self.units[figure] else figure
                if not self.has(contestant, figure):
                    row[head], row[f"± {figure}"], row[f"× {figure}"] = "–", "–", "–"
                    continue
                row[head] = rounded(self.median(contestant, figure))
                row[f"± {figure}"] = f"{self.spread(contestant, figure):.0%}"
                base = self.has(self.reference, figure) and self.median(self.reference, figure)
                row[f"× {figure}"] = f"{self.ratio(contestant, figure):.2f}" if base else "–"
            rows.append(row)
        return rows

    def text(self) -> str:
        """Its tables, and below them who could not be measured, how often and why."""
        parts = [table(self.rows(part)) for part in self.parts or ((),)]
        parts += [
            f"{contestant} failed {len(reasons)}×, the last time: {reasons[-1]}"
            for contestant, reasons in self.failed.items()
        ]
        return "\n\n".join(part for part in parts if part)

    def plain(self) -> dict[str, Any]:
        """For JSON: each contestant's figures as median, spread and every value."""
        return {
            "name": self.name,
            "reference": self.reference,
            "units": dict(self.units),
            "failed": self.failed,
            "contestants": {
                contestant: {
                    figure: {
                        "median": self.median(contestant, figure),
                        "spread": round(self.spread(contestant, figure), 4),
                        "values": values,
                    }
                    for figure, values in figures.items()
                }
                for contestant, figures in self.values.items()
            },
        }


@dataclass(slots=True)
class Findings:
    """What one benchmark found: comparisons, and the targets that it can judge.

    summary: the few ratios that somebody wants who has no time for the tables. run: how it was found: the
    command, the number of rounds, and whether they were quick ones.
    """

    comparisons: list[Comparison] = field(default_factory=list)
    musts: list[Must] = field(default_factory=list)
    summary: list[Row] = field(default_factory=list)
    run: Mapping[str, str | int | bool] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return all(must.holds is not False for must in self.musts)

    def plain(self) -> dict[str, Any]:
        return {
            "measured": datetime.now(UTC).isoformat(timespec="seconds"),
            **self.run,
            "machine": machine(),
            "summary": self.summary,
            "comparisons": [each.plain() for each in self.comparisons],
            "targets": [
                {"what": must.what, "holds": must.holds, "seen": must.seen} for must in self.musts
            ],
            "holds": self.holds,
        }

    def text(self) -> str:
        """Tables, then a line a target."""
        parts = [each.text() for each in self.comparisons]
        parts.append(table(self.summary))
        parts.append("\n".join(f"{MARKS[m.holds]}: {m.what}: {m.seen}" for m in self.musts))
        return "\n\n".join(part for part in parts if part)

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(self.plain(), indent=1) + "\n")


def take_turns(
    comparison: Comparison, measures: Mapping[str, Measure], rounds: int, *, warm: int = 0
) -> Comparison:
    """Measure each contestant once a round, each round beginning with another; `warm` rounds do not count."""
    names = list(measures)
    for number in range(-warm, rounds):
        tell(f"{comparison.name}, round {number + 1} of {rounds}")
        first = number % len(names)
        for name in names[first:] + names[:first]:
            figures = measures[name]()
            if number >= 0:
                comparison.add(name, figures)
    return comparison


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    """The model's name; where there is none, the kind."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return " ".join(value.split())
    return platform.processor() or platform.machine()
