"""The workbench: a page for each widget on which to try its parameters, live, and to copy the code
that shows it so. Its address has all that is set, so it can be sent to somebody; it works without scripts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flask import Flask, Response, abort, make_response, render_template, request

from widgets.core.knobs import Knob, knobs
from widgets.core.params import UNSHOWABLE, parse
from widgets.core.rendering import htmx
from widgets.core.services import public_url, services
from widgets.core.widget import Widget
from widgets.embedding.context import locale_named, theme_named
from widgets.embedding.hosts import Host, Registry
from widgets.embedding.platform_snippets import WAYS
from widgets.embedding.snippets import Piece, Wanted, Way
from widgets.errors import BadParameter
from widgets.site import operators
from widgets.site.pages import about
from widgets.site.simulation import STATES, Simulation
from widgets.site.workbench_hosts import host_notes, preview_host

# No parameter of a widget can be called so, since each of these has a hyphen.
WIDTH, WAY, ACTIVITY = "pane-width", "snippet-way", "activity-tab"
WIDTHS = ("280", "400", "800")
ACTIVITIES = ("messages", "requests")
LOCALES = ("en-US", "en-GB", "de-DE", "fr-FR", "nl-NL", "es-ES", "pl-PL", "ja-JP", "zh-CN")
TAG = re.compile(r"[A-Za-z0-9]+([-_][A-Za-z0-9]+)*")
"""How a language is written, known or not."""

MOST = 500  # characters of a value


def install(
    app: Flask, catalogue: Mapping[str, Widget], simulation: Simulation, password: str
) -> None:
    """Register the page. password: the operator's, or ""."""

    @app.get("/gallery/<name>/")
    def workbench(name: str) -> Response:
        if name not in catalogue:
            abort(404)
        # A part is put into a page that is there, where a frame for those without scripts must not load.
        found = bench(catalogue[name], simulation, hosts_for(operators.is_operator(password)))
        page = render_template(
            "workbench.html",
            bench=found,
            names=catalogue,
            names_of={"width": WIDTH, "way": WAY, "activity": ACTIVITY},
            locales=LOCALES,
            part=bool(htmx),
        )
        response = make_response(page)
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["Vary"] = "HX-Request, Authorization"
        response.add_etag()
        response.make_conditional(request)
        return response


def hosts_for(operator: bool) -> Registry:
    """The hosts that this page may tell of: their names and locks are nothing for whoever comes along."""
    registry = services().admission.registry
    if operator:
        return registry
    shown = {host_id: host for host_id, host in registry.hosts.items() if host.in_gallery}
    return replace(registry, hosts=shown)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address says, as far as there is such a thing; "" where it says nothing.

    params: the widget's, as they stand there. locale: a language that is known, locale_typed: whatever stands
    there. address: everything once more, for links to this page.
    """

    params: Mapping[str, str]
    host: str
    theme: str
    locale: str
    locale_typed: str
    state: str
    width: str
    way: str
    activity: str

    @property
    def own(self) -> dict[str, str]:
        return {WIDTH: self.width, WAY: self.way, ACTIVITY: self.activity}

    @property
    def looks(self) -> dict[str, str]:
        return {"theme": self.theme, "locale": self.locale}

    @property
    def address(self) -> dict[str, str]:
        looks = {"theme": self.theme, "locale": self.locale_typed, "simulate": self.state}
        return {"host": self.host, **self.params, **looks, **self.own}


@dataclass(frozen=True, slots=True)
class Bench:
    """What the template gets of a widget's page.

    complaint: what is wrong with the parameters together, "" if nothing is, or a knob says it.
    hosts: those to choose from. host: the chosen one, None where there is none of that id. host_id: what is
    chosen, registered or not. shown_as: whose preview is drawn, None for none. why: why it is not that of the
    chosen host, in words with `code`. attributes: of the previews' tags. source: of their frames.
    states: those that the switch offers; none where there is no switch.
    panes: widths of the previews, in pixels. ways, way: to embed it, and the chosen one.
    """

    widget: Widget
    about: str
    knobs: Sequence[Knob]
    complaint: str
    hosts: Sequence[Host]
    host: Host | None
    host_id: str
    shown_as: Host | None
    why: Sequence[str]
    attributes: Mapping[str, str]
    source: str
    asked: Asked
    states: Sequence[str]
    panes: Sequence[str]
    ways: Sequence[Way]
    way: Way
    pieces: Sequence[Piece]
    notes: Sequence[str]

    def link(self, **changes: str) -> str:
        """This page with something changed; a name's hyphens are underscores here."""
        changed = {name.replace("_", "-"): value for name, value in changes.items()}
        query = {**self.asked.address, **changed}
        return "?" + urlencode({name: value for name, value in query.items() if value})


def asked_for(widget: Widget, states: Sequence[str]) -> Asked:
    """What the present address says. One without a query asks for the example."""
    # A form without scripts sends several of one name, a tag has them in one.
    names = widget.view_function.params.model_fields
    given = {name: clean(",".join(request.args.getlist(name))) for name in names}
    typed = clean(request.args.get("locale", ""))
    return Asked(
        params={name: value for name, value in given.items() if value}
        if request.query_string
        else dict(widget.example),
        host=clean(request.args.get("host", "")),
        theme=theme_named(request.args.get("theme")) or "",
        locale=typed if TAG.fullmatch(typed) and locale_named(typed) else "",
        locale_typed=typed,
        state=chosen("simulate", states),
        width=chosen(WIDTH, WIDTHS),
        # The first of them is what an address need not say.
        way=chosen(WAY, [way.id for way in WAYS[1:]]),
        activity=chosen(ACTIVITY, ACTIVITIES[1:]),
    )


def bench(widget: Widget, simulation: Simulation, registry: Registry) -> Bench:
    """What the page of `widget` shows for the present address."""
    model = widget.view_function.params
    states = STATES if simulation.is_there() else ()
    asked = asked_for(widget, states)
    host = registry.get(asked.host)
    locked = {n: v for n, v in (host.locked if host else {}).items() if n in model.model_fields}
    given = {**asked.params, **locked}
    found = knobs(model, given, services().defaults, locked)
    shown_as, why = preview_host(widget, asked.host, registry)
    drawn = {
        "host": shown_as.id if shown_as else "",
        **given,
        **asked.looks,
        "simulate": asked.state,
    }
    attributes = {name: value for name, value in drawn.items() if value}
    wanted = Wanted(
        server=public_url(),
        name=widget.slug,
        title=widget.title,
        height=widget.height,
        params={name: value for name, value in asked.params.items() if name not in locked},
        host=host.id if host else asked.host or "YOUR-HOST",
        access=host.access if host else "token",
        platform=host.platform if host else "",
        **asked.looks,
    )
    way = next((way for way in WAYS if way.id == asked.way), WAYS[0])
    return Bench(
        widget=widget,
        about=about(widget),
        knobs=found,
        complaint="" if any(knob.complaint for knob in found) else complaint(widget, given),
        hosts=list(registry.hosts.values()),
        host=host,
        host_id=host.id if host else asked.host,
        shown_as=shown_as,
        why=why,
        attributes=attributes,
        source=f"{request.script_root}/widgets/{widget.slug}/?{urlencode(attributes)}",
        asked=asked,
        states=states,
        panes=[asked.width] if asked.width else WIDTHS,
        ways=WAYS,
        way=way,
        pieces=way.make(wanted),
        notes=[*way.notes(wanted), *host_notes(way.platform, wanted)],
    )


def chosen(name: str, options: Sequence[str]) -> str:
    """What the address says, if it is one of these; or nothing."""
    value = request.args.get(name, "")
    return value if value in options else ""


def clean(value: str) -> str:
    """As much of a value as can be written into a page."""
    return UNSHOWABLE.sub("", value)[:MOST]


def complaint(widget: Widget, given: Mapping[str, str]) -> str:
    """What is wrong with the parameters together, or with one that is missing; "" if nothing is."""
    try:
        parse(widget.view_function.params, given, services().defaults)
    except BadParameter as error:
        return error.message
    return ""
