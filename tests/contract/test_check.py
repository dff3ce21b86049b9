"""`erp-widgets widgets check`: its report, and what it says where it cannot look."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from tests.contract.conftest import second_folder
from widgets.contract import __main__ as report
from widgets.contract import checker
from widgets.contract.rule import rules
from widgets.contract.stage import standing
from widgets.site import cli, kit_commands


@pytest.fixture
def add_widget(tmp_path):
    """Each test has a catalogue of its own: one widget that is wrong stops the start."""
    with second_folder(tmp_path) as add:
        yield add


def check(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "widgets.site.cli", "widgets", "check", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.browser
def test_a_widget_that_is_well_has_a_line_for_each_rule():
    ended = check("ticker")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    lines = ended.stdout.splitlines()
    assert lines[0] == "ticker: Commodity prices"
    assert [line.split() for line in lines[1 : len(rules()) + 1]] == [["ok", r] for r in rules()]
    assert lines[-1].startswith(f"{len(rules())} ok, 0 failed")
    assert ended.stderr == ""


def unread(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`erp-widgets widgets … | head -0`, say: nobody reads what it writes."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return subprocess.run(
            [sys.executable, "-m", "widgets.site.cli", "widgets", *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
        )
    finally:
        os.close(writing)


@pytest.mark.browser
def test_a_report_that_nobody_reads_on_ends_without_a_traceback():
    ended = unread("check", "ticker")
    assert (ended.returncode, ended.stderr) == (1, "")


def test_a_list_that_nobody_reads_on_ends_without_a_traceback():
    ended = unread("list")
    assert (ended.returncode, ended.stderr) == (1, "")


@pytest.mark.browser
@pytest.mark.skipif(not checker.has_java(), reason="no Java on this machine")
def test_what_java_itself_says_is_no_part_of_what_the_checker_says(monkeypatch, add_widget):
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Dnothing=much")
    add_widget("torn-list", "on_hand", template=("{% block body %}\n", "{% block body %}\n<p></i>"))
    with standing() as stage:
        stage.chosen = ["torn-list"]
        found = list(checker.complaints(stage.subject("torn-list")))
    assert "Stray end tag" in found[0]


@pytest.mark.browser
@pytest.mark.skipif(not checker.has_java(), reason="no Java on this machine")
def test_a_java_that_does_not_run_is_told_without_a_traceback():
    ended = check("ticker", JAVA_TOOL_OPTIONS="-Xmx1")
    assert ended.returncode == 2
    assert "Error: The HTML checker does not run: " in ended.stdout
    assert "Too small maximum heap" in ended.stdout
    assert ended.stderr == ""


def test_a_name_that_is_none_is_told_those_there_are():
    ended = check("tickr")
    assert ended.returncode == 2
    assert ended.stdout.startswith("Error: There is no widget 'tickr'; there are inventory,")


@pytest.mark.browser
def test_a_fault_is_told_with_file_and_mend(add_widget, contract_browser, capsys, monkeypatch):
    some = {name: rules()[name] for name in ("structure", "policy")}
    monkeypatch.setattr(report, "rules", lambda: some)
    shown = '<p style="color: red">{{ view.total }}</p>'
    add_widget("red-list", "on_hand", template=("{% block body %}\n", "{% block body %}\n" + shown))
    assert report.hold_against(["red-list"], contract_browser) == 1
    said = capsys.readouterr().out
    assert "  failed  policy\n" in said
    assert "- the example and 3 other pages: <p> has a style attribute" in said
    assert f"red_list.html, line 4: {shown}" in said
    assert f"Mend: {rules()['policy'].mend}" in said
    assert "  ok      structure\n" in said


def test_a_widget_that_is_declared_wrongly_is_told_as_at_the_start(add_widget, capsys):
    line = '    rows: int = Field(8, ge=1, le=50, description="Rows to show")'
    add_widget("silent-list", "on_hand", module=(line, "    rows: int = 8"))
    assert report.main(["silent-list"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("  failed  declared\n")
    assert "say what the parameter rows means" in said
    assert "silent_list.py, line 2" in said


def test_where_it_is_not_installed_it_says_how_to(monkeypatch):
    monkeypatch.setattr(kit_commands, "_FOR_CHECK", ("json", "nowhere_to_be_found"))
    result = CliRunner().invoke(cli.main, ["widgets", "check"])
    assert result.exit_code == 1
    assert "nowhere_to_be_found" in result.output
    assert "pip install 'erp-widgets[contract]'" in result.output


def test_where_there_is_no_java_another_parser_looks(monkeypatch, add_widget):
    add_widget("torn-list", "on_hand", template=("{% block body %}\n", "{% block body %}\n<p></i>"))
    monkeypatch.setattr(checker, "has_java", lambda: False)
    with standing() as stage:
        found = list(checker.complaints(stage.subject("torn-list")))
    assert "unexpected-end-tag" in found[0]
