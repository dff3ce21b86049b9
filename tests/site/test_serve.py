"""`serve` as a real process: it starts what is needed, says where, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.site.serving import ROOT, THIS_TREE, serving
from widgets.site.serve import ServeError, mock_settings, serve
from widgets.site.settings import Settings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
NOBODY = "http://127.0.0.1:9/erp"  # port 9 is "discard": no ERP is asked in these tests


def with_limit(name: str, seconds: float) -> list[str]:
    """The command with another time limit than people get."""
    change = f"from widgets.site import cli, serve; serve.{name} = {seconds}; cli.main()"
    return [sys.executable, "-c", change]


@pytest.mark.parametrize("how_to_stop", [signal.SIGINT, signal.SIGTERM])
def test_serves_over_a_mock_until_told_to_stop(tmp_path: Path, how_to_stop: signal.Signals) -> None:
    with serving(tmp_path) as server:
        with urllib.request.urlopen(server.address) as gallery:
            assert gallery.status == 200
        assert "ERP      a mock" in server.said
        assert server.descendants("mock_erp")
        server.process.send_signal(how_to_stop)
        assert server.process.wait(30) == 0
        assert not server.descendants()
        assert "Traceback" not in server.complaints.read_text()


def test_children_end_when_the_parent_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.process.kill()
        server.process.wait(10)
        assert server.all_gone()


@pytest.mark.parametrize(
    ("victim", "name"), [("mock_erp", "mock ERP"), ("gunicorn", "widget server")]
)
def test_one_child_that_ends_takes_the_other_along(tmp_path: Path, victim: str, name: str) -> None:
    with serving(tmp_path) as server:
        os.kill(min(server.descendants(victim)), signal.SIGKILL)
        assert server.process.wait(30) == 1
        assert f"The {name} ended by itself" in server.complaints.read_text()
        assert server.all_gone()


def test_a_child_that_does_not_end_when_asked_is_made_to(tmp_path: Path) -> None:
    with serving(tmp_path, command=with_limit("STOP_WITHIN", 0.2)) as server:
        os.kill(min(server.descendants("gunicorn")), signal.SIGSTOP)
        server.process.terminate()
        assert server.process.wait(30) == 0
        assert not server.descendants()


def test_a_server_that_does_not_come_up_in_time_is_said(tmp_path: Path) -> None:
    with serving(tmp_path, command=with_limit("START_WITHIN", 0.01), until=None) as server:
        assert server.process.wait(30) == 1
        assert "The mock ERP did not answer on port" in server.complaints.read_text()
        assert not server.descendants()


def test_told_to_stop_before_it_is_up(tmp_path: Path) -> None:
    with serving(tmp_path, until=None) as server:
        while not server.descendants("mock_erp"):
            assert server.process.poll() is None
        server.process.terminate()
        assert server.process.wait(30) == 0
        assert not server.descendants()


def test_an_erp_that_is_named_is_read_instead_of_a_mock(tmp_path: Path) -> None:
    with serving(tmp_path, WIDGETS_ERP_URL=NOBODY) as server:
        assert not server.descendants("mock_erp")
        assert "ERP      http://127.0.0.1:9/erp" in server.said
        server.process.terminate()
        assert server.process.wait(30) == 0


@pytest.mark.parametrize(("option", "remedy"), [("--port", "PORT=…"), ("--erp-port", "ERP_PORT=…")])
def test_a_port_that_is_taken_is_one_clear_line(option: str, remedy: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        ended = subprocess.run(
            [*THIS_TREE, "serve", "--port", "0", "--erp-port", "0", option, taken],
            cwd=ROOT,
            env={key: value for key, value in os.environ.items() if key != "WIDGETS_ERP_URL"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert f"Port {taken} on 127.0.0.1 cannot be had" in line
    assert remedy in line
    assert option in line


def test_a_mock_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WIDGETS_ERP_URL", raising=False)
    monkeypatch.setitem(sys.modules, "odata_query", None)
    with pytest.raises(ServeError, match=r"no odata_query.*pip install 'erp-widgets\[mock\]'"):
        serve("127.0.0.1", 0, 0, None, print)


def test_market_data_that_was_set_up_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIDGETS_COMMODITIES_URL", "https://prices.example/query")
    given = mock_settings(8001, Settings.load())
    assert "WIDGETS_COMMODITIES_URL" not in given
    assert "WIDGETS_COMMODITIES_KEY" not in given
    assert given["WIDGETS_RATES_URL"] == "http://127.0.0.1:8001/v2/rates"
    assert given["WIDGETS_ERP_URL"] == "http://127.0.0.1:8001"
