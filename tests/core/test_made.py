"""What a page says of itself, and for how long it holds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.embedding import by_hand
from widgets.core import states
from widgets.core.made import (
    WITHOUT_DATA,
    Made,
    cache_control,
    fresh_until,
    holds_until,
    reads_status,
    server_timing,
    vary,
)
from widgets.embedding.admission import Grant
from widgets.upstream import Keep, Read
from widgets.upstream.reads import Outcome

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
MOMENT = NOW.timestamp()


def read(age: float, ttl: float = 15, outcome: Outcome = "hit", stale_for: float = 3600) -> Read:
    """Made `age` seconds ago. Older than it should be, it holds for one more second."""
    as_of = NOW - timedelta(seconds=age)
    until = max(as_of + timedelta(seconds=ttl), NOW + timedelta(seconds=1))
    because = "the ERP is not answering" if outcome == "stale" else None
    keep = Keep(ttl, stale_for)
    return Read("ERP", "X", as_of, outcome, because, 0.01, "key", keep, until, "storage")


def made(*reads: Read, access: Any = "open", **changes: Any) -> Made:
    host = by_hand.host(access=access)
    usual: dict[str, Any] = {
        "host": host,
        "grant": Grant(host, {}),
        "whole": True,
        "state": "ok",
        "reads": reads,
        "freshness": states.freshness(reads, NOW),
        "seconds": (0.02, 0.003),
    }
    return Made(**usual | changes)


def said(page: Made, *, in_address: bool = False) -> str:
    return cache_control(page, MOMENT, in_address=in_address)["Cache-Control"]


# --- How long it holds.


def test_a_page_holds_as_long_as_the_first_of_its_reads():
    assert holds_until([read(3), read(10), read(50, 3600)], MOMENT) == MOMENT + 5


@pytest.mark.parametrize("outcome", ["stale", "refreshing"])
def test_old_data_holds_for_as_long_as_its_read_says(outcome):
    assert holds_until([read(3), read(40, outcome=outcome)], MOMENT) == MOMENT + 1


@pytest.mark.parametrize("outcome", ["hit", "miss", "stale", "refreshing"])
def test_what_is_fresh_for_no_time_is_asked_for_each_time(outcome):
    assert holds_until([read(0, 0, outcome)], MOMENT) <= MOMENT


def test_a_page_without_data_holds_for_a_while():
    assert holds_until([], MOMENT) == MOMENT + WITHOUT_DATA


# --- Who else may keep it.


def test_a_proxy_may_keep_the_page_of_a_host_without_tokens_while_its_data_is_fresh():
    for access in ("open", "key"):
        assert cache_control(made(read(3), access=access), MOMENT, in_address=False) == {
            "Cache-Control": "public, s-maxage=15, stale-while-revalidate=60, stale-if-error=3600",
            "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
        }


@pytest.mark.parametrize(
    "reads",
    [
        (read(3),),
        (read(3), read(14)),
        (read(3), read(50, 60)),
        (read(3), replace(read(3000, 3600), background=True)),
        (read(3), replace(read(3599, 3600), background=True)),
        (read(3), read(20, outcome="refreshing")),
        (read(3), read(900, outcome="stale")),
        (read(3), replace(read(5000, 3600, "refreshing"), background=True)),
        (read(50, 60), read(20, outcome="refreshing")),
    ],
)
def test_what_is_left_in_a_proxy_is_what_is_left_of_the_data(reads):
    page = made(*reads)
    assert page.freshness
    age = int((NOW - page.freshness.as_of).total_seconds())
    lifetime = int(said(page).partition("s-maxage=")[2].partition(",")[0])
    left = fresh_until(reads) - MOMENT
    if left <= 0:
        assert lifetime == 0
    else:
        assert 0 <= left - (lifetime - age) <= 1


def test_the_shortest_of_the_spans_counts():
    page = made(read(1, 60, stale_for=100), read(1, 15, stale_for=7000))
    assert said(page).endswith("stale-while-revalidate=60, stale-if-error=100")


def test_nobody_else_keeps_what_is_read_each_time_or_not_at_all():
    assert said(made()) == said(made(read(0, 0.5))) == "no-cache"


@pytest.mark.parametrize("page", [made(read(1), access="token"), made(access="token")])
def test_a_page_with_a_token_is_its_viewers_alone(page):
    assert said(page) == "private, no-cache"
    assert said(page, in_address=True) == "no-store"
    assert "Expires" not in cache_control(page, MOMENT, in_address=False)


def test_errors_are_kept_by_nobody():
    assert said(made(read(1), state="error")) == "no-store"
    assert said(made(host=None, grant=None, state="error")) == "no-store"


def test_what_it_depends_on_is_named():
    base = "HX-Request, HX-History-Restore-Request"
    assert vary(made(host=None), ("X-Forwarded-Prefix",)) == base
    assert vary(made(access="token"), ("X-Forwarded-Prefix",)) == f"{base}, Authorization"
    assert vary(made(access="key"), ()) == base
    assert vary(made(), ("X-Forwarded-Prefix",)) == f"{base}, X-Forwarded-Prefix"


def test_nginx_can_keep_the_longest_of_them():
    # It keeps nothing whose Vary is longer than NGX_HTTP_CACHE_VARY_LEN.
    headers = ("X-Forwarded-Prefix", "X-Forwarded-Host", "X-Forwarded-Proto")
    assert len(vary(made(), headers) + ", Accept-Encoding") <= 128


# --- How it was made.


@pytest.mark.parametrize(
    ("reads", "status"),
    [
        ([read(3), read(6)], "hit; ttl=9"),
        ([read(3), read(0, outcome="miss")], "fwd=uri-miss; ttl=12"),
        ([read(0, outcome="revalidated")], "fwd=stale; ttl=15"),
        ([read(20, outcome="refreshing")], "hit; ttl=-5"),
        ([read(100.5, outcome="stale")], "fwd=stale; ttl=-86"),
    ],
)
def test_the_cache_of_reads_says_what_it_did(reads, status):
    assert reads_status(reads, MOMENT) == f"erp-widgets-reads; {status}, "


def test_where_nothing_was_read_there_is_nothing_to_say():
    assert reads_status([], MOMENT) == ""


def test_where_the_time_went():
    hit = replace(read(1), seconds=0.001)
    page = made(hit, hit, replace(read(0, outcome="miss"), seconds=0.012))
    expected = 'reads;dur=14.0;desc="2 hit, 1 miss", view;dur=6.0, template;dur=3.0'
    assert server_timing(page) == expected
    assert server_timing(made()) == "view;dur=20.0, template;dur=3.0"
    assert server_timing(made(grant=None, state="error")) == "template;dur=3.0"


def test_reads_side_by_side_took_no_longer_than_the_view():
    page = made(*[replace(read(0, outcome="miss"), seconds=0.015)] * 4)
    assert server_timing(page).startswith('reads;dur=20.0;desc="4 miss", view;dur=0.0')
