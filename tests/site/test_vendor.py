"""The vendored browser libraries: complete, and as the manifest says."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs_version

from tools.vendor import MANIFEST, PACKAGES, VENDOR, plotly_style_sheet, problems

PLOTLY = next(VENDOR.glob("plotly.js-*"))


def test_files_are_what_the_manifest_says() -> None:
    assert problems(VENDOR) == []


def test_manifest_lists_the_packages_of_the_script() -> None:
    listed = json.loads((VENDOR / MANIFEST).read_text())
    assert {(package["name"], package["version"]) for package in listed} == PACKAGES.keys()
    for package in listed:
        assert "LICENSE" in package["sha256"]


def test_figures_are_held_against_the_schema_of_the_plotly_that_draws_them() -> None:
    assert PLOTLY.name.rpartition("@")[2] == get_plotlyjs_version()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(VENDOR, tmp_path / "vendor"))


def test_a_missing_file_is_found(copy: Path) -> None:
    (copy / PLOTLY.name / "plotly.css").unlink()
    assert problems(copy) == [f"{PLOTLY.name}/plotly.css is missing"]


def test_a_changed_file_is_found(copy: Path) -> None:
    with (copy / PLOTLY.name / "plotly.css").open("a") as style_sheet:
        style_sheet.write(" ")
    assert problems(copy) == [f"{PLOTLY.name}/plotly.css was changed"]


def test_an_unknown_file_is_found(copy: Path) -> None:
    (copy / PLOTLY.name / "extra.js").write_text("")
    assert problems(copy) == [f"{PLOTLY.name}/extra.js is not in manifest.json"]


def test_a_second_version_is_found(copy: Path) -> None:
    (copy / "idiomorph@0.0.1").mkdir()
    assert problems(copy) == ["idiomorph is there in more than one version"]


def test_plotly_is_compiled_while_it_comes() -> None:
    """What stands in parentheses is; the rest is skimmed, and read again while the page waits."""
    script = (PLOTLY / "plotly.js").read_text()
    assert re.search(r"self : this, \(\(\) => \{\n", script)
    assert script.endswith("\n})));")
    given = re.findall(r"[\w$]+=([\w$]+)\((\(?)\(\w*(?:,\w+)?\)=>\{", script)
    ((helper, _), modules) = Counter(given).most_common(1)[0]
    assert modules > 300
    assert (helper, "") not in given


@pytest.mark.parametrize(
    "bundle",
    [
        "nothing of the kind",
        'a={X:"b" + c};for(k in a)d=k.replace(/X/g,".x").replace(/Y/g,".y")',
    ],
)
def test_a_bundle_with_another_shape_is_refused(bundle: str) -> None:
    with pytest.raises(ValueError, match=r"plotly\.js"):
        plotly_style_sheet(bundle)
