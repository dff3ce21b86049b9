"""One request to a widget, from its query string to its View, whatever the format of the answer. Read `look`
top to bottom; `rendering` and `data` write down what it came to."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flask import g, request

from widgets.core import asked, states
from widgets.core.params import Parameters, parse
from widgets.core.services import services
from widgets.core.views import key_of
from widgets.embedding.admission import Grant
from widgets.embedding.context import HostContext
from widgets.embedding.platforms import read_context
from widgets.errors import BadParameter, NotFound, Refused, WidgetError
from widgets.upstream import Read

if TYPE_CHECKING:
    from widgets.core.widget import Widget

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Seen:
    """What a request came to: a `view`, or else an `error` and the `problem` as which it is shown.

    params: None where they were not understood, or never looked at. started: by `perf_counter`.
    """

    params: Parameters | None = None
    view: Any = None
    error: WidgetError | None = None
    problem: states.Problem | None = None
    reads: list[Read] = field(default_factory=list)
    started: float = field(default_factory=perf_counter)


def look(widget: "Widget", check: Callable[[], object] | None = None) -> Seen:
    """Let the request in, or not, and make the view; an error of ours becomes a problem.

    check: what else must be right before any upstream is asked; raises BadParameter or NotFound.
    """
    g.host, g.context, g.grant, g.view_seconds = None, HostContext(), None, 0.0
    seen = Seen()
    declared = widget.view_function
    try:
        admission = services().admission
        g.host = admission.registry.find(request.args.get("host"))
        # For an error too, which is drawn in the viewer's theme.
        g.context = read_context(g.host, request.args, None)
        g.grant = grant = admission.admit(
            g.host, widget.slug, token=token_given(), key=request.args.get("key")
        )
        g.context = read_context(g.host, request.args, grant.claims)
        seen.params = parse(declared.params, request.args, defaults(g.context), grant.locked)
        if check:
            check()
        started = perf_counter()
        try:
            seen.view = _view(widget, grant, seen)
        finally:
            g.view_seconds = perf_counter() - started
    except WidgetError as error:
        seen.error = error
        seen.problem = states.problem(error, g.request_id)
    return seen


def _view(widget: "Widget", grant: Grant, seen: Seen) -> Any:
    """What the view function makes of the parameters, or has made of them and the same answers before."""
    declared, params = widget.view_function, seen.params
    simulated = services().simulate(request.args.get("simulate", ""))

    def make() -> Any:
        of = {**services().sources, **simulated}
        sources = {
            name: of[kind](grant.scope, seen.reads.append, g.request_id)
            if kind is not HostContext
            else g.context
            for name, kind in declared.reads.items()
        }
        return declared.call(params, **sources)

    if simulated or params is None:
        return make()
    context = g.context if HostContext in declared.reads.values() else None
    return services().views.get(key_of(widget.slug, grant.scope, params, context), seen.reads, make)


def fault(error: Exception, widget: "Widget") -> Seen:
    """A fault of ours, as a viewer is told of it. The cause is in the log under the same reference."""
    trouble = WidgetError(
        "The fault is on this server, not in what you did. Trying again may help."
    )
    logger.error("%s %s %r", g.request_id, widget.slug, error)
    return Seen(error=trouble, problem=states.problem(trouble, g.request_id))


def log(widget: "Widget", seen: Seen) -> None:
    """What a viewer was told, for whoever is asked about it; and what nobody is told. A viewer's own slip is
    no matter for an operator."""
    if seen.error is None or seen.problem is None:
        return
    slip = isinstance(seen.error, BadParameter | NotFound)
    logger.log(
        logging.INFO if slip else logging.WARNING,
        "%s %s %s %s %s: %s %s",
        g.request_id,
        g.host.id if g.host else "-",
        g.grant.claims.jti if g.grant and g.grant.claims else "-",
        widget.slug,
        seen.problem.code,
        # Where it was refused, the viewer is told whom to tell.
        "" if isinstance(seen.error, Refused) else seen.error.message,
        seen.error.detail,
    )


def token_given() -> str | None:
    """The token of the present request."""
    return asked.token(request.headers.get("Authorization"), request.args.get("token"))


def defaults(context: HostContext) -> dict[str, str]:
    """Values of parameters that an address leaves out."""
    return {**record_shown(context), **services().defaults}


def record_shown(context: HostContext) -> dict[str, str]:
    """The record that the host shows as a parameter, for which its type may be the name: `entity_type=item`
    and `entity_id=M0001` are as good as `item=M0001`."""
    return {context.entity.type: context.entity.id} if context.entity else {}


def record_carried(widget: "Widget") -> dict[str, str]:
    """The same for a link, whose address has it as the parameter that it is here: so a viewer can choose
    another, or take it away.

    Not what a lock or this server's own setting wins over. Nor what a token says: that comes with each
    request, and the next token may say another.
    """
    if g.grant is None or g.context.trust == "signed":
        return {}
    fixed = g.grant.locked.keys() | services().defaults.keys()
    open_ones = widget.view_function.params.model_fields.keys() - fixed
    return {name: key for name, key in record_shown(g.context).items() if name in open_ones}
