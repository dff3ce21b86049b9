"""What is shown is what was measured: tables and chart made from JSON, a benchmark at a time."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench import show
from bench.__main__ import RUNS
from bench.comparing import Comparison, Findings
from bench.contestants import BARE, TAG
from bench.figures import Must
from bench.page_targets import summary
from tests.conftest import ROOT

PLACE = f"# A page\n\nBefore.\n\n{show.BEGIN}\n\nolder\n\n{show.END}\n\nAfter.\n"


def page(data: float, **changes: Any) -> Findings:
    """What the page benchmark finds. data: of ours, in milliseconds."""
    comparison = Comparison("1 widget, cold", TAG, {"data": "ms", "chart": "ms", "shift": ""})
    for name, first in ((TAG, data), (BARE, 10), ("dash", 400), ("shiny", 2000)):
        for more in (0, 1, 2):
            comparison.add(name, {"data": first + more, "chart": 2 * first + more})
    comparison.fail("shiny", "gone | for good")
    comparison.add("panel", {})
    run = {"command": "python -m bench.page --frames 1", "rounds": 3, "quick": False, **changes}
    found = [Must("data soon", True, "0.10"), Must("bytes", False, "30"), Must("peers", None, "–")]
    return Findings([comparison], found, summary([comparison]), run)


def load() -> Findings:
    comparison = Comparison("asked for", "bare", {"requests": "a second"})
    comparison.add("bare", {"requests": 1000})
    comparison.add("ours", {"requests": 1234.5})
    run: Any = {"command": "python -m bench.load", "rounds": 1, "quick": False}
    rows: Any = [{"asked for": "ours", "requests a second": 1234}]
    return Findings([comparison], [Must("fast", True, "1.23")], rows, run)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text(PLACE)
    (tmp_path / "docs/benchmarks.md").write_text(PLACE)
    return tmp_path


@contextmanager
def measured(root: Path, **findings: Findings) -> Iterator[Path]:
    """A folder with these results, which are gone afterwards."""
    folder = root / "results"
    for name, found in findings.items():
        found.write(folder / f"{name}.json")
    yield folder
    for path in folder.iterdir():
        path.unlink()


def run(root: Path, *options: str, **findings: Findings) -> int:
    with measured(root, **findings) as folder:
        return show.main(["--results", str(folder), "--into", str(root), *options])


def test_tables_stand_between_the_marks_and_nothing_else_changes(root):
    assert run(root, page=page(20), load=load()) == 0
    for name in ("README.md", "docs/benchmarks.md"):
        text = (root / name).read_text()
        assert text.startswith(f"# A page\n\nBefore.\n\n{show.BEGIN}\n\n")
        assert text.endswith(f"\n\n{show.END}\n\nAfter.\n")
        assert "older" not in text
        assert "`python -m bench.page --frames 1`, 3 rounds." in text
        assert re.search(r"\d{1,2} [A-Z][a-z]+ \d{4}, .+, \d+ cores?, ", text)
        # Medians of 20, 21, 22 and of 400, 401, 402.
        assert (
            "| 1 widget, cold | 21 | 0.05 of dash's 401 | 1.91 of 11 | – | – | 41 | 0.05 of dash's 801 |"
        ) in text
    assert "2 of 4 targets are reached" in (root / "README.md").read_text()


def test_the_page_has_every_figure_and_target(root):
    run(root, page=page(20), load=load())
    text = (root / "docs/benchmarks.md").read_text()
    assert "| dash | 401 ± 0%, 19.10× | 801 ± 0%, 19.54× | – |" in text
    assert "| panel | – | – | – |" in text
    assert "| ours | 1,234 | " not in text  # which is the summary's, and rounded there
    assert "| ours | 1,234, 1.23× |" in text  # a single round has no spread
    assert "| bytes | 30 | MISSED |" in text
    assert "shiny failed 1×, the last time: gone | for good" in text
    assert text.index("bench.page") < text.index("bench.load")


def test_what_did_not_run_stays_as_it_was_with_its_own_date(root):
    old = page(20)
    with measured(root, page=old, load=load()) as folder:
        found = json.loads((folder / "page.json").read_text())
        (folder / "page.json").write_text(
            json.dumps({**found, "measured": "2025-03-09T10:00:00+00:00"})
        )
        show.main(["--results", str(folder), "--into", str(root)])
    before = (root / "docs/benchmarks.md").read_text()
    assert "9 March 2025" in before
    assert run(root, load=load()) == 0
    after = (root / "docs/benchmarks.md").read_text()
    assert before.partition("### Requests")[0] == after.partition("### Requests")[0]
    assert "9 March 2025" in (root / "docs/benchmarks.svg").read_text()
    run(root, page=page(40))
    assert "9 March 2025" not in (root / "docs/benchmarks.md").read_text()
    assert "| 41 |" in (root / "README.md").read_text()


def test_older_results_that_still_lie_there_change_nothing(root):
    run(root, page=page(20))
    shown = (root / "README.md").read_text()
    with measured(root, page=page(99)) as folder:
        found = json.loads((folder / "page.json").read_text())
        (folder / "page.json").write_text(
            json.dumps({**found, "measured": "2020-01-01T00:00:00+00:00"})
        )
        show.main(["--results", str(folder), "--into", str(root)])
    assert (root / "README.md").read_text() == shown


def test_a_quick_run_is_not_shown_unless_asked_for(root, capsys):
    run(root, page=page(20, quick=True))
    assert "page: a quick run" in capsys.readouterr().err
    assert show.NOTHING in (root / "README.md").read_text()
    assert not (root / "docs/benchmarks.svg").exists()
    run(root, "--quick", page=page(20, quick=True))
    assert "3 rounds, quick." in (root / "README.md").read_text()


def test_the_chart_has_a_bar_as_long_as_each_time(root):
    run(root, page=page(200))
    chart = ET.fromstring((root / "docs/benchmarks.svg").read_text())  # noqa: S314 - ours
    space = "{http://www.w3.org/2000/svg}"
    bars: dict[str, dict[str, float]] = {}
    for group in chart.iter(f"{space}g"):
        texts = [each.text for each in group.iter(f"{space}text")]
        if texts:
            rects = group.iter(f"{space}rect")
            bars[str(texts[0])] = {
                each.attrib["class"]: float(each.attrib["width"]) for each in rects
            }
    assert set(bars) == {"ERP widgets", "the limit: bare HTML", "Dash", "Panel", "Shiny"}
    assert bars["Shiny"]["chart"] / bars["ERP widgets"]["data"] == pytest.approx(
        4001 / 201, rel=0.01
    )
    assert bars["Panel"] == {"chart": 0, "data": 0}
    said = "".join(chart.itertext())
    assert "201 ms / 401 ms" in said
    assert "failed" in said
    assert "prefers-color-scheme: dark" in said


def test_a_file_that_is_no_result_is_said(root, capsys):
    (root / "results").mkdir()
    for text, what in (("{", "is no JSON"), ('{"quick": false}', "has no 'comparisons'")):
        (root / "results/load.json").write_text(text)
        assert show.main(["--results", str(root / "results"), "--into", str(root)]) == 1
        said = capsys.readouterr().err
        assert "load.json" in said
        assert what in said


def test_a_page_without_a_place_for_results_is_said(root, capsys):
    (root / "README.md").write_text("# Nothing\n")
    assert run(root, load=load()) == 1
    assert "README.md: has no lines <!-- Begin" in capsys.readouterr().err
    assert "older" in (root / "docs/benchmarks.md").read_text()


def test_what_this_repository_shows_is_what_was_measured():
    for path, text in show.texts(ROOT, show.known(ROOT)).items():
        assert path.read_text() == text, f"{path}: make it again: python -m bench.show"


def test_every_benchmark_is_shown():
    assert sorted(RUNS) == sorted(show.TITLES)
