"""The page benchmark runs, and counts right. How fast anything is, is not for a test to say."""

import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import cast
from urllib.request import ProxyHandler, build_opener

import pytest
from playwright.sync_api import BrowserContext, Error

import bench.page
from bench.comparing import Comparison
from bench.contestants import BARE, OURS, PEERS, PEERS_ENVIRONMENT, TAG, contestant, mock_erp
from bench.floor import floor
from bench.page import PRIMED, UNITS, Stand, measured
from bench.page_targets import musts, summary
from bench.visit import Failed, Framed, Traffic
from tests.browser.conftest import chromium
from tests.conftest import ROOT

Figures = Mapping[str, Mapping[str, list[float]]]


def page(tmp_path, *arguments: str) -> dict[str, Figures]:
    """What a round with one frame found, by "cold" and "warm", then contestant and figure."""
    file = tmp_path / "figures.json"
    options = ["--frames=1", "--network=none", "--rounds=1", f"--json={file}", *arguments]
    ended = subprocess.run(
        [sys.executable, "-m", "bench.page", *options],
        cwd=ROOT,
        env={**os.environ, "CHROMIUM": chromium()},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode in (0, 1), ended.stderr
    assert "Traceback" not in ended.stderr
    assert "not all there" not in ended.stderr
    assert "1 widget, cold" in ended.stdout
    found: dict[str, Figures] = {}
    for each in json.loads(file.read_text())["comparisons"]:
        found[each["name"].partition(", ")[2]] = {
            name: {figure: seen["values"] for figure, seen in figures.items()}
            for name, figures in each["contestants"].items()
        }
    return found


def check(figures: Mapping[str, list[float]], *, where: str) -> None:
    assert all(len(values) == 1 for values in figures.values()), where
    seen = {name: values[0] for name, values in figures.items()}
    assert 0 < seen["data"] <= seen["chart"], where
    assert 0 < seen["bars"] <= seen["chart"], where
    assert 1 <= seen["requests to data"] <= seen["requests"], where
    assert seen["received"] > 0, where
    assert seen["main thread"] > 0, where
    assert min(seen["shift"], seen["shift in a frame"]) >= 0, where


@pytest.mark.browser
def test_ours_is_measured_and_every_request_is_one_that_the_server_has_got(tmp_path):
    log = tmp_path / "access.log"
    found = page(tmp_path, f"--only={TAG}", "--cache=cold", f"--log={log}")
    figures = found["cold"][TAG]
    check(figures, where=TAG)
    # Before it there was a visit that does not count, and the page was asked for on somebody else's behalf.
    # The log is in the order of the answers, and frame and tag are asked for side by side.
    lines = [line.split('"')[1].split()[1] for line in log.read_text().splitlines()]
    count = int(figures["requests"][0])
    asked, before = lines[-count:], lines[-2 * count - PRIMED : -count]
    assert len(set(asked)) == count
    assert Counter(before) == Counter(asked) + Counter({"/widgets/inventory/": PRIMED})
    assert sum(path.endswith("/plotly.js") for path in asked) == 1
    assert figures["received"][0] - figures["received but chart"][0] > 100  # kB, of the library
    assert figures["received but chart"][0] > 10


@pytest.mark.browser
def test_who_comes_again_gets_less(tmp_path):
    found = page(tmp_path, f"--only={TAG}")
    for cache in ("cold", "warm"):
        check(found[cache][TAG], where=cache)
    for figure in ("received", "requests"):
        assert found["warm"][TAG][figure][0] < found["cold"][TAG][figure][0]


@pytest.mark.browser
@pytest.mark.skipif(
    not PEERS_ENVIRONMENT.exists(), reason="the peers are not installed: make peers"
)
def test_every_peer_is_measured(tmp_path):
    found = page(tmp_path, *(f"--only={name}" for name in PEERS))
    for cache in ("cold", "warm"):
        assert found[cache].keys() == set(PEERS)
        for name in PEERS:
            check(found[cache][name], where=f"{name}, {cache}")


def compared(name: str, ours: float, theirs: float) -> Comparison:
    comparison = Comparison(name, TAG, UNITS)
    weights = {"received": 400, "received but chart": 26, "requests": 8, "requests to data": 6}
    comparison.add(TAG, {"data": ours, "bars": ours, "chart": ours, **weights})
    comparison.add("dash", {"data": theirs, "bars": theirs, "chart": theirs})
    comparison.add("shiny", {"data": 2 * theirs, "chart": 2 * theirs})
    return comparison


def test_targets_are_judged_by_the_best_peer():
    held = [must.holds for must in musts([compared("1 widget, cold", 20, 100)])]
    assert held == [False, True, False, True, False, True]
    held = [must.holds for must in musts([compared("6 widgets, warm, slow line", 40, 100)])]
    assert held == [False]
    assert musts([compared("20 widgets, cold", 1, 100)]) == []


def test_without_a_peer_there_is_nothing_to_be_judged_by():
    comparison = compared("6 widgets, cold", 1, 1)
    del comparison.values["dash"], comparison.values["shiny"]
    assert [must.holds for must in musts([comparison])] == [None, None]


def test_what_is_not_there_is_said():
    ended = subprocess.run(
        [sys.executable, "-m", "bench.page", "--network=5g"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    assert "--network: there is no 5g; there are none, 4g" in ended.stderr


class Nobody:
    """A browser in which every page crashes but the first, which is empty."""

    @property
    def pages(self) -> list["Nobody"]:
        return [self]

    def wait_for_timeout(self, _: int) -> None: ...

    def add_init_script(self, _: str) -> None: ...

    def close(self) -> None: ...

    def new_page(self) -> None:
        raise Error("the page has crashed\nCall log: …")


def nobody(*_: object, **__: object) -> BrowserContext:
    return cast(BrowserContext, Nobody())


def closed(*_: object, **__: object) -> BrowserContext:
    raise Error("the browser has been closed\nCall log: …")


def stand(name: str) -> Stand:
    return Stand(
        name,
        "http://127.0.0.1:1/",
        Framed("http://127.0.0.1:1", "D0001", "true", "true"),
        "",
        set(),
    )


def test_a_visit_that_fails_is_told_and_tried_once_again(capsys):
    cold, warm = (Comparison(f"1 widget, {cache}", "dash", UNITS) for cache in ("cold", "warm"))
    assert measured(nobody, stand("dash"), 1, "none", {"cold": cold, "warm": warm}) == {}
    assert cold.failed == {"dash": ["the page has crashed"] * 2}
    assert capsys.readouterr().err.count("dash failed: the page has crashed") == 2
    for comparison in (cold, warm):
        assert comparison.rows()[0]["data, ms"] == "–"
    assert "dash failed 2×, the last time: the page has crashed" in cold.text()
    assert cold.plain()["failed"] == cold.failed


def test_of_a_try_that_fails_on_coming_again_nothing_counts(monkeypatch):
    visits: Iterator[dict[str, float] | Failed] = iter(
        [{"data": 1.0}, Failed("gone"), *({"data": each} for each in (2.0, 3.0, 4.0))]
    )

    def visit(*_: object, **__: object) -> tuple[dict[str, float], Traffic]:
        found = next(visits)
        if isinstance(found, Failed):
            raise found
        return found, Traffic("")

    monkeypatch.setattr(bench.page, "visit", visit)
    cold, warm = (Comparison(f"1 widget, {cache}", "dash", UNITS) for cache in ("cold", "warm"))
    found = measured(nobody, stand("dash"), 1, "none", {"cold": cold, "warm": warm})
    assert found == {"data": 2.0}
    assert warm.values["dash"] == {"data": [4.0]}  # of the third visit
    assert (cold.failed, warm.failed) == ({}, {"dash": ["gone"]})


def test_without_a_browser_every_visit_fails_and_nothing_else():
    cold = Comparison("1 widget, cold", "dash", UNITS)
    assert measured(closed, stand("dash"), 1, "none", {"cold": cold}) == {}
    assert cold.failed == {"dash": ["the browser has been closed"] * 2}


def test_a_visit_of_a_server_that_does_not_answer_fails():
    cold = Comparison("1 widget, cold", TAG, UNITS)
    ours = stand(TAG)
    ours.seen.add(ours.address)
    assert measured(nobody, ours, 1, "none", {"cold": cold}) == {}
    assert "does not answer before the visit" in cold.failed[TAG][0]


def test_where_no_visit_of_ours_came_to_anything_the_target_is_missed():
    comparison = compared("1 widget, cold", 1, 100)
    comparison.values[TAG] = {}
    assert [must.holds for must in musts([comparison])] == [False] * 6
    assert summary([comparison])[0]["data, ms"] == "–"


def test_a_summary_has_the_distance_to_the_best_peer_and_to_the_limit():
    comparison = compared("1 widget, cold", 20, 100)
    comparison.add(BARE, {"data": 10, "chart": 16})
    comparison.add("panel", {"data": 200, "chart": 50})
    (row,) = summary([comparison])
    assert row == {
        "page": "1 widget, cold",
        "data, ms": 20, "data: of best peer": "0.20 of dash's 100", "data: of bare HTML": "2.00 of 10",
        "bars, ms": 20, "bars: of best peer": "0.20 of dash's 100",
        "chart, ms": 20, "chart: of best peer": "0.40 of panel's 50", "chart: of bare HTML": "1.25 of 16",
    }  # fmt: skip


@pytest.mark.browser
def test_the_limit_is_our_page_without_what_it_loads(tmp_path):
    found = page(tmp_path, f"--only={BARE}", f"--only={TAG}", "--cache=cold")["cold"]
    check(found[BARE], where=BARE)
    assert found[BARE]["requests"] == [1]
    assert 1 < found[BARE]["received"][0] < found[TAG]["received but chart"][0]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_limit_has_our_words_and_no_script_or_style():
    with mock_erp() as erp_url, contestant(OURS, erp_url) as ours, floor(ours.address) as limit:
        theirs, own = (
            build_opener(ProxyHandler({})).open(each, timeout=30) for each in (limit.address, ours.address)
        )  # fmt: skip
        with theirs, own:
            text, frame = gzip.decompress(theirs.read()).decode(), own.read().decode()
    assert "<script" in frame
    for name in ("<script", "<style", "<link"):
        assert name not in text
    body = frame[frame.index("<main") : frame.index("</main>")]
    assert body in text
