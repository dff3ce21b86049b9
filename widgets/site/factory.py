"""Puts the application together: settings, upstreams, widgets, gallery, headers."""

import logging
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from flask_compress import Compress
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import RequestRedirect

import widgets
from widgets.core import asked, data, formatting, rendering, services
from widgets.core.mistakes import Missing, check_template, line_of, wrong
from widgets.core.page_cache import PageCache
from widgets.core.registry import discover, json_upstreams
from widgets.core.views import MOST, Views
from widgets.core.widget import Widget
from widgets.embedding import headers
from widgets.embedding.admission import Admission
from widgets.site import (
    embedding_pages,
    files,
    operating,
    packages,
    pages,
    static,
    upstreams,
    workbench,
)
from widgets.site.settings import Settings
from widgets.upstream import request_ids

logger = logging.getLogger(__name__)

inherited: Admission | None = None
"""What the parent of a server's processes has read, before it forks."""


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application. Touches no upstream.

    Raises SettingsError, HostsFileError and DeclarationError: a server that is set up wrongly does not start.
    """
    settings = settings or Settings.load()
    app = _bare(settings.locale)
    # `//` for `/` is another address, not one to redirect from: all redirects add a slash at the end.
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024  # the doctor's form is all that is ever sent here
    app.config["COMPRESS_ALGORITHM"] = list(asked.ENCODINGS)
    catalogue = find_widgets(upstreams.SOURCES, app.jinja_env)
    connected = upstreams.connect(settings, json_upstreams(catalogue.values()))
    given = services.Services(
        sources=connected.sources,
        is_current=connected.reads.is_current,
        is_newest=connected.reads.is_newest,
        # Whoever wants no page kept, as while a widget is written, wants all of it made anew.
        views=Views(connected.reads.is_current, MOST if settings.pages_mb else 0),
        defaults={"company": settings.company},
        admission=inherited or register_hosts(settings, catalogue),
        public_url=settings.public_address,
        locale=settings.locale,
        address_headers=address_headers(settings),
        simulate=connected.simulation,
    )
    services.install(app, given)
    rendering.htmx.init_app(app)
    pages.install(app, catalogue)
    embedding_pages.install(app, catalogue)
    password = settings.operator_password.get_secret_value()
    workbench.install(app, catalogue, connected.simulation, password)
    operating.install(app, password, connected.health)
    for widget in catalogue.values():
        app.register_blueprint(widget)

    app.before_request(_name_request)
    app.teardown_request(_leave_request)

    @app.after_request
    def secure(response: Response) -> Response:
        if request.blueprint in catalogue and not data.is_asked():
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
            return catalogue[request.blueprint].fail(cause)
        return pages.fail(cause)

    app.after_request(_redirect_nearby)
    static.install(app, {package.prefix: package.static for package in packages.installed()})
    Compress(app)
    app.wsgi_app = PageCache(  # type: ignore[method-assign]
        app.wsgi_app, catalogue, given, most=settings.pages_mb * 1024 * 1024
    )
    if settings.proxies:
        count = settings.proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count, x_prefix=count
        )
    return app


def _bare(locale: str) -> Flask:
    """An application that has nothing yet but its templates."""
    app = Flask("erp_widgets", static_folder=None)
    # Ours come first, and those of a package are below its prefix: none can hide another.
    below = {each.prefix: FileSystemLoader(each.templates) for each in packages.installed()}
    app.jinja_loader = ChoiceLoader([FileSystemLoader(files.templates()), PrefixLoader(below)])
    app.jinja_options = {
        "autoescape": True,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "finalize": formatting.showable,
        "undefined": Missing,
    }
    formatting.install(app, locale)
    return app


def find_widgets(
    sources: Collection[type], environment: Environment | None = None
) -> dict[str, Widget]:
    """Every widget, by name: ours, and those of installed packages. environment: an application's, which has
    compiled their templates then.

    Raises DeclarationError, also for a template that is missing or wrong: it is found now, and not by the
    first viewer.
    """
    found = {widget.name: widget for widget in discover(widgets, sources)}
    for package in packages.installed():
        for widget in package.widgets(sources):
            if other := found.get(widget.name):
                name = widget.import_name
                says = f"{other.import_name} is called {other.name} too; rename the file of one of them."
                raise wrong(name, line_of(name), says, package.distribution)
            found[widget.name] = widget
    environment = environment or _bare("en_US").jinja_env
    for widget in found.values():
        with packages.blaming(widget.distribution):
            check_template(environment, widget)
    return found


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
        redis_url=settings.redis_url.get_secret_value(),
    )


def address_headers(settings: Settings) -> tuple[str, ...]:
    """The request headers that an address in a page can come from: a cache in front of us must tell apart
    what it is asked with another one."""
    if not settings.proxies:
        return ()
    ours = () if settings.public_address else ("X-Forwarded-Host", "X-Forwarded-Proto")
    return ("X-Forwarded-Prefix", *ours)


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
    g.request_id = asked.request_id(request.environ)
    request_ids.carry(g.request_id)


def _leave_request(_error: BaseException | None) -> None:
    request_ids.carry(None)  # the thread's next line may be about something else
