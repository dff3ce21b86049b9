"""The application as it is in development: it shows what is in the files now, keeps nothing, and draws an
error with its trace."""

import logging
from pathlib import Path

from flask import Flask, Response, abort, current_app, g, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse
from whitenoise.media_types import MediaTypes

from widgets.core import data, rendering
from widgets.core.mistakes import check_template
from widgets.core.registry import json_upstreams
from widgets.core.widget import DeclarationError, Widget
from widgets.embedding.admission import Admission
from widgets.site import factory, files, logs, packages, static, upstreams
from widgets.site.dev import front, secrets, trace
from widgets.site.dev.files import Roots, Told, roots
from widgets.site.settings import Settings
from widgets.upstream.storage_sqlite import prepare

logger = logging.getLogger(__name__)

VERSION = "0" * 12
"""Stands in addresses of static files in place of their digest: the same page goes on with other files."""


def make() -> tuple[Flask, Told]:
    """The application, and what browsers are told of. Raises whatever keeps it from being made."""
    settings = Settings.load()
    logs.install(settings.log_format)
    prepare(settings.cache_file)
    app = factory.create_app(settings.model_copy(update={"pages_mb": 0}))
    widgets = [each for each in app.blueprints.values() if isinstance(each, Widget)]
    found = roots()
    told = Told(found, {f"templates/{widget.template}": widget.slug for widget in widgets})
    app.jinja_env.auto_reload = True
    _show_static_files(app, found)
    admission: Admission = app.extensions["erp_widgets"].admission
    hidden = [
        *secrets.of_settings(settings),
        *secrets.of_hosts(admission.registry),
        *secrets.of_upstreams(upstreams.configs(settings, json_upstreams(widgets))),
    ]
    _show_errors(app, told, admission, hidden)

    @app.after_request  # before those of the application, and so before the page is compressed
    def follow(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        if response.mimetype == "text/html" and not response.is_streamed:
            page = response.get_data(as_text=True)
            if front.PREFIX not in page:
                response.set_data(page.replace("</head>", f"{front.head(told)}</head>", 1))
        return response

    return app, told


def _widget() -> Widget | None:
    """The one that is asked for."""
    found = current_app.blueprints.get(request.blueprint or "")
    return found if isinstance(found, Widget) else None


def _show_errors(app: Flask, told: Told, admission: Admission, hidden: list[str]) -> None:
    own = trace.is_own(trace.of_authors())

    @app.before_request
    def check() -> Response | None:
        """A mistake in a template in words, before Jinja stumbles over it."""
        if widget := _widget():
            try:
                with packages.blaming(widget.distribution):
                    check_template(app.jinja_env, widget)
            except DeclarationError as error:
                logger.error("%s", error)
                return fail(error)
        return None

    @app.errorhandler(500)
    def fail(error: Exception) -> Response:
        cause = getattr(error, "original_exception", None) or error
        widget = _widget()
        if widget and data.is_asked():
            return widget.fail(cause)
        if "host" not in g:  # it failed before anybody looked who asks
            g.host = admission.registry.get(request.args.get("host"))
        context = g.get("context")
        page = front.draw(
            trace.of(cause, own, hidden),
            told,
            whole=widget is None or rendering.is_whole(),
            theme=(context and context.theme) or request.args.get("theme", ""),
            name=widget.slug if widget else "",
            title=widget.title if widget else "",
        )
        return make_response(page, 500)


def _show_static_files(app: Flask, found: Roots) -> None:
    """What `static` gives templates and browsers, from the files as they are now."""
    types = MediaTypes()

    def find(name: str) -> Path | None:
        prefix, _, below = name.partition("/")
        package = found.get(f"static/{prefix}")
        root, rest = (package, below) if package else (found["static"], name)
        file = (root / rest).resolve()
        return file if file.is_file() and file.is_relative_to(root.resolve()) else None

    def send(path: str) -> Response | BaseResponse:
        name = path.removeprefix(f"{VERSION}/")
        if name in files.BUNDLED:
            # The modules as they are now, which find one another by their addresses.
            folder = request.script_root + request.path.removesuffix(name)
            return redirect(folder + files.BUNDLED[name])
        if name == static.LIBRARIES:
            return Response(static.libraries(found["static"]), mimetype="text/javascript")
        file = find(name)
        if file is None:
            abort(404)
        return Response(file.read_bytes(), mimetype=types.get_type(file.name))

    def static_url(name: str) -> str:
        if name != static.LIBRARIES and find(name) is None:
            raise FileNotFoundError(f"templates ask for static/{name}, which is not there")
        return f"{request.script_root}/static/{VERSION}/{name}"

    app.view_functions[static.ENDPOINT] = send
    app.jinja_env.globals.update(
        static_url=static_url,
        static_version=lambda: VERSION,
    )
    app.jinja_env.tests["static_file"] = lambda name: find(name) is not None
