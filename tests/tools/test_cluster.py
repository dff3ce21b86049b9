"""`make serve-cluster` as a real process: two instances answer through one proxy, and nothing is
left of it."""

import http.server
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.conftest import ROOT, MockErp
from tools import cluster
from widgets.site.serve import ServeError, stop_all

PACKAGES = subprocess.run([ROOT / "tools/packages.sh"], check=False, capture_output=True)
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.skipif(PACKAGES.returncode != 0, reason="there is no nginx or no Redis here"),
]
WIDGET = "widgets/inventory/?site=1&rows=3"


@dataclass
class Cluster:
    process: subprocess.Popen[str]
    said: str
    folder: Path  # for temporary files
    complaints: Path

    @property
    def root(self) -> str:
        return self.said.partition("Gallery")[2].split()[0]

    @property
    def mock(self) -> MockErp:
        found = re.search(r"ERP .*(http://\S+)/data", self.said)
        assert found
        return MockErp(found[1])

    def child(self, word: str) -> int:
        """The process id of a child with this word in its command line."""
        pid = self.process.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if word in Path(f"/proc/{child}/cmdline").read_text():
                return int(child)
        raise AssertionError(f"no child is a {word}")


@contextmanager
def running(tmp_path: Path, *options: str) -> Iterator[Cluster]:
    folder = tmp_path / "temporary"
    folder.mkdir()
    complaints = tmp_path / "stderr"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WIDGETS_")}
    with (
        complaints.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "tools.cluster", "--port", "0", "--erp-port", "0", *options],
            cwd=ROOT,
            env=clean | {"TMPDIR": str(folder), "WEB_CONCURRENCY": "1"},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        assert process.stdout
        said = ""
        try:
            for line in process.stdout:
                said += line
                if line.startswith("Stop"):
                    break
            else:
                pytest.fail(f"it ended: {said}{complaints.read_text()}")
            yield Cluster(process, said, folder, complaints)
        finally:
            process.terminate()
            process.wait(30)


def test_both_instances_answer_and_ask_the_erp_little(tmp_path):
    with running(tmp_path) as made, requests.Session() as viewer:
        made.mock.control("DELETE", "log")
        answers = [viewer.get(made.root + WIDGET) for _ in range(30)]
        assert {answer.status_code for answer in answers} == {200}
        instances = {answer.headers["X-Instance"] for answer in answers}
        assert len(instances) == 2
        for instance in instances:
            assert instance in made.said
        asked = [call for call in made.mock.log() if call["set"] == "WarehousesOnHandV2"]
        assert len(asked) == 1  # what one instance has read, the other finds in Redis
        # They believe the proxy, and nobody else: the address is the one that was asked for.
        forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil"}
        page = viewer.get(made.root + WIDGET, headers=forged).text
        assert f'href="{made.root}oembed' in page
        assert "evil" not in page

        made.process.send_signal(signal.SIGINT)
        assert made.process.wait(30) == 0
    assert not list(made.folder.iterdir())
    assert not made.complaints.read_text()


@pytest.mark.parametrize(
    ("word", "name"), [("redis", "Redis"), ("nginx", "nginx"), ("mock_erp", "mock ERP")]
)
def test_a_child_that_ends_takes_the_others_along_and_is_named(tmp_path, word, name):
    with running(tmp_path) as made:
        os.kill(made.child(word), signal.SIGKILL)
        assert made.process.wait(30) == 1
    assert f"The {name} ended by itself" in made.complaints.read_text()
    assert not list(made.folder.iterdir())


def test_the_proxy_keeps_what_may_be_kept_and_nothing_that_a_token_opens(tmp_path):
    with running(tmp_path, "--cache") as made:

        def cached(path: str, **headers: str) -> str:
            return requests.get(made.root + path, headers=headers, timeout=10).headers["X-Cache"]

        file = re.search(
            r'src="/(static/[^"]+\.js)"', requests.get(made.root + WIDGET, timeout=10).text
        )
        assert file
        assert [cached(file[1]) for _ in range(2)] == ["MISS", "HIT"]
        assert cached(WIDGET) == "HIT"
        assert cached(WIDGET, **{"HX-Request": "true"}) == "MISS"  # the partial is another page
        assert cached(WIDGET, Authorization="Bearer x") == "BYPASS"
        assert cached(f"{WIDGET}&token=x") == "BYPASS"
        assert cached(f"{WIDGET}&key=x") == "BYPASS"


class Instance(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status":"ok"}')

    def log_message(self, *_: object) -> None:
        pass


def test_where_one_instance_is_gone_the_other_is_asked(tmp_path):
    port, nobody = cluster.free_port(), cluster.free_port()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Instance) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ports = [nobody, server.server_address[1]]
        proxy = cluster.nginx(tmp_path, port, ports, cached=False)
        try:
            assert cluster.wait_until(lambda: cluster.server_is_up(port), [proxy])
            statuses = {
                requests.get(f"http://127.0.0.1:{port}/", timeout=10).status_code for _ in range(10)
            }
            assert statuses == {200}
        finally:
            stop_all([proxy])
            server.shutdown()


def test_what_is_missing_is_said():
    with pytest.raises(ServeError, match=r"no no-such-server here.*tools/packages\.sh --install"):
        cluster.program("no-such-server")


def test_a_port_that_is_taken_is_one_clear_line(capsys):
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert cluster.main(["--port", str(other.getsockname()[1])]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot be had for the proxy" in line


def test_two_programs_cannot_have_one_port(capsys):
    assert cluster.main(["--port", "8000", "--erp-port", "8000"]) == 1
    assert "cannot both have port 8000" in capsys.readouterr().err


def test_the_script_says_what_to_install_where_there_is_neither():
    said = subprocess.run(
        ["/bin/sh", ROOT / "tools/packages.sh"],
        env={"PATH": "/nonexistent"},
        check=False,
        capture_output=True,
        text=True,
    )
    if said.returncode == 0:
        pytest.skip("both are in /usr/sbin here")
    assert "sudo apt-get install nginx redis-server" in said.stderr
