"""What browsers load is of the modules as they are, which needs no Node.js to see."""

import shutil
import subprocess

import pytest

from tests.conftest import ROOT
from tools.bundle import bundled, is_current
from widgets.site.files import BUNDLED

STATIC = ROOT / "static"
MODULES = STATIC / "frame"


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundle_is_of_these_modules(name):
    modules = (STATIC / BUNDLED[name]).parent
    assert is_current(modules, STATIC / name), (
        f"{modules.relative_to(ROOT)}/ has changed: run `make bundle` and commit static/{name}"
    )


@pytest.mark.parametrize("change", ["a line more", "another name", "gone"])
def test_any_change_of_a_module_is_seen(tmp_path, change):
    modules = tmp_path / "frame"
    shutil.copytree(MODULES, modules)
    assert is_current(modules, STATIC / "frame.js")
    module = modules / "fit.js"
    if change == "a line more":
        module.write_text(module.read_text() + "\n")
    elif change == "another name":
        module.rename(modules / "fits.js")
    else:
        module.unlink()
    assert not is_current(modules, STATIC / "frame.js")


@pytest.mark.skipif(not shutil.which("npm"), reason="needs npm")
@pytest.mark.parametrize("name", BUNDLED)
def test_nothing_but_the_modules_is_in_it(name):
    """Made again, it is the same to the byte; a change by hand would be lost."""
    try:
        again = bundled(STATIC / BUNDLED[name])
    except subprocess.CalledProcessError:
        pytest.skip("npm cannot get esbuild here")
    assert again == (STATIC / name).read_text()
