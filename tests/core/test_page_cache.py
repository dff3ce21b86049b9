"""Pages out of the page cache, over the mock ERP: they are what would be made anew, and say how they were
made. Who gets which is in tests/site/test_page_isolation.py."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from tests import html
from widgets import create_app
from widgets.core import page_cache
from widgets.core.made import WITHOUT_DATA
from widgets.upstream import ReadThrough

INVENTORY = "/widgets/inventory/?site=1&rows=3"
HTMX = {"HX-Request": "true"}
ONCE = {"Age", "Cache-Status", "Server-Timing", "X-Request-ID"}
"""Headers of one answer alone."""


def is_hit(answer) -> bool:
    return "erp-widgets-pages; hit; ttl=" in answer.headers["Cache-Status"]


def kept(answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers if name not in ONCE}


class Clock:
    """The page cache's own."""

    ahead = 0.0

    def __init__(self, app) -> None:
        app.wsgi_app._clock = lambda: time.time() + self.ahead


@pytest.fixture
def clock(app):
    return Clock(app)


# --- Hit and miss.


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize("name", ["inventory", "order-status", "quality", "ticker"])
def test_a_second_request_is_answered_with_the_same_page(client, app, name, headers):
    address = f"/widgets/{name}/"
    example = app.blueprints[name].example
    first = client.get(address, query_string=example, headers=headers)
    again = client.get(address, query_string=example, headers=headers)
    assert not is_hit(first)
    assert is_hit(again)
    assert again.data == first.data
    assert kept(again) == kept(first)
    assert set(again.headers.keys()) >= ONCE


def test_the_application_is_not_asked(client, app, monkeypatch):
    client.get(INVENTORY)
    monkeypatch.setattr(app.wsgi_app, "_app", None)
    assert is_hit(client.get(INVENTORY))


def test_an_answer_says_how_it_was_made(client):
    first = client.get(INVENTORY).headers
    assert re.fullmatch(
        r"erp-widgets-reads; fwd=uri-miss; ttl=1[45], erp-widgets-pages; fwd=uri-miss; stored",
        first["Cache-Status"],
    )
    assert re.fullmatch(
        r'reads;dur=[\d.]+;desc="2 miss", view;dur=[\d.]+, template;dur=[\d.]+',
        first["Server-Timing"],
    )
    assert first["Age"] in ("0", "1")
    partial = client.get(INVENTORY, headers=HTMX).headers
    assert re.match(r"erp-widgets-reads; hit; ttl=1[345], ", partial["Cache-Status"])
    assert 'desc="2 hit"' in partial["Server-Timing"]
    again = client.get(INVENTORY).headers
    assert re.fullmatch(r"erp-widgets-pages; hit; ttl=1[345]", again["Cache-Status"])
    assert again["Server-Timing"] == "page;desc=hit"


def test_every_answer_has_its_own_id_or_the_callers(client):
    client.get(INVENTORY)
    ids = {client.get(INVENTORY).headers["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3
    given = client.get(INVENTORY, headers={"X-Request-ID": "abcdef0123456789"})
    assert is_hit(given)
    assert given.headers.getlist("X-Request-ID") == ["abcdef0123456789"]


def test_age_and_what_is_left_go_on(client, clock):
    client.get(INVENTORY)
    clock.ahead = 9
    answer = client.get(INVENTORY)
    assert answer.headers["Age"] in ("9", "10")
    assert re.search("; hit; ttl=[45]$", answer.headers["Cache-Status"])
    again = client.get(INVENTORY, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.headers["Age"]) == (304, answer.headers["Age"])


def test_what_a_campaign_adds_to_an_address_makes_no_other_page(client):
    first = client.get(f"{INVENTORY}&utm_source=a")
    assert not is_hit(first)
    for more in ("", "&utm_source=b", "&fbclid=1&x="):
        again = client.get(INVENTORY + more)
        assert is_hit(again)
        assert again.data == first.data
    # What a host shows is another matter.
    assert not is_hit(client.get(f"{INVENTORY}&entity_type=item&entity_id=M0001"))


def test_frame_and_partial_are_two_pages(client):
    for headers in (HTMX, {}, HTMX, {}):
        text = client.get(INVENTORY, headers=headers).text
        html.read(text, partial=bool(headers))
    restored = client.get(INVENTORY, headers=HTMX | {"HX-History-Restore-Request": "true"})
    html.read(restored.text)


def test_other_parameters_theme_or_locale_are_another_page(client):
    seen = set()
    for more in ("", "&rows=4", "&theme=dark", "&locale=de-DE", "&site=2", "&company=demf"):
        for _ in range(2):
            answer = client.get(INVENTORY.replace("rows=3", f"rows=2{more}"))
        assert is_hit(answer)
        seen.add(answer.data)
    assert len(seen) == 4  # of two values of a parameter the first counts


def test_a_head_has_everything_but_the_page(client, mock_erp):
    for expected in (False, True):
        head = client.head(INVENTORY)
        assert is_hit(head) is expected
        assert (head.status_code, head.data) == (200, b"")
    whole = client.get(INVENTORY)
    assert is_hit(whole)
    assert kept(whole) == kept(head)
    assert int(whole.headers["Content-Length"]) == len(whole.data)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_no_other_method_gets_a_page(client, method):
    client.get(INVENTORY)
    answer = client.open(INVENTORY, method=method)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    options = client.options(INVENTORY)
    assert (options.status_code, options.data) == (200, b"")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/widgets//inventory/", 404),
        ("//widgets/inventory/", 404),
        ("/widgets/inventory/x", 404),
        ("/widgets/inventory", 308),
        ("/widgets/Inventory/", 404),
        ("/widgets/../widgets/inventory/", 404),
    ],
)
def test_only_the_very_address_of_a_widget_is_answered(client, path, status):
    client.get("/widgets/inventory/")
    answer = client.open(path=path, base_url="http://localhost")
    assert answer.status_code == status
    assert "Cache-Status" not in answer.headers


# --- What is not kept.


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/widgets/inventory/?rows=0", 400),
        ("/widgets/order-status/?order=nope", 404),
        ("/widgets/inventory/?host=nobody", 403),
    ],
)
def test_an_error_is_not_kept(client, address, status):
    for _ in range(2):
        answer = client.get(address)
        assert answer.status_code == status
        assert "hit" not in answer.headers["Cache-Status"].rpartition("erp-widgets-pages")[2]
        assert "stored" not in answer.headers["Cache-Status"]
        assert "ETag" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
        # Whatever the client says that it has.
        assert client.get(address, headers={"If-None-Match": "*"}).status_code == status


def test_what_is_fresh_for_no_time_is_made_each_time(settings, mock_erp):
    keep = {"on_hand": (0, 3600)}
    client = create_app(settings.model_copy(update={"keep": keep})).test_client()
    for _ in range(2):
        answer = client.get(INVENTORY)
        assert answer.headers["Cache-Status"].endswith("fwd=uri-miss")
        assert answer.headers["Cache-Control"] == "no-cache"
        assert 'data-state="ok"' in answer.text


def test_an_address_that_is_too_long_is_answered_and_not_kept(client, mock_erp):
    for _ in range(2):
        answer = client.get(f"{INVENTORY}&tenant={'x' * 2100}")
        assert answer.status_code == 200
        assert answer.headers["Cache-Status"].endswith("fwd=bypass")


def test_junk_in_addresses_fills_no_more_than_it_may(settings):
    app = create_app(settings.model_copy(update={"pages_mb": 1}))
    client = app.test_client()
    cache: Any = app.wsgi_app
    pages = cache._pages
    for number in range(120):
        assert client.get(f"{INVENTORY}&tenant={number}").status_code == 200
    assert 0 < pages._kept.currsize <= 1024 * 1024
    assert len(pages._kept) < 120
    bodies = sum(len(page.body) for page in pages._kept.values())
    assert bodies < pages._kept.currsize
    assert is_hit(client.get(f"{INVENTORY}&tenant=119"))
    assert not is_hit(client.get(f"{INVENTORY}&tenant=0"))
    assert cache._under_way == {}


def test_a_fault_leaves_nothing_behind(app, client, monkeypatch):
    widget = app.blueprints["inventory"]
    sound = widget.view_function

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("oh")

    monkeypatch.setattr(widget, "view_function", replace(sound, call=broken))
    with pytest.raises(RuntimeError):
        client.get(INVENTORY)
    assert app.wsgi_app._under_way == {}
    app.testing = False
    failed = client.get(INVENTORY)
    assert failed.status_code == 500
    assert failed.headers["Cache-Control"] == "no-store"
    monkeypatch.setattr(widget, "view_function", sound)
    assert 'data-state="ok"' in client.get(INVENTORY).text


# --- How long it holds.


def test_it_holds_while_its_data_is_fresh(client, clock):
    client.get(INVENTORY)
    clock.ahead = 14
    assert is_hit(client.get(INVENTORY))
    clock.ahead = 15
    assert "erp-widgets-pages; fwd=stale" in client.get(INVENTORY).headers["Cache-Status"]


def test_it_ends_the_moment_newer_data_is_known(settings, monkeypatch):
    newer = set()
    monkeypatch.setattr(ReadThrough, "is_current", lambda _self, key, _as_of: key not in newer)
    app = create_app(settings)
    client = app.test_client()
    client.get(INVENTORY)
    cache: Any = app.wsgi_app
    (page,) = cache._pages._kept.values()
    assert len(page.reads) == 2
    for key, _ in page.reads:
        assert is_hit(client.get(INVENTORY))
        newer.add(key)
        assert "fwd=stale" in client.get(INVENTORY).headers["Cache-Status"]
        newer.clear()


def test_what_another_page_has_read_anew_is_in_this_one(settings, mock_erp):
    keep = {"on_hand": (0.3, 3600)}
    client = create_app(settings.model_copy(update={"keep": keep})).test_client()
    client.get(INVENTORY)
    client.get(INVENTORY, headers=HTMX)
    time.sleep(0.4)
    mock_erp.fault("WarehousesOnHandV2", "data", field="ProductName", set="Renamed")
    end = time.monotonic() + 20
    while "Renamed" not in client.get(INVENTORY, headers=HTMX).text:  # old data is shown at once
        assert time.monotonic() < end
    assert "Renamed" in client.get(INVENTORY).text


def test_a_page_without_data_is_kept_for_a_while(client, clock):
    first = client.get("/widgets/order-status/")
    assert first.headers["Cache-Control"] == "no-cache"
    assert first.headers["Cache-Status"] == "erp-widgets-pages; fwd=uri-miss; stored"
    clock.ahead = WITHOUT_DATA - 5
    again = client.get("/widgets/order-status/")
    assert is_hit(again)
    assert "Age" not in again.headers
    clock.ahead = WITHOUT_DATA + 5
    assert not is_hit(client.get("/widgets/order-status/"))


def test_stale_data_is_marked_and_its_page_lives_a_second(settings, mock_erp):
    keep = {"on_hand": (1, 3600)}
    client = create_app(settings.model_copy(update={"keep": keep})).test_client()
    client.get(INVENTORY)
    time.sleep(1.1)
    mock_erp.fault("WarehousesOnHandV2", "status", status=500)
    for _ in range(100):  # until nobody hopes for better any more
        answer = client.get(INVENTORY)
        if 'data-state="stale"' in answer.text:
            break
        time.sleep(0.1)
    again = client.get(INVENTORY)
    assert again.data == answer.data
    lifetime = re.search("s-maxage=(\\d+)", again.headers["Cache-Control"])
    assert lifetime
    assert int(again.headers["Age"]) >= int(lifetime[1])  # so no proxy takes it for fresh
    assert re.search("; ttl=-[1-9]", again.headers["Cache-Status"])
    mock_erp.control("DELETE", "fault")
    for _ in range(100):
        if 'data-state="ok"' in client.get(INVENTORY).text:
            break
        time.sleep(0.1)
    else:
        pytest.fail("it stays stale")


# --- ETags.


@pytest.mark.parametrize("encoding", ["br", "gzip", "zstd", "identity"])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_what_a_browser_has_is_not_sent_again(client, encoding, headers):
    wanted = headers | {"Accept-Encoding": encoding}
    for _ in range(2):  # a page that was just made, and one that was kept
        first = client.get(INVENTORY, headers=wanted)
        assert re.fullmatch('"[0-9a-f]{32}"', first.headers["ETag"])
        assert first.headers.get("Content-Encoding", "identity") == encoding
        assert "Accept-Encoding" in first.headers["Vary"]
        etag = first.headers["ETag"]
        for named in (etag, f"W/{etag}", f'"x", {etag}', "*"):
            again = client.get(INVENTORY, headers=wanted | {"If-None-Match": named})
            assert (again.status_code, again.data) == (304, b"")
            for name in ("ETag", "Cache-Control", "Vary", "Content-Security-Policy"):
                assert again.headers[name] == first.headers[name]
            for name in ("Content-Type", "Content-Length", "Content-Encoding"):
                assert name not in again.headers
        for named in ('"another"', etag.strip('"'), etag[:-2] + '"', ""):
            again = client.get(INVENTORY, headers=wanted | {"If-None-Match": named})
            assert (again.status_code, again.data) == (200, first.data)


def test_a_page_that_is_made_anew_and_the_same_has_the_same_etag(app, client, clock):
    for encoding in ("gzip", "br", "zstd", ""):
        wanted = {"Accept-Encoding": encoding}
        first = client.get("/widgets/order-status/", headers=wanted)
        clock.ahead += WITHOUT_DATA + 1
        time.sleep(1.1 if encoding == "gzip" else 0)  # gzip writes the second into its header
        again = client.get(
            "/widgets/order-status/", headers=wanted | {"If-None-Match": first.headers["ETag"]}
        )
        assert again.status_code == 304
        assert "fwd=stale" in again.headers["Cache-Status"]


def test_each_encoding_has_an_etag_of_its_own(client):
    etags = {
        client.get(INVENTORY, headers={"Accept-Encoding": each}).headers["ETag"]
        for each in ("br", "gzip", "zstd", "identity")
    }
    assert len(etags) == 4


def test_headers_that_mean_the_same_share_a_page(client):
    client.get(INVENTORY, headers={"Accept-Encoding": "gzip, deflate, br, zstd"})
    for accepted in ("br", "br;q=1.0, gzip;q=0.8, *;q=0.1", "BR", " br ,identity;q=0"):
        assert is_hit(client.get(INVENTORY, headers={"Accept-Encoding": accepted}))


def test_conditions_of_other_kinds_are_not_for_these_pages(client):
    for _ in range(2):
        for name, value in {
            "If-Match": '"x"',
            "Range": "bytes=0-9",
            "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT",
            "If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT",
        }.items():
            answer = client.get(INVENTORY, headers={name: value})
            assert answer.status_code == 200
            html.read(answer.text)


# --- At the same time.


def at_once(app, path: str, count: int) -> list[Any]:
    """What so many get who ask at the same moment."""
    together = threading.Barrier(count)

    def look(_: int):
        together.wait()
        return app.test_client().get(path)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(look, range(count)))


def test_a_page_that_many_ask_for_at_once_is_made_once(app, mock_erp, monkeypatch):
    widget = app.blueprints["inventory"]
    sound = widget.view_function
    calls = []

    def slow(*args: object, **sources: object) -> object:
        calls.append(1)
        time.sleep(0.2)
        return sound.call(*args, **sources)

    monkeypatch.setattr(widget, "view_function", replace(sound, call=slow))
    answers = at_once(app, INVENTORY, 8)
    assert len(calls) == 1
    assert len({answer.data for answer in answers}) == 1
    said = [answer.headers["Cache-Status"] for answer in answers]
    assert sum("fwd=uri-miss; collapsed" in each for each in said) == 7
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 8


def test_nobody_waits_long_for_another(app, mock_erp, monkeypatch):
    monkeypatch.setattr(page_cache, "PATIENCE", 0.05)
    mock_erp.fault("WarehousesOnHandV2", "delay", delay=0.6)
    answers = at_once(app, INVENTORY, 2)
    assert {answer.status_code for answer in answers} == {200}
    assert not any("collapsed" in answer.headers["Cache-Status"] for answer in answers)
    assert app.wsgi_app._under_way == {}


def test_an_error_is_made_for_each(app, mock_erp):
    mock_erp.fault("*", "delay", delay=0.2)
    answers = at_once(app, "/widgets/order-status/?order=nope", 4)
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 4


def test_a_page_whose_data_is_on_its_way_is_drawn_once(settings, mock_erp):
    keep = {"on_hand": (1, 3600)}
    client = create_app(settings.model_copy(update={"keep": keep})).test_client()
    client.get(INVENTORY)
    mock_erp.fault("WarehousesOnHandV2", "delay", delay=3)
    time.sleep(1.1)
    old = client.get(INVENTORY)
    assert "1 refreshing" in old.headers["Server-Timing"]
    looks = []
    end = time.monotonic() + 20
    while time.monotonic() < end:
        look = client.get(INVENTORY)
        if look.text != old.text:
            break
        looks.append(is_hit(look))
        time.sleep(0.1)
    assert looks
    # The one past the second for which it was shown without a look elsewhere.
    assert looks.count(False) <= 1
    assert 'data-refresh="2"' not in look.text
    assert "1 hit" in look.headers["Server-Timing"] or "2 hit" in look.headers["Server-Timing"]
