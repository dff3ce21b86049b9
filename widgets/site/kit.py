"""What the commands `widgets list` and `widgets show` do."""

import gzip
import logging
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
from flask import (
    Flask,
    got_request_exception,
    request,
    request_finished,
    template_rendered,
)

from widgets.core import made
from widgets.core.params import Parameters, describe
from widgets.core.services import Log, Services, SourceFactory, install
from widgets.core.states import in_words
from widgets.core.widget import Widget
from widgets.embedding.platforms import FRAME_PARAMS
from widgets.site.factory import create_app, find_widgets
from widgets.site.upstreams import SOURCES
from widgets.upstream import Read


def listed() -> list[str]:
    """Each widget in a few lines."""
    lines: list[str] = []
    for widget in find_widgets(SOURCES).values():
        sources = [kind.__name__ for kind in widget.view_function.reads.values()]
        first = " ".join(widget.about.partition("\n\n")[0].split())
        lines += [
            f"{widget.slug}: {widget.title}",
            f"  answers     {first.partition(': ')[2] or first}",
            f"  parameters  {' '.join(row['name'] for row in describe(widget.view_function.params))}",
            f"  reads       {', '.join(sources) or 'nothing'}",
            f"  personal    {'yes: only tokens open it' if widget.personal else 'no'}",
            *([f"  from        {widget.distribution}"] if widget.distribution else []),
            "",
        ]
    return lines[:-1]


@dataclass(frozen=True, slots=True)
class Shown:
    html: str
    trace: list[str]
    status: int


@dataclass(slots=True)
class _Seen:
    """What could be seen of one request from outside. context: what the widget's template was given."""

    context: dict[str, Any] = field(default_factory=dict)
    params: Parameters | None = None
    reads: list[Read] = field(default_factory=list)
    how: made.Made | None = None
    error: BaseException | None = None
    log: list[str] = field(default_factory=list)


def show(name: str, given: Mapping[str, str], *, partial: bool) -> Shown:
    """Draw a widget by the real application. Raises click.ClickException for a name that is none's."""
    app = create_app()
    widget = app.blueprints.get(name)
    if not isinstance(widget, Widget):
        known = ", ".join(each.name for each in app.blueprints.values() if isinstance(each, Widget))
        raise click.ClickException(f"There is no widget {name!r}; there are {known}.")
    query = dict(given) or widget.example
    headers = {"Accept-Encoding": "gzip"} | ({"HX-Request": "true"} if partial else {})
    with _watched(app, widget) as seen:
        answer = app.test_client().get(
            f"/widgets/{widget.slug}/", query_string=query, headers=headers
        )
    sent = answer.get_data()
    compressed = answer.headers.get("Content-Encoding") == "gzip"
    plain = gzip.decompress(sent) if compressed else sent
    how = seen.how
    address = answer.request.path + (
        f"?{answer.request.query_string.decode()}" if answer.request.query_string else ""
    )
    trace = [
        _line("address", _without_secrets(address, query)),
        *_parameters(seen),
        *_ignored(widget, query),
        *_reads(seen.reads, failed=seen.params is not None and answer.status_code >= 400),
    ]
    if how:
        view, template = how.seconds
        trace.append(_line("time", f"view {_ms(view)}, reads included; template {_ms(template)}"))
    trace += [
        _line("status", f"{answer.status_code}, state {how.state if how else 'unknown'}"),
        _line(
            "size",
            f"{len(plain):,} bytes" + (f", {len(sent):,} with gzip" if compressed else ""),
        ),
        *_problem(widget, seen),
    ]
    return Shown(plain.decode(), trace, answer.status_code)


@contextmanager
def _watched(app: Flask, widget: Widget) -> Iterator[_Seen]:
    """Listens to the application's own signals and log, so that nothing in it is there for this command."""
    seen = _Seen()

    def drawn(_: Flask, template: Any, context: dict[str, Any], **_more: Any) -> None:
        if template.name == widget.template:
            seen.context = context

    def failed(_: Flask, exception: BaseException, **_more: Any) -> None:
        seen.error = exception

    def finished(_: Flask, **_more: Any) -> None:
        seen.how = request.environ.get(made.MADE)

    def called(params: Parameters, **sources: Any) -> Any:
        seen.params = params
        return declared.call(params, **sources)

    def noted(make: SourceFactory) -> SourceFactory:
        def source(scope: str, log: Log, request_id: str) -> Any:
            def both(read: Read) -> None:
                seen.reads.append(read)
                log(read)

            return make(scope, both, request_id)

        return source

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.log.append(record.getMessage())

    # After an unexpected error the frame knows neither parameters nor reads, so they are noted on their way.
    declared = widget.view_function
    given: Services = app.extensions["erp_widgets"]
    sources = {kind: noted(make) for kind, make in given.sources.items()}
    logger, kept = logging.getLogger("widgets"), Kept(logging.INFO)
    level, propagate = logger.level, logger.propagate
    with ExitStack() as stack:
        stack.callback(setattr, widget, "view_function", declared)
        widget.view_function = replace(declared, call=called)
        install(app, replace(given, sources=sources))
        stack.enter_context(template_rendered.connected_to(drawn, app))
        stack.enter_context(got_request_exception.connected_to(failed, app))
        stack.enter_context(request_finished.connected_to(finished, app))
        logger.addHandler(kept)
        stack.callback(logger.removeHandler, kept)
        stack.callback(logger.setLevel, level)
        stack.callback(setattr, logger, "propagate", propagate)
        logger.setLevel(logging.INFO)
        logger.propagate = False  # what is kept is a part of the trace
        app.logger.disabled, before = True, app.logger.disabled  # so is the traceback
        stack.callback(setattr, app.logger, "disabled", before)
        yield seen


def _parameters(seen: _Seen) -> list[str]:
    return [_line("parameter", f"{name} = {value!r}") for name, value in seen.params or ()]


def _ignored(widget: Widget, query: Mapping[str, str]) -> list[str]:
    """What a host may add without harm is a slip where somebody types it."""
    known = {*widget.view_function.params.model_fields, *FRAME_PARAMS, "token"}
    return [
        _line("ignored", f"{name}, which is no parameter; there are {', '.join(sorted(known))}")
        for name in query
        if name not in known
    ]


def _reads(reads: list[Read], *, failed: bool) -> list[str]:
    lines = []
    for each in reads:
        age = in_words(time.time() - each.as_of.timestamp())
        because = f" ({each.stale_because})" if each.stale_because else ""
        says = f"{each.upstream} {each.what}: {each.outcome}{because} from {each.layer}"
        lines.append(_line("read", f"{says}, {age} old, {_ms(each.seconds)}"))
    return lines or [_line("read", "nothing that was answered" if failed else "nothing")]


def _problem(widget: Widget, seen: _Seen) -> list[str]:
    lines = []
    if problem := seen.context.get("problem"):
        lines += [_line("error", f"{problem.code}: {problem.title}. {problem.message}")]
        if problem.code == "upstream-unavailable":
            lines += [
                _line(
                    "",
                    "Is `make serve` running? With another ERP_PORT, WIDGETS_ERP_URL says where.",
                )
            ]
    if seen.error is not None:
        lines += [_line("cause", f"{type(seen.error).__name__}: {seen.error}")]
        frames = traceback.extract_tb(seen.error.__traceback__)
        # The widget's own line first: what it calls, a filter of a library say, is seldom to blame.
        module = sys.modules[widget.import_name].__file__
        own = [
            frame
            for frame in frames
            if frame.filename == module or Path(frame.filename).name == Path(widget.template).name
        ]
        for frame in [*own[-1:], *(each for each in frames[-3:] if each not in own[-1:])]:
            lines += [_line("", f"{frame.filename}, line {frame.lineno}: {frame.line}")]
    return lines + [_line("log", said) for said in seen.log]


def _without_secrets(address: str, query: Mapping[str, str]) -> str:
    for name in ("token", "key"):
        if query.get(name):
            address = "&".join(
                f"{part.partition('=')[0]}=…"
                if part.rpartition("?")[2].startswith(f"{name}=")
                else part
                for part in address.split("&")
            )
    return address


def _line(about: str, says: str) -> str:
    return f"{about:10} {says}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"
