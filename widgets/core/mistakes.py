"""What is wrong with a widget's module or template, with the file and the line to look at."""

import ast
import difflib
import sys
import traceback
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined, TemplateNotFound, TemplateSyntaxError, nodes

from widgets.core.widget import DeclarationError, Widget


def wrong(name: str, line: int, says: str, distribution: str = "") -> DeclarationError:
    """A mistake in the module `name`, which need not be loaded whole. distribution: that it is from."""
    whose = f"{distribution}: " if distribution else ""
    return DeclarationError(f"{whose}{name} ({shown(_file(name))}, line {line}): {says}")


def wrong_import(name: str, error: Exception) -> DeclarationError:
    """What an exception says that came from loading the module: where in it, and what to do."""
    file = _file(name)
    if isinstance(error, SyntaxError):
        where = shown(Path(error.filename or file))
        return DeclarationError(
            f"{name} ({where}, line {error.lineno or 1}): this is no Python: {error.msg}. Correct it."
        )
    # The innermost line of the module itself: what it calls is seldom to blame.
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == file]
    line = (frames[-1].lineno if frames else None) or 1
    if isinstance(error, ImportError):
        return wrong(name, line, f"{error}. Correct the import, or install what it needs.")
    says = str(error)
    if isinstance(error, TypeError) and "Widget.__init__()" in says:  # without `personal`, say
        says = says.replace("Widget.__init__() ", "Widget(…) is ").replace("is got", "has got")
        return wrong(name, line, f"{says}. docs/widgets.md shows what it needs.")
    if isinstance(
        error, DeclarationError | TypeError
    ):  # also what a class over JsonUpstream refuses
        return wrong(name, line, says)
    return wrong(name, line, f"loading it ends in {type(error).__name__}: {error}. Correct it.")


def line_of(name: str, *, within: str = "", of: str = "") -> int:
    """The line of a parameter `of` the class, or of an argument `of` the function, that is called `within`,
    or of that itself; else of `widget = …`; 1 if it is nowhere."""
    tree = ast.parse(_file(name).read_text(encoding="utf-8"))
    for part in tree.body:
        if isinstance(part, ast.ClassDef | ast.FunctionDef) and part.name == within:
            if not of:
                return part.lineno
            for node in ast.walk(part):
                target = node.target if isinstance(node, ast.AnnAssign) else node
                if (isinstance(target, ast.Name) and target.id == of) or (
                    isinstance(target, ast.arg) and target.arg == of
                ):
                    return target.lineno
    for part in tree.body:
        if isinstance(part, ast.Assign) and "widget" in map(ast.unparse, part.targets):
            return part.lineno
    return 1


def check_template(environment: Environment, widget: Widget) -> None:
    """Raises DeclarationError for a template that is missing, is no Jinja, or uses of `view` what no View of
    the widget has."""
    where = widget.import_name
    try:
        environment.get_template(widget.template)
    except TemplateNotFound as error:
        says = f"there is no {_template(widget, str(error.name))}; write it."
        raise wrong(where, line_of(where), says) from None
    except TemplateSyntaxError as error:
        file = _template(widget, str(error.name))
        raise DeclarationError(
            f"{where} ({file}, line {error.lineno}): {error.message} Correct it."
        ) from None
    assert environment.loader is not None  # noqa: S101
    source, _, _ = environment.loader.get_source(environment, widget.template)
    known = _names(widget.view_function.views)
    for name, line in _used(environment, source):
        if known and name not in known:
            raise DeclarationError(
                f"{where} ({_template(widget, widget.template)}, line {line}): View has no {name!r}; it has "
                f"{', '.join(sorted(known))}. Add a field, or correct the template."
            )


class Missing(StrictUndefined):
    """What a template asks for that is not there: a fault, and not a figure that is missing. Of a row it says
    what to write instead; of nothing else, whose names may be data."""

    @property
    def _undefined_message(self) -> str:
        says = super()._undefined_message
        row, name = type(self._undefined_obj), self._undefined_name
        if not is_dataclass(row) or not isinstance(name, str):
            return says
        known = sorted(_names((row,)))
        near = difflib.get_close_matches(name, known, n=1)
        meant = f": did you mean {near[0]}?" if near else "."
        return f"{says}; {row.__name__} has {', '.join(known)}{meant}"


def _template(widget: Widget, name: str) -> str:
    """The file of a template."""
    if not widget.distribution:
        return f"templates/{name}"
    folder, _, rest = name.partition("/")
    of_its_own = widget.template.startswith(f"{folder}/")
    return shown(_file(widget.import_name).parent / "templates" / (rest if of_its_own else name))


def _names(views: tuple[type, ...]) -> set[str]:
    """Fields, properties and methods of any of the Views."""
    fields = {field for view in views for field in getattr(view, "__dataclass_fields__", ())}
    return fields | {name for view in views for name in dir(view) if not name.startswith("_")}


def _used(environment: Environment, source: str) -> Iterator[tuple[str, int]]:
    """What a template takes of `view` by name, unless it gives that name another meaning."""
    tree = environment.parse(source)
    if any(node.name == "view" and node.ctx != "load" for node in tree.find_all(nodes.Name)):
        return
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name == "view":
            yield node.attr, node.lineno


def _file(name: str) -> Path:
    """The file of a module that is in a package, loaded or not."""
    if (loaded := sys.modules.get(name)) and loaded.__file__:
        return Path(loaded.__file__)
    package, _, module = name.rpartition(".")
    found = [Path(folder) / f"{module}.py" for folder in sys.modules[package].__path__]
    return next((path for path in found if path.is_file()), found[0])


def shown(file: Path) -> str:
    """As short as it is clear: relative to where one is."""
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)
