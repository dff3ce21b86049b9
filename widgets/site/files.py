"""Where files are: those that are shipped, at the top of a checkout or inside the package of an installed
wheel; and where others' packages say that theirs are."""

import contextlib
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

GROUP = "erp_widgets.catalogue"
"""The entry points that packages of widgets are found by."""

BUNDLED = {"frame.js": "frame/frame.js", "embed.js": "embed/embed.js"}
"""Files of `static` that `make bundle` makes, and the modules that each begins with."""

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped(name: str) -> Path:
    """The path of `templates`, `static` or `gunicorn.conf.py`. Raises FileNotFoundError."""
    for folder in (_PACKAGE, _PACKAGE.parent):
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(
        f"{name} is neither in {_PACKAGE} nor beside it: install the package again"
    )


def of_packages() -> dict[str, Path]:
    """The folders of installed packages of widgets by prefix, also of those whose code cannot be loaded."""
    found = {}
    for entry in entry_points(group=GROUP):
        with contextlib.suppress(ImportError, ValueError, SyntaxError):  # told when it is loaded
            spec = find_spec(entry.value)
            if spec and spec.submodule_search_locations:
                found[entry.name] = Path(spec.submodule_search_locations[0])
    return {prefix: folder for prefix, folder in found.items() if folder.is_dir()}


def templates() -> Path:
    return shipped("templates")


def static() -> Path:
    return shipped("static")
