"""`widgets list` and `widgets show`, by the real application over the mock ERP."""

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from jinja2 import ChoiceLoader, FileSystemLoader

from tests import html
from widgets import create_app
from widgets.site import cli, kit


def run(*arguments):
    return CliRunner().invoke(cli.main, ["widgets", *arguments])


def lines(output: str, about: str) -> list[str]:
    return re.findall(rf"^{about} +(.*)$", output, re.M)


def test_list_says_of_each_widget_what_it_is():
    result = run("list")
    assert result.exit_code == 0, result.output
    blocks = {block.split(":")[0]: block for block in result.output.split("\n\n")}
    assert {"inventory", "order-status", "ticker"} <= blocks.keys()
    told = blocks["order-status"]
    for word in ("Order status", "where an order is now", "company order reference customer"):
        assert word in told
    assert "reads       Erp" in told
    assert "personal    yes" in told
    assert "reads       MarketData" in blocks["ticker"]


def test_show_says_what_was_understood_read_and_sent(settings):
    result = run("show", "inventory", "--param", "site=1", "--param", "company=USMF")
    assert result.exit_code == 0, result.output
    assert "company = 'usmf'" in lines(result.output, "parameter")
    assert "rows = 8" in lines(result.output, "parameter")
    reads = lines(result.output, "read")
    assert len(reads) == 2
    assert re.fullmatch(
        r"ERP WarehousesOnHandV2: miss from upstream, (less than a second|\d seconds?) old, [\d.]+ ms",
        reads[0],
    )
    assert lines(result.output, "status") == ["200, state ok"]
    (size,) = lines(result.output, "size")
    plain, sent = re.fullmatch(r"([\d,]+) bytes, ([\d,]+) with gzip", size).groups()  # type: ignore[union-attr]
    assert int(plain.replace(",", "")) > 2 * int(sent.replace(",", ""))
    assert lines(result.output, "time")
    again = run("show", "inventory", "--param", "site=1")
    assert "hit from storage" in lines(again.output, "read")[0]


def test_a_parameter_that_there_is_none_of_is_said(settings):
    result = run("show", "inventory", "--param", "siet=1", "--param", "theme=dark")
    (ignored,) = lines(result.output, "ignored")
    assert ignored.startswith("siet, which is no parameter; there are company, ")


def test_an_erp_that_does_not_run_is_told_with_a_hint(settings, mock_erp, monkeypatch):
    monkeypatch.setenv("WIDGETS_ERP_URL", "http://127.0.0.1:9")
    result = run("show", "inventory", "--param", "site=1")
    assert result.exit_code == 1
    assert lines(result.output, "read") == ["nothing that was answered"]
    assert "WIDGETS_ERP_URL says where" in result.output


def test_the_html_goes_where_it_is_wanted(settings, tmp_path):
    file = tmp_path / "page.html"
    assert run("show", "ticker", "-o", str(file)).exit_code == 0
    html.read(file.read_text())
    result = run("show", "ticker", "--partial", "--html")
    assert html.read(result.stdout, partial=True).find(".//main") is not None
    assert "state ok" in result.stderr
    assert "state ok" not in result.stdout
    nowhere = run("show", "ticker", "-o", str(tmp_path / "no" / "page.html"))
    assert nowhere.exit_code == 1
    assert "cannot be written: No such file" in nowhere.output


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        (["rows=0"], "400, state error", "bad-parameter"),
        (["item=nothing"], "404, state error", "not-found"),
        (["host=nobody"], "403, state error", "host-unknown"),
    ],
)
def test_an_error_is_told_as_in_the_frame(settings, params, status, code):
    result = run("show", "inventory", *[f"--param={param}" for param in params])
    assert result.exit_code == 1
    assert lines(result.output, "status") == [status]
    assert lines(result.output, "error")[0].startswith(f"{code}: ")
    assert lines(result.output, "log")


def test_an_erp_that_fails_is_told_with_what_the_log_says(settings, mock_erp):
    mock_erp.fault("WarehousesOnHandV2", "html")
    result = run("show", "inventory", "--param", "site=1")
    assert result.exit_code == 1
    assert lines(result.output, "status")[0].endswith("state error")
    assert lines(result.output, "log")


def test_an_unexpected_error_is_told_with_its_cause_and_place(settings, monkeypatch):
    def broken(params, erp):
        erp.on_hand(params.company, site=params.site)
        raise ZeroDivisionError("no stock to share out")

    def with_a_mistake():
        app = create_app()
        widget = app.blueprints["inventory"]
        view = dataclasses.replace(widget.view_function, call=broken)  # type: ignore[attr-defined]
        monkeypatch.setattr(widget, "view_function", view)
        return app

    monkeypatch.setattr(kit, "create_app", with_a_mistake)
    result = run("show", "inventory", "--param", "site=1")
    assert result.exit_code == 1
    assert lines(result.output, "status") == ["500, state error"]
    assert lines(result.output, "cause") == ["ZeroDivisionError: no stock to share out"]
    assert "test_kit.py, line" in result.output
    assert "site = '1'" in lines(result.output, "parameter")
    assert lines(result.output, "read")[0].startswith("ERP WarehousesOnHandV2: miss")


def test_a_field_that_is_misspelt_before_a_filter_is_told_with_its_line_in_the_template(
    settings, monkeypatch, tmp_path
):
    file = tmp_path / "widgets/inventory.html"
    file.parent.mkdir()
    file.write_text(
        '{% extends "widgets/partial.html" %}\n{% block body %}\n{{ view.ro|percent }}\n{% endblock %}\n'
    )

    def with_a_mistake():
        app = create_app()
        assert app.jinja_env.loader is not None
        app.jinja_env.loader = ChoiceLoader([FileSystemLoader(tmp_path), app.jinja_env.loader])
        return app

    monkeypatch.setattr(kit, "create_app", with_a_mistake)
    result = run("show", "inventory", "--param", "site=1")
    said = result.output.splitlines()
    (cause,) = [number for number, line in enumerate(said) if line.startswith("cause")]
    assert "did you mean rows?" in said[cause]
    assert said[cause + 1].strip() == f"{file}, line 3: {{{{ view.ro|percent }}}}"


def test_no_credential_is_printed(settings):
    result = run("show", "inventory", "--param", "token=abc.def.ghi", "--param", "site=1")
    assert "abc.def" not in result.output
    assert "token=…&site=1" in lines(result.output, "address")[0]


def test_what_cannot_be_shown_is_said():
    result = run("show", "nothing")
    assert result.exit_code == 1
    assert "There is no widget 'nothing'; there are inventory" in result.output
    result = run("show", "inventory", "--param", "site")
    assert result.exit_code == 2
    assert "write site like site=1" in result.output


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("erp-widgets widgets ", {"check", "new", "list", "show"}),
        ("erp-widgets widgets show ti", {"ticker"}),
        ("erp-widgets widgets check ti", {"ticker"}),
        ("erp-widgets widgets new x --reads o", {"on_hand", "orders"}),
    ],
)
def test_tab_completes(words, offered):
    count = len(words.split(" ")) - 1
    program = Path(sys.executable).with_name("erp-widgets")
    environment = {
        **os.environ,
        "_ERP_WIDGETS_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(count),
    }
    ended = subprocess.run(
        [program], env=environment, capture_output=True, text=True, check=True, timeout=30
    )
    assert {line.partition(",")[2] for line in ended.stdout.splitlines()} == offered, json.dumps(
        ended.stdout
    )
