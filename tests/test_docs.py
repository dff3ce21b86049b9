"""The documentation says what the code does: its pages, tables, examples, commands and links. What it says of
the loader and its messages is in test_docs_of_the_loader."""

import json
import logging
import os
import re
import secrets
import shlex
import shutil
import subprocess
import textwrap
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.conftest import ROOT
from tests.embedding import by_hand
from tools.docs import PAGES
from widgets.embedding.admission import Admission
from widgets.embedding.hosts import Registry
from widgets.embedding.hosts_file import load
from widgets.embedding.hosts_schema import HostEntry, HostsFile, KeyEntry
from widgets.embedding.tokens import Claims
from widgets.site import cli, kit_commands, logs

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WIDGETS = "https://widgets.contoso.com"


def name(path: object) -> str:
    return str(path.relative_to(ROOT)) if isinstance(path, Path) else str(path)


def blocks(path: Path, language: str) -> list[str]:
    """The examples in one language, as they would be copied."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", path.read_text(), re.M | re.S)
    return [textwrap.dedent(block) for block in found]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_is_made_is_as_it_would_be_made_now(page):
    assert (ROOT / page).read_text() == PAGES[page](), "make it again: python -m tools.docs"


# --- Links.


def anchors(path: Path) -> set[str]:
    """The headings of a page, as GitHub makes addresses of them."""
    text = re.sub(r"^ *```.*?^ *```$", "", path.read_text(), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(path: Path) -> list[str]:
    """The links of a page, those within this repository only."""
    text = re.sub(r"^ *```.*?^ *```$", "", path.read_text(), flags=re.M | re.S)
    found = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"^\[[^\]]+\]:\s+(\S+)", text, re.M)
    return [link for link in found if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_link_within_leads_somewhere(path):
    for link in links(path):
        file, _, anchor = link.partition("#")
        target = (path.parent / file) if file else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_there_are_links_to_check():
    assert {"docs/hosts.md", "#register-your-pages"} <= set(links(ROOT / "README.md"))
    assert "register-your-pages" in anchors(ROOT / "README.md")


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_short_name_of_a_link_is_said_once_and_used(path):
    text = path.read_text()
    said = re.findall(r"^\[([^\]]+)\]:", text, re.M)
    used = set(re.findall(r"\]\[([^\]]+)\]", text))
    assert sorted(said) == sorted(used)


def test_every_page_is_linked_to_from_another():
    linked = {
        (path.parent / link.partition("#")[0]).resolve()
        for path in DOCUMENTS
        for link in links(path)
    }
    assert set(DOCUMENTS[1:]) <= linked


# --- Hosts files.

HOSTS_FILES = [
    (path, text) for path in DOCUMENTS for text in blocks(path, "toml") if "[hosts." in text
]


def secret(variable: str) -> str:
    """Another for each, and long enough."""
    return f"the secret that {variable} holds".ljust(40, ".")


def registered(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """What an example registers, where the secrets that it names are there."""
    for variable in re.findall(r'secret_env = "(\w+)"', text):
        monkeypatch.setenv(variable, secret(variable))
    (folder / "secret").write_text(secret("the file"))
    file = folder / "hosts.toml"
    file.write_text(re.sub(r'secret_file = "[^"]+"', 'secret_file = "secret"', text))
    return load(file, by_hand.embeddables())


@pytest.mark.parametrize(("path", "text"), HOSTS_FILES, ids=name)
def test_every_hosts_file_that_is_shown_can_be_used(path, text, tmp_path, monkeypatch):
    assert registered(text, tmp_path, monkeypatch).hosts


def test_every_platform_has_a_page_with_a_hosts_file():
    pages = {path.stem: text for path, text in HOSTS_FILES if path.parent.name == "hosts"}
    assert pages.keys() == {path.stem for path in (ROOT / "docs/hosts").iterdir()}
    for platform, text in pages.items():
        assert f'platform = "{platform}"' in text


def rows(path: Path, first: str) -> dict[str, str]:
    """The rows of the table whose first column has this heading."""
    table = re.search(rf"^\| {first} \|.*?(?=\n\n)", path.read_text(), re.M | re.S)
    assert table
    return dict(re.findall(r"^\| (`.+?) \| (.+) \|$", table[0], re.M))


def test_every_entry_of_a_host_is_in_its_table():
    table = rows(ROOT / "docs/hosts.md", "Entry")
    assert [entry.strip("`") for entry in table] == list(HostEntry.model_fields)
    said = set(re.findall(r"`(\w+)", table["`keys`"]))
    assert said - {"true"} == KeyEntry.model_fields.keys()
    assert HostsFile.model_fields.keys() == {"default", "hosts"}
    assert 'default = "' in (ROOT / "docs/hosts.md").read_text()


def test_every_claim_of_a_token_is_in_its_table():
    table = rows(ROOT / "docs/hosts.md", "Claim")
    said = [claim for entry in table for claim in re.findall(r"`(\w+)`", entry)]
    assert sorted(said) == sorted(Claims.model_fields)
    optional = {entry.strip("`") for entry, about in table.items() if "optional" in about}
    required = {claim for claim, field in Claims.model_fields.items() if field.is_required()}
    assert optional == Claims.model_fields.keys() - required


# --- Metrics and logs.


def test_every_metric_that_operating_asks_for_is_there():
    there = {each.strip("`") for each in rows(ROOT / "docs/metrics.md", "Metric")}
    asked = {
        name.removesuffix("_bucket")
        for block in blocks(ROOT / "docs/operating.md", "yaml")
        for name in re.findall(r"widgets_\w+", block)
    }
    assert len(asked) >= 4
    assert asked <= there


def test_the_line_of_json_that_is_shown_has_what_a_line_has():
    (shown,) = blocks(ROOT / "docs/operating.md", "json")
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "said", (), None)
    assert (
        json.loads(shown).keys() - {"request_id"}
        == json.loads(logs.json_lines().format(record)).keys()
    )


# --- Commands.


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Every use of a command of ours that is shown anywhere, with its arguments."""
    for path in DOCUMENTS:
        text = path.read_text().replace("\\\n", " ")
        for command, rest in re.findall(
            r"(?:erp-widgets|flask --app wsgi) ([a-z]+)((?: [^\n`]*)?)", text
        ):
            if command in cli.main.commands:
                yield command, shlex.split(rest, comments=True)


def test_every_command_is_shown_and_as_it_can_be_called():
    lines = list(command_lines())
    assert {command for command, _ in lines} == set(cli.main.commands)
    for command, arguments in lines:
        if arguments == ["--help"]:
            continue
        called = cli.main.commands[command]
        if isinstance(called, click.Group):
            called, arguments = called.commands[arguments[0]], arguments[1:]  # noqa: PLW2901
        context = called.make_context(command, list(arguments))
        assert isinstance(context, click.Context), arguments


def test_every_part_of_a_command_is_shown():
    for name, group in cli.main.commands.items():
        if isinstance(group, click.Group):
            shown = {words[0] for command, words in command_lines() if command == name}
            assert shown == set(group.commands)


def test_every_option_of_a_tool_for_widgets_is_in_its_page():
    page = (ROOT / "docs/widgets.md").read_text()
    for command in kit_commands.widgets.commands.values():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert any(
                    f"{option} " in page or f"{option}`" in page for option in parameter.opts
                )


EVERY_COMMAND = [*cli.main.commands.values(), *kit_commands.widgets.commands.values()]


@pytest.mark.parametrize("command", EVERY_COMMAND, ids=lambda each: each.name)
def test_every_option_says_what_it_is_for(command):
    assert command.help
    for parameter in command.params:
        if isinstance(
            parameter, click.Argument
        ):  # click has no help for it: the command's own says it
            assert parameter.metavar or parameter.name.upper() in command.help
        else:
            assert parameter.help, parameter.name


# --- Tokens.


def taken(token: str, widget: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Claims:
    """What a token of the README's host says, if the README's hosts file lets it in."""
    (text,) = blocks(ROOT / "README.md", "toml")
    doors = Admission(None, by_hand.embeddables(), WIDGETS, mocked=False)
    doors.registry = registered(text, folder, monkeypatch)
    grant = doors.examine(doors.registry.find("sales"), widget, token=token, key=None)
    assert grant.claims is not None
    assert grant.locked.get("company", "usmf") == "usmf"
    return grant.claims


@pytest.mark.parametrize("widget", ["inventory", "order-status", "quality", "ticker"])
def test_the_readmes_python_makes_a_token_that_is_taken(widget, tmp_path, monkeypatch):
    (code,) = [text for text in blocks(ROOT / "README.md", "python") if "widget_token" in text]
    views: dict[str, Any] = {}
    known = {
        "app": SimpleNamespace(get=lambda path: lambda view: views.setdefault(path, view)),
        "request": SimpleNamespace(args={"widget": widget}),
        "OctKey": OctKey,
        "jwt": jwt,
        "os": os,
        "secrets": secrets,
        "time": time,
    }
    monkeypatch.setenv("SALES_WIDGET_KEY", secret("SALES_WIDGET_KEY"))
    exec(code, known)  # noqa: S102
    first, second = views["/widget-token"](), views["/widget-token"]()
    assert taken(first, widget, tmp_path, monkeypatch).sub == "an opaque user id"
    assert first != second


@pytest.mark.skipif(not shutil.which("node"), reason="there is no node here")
@pytest.mark.parametrize("widget", ["inventory", "order-status", "quality", "ticker"])
def test_the_readmes_node_makes_a_token_that_is_taken(widget, tmp_path, monkeypatch):
    (code,) = blocks(ROOT / "README.md", "js")
    script = (
        f'const crypto = require("node:crypto");\n{code}\nconsole.log(widgetToken("{widget}"));'
    )
    ended = subprocess.run(
        ["node", "-"],
        input=script,
        env={"PATH": os.environ["PATH"], "SALES_WIDGET_KEY": secret("SALES_WIDGET_KEY")},
        capture_output=True,
        text=True,
        check=True,
    )
    claims = taken(ended.stdout.strip(), widget, tmp_path, monkeypatch)
    assert claims.sub == "an opaque user id"


def test_the_python_of_an_mcp_server_makes_a_token_that_is_taken(tmp_path, monkeypatch):
    def encode(claims: object, key: str, *, algorithm: str, headers: Mapping[str, str]) -> str:
        """As PyJWT has it."""
        return by_hand.signed(claims, {"alg": algorithm, **headers}, secret=key)

    (code,) = blocks(ROOT / "docs/hosts/mcp.md", "python")
    known: dict[str, Any] = {"os": os, "secrets": secrets, "time": time}
    known["jwt"] = SimpleNamespace(encode=encode)
    (text,) = blocks(ROOT / "docs/hosts/mcp.md", "toml")
    doors = Admission(None, by_hand.embeddables(), WIDGETS, mocked=False)
    doors.registry = registered(text, tmp_path, monkeypatch)
    exec(code, known)  # noqa: S102
    token = known["widget_token"]()["token"]
    host = doors.registry.find("assistant")
    assert doors.examine(host, "inventory", token=token, key=None).locked == {"company": "usmf"}


PAGES_OF_HOSTS = sorted((ROOT / "docs/hosts").glob("*.md"))


@pytest.mark.parametrize("path", PAGES_OF_HOSTS, ids=lambda path: path.stem)
def test_the_doctor_agrees_with_each_page_of_a_host(path, tmp_path, monkeypatch):
    """Its command, over its own entry of the hosts file, says that the widget shows."""
    text = path.read_text()
    hosts = next(b for b in re.findall(r"```toml\n(.*?)```", text, re.DOTALL) if "[hosts." in b)
    (tmp_path / "hosts.toml").write_text(hosts)
    monkeypatch.setenv("WIDGETS_HOSTS_FILE", str(tmp_path / "hosts.toml"))
    for n, name in enumerate(dict.fromkeys(re.findall(r'secret_env = "(\w+)"', text))):
        monkeypatch.setenv(name, f"a secret of {name}, number {n:05}")
    (command,) = re.findall(r"wsgi doctor ((?:[^\n]|\\\n)*)", text.replace("\\\n", " "))
    arguments = shlex.split(os.path.expandvars(command))
    result = CliRunner().invoke(cli.main, ["doctor", *arguments])
    assert result.output.splitlines()[-1] == "It will show.", result.output


def test_the_times_that_answers_serve_are_those_of_the_code():
    from widgets.upstream.reads import KEEP

    units = {"s": 1, "min": 60, "h": 3600, "day": 86_400}

    def seconds(text: str) -> float:
        number, unit = text.split()
        return int(number) * units[unit]

    told = {}
    for row in re.findall(
        r"^\| (`\w+`.*?) \|$", (ROOT / "docs/caching.md").read_text(), re.MULTILINE
    ):
        names, *spans = row.split(" | ")
        if len(spans) == 3 and set(re.findall(r"`(\w+)`", names)) <= KEEP.keys():
            for name in re.findall(r"`(\w+)`", names):
                told[name] = tuple(seconds(span) for span in spans)
    assert told == {
        name: (keep.ttl, keep.revalidate_for, keep.stale_for) for name, keep in KEEP.items()
    }
