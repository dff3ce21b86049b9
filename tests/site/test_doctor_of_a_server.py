"""The command `doctor --server`: what arrives from a server that runs, with whatever stands in between."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.conftest import widget_server
from tests.embedding import by_hand
from widgets.site import cli

PAGE = "https://sales.contoso.com"
HOSTS = f"""
[hosts.sales]
name = "Sales"
origins = ["{PAGE}"]
keys = [{{ id = "2026-11", secret_file = "sales.key" }}]

[hosts.lobby]
name = "Lobby"
origins = ["{PAGE}", "http://localhost:*"]
access = "open"
"""


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    (tmp_path / "sales.key").write_text(by_hand.SECRET)
    (tmp_path / "hosts.toml").write_text(HOSTS)
    return {
        "WIDGETS_HOSTS_FILE": str(tmp_path / "hosts.toml"),
        "WIDGETS_CACHE_FILE": str(tmp_path / "reads.sqlite"),
    }


@pytest.fixture
def examined(environment):
    def run(*options: str) -> Result:
        clean = dict.fromkeys((name for name in os.environ if name.startswith("WIDGETS_")), None)
        usual = ["doctor", "--host", "sales", "--widget", "inventory", "--origin", PAGE]
        return CliRunner().invoke(cli.main, [*usual, *options], env=clean | environment)

    return run


@contextmanager
def in_between(asked: list[tuple[str, str]], **headers: str) -> Iterator[str]:
    """A server that answers as ours would, but for these headers. asked: what it is, and in whose name."""

    class Gateway(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization", "")))
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_doctor_asks_a_server_that_runs(examined, environment, mock_erp):
    with widget_server(mock_erp.environment() | environment) as address:
        token = by_hand.token()
        for options in (("--token", token), ("--token", ""), ("--host", "lobby")):
            result = examined(*options, "--server", f"{address}/")
            assert "ok    headers: They arrive as they are sent." in result.stdout, result.stdout
            assert token not in result.output
        shows = examined("--token", token, "--server", address)
    assert shows.exit_code == 0
    assert shows.stdout.splitlines()[-1] == "It will show."
    gone = examined("--token", token, "--server", address)
    assert f"STOPS server: {address} does not answer (ConnectionError)." in gone.stdout
    assert gone.exit_code == 1


def test_a_server_that_has_not_read_the_file_again_is_found(examined, environment, mock_erp):
    with widget_server(mock_erp.environment() | environment) as address:
        file = Path(environment["WIDGETS_HOSTS_FILE"])
        file.write_text(HOSTS.replace(f'["{PAGE}"]', f'["{PAGE}", "https://new.example"]'))
        result = examined("--origin", "https://new.example", "--server", address)
    assert f"{PAGE} https://new.example should arrive, and {PAGE} does." in result.stdout
    assert "(SIGHUP)" in result.stdout
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("headers", "line"),
    [
        (
            {"Content_Security_Policy": f"frame-ancestors {PAGE}", "X_Frame_Options": "DENY"},
            "STOPS X-Frame-Options: Something between the widgets and you adds 'DENY'.",
        ),
        (
            {"x_frame_options": "SAMEORIGIN", "content_security_policy": f"frame-ancestors {PAGE}"},
            "STOPS X-Frame-Options: Something between the widgets and you adds 'SAMEORIGIN'.",
        ),
        (
            {},
            "STOPS Content-Security-Policy of the widget: frame-ancestors: "
            f"{PAGE} should arrive, and nothing does.",
        ),
    ],
)
def test_what_something_in_between_does_is_found(examined, headers, line):
    with in_between([], **headers) as address:
        result = examined("--token", by_hand.token(), "--server", address)
    assert result.exit_code == 1
    stopping = [each for each in result.stdout.splitlines() if each.startswith("STOPS")]
    assert stopping == [line]


def test_the_server_is_asked_what_the_page_would_ask(examined):
    asked: list[tuple[str, str]] = []
    options = ["--params", "site=1&search=a%26b", "--key", "k"]
    token = by_hand.token()
    with in_between(asked) as address:
        examined(*options, "--token", token, "--server", f"{address}/")
        examined("--server", address)
    assert asked == [
        ("/widgets/inventory/?site=1&search=a%26b&host=sales&key=k", f"Bearer {token}"),
        ("/widgets/inventory/?host=sales", ""),
    ]
