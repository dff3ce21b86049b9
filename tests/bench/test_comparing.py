"""Medians, spreads and ratios of contestants that take turns."""

import json

import pytest

from bench.comparing import Comparison, Findings, take_turns
from bench.figures import Must


def compared() -> Comparison:
    comparison = Comparison("a page", "ours", {"time": "ms", "bytes": "kB"})
    for ours, theirs in ((10, 100), (12, 140), (50, 120)):
        comparison.add("ours", {"time": ours, "bytes": 4})
        comparison.add("theirs", {"time": theirs})
    return comparison


def test_medians_spread_and_ratios():
    comparison = compared()
    assert comparison.median("ours", "time") == 12
    assert comparison.ratio("theirs", "time") == 10
    assert comparison.ratio("ours", "time", "theirs") == 0.1
    assert comparison.spread("theirs", "time") == pytest.approx(20 / 120)
    assert comparison.spread("ours", "bytes") == 0


def test_the_best_of_those_who_were_measured():
    comparison = compared()
    assert comparison.best("time", lambda _: True) == "ours"
    assert comparison.best("time", lambda name: name != "ours") == "theirs"
    assert comparison.best("bytes", lambda _: True, max) == "ours"


def test_a_figure_without_a_unit_is_refused():
    with pytest.raises(ValueError, match="requests: no unit"):
        compared().add("ours", {"requests": 1})


def test_contestants_take_turns_and_the_first_is_another_each_round():
    order: list[str] = []

    def measure(name: str):
        def once() -> dict[str, float]:
            order.append(name)
            return {"time": len(order)}

        return once

    comparison = Comparison("turns", "a", {"time": "ms"})
    take_turns(comparison, {name: measure(name) for name in "abc"}, 3, warm=1)
    assert ["".join(order[i : i + 3]) for i in range(0, 12, 3)] == ["cab", "abc", "bca", "cab"]
    assert comparison.values["a"]["time"] == [4, 9, 11]


def test_what_is_found_is_a_table_and_json(tmp_path):
    findings = Findings([compared()], [Must("faster than theirs", True, "0.10 of 0.20")])
    text = findings.text()
    assert "a page" in text
    assert "reached: faster than theirs: 0.10 of 0.20" in text
    theirs = next(line for line in text.splitlines() if line.startswith("theirs"))
    assert theirs.split() == ["theirs", "120", "17%", "10.00", "–", "–", "–"]
    findings.write(tmp_path / "deep" / "found.json")
    found = json.loads((tmp_path / "deep" / "found.json").read_text())
    assert found["holds"] is True
    times = found["comparisons"][0]["contestants"]["ours"]["time"]
    assert times == {
        "median": 12,
        "spread": pytest.approx(1.6667, abs=1e-3),
        "values": [10, 12, 50],
    }
    assert Findings([], [Must("a", False, "b"), Must("c", None, "d")]).holds is False
