"""docs/benchmarks.md says what the benchmarks are, and with which options each can be run."""

import re
import shlex
import subprocess
import sys

import pytest

from bench import __main__ as command
from bench import contestants, page
from tests.conftest import ROOT
from tests.test_docs import rows

PAGE = ROOT / "docs/benchmarks.md"
MODULES = {module for module, *_ in command.RUNS.values()}
OF_ALL = {"--help", "--rounds", "--quick", "--json"}


def options(module: str) -> set[str]:
    """The long options that its help has."""
    said = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    listed = said.rpartition("options:")[2]
    return set(re.findall(r"(?:^  |, )(--[a-z-]+)", listed, re.M))


def table() -> dict[str, str]:
    """What is said of each benchmark, by the first command that is named."""
    return {key.partition("`, ")[0].strip("`"): said for key, said in rows(PAGE, "Command").items()}


def test_every_benchmark_has_its_row():
    said = {name.removeprefix("python -m bench.") for name in table()}
    assert said - {"make bench-chaos"} == MODULES


@pytest.mark.parametrize("name", sorted(MODULES))
def test_every_option_of_a_benchmark_is_in_its_row(name):
    row = table()[f"python -m bench.{name}"]
    assert options(f"bench.{name}") - OF_ALL == set(re.findall(r"`(--[a-z-]+)", row))


def test_the_options_of_all_are_said_once_before():
    said = PAGE.read_text().partition("## The commands")[2].partition("| Command")[0]
    assert set(re.findall(r"`(--[a-z-]+)", said)) == OF_ALL


@pytest.mark.parametrize("module", ["bench", "bench.show"])
def test_every_option_of_the_commands_around_them_is_said(module):
    for option in options(module) - {"--help", "--show"}:
        assert option in PAGE.read_text(), option


def test_every_way_to_run_them_that_is_shown_is_one():
    shown = re.findall(r"make bench ARGS=(?:'([^']+)'|(\S+))", PAGE.read_text())
    assert shown
    for given in shown:
        assert command.options(shlex.split("".join(given)))
    given = re.findall(r"bench-page ARGS='([^']+)'", PAGE.read_text())
    plans = [page.options(shlex.split(each.replace("NAME", "dash")))[0] for each in given]
    assert (list(plans[-1].named), plans[-1].rounds) == (["dash"], 1)


def test_every_contestant_is_named():
    text = PAGE.read_text()
    for name in (*contestants.PEERS, contestants.BARE):
        assert name in text or name.capitalize() in text
