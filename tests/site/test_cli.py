"""The command line itself; what `serve` does is tested as a process in test_serve."""

import pytest
from click.testing import CliRunner

from widgets.site import cli
from widgets.site.serve import ServeError


def test_help_names_the_commands_and_their_defaults() -> None:
    assert "serve" in CliRunner().invoke(cli.main, ["--help"]).output
    options = CliRunner().invoke(cli.main, ["serve", "--help"]).output
    for word in ("--host", "127.0.0.1", "--port", "8000", "--erp-port", "8001", "--workers"):
        assert word in options


def test_options_reach_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def run(*arguments: object, access_log: bool) -> None:
        given.extend([*arguments[:4], access_log])

    monkeypatch.setattr("widgets.site.serve.serve", run)
    options = ["--host", "::1", "--port", "0", "--erp-port", "9001", "--workers", "3"]
    assert CliRunner().invoke(cli.main, ["serve", *options, "--access-log"]).exit_code == 0
    assert given == ["::1", 0, 9001, 3, True]


@pytest.mark.parametrize("wrong", [["--port", "70000"], ["--port", "x"], ["--workers", "0"]])
def test_an_impossible_option_is_refused(wrong: list[str]) -> None:
    result = CliRunner().invoke(cli.main, ["serve", *wrong])
    assert result.exit_code == 2
    assert wrong[0] in result.output


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIDGETS_READ_TIMEOUT", "soon")
    result = CliRunner().invoke(cli.main, ["serve", "--port", "0"])
    assert result.exit_code == 1
    assert "WIDGETS_READ_TIMEOUT" in result.output


def test_what_keeps_it_from_serving_is_said_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ServeError("Port 8000 is taken")

    monkeypatch.setattr("widgets.site.serve.serve", fail)
    result = CliRunner().invoke(cli.main, ["serve"])
    assert result.exit_code == 1
    assert result.output == "Error: Port 8000 is taken\n"
