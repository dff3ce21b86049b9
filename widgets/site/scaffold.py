"""Writes the three files of a new widget into a checkout, or into a package of the author's own; or says what
is in the way and writes nothing."""

import builtins
import contextlib
import keyword
import re
import tomllib
from pathlib import Path

from widgets.site.files import GROUP
from widgets.site.scaffold_reads import STARTS, Start
from widgets.site.scaffold_texts import texts
from widgets.site.scaffold_upstream import CARRIER, start_of, wrong_with

CHECKOUT = Path(__file__).resolve().parents[2]

LONGEST = 30
"""Characters of a name; a longer one breaks the lines of the files that are written."""

_TAKEN = {
    "widget",
    "dataclass",
    "html",
    "client",
    "replace",
    "date",
    "history",
    "static",
    "widgets",
    "shown",
    "answer",
    "document",
}
"""Names that the files use for something else, or the application for a part of its own."""


class ScaffoldError(Exception):
    """Nothing was written. Says what is in the way and what to do."""


def title_of(name: str) -> str:
    return name.replace("-", " ").capitalize()


def new(
    name: str,
    read: str,
    root: Path = CHECKOUT,
    *,
    upstream: str | None = None,
    package: Path | None = None,
) -> list[Path]:
    """The files that were written. upstream: the name of the one that is read as JSON; None: the carrier.
    package: the folder of a project to write them into instead of `root`. Raises ScaffoldError."""
    module = name.replace("-", "_")
    start = _start(read, upstream, module)
    slug, folder = name, None
    if package:
        root = package
        prefix, folder = _package(root)
        slug = f"{prefix}-{name}"
    else:
        _check_checkout(root)
    _check_name(name, root)
    files = [
        (folder or root / "widgets") / f"{module}.py",
        (folder / "templates" if folder else root / "templates" / "widgets") / f"{module}.html",
        root / "tests" / f"test_{module}.py",
    ]
    if there := [str(file.relative_to(root)) for file in files if file.exists()]:
        are, them = ("is", "it") if len(there) == 1 else ("are", "them")
        raise ScaffoldError(
            f"{' and '.join(there)} {are} there already. Choose another name, or move {them} away."
        )
    made: list[Path] = []
    try:
        written = texts(module, slug, title_of(name), start, folder.name if folder else "")
        for file, text in zip(files, written, strict=True):
            if folder:
                file.parent.mkdir(exist_ok=True)
            with file.open("x", encoding="utf-8") as opened:
                made.append(file)
                opened.write(text)
    except OSError as error:
        for file in made:
            with contextlib.suppress(OSError):
                file.unlink()
        raise ScaffoldError(
            f"{error.filename} cannot be written: {error.strerror}. Nothing is left of it."
        ) from None
    return files


def kind_of(read: str) -> str:
    """The read of this name. Raises ScaffoldError, which lists them."""
    if read in STARTS:
        return read
    raise ScaffoldError(
        f"There is no read {read!r} to start from. Choose with --reads one of {', '.join(STARTS)}."
    )


def _start(read: str, upstream: str | None, module: str) -> Start:
    kind = kind_of(read)
    if upstream is not None and kind != "json":
        raise ScaffoldError(f"--upstream goes with --reads json alone; {kind} has its own.")
    if upstream is None or upstream == CARRIER:
        return STARTS[kind]
    if wrong := wrong_with(upstream, module):
        raise ScaffoldError(wrong)
    return start_of(upstream)


def _package(root: Path) -> tuple[str, Path]:
    """What the names of its widgets begin with, and the folder that has them."""
    if not root.is_dir():
        raise ScaffoldError(
            f"There is no folder {root}. Give with --package the one that has your package's pyproject.toml."
        )
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        ((prefix, package),) = project["entry-points"][GROUP].items()
    except (OSError, ValueError, KeyError, AttributeError):
        raise ScaffoldError(
            f"{root / 'pyproject.toml'} names no package of widgets, or several. It wants:\n"
            f'[project.entry-points."{GROUP}"]\ncontoso = "contoso_widgets"'
        ) from None
    for folder in (root / package, root / "src" / package):
        if (folder / "__init__.py").is_file():
            return prefix, folder
    raise ScaffoldError(
        f"There is no package {package} in {root}: no {package}/__init__.py. Make that file, or correct the "
        "entry point in pyproject.toml."
    )


def _check_checkout(root: Path) -> None:
    folders = ("widgets", "templates/widgets", "tests")
    if not (root / "pyproject.toml").is_file() or not all((root / f).is_dir() for f in folders):
        raise ScaffoldError(
            "This is an installed package, and a widget is written into a checkout. Get the source, then "
            "there: make lint, and .venv/bin/erp-widgets widgets new NAME."
        )


def _check_name(name: str, root: Path) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > LONGEST:
        tame = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-0123456789")[:LONGEST].strip("-")
        raise ScaffoldError(
            f"{name!r} is no name for a widget: use small letters, digits and single - between them, a "
            f"letter first, at most {LONGEST} characters, such as {tame or 'reorder-list'}."
        )
    module = name.replace("-", "_")
    if keyword.iskeyword(module) or keyword.issoftkeyword(module) or hasattr(builtins, module):
        raise ScaffoldError(
            f"{name!r} means something in Python. Choose another, such as {name}-list."
        )
    if name.startswith("test"):
        raise ScaffoldError(
            f"{name!r} begins with test, and pytest would take its function for a test. Choose another, "
            f"such as my-{name[: LONGEST - 3].rstrip('-')}."
        )
    helpers = {path.stem for path in (root / "tests").glob("*.py")}
    if module in _TAKEN | helpers or (root / "widgets" / module).is_dir():
        raise ScaffoldError(
            f"{name!r} is the name of a part of this software. Choose another, such as {name}-list."
        )
    if any(module in start.source or module == kind for kind, start in STARTS.items()):
        raise ScaffoldError(
            f"{name!r} is the name of a read or a source. Choose another, such as {name}-list."
        )
