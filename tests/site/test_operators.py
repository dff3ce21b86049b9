"""Who may see `/metrics` and `/status`."""

import base64

import pytest

from tests import html
from widgets import create_app

PASSWORD = "correct horse: battery ä"
PAGES = ["/metrics", "/status"]
HERE = {"Host": "127.0.0.1:8000"}


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


@pytest.fixture
def guarded(settings):
    """A client of a server with a password."""
    changed = settings.model_validate({**settings.model_dump(), "operator_password": PASSWORD})
    app = create_app(changed)
    app.testing = True
    return app.test_client()


@pytest.mark.parametrize("page", PAGES)
def test_the_password_opens_them_from_anywhere(guarded, page):
    answer = guarded.get(
        page,
        headers={**basic("operator", PASSWORD), "X-Forwarded-For": "10.0.0.7", "Host": "w.example"},
        environ_base={"REMOTE_ADDR": "10.0.0.4"},
    )
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("operator", "wrong"),
        basic("operator", ""),
        basic("", PASSWORD),
        basic("Operator", PASSWORD),
        basic("operator", PASSWORD[:-1]),
        {"Authorization": f"Bearer {PASSWORD[:7]}"},
        {"Authorization": "Basic not-base64!"},
        {"Authorization": "Basic"},
        {"Authorization": "Basic /////w=="},
    ],
)
def test_nothing_else_does_once_there_is_a_password(guarded, page, headers):
    answer = guarded.get(page, headers=HERE | headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "WIDGETS_OPERATOR_PASSWORD" in html.words(html.read(answer.text).find(".//main"))
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("peer", "host"),
    [
        ("127.0.0.1", "localhost"),
        ("127.0.0.1", "127.0.0.1:8000"),
        ("::1", "[::1]:8000"),
        ("::ffff:127.0.0.1", "localhost:8000"),
    ],
)
def test_this_machine_needs_no_password_where_there_is_none(client, page, peer, host):
    answer = client.get(page, headers={"Host": host}, environ_base={"REMOTE_ADDR": peer})
    assert answer.status_code == 200


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("10.0.0.7", {}),
        ("", {}),  # a socket that is a file: some proxy's
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}),
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}),
        ("127.0.0.1", {"x-forwarded-anything": ""}),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}),
        ("127.0.0.1", {"Via": "1.1 proxy"}),
        ("127.0.0.1", {"X-Real-IP": "127.0.0.1"}),
        ("127.0.0.1", {"Host": "evil.example"}),  # a name that was pointed at this machine
        ("127.0.0.1", {"Host": "localhost.evil.example"}),
        ("127.0.0.1", {"Host": "127.0.0.1.evil.example"}),
        ("127.0.0.1", {"Host": "[bad"}),
    ],
)
def test_nobody_else_does_and_is_told_what_to_set(client, page, peer, headers):
    answer = client.get(page, headers=HERE | headers, environ_base={"REMOTE_ADDR": peer})
    assert answer.status_code == 403
    assert "WIDGETS_OPERATOR_PASSWORD" in html.words(html.read(answer.text).find(".//main"))
    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.parametrize("page", PAGES)
def test_a_proxy_that_says_nothing_is_no_operator(client, page):
    """nginx speaks HTTP/1.0, under the name that it was told, where it was told nothing else."""
    answer = client.get(page, headers=HERE, environ_overrides={"SERVER_PROTOCOL": "HTTP/1.0"})
    assert answer.status_code == 403


@pytest.mark.parametrize("page", PAGES)
def test_a_proxy_that_is_trusted_cannot_make_its_caller_this_machine(settings, page):
    app = create_app(settings.model_copy(update={"proxies": 1}))
    app.testing = True
    headers = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "localhost"}
    peer = {"REMOTE_ADDR": "10.0.0.4"}
    assert app.test_client().get(page, headers=headers, environ_base=peer).status_code == 403
    assert app.test_client().get(page, headers=HERE, environ_base=peer).status_code == 403
    assert app.test_client().get(page, headers=HERE).status_code == 200


def test_what_is_wrong_in_particular_is_for_operators(client, guarded):
    assert client.get("/readyz", headers=HERE).json.keys() == {"status", "storage", "upstreams"}
    assert client.get("/readyz", headers=HERE | {"Via": "1.1 proxy"}).json == {"status": "ready"}
    assert guarded.get("/readyz", headers=HERE).json == {"status": "ready"}
    known = guarded.get("/readyz", headers=basic("operator", PASSWORD)).json
    assert [each["name"] for each in known["upstreams"]] == [
        "ERP",
        "price feed",
        "exchange-rate feed",
    ]
