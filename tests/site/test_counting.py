"""Where the processes of a server count."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from widgets.site import counting


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """In place of /dev/shm."""
    monkeypatch.setattr(counting, "MEMORY", tmp_path)
    monkeypatch.setattr(counting, "_held", [])
    monkeypatch.setattr("atexit.register", lambda _: None)
    monkeypatch.setenv(counting.VARIABLE, "")
    yield tmp_path
    for lock in counting._held:
        os.close(lock)


def folder() -> Path:
    return Path(os.environ[counting.VARIABLE])


def test_it_is_made_in_memory_for_this_user_alone_and_removed(memory):
    counting.start()
    assert folder().parent == memory
    assert folder().stat().st_mode & 0o777 == 0o700
    counting.end()
    assert not folder().exists()


@pytest.mark.parametrize("missing", ["memory", "room"])
def test_it_is_on_disk_where_memory_has_no_room(memory, monkeypatch, tmp_path, missing):
    disk = tmp_path / "disk"
    disk.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(disk))
    if missing == "memory":
        monkeypatch.setattr(counting, "MEMORY", tmp_path / "none")
    else:
        monkeypatch.setattr(counting, "ROOM", 1 << 62)
    counting.start()
    assert folder().parent == disk


def test_a_server_that_can_write_nowhere_starts_nevertheless(memory, monkeypatch):
    def refuse(**_: object) -> str:
        raise PermissionError

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    counting.start()
    assert counting.VARIABLE not in os.environ


def test_one_that_is_named_is_made_and_not_removed(memory, monkeypatch, tmp_path):
    monkeypatch.setenv(counting.VARIABLE, str(tmp_path / "my" / "own"))
    counting.start()
    counting.end()
    assert folder() == tmp_path / "my" / "own"
    assert folder().is_dir()


def test_the_successor_of_a_server_does_not_count_with_it(memory):
    counting.start()
    first = folder()
    counting.start()
    assert folder() != first
    counting.end()
    assert first.exists()


def test_only_what_nobody_holds_and_is_not_being_made_is_removed(memory):
    old = time.time() - 3600
    left, held, young = (memory / f"{counting.PREFIX}{name}" for name in ("left", "held", "young"))
    for each in (left, held, young):
        each.mkdir()
    counting._hold(held)
    (left / "counter_1.db").touch()
    for each in (left, held):
        os.utime(each, (old, old))
    counting.start()
    assert not left.exists()
    assert held.exists()
    assert young.exists()


def test_a_start_that_fails_leaves_none():
    code = (
        "import os, sys; from widgets.site import counting; counting.start(); "
        f"sys.exit(os.environ['{counting.VARIABLE}'])"
    )
    environment = {k: v for k, v in os.environ.items() if k != counting.VARIABLE}
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    made = Path(ended.stderr.strip())
    assert made.name.startswith(counting.PREFIX)
    assert not made.exists()
