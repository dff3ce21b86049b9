"""What the application hands to every widget: its sources, its defaults and its locale.

The factory fills this in; `rendering` reads it. A widget's author never meets it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, current_app, request

from widgets.core.views import Views
from widgets.embedding.admission import Admission
from widgets.upstream import Read

Log = Callable[[Read], None]
SourceFactory = Callable[[str, Log, str], Any]
"""(scope, log, request id) → a source, made anew for each request; must cost microseconds."""


Simulate = Callable[[str], Mapping[type, SourceFactory]]
"""A state ("slow") → the sources that can be in it, in place of the usual ones; none for no state."""

IsCurrent = Callable[[str, datetime], bool]
"""(key of a Read, its `as_of`) → whether no newer answer is known under that key; must cost no more than a
look into a table."""


@dataclass(frozen=True, slots=True)
class Services:
    """sources: how to make what a view function asks for, by its annotated type.
    is_current: whether what was read still is the newest that this process knows. is_newest: the same, of
        all processes, and it is not known to fail; takes a look into the storage.
    views: those that are kept.
    defaults: values of parameters that an address leaves out, such as {"company": "usmf"}.
    admission: which hosts may show what.
    public_url: this server's address as hosts see it, without a trailing slash; "": as requested.
    locale: how numbers and dates are written, a Babel locale such as "en_US",
        where the host names no other.
    address_headers: names of the request headers that say at which address this server was reached.
    simulate: the sources for an address that wants another state of the ERP; over the mock only.
    """

    sources: Mapping[type, SourceFactory]
    is_current: IsCurrent
    is_newest: IsCurrent
    views: Views
    defaults: Mapping[str, str]
    admission: Admission
    public_url: str
    locale: str
    address_headers: tuple[str, ...] = ()
    simulate: Simulate = lambda _state: {}


def install(app: Flask, services: Services) -> None:
    app.extensions["erp_widgets"] = services


def public_url() -> str:
    """This server's address as the present request, or the settings, have it; without a trailing slash."""
    return services().public_url or request.url_root.rstrip("/")


def services() -> Services:
    """The services of the application that answers the present request."""
    found: Services = current_app.extensions["erp_widgets"]
    return found
