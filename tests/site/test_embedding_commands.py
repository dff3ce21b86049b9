"""The commands `token` and `doctor`, and what they say of a hosts file. What the doctor says of a server
that runs is in test_doctor_of_a_server."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.conftest import ROOT
from tests.embedding import by_hand
from tests.embedding.by_hand import SECRET
from widgets.embedding.hosts import Key
from widgets.embedding.refusals import REFUSALS
from widgets.embedding.tokens import Claims, verify
from widgets.site import cli

PAGE = "https://sales.contoso.com"
HOSTS = f"""
default = "lobby"

[hosts.sales]
name = "Sales"
origins = ["{PAGE}"]
widgets = ["inventory", "order-status"]
locked = {{ company = "usmf" }}
keys = [
  {{ id = "2026-10", secret_file = "other.key", revoked = true }},
  {{ id = "2026-11", secret_file = "sales.key" }},
  {{ id = "2027-02", secret_file = "other.key" }},
]

[hosts.lobby]
name = "Lobby"
origins = ["http://localhost:*"]
access = "open"
"""


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """The settings of a server with two hosts, whose secrets lie beside its file."""
    (tmp_path / "sales.key").write_text(SECRET)
    (tmp_path / "other.key").write_text(by_hand.OTHER_SECRET)
    file = tmp_path / "hosts.toml"
    file.write_text(HOSTS)
    return {
        "WIDGETS_HOSTS_FILE": str(file),
        "WIDGETS_CACHE_FILE": str(tmp_path / "reads.sqlite"),
        "WIDGETS_PUBLIC_URL": "https://widgets.contoso.com",
    }


@pytest.fixture
def run(environment):
    def invoke(*arguments: str, **more: str | None) -> Result:
        clean = dict.fromkeys((name for name in os.environ if name.startswith("WIDGETS_")), None)
        return CliRunner().invoke(cli.main, arguments, env=clean | environment | more)

    return invoke


def said(token: str, *keys: Key) -> Claims:
    """What a token says, checked as the server checks it."""
    return verify(token, by_hand.host(*keys), "inventory", "https://widgets.contoso.com")


def test_a_token_is_printed_and_nothing_else(run):
    result = run("token", "--host", "sales", "--widget", "inventory")
    assert (result.exit_code, result.stderr) == (0, "")
    claims = said(result.stdout.removesuffix("\n"))
    assert (claims.params, claims.sub, claims.exp - claims.iat) == ({}, "", 300)


def test_a_token_says_what_it_is_told_to(run):
    locks = ["--lock", "site=1", "--lock", "search=a=b"]
    options = [*locks, "--subject", "u-1", "--life", "60", "--key", "2027-02"]
    result = run("token", "--host", "sales", "--widget", "inventory", *options)
    claims = said(result.stdout.strip(), by_hand.key("2027-02", by_hand.OTHER_SECRET))
    assert claims.params == {"site": "1", "search": "a=b"}
    assert (claims.sub, claims.exp - claims.iat) == ("u-1", 60)


def test_without_an_address_of_its_own_a_server_has_the_usual_name(run):
    result = run("token", "--host", "sales", "--widget", "inventory", WIDGETS_PUBLIC_URL="")
    assert verify(result.stdout.strip(), by_hand.host(), "inventory", "erp-widgets")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--host crm --widget inventory", "There is no host 'crm'; registered: sales, lobby."),
        ("--host lobby --widget inventory", 'Host lobby needs no token: access = "open".'),
        (
            "--host sales --widget inventory --key 2026-10",
            "Host sales has no such key that is valid.",
        ),
        ("--host sales --widget inventory --key none", "Host sales has no such key that is valid."),
        ("--host sales --widget inventory --lock site", "--lock site: write it like site=1."),
        (
            "--host sales --widget ticker",
            f"widget-not-allowed: {REFUSALS['widget-not-allowed'].mend}",
        ),
        (
            "--host sales --widget none",
            f"widget-not-allowed: {REFUSALS['widget-not-allowed'].mend}",
        ),
        (
            "--host sales --widget inventory --lock company=demf",
            f"token-params: {REFUSALS['token-params'].mend}",
        ),
        (
            "--host sales --widget inventory --lock colour=red",
            f"token-params: {REFUSALS['token-params'].mend}",
        ),
        (
            "--host sales --widget inventory --lock rows=abc",
            "--lock rows=abc: The parameter rows must be a whole number, not “abc”.",
        ),
    ],
)
def test_a_token_that_would_not_be_taken_is_not_made(run, arguments, words):
    result = run("token", *arguments.split())
    assert result.exit_code == 1
    assert result.stdout == ""
    assert re.sub(r" \(host sales[^)]*\)$", "", result.stderr.strip()) == f"Error: {words}"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("--widget inventory", "--host"),
        ("--host sales", "--widget"),
        ("--host sales --widget inventory --life 301", "--life"),
        ("--host sales --widget inventory --life 0", "--life"),
    ],
)
def test_an_option_that_is_missing_or_impossible_is_named(run, arguments, named):
    result = run("token", *arguments.split())
    assert result.exit_code == 2
    assert named in result.stderr


@pytest.mark.parametrize("command", ["token", "doctor"])
def test_a_setup_with_a_mistake_is_said_in_words(run, environment, command):
    arguments = [command, "--host", "sales", "--widget", "inventory"]
    arguments += ["--origin", PAGE] if command == "doctor" else []
    file = Path(environment["WIDGETS_HOSTS_FILE"])
    file.write_text(f"{HOSTS}colour = 1\n")
    result = run(*arguments)
    assert result.exit_code == 1
    line = file.read_text().splitlines().index("colour = 1") + 1
    assert f"Error: {file}, line {line}: hosts.lobby.colour: " in result.stderr
    assert "Traceback" not in result.output
    misspelt = run(*arguments, WIDGETS_HOST_FILE="x")
    assert misspelt.exit_code == 1
    assert "Error: WIDGETS_HOST_FILE: there is no such setting" in misspelt.stderr


def test_flask_has_the_commands_too(environment):
    flask = str(Path(sys.executable).with_name("flask"))
    command = [flask, "--app", "wsgi", "token", "--host", "sales", "--widget", "inventory"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WIDGETS_")}
    ended = subprocess.run(
        command, cwd=ROOT, env=clean | environment, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert said(ended.stdout.strip()).iss == "sales"


# --- The doctor.


def examined(run, *options: str, **more: str | None):
    usual = ["--host", "sales", "--widget", "inventory", "--origin", PAGE]
    return run("doctor", *usual, *options, **more)


@pytest.fixture
def token(run):
    return run("token", "--host", "sales", "--widget", "inventory").stdout.strip()


def test_the_doctor_says_that_a_widget_will_show(run, token):
    result = examined(run, "--token", token)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"ok    frame-ancestors: The page, {PAGE}, may frame it.",
        "ok    access: Host sales may show inventory.",
        "",
        "It will show.",
    ]


def test_the_doctor_says_what_stops_a_widget_and_what_to_do(run, token):
    result = examined(run, "--token", token, "--params", "rows=99&colour=red")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[2:] == [
        "STOPS bad-parameter: The parameter rows must be at most 50, not “99”.",
        "      → Correct it in the address.",
        "note  parameter colour: inventory has no such parameter, and ignores it.",
        "      → It has company, item, rows, search, site, warehouse.",
        "",
        "It will not show: One thing stops it.",
    ]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--origin", "https://portal.example/"), "A page around it, https://portal.example, is"),
        (("--csp", "frame-src 'none'"), "It does not let https://widgets.contoso.com in."),
        (("--sandbox", "allow-scripts"), "STOPS sandbox: allow-same-origin"),
        (("--iframe", "--sandbox", ""), "note  sandbox: allow-scripts"),
        (("--iframe", "--token", ""), "STOPS token-missing"),
        (("--token", ""), "note  token-missing"),
        (("--host", "lobby"), "STOPS Content-Security-Policy of the widget"),
        (("--widget", "stock"), "There is no widget 'stock'."),
        (("--host", "crm"), "The host 'crm' is not registered."),
        (("--params", "company=demf"), "STOPS locked-parameter"),
        (("--server", "http://192.0.2.1"), "STOPS mixed content"),
    ],
)
def test_every_option_of_the_doctor_counts(run, token, monkeypatch, options, line):
    monkeypatch.setattr("widgets.site.embedding_commands._ask", lambda *_: [])
    result = examined(run, "--token", token, *options)
    assert line in result.stdout
    assert result.exit_code == (1 if "STOPS" in result.stdout else 0)
    assert result.stdout.splitlines()[-1].startswith(
        "It will not show: " if result.exit_code else "It will show."
    )


def test_without_an_address_of_its_own_a_server_is_on_this_machine(run, token):
    result = examined(run, "--csp", "frame-src http://127.0.0.1:8000", WIDGETS_PUBLIC_URL="")
    assert "ok    frame-src: The page's policy lets http://127.0.0.1:8000 in." in result.stdout
