"""The vendored browser libraries: complete, and as the manifest says."""

import json
import shutil
from pathlib import Path

import pytest

from tools.vendor import MANIFEST, PACKAGES, VENDOR, plotly_style_sheet, problems

PLOTLY = next(VENDOR.glob("plotly.js-*"))


def test_files_are_what_the_manifest_says() -> None:
    assert problems(VENDOR) == []


def test_manifest_lists_the_packages_of_the_script() -> None:
    listed = json.loads((VENDOR / MANIFEST).read_text())
    assert {(package["name"], package["version"]) for package in listed} == PACKAGES.keys()
    for package in listed:
        assert "LICENSE" in package["sha256"]


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
