"""When to come back, and what is not asked meanwhile."""

from datetime import UTC, datetime

import pytest

from tests.upstream.conftest import Clock
from widgets.errors import UpstreamUnavailable
from widgets.upstream.answers import retry_after
from widgets.upstream.cooldown import Cooldowns

NOW = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("17", 17),
        (" 17 ", 17),
        ("0", 1),
        ("999999", 300),
        ("Mon, 23 Nov 2026 08:00:45 GMT", 45),
        ("Mon, 23 Nov 2026 08:00:45 -0000", 45),
        ("Mon, 23 Nov 2026 07:00:00 GMT", 1),
        ("Tue, 24 Nov 2026 08:00:00 GMT", 300),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("9" * 400, None),
    ],
)
def test_retry_after(value: str, seconds: int | None) -> None:
    assert retry_after({"Retry-After": value}, NOW) == seconds


def test_no_retry_after() -> None:
    assert retry_after({}) is None


def rests(cooldowns: Cooldowns, upstream: str = "erp") -> int:
    """Seconds that the upstream is still left alone, as told to who asks; 0 if it may be asked now."""
    try:
        cooldowns.check(upstream)
    except UpstreamUnavailable as error:
        return error.retry_after
    return 0


def test_cooldown_ends_and_the_longer_one_stays(clock: Clock) -> None:
    cooldowns = Cooldowns(clock)
    cooldowns.start("erp", 60, "The ERP asked us to slow down.")
    cooldowns.start("erp", 5, "The ERP is not answering.")
    cooldowns.check("another")
    clock.advance(59)
    with pytest.raises(UpstreamUnavailable, match="slow down") as caught:
        cooldowns.check("erp")
    assert caught.value.retry_after == 1
    clock.advance(1)
    cooldowns.check("erp")


def test_the_rest_grows_until_the_upstream_answers(clock: Clock) -> None:
    cooldowns = Cooldowns(clock)
    for expected in (5, 10, 20, 40, 60, 60):
        assert rests(cooldowns) == 0
        assert cooldowns.fail("erp", "The ERP is not answering.") == expected
        clock.advance(expected - 1)
        assert rests(cooldowns) == 1
        clock.advance(1)
    assert rests(cooldowns) == 0
    cooldowns.end("erp")
    assert cooldowns.fail("erp", "The ERP is not answering.") == 5


def test_calls_that_fail_together_count_once(clock: Clock) -> None:
    cooldowns = Cooldowns(clock)
    assert [cooldowns.fail("erp", "The ERP is not answering.") for _ in range(16)] == [5] * 16
    clock.advance(5)
    assert rests(cooldowns) == 0


def test_after_a_rest_one_caller_tries_and_the_others_wait(clock: Clock) -> None:
    cooldowns = Cooldowns(clock)
    cooldowns.fail("erp", "The ERP is not answering.")
    clock.advance(5)
    assert [rests(cooldowns) for _ in range(4)] == [0, 5, 5, 5]
    cooldowns.end("erp")
    assert [rests(cooldowns) for _ in range(4)] == [0, 0, 0, 0]


def test_a_trial_that_nobody_reports_of_is_given_up(clock: Clock) -> None:
    cooldowns = Cooldowns(clock)
    cooldowns.fail("erp", "The ERP is not answering.")
    clock.advance(5)
    assert rests(cooldowns) == 0
    clock.advance(29)
    assert rests(cooldowns) == 5
    clock.advance(1)
    assert rests(cooldowns) == 0


def test_an_upstream_that_asks_for_rest_on_trial_gets_it(clock: Clock) -> None:
    cooldowns = Cooldowns(clock)
    cooldowns.start("erp", 60, "The ERP asked us to slow down.")
    clock.advance(60)
    assert rests(cooldowns) == 0
    cooldowns.start("erp", 7, "The ERP asked us to slow down.")
    assert rests(cooldowns) == 7
