"""Packages of widgets, on the path of the present process as if pip had installed them."""

import sys
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import invalidate_caches
from pathlib import Path

from tests.conftest import ROOT
from widgets.site.files import GROUP

EXAMPLE = ROOT / "docs/examples/contoso_widgets"


def lay_out(
    folder: Path,
    files: Mapping[str, str],
    entries: Mapping[str, str],
    name: str = "contoso-widgets",
    version: str = "0.1.0",
) -> None:
    """The files of a distribution below `folder`, and what pip would note of it."""
    about = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{prefix} = {package}" for prefix, package in entries.items()]
    (about / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(textwrap.dedent(text))


def lay_out_example(folder: Path) -> None:
    """The example of the documentation."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    files = {
        str(path.relative_to(EXAMPLE)): path.read_text()
        for path in (EXAMPLE / "contoso_widgets").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    lay_out(folder, files, project["entry-points"][GROUP], project["name"], project["version"])


@contextmanager
def on_the_path(*folders: Path) -> Iterator[None]:
    """What these have is installed; at the end nothing of it is left in the process."""
    before = set(sys.modules)
    paths = [str(folder) for folder in folders]
    sys.path[:0] = paths
    invalidate_caches()
    try:
        yield
    finally:
        for path in paths:
            sys.path.remove(path)
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", None)).startswith(tuple(paths)):
                del sys.modules[name]
        invalidate_caches()
