"""Traps that need processes: one cache file, opened, locked and forked as a real server does it."""

import os
import resource
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from tests.upstream.conftest import stored_in
from tests.upstream.processes import PATIENCE, Results, run, started
from tests.upstream.scripted import Scripted, ok
from widgets.upstream import Dynamics, DynamicsConfig, ReadThrough, storage_sqlite
from widgets.upstream.credentials import Anonymous
from widgets.upstream.kept import Kept
from widgets.upstream.reads import Upstream
from widgets.upstream.storage_sqlite import prepare

BUSY = 20_000  # milliseconds: a busy machine is not what these tests are about
CUSTOMER = {"dataAreaId": "usmf", "CustomerAccount": "US-001", "OrganizationName": "Contoso"}
NOW = datetime.now(UTC)
ERP = Upstream("ERP", "the ERP", "http://erp", Anonymous())
HOUR = timedelta(hours=1)


def intact(path: Path) -> bool:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        connection.close()


def read_often(results: Results, barrier: Barrier, path: Path, url: str) -> None:
    storage_sqlite._BUSY = BUSY
    read_through = ReadThrough(path)
    barrier.wait()
    names = set()
    for n in range(30):
        erp = Dynamics(DynamicsConfig(url), read_through, scope=str(n % 7))
        names.add(erp.customer("usmf", "US-001").name)
    results.put((names, read_through.storage_errors))
    read_through.close()


def test_two_processes_share_a_prepared_file(server: Scripted, tmp_path: Path) -> None:
    server.always(ok(CUSTOMER))
    path = tmp_path / "reads.sqlite"
    prepare(path)
    assert run(read_often, path, server.url, processes=2) == [({"Contoso"}, 0)] * 2
    assert len(server.calls) <= 14  # what one process has read, the other finds
    assert intact(path)


def test_two_processes_on_a_fresh_file_still_answer(server: Scripted, tmp_path: Path) -> None:
    # Trap 5: a WAL file that two processes make at once is locked for one of them.
    server.always(ok(CUSTOMER))
    path = tmp_path / "reads.sqlite"
    for names, _ in run(read_often, path, server.url, processes=2):
        assert names == {"Contoso"}
    assert intact(path)


def read_fork_and_read(results: Results, _barrier: Barrier, path: Path, url: str) -> None:
    storage_sqlite._BUSY = BUSY
    prepare(path)
    read_through = ReadThrough(path)

    def read(scope: str) -> str:
        read_through.each(ERP, len, ["a", "b"])  # the threads as well
        return Dynamics(DynamicsConfig(url), read_through, scope=scope).customer("usmf", "1").name

    read("parent before")
    child = os.fork()
    if child == 0:
        try:
            good = [read(f"child {n}") for n in range(20)] == ["Contoso"] * 20
            os._exit(0 if good and read_through.storage_errors == 0 else 1)
        except BaseException:
            os._exit(2)
    names = [read(f"parent {n}") for n in range(20)]
    _, status = os.waitpid(child, 0)
    results.put((names == ["Contoso"] * 20, read_through.storage_errors, status))
    read_through.close()


def test_nothing_is_shared_across_a_fork(server: Scripted, tmp_path: Path) -> None:
    server.always(ok(CUSTOMER | {"CustomerAccount": "1"}))
    path = tmp_path / "reads.sqlite"
    assert run(read_fork_and_read, path, server.url) == [(True, 0, 0)]
    assert len(server.calls) == 41
    assert intact(path)


def hold_write_lock(results: Results, barrier: Barrier, path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    barrier.wait(PATIENCE)  # it is held
    barrier.wait(PATIENCE)  # it may go
    connection.execute("ROLLBACK")
    connection.close()
    results.put(None)


def test_lock_held_by_another_process(server: Scripted, cache_file: Path) -> None:
    # Trap 5: a miss loops for ever inside a process-wide lock.
    server.always(ok(CUSTOMER))
    with started(hold_write_lock, cache_file, beside=1) as (results, barrier):
        read_through = ReadThrough(cache_file)
        try:
            barrier.wait(PATIENCE)
            erp = Dynamics(DynamicsConfig(server.url), read_through, scope="host")
            for _ in range(3):
                assert erp.customer("usmf", "US-001").name == "Contoso"
            assert len(server.calls) == 1  # what cannot be stored is remembered
            assert read_through.storage_errors >= 1
            barrier.wait(PATIENCE)
            results.get(timeout=PATIENCE)
        finally:
            read_through.close()


def fill_the_disk(results: Results, _barrier: Barrier, path: Path) -> None:
    file = stored_in(path)
    old = Kept(b"{}", NOW, "")
    file.put("old", old, NOW + HOUR)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    file.put("new", Kept(b"x" * 1_000_000, NOW, ""), NOW + HOUR)
    results.put((file.get("old") == old, file.get("new"), file.errors))
    file.close()


def test_full_disk(cache_file: Path) -> None:
    # Trap 5: the cache silently stops filling. Here it is counted, and what is kept still serves.
    ((old, new, errors),) = run(fill_the_disk, cache_file)
    assert (old, new) == (True, None)
    assert errors >= 1
    assert intact(cache_file)


def read_without_rights(results: Results, _barrier: Barrier, path: Path, url: str) -> None:
    if os.getuid() == 0:  # root may write everywhere
        # Whatever is imported on first use must be so now: another user may not see the checkout.
        Dynamics(DynamicsConfig(url), ReadThrough(path), scope="root").customer("usmf", "US-001")
        os.setuid(65534)
    read_through = ReadThrough(path)
    erp = Dynamics(DynamicsConfig(url), read_through, scope="host")
    results.put(
        ([erp.customer("usmf", "US-001").name for _ in range(2)], read_through.storage_errors)
    )
    read_through.close()


@pytest.fixture
def readable_folder() -> Iterator[Path]:
    """A folder that another user can enter; pytest's own folders are private."""
    path = Path(tempfile.mkdtemp(prefix="erp-widgets-test-"))
    path.chmod(0o755)
    yield path
    path.chmod(0o755)
    shutil.rmtree(path)


def test_read_only_file(server: Scripted, readable_folder: Path) -> None:
    # Trap 5: with a read-only file a miss loops for ever.
    server.always(ok(CUSTOMER))
    path = readable_folder / "reads.sqlite"
    prepare(path)
    path.chmod(0o444)
    readable_folder.chmod(0o555)
    ((names, errors),) = run(read_without_rights, path, server.url)
    assert names == ["Contoso", "Contoso"]
    assert errors >= 1
