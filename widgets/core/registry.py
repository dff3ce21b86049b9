"""Finds the widgets: each module of the catalogue that is not a package is one. No list to edit."""

import importlib
import pkgutil
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from types import ModuleType
from typing import TypeGuard

from widgets.core.mistakes import line_of, wrong, wrong_import
from widgets.core.params import Parameters, parse
from widgets.core.widget import Widget
from widgets.embedding.context import HostContext
from widgets.embedding.platforms import FRAME_PARAMS
from widgets.errors import BadParameter
from widgets.upstream import JsonUpstream

NAME = re.compile(r"(?!on[a-z]+$)[a-z][a-z0-9_]*")
TAKEN = {
    "name", "height", "title", "id", "class", "style", "slot", "part", "hidden", "lang", "dir", "role",
    "tabindex", "is", "token", "table", *FRAME_PARAMS,
}  # fmt: skip
"""Attributes of the loader's tag that are no parameters (static/embed.js), and parameters of the frame
and of `data.csv`."""


def discover(catalogue: ModuleType, sources: Collection[type]) -> list[Widget]:
    """Every widget of the package `catalogue`, by name. `sources`: what a view function may ask for.

    Raises DeclarationError, which names the module, for one that is not declared as it should be.
    """
    modules = list(pkgutil.iter_modules(catalogue.__path__))
    for info in modules:
        if info.ispkg and any(
            (Path(folder) / f"{info.name}.py").is_file() for folder in catalogue.__path__
        ):
            name = f"{catalogue.__name__}.{info.name}"
            raise wrong(name, 1, f"the folder {info.name} hides this file; rename the file.")
    found: dict[str, Widget] = {}
    for info in modules:
        if info.ispkg:
            continue
        widget = _load(f"{catalogue.__name__}.{info.name}", sources)
        if widget.name in found:
            first = found[widget.name].import_name
            raise wrong(
                widget.import_name,
                line_of(widget.import_name),
                f"{first} is called {widget.name} too; rename one of the two files.",
            )
        found[widget.name] = widget
    return list(found.values())


def is_json(kind: object) -> TypeGuard[type[JsonUpstream]]:
    return isinstance(kind, type) and issubclass(kind, JsonUpstream) and kind is not JsonUpstream


def json_upstreams(widgets: Iterable[Widget]) -> list[type[JsonUpstream]]:
    """The upstreams that these widgets have of their own, each class once.

    Raises DeclarationError where two mean different things by one name: settings know them by that.
    """
    found = [
        (each, kind)
        for each in widgets
        for kind in each.view_function.reads.values()
        if is_json(kind)
    ]
    first: dict[str, type[JsonUpstream]] = {}
    for widget, kind in found:
        other = first.setdefault(kind.name, kind)
        same_package = kind.__module__.partition(".")[0] == other.__module__.partition(".")[0]
        if same_package and (kind.keep(), kind.called) == (other.keep(), other.called):
            continue
        raise wrong(
            kind.__module__,
            line_of(kind.__module__, within=kind.__name__),
            f"{other.__module__} has an upstream {kind.name} too, "
            + (
                "with another ttl, stale_for or called; let both have the same, or one class."
                if same_package
                else "and the settings could not tell them apart; rename this class."
            ),
            widget.distribution,
        )
    return list(dict.fromkeys(kind for _, kind in found))


def _load(name: str, sources: Collection[type]) -> Widget:
    try:
        module = importlib.import_module(name)
    except Exception as error:
        raise wrong_import(name, error) from error
    widget = getattr(module, "widget", None)
    if not isinstance(widget, Widget):
        raise wrong(name, 1, "define `widget = Widget(__name__, …)`, or move the file away.")
    if not hasattr(widget, "view_function"):
        raise wrong(
            name, line_of(name), "mark the function that makes the view with `@widget.view`."
        )
    for argument, kind in widget.view_function.reads.items():
        if kind not in (*sources, HostContext) and not is_json(kind):
            known = ", ".join(sorted(source.__name__ for source in (*sources, HostContext)))
            line = line_of(name, within=widget.view_function.call.__name__, of=argument)
            raise wrong(
                name,
                line,
                f"the argument {argument} must be one of {known}, or a class of yours over JsonUpstream.",
            )
    _check_params(name, widget.view_function.params)
    if not widget.about:
        raise wrong(name, 1, "begin with a docstring; it is the gallery's text.")
    params = widget.view_function.params
    if strange := [each for each in widget.example if each not in params.model_fields]:
        raise wrong(
            name,
            line_of(name),
            f"the example has {strange[0]!r}, which is no parameter; there are "
            f"{', '.join(params.model_fields)}.",
        )
    try:
        parse(params, widget.example, {"company": "usmf"})
    except BadParameter as error:
        says = f"the example does not fit Params: {error.message} Correct either."
        raise wrong(name, line_of(name), says) from error
    return widget


def _check_params(name: str, params: type[Parameters]) -> None:
    """Names must be possible in an address and as an attribute of the loader's tag, and be nobody else's."""
    for parameter, field in params.model_fields.items():
        if not NAME.fullmatch(parameter) or parameter in TAKEN:
            raise wrong(
                name,
                line_of(name, within=params.__name__, of=parameter),
                f"a parameter cannot be called {parameter!r}; use small letters, digits and _, and "
                f"none of {', '.join(sorted(TAKEN))}.",
            )
        if not field.description:
            raise wrong(
                name,
                line_of(name, within=params.__name__, of=parameter),
                f"say what the parameter {parameter} means, with Field(description=…).",
            )
