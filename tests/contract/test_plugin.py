"""The contract as a package of widgets has it: a test of two lines, in a folder that is nothing of ours."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.browser

TEST = """
from widgets.contract import WidgetContract


class TestContract(WidgetContract):
    widget = "{name}"
    more = {{"{name}": [{{"selected": "WHEAT"}}]}}
"""


def run(folder, name, *options):
    (folder / "test_ours.py").write_text(TEST.format(name=name))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    return subprocess.run(
        [*command, f"--basetemp={folder / 'temp'}", "test_ours.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_found_by_entry_point(tmp_path):
    ended = run(tmp_path, "ticker", "-k", "structure or policy or light-to-load")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "3 passed" in ended.stdout


def test_a_widget_that_there_is_not_is_an_error_and_names_those_there_are(tmp_path):
    ended = run(tmp_path, "tickr", "-k", "structure")
    assert ended.returncode == 1
    assert "There is no widget 'tickr'; there are inventory," in ended.stdout


def test_without_java_it_says_so_and_what_to_do(tmp_path):
    (tmp_path / "conftest.py").write_text(
        "from widgets.contract import checker\n\nchecker.has_java = lambda: False\n"
    )
    ended = run(tmp_path, "ticker", "-k", "valid-html")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "There is no Java here" in ended.stdout
