"""The breaker by itself; through a read it is tested in test_readthrough.py."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.upstream.conftest import Clock, stored_in
from tests.upstream.processes import PATIENCE, Results, started
from widgets.errors import Throttled
from widgets.upstream.breaker import FAILURES, RESTS, Breaker
from widgets.upstream.credentials import Anonymous
from widgets.upstream.locks import FileLocks
from widgets.upstream.reads import Upstream
from widgets.upstream.shelf import Shelf

ERP = Upstream("ERP", "the ERP", "http://erp", Anonymous())
FEED = Upstream("price feed", "the price feed", "http://feed", Anonymous())
TRIAL = 30.0
DOWN = "The ERP is not answering."
SLOWER = "The ERP asked us to slow down."


def breaker_over(path: Path, clock: Callable[[], float]) -> Breaker:
    """A breaker as another process has it: only the storage is shared."""
    return Breaker(
        Shelf(stored_in(path), 1_000_000, clock), FileLocks(path.with_suffix(".lock")), TRIAL, clock
    )


@pytest.fixture
def breaker(cache_file: Path, clock: Clock) -> Iterator[Breaker]:
    made = breaker_over(cache_file, clock)
    yield made
    made._shelf.storage.close()


def rests(breaker: Breaker) -> int:
    """Seconds that the ERP is still left alone, as told to who asks; 0 if it may be asked now."""
    try:
        breaker.admit(ERP)
    except Throttled as error:
        return error.retry_after
    return 0


def fail_until_it_opens(breaker: Breaker) -> None:
    for _ in range(FAILURES):
        breaker.failed(ERP, DOWN)


def test_it_opens_after_some_failures_in_a_row(breaker: Breaker) -> None:
    for _ in range(FAILURES - 1):
        assert breaker.failed(ERP, DOWN) == 0
        assert rests(breaker) == 0
    breaker.answered(ERP)
    for _ in range(FAILURES - 1):
        assert breaker.failed(ERP, DOWN) == 0
    assert breaker.failed(ERP, DOWN) == RESTS[0]
    assert rests(breaker) == RESTS[0]
    breaker.admit(FEED)


def test_a_call_may_be_repeated_only_while_all_is_well(breaker: Breaker, clock: Clock) -> None:
    assert breaker.admit(ERP)
    breaker.failed(ERP, DOWN)
    assert not breaker.admit(ERP)
    breaker.failed(ERP, DOWN)
    breaker.failed(ERP, DOWN)
    clock.advance(RESTS[0])
    assert not breaker.admit(ERP)


def test_the_rest_grows_until_the_upstream_answers(breaker: Breaker, clock: Clock) -> None:
    fail_until_it_opens(breaker)
    for expected in (*RESTS[1:], RESTS[-1]):
        clock.advance(RESTS[-1])
        assert rests(breaker) == 0  # the trial
        assert breaker.failed(ERP, DOWN) == expected
        assert rests(breaker) == expected
    clock.advance(RESTS[-1])
    assert rests(breaker) == 0
    breaker.answered(ERP)
    assert breaker.admit(ERP)
    assert breaker.failed(ERP, DOWN) == 0


def test_calls_that_fail_together_count_once(breaker: Breaker, clock: Clock) -> None:
    fail_until_it_opens(breaker)
    assert [breaker.failed(ERP, DOWN) for _ in range(16)] == [RESTS[0]] * 16
    clock.advance(RESTS[0])
    assert rests(breaker) == 0


def test_after_a_rest_one_caller_tries_and_the_others_wait(breaker: Breaker, clock: Clock) -> None:
    fail_until_it_opens(breaker)
    clock.advance(RESTS[0])
    assert [bool(rests(breaker)) for _ in range(4)] == [False, True, True, True]
    breaker.answered(ERP)
    assert [rests(breaker) for _ in range(4)] == [0, 0, 0, 0]


def test_a_trial_that_nobody_reports_of_is_given_up(breaker: Breaker, clock: Clock) -> None:
    fail_until_it_opens(breaker)
    clock.advance(RESTS[0])
    assert rests(breaker) == 0
    clock.advance(TRIAL - 1)
    assert rests(breaker) > 0
    clock.advance(1)
    assert rests(breaker) == 0


def test_a_rest_that_was_asked_for_is_kept_by_every_process(
    breaker: Breaker, cache_file: Path, clock: Clock
) -> None:
    other = breaker_over(cache_file, clock)
    breaker.throttled(ERP, 60, SLOWER)
    breaker.throttled(ERP, 5, DOWN)  # the longer one stays
    for each in (breaker, other):
        with pytest.raises(Throttled, match="slow down") as caught:
            each.admit(ERP)
        assert caught.value.retry_after == 60
    clock.advance(60)
    assert rests(other) == 0
    assert rests(breaker) > 0  # the other one is trying
    other.answered(ERP)
    assert rests(breaker) == 0
    other._shelf.storage.close()


def test_an_upstream_that_asks_for_rest_on_trial_gets_it(breaker: Breaker, clock: Clock) -> None:
    breaker.throttled(ERP, 60, SLOWER)
    clock.advance(60)
    assert rests(breaker) == 0
    breaker.throttled(ERP, 7, SLOWER)
    assert rests(breaker) == 7


def test_an_older_call_that_succeeds_does_not_end_a_rest_that_was_asked_for(
    breaker: Breaker,
) -> None:
    breaker.admit(ERP)  # one call is under way
    breaker.throttled(ERP, 60, SLOWER)  # another comes back
    breaker.answered(ERP)
    assert rests(breaker) == 60


@pytest.mark.parametrize(
    "planted", [{"until": 9e9}, {"nonsense": 1}, {"until": "soon"}, {"failures": None}]
)
def test_a_state_that_makes_no_sense_keeps_nobody_away(
    planted: dict[str, object], breaker: Breaker
) -> None:
    from widgets.upstream.breaker import _key

    breaker._shelf.set_note(_key(ERP.base_url), planted, 100)
    assert rests(breaker) == 0
    breaker.failed(ERP, DOWN)


def test_it_works_without_a_storage(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").write_text("")
    breaker = breaker_over(tmp_path / "file" / "reads.sqlite", clock)
    fail_until_it_opens(breaker)
    assert rests(breaker) == RESTS[0]
    clock.advance(RESTS[0])
    assert rests(breaker) == 0
    breaker.answered(ERP)
    assert rests(breaker) == 0


def try_in_a_process(results: Results, barrier: Any, path: Path) -> None:
    breaker = breaker_over(path, time.time)
    rests(breaker)  # everything is opened
    barrier.wait(PATIENCE)
    time.sleep(RESTS[0])
    results.put(rests(breaker) == 0)


def test_of_all_processes_one_tries_an_upstream_that_was_left_alone(cache_file: Path) -> None:
    breaker = breaker_over(cache_file, time.time)
    with started(try_in_a_process, cache_file, processes=4, beside=1) as (results, barrier):
        barrier.wait(PATIENCE)
        fail_until_it_opens(breaker)
        tried = sorted(results.get(timeout=PATIENCE) for _ in range(4))
    breaker._shelf.storage.close()
    assert tried == [False, False, False, True]
