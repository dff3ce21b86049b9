"""A widget's View as a page: the frame, or the partial where htmx asks. `answer` begins; `viewing` makes the
View."""

import math
from collections.abc import Callable, Mapping
from time import perf_counter, time
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, urlencode

from flask import Response, g, make_response, render_template, request
from flask_htmx import HTMX
from markupsafe import Markup

from widgets.core import made, states, viewing
from widgets.core.params import UNSHOWABLE
from widgets.core.services import public_url, services
from widgets.core.tables import filled
from widgets.core.viewing import Seen
from widgets.embedding.context import HostContext, bcp47
from widgets.embedding.headers import frame_ancestors
from widgets.embedding.oembed import discovery
from widgets.embedding.platforms import FRAME_PARAMS, context_names

if TYPE_CHECKING:
    from widgets.core.widget import Widget

htmx = HTMX()

STALE = 30
"""Seconds between two looks while what is shown is stale."""

LATE = 10
"""The same while newer data is on its way, and takes longer than anybody waits."""

UPDATING = 2
"""The same while newer data is on its way, and nobody has waited for it yet."""


_OF_LOOK = ("theme", "locale", "loader")
"""What a frame's address says of how it looks, and data does not need."""


def answer(widget: "Widget") -> Response:
    """The full frame, or the partial where htmx asks; any error of ours as a state of the widget."""
    seen = viewing.look(widget)
    if not is_waiting(seen.problem):
        viewing.log(widget, seen)
    return respond(widget, seen)


def respond(widget: "Widget", seen: Seen) -> Response:
    """Draw one state of a widget and give it its status and headers. The page cache, around the application,
    adds those that say how the page was made, and its ETag."""
    started = perf_counter()
    whole = is_whole()
    problem, view = seen.problem, seen.view
    freshness = states.freshness(seen.reads)
    if is_waiting(problem):
        problem, state = None, "waiting"
    else:
        state = states.name(view, problem, freshness)
    retry = problem and problem.retry_after
    known = carried(widget)
    context = {
        "widget": widget,
        "params": seen.params,
        "view": view,
        "problem": problem,
        "freshness": freshness,
        "state": state,
        "empty": getattr(view, "empty", None),
        "refresh": retry or min(widget.refresh, next_look(state, freshness)),
        "carried": known,
        "link": linker(known),
        "downloads": downloads(widget, seen, known) if state != "error" else {},
        "signed": g.host is not None and g.host.access == "token",
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
    page = made.Made(
        host=g.host,
        grant=g.grant,
        whole=whole,
        state=state,
        reads=seen.reads,
        freshness=freshness,
        seconds=(g.view_seconds, perf_counter() - started),
    )
    request.environ[made.MADE] = page
    # In this order: some proxies take Expires for the last word where it comes before Cache-Control.
    in_address = "token" in request.args
    response.headers.update(made.cache_control(page, time(), in_address=in_address))
    response.headers["Vary"] = made.vary(page, services().address_headers)
    if retry:
        response.headers["Retry-After"] = str(retry)
    if problem and problem.status == 401:
        response.headers["WWW-Authenticate"] = f'Bearer error="{problem.code}"'
    return response


def next_look(state: str, freshness: states.Freshness | None) -> float:
    """Seconds after which to look again at the latest, whatever the widget says."""
    updating = freshness is not None and freshness.updating
    if state == "stale":
        # Often enough to be back soon after the upstream is.
        return LATE if updating else STALE
    return UPDATING if updating else math.inf


def is_whole() -> bool:
    """Whether the frame is asked for, and not the partial."""
    return not (htmx and not htmx.history_restore_request)


def is_waiting(problem: states.Problem | None) -> bool:
    """Whether all that is wrong is a token that the loader is about to send."""
    missing = problem is not None and problem.code == "token-missing"
    return missing and is_whole() and bool(request.args.get("loader"))


def oembed_address(widget: "Widget", known: Mapping[str, str]) -> str | None:
    """Where this page's oEmbed answer is; None for a host with tokens, which no address carries for long."""
    if g.host is None or g.host.access == "token":
        return None
    page = f"{public_url()}/widgets/{widget.slug}/{linker(known)()}"
    return discovery(public_url(), page)


def carried(widget: "Widget") -> dict[str, str]:
    """The present request's parameters that the widget or its frame knows, and the record that its host
    shows.

    Only these go into links and forms, so that what else a host adds, which may identify a person,
    does not spread; a token never does. A value that cannot be written into a page is left out.
    """
    declared = widget.view_function
    known = [*declared.params.model_fields, *FRAME_PARAMS]
    record: Mapping[str, str] = {}
    # In the host's words for a widget that reads them, and where somebody was refused: what is locked is
    # not known then.
    if g.host and (g.grant is None or HostContext in declared.reads.values()):
        known += context_names(g.host)
    else:
        record = viewing.record_carried(widget)
    given = {**record, **{name: value for name in known if (value := request.args.get(name))}}
    # As they were understood, whatever the host calls them.
    given["theme"] = g.context.theme or ""
    given["locale"] = bcp47(g.context.locale or "")
    return {name: value for name, value in given.items() if value and not UNSHOWABLE.search(value)}


def downloads(widget: "Widget", seen: Seen, known: Mapping[str, str]) -> dict[str, str]:
    """Where the tables that have rows are as CSV, by their names in words; with what of the frame's address
    they need, since the checks are the same. A token is in none: this page is for others of its scope too."""
    link = linker({name: value for name, value in known.items() if name not in _OF_LOOK})
    return {
        name.replace(".", " ").replace("_", " "): "data.csv" + link(table=name)
        for name in filled(widget.view_function.tables, seen.view)
    }


def linker(known: Mapping[str, str]) -> Callable[..., str]:
    """What makes a page's links: the widget's own address with some of its `known` parameters changed; None
    takes one away. What all of them have is encoded once."""
    encoded = {name: urlencode({name: value}) for name, value in known.items() if value}

    def link(**changes: str | None) -> str:
        pairs = dict(encoded)
        for name, value in changes.items():
            if value:
                pairs[name] = f"{quote_plus(name)}={quote_plus(str(value))}"
            else:
                pairs.pop(name, None)
        # The path is left out: a browser resolves "?…" against the frame's own address.
        return "?" + "&".join(pairs.values())

    return link


def fail(error: Exception, widget: "Widget") -> Response:
    """A fault of ours, in the widget's frame."""
    return respond(widget, viewing.fault(error, widget))
