"""The wheel alone, in an environment without this checkout, serves a widget."""

import re
import subprocess
import sys
import sysconfig
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.site.serving import ROOT, serving


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel. No network is allowed here, so what the wheel depends on comes
    from the present environment: a .pth file puts that behind the new one on the path. An editable
    install of this checkout does not come along, for it is a .pth file itself, and Python reads those
    only in the environment's own folder."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    install = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *install, wheel], check=True)
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
    assert "widgets/gunicorn.conf.py" in names
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


def fetch(address: str) -> str:
    with urllib.request.urlopen(address) as response:
        text: str = response.read().decode()
        return text
