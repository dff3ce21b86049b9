"""The wheel alone, in an environment without this checkout, serves a widget; with the example package beside
it, the widget of that, too."""

import re
import shutil
import subprocess
import sys
import sysconfig
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.site.serving import ROOT, serving

EXAMPLE = ROOT / "docs/examples/contoso_widgets"
INSTALL = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]


def built(project: Path, folder: Path) -> Path:
    """The wheel of a project."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, project],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel. No network is allowed here, so what the wheel depends on comes
    from the present environment: a .pth file puts that behind the new one on the path. An editable
    install of this checkout does not come along, for it is a .pth file itself, and Python reads those
    only in the environment's own folder."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *INSTALL, wheel], check=True)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def test_wheel_has_what_the_server_needs_and_no_more(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("templates", "static"):
        shipped = {
            f"widgets/{path.relative_to(ROOT).as_posix()}"
            for path in (ROOT / folder).rglob("*")
            if path.is_file()
        }
        assert shipped
        assert shipped <= names
    assert {"widgets/gunicorn.conf.py", "widgets/contract/probes.js"} <= names
    for path in (ROOT / "widgets/site/dev/browser").iterdir():
        assert path.relative_to(ROOT).as_posix() in names
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"widgets", "mock_erp"}


def test_installed_wheel_serves_a_widget(environment: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    command = [str(environment / "bin" / "erp-widgets")]
    with serving(tmp_path, command=command, cwd=empty) as server:
        gallery = fetch(server.address)
        assert "/widgets/inventory/" in gallery
        stylesheet = re.search(r'href="/(static/[^"]+\.css)"', gallery)
        assert stylesheet
        assert "{" in fetch(server.address + stylesheet[1])
        widget = fetch(server.address + "widgets/inventory/?site=1")
        assert len(re.findall("<tr", widget)) > 1
        server.process.terminate()
        assert server.process.wait(30) == 0
    assert list(empty.iterdir()) == []


def test_installed_commands_are_flask_commands_too(environment: Path) -> None:
    command = [str(environment / "bin" / "python"), "-m", "flask", "--app", "widgets:create_app"]
    told = subprocess.run(
        [*command, "serve", "--help"], check=True, capture_output=True, text=True, cwd=environment
    )
    assert "--erp-port" in told.stdout


def test_an_installed_wheel_is_no_place_for_a_new_widget(environment: Path) -> None:
    command = [str(environment / "bin" / "erp-widgets"), "widgets"]
    new = [*command, "new", "reorder-list", "--reads", "on_hand"]
    refused = subprocess.run(new, capture_output=True, text=True, cwd=environment, check=False)
    assert refused.returncode == 1
    assert "Get the source" in refused.stderr
    listed = subprocess.run(
        [*command, "list"], capture_output=True, text=True, cwd=environment, check=True
    )
    assert "order-status: Order status" in listed.stdout


# --- The example package. What it installs does not disturb what is above, in whatever order they run.


@pytest.fixture(scope="module")
def with_example(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same environment, with the example as pip installs it."""
    # From a copy: a build leaves files beside what it builds.
    copy = shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("example") / "contoso_widgets")
    wheel = built(copy, tmp_path_factory.mktemp("dist-of-example"))
    python = environment / "bin" / "python"
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *INSTALL, wheel], check=True)
    return environment


def test_the_example_is_served_and_read_from_an_upstream_of_its_own(
    with_example: Path, tmp_path: Path
) -> None:
    command = [str(with_example / "bin" / "erp-widgets")]
    with serving(tmp_path, command=command, cwd=tmp_path) as server:
        assert "contoso-parcels" in fetch(server.address)
        page = fetch(server.address + "widgets/contoso-parcels/?customer=US-007")
        assert 'data-state="ok"' in page
        assert len(re.findall("<tr", page)) > 1
        (sheet,) = re.findall(r'href="/(static/[^"]+/contoso/parcels\.css)"', page)
        assert ".contoso-parcels" in fetch(server.address + sheet)
    listed = subprocess.run(
        [*command, "widgets", "list"], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert "from        contoso-widgets 0.1.0" in listed.stdout


@pytest.mark.browser
def test_the_examples_own_tests_pass_where_it_is_installed(
    with_example: Path, tmp_path: Path
) -> None:
    tests = shutil.copytree(EXAMPLE / "tests", tmp_path / "tests")
    ended = subprocess.run(
        [with_example / "bin" / "python", "-m", "pytest", "-p", "no:cacheprovider", "-q", tests],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"\d+ passed", ended.stdout)


def fetch(address: str) -> str:
    with urllib.request.urlopen(address) as response:
        text: str = response.read().decode()
        return text
