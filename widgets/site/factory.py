"""Puts the application together: settings, upstreams, widgets, gallery, headers."""

import logging
import re
import uuid

from flask import Flask, Response, g, request
from flask_compress import Compress

import widgets
from widgets.core import formatting, rendering, services
from widgets.core.registry import discover
from widgets.embedding import headers
from widgets.site import files, pages, static, upstreams
from widgets.site.settings import Settings

logger = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application. Touches no upstream.

    Raises SettingsError and DeclarationError: a server that is set up wrongly does not start.
    """
    settings = settings or Settings.load()
    app = Flask("erp_widgets", template_folder=files.templates(), static_folder=None)
    app.jinja_options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}
    services.install(
        app,
        services.Services(
            sources=upstreams.connect(settings),
            defaults={"company": settings.company},
            locale=settings.locale,
        ),
    )
    catalogue = {widget.name: widget for widget in discover(widgets)}
    formatting.install(app, settings.locale)
    rendering.htmx.init_app(app)
    pages.install(app, catalogue, settings)
    for widget in catalogue.values():
        app.register_blueprint(widget)
        app.jinja_env.get_template(
            widget.template
        )  # missing or wrong: now, not at the first viewer

    app.before_request(_name_request)

    @app.after_request
    def secure(response: Response) -> Response:
        if request.blueprint in catalogue:
            headers.secure_widget(response, settings.frame_ancestors)
        else:
            headers.secure_page(response)
        return response

    @app.errorhandler(500)
    def fail(error: Exception) -> Response:
        cause = getattr(error, "original_exception", None) or error
        if request.blueprint in catalogue:
            return rendering.fail(cause, catalogue[request.blueprint])
        return pages.fail(cause)

    Compress(app)
    static.install(app)
    return app


def _name_request() -> None:
    """Each request has an id: the caller's, if it is one, else ours. Errors quote its first 8 characters."""
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
