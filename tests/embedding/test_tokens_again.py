"""A token that is shown again: its signature is not checked again, all else is."""

import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from tests.embedding import by_hand
from tests.embedding.by_hand import AUDIENCE, OTHER_SECRET
from widgets.embedding import tokens
from widgets.embedding.tokens import MOST_REMEMBERED, verify
from widgets.errors import Refused


def code(token, host, widget="inventory", audience=AUDIENCE) -> str:
    """Of the refusal; "" where there is none."""
    try:
        verify(token, host, widget, audience)
    except Refused as error:
        return error.code
    return ""


@pytest.fixture
def no_signatures(monkeypatch):
    """From when it is called, no signature can be checked any more."""
    return lambda: monkeypatch.setattr(tokens, "_read", None)


def test_a_signature_is_checked_once(no_signatures):
    host, token = by_hand.host(), by_hand.token(params={"site": "1"})
    first = verify(token, host, "inventory", AUDIENCE)
    no_signatures()
    assert verify(token, host, "inventory", AUDIENCE) == first


def test_its_time_is_looked_at_each_time(no_signatures, monkeypatch):
    host, token = by_hand.host(), by_hand.token()
    assert code(token, host) == ""
    no_signatures()
    now = time.time()
    clock = SimpleNamespace(time=lambda: now + 311)
    monkeypatch.setattr("widgets.embedding.tokens.time", clock)
    assert code(token, host) == "token-expired"


def test_its_widget_and_this_server_are_looked_at_each_time(no_signatures):
    host, token = by_hand.host(), by_hand.token()
    assert code(token, host) == ""
    no_signatures()
    assert code(token, host, widget="ticker") == "token-widget"
    assert code(token, host, audience="https://other.example") == "token-audience"


def test_a_key_whose_time_is_over_opens_nothing_that_it_has_opened(no_signatures, monkeypatch):
    until = datetime.now(UTC) + timedelta(minutes=1)
    host = by_hand.host(by_hand.key(not_after=until))
    token = by_hand.token()
    assert code(token, host) == ""
    no_signatures()
    monkeypatch.setattr("widgets.embedding.hosts.datetime", SimpleNamespace(now=lambda _: until))
    assert code(token, host) == "token-revoked-key"


def test_another_host_has_another_memory():
    token = by_hand.token()
    assert code(token, by_hand.host()) == ""
    assert code(token, by_hand.host(by_hand.key(secret=OTHER_SECRET))) == "token-signature"
    assert code(token, by_hand.host(by_hand.key(revoked=True))) == "token-revoked-key"


def test_what_was_not_signed_is_not_remembered():
    host = by_hand.host()
    good = by_hand.token()
    for bad in (f"{good}x", good[:-2], "", ".", "\ud800", by_hand.token(secret=OTHER_SECRET)):
        for _ in range(2):
            assert code(bad, host).startswith("token-")
    assert host.tokens == {}


def test_no_token_is_remembered_itself_and_not_too_many():
    host = by_hand.host()
    for number in range(MOST_REMEMBERED + 3):
        token = by_hand.token(jti=f"{number:08}")
        assert code(token, host) == ""
        assert len(host.tokens) <= MOST_REMEMBERED
    assert 0 < len(host.tokens) < 10
    assert not [part for part in token.split(".") if part in str(host.tokens)]
    assert "tokens" not in repr(host)
