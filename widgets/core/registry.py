"""Finds the widgets: each module of the catalogue that is not a package is one. No list to edit."""

import importlib
import pkgutil
from collections.abc import Collection
from types import ModuleType

from pydantic import ValidationError

from widgets.core.widget import DeclarationError, Widget
from widgets.embedding.context import HostContext


def discover(catalogue: ModuleType, sources: Collection[type]) -> list[Widget]:
    """Every widget of the package `catalogue`, by name. `sources`: what a view function may ask for.

    Raises DeclarationError, which names the module, for one that is not declared as it should be.
    """
    modules = [info for info in pkgutil.iter_modules(catalogue.__path__) if not info.ispkg]
    return [_load(f"{catalogue.__name__}.{info.name}", sources) for info in modules]


def _load(name: str, sources: Collection[type]) -> Widget:
    module = importlib.import_module(name)
    widget = getattr(module, "widget", None)
    if not isinstance(widget, Widget):
        raise DeclarationError(
            f"{name}: define `widget = Widget(__name__, …)`, or move the file away."
        )
    if not hasattr(widget, "view_function"):
        raise DeclarationError(
            f"{name}: mark the function that makes the view with `@widget.view`."
        )
    for argument, kind in widget.view_function.reads.items():
        if kind not in (*sources, HostContext):
            known = ", ".join(sorted(source.__name__ for source in (*sources, HostContext)))
            raise DeclarationError(f"{name}: the argument {argument} must be one of {known}.")
    if not widget.about:
        raise DeclarationError(f"{name}: begin with a docstring; it is the gallery's text.")
    try:
        widget.view_function.params.model_validate({"company": "usmf", **widget.example})
    except ValidationError as error:
        raise DeclarationError(f"{name}: the example does not fit Params: {error}") from error
    return widget
