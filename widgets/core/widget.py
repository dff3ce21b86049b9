"""The Widget: a Flask blueprint with one URL, whose author writes Params, a view function and a template."""

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from functools import partial
from typing import Any, TypeVar, get_args, get_type_hints

from flask import Blueprint
from flask.typing import ResponseReturnValue

from widgets.core import rendering
from widgets.core.params import Parameters, complaint, parse
from widgets.embedding.hosts import Embeddable

F = TypeVar("F", bound=Callable[..., Any])


class DeclarationError(Exception):
    """A widget is declared wrongly. Stops the start-up; says which module, what, and how to mend it."""


@dataclass(frozen=True, slots=True)
class ViewFunction:
    """A view function and what its signature says: the parameters' model and the upstreams it reads."""

    call: Callable[..., Any]
    params: type[Parameters]
    reads: Mapping[str, type]  # argument name → source, such as {"erp": Erp}


class Widget(Blueprint):
    """One embeddable unit, at `/widgets/NAME/`. NAME is the module's, with `-` for `_`.

    title: what the frame and the gallery call it.
    refresh: seconds between two looks at the data while the widget is in view.
    height: pixels that an embedder reserves; enough for the example at 400 px width.
    personal: it shows data about persons, so that only a host with tokens may show it.
    about: the module's docstring, the gallery's text.
    example: query parameters that show the widget at its best: preview, test input and documentation.
    """

    view_function: ViewFunction

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
        module = import_name.rpartition(".")[2]
        self.slug = module.replace("_", "-")
        super().__init__(self.slug, import_name, url_prefix=f"/widgets/{self.slug}")
        self.title = title
        self.refresh = refresh
        self.height = height
        self.personal = personal
        self.example = dict(example)
        self.template = f"widgets/{module}.html"
        self.about = inspect.cleandoc(sys.modules[import_name].__doc__ or "")
        self.add_url_rule("/", "frame", self._answer)

    def view(self, function: F) -> F:
        """Declare the view function: `(params: Params, …sources) -> View`, View a dataclass.

        Raises DeclarationError if the signature does not say that.
        """
        hints = get_type_hints(function)
        result = hints.pop("return", None)
        where = f"{self.import_name}.{function.__name__}"
        params = hints.pop("params", None)
        if not (isinstance(params, type) and issubclass(params, Parameters)):
            raise DeclarationError(
                f"{where}: give it an argument `params: Params`, with `class Params(Parameters)`."
            )
        if not any(is_dataclass(option) for option in (result, *get_args(result))):
            raise DeclarationError(f"{where}: say what it returns with `-> View`, a dataclass.")
        self.view_function = ViewFunction(function, params, hints)
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

    def _answer(self) -> ResponseReturnValue:
        return rendering.answer(self)
