"""What upstreams do while a widget is looked at: the real ones, and every way in which they can go wrong.

An address says it, in a parameter that no widget has: `?site=1&contract-mode=hostile`. So each page of a mode
has an address of its own, for the browser's cache too, and a refresh stays in the mode.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache, partial
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from flask import Flask, request
from pydantic import BaseModel

from widgets.core.services import Log, Services, SourceFactory, install
from widgets.core.widget import Widget
from widgets.errors import (
    NotFound,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamUnavailable,
    WidgetError,
)
from widgets.upstream import Read

PARAMETER = "contract-mode"

MARK = "data-hostile"
"""An attribute that stands on an element only where a value was let through as HTML."""

HOSTILE = f"\"'><b {MARK}=1>&lt;{{{{7191+7}}}}"
"""Short enough for a parameter, without an asterisk, which some refuse."""

COMPUTED = "7198"
"""What a template would make of it."""

_SCRIPT, _FORMULA = "javascript:hostile//", "=1+1&"
_AFTER = f"{HOSTILE};=1+1\u200b\u202e{'W' * 150}"


def hostile(text: str) -> str:
    """Text as an upstream might have it: an address of a script, HTML, quotes, a template, a formula behind a
    semicolon, no width, from right to left, and long without a break. Which of two comes first, and
    whether they are the same, stays."""
    return f"{_SCRIPT}{text}{_AFTER}"


def formula(text: str) -> str:
    """The same, but what it begins with is a formula to a spreadsheet."""
    return f"{_FORMULA}{text}{_AFTER}"


def tame(text: str) -> str:
    """What `hostile` or `formula` was made of."""
    return text.removeprefix(_SCRIPT).removeprefix(_FORMULA).removesuffix(_AFTER)


def changed(value: Any, change: Callable[[str], str]) -> Any:
    """`value` with each text in it changed, at any depth. An Enum is no text, nor is a Literal."""
    if type(value) is str:
        return change(value)
    if isinstance(value, Mapping):
        return {changed(key, change): changed(each, change) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return type(value)(changed(each, change) for each in value)
    kind: Any = type(value)
    return _with_fields(value, lambda each: changed(each, change), _choices(kind))


@cache
def _choices(kind: Any) -> Set[str]:
    """The fields of a record that can only be what is written in its type."""
    if not (is_dataclass(kind) or issubclass(kind, BaseModel)):
        return frozenset()
    return {name for name, hint in get_type_hints(kind).items() if _is_choice(hint)}


def _is_choice(hint: Any) -> bool:
    within = get_args(hint)
    return get_origin(hint) is Literal or (
        bool(within) and all(each is NoneType or _is_choice(each) for each in within)
    )


def emptied(value: Any) -> Any:
    """`value` with nothing in its lists. Records that have lists stay, with nothing in those."""
    if isinstance(value, Mapping):
        return {}
    if isinstance(value, list | tuple | set | frozenset):
        return type(value)(emptied(each) for each in value if _has_list(each))
    return _with_fields(value, emptied)


def _has_list(value: Any) -> bool:
    return any(isinstance(each, list | tuple | set | Mapping) for each in _fields(value).values())


def _fields(value: Any) -> dict[str, Any]:
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in fields(value) if each.init}
    return dict(value) if isinstance(value, BaseModel) else {}


def _with_fields(value: Any, change: Callable[[Any], Any], leave: Set[str] = frozenset()) -> Any:
    made = {name: change(each) for name, each in _fields(value).items() if name not in leave}
    if isinstance(value, BaseModel):
        return value.model_copy(update=made)
    return replace(value, **made) if made else value


@dataclass(frozen=True, slots=True)
class Mode:
    """answer: what becomes of an answer. text: of each text in it, but not, with `keeps`, of what is asked
    for: a widget that looks through its rows for a site is to find some. error: what each read ends in.
    because: why the data is old, where it is."""

    answer: Callable[[Any], Any] = lambda value: value
    text: Callable[[str], str] | None = None
    keeps: bool = False
    error: Callable[[], Exception] | None = None
    because: str = ""


MODES: Mapping[str, Mode] = {
    "": Mode(),
    "hostile": Mode(text=hostile, keeps=True),
    "formula": Mode(text=formula),
    "empty": Mode(answer=emptied),
    "stale": Mode(because="the ERP is not answering"),
    "not-found": Mode(error=lambda: NotFound("There is no such record.")),
    "refused": Mode(error=lambda: UpstreamRefused("It did not accept our credentials.")),
    "invalid": Mode(error=lambda: UpstreamInvalid("It answered with something else.")),
    "unavailable": Mode(error=lambda: UpstreamUnavailable("It does not answer.", retry_after=30)),
    "fault": Mode(error=lambda: RuntimeError("a fault that the contract makes on purpose")),
}


class Played:
    """A source in a mode: it has the methods of the real one. answer: what becomes of what they answer."""

    def __init__(
        self, source: Any, mode: Mode, answer: Callable[[Any], Any], asked: Callable[[], None]
    ) -> None:
        self._source, self._mode, self._answer, self._asked = source, mode, answer, asked

    def __getattr__(self, name: str) -> Any:
        real, mode, answer = getattr(self._source, name), self._mode, self._answer

        def read(*arguments: Any, **more: Any) -> Any:
            self._asked()
            if mode.error:
                raise mode.error()
            try:
                if mode.text:
                    arguments, more = changed(arguments, tame), changed(more, tame)
                return answer(real(*arguments, **more))
            except WidgetError as error:
                error.message = answer(error.message)
                raise

        return read if callable(real) else answer(real)


def take_over(app: Flask, asked: Counter[tuple[str, str]], texts: Mapping[str, set[str]]) -> None:
    """From now on the sources of `app` do what an address says. asked: counts the reads, by widget and
    mode. texts: gets what the mode `hostile` has changed, by widget."""

    def played(make: SourceFactory) -> SourceFactory:
        def source(scope: str, log: Log, request_id: str) -> Any:
            name = request.args.get(PARAMETER, "")
            mode = MODES.get(name, MODES[""])

            def note(read: Read) -> None:
                old = replace(read, outcome="stale", stale_because=mode.because)
                log(old if mode.because else read)

            widget = str(request.blueprint)
            kept = _asked_for(app, given.defaults) if mode.keeps else frozenset()

            def change(text: str) -> str:
                if mode.text is None or text.casefold() in kept:
                    return text
                if mode.keeps:
                    texts[widget].add(text)
                return mode.text(text)

            def count() -> None:
                asked[widget, name] += 1

            answer = partial(changed, change=change) if mode.text else mode.answer
            return Played(make(scope, note, request_id), mode, answer, count)

        return source

    given: Services = app.extensions["erp_widgets"]
    sources = {kind: played(make) for kind, make in given.sources.items()}
    install(app, replace(given, sources=sources))


def _asked_for(app: Flask, defaults: Mapping[str, str]) -> Set[str]:
    """Values of the parameters of the present address, and each of those that are lists, in lower case."""
    widget = app.blueprints[str(request.blueprint)]
    assert isinstance(widget, Widget)  # noqa: S101 - nobody else reads
    fields = widget.view_function.params.model_fields.values()
    values = [*request.args.values(), *defaults.values(), *(str(each.default) for each in fields)]
    parts = {part.strip() for value in values for part in (value, *value.split(","))}
    return {part.casefold() for part in parts if part}
