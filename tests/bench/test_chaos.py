"""The chaos bench runs, and counts right: each scenario once, small and short, and its judgements over
answers that are made up. How fast anything is, is not for a test to say."""

import json
import subprocess
import sys
from decimal import Decimal
from functools import partial

import pytest

from bench.chaos import __main__ as command
from bench.chaos import faults, isolation, many
from bench.chaos.crowd import Answer, spread
from bench.chaos.fault_list import FAULTS
from bench.chaos.page import look
from bench.chaos.plan import Plan, Report
from bench.figures import Must, Row, percentile, table
from mock_erp.faults import KINDS
from tests.conftest import ROOT
from tests.tools.test_cluster import PACKAGES

needs_redis = pytest.mark.skipif(PACKAGES.returncode != 0, reason="there is no Redis here")
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def bench(tmp_path, *only: str, **options: object) -> dict[str, Report]:
    """What a short run of scenarios reports, as the command says it."""
    file = tmp_path / "figures.json"
    arguments = [f"--only={name}" for name in only]
    arguments += [f"--{name}={value}" for name, value in options.items()]
    ended = subprocess.run(
        [sys.executable, "-m", "bench.chaos", f"--json={file}", *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode in (0, 1), ended.stderr
    assert "Traceback" not in ended.stderr
    found = json.loads(file.read_text())
    assert found == json.loads(ended.stdout.splitlines()[-1])
    assert ended.returncode == (0 if all(each["holds"] for each in found.values()) else 1)
    reports = {
        name: Report(each["rows"], [Must(**must) for must in each["musts"]])
        for name, each in found.items()
    }
    for name, report in reports.items():
        assert report.holds is found[name]["holds"]
        assert report.musts
        for row in report.rows:
            for column, value in row.items():
                assert column in ended.stdout
                assert isinstance(value, str) or value >= -1
    return reports


SHORT = {"seconds": 2, "viewers": 12, "recovery": 2}


@needs_linux
def test_calls_are_counted_by_what_is_asked_for(tmp_path):
    (row,) = bench(tmp_path, "calls", **SHORT)["calls"].rows
    assert row["keys"] == 12  # one for each viewer, since there are fewer than 20 of them
    assert int(row["calls"]) >= 12
    assert row["allowed"] == 2
    assert int(row["answers"]) >= 12
    assert row["errors"] == 0


@needs_linux
@needs_redis
def test_calls_of_two_instances_are_counted_together(tmp_path):
    (row,) = bench(tmp_path, "calls-redis", **SHORT)["calls-redis"].rows
    assert row["instances"] == 2
    assert int(row["answers"]) >= 12
    assert row["errors"] == 0


@needs_linux
def test_a_fault_that_shows_and_one_that_must_not(tmp_path):
    report = bench(tmp_path, "faults/reset", "faults/403", **SHORT)["faults"]
    assert [row["fault"] for row in report.rows] == ["403", "reset"]
    said = [must.what for must in report.musts]
    assert "403: what is refused is not shown, not as old data either" in said
    assert "reset: nobody gets an error" in said
    assert all(row["answers"] for row in report.rows)


@needs_linux
@needs_redis
def test_what_is_killed_is_started_again(tmp_path):
    report = bench(tmp_path, "kills", **SHORT)["kills"]
    assert [row["broken"] for row in report.rows] == ["worker", "mock-erp", "full-disk", "redis"]
    assert report.rows[0]["done"] == "2 workers again"
    assert all(row["answers"] for row in report.rows)
    assert len([must for must in report.musts if must.what.startswith("/metrics")]) == 2


@needs_linux
def test_companies_are_told_apart(tmp_path):
    report = bench(tmp_path, "isolation", **SHORT | {"seconds": 6, "viewers": 50})["isolation"]
    assert all(row["answers"] for row in report.rows)
    assert sum(int(row["with another's token"]) for row in report.rows) >= 2
    # All but that is no matter of time.
    failed = {must.what for must in report.musts if must.holds is False}
    assert failed <= {"the load is not the bottleneck"}


@needs_linux
def test_turns_with_and_without_a_slow_upstream(tmp_path):
    report = bench(tmp_path, "slow", **SHORT)["slow"]
    assert [row["upstream"] for row in report.rows] == ["as usual", "3 s slower"]


@needs_linux
def test_many_addresses_are_all_asked_for(tmp_path):
    report = bench(tmp_path, "many", distinct=300)["many"]
    (row,) = report.rows
    assert row["addresses"] == 300
    assert int(row["most MB of a worker"]) > 0
    assert float(row["most MB of the file"]) > 0
    assert report.musts[-1] == Must("every address is answered", True, "0 not: {200: 300}")


def test_addresses_are_different_and_the_same_each_time():
    found = list(many.addresses("http://x", ["A", "B"], 1000))
    assert len(set(found)) == 1000
    assert found == list(many.addresses("http://x", ["A", "B"], 1000))


def test_every_fault_of_the_mock_is_tried():
    assert {str(fault.body()["kind"]) for fault in FAULTS} == KINDS.keys()


def test_a_scenario_or_part_that_is_none_is_said(capsys):
    for wrong in ("nonsense", "faults/nonsense", "calls/x"):
        with pytest.raises(SystemExit):
            command.main(["--only", wrong])
        assert f"there is no {wrong}" in capsys.readouterr().err


def reported(report: Report, _: Plan) -> Report:
    return report


def test_one_thing_that_does_not_hold_makes_the_run_fail(monkeypatch, capsys):
    ends = []
    for holds in (True, None, False):
        report = Report([{"a": 1}], [Must("first", True, "x"), Must("second", holds, "y")])
        monkeypatch.setattr(command, "SCENARIOS", {"calls": partial(reported, report)})
        ends.append(command.main([]))
    assert ends == [0, 0, 1]
    assert "FAILS: second: y" in capsys.readouterr().out


def test_percentiles():
    assert percentile([], 0.99) == 0
    assert percentile([3], 0.99) == 3
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile(range(1, 101), 1) == 100
    assert percentile([1, 2, 3], 0.5) == 2


def test_a_table_has_text_to_the_left_and_figures_to_the_right():
    rows: list[Row] = [{"what": "a", "count": 1}, {"what": "long", "count": 1000}]
    assert table(rows) == "what  count\na         1\nlong  1,000"


def test_viewers_are_spread_over_keys_and_servers():
    viewers = spread({"a": "/a", "b": "/b"}, ["http://1", "http://2"], 5)
    assert [viewer.url for viewer in viewers] == [
        "http://1/a", "http://1/b", "http://2/a", "http://2/b", "http://1/a",
    ]  # fmt: skip


# --- What is seen on a page.


def test_a_real_page_is_read(client):
    seen = look(client.get("/widgets/inventory/?item=D0001", headers={"HX-Request": "true"}).text)
    assert seen.state == "ok"
    assert seen.as_of > 0
    assert seen.notice == seen.code == ""
    assert "company usmf" in seen.text
    assert isolation.shown(seen.text)


def test_two_looks_at_the_same_data_say_the_same_and_other_data_something_else(client):
    page = client.get("/widgets/inventory/?item=D0001", headers={"HX-Request": "true"}).text
    later = page.replace("as of <time", "as of <time x").replace("data-as-of", "data-as-off")
    assert look(later).as_of == 0
    assert look(later).digest == look(page).digest
    figure = next(iter(isolation.shown(look(page).text).values()))[0]
    assert look(page.replace(f">{figure}<", ">1<")).digest != look(page).digest


def test_stale_and_failed_pages_are_read(client, mock_erp, monkeypatch):
    stale = look(
        '<main id="widget" data-state="stale" data-as-of="2026-11-20T09:00:00+00:00">'
        '<p class="notice" id="unreachable" hidden><svg></svg><span>Not this.</span></p>'
        '<p class="notice"><svg></svg><span><span role="status">The ERP is not answering.</span>'
        " What you see is 12 seconds old.</span></p><p>1</p></main>"
    )
    assert stale.notice == "The ERP is not answering. What you see is 12 seconds old."
    assert faults._NOTICE.fullmatch(stale.notice)
    assert stale.text == "1"
    mock_erp.fault("*", "status", status=500)
    failed = look(client.get("/widgets/inventory/", headers={"HX-Request": "true"}).text)
    assert (failed.state, failed.code) == ("error", "upstream-unavailable")
    assert look("<h1>502 Bad Gateway</h1>").state == ""


# --- What is judged.

GOOD = "The ERP is not answering. What you see is 12 seconds old."


def answer(**changes: object) -> Answer:
    usual: dict[str, object] = {
        "key": "item A", "at": 112.0, "seconds": 0.1, "status": 200, "state": "stale", "as_of": 100.0,
        "notice": GOOD, "code": "", "digest": "x",
    }  # fmt: skip
    return Answer(**usual | changes)  # type: ignore[arg-type]


def failing(fault: str, *answers: Answer, back: float | None = 1) -> list[str]:
    """What does not hold, of a fault between 100 and 120."""
    (found,) = [each for each in FAULTS if each.name == fault]
    met = faults.Met(found, {"item A": "x"}, 100, 120, back, list(answers), 0)
    return [must.what.partition(": ")[2] for must in faults._musts(met) if not must.holds]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({}, ""),
        ({"status": 304, "notice": ""}, ""),
        ({"status": 503, "state": "error", "as_of": 0}, "nobody gets an error"),
        ({"status": 0, "code": "ServerDisconnectedError"}, "nobody gets an error"),
        ({"notice": ""}, "a stale page says its age and why"),
        ({"notice": "What you see is 12 seconds old."}, "a stale page says its age and why"),
        ({"as_of": 0}, "a stale page says its age and why"),
        ({"state": "ok", "notice": "", "as_of": 90}, ""),
        (
            {"state": "ok", "notice": "", "as_of": 80},
            "nothing older than 25 s is shown as if it were fresh",
        ),
        ({"digest": "y"}, "no page says anything else than before"),
    ],
)
def test_an_answer_under_a_fault_is_judged(changes, what):
    assert failing("hang", answer(), answer(**changes)) == ([what] if what else [])


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"status": 502, "state": "error"}, False),
        ({"state": "stale"}, True),
        ({"state": "ok", "at": 104.0}, False),  # it was fresh when the refusals began
        ({"state": "ok", "at": 110.0}, True),
    ],
)
def test_an_answer_under_a_refusal_is_judged(changes, shown):
    wrong = ["what is refused is not shown, not as old data either"]
    assert failing("403", answer(**changes)) == (wrong if shown else [])


def test_recovery_is_judged_by_what_the_upstream_asked_for():
    assert failing("hang", back=36) == []
    assert failing("hang", back=40) == ["all is fresh again within 37 s"]
    assert failing("information-note", back=60) == []
    assert failing("hang", back=None) == ["all is fresh again within 37 s"]


def test_a_figure_of_the_other_company_is_found():
    truth = {
        "usmf": {"A": {"1 / 11": tuple(map(Decimal, (1000, 2, 3, 4)))}},
        "demf": {"A": {"1 / 11": tuple(map(Decimal, (5, 6, 7, 8)))}},
    }
    page = "0 of 1 warehouses short Speaker, all sites, company usmf\n1 / 11|1,000|2|3|4|–|"
    assert isolation._verdict(page, truth, "usmf", "A") == ""
    assert "where the ERP says" in isolation._verdict(page, truth, "demf", "A")
    assert "where the ERP says" in isolation._verdict(
        page.replace("|3|", "|7|"), truth, "usmf", "A"
    )
    assert "whose it is" in isolation._verdict(page.replace("usmf", "demf"), truth, "usmf", "A")
