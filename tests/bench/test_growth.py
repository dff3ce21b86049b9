"""What grows is there: the pages have their rows, the catalogue its widgets, the cache its pages."""

import sys

import pytest

from bench.comparing import Comparison
from bench.growth import __main__ as growth
from widgets.embedding.hosts_file import load

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_pages_of_all_kinds_are_measured():
    steps = (
        dict.fromkeys(growth.STEPS, (2, 3))
        | {"frames on a page": (1, 100)}
        | {"registered widgets": (4, 6)}
    )
    findings = growth.run(steps, 1)
    assert [each.name for each in findings.comparisons] == list(growth.STEPS)
    for comparison in findings.comparisons:
        for figures in comparison.values.values():
            assert figures["made"][0] > figures["kept"][0] > 1
    assert len(findings.musts) == len(growth.STEPS)


def test_a_page_has_the_rows_that_are_wanted():
    rows = growth.run({"rows": (5, 500)}, 1).comparisons[0]
    assert rows.ratio("500", "made") > 1.5


def test_a_tree_has_as_many_widgets_as_are_wanted(tmp_path):
    growth.tree(tmp_path / "tree", 7)
    names = {path.stem for path in (tmp_path / "tree/widgets").glob("*.py")} - {"__init__"}
    assert names == {"wide", "order_status", "quality", "ticker", "copy0", "copy1", "copy2"}
    assert "le=500" in (tmp_path / "tree/widgets/copy2.py").read_text()
    assert (tmp_path / "tree/templates/widgets/wide.html").exists()


def test_a_hosts_file_has_as_many_hosts_as_are_wanted(tmp_path):
    text = "".join(growth._HOST.format(number=number) for number in range(20))
    (tmp_path / "hosts.toml").write_text(text)
    assert len(load(tmp_path / "hosts.toml", {}).hosts) == 20


def test_ten_times_the_rows_may_cost_ten_times_as_much():
    grown = Comparison("rows", "5", {"made": "µs", "kept": "µs"})
    for name, made in (("5", 100), ("50", 1200), ("500", 30_000)):
        grown.add(name, {"made": made, "kept": 10})
    first, second = growth.musts(grown)
    assert (first.holds, second.holds) == (True, False)


def test_what_costs_more_with_each_step_is_missed():
    grown = Comparison("hosts", "10", {"made": "µs", "kept": "µs"})
    for name, made in (("10", 100), ("100", 120), ("1,000", 170)):
        grown.add(name, {"made": made, "kept": 10})
    first, second = growth.musts(grown)
    assert (first.holds, second.holds) == (True, False)
    assert "made 1.42" in second.seen
