"""`serve` as a real process: it starts what is needed, says where, and leaves nothing behind."""

import http.server
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests import html
from tests.site.serving import ROOT, THIS_TREE, serving
from widgets.site.serve import (
    MOCK_IS_UP,
    SERVER_IS_UP,
    STOP_WITHIN,
    ServeError,
    greeting,
    look_at,
    mock_settings,
    serve,
)
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
        os.kill(next(iter(server.descendants(victim))), signal.SIGKILL)
        assert server.process.wait(30) == 1
        assert f"The {name} ended by itself" in server.complaints.read_text()
        assert server.all_gone()


def test_a_child_that_does_not_end_when_asked_is_made_to(tmp_path: Path) -> None:
    with serving(tmp_path, command=with_limit("STOP_WITHIN", 0.2)) as server:
        os.kill(next(iter(server.descendants("gunicorn"))), signal.SIGSTOP)
        server.process.terminate()
        assert server.process.wait(30) == 0
        assert not server.descendants()
        assert "The widget server did not end within 0.2 seconds" in server.complaints.read_text()


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
        # One that hears nothing while it starts is ended after STOP_WITHIN, and there are two.
        assert server.process.wait(2 * STOP_WITHIN + 30) == 0
        assert not server.descendants()


def test_an_erp_that_is_named_is_read_instead_of_a_mock(tmp_path: Path) -> None:
    with serving(tmp_path, WIDGETS_ERP_URL=NOBODY, WIDGETS_DEMO="yes") as server:
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


def refused(**environment: str) -> str:
    """The one line that `serve` ends with, in this environment."""
    ended = subprocess.run(
        [*THIS_TREE, "serve", "--port", "0", "--erp-port", "0"],
        cwd=ROOT,
        env=dict(os.environ) | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    return line


def test_a_number_of_workers_that_is_none_is_said() -> None:
    assert refused(WEB_CONCURRENCY="abc").startswith("Error: WEB_CONCURRENCY: 'abc'")


def test_a_wrong_setting_starts_nothing() -> None:
    assert refused(WIDGETS_FRAME_ANCESTOR="x").startswith("Error: WIDGETS_FRAME_ANCESTOR: ")


def test_gunicorn_by_itself_leaves_a_file_of_somebody_else(tmp_path: Path) -> None:
    diary = tmp_path / "diary.txt"
    diary.write_text("Dear diary")
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "wsgi:app"],
        cwd=ROOT,
        env=dict(os.environ) | {"WIDGETS_CACHE_FILE": str(diary)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert f"WIDGETS_CACHE_FILE: {diary} is there and is no cache of ours" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert diary.read_text() == "Dear diary"


def test_one_port_for_both_servers_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WIDGETS_ERP_URL", raising=False)
    with pytest.raises(ServeError, match=r"both have port 8001.*--port …; .*--erp-port …"):
        serve("127.0.0.1", 8001, 8001, None, print)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1", "2001:db8::1"])
def test_a_host_that_is_not_this_machine_is_the_hosts_fault(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIDGETS_ERP_URL", NOBODY)
    with pytest.raises(ServeError, match=rf"{host} is no address of this machine .*--host"):
        serve(host, 0, 0, None, print)


def test_another_server_at_the_port_is_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers with a page; ours has not come up."""
    handler = http.server.SimpleHTTPRequestHandler
    monkeypatch.setattr(handler, "log_message", lambda *_: None)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        thread = threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        assert not look_at("127.0.0.1", other.server_port, "/").startswith(MOCK_IS_UP[1])
        assert not look_at("127.0.0.1", other.server_port, "/healthz").startswith(SERVER_IS_UP[1])
        other.shutdown()
        thread.join()
    assert look_at("127.0.0.1", other.server_port, "/") == b""


def test_every_address_is_a_warning_and_one_that_can_be_opened(tmp_path: Path) -> None:
    everywhere = ("--host", "0.0.0.0")  # noqa: S104
    with serving(tmp_path, *everywhere, WIDGETS_ERP_URL=NOBODY, WIDGETS_DEMO="yes") as server:
        assert server.address.startswith("http://127.0.0.1:")
        assert server.said.count("\nWarning  ") == 1
        with urllib.request.urlopen(server.address + "healthz") as answer:
            assert answer.status == 200


def test_loopback_is_no_warning() -> None:
    said = list(greeting("localhost", 8000, Settings.load(), None))
    assert not [line for line in said if "Warning" in line]


def test_nohup_is_respected(tmp_path: Path) -> None:
    command = ["nohup", *THIS_TREE]
    with serving(tmp_path, command=command, WIDGETS_ERP_URL=NOBODY, WIDGETS_DEMO="yes") as server:
        server.process.send_signal(signal.SIGHUP)
        with urllib.request.urlopen(server.address + "healthz") as answer:
            assert answer.status == 200
        server.process.terminate()
        assert server.process.wait(30) == 0


def test_the_access_log_is_shown_and_has_no_query(tmp_path: Path) -> None:
    with serving(tmp_path, "--access-log", WIDGETS_ERP_URL=NOBODY, WIDGETS_DEMO="yes") as server:
        urllib.request.urlopen(server.address + "?token=secret").close()
        server.wait_until_said('"GET / HTTP/1.1" 200')
        assert "secret" not in server.said


def test_the_log_has_time_and_level(tmp_path: Path) -> None:
    with serving(tmp_path, WIDGETS_ERP_URL=NOBODY, WIDGETS_DEMO="yes") as server:
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(server.address + "widgets/inventory/")
        assert caught.value.code == 503
        caught.value.close()
        line = server.complaints.read_text().splitlines()[-1]
    assert re.match(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d+\] \[WARNING\] ", line)
    assert "Connection refused" in line


def test_an_unwritable_cache_is_a_warning_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = str(tmp_path / "file" / "reads.sqlite")
    with serving(
        tmp_path, WIDGETS_CACHE_FILE=cache, WIDGETS_ERP_URL=NOBODY, WIDGETS_DEMO="yes"
    ) as server:
        assert "No cache" in server.complaints.read_text()


def test_a_caller_cannot_say_by_which_way_it_came(tmp_path: Path) -> None:
    """With no proxy named, headers that proxies set are what any client may send."""
    with serving(tmp_path, WIDGETS_ERP_URL=NOBODY, WIDGETS_DEMO="yes") as server:
        request = urllib.request.Request(
            f"{server.address}widgets/order-status/",
            headers={
                "SCRIPT_NAME": "/foo",
                "X-Forwarded-Proto": "https",
                "X-Forwarded-Host": "evil.example",
            },
        )
        assert urllib.request.urlopen(request).status == 200
        gallery = urllib.request.Request(server.address, headers=dict(request.header_items()))
        text = urllib.request.urlopen(gallery).read().decode()
        assert "evil.example" not in text
        assert "https://" not in text


def test_a_value_of_5000_characters_is_refused_by_the_widget_itself(tmp_path: Path) -> None:
    with serving(tmp_path, WIDGETS_ERP_URL=NOBODY, WIDGETS_DEMO="yes") as server:
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{server.address}widgets/inventory/?item={'x' * 5000}")
        page = caught.value.read().decode()
    assert caught.value.code == 400
    assert 'data-state="error"' in page
    assert "item" in html.words(html.read(page).find(".//main"))


@pytest.mark.parametrize(
    ("given", "said"), [("PORT=abc", "PORT=abc is no port"), ("ERP_PORT=8 1", "ERP_PORT=8 1 is no")]
)
def test_make_says_that_a_port_is_no_number(given: str, said: str) -> None:
    ended = subprocess.run(
        ["sh", "-c", make_serve(given)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert ended.returncode == 1
    assert said in ended.stderr


def test_make_takes_an_empty_port_for_the_usual_one() -> None:
    assert "--port '8000' --erp-port '8001'" in make_serve("PORT=", "ERP_PORT=")


def test_ctrl_c_while_python_loads_is_no_stack_trace() -> None:
    command = make_serve("PORT=0", "ERP_PORT=0").partition("exec ")[2]
    with subprocess.Popen(
        ["sh", "-c", f"exec {command}"], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        maps = Path(f"/proc/{process.pid}/maps")
        while "pydantic_core" not in maps.read_text():  # in the middle of the imports
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        try:
            complaints = process.communicate(timeout=30)[1]
        finally:
            process.kill()
    assert process.returncode == 1
    assert complaints.strip() == "Aborted!"


def make_serve(*variables: str) -> str:
    """The commands of `make serve`, without the installation and without being run."""
    shown = subprocess.run(
        ["make", "--just-print", "--old-file", ".venv/runtime.stamp", "serve", *variables],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if not key.startswith("MAKE")},
    )
    return shown.stdout[shown.stdout.index("for given") :]


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
