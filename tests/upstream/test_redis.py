"""Redis as the store: the same answers, and whatever can become of Redis costs no viewer anything."""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.redis_server import RedisServer
from tests.upstream.conftest import PATIENT
from tests.upstream.scripted import Scripted, ok
from widgets.upstream import Keep, ReadThrough, storage, storage_redis
from widgets.upstream.credentials import Anonymous
from widgets.upstream.kept import Failure, Kept
from widgets.upstream.place import Place
from widgets.upstream.reads import Asking, Upstream
from widgets.upstream.storage import Storage, StorageAway

NOW = datetime.now(UTC)
LATER = NOW + timedelta(hours=1)
KEPT = Kept(b'{"n": 10.10, "t": "\xc3\xa9"}', NOW, 'W/"a"')


@pytest.fixture
def kept(redis_server: RedisServer) -> Iterator[Storage]:
    client = storage_redis.connect(redis_server.url)
    yield Storage(storage_redis.RedisStore(redis_server.url, client))
    client.close()


@pytest.fixture
def reader(redis_server: RedisServer, cache_file) -> Iterator[ReadThrough]:
    made = ReadThrough(Place(cache_file, redis_url=redis_server.url), limits=PATIENT)
    yield made
    made.close()


@pytest.fixture
def get(server: Scripted, reader: ReadThrough) -> Callable[..., object]:
    def call(target: str = "/data/Numbers", ttl: float = 10) -> object:
        return reader.get(
            Upstream("ERP", "the ERP", server.url, Anonymous()),
            server.url + target,
            what="Numbers",
            keep=Keep(ttl, 100),
            check=lambda data: data,
            asking=Asking("host"),
        )

    return call


def test_answers_come_back_unchanged(kept: Storage) -> None:
    failure = Failure("upstream-invalid", "The ERP sent nonsense.", 1e9, 1e9 + 3)
    for entry in (KEPT, Kept(b"", NOW, status=0, failure=failure)):
        kept.put("k", entry, LATER)
        assert kept.get("k") == entry
    assert kept.get("other") is None
    assert kept.errors == 0


def test_an_entry_ends_with_what_may_be_shown(kept: Storage, redis_server: RedisServer) -> None:
    kept.put("k", KEPT, datetime.now(UTC) + timedelta(seconds=100))
    (key,) = redis_server.client.keys()
    assert 90 < redis_server.client.ttl(key) <= 161


@pytest.mark.parametrize(
    "planted", [b"\x80\x04\x95cos\nsystem\n", b"", b"{}", b"null", b"[" * 100_000]
)
def test_planted_entry_is_a_miss(planted: bytes, kept: Storage, redis_server: RedisServer) -> None:
    # Trap 7: with the default serializer, pickle, a planted value runs code.
    kept.put("k", KEPT, LATER)
    (key,) = redis_server.client.keys()
    redis_server.client.set(key, planted)
    assert kept.get("k") is None
    assert kept.errors == 1


def test_two_instances_share_it(
    server: Scripted, get: Callable[..., object], redis_server: RedisServer, cache_file
) -> None:
    server.always(ok({"n": 1}))
    get()
    other = ReadThrough(Place(cache_file, redis_url=redis_server.url), limits=PATIENT)
    other.get(
        Upstream("ERP", "the ERP", server.url, Anonymous()),
        f"{server.url}/data/Numbers",
        what="Numbers",
        keep=Keep(10, 100),
        check=lambda data: data,
        asking=Asking("host"),
    )
    other.close()
    assert len(server.calls) == 1


def test_a_redis_that_is_killed_costs_nothing_and_is_used_again(
    *,
    server: Scripted,
    get: Callable[..., object],
    reader: ReadThrough,
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage, "_PAUSE", 0.2)
    server.always(ok({"n": 1}))
    get()
    redis_server.kill()
    for n in range(20):
        assert get() == {"n": 1}
        assert get(f"/data/{n}") == {"n": 1}
    assert reader.storage_errors >= 1
    redis_server.start()
    time.sleep(0.3)
    get("/data/new")
    assert redis_server.client.dbsize() > 0
    errors = reader.storage_errors
    get("/data/newer")
    assert reader.storage_errors == errors


def test_a_redis_that_says_nothing_holds_nobody_for_long(
    server: Scripted, get: Callable[..., object], redis_server: RedisServer
) -> None:
    # Trap 8: by default one call can take a minute.
    server.always(ok({"n": 1}))
    redis_server.pause(30)
    started = time.monotonic()
    for n in range(5):
        assert get(f"/data/{n}") == {"n": 1}
    assert time.monotonic() - started < 10  # and not one wait for each call of each read


def test_its_password_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    url = "redis://user:s3cret@127.0.0.1:9/0"
    client = storage_redis.connect(url)
    kept = Storage(storage_redis.RedisStore(url, client))
    with caplog.at_level(logging.DEBUG), pytest.raises(StorageAway):
        kept.get("k")
    assert "127.0.0.1:9" in caplog.text
    assert "s3cret" not in caplog.text
    client.close()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:s3cret@10.0.0.5:6379/0", "redis://10.0.0.5:6379/0"),
        ("rediss://user:s3cret@[::1]:6379/2?protocol=3", "rediss://[::1]:6379/2"),
        ("redis://redis.internal", "redis://redis.internal"),
        ("unix://:s3cret@/run/redis.sock?db=0", "unix:///run/redis.sock"),
        ("redis://h/0?password=s3cret", "redis://h/0"),
        # Where it has a character that would have to be written as %XX.
        ("redis://:s3/cret@h", "Redis"),
        ("redis://:12/s3cret@h:6379/0", "Redis"),
        ("redis://:12/3?s3cret@h", "Redis"),
        ("redis://:12/s3cret#x@h", "Redis"),
        ("redis://:s3[cret@h", "Redis"),
        ("redis://:12/s3cret", "redis://:12"),
        ("s3cret@h:6379", "Redis"),
        ("s3cret:6379", "Redis"),
        ("", "Redis"),
    ],
)
def test_no_url_shows_its_password(url: str, shown: str) -> None:
    assert storage_redis.address(url) == shown
