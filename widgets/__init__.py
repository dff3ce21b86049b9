"""The catalogue: each module here is one widget. `create_app` puts them behind one WSGI application."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from widgets.site.settings import Settings


def create_app(settings: "Settings | None" = None) -> "Flask":
    """The application; see `widgets.site.factory.create_app`."""
    # Loaded only when it is wanted: the command line and the parent of a server get by without it.
    from widgets.site import factory  # noqa: PLC0415

    return factory.create_app(settings)
