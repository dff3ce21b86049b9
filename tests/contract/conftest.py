"""A catalogue for widgets of a test: modules in a folder that `widgets` has as a second place, templates
beside ours."""

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import widgets
from tests.conftest import ROOT
from widgets.site import files, scaffold
from widgets.site.scaffold_reads import STARTS, Start
from widgets.site.scaffold_texts import texts
from widgets.upstream.reads import Kind

Add = Callable[..., None]


@contextmanager
def second_folder(folder: Path) -> Iterator[Add]:
    """Writes what `widgets new NAME --reads READ` writes, with some of it replaced."""
    modules = folder / "modules"
    modules.mkdir()
    templates = folder / "site" / "templates"
    shutil.copytree(ROOT / "templates", templates)
    added: list[str] = []

    def add(name: str, start: Kind | Start, **replaced: tuple[str, str]) -> None:
        """replaced: `module` and `template`, each with what is there and what is to be there."""
        stem = name.replace("-", "_")
        start = start if isinstance(start, Start) else STARTS[start]
        module, template, _ = texts(stem, name, scaffold.title_of(name), start)
        for part, text, file in (
            ("module", module, modules / f"{stem}.py"),
            ("template", template, templates / "widgets" / f"{stem}.html"),
        ):
            old, new = replaced.get(part, ("", ""))
            assert old in text
            file.write_text(text.replace(old, new, 1) if old else text)
        added.append(stem)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(widgets, "__path__", [*widgets.__path__, str(modules)])
        patch.setattr(files, "templates", lambda: templates)
        importlib.invalidate_caches()
        yield add
    for stem in added:
        sys.modules.pop(f"widgets.{stem}", None)
        if hasattr(widgets, stem):
            delattr(widgets, stem)


@pytest.fixture(scope="module")
def add_widget(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Add]:
    with second_folder(tmp_path_factory.mktemp("catalogue")) as add:
        yield add
