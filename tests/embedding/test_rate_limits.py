"""Limits that several instances count together, and what becomes of them without Redis."""

import pytest

from tests.redis_server import RedisServer
from widgets.embedding import rate_limits
from widgets.embedding.rate_limits import RateLimits


def test_instances_on_one_redis_count_together(redis_server: RedisServer) -> None:
    one, other = RateLimits(redis_server.url), RateLimits(redis_server.url)
    assert [one.wait("sales", 3), other.wait("sales", 3), one.wait("sales", 3)] == [0, 0, 0]
    assert 0 < other.wait("sales", 3) <= 60
    assert other.wait("crm", 3) == 0


def test_without_redis_each_process_counts_by_itself() -> None:
    one, other = RateLimits(""), RateLimits("")
    assert [one.wait("sales", 1), other.wait("sales", 1)] == [0, 0]
    assert one.wait("sales", 1) > 0


def test_a_redis_that_is_gone_lets_nobody_in_for_free_and_is_used_again(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "_PAUSE", 0.0)
    limits = RateLimits(redis_server.url)
    limits.wait("sales", 2)
    redis_server.kill()
    assert [limits.wait("sales", 2) > 0 for _ in range(3)] == [False, False, True]
    redis_server.start()
    assert [limits.wait("sales", 2) > 0 for _ in range(3)] == [False, False, True]
