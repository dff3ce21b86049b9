"""One request to a widget, from its query string to the answer. Read `answer` top to bottom."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Response, g, make_response, render_template, request
from flask_htmx import HTMX
from markupsafe import Markup

from widgets.core import states
from widgets.core.params import UNSHOWABLE, Parameters, parse
from widgets.core.services import public_url, services
from widgets.embedding.context import HostContext, bcp47
from widgets.embedding.headers import frame_ancestors
from widgets.embedding.oembed import discovery
from widgets.embedding.platforms import FRAME_PARAMS, PLATFORMS, read_context
from widgets.errors import BadParameter, NotFound, Refused, WidgetError
from widgets.upstream import Read

if TYPE_CHECKING:
    from widgets.core.widget import Widget

htmx = HTMX()
logger = logging.getLogger(__name__)

STALE = 30
"""Seconds between two looks while what is shown is stale."""


def answer(widget: "Widget") -> Response:
    """The full frame, or the partial where htmx asks; any error of ours as a state of the widget."""
    g.host, g.context, g.jti = None, HostContext(), ""
    params: Parameters | None = None
    view: Any = None
    problem: states.Problem | None = None
    reads: list[Read] = []
    declared = widget.view_function
    try:
        admission = services().admission
        g.host = admission.registry.find(request.args.get("host"))
        # For an error too, which is drawn in the viewer's theme.
        g.context = read_context(g.host, request.args, None)
        grant = admission.admit(
            g.host, widget.slug, token=token_given(), key=request.args.get("key")
        )
        g.jti = grant.claims.jti if grant.claims else ""
        g.context = read_context(g.host, request.args, grant.claims)
        params = parse(declared.params, request.args, defaults(g.context), grant.locked)
        sources = {
            name: services().sources[kind](grant.scope, reads.append, g.request_id)
            if kind is not HostContext
            else g.context
            for name, kind in declared.reads.items()
        }
        view = declared.call(params, **sources)
    except WidgetError as error:
        problem = states.problem(error, g.request_id)
        if not is_waiting(problem):
            log(widget, problem, error)
    return respond(widget, params, view, problem, states.freshness(reads))


def respond(
    widget: "Widget",
    params: Parameters | None,
    view: Any,
    problem: states.Problem | None,
    freshness: states.Freshness | None,
) -> Response:
    """Draw one state of a widget and give it its status and headers."""
    whole = is_whole()
    if is_waiting(problem):
        problem, state = None, "waiting"
    else:
        state = states.name(view, problem, freshness)
    retry = problem and problem.retry_after
    known = carried(widget)
    context = {
        "widget": widget,
        "params": params,
        "view": view,
        "problem": problem,
        "freshness": freshness,
        "state": state,
        "empty": getattr(view, "empty", None),
        # While the upstream is away, look often enough to be back soon after it is.
        "refresh": retry or (min(widget.refresh, STALE) if state == "stale" else widget.refresh),
        "carried": known,
        "link": partial(link, known),
    }
    html = render_template(widget.template, **context)
    if whole:
        html = render_template(
            "widgets/frame.html",
            # The partial is a rendered template of ours, escaped already.
            partial=Markup(html),  # noqa: S704
            theme=g.context.theme,
            locale=bcp47(g.context.locale or services().locale),
            ancestors=frame_ancestors(g.host),
            oembed=oembed_address(widget, known),
            **context,
        )
    response = make_response(html, problem.status if problem else 200)
    # The frame and the partial share a URL. A browser may keep either, but asks before it uses it.
    response.vary.add("HX-Request")
    if g.host and g.host.access == "token":
        response.vary.add("Authorization")
    if state == "waiting":
        response.headers["Cache-Control"] = "private, max-age=60"  # there is no data in it
    elif problem or "token" in request.args:
        response.headers["Cache-Control"] = "no-store"
    else:
        response.headers["Cache-Control"] = "private, no-cache"
    if retry:
        response.headers["Retry-After"] = str(retry)
    if problem and problem.status == 401:
        response.headers["WWW-Authenticate"] = f'Bearer error="{problem.code}"'
    if not problem:
        response.add_etag()
        response.make_conditional(request)
    return response


def is_whole() -> bool:
    """Whether the frame is asked for, and not the partial."""
    return not (htmx and not htmx.history_restore_request)


def is_waiting(problem: states.Problem | None) -> bool:
    """Whether all that is wrong is a token that the loader is about to send."""
    missing = problem is not None and problem.code == "token-missing"
    return missing and is_whole() and bool(request.args.get("loader"))


def log(widget: "Widget", problem: states.Problem, error: WidgetError) -> None:
    """What a viewer was told, for whoever is asked about it; and what nobody is told. A viewer's own slip is
    no matter for an operator."""
    slip = isinstance(error, BadParameter | NotFound)
    logger.log(
        logging.INFO if slip else logging.WARNING,
        "%s %s %s %s %s: %s %s",
        g.request_id,
        g.host.id if g.host else "-",
        g.jti or "-",
        widget.slug,
        problem.code,
        "" if isinstance(error, Refused) else error.message,  # the viewer is told whom to tell
        error.detail,
    )


def oembed_address(widget: "Widget", known: Mapping[str, str]) -> str | None:
    """Where this page's oEmbed answer is; None for a host with tokens, which no address carries for long."""
    if g.host is None or g.host.access == "token":
        return None
    page = f"{public_url()}/widgets/{widget.slug}/{link(known)}"
    return discovery(public_url(), page)


def token_given() -> str | None:
    """The token of the present request: in a header from a frame's script, in the address from an iframe
    that a page wrote with it."""
    credentials = request.authorization
    if credentials and credentials.type == "bearer":
        return credentials.token
    return request.args.get("token")


def defaults(context: HostContext) -> dict[str, str]:
    """Values of parameters that an address leaves out. A record that the host shows is one, if its type is
    the name of a parameter: `entity_type=item` and `entity_id=M0001` are as good as `item=M0001`."""
    shown = {context.entity.type: context.entity.id} if context.entity else {}
    return {**shown, **services().defaults}


def carried(widget: "Widget") -> dict[str, str]:
    """The present request's parameters that the widget or its frame knows.

    Only these go into links and forms, so that what else a host adds, which may identify a person,
    does not spread; a token never does. A value that cannot be written into a page is left out.
    """
    declared = widget.view_function
    known = [*declared.params.model_fields, *FRAME_PARAMS]
    if g.host and HostContext in declared.reads.values():
        known += PLATFORMS[g.host.platform].names
    given = {name: request.args.get(name, "") for name in known}
    # As they were understood, whatever the host calls them.
    given["theme"] = g.context.theme or ""
    given["locale"] = bcp47(g.context.locale or "")
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
