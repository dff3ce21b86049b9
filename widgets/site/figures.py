"""What the metrics add up to: counts by label, and times that were not exceeded."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.metrics_core import Metric

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Figures:
    """Values by the name of a sample, such as `widgets_requests_total`; see `widgets.metrics`."""

    samples: Mapping[str, list[tuple[Labels, float]]]

    def each(self, name: str) -> list[tuple[Labels, float]]:
        return self.samples.get(name, [])

    def one(self, name: str) -> float | None:
        """The value of a metric without labels, if it has one."""
        return next((value for _, value in self.each(name)), None)

    def by(self, name: str, *labels: str) -> Counter[tuple[str, ...]]:
        """Counts, added up over all labels but these."""
        found: Counter[tuple[str, ...]] = Counter()
        for given, value in self.each(name):
            found[tuple(given.get(label, "") for label in labels)] += round(value)
        return found

    def within(self, name: str, share: float, **labels: str) -> float | None:
        """The seconds within which this share of what a histogram counted ended, as near as its buckets tell;
        infinite beyond the last of them. None where nothing was counted."""
        buckets: Counter[float] = Counter()
        for given, value in self.each(f"{name}_bucket"):
            if labels.items() <= given.items():
                buckets[float(given["le"])] += round(value)
        total = max(buckets.values(), default=0)
        if not total:
            return None
        wanted, below, counted = share * total, 0.0, 0
        for bound, count in sorted(buckets.items()):
            if count >= wanted:
                if math.isinf(bound):
                    return math.inf
                # Spread evenly over the bucket, as Prometheus' histogram_quantile has it.
                return below + (bound - below) * (wanted - counted) / max(count - counted, 1)
            below, counted = bound, count
        return math.inf  # pragma: no cover - the last bucket holds all


def figures(metrics: Iterable[Metric]) -> Figures:
    samples: dict[str, list[tuple[Labels, float]]] = {}
    for metric in metrics:
        for sample in metric.samples:
            samples.setdefault(sample.name, []).append((sample.labels, sample.value))
    return Figures(samples)
