"""Whatever a stranger writes as Authorization is answered, and opens nothing: through a real server, whose
parser of HTTP lets other bytes than ASCII pass."""

import http.client
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.embedding import by_hand
from widgets import create_app

HOSTS = """
[hosts.sales]
name = "Sales"
origins = ["https://sales.contoso.com"]
keys = [{ id = "2026-11", secret_file = "sales.key" }]
"""
WIDGET = "/widgets/inventory/?site=1&host=sales"
ANSWERS = {WIDGET: 401, "/status": 401, "/metrics": 401, "/readyz": 200}
ODD = [
    b"",
    b"Basic",
    b"Basic \xff\xff",
    b"basic \xff\xff",
    b"Basic =",
    b"Basic " + b"A" * 4001,
    b"Basic b3BlcmF0b3I=",  # no colon
    b"Basic /////w==",  # no UTF-8
    b"Bearer \xff\xff",
    b"Bearer eyJ\xff.e30.\xe9",
    b"Bearer " + b"." * 2000,
    b"Digest a*=utf-8''%ff, \xff=\xff, =",
    b"\xff",
    b"\t \x0b\x0c",
]


class Silent(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Nothing: a test's output is for failures."""


@pytest.fixture
def port(settings, tmp_path) -> Iterator[int]:
    (tmp_path / "sales.key").write_text(by_hand.SECRET)
    (tmp_path / "hosts.toml").write_text(HOSTS)
    changes = {"hosts_file": tmp_path / "hosts.toml", "operator_password": "a password"}
    app = create_app(settings.model_validate({**settings.model_dump(), **changes}))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def statuses(port: int, header: bytes) -> dict[str, int]:
    found = {}
    for path in ANSWERS:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", path, headers={"Authorization": header})
        answer = connection.getresponse()
        answer.read()
        found[path] = answer.status
        connection.close()
    return found


@pytest.mark.parametrize("header", ODD)
def test_an_odd_header_is_answered_like_none(port, header):
    assert statuses(port, header) == ANSWERS


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    scheme=st.sampled_from([b"", b"Basic ", b"bearer ", b"Digest "]),
    # http.client sends neither line breaks nor NUL within a header.
    rest=st.binary(max_size=40).map(lambda raw: raw.translate(None, b"\r\n\0")),
)
def test_so_is_any_other(port, scheme, rest):
    assert statuses(port, scheme + rest) == ANSWERS
