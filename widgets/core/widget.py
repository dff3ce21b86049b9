"""The Widget: a Flask blueprint with one page and the data of it, whose author writes Params, a view function
and a template."""

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from functools import partial
from typing import Any, TypeVar, get_args, get_type_hints

from flask import Blueprint, Response
from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError

from widgets.core import data, rendering
from widgets.core.params import Parameters, complaint, parse
from widgets.core.tables import Table, tables_of
from widgets.embedding.hosts import Embeddable

F = TypeVar("F", bound=Callable[..., Any])


class DeclarationError(Exception):
    """A widget is declared wrongly. Stops the start-up; says which module, what, and how to mend it."""


@dataclass(frozen=True, slots=True)
class ViewFunction:
    """A view function and what its signature says: the parameters' model, the upstreams it reads, the View
    and the tables in it."""

    call: Callable[..., Any]
    params: type[Parameters]
    reads: Mapping[str, type]  # argument name → source, such as {"erp": Erp}
    view: TypeAdapter[Any]
    tables: Mapping[str, Table]
    views: tuple[type, ...] = ()  # what it returns: one dataclass or several


_WANTED = {
    str: "write text",
    int: "write a whole number above 0",
    bool: "write True or False",
    Mapping: 'write a dict of parameters, such as {"site": "1"}',
}


class Widget(Blueprint):
    """One embeddable unit, at `/widgets/NAME/`. NAME is the module's, with `-` for `_`, after the prefix of
    the package that it is from. What it shows is there as data, too (`data.FORMATS`).

    title: what the frame and the gallery call it.
    refresh: seconds between two looks at the data while the widget is in view.
    height: pixels that an embedder reserves; enough for the example at 400 px width.
    personal: it shows data about persons, so that only a host with tokens may show it.
    about: the module's docstring, the gallery's text.
    example: query parameters that show the widget at its best: preview, test input and documentation.
    distribution: the installed package that it is from, with its version; "": it is ours.
    sheet: where its own style sheet would be, below the static files.
    """

    view_function: ViewFunction
    distribution = ""

    def __init__(
        self,
        import_name: str,
        *,
        title: str,
        refresh: int,
        height: int,
        personal: bool,
        example: Mapping[str, str],
    ) -> None:
        for name, value, kind in (
            ("title", title, str),
            ("refresh", refresh, int),
            ("height", height, int),
            ("personal", personal, bool),
            ("example", example, Mapping),
        ):
            if not isinstance(value, kind) or (
                isinstance(value, int) and kind is int and value < 1
            ):
                raise DeclarationError(f"{name}={value!r} cannot be: {_WANTED[kind]}.")
        module = import_name.rpartition(".")[2]
        self.slug = module.replace("_", "-")
        super().__init__(self.slug, import_name, url_prefix=f"/widgets/{self.slug}")
        self.title = title
        self.refresh = refresh
        self.height = height
        self.personal = personal
        self.example = dict(example)
        self.template = f"widgets/{module}.html"
        self.sheet = f"widgets/{module}.css"
        self.about = inspect.cleandoc(sys.modules[import_name].__doc__ or "")
        self.add_url_rule("/", "frame", partial(rendering.answer, self))
        for name, answer in data.FORMATS.items():
            self.add_url_rule(f"/{name}", data.endpoint(name), partial(answer, self))

    def belong_to(self, prefix: str, distribution: str) -> None:
        """It is one of an installed package's, whose templates and static files are below the prefix."""
        module = self.import_name.rpartition(".")[2]
        self.slug = self.name = f"{prefix}-{module.replace('_', '-')}"
        self.url_prefix = f"/widgets/{self.slug}"
        self.template = f"{prefix}/{module}.html"
        self.sheet = f"{prefix}/{module}.css"
        self.distribution = distribution

    def view(self, function: F) -> F:
        """Declare the view function: `(params: Params, …sources) -> View`, View a dataclass.

        Raises DeclarationError if the signature does not say that.
        """
        hints = get_type_hints(function)
        if untold := [name for name in inspect.signature(function).parameters if name not in hints]:
            raise DeclarationError(
                f"{self.import_name}.{function.__name__}: say of the argument {untold[0]} what it is, such "
                "as `erp: Erp`."
            )
        result = hints.pop("return", None)
        where = f"{self.import_name}.{function.__name__}"
        params = hints.pop("params", None)
        if not (isinstance(params, type) and issubclass(params, Parameters)):
            raise DeclarationError(
                f"{where}: give it an argument `params: Params`, with `class Params(Parameters)`."
            )
        views = tuple(
            option
            for option in (result, *get_args(result))
            if isinstance(option, type) and is_dataclass(option)
        )
        if not views:
            raise DeclarationError(f"{where}: say what it returns with `-> View`, a dataclass.")
        try:
            view = TypeAdapter(result)
            view.json_schema(mode="serialization")
        except (PydanticUserError, NameError) as error:
            raise DeclarationError(
                f"{where}: the View is also given as JSON, and this cannot be: {error}"
            ) from error
        self.view_function = ViewFunction(function, params, hints, view, tables_of(result), views)
        return function

    def embeddable(self, defaults: Mapping[str, str]) -> Embeddable:
        """What embedding must know of this widget. defaults: as in `params.parse`."""
        params = self.view_function.params
        return Embeddable(
            personal=self.personal,
            params=frozenset(params.model_fields),
            complaint=partial(complaint, params),
            parse=lambda query, locked: parse(params, query, defaults, locked),
        )

    def fail(self, error: Exception) -> Response:
        """A fault of ours, in the form that was asked for."""
        return data.fail(error, self) if data.is_asked() else rendering.fail(error, self)
