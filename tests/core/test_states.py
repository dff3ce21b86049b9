from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from widgets.core.states import freshness, in_words, name, problem
from widgets.errors import NotFound, UpstreamUnavailable
from widgets.upstream import Keep, Read
from widgets.upstream.reads import Outcome

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)


def read(minutes: float, because: str | None = None) -> Read:
    as_of = NOW - timedelta(minutes=minutes)
    outcome: Outcome = "stale" if because else "hit"
    keep = Keep(15, 3600)
    return Read(
        "ERP", "SalesOrderLines", as_of, outcome, because, 0.01, "key", keep, as_of, "storage"
    )


def test_a_page_is_as_old_as_its_oldest_part():
    age = freshness([read(1), read(12), read(3)], NOW)
    assert age is not None
    assert (age.as_of, age.age, age.because) == (NOW - timedelta(minutes=12), "12 minutes", None)


def test_one_stale_part_makes_the_page_stale_with_its_own_age_and_reason():
    old_but_fresh, stale = read(30), read(5, "the ERP is not answering")
    age = freshness([read(0), old_but_fresh, stale], NOW)
    assert age is not None
    assert (age.as_of, age.age, age.because) == (stale.as_of, "5 minutes", stale.stale_because)


def test_names_and_units_do_not_make_a_page_look_old():
    names = replace(read(50, "the ERP is not answering"), background=True)
    age = freshness([names, read(1)], NOW)
    assert age is not None
    assert (age.age, age.because) == ("1 minute", None)
    assert freshness([names], NOW) == freshness([read(50, "the ERP is not answering")], NOW)


def test_a_page_that_read_nothing_has_no_age():
    assert freshness([]) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "less than a second"),
        (0.9, "less than a second"),
        (1.9, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (3599, "59 minutes"),
        (7200, "2 hours"),
        (86_400, "1 day"),
        (864_000, "10 days"),
    ],
)
def test_ages_are_said_as_people_say_them(seconds, words):
    assert in_words(seconds) == words


def test_what_is_for_the_operator_is_not_shown():
    shown = problem(NotFound("There is no order 7.", detail="GET /data/… 404"), "a1b2c3d4")
    assert (shown.status, shown.code, shown.message) == (404, "not-found", "There is no order 7.")
    assert "/data" not in str(shown)


def test_when_to_ask_again_is_kept():
    shown = problem(UpstreamUnavailable("The ERP is not answering.", retry_after=7), "a1b2c3d4")
    assert (shown.status, shown.retry_after) == (503, 7)


def test_data_that_is_being_renewed_is_no_worse_than_fresh_but_looked_at_soon():
    age = freshness([read(1), replace(read(2), outcome="refreshing")], NOW)
    assert age is not None
    assert (age.updating, age.because) == (True, None)
    assert name(None, None, age) == "ok"


def test_where_an_upstream_has_failed_nothing_newer_comes_soon():
    failed = read(5, "the ERP is not answering")
    age = freshness([replace(read(2), outcome="refreshing"), failed], NOW)
    assert age is not None
    assert not age.updating


def test_newer_data_that_takes_longer_than_anybody_waits_is_on_its_way():
    late = replace(read(5, "the ERP takes too long to answer"), coming=True)
    age = freshness([read(2), late], NOW)
    assert age is not None
    assert (age.updating, age.because) == (True, late.stale_because)


def test_names_that_are_being_renewed_are_not_waited_for():
    names = replace(read(90), background=True, outcome="refreshing")
    age = freshness([names, read(1)], NOW)
    assert age is not None
    assert not age.updating
