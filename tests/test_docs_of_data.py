"""docs/data.md says what is answered: its commands run, its tables and its error are those of the code."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.browser.host_app import SECRET, token
from tests.conftest import ROOT, MockErp, server_with_hosts
from tests.test_docs import blocks, rows
from widgets.site.factory import find_widgets
from widgets.site.upstreams import SOURCES

PAGE = ROOT / "docs/data.md"
COMMANDS = [line for block in blocks(PAGE, "sh") for line in block.splitlines()]
HOSTS = """
default = "everybody"

[hosts.everybody]
name = "Whoever is on this machine"
origins = ["http://localhost:*"]
access = "open"

[hosts.sales]
name = "Sales"
origins = ["https://sales.contoso.com"]

[[hosts.sales.keys]]
id = "k1"
secret_env = "ONE_KEY"
"""


@pytest.fixture(scope="module")
def server(module_mock: MockErp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("data")
    with server_with_hosts(module_mock, folder, HOSTS, ONE_KEY=SECRET) as url:
        yield url


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl here")
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_answers_what_it_asks_for(server, tmp_path, command):
    made = token("order-status")
    arguments = shlex.split(
        command.replace("http://127.0.0.1:8000", server).replace("$TOKEN", made)
    )
    ended = subprocess.run(
        [*arguments, "--fail", "--silent", "--show-error", "--noproxy", "*"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    if "-OJ" in arguments:
        (file,) = tmp_path.iterdir()
        assert re.fullmatch(r"inventory-rows-\d{8}T\d{4}Z\.csv", file.name)
        assert file.read_text("utf-8-sig").startswith("item,name,")
    elif "data.csv" in command:
        assert ended.stdout.startswith("\ufeffdate,value\n")
    else:
        assert json.loads(ended.stdout)


def test_there_are_commands_to_run():
    assert len(COMMANDS) == 5


def test_every_table_is_in_its_table():
    told = {
        name.strip("`"): re.findall(r"`([^`]+)`", row) for name, row in rows(PAGE, "Widget").items()
    }
    assert told == {
        widget.slug: list(widget.view_function.tables) for widget in find_widgets(SOURCES).values()
    }


def test_the_members_and_the_error_are_as_they_are_answered(client):
    (shown,) = blocks(PAGE, "json")
    told = client.get("/widgets/inventory/data.json?rows=999").json
    assert list(told) == list(json.loads(shown))
    assert told | {"reference": ""} == json.loads(shown) | {"reference": ""}
    document = client.get("/widgets/inventory/data.json?site=1").json
    assert [name.strip("`") for name in rows(PAGE, "Member")] == list(document)
