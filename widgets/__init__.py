"""The catalogue: each module here is one widget. `create_app` puts them behind one WSGI application."""

from widgets.site.factory import create_app

__all__ = ["create_app"]
