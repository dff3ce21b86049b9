"""Puts the application together: settings, upstreams, widgets, gallery, headers."""

import logging
import re
import uuid
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from flask_compress import Compress
from jinja2 import TemplateNotFound
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import RequestRedirect

import widgets
from widgets.core import formatting, rendering, services
from widgets.core.registry import discover
from widgets.core.widget import DeclarationError, Widget
from widgets.embedding import headers
from widgets.embedding.admission import Admission
from widgets.site import embedding_pages, files, pages, static, upstreams
from widgets.site.settings import Settings

logger = logging.getLogger(__name__)

inherited: Admission | None = None
"""What the parent of a server's processes has read, before it forks."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application. Touches no upstream.

    Raises SettingsError, HostsFileError and DeclarationError: a server that is set up wrongly does not start.
    """
    settings = settings or Settings.load()
    app = Flask("erp_widgets", template_folder=files.templates(), static_folder=None)
    app.jinja_options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}
    # `//` for `/` is another address, not one to redirect from: all redirects add a slash at the end.
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024  # the doctor's form is all that is ever sent here
    app.config["COMPRESS_ALGORITHM"] = ["br", "zstd", "gzip"]  # smallest first
    sources = upstreams.connect(settings)
    catalogue = find_widgets(sources)
    services.install(
        app,
        services.Services(
            sources=sources,
            defaults={"company": settings.company},
            admission=inherited or register_hosts(settings, catalogue),
            public_url=settings.public_address,
            locale=settings.locale,
        ),
    )
    formatting.install(app, settings.locale)
    rendering.htmx.init_app(app)
    pages.install(app, catalogue)
    embedding_pages.install(app, catalogue)
    for widget in catalogue.values():
        app.register_blueprint(widget)
        # A template that is missing or wrong is found now and not by the first viewer.
        try:
            app.jinja_env.get_template(widget.template)
        except TemplateNotFound as error:
            raise DeclarationError(
                f"{widget.import_name}: there is no templates/{error.name}; write it."
            ) from None

    app.before_request(_name_request)

    @app.after_request
    def secure(response: Response) -> Response:
        if request.blueprint in catalogue:
            headers.secure_widget(response, g.get("host"))
        elif request.endpoint == static.ENDPOINT and response.status_code < 400:
            response.headers.update(headers.STATIC_HEADERS)
        else:
            headers.secure_page(response)
        response.headers["X-Request-ID"] = g.request_id
        return response

    @app.errorhandler(500)
    def fail(error: Exception) -> Response:
        cause = getattr(error, "original_exception", None) or error
        if request.blueprint in catalogue:
            return rendering.fail(cause, catalogue[request.blueprint])
        return pages.fail(cause)

    app.after_request(_redirect_nearby)
    static.install(app)
    Compress(app)
    if settings.proxies:
        count = settings.proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count, x_prefix=count
        )
    return app


def find_widgets(sources: Collection[type]) -> dict[str, Widget]:
    """Every widget, by name. Raises DeclarationError."""
    return {widget.name: widget for widget in discover(widgets, sources)}


def register_hosts(settings: Settings, catalogue: Mapping[str, Widget]) -> Admission:
    """Who may show what. Raises HostsFileError."""
    return Admission(
        path=settings.hosts_file,
        widgets={
            name: widget.embeddable({"company": settings.company})
            for name, widget in catalogue.items()
        },
        audience=settings.audience,
        mocked=settings.mocked,
    )


def _redirect_nearby(response: Response) -> Response:
    """A missing slash at the end is added relative to the address that was asked for, which is right behind
    any proxy, and not for ever."""
    redirect = request.routing_exception
    if isinstance(redirect, RequestRedirect):
        query = urlsplit(redirect.new_url).query
        name = request.path.rpartition("/")[2]
        response.location = f"{name}/?{query}" if query else f"{name}/"
        response.headers["Cache-Control"] = "no-cache"
        response.set_data(b"")  # it named the address as we see it
    return response


def _name_request() -> None:
    """Each request has an id: the caller's, if it is one, else ours. Errors quote its first 8 characters."""
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
