"""Packages of widgets that others have made and pip has installed: found by entry point, each under its own
prefix, with templates and static files of its own that can hide none of ours.

[project.entry-points."erp_widgets.catalogue"]
contoso = "contoso_widgets"
"""

import importlib
import re
import traceback
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from widgets.core.registry import discover
from widgets.core.widget import DeclarationError, Widget
from widgets.site.files import GROUP

_PREFIX = re.compile(
    r"(?![0-9a-f]{12}$)[a-z][a-z0-9]{0,29}"
)  # static files have 12 hex digits there
_OURS = ("widgets", "vendor", "static", "templates", "erp")


@dataclass(frozen=True, slots=True)
class Package:
    """prefix: what its widgets' names begin with, and the addresses of its static files.
    distribution: what pip knows it as, "contoso-widgets 0.1.0". folder: has its modules."""

    prefix: str
    module: ModuleType
    distribution: str
    folder: Path

    @property
    def templates(self) -> Path:
        return self.folder / "templates"

    @property
    def static(self) -> Path:
        return self.folder / "static"

    def widgets(self, sources: Collection[type]) -> list[Widget]:
        """Raises DeclarationError, which names the distribution."""
        with blaming(self.distribution):
            found = discover(self.module, sources)
            for widget in found:
                widget.belong_to(self.prefix, self.distribution)
        return found


@contextmanager
def blaming(distribution: str) -> Iterator[None]:
    """Whose mistake a DeclarationError is about; "": ours."""
    try:
        yield
    except DeclarationError as error:
        if not distribution:
            raise
        raise DeclarationError(f"{distribution}: {error}") from error


def installed() -> list[Package]:
    """By prefix. Raises DeclarationError for one that cannot be used."""
    found: dict[str, Package] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        package = _load(entry)
        if other := next(
            (o for o in found.values() if entry.name == o.prefix or package.module is o.module),
            None,
        ):
            raise _wrong(
                entry,
                f"{other.distribution} has {other.prefix} = {other.module.__name__!r} already; "
                "change one of the two, or uninstall it.",
            )
        found[entry.name] = package
    return list(found.values())


def _load(entry: EntryPoint) -> Package:
    if not _PREFIX.fullmatch(entry.name) or entry.name in _OURS:
        raise _wrong(
            entry,
            f"{entry.name!r} cannot begin the names of widgets; choose a word of at most 30 small letters "
            f"and digits, a letter first, and none of {', '.join(_OURS)}.",
        )
    try:
        module = importlib.import_module(entry.value)
    except Exception as error:
        lines = traceback.extract_tb(error.__traceback__)
        last = lines[-1] if lines else None
        # An error that arises in the import system itself is about the entry.
        at = (
            f" ({last.filename}, line {last.lineno})"
            if last and "importlib" not in last.filename
            else ""
        )
        raise _wrong(
            entry,
            f"loading {entry.value} ends in {type(error).__name__}{at}: {error}. Name a package that is "
            "there, install what it needs, or uninstall it.",
        ) from error
    if not (folders := [Path(folder) for folder in getattr(module, "__path__", ())]):
        raise _wrong(
            entry, f"{entry.value} is one module; name the folder whose modules are widgets."
        )
    return Package(entry.name, module, _distribution(entry), folders[0])


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an installed package"


def _wrong(entry: EntryPoint, says: str) -> DeclarationError:
    return DeclarationError(
        f"{_distribution(entry)}: its entry point {entry.name} = {entry.value!r} in {GROUP}: {says}"
    )
