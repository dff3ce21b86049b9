"""What `/status` shows, and whether an instance is ready: health and metrics, made fit for a person."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from widgets.core.states import in_words
from widgets.site.figures import Figures
from widgets.upstream import Health, UpstreamHealth
from widgets.upstream.health import moment

_WORDS = {
    "closed": "Answers",
    "open": "Left alone",
    "half-open": "Tried again",
    "unknown": "Not asked yet",
    "missing": "Not set up",
}


@dataclass(frozen=True, slots=True)
class UpstreamRow:
    """words: its state as a person reads it."""

    name: str
    address: str
    state: str
    words: str
    since: datetime | None
    since_words: str
    until: datetime | None
    until_words: str
    because: str
    failures: int
    last_answer: datetime | None
    last_answer_words: str


@dataclass(frozen=True, slots=True)
class DataRow:
    """How old the data was made that was shown last."""

    upstream: str
    what: str
    as_of: datetime
    age: str


@dataclass(frozen=True, slots=True)
class WidgetRow:
    """counts: requests, in the order of `Status.states`. usual, slow: milliseconds that half and 99 % of the
    requests took at most; None where nothing was measured, infinite where it was longer than is measured."""

    widget: str
    counts: Sequence[int]
    total: int
    usual: float | None
    slow: float | None


@dataclass(frozen=True, slots=True)
class LayerRow:
    """How many requests, or reads, a layer answered, and how many per cent of them all."""

    layer: str
    count: int
    share: int


@dataclass(frozen=True, slots=True)
class CallRow:
    """outcomes: what came of the requests to an upstream, the most frequent first."""

    upstream: str
    outcomes: Sequence[tuple[str, int]]
    total: int
    usual: float | None
    slow: float | None


@dataclass(frozen=True, slots=True)
class Status:
    """down: names of the upstreams that are left alone. tried: of those that are tried again after that.
    missing: of those that are not set up.
    version, python: "" where that is not known."""

    now: datetime
    down: Sequence[str]
    tried: Sequence[str]
    missing: Sequence[str]
    storage: str
    upstreams: Sequence[UpstreamRow]
    data: Sequence[DataRow]
    states: Sequence[str]
    widgets: Sequence[WidgetRow]
    pages: Sequence[LayerRow]
    reads: Sequence[LayerRow]
    calls: Sequence[CallRow]
    workers: int | None
    started: datetime | None
    running_for: str
    version: str
    python: str


def status(health: Health, figures: Figures, now: datetime) -> Status:
    counted = figures.by("widgets_requests_total", "state")
    usual = ["ok", "empty", "stale", "error"]
    states = [*usual, *sorted({state for (state,) in counted} - set(usual))]
    started = moment(figures.one("widgets_start_time_seconds"))
    build = next((dict(labels) for labels, _ in figures.each("widgets_build_info")), {})
    workers = figures.one("widgets_workers")
    upstreams = [_upstream(each, figures, now) for each in health.upstreams]
    return Status(
        now=now,
        down=[row.name for row in upstreams if row.state == "open"],
        tried=[row.name for row in upstreams if row.state == "half-open"],
        missing=[row.name for row in upstreams if row.state == "missing"],
        storage=health.storage,
        upstreams=upstreams,
        data=_data(figures, now),
        states=states,
        widgets=_widgets(figures, states),
        pages=_layers(
            figures, "widgets_requests_total", {"page": "Kept whole", "render": "Rendered"}
        ),
        reads=_layers(
            figures,
            "widgets_reads_total",
            {"memory": "Memory", "storage": "Storage", "upstream": "Upstream"},
        ),
        calls=_calls(figures),
        workers=None if workers is None else round(workers),
        started=started,
        running_for=_ago(started, now).removesuffix(" ago"),
        version=build.get("version", ""),
        python=build.get("python", ""),
    )


def is_down(upstream: UpstreamHealth, now: datetime) -> bool:
    """Whether it is left alone. Once that is over, somebody's request has to come and try it."""
    return upstream.state == "open" and (upstream.until is None or upstream.until > now)


def why_not_ready(health: Health, now: datetime) -> str:
    """Why this instance can give nobody data; "" while it can.

    An ERP that is down is no reason: what is kept is still shown, with its age, and another instance would
    reach it no better. Only where nothing that is kept can be read either, and every upstream that was ever
    asked is left alone, may others do better. It ends by itself: no upstream is left alone for ever.
    """
    asked = [each for each in health.upstreams if each.state not in ("unknown", "missing")]
    if health.storage != "ok" and asked and all(is_down(each, now) for each in asked):
        return "what was read before cannot be used, and no upstream answers"
    return ""


def shown_address(address: str) -> str:
    """Without a query, which might hold a key, whoever wrote it there."""
    return urlsplit(address)._replace(query="", fragment="").geturl()


def _upstream(upstream: UpstreamHealth, figures: Figures, now: datetime) -> UpstreamRow:
    # This process may not have asked it, but others have: what is shown was an answer once.
    answers = [
        moment(value)
        for labels, value in figures.each("widgets_read_as_of_timestamp_seconds")
        if labels["upstream"] == upstream.name
    ]
    known = [answer for answer in (*answers, upstream.last_answer) if answer]
    last_answer = max(known, default=None)
    state = "closed" if upstream.state == "unknown" and last_answer else upstream.state
    if state == "open" and not is_down(upstream, now):
        state = "half-open"  # nobody has come to try it since
    until = upstream.until if state == "open" else None
    return UpstreamRow(
        name=upstream.name,
        address=shown_address(upstream.address),
        state=state,
        words=_WORDS[state],
        since=upstream.since,
        since_words=_ago(upstream.since, now),
        until=until,
        until_words=f"in {in_words((until - now).total_seconds())}" if until else "",
        because=upstream.because,
        failures=upstream.failures,
        last_answer=last_answer,
        last_answer_words=_ago(last_answer, now),
    )


def _data(figures: Figures, now: datetime) -> list[DataRow]:
    """The oldest first."""
    rows = []
    for labels, value in figures.each("widgets_read_as_of_timestamp_seconds"):
        if as_of := moment(value):
            age = in_words((now - as_of).total_seconds())
            rows.append(DataRow(labels["upstream"], labels["what"], as_of, age))
    return sorted(rows, key=lambda row: row.as_of)


def _widgets(figures: Figures, states: Sequence[str]) -> list[WidgetRow]:
    counted = figures.by("widgets_requests_total", "widget", "state")
    rows = []
    for name in sorted({widget for widget, _ in counted}):
        counts = [counted[name, state] for state in states]
        seconds = "widgets_request_seconds"
        rows.append(
            WidgetRow(
                name,
                counts,
                sum(counts),
                _milliseconds(figures.within(seconds, 0.5, widget=name)),
                _milliseconds(figures.within(seconds, 0.99, widget=name)),
            )
        )
    return rows


def _layers(figures: Figures, name: str, words: dict[str, str]) -> list[LayerRow]:
    """Every layer in this order; none where nothing was counted at all."""
    counted = figures.by(name, "layer")
    total = counted.total()
    if not total:
        return []
    names = [*words, *sorted({layer for (layer,) in counted} - words.keys())]
    return [
        LayerRow(words.get(layer, layer), counted[layer,], round(100 * counted[layer,] / total))
        for layer in names
    ]


def _calls(figures: Figures) -> list[CallRow]:
    counted = figures.by("widgets_upstream_requests_total", "upstream", "outcome")
    seconds = "widgets_upstream_request_seconds"
    rows = []
    for name in sorted({upstream for upstream, _ in counted}):
        outcomes = [(what, n) for (upstream, what), n in counted.most_common() if upstream == name]
        rows.append(
            CallRow(
                name,
                outcomes,
                sum(n for _, n in outcomes),
                _milliseconds(figures.within(seconds, 0.5, upstream=name)),
                _milliseconds(figures.within(seconds, 0.99, upstream=name)),
            )
        )
    return rows


def _ago(then: datetime | None, now: datetime) -> str:
    return f"{in_words((now - then).total_seconds())} ago" if then else ""


def _milliseconds(seconds: float | None) -> float | None:
    """To two figures: a histogram knows no more."""
    if not seconds or math.isinf(seconds):
        return seconds
    value = seconds * 1000
    return round(value, 1 - math.floor(math.log10(value)))
