"""The bounds of one exchange, against an upstream that misbehaves on the socket."""

import gzip
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.upstream.conftest import PATIENT, SHORT
from tests.upstream.scripted import (
    Behaviour,
    Reply,
    Scripted,
    close,
    cut,
    endless,
    hang,
    ok,
    trickle,
    trickle_headers,
)
from widgets.upstream.transport import Adapter, Answer, BadAnswer, Limits, NoAnswer, fetch

CERTIFICATE = Path(__file__).with_name("localhost.pem")


@pytest.fixture
def adapter() -> Iterator[Adapter]:
    made = Adapter()
    yield made
    made.close()


def get(adapter: Adapter, url: str, limits: Limits = PATIENT) -> Answer:
    return fetch(adapter, requests.Request("GET", url).prepare(), limits)


NO_ANSWERS = [
    (hang, "Read timed out"),
    (trickle, "not complete after 0.8 s"),
    (trickle_headers, "not complete after 0.8 s"),
    (cut(b'{"n": 1}'), "IncompleteRead"),
    (close, "RemoteDisconnected"),
]


@pytest.mark.parametrize(("behaviour", "why"), NO_ANSWERS)
def test_no_answer(behaviour: Behaviour, why: str, server: Scripted, adapter: Adapter) -> None:
    server.always(behaviour)
    limits = SHORT if behaviour in (hang, trickle, trickle_headers) else PATIENT
    with pytest.raises(NoAnswer, match=why):
        get(adapter, server.url, limits)


def test_nobody_listens(server: Scripted, adapter: Adapter) -> None:
    url = server.url
    server.server_close()
    with pytest.raises(NoAnswer, match=r"^ConnectionRefusedError: .*refused$"):
        get(adapter, f"{url}/{'long' * 100}")


def test_a_name_that_nobody_knows(adapter: Adapter, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NoAnswer, match=r"^gaierror: .*Name or service not known$"):
        get(adapter, "http://contoso.example/")


def test_endless_body_is_too_large(server: Scripted, adapter: Adapter) -> None:
    server.always(endless)
    with pytest.raises(BadAnswer, match="more than 200000 bytes"):
        get(adapter, server.url)


def test_endless_body_of_a_redirect_is_cut(server: Scripted, adapter: Adapter) -> None:
    # requests.Session reads the whole body of a redirect, even if it is not to follow it.
    body = b"x" * 1_000_000
    server.always(Reply(body, 302, {"Location": "/"}))
    answer = get(adapter, server.url)
    assert answer.status == 302
    assert len(answer.body) <= 16 * 1024


def test_compressed_body_is_counted_as_it_unfolds(server: Scripted, adapter: Adapter) -> None:
    server.always(Reply(gzip.compress(b" " * 50_000_000), headers={"Content-Encoding": "gzip"}))
    with pytest.raises(BadAnswer, match="more than 200000 bytes"):
        get(adapter, server.url)


def test_compressed_body_is_read(server: Scripted, adapter: Adapter) -> None:
    server.always(Reply(gzip.compress(b'{"n": 1}'), headers={"Content-Encoding": "gzip"}))
    assert get(adapter, server.url).body == b'{"n": 1}'


def test_false_content_encoding_is_a_bad_answer(server: Scripted, adapter: Adapter) -> None:
    server.always(ok({"n": 1}, Content_Encoding="gzip"))
    with pytest.raises(BadAnswer):
        get(adapter, server.url)


def test_connection_that_closed_while_idle_is_opened_again(
    server: Scripted, adapter: Adapter
) -> None:
    server.script(close, ok({"n": 1}))
    assert get(adapter, server.url).status == 200
    assert len(server.calls) == 2


def test_connections_are_used_again(server: Scripted, adapter: Adapter) -> None:
    peers = set()

    def remember(handler: object) -> None:
        peers.add(handler.client_address)  # type: ignore[attr-defined]
        ok({"n": 1})(handler)  # type: ignore[arg-type]

    server.always(remember)
    for _ in range(3):
        get(adapter, server.url)
    assert len(peers) == 1


def test_no_thread_is_left_behind(server: Scripted, adapter: Adapter) -> None:
    server.script(ok({"n": 1}), hang)
    get(adapter, server.url)
    with pytest.raises(NoAnswer):
        get(adapter, server.url, SHORT)
    timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    for timer in timers:
        timer.join(30)
    assert not any(timer.is_alive() for timer in timers)


def test_debug_log_hides_the_query(
    server: Scripted, adapter: Adapter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.always(ok({"n": 1}))
    get(adapter, f"{server.url}/query?apikey=sesame")
    assert "/query?…" in caplog.text
    assert "sesame" not in caplog.text


@pytest.fixture
def tls_server(server: Scripted) -> Scripted:
    """The server behind TLS. Its certificate and key are made for these tests and trusted nowhere."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(CERTIFICATE))


@pytest.mark.usefixtures("trusted")
def test_tls(tls_server: Scripted, adapter: Adapter) -> None:
    tls_server.always(ok({"n": 1}))
    assert get(adapter, tls_server.url.replace("http:", "https:")).body == b'{"n": 1}'


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("behaviour", [hang, trickle, trickle_headers])
def test_deadline_over_tls(behaviour: Behaviour, tls_server: Scripted, adapter: Adapter) -> None:
    tls_server.always(behaviour)
    with pytest.raises(NoAnswer, match="timed out|not complete after"):
        get(adapter, tls_server.url.replace("http:", "https:"), SHORT)


@pytest.mark.usefixtures("trusted")
def test_deadline_that_passes_before_the_connection_is_there(
    tls_server: Scripted, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = tls_server.get_request

    def slow() -> Any:  # TLS begins once the connection is accepted
        time.sleep(0.6)
        return accept()

    monkeypatch.setattr(tls_server, "get_request", slow)
    tls_server.always(trickle)
    enough = threading.Timer(10, tls_server.stopping.set)
    enough.start()
    started = time.monotonic()
    with pytest.raises(NoAnswer, match=r"not complete after 0\.3 s"):
        get(
            adapter,
            tls_server.url.replace("http:", "https:"),
            Limits(connect=20.0, read=20.0, total=0.3),
        )
    assert time.monotonic() - started < 8
    enough.cancel()


def test_certificate_of_an_authority_of_ones_own(tls_server: Scripted) -> None:
    adapter = Adapter(CERTIFICATE)
    tls_server.always(ok({"n": 1}))
    assert get(adapter, tls_server.url.replace("http:", "https:")).body == b'{"n": 1}'
    adapter.close()


def test_certificate_that_nobody_trusts(tls_server: Scripted, adapter: Adapter) -> None:
    tls_server.always(ok({"n": 1}))
    with pytest.raises(NoAnswer, match=r"^SSLCertVerificationError: .*CERTIFICATE_VERIFY_FAILED"):
        get(adapter, tls_server.url.replace("http:", "https:"))
    assert tls_server.calls == []
