"""A check that is ended early leaves nothing behind: no process and no folder."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from widgets.contract import __main__ as check

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform != "linux", reason="asks Linux which processes there are"),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: Chromium puts a socket below it, whose path may have 107 bytes; pytest has longer ones."""
    with tempfile.TemporaryDirectory(prefix="ends-") as name:
        yield Path(name)


def begun(folder: Path) -> subprocess.Popen[str]:
    """`erp-widgets widgets check ticker`, at its first report, so that everything runs that it starts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "widgets.site.cli", "widgets", "check", "ticker"],
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # The tests may run under nohup.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # noqa: PLW1509
    )
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "frame-and-partial" in line:
            return process
    raise AssertionError(said + process.communicate()[1])


def running(folder: Path) -> dict[int, str]:
    """The processes that were started with `folder` as the place for temporary files."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it has ended
        if f"TMPDIR={folder}\0".encode() in environment:
            found[int(process.name)] = command
    return found


def after_a_while(folder: Path, what: str = "") -> list[str]:
    """Commands with `what` in them that still run, once they have had time to end."""
    end = time.monotonic() + 20
    while found := [command for command in running(folder).values() if what in command]:
        if time.monotonic() > end:
            break
        time.sleep(0.05)
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_that_was_started(folder: Path, number: int) -> None:
    process = begun(folder)
    assert any("mock_erp" in command for command in running(folder).values())
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert said == ""
    assert after_a_while(folder) == []
    assert list(folder.iterdir()) == []


LOST = """
import gc, os, signal, sys
from widgets.contract import __main__ as check

check.end_in_order()
gc.callbacks.append(lambda *_: os.kill(os.getpid(), signal.SIGTERM))
gc.collect()
gc.callbacks.clear()
sys.exit(check.run(["ticker"]))
"""


def test_a_signal_that_meets_the_garbage_collector_ends_it_too(folder: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LOST],
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Exception ignored in" in ended.stderr  # of which Python itself tells
    assert ended.returncode == 128 + signal.SIGTERM
    assert "  ok  " not in ended.stdout
    assert after_a_while(folder) == []
    assert list(folder.iterdir()) == []


def test_what_goes_wrong_after_a_signal_does_not_hide_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: list[str]) -> int:
        raise RuntimeError

    monkeypatch.setattr(check, "main", fails)
    with pytest.raises(RuntimeError):
        check.run([])
    monkeypatch.setattr(check, "_leaving", [143])
    assert check.run([]) == 143


def test_the_mock_ends_even_where_the_check_was_killed(folder: Path) -> None:
    process = begun(folder)
    assert any("mock_erp" in command for command in running(folder).values())
    process.kill()
    process.communicate(timeout=60)
    assert after_a_while(folder, "mock_erp") == []
    assert after_a_while(folder) == []
