"""What samples add up to."""

import math

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from widgets.site.figures import Figures, figures


@pytest.fixture
def counted() -> Figures:
    registry = CollectorRegistry()
    calls = Counter("calls", "Calls", ["who", "what"], registry=registry)
    for who, what, n in (("a", "x", 3), ("a", "y", 4), ("b", "x", 5)):
        calls.labels(who, what).inc(n)
    Gauge("level", "A level", registry=registry).set(7.5)
    seconds = Histogram("seconds", "Times", ["who", "what"], buckets=(1, 2, 4), registry=registry)
    for value in (0.5, 0.5, 1.5, 1.5):
        seconds.labels("a", "x").observe(value)
    for value in (1.5, 1.5, 3, 3):
        seconds.labels("a", "y").observe(value)
    seconds.labels("b", "x").observe(9)
    seconds.labels("c", "x")
    return figures(registry.collect())


def test_counts_are_added_up_over_the_labels_that_nobody_asks_for(counted):
    assert counted.by("calls_total", "who") == {("a",): 7, ("b",): 5}
    assert counted.by("calls_total", "what", "who")["x", "a"] == 3
    assert counted.by("nothing_total", "who") == {}


def test_a_metric_without_labels_has_one_value_or_none(counted):
    assert counted.one("level") == 7.5
    assert counted.one("nothing") is None


@pytest.mark.parametrize(
    ("share", "labels", "seconds"),
    [
        (0.5, {"who": "a"}, 1.5),  # 2 up to 1, 6 up to 2: the second of four in there
        (0.25, {"who": "a"}, 1.0),
        (1.0, {"who": "a"}, 4.0),
        (0.5, {"who": "a", "what": "x"}, 1.0),
        (0.5, {"who": "b"}, math.inf),
        (0.5, {"who": "c"}, None),
        (0.5, {"who": "nobody"}, None),
    ],
)
def test_the_time_within_which_a_share_ended(counted, share, labels, seconds):
    assert counted.within("seconds", share, **labels) == seconds
