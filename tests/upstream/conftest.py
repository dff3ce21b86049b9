from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.upstream.scripted import Scripted, scripted
from widgets.upstream import Limits, Read, ReadThrough
from widgets.upstream.storage import Storage
from widgets.upstream.storage_sqlite import SqliteStore, prepare

# So long that no machine is too busy for them, and so short that a test of a bound is soon over.
PATIENT = Limits(connect=20.0, read=20.0, total=30.0, max_body=200_000)
SHORT = Limits(connect=1.0, read=0.3, total=0.8, max_body=200_000)


class Clock:
    """Seconds since 1970, for freshness; stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def stored_in(path: Path, most_bytes: int = 256 * 1024 * 1024) -> Storage:
    return Storage(SqliteStore(path, most_bytes))


@pytest.fixture
def server() -> Iterator[Scripted]:
    with scripted() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache_file(tmp_path: Path) -> Path:
    path = tmp_path / "cache" / "reads.sqlite"
    prepare(path)
    return path


@pytest.fixture
def read_through(cache_file: Path, clock: Clock) -> Iterator[ReadThrough]:
    made = ReadThrough(cache_file, limits=PATIENT, clock=clock)
    yield made
    made.close()


@pytest.fixture
def reads() -> list[Read]:
    return []
