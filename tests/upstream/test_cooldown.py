"""The table of rests by itself; through a read it is tested in test_readthrough.py."""

import pytest

from tests.upstream.conftest import Clock
from widgets.errors import UpstreamUnavailable
from widgets.upstream.cooldown import Cooldowns


def test_an_older_call_that_succeeds_does_not_end_a_rest_that_was_asked_for() -> None:
    clock = Clock()
    cooldowns = Cooldowns(clock)
    cooldowns.check("erp")  # one call is under way
    cooldowns.check("erp")  # another
    cooldowns.start("erp", 60, "the ERP asked us to slow down")
    cooldowns.end("erp")  # the first one comes back
    with pytest.raises(UpstreamUnavailable, match="slow down"):
        cooldowns.check("erp")


def test_a_trial_that_succeeds_ends_the_rest_for_all() -> None:
    clock = Clock()
    cooldowns = Cooldowns(clock)
    seconds = cooldowns.fail("erp", "the ERP is not answering")
    clock.now += seconds
    cooldowns.check("erp")  # on trial
    with pytest.raises(UpstreamUnavailable):
        cooldowns.check("erp")
    cooldowns.end("erp")
    cooldowns.check("erp")
    assert cooldowns.fail("erp", "again") == seconds  # counted from the start
