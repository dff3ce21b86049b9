"""Calls of the ERP are counted, by whatever number of viewers, workers and instances."""

import sys

import pytest

from bench import upstream
from bench.comparing import NotComparable
from tests.tools.test_cluster import PACKAGES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
needs_redis = pytest.mark.skipif(PACKAGES.returncode != 0, reason="there is no Redis here")


def test_viewers_of_one_server_are_counted():
    findings = upstream.run(1, (1, 30), (2,), redis=False)
    (comparison,) = findings.comparisons
    assert comparison.name == "2 workers"
    for name in ("1 viewer", "30 viewers"):
        # Stock, and the names of units.
        assert comparison.median(name, "keys") == 2
        assert comparison.median(name, "calls") >= 2
    assert len(findings.musts) == 1
    (row,) = findings.summary
    assert row["at once"] == "30 viewers"
    assert row["calls of the ERP for a key"] == comparison.median("30 viewers", "most for a key")


@needs_redis
def test_viewers_of_two_instances_are_counted_together():
    findings = upstream.run(1, (20,), (), redis=True)
    (comparison,) = findings.comparisons
    assert comparison.median("20 viewers", "most for a key") >= 1
    assert findings.musts[0].what.startswith("2 instances on Redis, 2 workers each")


def test_what_asks_twice_is_missed(monkeypatch):
    def twice(*_):
        return {"calls": 3, "keys": 2, "most for a key": 2, "p99": 1}

    monkeypatch.setattr(upstream, "_turn", twice)
    findings = upstream.run(1, (1,), (1,), redis=False)
    assert not findings.holds
    assert findings.musts[0].seen == "2"


def test_viewers_who_get_no_page_are_none(monkeypatch):
    monkeypatch.setattr(upstream, "inventory", lambda **_: "/widgets/inventory/?rows=none")
    with pytest.raises(NotComparable, match=r"of 3 viewers not all got a page: \{\(400, ''\): 3\}"):
        upstream.run(1, (3,), (1,), redis=False)


def test_quick_is_one_round():
    given = upstream.options(["--quick", "--viewers", "1", "5", "--no-redis"])
    assert (given.rounds, given.viewers, given.redis) == (1, [1, 5], False)
