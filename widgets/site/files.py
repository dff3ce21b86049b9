"""Where the shipped files are: at the top of a checkout, or inside the package of an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped(name: str) -> Path:
    """The path of `templates`, `static` or `gunicorn.conf.py`. Raises FileNotFoundError."""
    for folder in (_PACKAGE, _PACKAGE.parent):
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(
        f"{name} is neither in {_PACKAGE} nor beside it: install the package again"
    )


def templates() -> Path:
    return shipped("templates")


def static() -> Path:
    return shipped("static")
