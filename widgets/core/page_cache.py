"""The page cache: WSGI middleware that answers for a widget before Flask does, where it is known what Flask
would say; and that says on every page of a widget how it was made.

A page is kept under what it depends on: the widget, the parameters that it or its frame knows, who may see
it, whole or partial, how it is compressed, and the address of this server. It holds while the answers that it
was made of are fresh, and the newest that are known. Whoever asks is let in, or not, each time anew.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from widgets.core import asked
from widgets.core.asked import Asked
from widgets.core.made import MADE, Made, reads_status, server_timing
from widgets.core.pages import Headers, Key, Meters, Page, Pages, page_of
from widgets.core.services import Services
from widgets.core.widget import Widget
from widgets.embedding.admission import Grant
from widgets.embedding.context import HostContext
from widgets.embedding.hosts import Host, Registry
from widgets.embedding.platforms import ADDRESS_NAMES
from widgets.errors import Refused
from widgets.metrics import DATA_AGE_SECONDS, REQUEST_SECONDS, REQUESTS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LONGEST_KEY = 2048  # characters; no address that means anything to a widget is so long
PATIENCE = 1.0  # seconds to wait for another request that is making the same page

# What would make the application answer with less than the whole page; here it is decided what is sent.
_CONDITIONS = (
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_MATCH",
    "HTTP_IF_UNMODIFIED_SINCE",
    "HTTP_IF_RANGE",
    "HTTP_RANGE",
)


@dataclass(slots=True)
class Visit:
    """One request to a widget."""

    widget: Widget
    asked: Asked
    environ: "WSGIEnvironment"
    start_response: "StartResponse"
    started: float = field(default_factory=time.perf_counter)


class PageCache:
    """app: the application. widgets: by name. most: bytes of pages to keep. clock: seconds since 1970."""

    def __init__(
        self,
        app: "WSGIApplication",
        widgets: Mapping[str, Widget],
        services: Services,
        *,
        most: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._widgets = {f"/widgets/{widget.slug}/": widget for widget in widgets.values()}
        self._known = {
            widget.slug: ADDRESS_NAMES.union(widget.view_function.params.model_fields)
            for widget in widgets.values()
        }
        self._services = services
        self._pages = Pages(most, services.admission)
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way: dict[Key, threading.Event] = {}

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        widget = self._widgets.get(environ.get("PATH_INFO", ""))
        if widget is None or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._app(environ, start_response)
        visit = Visit(
            widget, asked.read(environ, self._known[widget.slug]), environ, start_response
        )
        registry = self._services.admission.registry
        host = registry.get(visit.asked.host)
        key = grant = None
        if host is not None:
            try:
                grant = self._services.admission.examine(
                    host, widget.slug, token=visit.asked.token, key=visit.asked.key
                )
                key = self._key(visit, host, grant, whole=visit.asked.whole)
            except Refused as error:
                # A frame whose token is on the way has nothing in it that is anybody's.
                if error.code == "token-missing" and visit.asked.whole and visit.asked.loader:
                    key = self._key(visit, host, None, whole=True)
        if key is None:  # if it was refused, the application says why
            return self._make(visit, "bypass")
        return self._answer(visit, key, registry, grant)

    def _key(self, visit: Visit, host: Host, grant: Grant | None, *, whole: bool) -> Key | None:
        """Where a page is kept; None: nowhere. grant: None for a frame that waits for its token."""
        question, environ = visit.asked, visit.environ
        scope, context, user = f"waiting {host.id}", "", ""
        if grant:
            scope = grant.scope
            if claims := grant.claims:
                # What it says of the moment, such as `jti`, is in no page.
                context = claims.ctx.model_dump_json() if claims.ctx else ""
                if HostContext in visit.widget.view_function.reads.values():
                    user = claims.sub
        server = ("", "")
        if not self._services.public_url:
            named = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
            server = (environ["wsgi.url_scheme"], named)
        key = (
            visit.widget.slug,
            question.rest,
            scope,
            context,
            user,
            "whole" if whole else "part",
            question.encoding,
            "token" if question.in_address else "",
            environ.get("SCRIPT_NAME", ""),
            *server,
        )
        return key if self._pages.most and sum(map(len, key)) <= LONGEST_KEY else None

    def _answer(
        self, visit: Visit, key: Key, registry: Registry, grant: Grant | None
    ) -> Iterable[bytes]:
        """Out of the cache, or else made by the one request that is the first to ask; others wait for it."""
        page, forwarded = self._find(key, registry)
        how, mine = "hit", None
        if page is None:
            other, mine = self._begin(key)
            if other and other.wait(PATIENCE):
                page, _ = self._find(key, registry)
                how = f"fwd={forwarded}; collapsed"
        try:
            if page and self._is_counted(grant):
                return self._send_kept(visit, page, how)
            return self._make(visit, forwarded)
        finally:
            if mine:
                with self._lock:
                    del self._under_way[key]
                mine.set()

    def _find(self, key: Key, registry: Registry) -> tuple[Page | None, str]:
        """The page, if it holds; else why the application is asked, in a word of RFC 9211."""
        page = self._pages.find(key, registry)
        if page is None:
            return None, "uri-miss"
        if not page.is_valid(self._clock(), self._services.is_current, self._services.is_newest):
            return None, "stale"
        return page, ""

    def _begin(self, key: Key) -> tuple[threading.Event | None, threading.Event | None]:
        """What to wait for, if somebody makes the page already; else what others wait for from now on."""
        with self._lock:
            if other := self._under_way.get(key):
                return other, None
            mine = self._under_way[key] = threading.Event()
            return None, mine

    def _is_counted(self, grant: Grant | None) -> bool:
        """Whether the host may have another answer. If it may not, the application says so."""
        try:
            if grant:
                self._services.admission.count(grant.host)
        except Refused:
            return False
        return True

    def _send_kept(self, visit: Visit, page: Page, how: str) -> Iterable[bytes]:
        now = self._clock()
        said = [
            ("Cache-Status", f"erp-widgets-pages; {how}; ttl={math.floor(page.fresh - now)}"),
            ("Server-Timing", "page;desc=hit"),
            ("X-Request-ID", asked.request_id(visit.environ)),
        ]
        sent = _send(visit, page, said, now)
        page.meters.observe(visit.started, page.age(now))
        return sent

    def _make(self, visit: Visit, forwarded: str) -> Iterable[bytes]:
        """Have the application make the page, keep it if it may be kept, and send it."""
        status, headers, body, made = self._call(visit)
        if made is None:  # not even an error of a widget's
            visit.start_response(status, headers)
            return _body(visit, body)
        now = self._clock()
        host = made.host
        page = page_of(headers, body, made, _meters(visit, made, "page"), now)
        how = f"erp-widgets-pages; fwd={forwarded}"
        if forwarded != "bypass" and host and made.can_be_kept:
            # By what rendering did, whatever this module thought that it would do.
            key = self._key(visit, host, made.grant, whole=made.whole)
            if key and now < page.holds and self._pages.keep(key, page, host):
                how += "; stored"
        said = [
            ("Cache-Status", f"{reads_status(made.reads, now)}{how}"),
            ("Server-Timing", server_timing(made)),
            *((name, value) for name, value in headers if name == "X-Request-ID"),
        ]
        sent = _send(visit, page, said, now, status)
        _meters(visit, made, "render").observe(visit.started, page.age(now))
        return sent

    def _call(self, visit: Visit) -> tuple[str, Headers, bytes, Made | None]:
        """What the application answers to the same request, if that were for the whole page."""
        environ = {name: value for name, value in visit.environ.items() if name not in _CONDITIONS}
        environ["REQUEST_METHOD"] = "GET"
        environ["HTTP_ACCEPT_ENCODING"] = visit.asked.encoding
        status, headers = "", []

        def start_response(
            given_status: str, given_headers: Headers, _exc_info: object = None
        ) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers = given_status, given_headers
            return _no_write

        parts = self._app(environ, start_response)
        try:
            body = b"".join(parts)
        finally:
            if close := getattr(parts, "close", None):
                close()
        return status, headers, body, environ.get(MADE)


def _meters(visit: Visit, made: Made, layer: str) -> Meters:
    slug = visit.widget.slug
    return Meters(
        REQUESTS.labels(slug, made.host.id if made.host else "-", made.state, layer),
        REQUEST_SECONDS.labels(slug, layer),
        DATA_AGE_SECONDS.labels(slug),
    )


def _send(
    visit: Visit, page: Page, said: Headers, now: float, status: str = "200 OK"
) -> Iterable[bytes]:
    """The page, or that it is unchanged; `said`: what is told of this answer alone."""
    age = page.age(now)
    if age is not None:
        said.append(("Age", str(int(age))))
    wanted = visit.environ.get("HTTP_IF_NONE_MATCH")
    # Nothing in an ETag needs to be parsed: a quoted one is in the list or it is not (RFC 9110, 13.1.2).
    if wanted and page.etag and (page.etag in wanted or wanted.strip() == "*"):
        visit.start_response("304 Not Modified", page.unchanged + said)
        return []
    visit.start_response(status, page.headers + said)
    return _body(visit, page.body)


def _body(visit: Visit, body: bytes) -> list[bytes]:
    return [] if visit.environ["REQUEST_METHOD"] == "HEAD" else [body]


def _no_write(_data: bytes) -> None:
    raise NotImplementedError  # PEP 3333's older way to send a body, which Flask never uses
