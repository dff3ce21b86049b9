"""A widget in another state than it is in: read from the mock ERP, which plays one without rows, a slow one
and so on under an address of its own. So nobody else is disturbed, nothing stays behind, and what is kept for
one state is never another's. Over a real ERP there is none of this."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, get_args
from urllib.parse import urlsplit

from widgets.core.services import SourceFactory
from widgets.errors import WidgetError
from widgets.site.loopback import is_loopback
from widgets.site.serve import look_at
from widgets.site.settings import Settings
from widgets.upstream import (
    DynamicsConfig,
    JsonConfig,
    JsonUpstream,
    Keep,
    MarketConfig,
    MarketData,
)
from widgets.upstream.reads import Kind

STATES = ("empty", "slow", "stale", "error")
"""As the mock knows them, besides what is really there."""

SIGN = ("/_simulate/", f"The states are {', '.join(STATES)}.".encode())
"""A path, and how the mock's answer begins; a real ERP has no such."""

ANEW = Keep(1, 0)
"""Asked each time, since who chooses a state wants to see it at once; but once for the frames of one page."""

OLD = Keep(0, 3600)
"""Never fresh."""

FILLED = 600.0
"""Seconds for which what is shown stale grows older before it is filled anew."""

_MOST = 1000  # questions that are remembered as filled
_LOOK_AGAIN = 5.0  # seconds, where it was not the mock

Connect = Callable[
    [DynamicsConfig, MarketConfig, Mapping[str, JsonConfig], Keep], Mapping[type, SourceFactory]
]


class Simulation:
    """The sources for each state, where the ERP is the mock on this machine. Makes no call before it must.

    connect: makes the sources that read so.
    """

    def __init__(
        self,
        settings: Settings,
        dynamics: DynamicsConfig,
        feeds: MarketConfig,
        own: Mapping[str, JsonConfig],
        connect: Connect,
    ) -> None:
        erp = urlsplit(dynamics.base_url)
        self._place = (erp.hostname or "", erp.port or 80)
        self._possible = settings.mocked and erp.scheme == "http" and is_loopback(self._place[0])
        self._is_mock = False
        self._look_from = 0.0
        self._sources = {state: _sources(state, dynamics, feeds, own, connect) for state in STATES}

    def __call__(self, state: str) -> Mapping[type, SourceFactory]:
        """The sources that are in that state; none where there is no such, or it is no mock that is read.

        What the mock does not have is not among them: another system is not asked more often for this, and
        nothing that is kept of it is lost.
        """
        return self._sources[state] if state in self._sources and self.is_there() else {}

    def is_there(self) -> bool:
        """Whether the ERP is the mock. Looked at once, or again if it was not there."""
        if self._possible and not self._is_mock and time.monotonic() >= self._look_from:
            path, beginning = SIGN
            self._is_mock = look_at(*self._place, path).startswith(beginning)
            self._look_from = time.monotonic() + _LOOK_AGAIN
        return self._is_mock


def _sources(
    state: str,
    dynamics: DynamicsConfig,
    feeds: MarketConfig,
    own: Mapping[str, JsonConfig],
    connect: Connect,
) -> Mapping[type, SourceFactory]:
    """Those that the mock has."""
    root, there = dynamics.base_url, f"{dynamics.base_url}/_simulate/{state}"
    keep = OLD if state == "stale" else ANEW
    ttls: dict[Kind, Keep] = dict.fromkeys(get_args(Kind), keep)
    called = f" ({state})"

    def inside(url: str) -> bool:
        return url.startswith(f"{root}/")

    def moved(url: str) -> str:
        return f"{there}{url.removeprefix(root)}"

    mocks = {name: config for name, config in own.items() if inside(config.base_url)}
    has_feeds = inside(feeds.commodities_url) and inside(feeds.rates_url)

    def plays(kind: type) -> bool:
        if issubclass(kind, JsonUpstream):
            return kind.name in mocks
        return has_feeds or kind is not MarketData

    made = connect(
        replace(
            dynamics,
            base_url=there,
            token_scope=dynamics.token_scope or f"{root}/.default",
            ttls=ttls,
            state=called,
        ),
        replace(
            feeds,
            commodities_url=moved(feeds.commodities_url),
            rates_url=moved(feeds.rates_url),
            ttls=ttls,
            state=called,
        )
        if has_feeds
        else feeds,
        {
            name: replace(config, base_url=moved(config.base_url), state=called)
            for name, config in mocks.items()
        },
        keep,
    )
    found = {kind: make for kind, make in made.items() if plays(kind)}
    return {kind: _asked_twice(make) for kind, make in found.items()} if state == "stale" else found


def _asked_twice(make: SourceFactory) -> SourceFactory:
    """Sources that put each question twice: the mock answers the first, and then fails."""
    filled: dict[tuple[object, ...], float] = {}

    class Twice:
        def __init__(self, scope: str, log: Any, request_id: str) -> None:
            self._scope = scope
            # As mock_erp/simulation.py has it.
            self._first = make(scope, lambda _read: None, f"fill-{request_id}")
            self._second = make(scope, log, request_id)

        def __getattr__(self, name: str) -> Callable[..., Any]:
            def ask(*args: Any, **kwargs: Any) -> Any:
                question = (self._scope, name, repr(args), repr(kwargs))
                now = time.monotonic()
                if now >= filled.get(question, 0.0):
                    with suppress(WidgetError):
                        getattr(self._first, name)(*args, **kwargs)
                        if len(filled) >= _MOST:
                            filled.clear()
                        filled[question] = now + FILLED
                return getattr(self._second, name)(*args, **kwargs)

            return ask

    return Twice
