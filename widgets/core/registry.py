"""Finds the widgets: each module of the catalogue that is not a package is one. No list to edit."""

import importlib
import pkgutil
import re
from collections.abc import Collection
from types import ModuleType

from pydantic import ValidationError

from widgets.core.params import Parameters
from widgets.core.widget import DeclarationError, Widget
from widgets.embedding.context import HostContext
from widgets.embedding.platforms import FRAME_PARAMS

NAME = re.compile(r"(?!on[a-z]+$)[a-z][a-z0-9_]*")
TAKEN = {
    "name", "height", "title", "id", "class", "style", "slot", "part", "hidden", "lang", "dir", "role",
    "tabindex", "is", "token", *FRAME_PARAMS,
}  # fmt: skip
"""Attributes of the loader's tag that are no parameters (static/embed.js), and parameters of the frame."""


def discover(catalogue: ModuleType, sources: Collection[type]) -> list[Widget]:
    """Every widget of the package `catalogue`, by name. `sources`: what a view function may ask for.

    Raises DeclarationError, which names the module, for one that is not declared as it should be.
    """
    modules = [info for info in pkgutil.iter_modules(catalogue.__path__) if not info.ispkg]
    return [_load(f"{catalogue.__name__}.{info.name}", sources) for info in modules]


def _load(name: str, sources: Collection[type]) -> Widget:
    try:
        module = importlib.import_module(name)
    except TypeError as error:  # such as Widget(…) without `personal`
        raise DeclarationError(f"{name}: {error}") from error
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
    _check_params(name, widget.view_function.params)
    if not widget.about:
        raise DeclarationError(f"{name}: begin with a docstring; it is the gallery's text.")
    try:
        widget.view_function.params.model_validate({"company": "usmf", **widget.example})
    except ValidationError as error:
        raise DeclarationError(f"{name}: the example does not fit Params: {error}") from error
    return widget


def _check_params(name: str, params: type[Parameters]) -> None:
    """Names must be possible in an address and as an attribute of the loader's tag, and be nobody else's."""
    for parameter, field in params.model_fields.items():
        if not NAME.fullmatch(parameter) or parameter in TAKEN:
            raise DeclarationError(
                f"{name}: a parameter cannot be called {parameter!r}; use small letters, digits and _, and "
                f"none of {', '.join(sorted(TAKEN))}."
            )
        if not field.description:
            raise DeclarationError(
                f"{name}: say what the parameter {parameter} means, with Field(description=…)."
            )
