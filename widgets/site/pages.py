"""The pages around the widgets, none of which can be framed: gallery, health, and what is not found."""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from widgets.core.params import describe
from widgets.core.services import public_url, services
from widgets.core.widget import Widget
from widgets.embedding.hosts import Host
from widgets.embedding.oembed import tag

logger = logging.getLogger(__name__)


def install(app: Flask, catalogue: Mapping[str, Widget]) -> None:
    """Register the pages."""

    @app.get("/")
    def gallery() -> Response:
        host = services().admission.registry.get()
        entries = [entry(widget, host) for widget in catalogue.values()]
        response = make_response(render_template("gallery.html", entries=entries, host=host))
        response.headers["Cache-Control"] = "no-cache"
        response.add_etag()
        response.make_conditional(request)
        return response

    @app.get("/healthz")
    def healthz() -> Response:
        """Alive. Asks no upstream: an ERP that is down is no reason to restart this server."""
        response = jsonify(status="ok")
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> tuple[str, int, dict[str, str]]:
        names = [widget.slug for widget in catalogue.values()]
        page = render_template(
            "error.html", title=error.name, message=error.description, names=names
        )
        # Such as Allow for a method that is not; the page says its own type.
        own = {name: value for name, value in error.get_headers() if name != "Content-Type"}
        return page, error.code or 500, own


def fail(error: Exception) -> Response:
    """A fault of ours on a page that is not a widget. The cause is in the log under the same reference."""
    logger.error("%s %s %r", g.request_id, request.path, error)
    message = f"The fault is on this server. Reference: {g.request_id[:8]}"
    return make_response(
        render_template("error.html", title="Something went wrong", message=message, names=[]), 500
    )


def entry(widget: Widget, host: Host | None) -> dict[str, Any]:
    """What the gallery shows of one widget, in the name of `host`; without a preview where that may not
    show it, or needs a token to."""
    known = widget.view_function.params.model_fields
    locked = {name: value for name, value in (host.locked if host else {}).items() if name in known}
    params = {"host": host.id if host else "YOUR-HOST", **widget.example, **locked}
    shown = host is not None and host.access == "open" and widget.slug in host.widgets
    return {
        "widget": widget,
        "source": f"{request.script_root}/widgets/{widget.slug}/?{urlencode(params)}"
        if shown
        else None,
        "about": about(widget),
        "tag": tag(public_url(), widget.slug, params, widget.height),
        "params": [row["name"] for row in describe(widget.view_function.params)],
    }


def about(widget: Widget) -> str:
    """The docstring's first sentence, without the name that stands above it already."""
    return widget.about.partition("\n\n")[0].partition(": ")[2].capitalize()
