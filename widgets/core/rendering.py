"""One request to a widget, from its query string to the answer. Read `answer` top to bottom."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Response, g, make_response, render_template, request
from flask_htmx import HTMX
from markupsafe import Markup
from pydantic import BaseModel

from widgets.core import states
from widgets.core.params import UNSHOWABLE, parse
from widgets.core.services import services
from widgets.errors import WidgetError
from widgets.upstream import Read

if TYPE_CHECKING:
    from widgets.core.widget import Widget

htmx = HTMX()
logger = logging.getLogger(__name__)

THEMES = ("light", "dark", "contrast")
STALE = 30
"""Seconds between two looks while what is shown is stale."""

FRAME_PARAMS = ("theme",)
"""Parameters of the frame itself, which every widget has besides its own."""


def answer(widget: "Widget") -> Response:
    """The full frame, or the partial where htmx asks; any error of ours as a state of the widget."""
    params: BaseModel | None = None
    view: Any = None
    problem: states.Problem | None = None
    reads: list[Read] = []
    declared = widget.view_function
    try:
        params = parse(declared.params, request.args, services().defaults)
        # Until hosts are registered every viewer sees the same; the company is part of each read's key.
        sources = {
            name: services().sources[kind]("public", reads.append, g.request_id)
            for name, kind in declared.reads.items()
        }
        view = declared.call(params, **sources)
    except WidgetError as error:
        problem = states.problem(error, g.request_id)
        logger.log(
            logging.INFO if problem.status < 500 else logging.WARNING,
            "%s %s %s: %s %s",
            g.request_id,
            widget.slug,
            problem.code,
            error.message,
            error.detail,
        )
    return respond(widget, params, view, problem, states.freshness(reads))


def respond(
    widget: "Widget",
    params: BaseModel | None,
    view: Any,
    problem: states.Problem | None,
    freshness: states.Freshness | None,
) -> Response:
    """Draw one state of a widget and give it its status and headers."""
    empty = getattr(view, "empty", None)
    state = (
        "error"
        if problem
        else "stale"
        if freshness and freshness.because
        else "empty"
        if empty
        else "ok"
    )
    retry = problem and problem.retry_after
    known = carried(widget)
    context = {
        "widget": widget,
        "params": params,
        "view": view,
        "problem": problem,
        "freshness": freshness,
        "state": state,
        "empty": empty,
        # While the upstream is away, look often enough to be back soon after it is.
        "refresh": retry or (min(widget.refresh, STALE) if state == "stale" else widget.refresh),
        "carried": known,
        "link": partial(link, known),
    }
    html = render_template(widget.template, **context)
    if not (htmx and not htmx.history_restore_request):
        theme = request.args.get("theme")
        context["theme"] = theme if theme in THEMES else None
        # The partial is a rendered template of ours, escaped already.
        html = render_template("widgets/frame.html", partial=Markup(html), **context)  # noqa: S704
    response = make_response(html, problem.status if problem else 200)
    # The frame and the partial share a URL. A browser may keep either, but asks before it uses it.
    response.vary.add("HX-Request")
    response.headers["Cache-Control"] = "no-store" if problem else "private, no-cache"
    if retry:
        response.headers["Retry-After"] = str(retry)
    if not problem:
        response.add_etag()
        response.make_conditional(request)
    return response


def carried(widget: "Widget") -> dict[str, str]:
    """The present request's parameters that the widget or its frame knows.

    Only these go into links and forms, so that what else a host adds, which may identify a person,
    does not spread. A value that cannot be written into a page is left out.
    """
    known = (*widget.view_function.params.model_fields, *FRAME_PARAMS)
    given = {name: request.args.get(name, "") for name in known}
    return {name: value for name, value in given.items() if value and not UNSHOWABLE.search(value)}


def link(known: Mapping[str, str], /, **changes: str | None) -> str:
    """The widget's own address with some of its `known` parameters changed; None takes one away."""
    query: Mapping[str, str | None] = {**known, **changes}
    # The path is left out: a browser resolves "?…" against the frame's own address.
    return "?" + urlencode({name: value for name, value in query.items() if value})


def fail(error: Exception, widget: "Widget") -> Response:
    """A fault of ours, in the widget's frame. The cause is in the log under the same reference."""
    trouble = WidgetError(
        "The fault is on this server, not in what you did. Trying again may help."
    )
    logger.error("%s %s %r", g.request_id, widget.slug, error)
    return respond(widget, None, None, states.problem(trouble, g.request_id), None)
