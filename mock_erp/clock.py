"""The mock's own clock: it can be frozen, sped up, advanced and set."""

import threading
import time
from datetime import UTC, datetime, timedelta

# How far the clock may go. Before the start there is no story to tell; far beyond it the story of
# orders grows without use.
FURTHEST = timedelta(days=5 * 366)


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant as an aware UTC datetime; without an offset it is taken as UTC.

    Raises ValueError.
    """
    instant = datetime.fromisoformat(text)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


class Clock:
    """Simulated time: `speed` simulated seconds pass for each real second; 0 freezes it."""

    def __init__(self, start: datetime, speed: float = 1.0) -> None:
        self.start = start
        self._initial_speed = speed
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Back to the start, at the speed the clock was made with."""
        with self._lock:
            self._base = self.start
            self._anchor = time.monotonic()
            self._speed = self._initial_speed

    @property
    def speed(self) -> float:
        return self._speed

    def now(self) -> datetime:
        with self._lock:
            return self._now()

    def _now(self) -> datetime:
        elapsed = (time.monotonic() - self._anchor) * self._speed
        return min(self._base + timedelta(seconds=elapsed), self.start + FURTHEST)

    def set(self, instant: datetime) -> None:
        """Raises ValueError for an instant before the start or too far after it."""
        with self._lock:
            self._set(instant)

    def advance(self, seconds: float) -> None:
        """Raises ValueError as `set` does, and OverflowError."""
        with self._lock:
            self._set(self._now() + timedelta(seconds=seconds))

    def set_speed(self, speed: float) -> None:
        with self._lock:
            self._set(self._now())
            self._speed = speed

    def _set(self, instant: datetime) -> None:
        if not self.start <= instant <= self.start + FURTHEST:
            raise ValueError(
                f"the clock goes from {self.start.isoformat()} to"
                f" {(self.start + FURTHEST).isoformat()}, not to {instant.isoformat()}"
            )
        self._base = instant
        self._anchor = time.monotonic()
