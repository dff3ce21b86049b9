"""`/status` and `/readyz`: what they say of upstreams, storage and counts."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tests import html
from widgets import create_app
from widgets.site import operating, status
from widgets.site.figures import Figures, figures
from widgets.upstream import Health, MarketData, UpstreamHealth

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


ANSWERS = UpstreamHealth(
    "ERP", "https://erp.example", "closed", ago(hours=5), last_answer=ago(seconds=3)
)
DOWN = UpstreamHealth(
    *("ERP", "https://erp.example", "open"),
    since=ago(minutes=14),
    until=NOW + timedelta(seconds=37),
    because="The ERP is not answering.",
    last_answer=ago(minutes=14),
    failures=9,
)
FEED = UpstreamHealth("price feed", "https://feed.example/query?apikey=SECRET")


def counted() -> Figures:
    registry = CollectorRegistry()
    requests = Counter(
        "widgets_requests", "…", ["widget", "host", "state", "layer"], registry=registry
    )
    for widget, state, layer, n in (
        ("inventory", "ok", "page", 1500),
        ("inventory", "ok", "render", 400),
        ("inventory", "stale", "render", 100),
        ("ticker", "waiting", "render", 7),
    ):
        requests.labels(widget, "sales", state, layer).inc(n)
    seconds = Histogram(
        *("widgets_request_seconds", "…", ["widget", "layer"]),
        buckets=(0.0005, 0.01, 1),
        registry=registry,
    )
    for value in (0.0001, 0.0002, 0.5):
        seconds.labels("inventory", "page").observe(value)
    seconds.labels("ticker", "render").observe(30)
    reads = Counter("widgets_reads", "…", ["upstream", "outcome", "layer"], registry=registry)
    reads.labels("ERP", "hit", "memory").inc(3)
    reads.labels("ERP", "miss", "upstream").inc(1)
    as_of = Gauge(
        "widgets_read_as_of_timestamp_seconds", "…", ["upstream", "what"], registry=registry
    )
    as_of.labels("ERP", "Fresh").set(ago(seconds=8).timestamp())
    as_of.labels("ERP", "Old").set(ago(minutes=35).timestamp())
    as_of.labels("ERP", "Never").set(0)
    calls = Counter("widgets_upstream_requests", "…", ["upstream", "outcome"], registry=registry)
    calls.labels("ERP", "timeout").inc(2)
    calls.labels("ERP", "2xx").inc(40)
    Gauge("widgets_start_time_seconds", "…", registry=registry).set(ago(hours=2).timestamp())
    Gauge("widgets_workers", "…", registry=registry).set(2)
    Gauge("widgets_build_info", "…", ["version", "python"], registry=registry).labels("1", "3").set(
        1
    )
    return figures(registry.collect())


def view(*upstreams: UpstreamHealth, storage: str = "ok") -> status.Status:
    return status.status(Health(storage, upstreams), counted(), NOW)


def test_an_upstream_that_is_down_says_since_when_why_and_until_when():
    found = view(DOWN, FEED)
    erp, feed = found.upstreams
    assert found.down == ["ERP"]
    assert (erp.words, erp.since_words, erp.until_words) == (
        "Left alone",
        "14 minutes ago",
        "in 37 seconds",
    )
    assert (erp.because, erp.failures) == ("The ERP is not answering.", 9)
    assert (feed.words, feed.since_words, feed.last_answer_words) == ("Not asked yet", "", "")


def test_an_address_is_shown_without_what_might_be_a_key():
    assert view(FEED).upstreams[0].address == "https://feed.example/query"


def test_an_upstream_whose_rest_is_over_is_about_to_be_tried():
    over = UpstreamHealth("ERP", "https://erp.example", "open", until=ago(seconds=1))
    found = view(over)
    assert (found.down, found.tried) == ([], ["ERP"])
    assert found.upstreams[0].words == "Tried again"


def test_the_oldest_data_comes_first():
    found = view()
    assert [(row.what, row.age) for row in found.data] == [
        ("Old", "35 minutes"),
        ("Fresh", "8 seconds"),
    ]


def test_requests_are_counted_by_widget_and_state_with_their_times():
    found = view()
    assert found.states == ["ok", "empty", "stale", "error", "waiting"]
    inventory, ticker = found.widgets
    assert (inventory.counts, inventory.total) == ([1900, 0, 100, 0, 0], 2000)
    assert inventory.usual == 0.38
    assert inventory.slow == 970
    assert ticker.counts == [0, 0, 0, 0, 7]
    assert ticker.slow == float("inf")


def test_layers_have_their_share():
    found = view()
    assert [(row.layer, row.count, row.share) for row in found.pages] == [
        ("Kept whole", 1500, 75),
        ("Rendered", 507, 25),
    ]
    assert [(row.layer, row.share) for row in found.reads] == [
        ("Memory", 75),
        ("Storage", 0),
        ("Upstream", 25),
    ]


def test_calls_are_counted_by_outcome():
    (row,) = view().calls
    assert (row.outcomes, row.total) == ([("2xx", 40), ("timeout", 2)], 42)
    assert row.usual is None


def test_what_runs_is_named():
    found = view()
    assert (found.workers, found.running_for, found.version, found.python) == (
        2,
        "2 hours",
        "1",
        "3",
    )


def test_a_server_that_has_counted_nothing_has_a_page_too():
    found = status.status(Health("ok", []), Figures({}), NOW)
    assert (found.widgets, found.pages, found.calls, found.workers) == ([], [], [], None)


# --- Whether it is ready.

FAILS = "the cache file /x fails"


@pytest.mark.parametrize(
    ("storage", "upstreams", "ready"),
    [
        ("ok", [ANSWERS], True),
        ("ok", [DOWN], True),  # what is kept is still shown
        ("ok", [], True),
        (FAILS, [ANSWERS], True),
        (FAILS, [DOWN, ANSWERS], True),
        (FAILS, [FEED], True),  # nobody has asked it, so it may well answer
        (FAILS, [DOWN], False),
        (FAILS, [DOWN, FEED], False),  # nobody asks for what it has
        (FAILS, [UpstreamHealth("ERP", "x", "open", until=ago(seconds=1))], True),  # to be tried
        (FAILS, [UpstreamHealth("ERP", "x", "half-open")], True),
    ],
)
def test_it_is_ready_unless_it_can_give_nobody_data(storage, upstreams, ready):
    assert (status.why_not_ready(Health(storage, upstreams), NOW) == "") == ready


# --- The pages.


@pytest.fixture
def client_of(settings, monkeypatch) -> Callable[[Health], object]:
    """A client of a server whose upstreams and storage are like this."""
    install = operating.install

    def made(health: Health):
        monkeypatch.setattr(
            "widgets.site.operating.install",
            lambda app, password, _: install(app, password, lambda: health),
        )
        app = create_app(settings)
        app.testing = True
        return app.test_client()

    return made


def now_down(
    name: str = "ERP",
    address: str = "https://erp.example",
    because: str = "It is not answering.",
) -> UpstreamHealth:
    late = datetime.now(UTC) + timedelta(hours=1)
    return UpstreamHealth(name, address, "open", None, late, because, None, 2)


def test_readyz_is_503_with_a_reason_where_it_can_give_nobody_data(client_of):
    answer = client_of(Health(FAILS, [now_down()])).get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["status"] == "not ready"
    assert "no upstream answers" in answer.json["reason"]
    assert answer.json["storage"] == FAILS
    (upstream,) = answer.json["upstreams"]
    assert datetime.fromisoformat(upstream["until"]) > datetime.now(UTC)
    hidden = client_of(Health(FAILS, [now_down()])).get("/readyz", headers={"Via": "1.1 x"})
    assert hidden.status_code == 503
    assert hidden.json.keys() == {"status", "reason"}


def test_readyz_of_a_server_whose_erp_is_down_is_ready(client_of):
    answer = client_of(Health("ok", [now_down()])).get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (200, "ready")


def test_the_page_says_in_words_what_is_wrong(client_of):
    # The figures are this process's: another test may have asked the price feed.
    never = replace(FEED, name="spare feed")
    health = Health("the cache file /x fails", [now_down(), never])
    page = html.read(client_of(health).get("/status").text)
    assert page.findtext(".//title") == "ERP: left alone – Status"
    assert html.words(page.find(".//*[@id='verdict']")) == "1 of 2 upstreams is left alone"
    text = html.words(page.find(".//main"))
    assert "It is not answering. It failed 2 times in a row." in text
    assert "The cache file /x fails" in text
    assert "Left alone" in text
    assert "Not asked yet" in text
    assert "SECRET" not in text


def test_storage_that_fails_alone_is_said(client_of):
    page = html.read(client_of(Health("the cache file /x fails", [ANSWERS])).get("/status").text)
    assert html.words(page.find(".//*[@id='verdict']")) == "The storage fails"


def test_whatever_an_upstream_wrote_is_text(client_of):
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    upstream = now_down(name=hostile, address=hostile, because=hostile)
    answer = client_of(Health(hostile, [upstream])).get("/status")
    page = html.read(answer.text)
    assert hostile in html.words(page.find(".//main"))
    assert not page.findall(".//img")


def test_the_page_keeps_to_itself(client):
    answer = client.get("/status")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_the_page_looks_again_by_itself_with_scripts_and_without(client):
    text = client.get("/status").text
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in text
    assert html.read(text).find(".//main").get("hx-trigger").startswith("every 10s")
    config = re.search(r"htmx-config\" content='([^']+)'", text)
    assert config
    assert json.loads(config[1])["allowEval"] is False


def test_figures_stand_to_the_right(client):
    page = html.read(client.get("/status").text)
    for cell in page.findall(".//td"):
        words = html.words(cell)
        if re.fullmatch(r"[<>]? ?[\d,]+", words):
            assert "number" in cell.get("class").split()


def test_no_page_for_operators_asks_an_upstream(client, mock_erp):
    for page in ("/status", "/readyz", "/metrics"):
        client.get(page)
    assert mock_erp.log() == []


def test_upstreams_are_named_as_in_reads(app, client):
    """What was asked takes the place of what was not, and stands once."""
    client.get("/widgets/inventory/?site=1")
    client.get("/widgets/ticker/")
    market = app.extensions["erp_widgets"].sources[MarketData]("scope", lambda _: None, "")
    market.exchange_rates("EUR", ["USD"], start=date(2026, 11, 2), end=date(2026, 11, 3))
    found = client.get("/readyz").json["upstreams"]
    assert [each["name"] for each in found] == ["ERP", "price feed", "exchange-rate feed"]
    assert [each["state"] for each in found] == ["closed", "closed", "closed"]
