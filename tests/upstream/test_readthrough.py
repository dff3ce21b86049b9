"""Fresh, asked, confirmed, stale or an error: what becomes of one GET."""

import logging
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.upstream.conftest import SHORT, Clock
from tests.upstream.scripted import Behaviour, Reply, Scripted, close, cut, hang, ok
from widgets.errors import (
    NotFound,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamUnavailable,
    WidgetError,
)
from widgets.upstream import Keep, Read, ReadThrough
from widgets.upstream.answers import unreadable
from widgets.upstream.breaker import FAILURES, RESTS
from widgets.upstream.credentials import Anonymous, Client
from widgets.upstream.reading import PAUSE
from widgets.upstream.reads import Asking, Upstream, cache_key

Get = Callable[..., Any]
ERP = Upstream("ERP", "the ERP", "http://erp", Anonymous())
OLD = 60.0  # seconds: of an answer that is fresh for 10, too old to be shown without waiting for the next


def number(data: object) -> Any:
    """A check: the answer must be an object with a number under "n"."""
    if not isinstance(data, dict) or not isinstance(data.get("n"), int | Decimal):
        raise unreadable("the ERP", "Numbers", field="n")
    return data["n"]


@pytest.fixture
def get(server: Scripted, read_through: ReadThrough, reads: list[Read]) -> Get:
    def call(target: str = "/data/Numbers", scope: str = "host", **asking: Any) -> Any:
        return read_through.get(
            Upstream("ERP", "the ERP", server.url, Anonymous()),
            server.url + target,
            what="Numbers",
            keep=Keep(ttl=10, stale_for=100),
            check=number,
            asking=Asking(scope, reads.append, **asking),
        )

    return call


def test_second_read_is_a_hit_with_the_first_ones_time(
    server: Scripted, get: Get, reads: list[Read], clock: Clock
) -> None:
    server.always(ok({"n": 1}))
    first = clock.now
    assert get() == 1
    clock.advance(9.9)
    assert get() == 1
    assert len(server.calls) == 1
    assert [read.outcome for read in reads] == ["miss", "hit"]
    assert {read.as_of for read in reads} == {datetime.fromtimestamp(first, UTC)}
    assert reads[0].upstream == "ERP"
    assert reads[0].what == "Numbers"
    assert reads[0].stale_because is None
    assert reads[0].seconds > 0


def test_expired_answer_is_asked_for_again(server: Scripted, get: Get, clock: Clock) -> None:
    server.script(ok({"n": 1}), ok({"n": 2}))
    assert get() == 1
    clock.advance(OLD)
    assert get() == 2


def test_decimals_and_bodies_come_back_as_written(server: Scripted, get: Get) -> None:
    # Trap 7: requests-cache with decode_content would parse and write the body anew: 10.10 → 10.1.
    server.always(ok(b'{"n": 10.10000000000000000001, "t": "\\u00e9 \xc3\xa9"}'))
    assert str(get()) == "10.10000000000000000001"
    assert str(get()) == "10.10000000000000000001"
    assert len(server.calls) == 1


def test_304_renews_the_time(server: Scripted, get: Get, reads: list[Read], clock: Clock) -> None:
    server.script(ok({"n": 1}, ETag='W/"a"'), Reply(status=304), Reply(status=500))
    assert get() == 1
    clock.advance(50)
    confirmed = clock.now
    assert get() == 1
    assert server.calls[1].headers["If-None-Match"] == 'W/"a"'
    clock.advance(9)
    assert get() == 1
    assert [read.outcome for read in reads] == ["miss", "revalidated", "hit"]
    assert reads[2].as_of == datetime.fromtimestamp(confirmed, UTC)
    clock.advance(90)  # later than the first answer may be shown, earlier than the confirmed one
    assert get() == 1
    assert reads[3].outcome == "stale"


def test_304_that_was_not_asked_for_is_invalid(server: Scripted, get: Get) -> None:
    server.always(Reply(status=304))
    with pytest.raises(UpstreamInvalid):
        get()


@pytest.mark.parametrize(
    ("failure", "because"),
    [
        (Reply(status=500), "the ERP has a failure of its own"),
        (Reply(status=503, content_type="text/html"), "the ERP has a failure of its own"),
        (Reply(status=429, headers={"Retry-After": "7"}), "the ERP asked us to slow down"),
        (ok(b'{"n": '), "the ERP sent data that cannot be read (Numbers)"),
        (ok(b'{"n": NaN}'), "the ERP sent data that cannot be read (Numbers)"),
        (ok(b'{"n": "1"}'), "the ERP sent data that cannot be read (Numbers, field n)"),
        (ok(b"[" * 100_000), "the ERP sent data that cannot be read (Numbers)"),
        (
            Reply(b'{"n": 2}', content_type="text/html"),
            "the ERP sent data that cannot be read (Numbers)",
        ),
        (
            ok(b'{"n": 2}', Content_Encoding="gzip"),
            "the ERP sent data that cannot be read (its answer)",
        ),
        (
            Reply(status=302, headers={"Location": "/elsewhere"}),
            "the ERP has moved Numbers elsewhere",
        ),
        (Reply(status=400), "the ERP does not understand how we ask for Numbers"),
    ],
)
def test_failure_serves_what_is_kept_within_the_bound(
    *, failure: Reply, because: str, server: Scripted, get: Get, reads: list[Read], clock: Clock
) -> None:
    # Trap 6: stale_if_error has no bound.
    server.script(ok({"n": 1}), failure)
    get()
    given = datetime.fromtimestamp(clock.now, UTC)
    clock.advance(109)
    assert get() == 1
    assert (reads[1].outcome, reads[1].stale_because, reads[1].as_of) == ("stale", because, given)
    clock.advance(1)
    with pytest.raises((UpstreamUnavailable, UpstreamInvalid)):
        get()


def test_bad_answer_does_not_replace_the_good_one(server: Scripted, get: Get, clock: Clock) -> None:
    # requests-cache's filter_fn deletes what was kept when it refuses what came.
    server.script(ok({"n": 1}), ok({"n": "nonsense"}), ok({"n": "nonsense"}), ok({"n": 2}))
    get()
    for later in (OLD, 40):
        clock.advance(later)
        assert get() == 1
    clock.advance(PAUSE)
    assert get() == 2


@pytest.mark.parametrize("status", [401, 403])
def test_refusal_never_hides_behind_stale_data(
    status: int, server: Scripted, get: Get, clock: Clock
) -> None:
    # Trap 6: stale_if_error=True also serves stale on 401 and 403.
    server.script(ok({"n": 1}), Reply(status=status))
    get()
    clock.advance(OLD)
    with pytest.raises(UpstreamRefused):
        get()


def test_redirect_to_a_login_is_a_refusal_and_not_followed(server: Scripted, get: Get) -> None:
    login = f"{server.url}/login?secret=s"
    server.always(Reply(b"<html>", 302, {"Location": login}, "text/html"))
    with pytest.raises(UpstreamRefused) as caught:
        get()
    assert [call.path for call in server.calls] == ["/data/Numbers"]
    assert "secret" not in caught.value.detail


def test_404_is_an_answer_and_ends_what_was_kept(server: Scripted, get: Get, clock: Clock) -> None:
    # Trap 6: stale_if_error=True also serves stale on 404.
    server.script(ok({"n": 1}), Reply(status=404), Reply(status=500))
    get()
    clock.advance(OLD)
    for _ in range(3):
        with pytest.raises(NotFound):
            get()
    assert len(server.calls) == 2
    clock.advance(11)  # and one that is not believed for long: it may have been entered meanwhile
    with pytest.raises(UpstreamUnavailable):
        get()


def test_cookies_are_neither_kept_nor_sent(server: Scripted, get: Get) -> None:
    server.always(ok({"n": 1}, Set_Cookie="session=abc"))
    get("/data/A")
    get("/data/B")
    assert len(server.calls) == 2
    assert all("Cookie" not in call.headers for call in server.calls)


def test_environment_proxies_are_not_used(
    server: Scripted, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.always(ok({"n": 1}))
    assert get() == 1


def test_headers_that_are_sent(server: Scripted, get: Get) -> None:
    server.always(ok({"n": 1}))
    get("/data/A", request_id="abc-123")
    get("/data/B", request_id="no\r\nX-Evil: 1")
    first, second = (call.headers for call in server.calls)
    assert first["X-Request-ID"] == "abc-123"
    assert first["Accept"] == "application/json"
    assert first["User-Agent"] == "erp-widgets"
    assert "X-Request-ID" not in second
    assert "X-Evil" not in second


def test_scope_is_part_of_the_key(server: Scripted, get: Get) -> None:
    # Trap 1: requests-cache leaves out who asked.
    server.script(ok({"n": 1}), ok({"n": 2}))
    assert get(scope="a") == 1
    assert get(scope="b") == 2
    assert get(scope="a") == 1


def test_keys_tell_apart_what_requests_cache_takes_for_the_same() -> None:
    # Trap 1: `?a=` equals no `a`, the order of repeated parameters is lost, and keys have 64 bits.
    def key(url: str, **changes: Any) -> str:
        parts: dict[str, Any] = {
            "name": "ERP",
            "called": "the ERP",
            "base_url": "http://erp",
            "credential": Anonymous(),
        }
        scope = changes.pop("scope", "a")
        return cache_key(Upstream(**(parts | changes)), scope, url)

    keys = [
        key("http://erp/d"),
        key("http://erp/d?a="),
        key("http://erp/d?s=1&s=2"),
        key("http://erp/d?s=2&s=1"),
        key("http://erp/d", scope="b"),
        key("http://erp/d", name="CRM"),
        key("http://erp/d", base_url="http://erp/"),
    ]
    assert len(set(keys)) == len(keys)
    assert all(len(made) == 64 for made in keys)


def test_cooldown_after_429_asks_nobody(
    server: Scripted, get: Get, reads: list[Read], clock: Clock
) -> None:
    server.script(ok({"n": 1}), Reply(status=429, headers={"Retry-After": "17"}))
    get("/data/A")
    clock.advance(OLD)
    with pytest.raises(UpstreamUnavailable) as caught:
        get("/data/B")
    assert caught.value.retry_after == 17
    assert len(server.calls) == 2
    assert get("/data/A") == 1
    assert reads[-1].stale_because == "the ERP asked us to slow down"
    with pytest.raises(UpstreamUnavailable) as again:
        get("/data/B")
    assert 1 <= again.value.retry_after <= 17
    assert len(server.calls) == 2


def test_cooldown_after_503_with_retry_after(server: Scripted, get: Get) -> None:
    server.always(Reply(status=503, headers={"Retry-After": "9"}))
    for _ in range(2):
        with pytest.raises(UpstreamUnavailable):
            get()
    assert len(server.calls) == 1


def test_an_upstream_that_hangs_costs_one_viewer_a_wait(
    server: Scripted, cache_file: Path, clock: Clock
) -> None:
    reader = ReadThrough(cache_file, limits=SHORT, clock=clock)
    reads: list[Read] = []

    def get() -> object:
        return reader.get(
            Upstream("ERP", "the ERP", server.url, Anonymous()),
            f"{server.url}/data/Numbers",
            what="Numbers",
            keep=Keep(ttl=10, stale_for=1000),
            check=number,
            asking=Asking("host", reads.append),
        )

    server.script(ok({"n": 1}), hang, ok({"n": 2}))
    get()
    clock.advance(OLD)
    for _ in range(4):
        assert get() == 1
        assert reads[-1].stale_because == "the ERP is not answering"
    assert len(server.calls) == 2
    assert sum(read.seconds > 0.2 for read in reads) == 1
    clock.advance(PAUSE)
    assert get() == 2  # whoever comes first sees that it is back
    assert reads[-1].outcome == "miss"
    reader.close()


def test_a_failed_sign_in_is_not_tried_by_every_viewer(
    server: Scripted, read_through: ReadThrough
) -> None:
    client = Client(f"{server.url}/token", "demo", "secret", "scope")
    server.always(close)
    for _ in range(3):
        with pytest.raises(UpstreamUnavailable, match="sign-in service of the ERP"):
            read_through.get(
                Upstream("ERP", "the ERP", server.url, read_through.bearer(client, "the ERP")),
                f"{server.url}/data/Numbers",
                what="Numbers",
                keep=Keep(ttl=10, stale_for=100),
                check=number,
                asking=Asking("host"),
            )
    assert {call.path for call in server.calls} == {"/token"}
    assert len(server.calls) == 2  # a connection that was closed is opened once more


def test_stale_data_is_logged_once_with_the_request_and_the_cause_first(
    server: Scripted, get: Get, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    server.script(ok({"n": 1}), Reply(b"out of order", status=500))
    get()
    clock.advance(OLD)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert get(request_id="r-1") == 1
    (record,) = caplog.records
    assert record.getMessage() == (
        "r-1 Numbers: stale data is shown: Numbers: status 500: out of order "
        f"(GET {server.url}/data/Numbers)"
    )


def test_error_of_the_upstream_reaches_only_the_detail(server: Scripted, get: Get) -> None:
    stack = "at Microsoft.Dynamics.Secret " * 100
    server.always(Reply(stack.encode(), 500, content_type="text/plain"))
    with pytest.raises(UpstreamUnavailable) as caught:
        get("/data/Numbers?x=1")
    assert caught.value.message == "The ERP has a failure of its own."
    assert "Microsoft.Dynamics" in caught.value.detail
    assert f"{server.url}/data/Numbers?x=1" in caught.value.detail
    assert len(caught.value.detail) < 300
    assert caught.value.__cause__ is None


def test_log_lines_stay_one_line(server: Scripted, get: Get) -> None:
    server.always(Reply(b"x\r\nERROR forged\x1b[31m \xff", 500))
    with pytest.raises(UpstreamUnavailable) as caught:
        get()
    assert "status 500: x ERROR forged?[31m \ufffd (GET " in caught.value.detail


def test_purge_takes_what_nobody_may_be_shown_out_of_the_storage(
    server: Scripted, get: Get, read_through: ReadThrough, cache_file: Path, clock: Clock
) -> None:
    clock.now = 1_000_000_000.0  # long gone by the clock of the machine
    server.always(ok({"n": 1}))
    get()
    get()
    assert len(server.calls) == 1
    read_through.purge()
    with sqlite3.connect(cache_file) as connection:
        assert connection.execute("SELECT count(*) FROM responses").fetchone() == (0,)
    connection.close()


def test_several_at_once_keep_their_order_and_all_finish(
    server: Scripted, get: Get, read_through: ReadThrough, reads: list[Read]
) -> None:
    def answer(call: Any) -> Reply:
        return Reply(status=500) if call.path == "/data/3" else ok({"n": int(call.path[-1])})

    server.answer = answer
    assert read_through.each(ERP, lambda n: get(f"/data/{n}"), [2, 0, 1]) == [2, 0, 1]
    with pytest.raises(WidgetError):
        read_through.each(ERP, lambda n: get(f"/data/{n}"), [3, 4, 5])
    assert {call.path for call in server.calls} >= {"/data/4", "/data/5"}
    assert len(reads) == 5


def test_answer_from_the_future_is_not_trusted(server: Scripted, get: Get, clock: Clock) -> None:
    server.script(ok({"n": 1}), ok({"n": 2}))
    get()
    clock.advance(-60)
    assert get() == 2


@pytest.mark.parametrize(
    "passing", [cut(b"[1"), Reply(status=502), Reply(status=503), Reply(status=504)]
)
def test_a_failure_in_passing_is_tried_once_more(
    passing: Behaviour, server: Scripted, get: Get
) -> None:
    server.script(passing, ok({"n": 1}))
    assert get() == 1
    assert len(server.calls) == 2


@pytest.mark.parametrize(
    "lasting",
    [Reply(status=500), Reply(status=503, headers={"Retry-After": "9"}), Reply(status=429)],
)
def test_what_would_not_help_or_was_not_wanted_is_not_tried_again(
    lasting: Reply, server: Scripted, get: Get
) -> None:
    server.always(lasting)
    with pytest.raises(UpstreamUnavailable):
        get()
    assert len(server.calls) == 1


def test_a_timeout_is_not_doubled(server: Scripted, cache_file: Path) -> None:
    reader = ReadThrough(cache_file, limits=SHORT)
    server.always(hang)
    with pytest.raises(UpstreamUnavailable):
        reader.get(
            Upstream("ERP", "the ERP", server.url, Anonymous()),
            f"{server.url}/data/Numbers",
            what="Numbers",
            keep=Keep(ttl=10, stale_for=100),
            check=number,
            asking=Asking("host"),
        )
    assert len(server.calls) == 1
    reader.close()


def test_an_upstream_that_keeps_failing_is_left_alone_by_all_keys(
    server: Scripted, get: Get, clock: Clock
) -> None:
    server.always(Reply(status=500))
    for n in range(10):
        with pytest.raises(UpstreamUnavailable, match="failure of its own"):
            get(f"/data/{n}")
    assert len(server.calls) == FAILURES
    server.always(ok({"n": 1}))
    clock.advance(RESTS[0])
    assert get("/data/new") == 1
    assert get("/data/newer") == 1
