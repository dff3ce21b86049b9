"""SIGHUP reads the hosts file again: no request is lost, and a file with a mistake changes nothing."""

import os
import pty
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.site.serving import ROOT, Serving, serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

SECRET = "a secret of 32 characters or more"
HOSTS = """
[hosts.shop]
name = "Shop"
origins = ["{origin}"]
access = "open"
"""
WITH_KEY = """
[hosts.shop]
name = "Shop"
origins = ["https://shop.example"]
access = "key"

[[hosts.shop.keys]]
id = "1"
secret_file = "secret"
"""
# Without a terminal, as a supervisor starts it: `setsid` is what makes it so here too.
UNDER_A_SUPERVISOR = ("setsid", sys.executable, "-m", "widgets.site.cli")


@contextmanager
def shop(tmp_path: Path, hosts: str, *options: str) -> Iterator[Serving]:
    (tmp_path / "hosts.toml").write_text(hosts)
    with serving(
        tmp_path,
        *options,
        command=UNDER_A_SUPERVISOR,
        WIDGETS_HOSTS_FILE=str(tmp_path / "hosts.toml"),
    ) as server:
        yield server


def hang_up(server: Serving) -> None:
    """SIGHUP to the parent, which `setsid` may have put behind itself."""
    parent = next(
        (
            pid
            for pid, line in server.descendants("widgets.site.cli").items()
            if "setsid" not in line
        ),
        server.process.pid,
    )
    os.kill(parent, signal.SIGHUP)


def ancestors(server: Serving) -> str:
    answer = requests.get(f"{server.address}widgets/inventory/?host=shop&site=1", timeout=20)
    return answer.headers["Content-Security-Policy"].partition("frame-ancestors ")[2]


def wait_for(server: Serving, wanted: str) -> None:
    """Until every worker answers so: each request may meet another."""
    for _ in range(100):
        if {ancestors(server) for _ in range(8)} == {wanted}:
            return
        time.sleep(0.05)
    pytest.fail(f"frame-ancestors stays {ancestors(server)}: {server.complaints.read_text()}")


def test_it_is_read_again_by_every_worker_and_no_request_is_lost(tmp_path: Path) -> None:
    with shop(tmp_path, HOSTS.format(origin="https://a.example"), "--workers", "2") as server:
        workers = set(server.descendants("gunicorn"))
        address = f"{server.address}widgets/inventory/?host=shop&site=1&rows=3"
        done = threading.Event()

        def view() -> list[int]:
            with requests.Session() as session:
                return [
                    session.get(address, timeout=20).status_code for _ in iter(done.is_set, True)
                ]

        with ThreadPoolExecutor(4) as viewers:
            views = [viewers.submit(view) for _ in range(4)]
            try:
                for turn in range(6):
                    origin = f"https://{turn}.example"
                    (tmp_path / "hosts.toml").write_text(HOSTS.format(origin=origin))
                    hang_up(server)
                    wait_for(server, origin)
            finally:
                done.set()
            statuses = [status for each in views for status in each.result()]
        assert set(statuses) == {200}
        assert len(statuses) > 20
        assert set(server.descendants("gunicorn")) == workers
        assert "Hosts read again: shop" in server.complaints.read_text()


def test_a_file_with_a_mistake_changes_nothing_and_is_named_with_its_line(tmp_path: Path) -> None:
    with shop(tmp_path, HOSTS.format(origin="https://a.example")) as server:
        (tmp_path / "hosts.toml").write_text(HOSTS.format(origin="*"))
        hang_up(server)
        for _ in range(100):
            if "was not taken" in server.complaints.read_text():
                break
            time.sleep(0.05)
        assert (
            "hosts.toml, line 4: hosts.shop.origins.0: '*' is no origin"
            in server.complaints.read_text()
        )
        assert ancestors(server) == "https://a.example"
        (tmp_path / "hosts.toml").unlink()
        hang_up(server)
        time.sleep(0.5)
        assert ancestors(server) == "https://a.example"


def test_a_worker_that_starts_later_has_the_hosts_that_the_others_have(tmp_path: Path) -> None:
    with shop(tmp_path, HOSTS.format(origin="https://a.example"), "--workers", "2") as server:
        before = set(server.descendants("gunicorn"))
        for content in ("no TOML at all [", HOSTS.format(origin="https://unasked.example")):
            # Half written, or not asked to be read yet: either way not what is in force.
            (tmp_path / "hosts.toml").write_text(content)
            os.kill([*server.descendants("gunicorn")][-1], signal.SIGKILL)
            for _ in range(200):
                now = set(server.descendants("gunicorn"))
                if len(now) == 3 and now != before:
                    break
                time.sleep(0.05)
            before = now
            wait_for(server, "https://a.example")


def test_a_hang_up_before_it_is_up_does_no_harm(tmp_path: Path) -> None:
    with serving(
        tmp_path, until=None, command=UNDER_A_SUPERVISOR, WIDGETS_ERP_URL="http://127.0.0.1:9"
    ) as server:
        for _ in range(400):
            if server.descendants("gunicorn"):
                break
            time.sleep(0.01)
        for _ in range(40):
            hang_up(server)
            time.sleep(0.05)
        server.wait_until_said("Stop")
        assert requests.get(f"{server.address}healthz", timeout=20).status_code == 200


def test_a_secret_in_a_file_is_replaced_without_a_restart(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    with shop(tmp_path, WITH_KEY) as server:
        address = f"{server.address}widgets/inventory/?host=shop&site=1&key="
        assert requests.get(address + SECRET, timeout=20).status_code == 200
        (tmp_path / "secret").write_text(SECRET[::-1] + "\n")
        hang_up(server)
        for _ in range(100):
            if requests.get(address + SECRET[::-1], timeout=20).status_code == 200:
                break
            time.sleep(0.05)
        assert requests.get(address + SECRET, timeout=20).status_code == 401


def test_a_file_with_mistakes_stops_the_start_with_a_line_for_each(tmp_path: Path) -> None:
    wrong = HOSTS.format(origin="http://*") + 'colour = "red"\n'
    (tmp_path / "hosts.toml").write_text(wrong)
    path = str(tmp_path / "hosts.toml")
    with serving(tmp_path, until=None, WIDGETS_HOSTS_FILE=path) as server:
        assert server.process.wait(60) == 1
        said = server.complaints.read_text()
    assert "line 4: hosts.shop.origins.0" in said
    assert "line 6: hosts.shop.colour: there is no such setting" in said
    assert "Traceback" not in said


def test_a_terminal_that_is_closed_ends_it(tmp_path: Path) -> None:
    arguments = [
        "-m",
        "widgets.site.cli",
        "serve",
        "--port",
        "0",
        "--erp-port",
        "0",
        "--workers",
        "1",
    ]
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover - another process
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
        os.chdir(ROOT)
        os.environ["WIDGETS_CACHE_FILE"] = str(tmp_path / "reads.sqlite")
        os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - our own interpreter
    said = b""
    while b"Stop" not in said:
        said += os.read(terminal, 4096)
    os.close(terminal)
    for _ in range(400):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        time.sleep(0.05)
    else:
        os.kill(child, signal.SIGKILL)
        pytest.fail("it went on without its terminal")
    assert os.waitstatus_to_exitcode(status) == 0
