"""How many requests a minute a host may make: counted in Redis over all instances where there is one, else
in each process."""

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import FixedWindowRateLimiter
from redis import ConnectionPool, RedisError

_WAIT = 0.2  # seconds for Redis; this is asked before each page of a host with a limit
_PAUSE = 5.0  # seconds to count by ourselves where Redis failed


class RateLimits:
    """Safe to share between threads. Made in the process that uses it, for it can start a thread.

    redis_url: "" for none. A Redis that fails lets nobody in for free: each process counts meanwhile.
    """

    def __init__(self, redis_url: str) -> None:
        self._alone = FixedWindowRateLimiter(MemoryStorage())
        self._together = FixedWindowRateLimiter(_redis(redis_url)) if redis_url else None
        self._together_again = 0.0

    def wait(self, host: str, per_minute: int) -> int:
        """Counts a request; 0 if it is within the limit, else the seconds until another may be."""
        limit = RateLimitItemPerMinute(per_minute)
        if self._together and time.monotonic() >= self._together_again:
            try:
                return _wait(self._together, limit, host)
            except (RedisError, OSError):
                self._together_again = time.monotonic() + _PAUSE
        return _wait(self._alone, limit, host)


def _wait(limiter: FixedWindowRateLimiter, limit: RateLimitItemPerMinute, host: str) -> int:
    if limiter.hit(limit, host):
        return 0
    resets = limiter.get_window_stats(limit, host).reset_time
    return max(1, math.ceil(resets - time.time()))


def _redis(url: str) -> Storage:
    pool = ConnectionPool.from_url(url, socket_timeout=_WAIT, socket_connect_timeout=_WAIT)
    return RedisStorage("redis://", connection_pool=pool, key_prefix="erp-widgets:limit")
