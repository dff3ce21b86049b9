"""The cache file and everything that can be wrong with it: an answer is then asked for, never an error."""

import json
import logging
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.upstream.conftest import stored_in
from widgets.upstream import purging, storage, storage_sqlite
from widgets.upstream.kept import Failure, Kept
from widgets.upstream.storage import Storage, StorageAway
from widgets.upstream.storage_sqlite import prepare

NOW = datetime.now(UTC)
LATER = NOW + timedelta(hours=1)
KEPT = Kept(b'{"n": 10.10, "t": "\xc3\xa9"}', NOW, 'W/"a"')
PATIENCE = 30.0  # seconds: only a hang takes so long


@pytest.fixture
def kept(cache_file: Path) -> Iterator[Storage]:
    made = stored_in(cache_file)
    yield made
    made.close()


def rows(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        count: int = connection.execute("SELECT count(*) FROM responses").fetchone()[0]
    connection.close()
    return count


def write_raw(path: Path, key: str, value: object) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT OR REPLACE INTO responses VALUES (?, ?, ?)", (key, value, 2e9))
    connection.close()


def test_answer_comes_back_unchanged(kept: Storage) -> None:
    kept.put("k", KEPT, LATER)
    assert kept.get("k") == KEPT
    assert kept.get("other") is None
    assert kept.errors == 0


def test_a_failure_and_a_404_come_back_unchanged(kept: Storage) -> None:
    failure = Failure("upstream-unavailable", "The ERP is not answering.", 1e9, 1e9 + 3)
    for entry in (
        Kept(b"{}", NOW, failure=failure),
        Kept(b"", NOW, status=0, failure=failure),
        Kept(b'["gone", ""]', NOW, status=404),
    ):
        kept.put("k", entry, LATER)
        assert kept.get("k") == entry
    assert kept.errors == 0


def test_prepare_makes_a_private_wal_file(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "reads.sqlite"
    prepare(path)
    prepare(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.parametrize("damaged", [b"", b"SQLite format 3\0" + b"no database" * 1000])
def test_prepare_replaces_a_damaged_database(damaged: bytes, tmp_path: Path) -> None:
    path = tmp_path / "reads.sqlite"
    path.write_bytes(damaged)
    prepare(path)
    assert rows(path) == 0


@pytest.mark.parametrize("content", [b"Dear diary", b"SQLite format", b"\0"])
def test_prepare_leaves_a_file_that_is_not_ours(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "reads.sqlite"
    path.write_bytes(content)
    with pytest.raises(FileExistsError, match="no cache of ours"):
        prepare(path)
    assert path.read_bytes() == content


def test_prepare_closes_a_file_that_others_could_read(tmp_path: Path) -> None:
    path = tmp_path / "reads.sqlite"
    path.touch(0o644)
    prepare(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_prepare_says_that_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        prepare(tmp_path / "file" / "reads.sqlite")


def test_each_thread_has_a_connection_of_its_own(
    kept: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Trap 4: one connection for all threads gave "another row available".
    monkeypatch.setattr(storage_sqlite, "_BUSY", 20_000)  # a busy machine is not what this is about
    seen: list[object] = []

    def work(n: int) -> None:
        for i in range(20):
            kept.put(f"{n}-{i % 5}", KEPT, LATER)
            assert kept.get(f"{n}-{i % 5}") == KEPT
            assert kept.get("nothing") is None
        seen.append(kept.connections())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert kept.errors == 0
    assert kept.connections() not in seen


def test_write_lock_held_elsewhere_neither_hangs_nor_blocks_hits(
    kept: Storage, cache_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Trap 5: requests-cache waits for ever, inside a lock that blocks the hits of other threads.
    monkeypatch.setattr(storage, "_PAUSE", 1000.0)
    kept.put("k", KEPT, LATER)
    other = sqlite3.connect(cache_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        kept.put("new", KEPT, LATER)
        assert kept.errors == 1
        assert kept.get("k") == KEPT
        with ThreadPoolExecutor(1) as pool:  # a thread that opens its connection while it is locked
            assert pool.submit(kept.get, "k").result(PATIENCE) == KEPT
        kept.put("new", KEPT, LATER)  # left alone for a while: not even tried
        assert kept.errors == 1
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_writing_goes_on_after_the_pause(
    kept: Storage, cache_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_PAUSE", 0.0)
    other = sqlite3.connect(cache_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    kept.put("k", KEPT, LATER)
    other.execute("ROLLBACK")
    other.close()
    kept.put("k", KEPT, LATER)
    assert kept.get("k") == KEPT
    assert kept.errors == 1


def test_deleted_file_is_made_anew(
    kept: Storage, cache_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_PAUSE", 0.0)
    kept.put("k", KEPT, LATER)
    for part in cache_file.parent.iterdir():
        part.unlink()
    for _ in range(3):
        kept.put("k", KEPT, LATER)
    assert kept.get("k") == KEPT
    assert rows(cache_file) == 1


def test_deleted_folder_is_a_miss(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    lost = stored_in(tmp_path / "file" / "reads.sqlite")
    lost.put("k", KEPT, LATER)
    with pytest.raises(StorageAway):
        lost.get("k")
    assert lost.errors == 2


def test_corrupt_file_is_a_miss(cache_file: Path) -> None:
    cache_file.write_bytes(b"garbage" * 4096)  # no database of ours, so it is left as it is
    kept = stored_in(cache_file)
    with pytest.raises(StorageAway):
        kept.get("k")
    kept.put("k", KEPT, LATER)
    assert kept.errors == 2
    kept.close()


def planted() -> list[object]:
    """What a table can hold that is no answer of ours."""
    good = {
        "_content": "eyJuIjogMX0=",
        "created_at": "2026-01-01T00:00:00+00:00",
        "status_code": 200,
        "headers": {},
    }
    return [
        b"\x80\x04\x95cos\nsystem\n",  # a pickle that would run code
        b"\xff\xfe",
        "",
        "null",
        "[]",
        "{}",
        "{" * 10_000,
        "[" * 100_000,
        json.dumps(good | {"created_at": 5}),
        json.dumps(good | {"created_at": "yesterday"}),
        json.dumps(good | {"created_at": "2026-01-01T00:00:00"}),
        json.dumps(good | {"_content": 7}),
        json.dumps(good | {"_content": "not base64!"}),
        json.dumps(good | {"headers": "x"}),
        json.dumps(good | {"status_code": 500}),
        json.dumps(good | {"headers": {"X-Failure": "[]"}}),
        json.dumps(good | {"headers": {"X-Failure": '["internal", "", 1, 2]'}}),
        json.dumps(good | {"headers": {"X-Failure": '["upstream-invalid", "", 1, Infinity]'}}),
        json.dumps(good | {"headers": {"X-Failure": '["upstream-invalid", "", NaN, NaN]'}}),
        json.dumps(good | {"headers": {"X-Failure": '["upstream-invalid", "", 1, 9e12]'}}),
        json.dumps(good | {"status_code": 404}),
        json.dumps(good | {"status_code": 404, "_content": "WzEse31d"}),
        None,
        17,
    ]


@pytest.mark.parametrize("value", planted(), ids=range(24))
def test_planted_entry_is_a_miss(value: object, kept: Storage, cache_file: Path) -> None:
    # Trap 7: with the default serializer, pickle, a planted value runs code.
    write_raw(cache_file, "k", value)
    assert kept.get("k") is None
    assert kept.errors == 1
    kept.put("k", KEPT, LATER)
    assert kept.get("k") == KEPT


@pytest.mark.parametrize("etag", ['"a\r\nX-Evil: 1"', "a", '"é"'])
def test_planted_etag_cannot_break_a_header(etag: str, kept: Storage) -> None:
    kept.put("k", Kept(b"{}", NOW, etag), LATER)
    assert kept.get("k") == Kept(b"{}", NOW, "")


def test_prepare_does_not_replace_what_is_only_locked(cache_file: Path) -> None:
    stored_in(cache_file).put("k", KEPT, LATER)
    other = sqlite3.connect(cache_file, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(sqlite3.OperationalError):
            prepare(cache_file)
    finally:
        other.close()
    assert rows(cache_file) == 1


def test_file_holds_json_and_no_pickle(kept: Storage, cache_file: Path) -> None:
    kept.put("k", KEPT, LATER)
    connection = sqlite3.connect(cache_file)
    (value,) = connection.execute("SELECT value FROM responses").fetchone()
    connection.close()
    assert json.loads(value)["status_code"] == 200


def test_purge_removes_what_nobody_may_be_shown(kept: Storage, cache_file: Path) -> None:
    # Trap 7: expired rows stay for ever unless they are deleted, and a vacuum locks the whole file.
    kept.put("old", KEPT, NOW - timedelta(seconds=5))
    kept.put("new", KEPT, LATER)
    size = cache_file.stat().st_size
    kept.purge()
    assert rows(cache_file) == 1
    assert kept.get("new") == KEPT
    assert cache_file.stat().st_size >= size


def test_purge_happens_by_itself(cache_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "EVERY", 0.01)
    monkeypatch.setattr(purging, "_thread", None)
    kept = stored_in(cache_file)
    kept.put("old", KEPT, NOW - timedelta(seconds=5))
    end = time.monotonic() + PATIENCE
    while rows(cache_file):
        assert time.monotonic() < end
        time.sleep(0.01)
    monkeypatch.setattr(purging, "EVERY", 1e6)  # the thread stays, and sleeps
    kept.close()


def test_a_file_that_is_damaged_later_is_made_anew(
    cache_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_PAUSE", 0.0)
    cache_file.write_bytes(b"SQLite format 3\0" + b"no database" * 4096)
    kept = stored_in(cache_file)
    with pytest.raises(StorageAway):
        kept.get("k")
    assert kept.trouble
    kept.put("k", KEPT, LATER)
    assert kept.get("k") == KEPT
    assert kept.trouble == ""
    kept.close()


def test_trouble_lasts_until_it_goes_well_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_PAUSE", 0.0)
    (tmp_path / "file").write_text("")
    lost = stored_in(tmp_path / "file" / "reads.sqlite")
    assert lost.trouble == ""
    with pytest.raises(StorageAway):
        lost.get("k")
    time.sleep(0.01)
    assert lost.trouble
    (tmp_path / "file").unlink()
    (tmp_path / "file").mkdir()
    assert lost.get("k") is None
    assert lost.trouble == ""
    lost.close()


def test_failures_are_logged_once_in_a_while(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_PAUSE", 0.0)
    (tmp_path / "file").write_text("")
    lost = stored_in(tmp_path / "file" / "reads.sqlite")
    with caplog.at_level(logging.WARNING, "widgets"):
        for _ in range(5):
            with pytest.raises(StorageAway):
                lost.get("k")
    assert lost.errors == 5
    assert len(caplog.records) == 1
    assert "upstreams are asked instead" in caplog.text


def test_disk_full_is_counted(kept: Storage) -> None:
    # Trap 5: requests-cache rolls back and says nothing.
    kept.put("k", KEPT, LATER)
    table = kept.connections()
    assert isinstance(table, storage_sqlite._Responses)
    with table.connection() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    kept.put("big", Kept(os.urandom(200_000), NOW, ""), LATER)
    assert kept.errors == 1
    assert kept.get("big") is None
    assert kept.get("k") == KEPT


def test_threads_that_end_close_their_connections(kept: Storage, cache_file: Path) -> None:
    def opened() -> int:
        found = 0
        for each in Path("/proc/self/fd").iterdir():
            with suppress(FileNotFoundError):  # another thread's, and closed by now
                found += str(each.readlink()).startswith(str(cache_file))
        return found

    kept.put("k", KEPT, LATER)
    before = opened()
    assert before
    for _ in range(5):
        thread = threading.Thread(target=kept.put, args=("k", KEPT, LATER))
        thread.start()
        thread.join()
    assert opened() <= before + 1  # SQLite keeps one for whoever comes next


def test_a_file_that_is_made_again_is_nobody_elses_to_read(tmp_path: Path) -> None:
    path = tmp_path / "reads.sqlite"
    prepare(path)
    path.unlink()
    storage = stored_in(path)
    storage.put("key", Kept(b"{}", datetime.now(UTC), ""), datetime.now(UTC) + timedelta(hours=1))
    assert storage.get("key") is not None
    assert {stat.S_IMODE(part.stat().st_mode) for part in tmp_path.iterdir()} == {0o600}


def test_file_stays_under_its_bound_and_keeps_what_serves_longest(cache_file: Path) -> None:
    bound = 2 * 1024 * 1024
    kept = stored_in(cache_file, bound)
    for n in range(1000):
        kept.put(str(n), Kept(os.urandom(5_000), NOW), LATER + timedelta(seconds=n))
    kept.close()  # the last connection to go writes the log into the file
    assert cache_file.stat().st_size < 1.5 * bound
    assert rows(cache_file) > 100
    kept = stored_in(cache_file, bound)
    assert kept.get("999")
    assert kept.get("0") is None
    assert kept.errors == 0
    kept.close()
