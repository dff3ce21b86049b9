"""What a host that may not show a widget is answered: every refusal there is, over HTTP, and that nothing
leaks with it. What is shown to those who may is in test_locks."""

import logging
import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests import html
from tests.embedding import by_hand
from tests.embedding.by_hand import SECRET, SHOWN, bearer
from widgets.embedding.refusals import REFUSALS

HOSTS = """
[hosts.sales]
name = "Sales"
origins = ["https://sales.contoso.com", "https://*.shops.contoso.com"]
widgets = ["inventory", "order-status"]
locked = { company = "usmf" }
keys = [
  { id = "2026-11", secret_file = "sales.key" },
  { id = "2026-10", secret_file = "sales.key", revoked = true },
]

[hosts.stock]
name = "Stock"
origins = ["https://stock.contoso.com"]
access = "key"
keys = [{ id = "2026-11", secret_file = "shown.key" }]

[hosts.lobby]
name = "Lobby"
origins = ["https://lobby.contoso.com"]
access = "open"
locked = { site = "1" }
rate_limit = 1
"""
ORIGINS = {
    "sales": "https://sales.contoso.com https://*.shops.contoso.com",
    "stock": "https://stock.contoso.com",
    "lobby": "https://lobby.contoso.com",
}


@dataclass
class Wrong:
    """A request that is refused. claims: changes to those of its token; None: it has no token.
    before: so many requests go before it."""

    host: str = "sales"
    widget: str = "inventory"
    claims: dict[str, Any] | None = None
    header: dict[str, str] = field(default_factory=dict)
    secret: str = SECRET
    query: dict[str, str] = field(default_factory=dict)
    before: int = 0

    def token(self) -> str | None:
        if self.claims is None:
            return None
        said = by_hand.claims(**self.claims)
        return by_hand.signed(said, by_hand.HEADER | self.header, secret=self.secret)

    def ask(self, client, *, partial: bool = False, token: str | None = None):
        token = token or self.token()
        headers = (bearer(token) if token else {}) | ({"HX-Request": "true"} if partial else {})
        query = ({"host": self.host} if self.host else {}) | self.query
        address = f"/widgets/{self.widget}/"
        for _ in range(self.before):
            client.get(address, query_string=query, headers=headers)
        return client.get(address, query_string=query, headers=headers)


LONG_AGO = {"iat": 1_700_000_000, "exp": 1_700_000_300}
SOON = {"iat": 4_000_000_000, "exp": 4_000_000_300}
WRONG = {
    "host-missing": Wrong(host=""),
    "host-unknown": Wrong(host="crm"),
    "widget-not-allowed": Wrong(widget="ticker", claims={"wid": "ticker"}),
    "key-missing": Wrong(host="stock"),
    "key-wrong": Wrong(host="stock", query={"key": f"{SHOWN}x"}),
    "token-missing": Wrong(),
    "token-invalid": Wrong(claims={"jti": ""}),
    "token-algorithm": Wrong(claims={}, header={"alg": "none"}),
    "token-unknown-key": Wrong(claims={}, header={"kid": "2026-12"}),
    "token-revoked-key": Wrong(claims={}, header={"kid": "2026-10"}),
    "token-signature": Wrong(claims={}, secret=by_hand.OTHER_SECRET),
    "token-issuer": Wrong(claims={"iss": "stock"}),
    "token-audience": Wrong(claims={"aud": "https://widgets.example"}),
    "token-widget": Wrong(claims={"wid": "order-status"}),
    "token-expired": Wrong(claims=LONG_AGO),
    "token-not-yet-valid": Wrong(claims=SOON),
    "token-too-long": Wrong(claims={"iat": 1_700_000_000, "exp": 4_000_000_000}),
    "token-params": Wrong(claims={"params": {"company": "demf"}}),
    "locked-parameter": Wrong(claims={}, query={"company": "demf"}),
    "rate-limited": Wrong(host="lobby", before=1, query={"rows": "0"}),
}


@pytest.fixture
def client(settings, tmp_path):
    return by_hand.client_of(settings, HOSTS, tmp_path)


def test_every_refusal_that_there_is_is_tried():
    assert WRONG.keys() == REFUSALS.keys()


@pytest.mark.parametrize("code", WRONG)
@pytest.mark.parametrize("partial", [False, True])
def test_a_refusal_is_a_state_of_the_widget(client, code, partial):
    answer = WRONG[code].ask(client, partial=partial)
    refusal = REFUSALS[code]
    assert answer.status_code == refusal.status
    main = html.read(answer.text, partial=partial).find(".//main[@id='widget']")
    assert main.get("data-state") == "error"
    assert main.get("data-code") == code
    assert main.get("data-retryable") == ("true" if code == "rate-limited" else "false")
    assert html.words(main.find(".//h2")) == refusal.title
    said = html.words(main.find(".//*[@role='alert']"))
    assert refusal.message.format(parameter="company") in said
    assert refusal.mend not in answer.text  # that is for whoever embeds it
    # Where nobody gets in there is nothing to search for.
    assert bool(main.findall(".//form")) is (code == "locked-parameter")


@pytest.mark.parametrize("code", WRONG)
def test_a_refusal_is_kept_by_nobody_and_framed_by_the_hosts_pages_alone(client, code):
    headers = WRONG[code].ask(client).headers
    assert headers["Cache-Control"] == "no-store"
    assert "ETag" not in headers
    ancestors = ORIGINS.get(WRONG[code].host, "'none'")
    assert headers["Content-Security-Policy"].endswith(f"; frame-ancestors {ancestors}")
    assert "X-Frame-Options" not in headers
    challenge = f'Bearer error="{code}"' if REFUSALS[code].status == 401 else None
    assert headers.get("WWW-Authenticate") == challenge
    assert "HX-Request" in headers["Vary"]
    assert ("Authorization" in headers["Vary"]) is (WRONG[code].host == "sales")
    assert headers.getlist("Set-Cookie") == []


@pytest.mark.parametrize("code", WRONG)
def test_a_refusal_costs_nothing_and_gives_nothing_away(client, mock_erp, caplog, code):
    caplog.set_level(logging.DEBUG)
    token = WRONG[code].token()
    answer = WRONG[code].ask(client, token=token)
    assert mock_erp.log() == []
    everything = f"{answer.text}{answer.headers}{caplog.text}"
    assert SECRET not in everything
    assert SHOWN not in everything.replace(f"{SHOWN}x", "")
    if token:
        assert not [part for part in token.split(".") if part in everything]


@pytest.mark.parametrize("code", WRONG)
def test_the_log_has_a_line_with_host_widget_and_code(client, caplog, code):
    caplog.set_level(logging.INFO, logger="widgets")
    wrong = WRONG[code]
    answer = wrong.ask(client)
    (record,) = [r for r in caplog.records if f" {code}: " in r.getMessage()]
    assert record.levelno == logging.WARNING  # which stands in the log of a server that runs
    host = wrong.host if wrong.host in ORIGINS else "-"
    jti = "0123456789abcdef" if code == "locked-parameter" else "-"
    assert record.getMessage().startswith(
        f"{answer.headers['X-Request-ID']} {host} {jti} {wrong.widget} {code}: "
    )


def test_the_frame_tells_its_script_whom_to_listen_to(client):
    for wrong in (Wrong(), Wrong(host="crm")):
        meta = html.read(wrong.ask(client).text).find(".//meta[@name='frame-ancestors']")
        assert meta.get("content") == ORIGINS.get(wrong.host, "'none'")


def test_too_many_requests_are_told_when_to_come_again(client):
    answer = WRONG["rate-limited"].ask(client)
    assert answer.status_code == 429
    wait = int(answer.headers["Retry-After"])
    assert 1 <= wait <= 60
    page = html.read(answer.text)
    assert page.find(".//main").get("data-refresh") == str(wait)
    assert f"in about {wait} second" in html.words(page.find(".//section"))


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"Authorization": "Bearer TOKEN"}, {}),
        ({"Authorization": "bearer TOKEN"}, {}),
        ({}, {"token": "TOKEN"}),
        ({"Authorization": "Basic dTpw"}, {"token": "TOKEN"}),
        # The script's token counts, not the one that the page once wrote into the address.
        ({"Authorization": "Bearer TOKEN"}, {"token": "old"}),
    ],
)
def test_a_token_comes_in_a_header_or_in_the_address(client, headers, query):
    token = by_hand.token()
    answer = client.get(
        "/widgets/inventory/",
        query_string={name: value.replace("TOKEN", token) for name, value in query.items()}
        | {"host": "sales"},
        headers={name: value.replace("TOKEN", token) for name, value in headers.items()},
    )
    assert answer.status_code == 200
    assert token not in answer.text
    kept = "no-store" if query else "private, no-cache"
    assert answer.headers["Cache-Control"] == kept


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Token x", "Basic dTpw", "Bearer a=b", "\x01"]
)
def test_a_header_without_a_token_has_none(client, header):
    answer = client.get("/widgets/inventory/?host=sales", headers={"Authorization": header})
    assert answer.status_code == 401
    assert 'data-code="token-missing"' in answer.text


# --- A frame that the loader makes: its token is on the way.


def test_a_frame_of_the_loader_waits_for_its_token(client, mock_erp, caplog):
    caplog.set_level(logging.INFO, logger="widgets")
    answer = client.get("/widgets/inventory/?host=sales&loader=1&site=1")
    assert answer.status_code == 200
    # There is nothing in it that is anybody's, so that it may come from the browser's cache.
    assert answer.headers["Cache-Control"] == "private, max-age=60"
    assert {"HX-Request", "Authorization"} <= set(re.split(", ?", answer.headers["Vary"]))
    assert "WWW-Authenticate" not in answer.headers
    page = html.read(answer.text)
    main = page.find(".//main")
    assert main.get("data-state") == "waiting"
    assert main.get("data-code") is None
    assert main.get("data-as-of") is None
    assert page.findall(".//table") == page.findall(".//form") == []
    assert page.find(".//*[@role='status'][@class='skeleton']") is not None
    assert caplog.records == []  # nothing is wrong
    assert mock_erp.log() == []


@pytest.mark.parametrize(
    ("query", "headers", "code"),
    [
        ("host=sales&loader=1", {"HX-Request": "true"}, "token-missing"),  # it was told of none
        ("host=sales&loader=", {}, "token-missing"),
        ("host=sales&loader=1&token=x", {}, "token-invalid"),
        ("host=sales&loader=1", {"Authorization": "Bearer x"}, "token-invalid"),
        ("host=stock&loader=1", {}, "key-missing"),
        ("host=crm&loader=1", {}, "host-unknown"),
    ],
)
def test_only_a_token_that_may_still_come_is_waited_for(client, query, headers, code):
    answer = client.get(f"/widgets/inventory/?{query}", headers=headers)
    assert answer.status_code == REFUSALS[code].status
    assert f'data-code="{code}"' in answer.text


def test_a_frame_that_has_its_token_shows_its_data(client):
    answer = client.get("/widgets/inventory/?host=sales&loader=1", headers=bearer(by_hand.token()))
    assert html.read(answer.text).find(".//main").get("data-state") == "ok"
    assert answer.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("path", ["/", "/healthz", "/oembed", "/doctor", "/nothing"])
def test_a_token_on_another_page_is_nobodys_business(client, caplog, path):
    caplog.set_level(logging.DEBUG)
    token = by_hand.token()
    answer = client.get(path, query_string={"token": token}, headers=bearer(token))
    assert token not in f"{answer.text}{answer.headers}{caplog.text}"
