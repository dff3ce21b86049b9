"""What a token must say and how it must be signed. The tokens are made by hand, so that maker and checker
cannot share a mistake; test_tokens_of_strangers has those that nobody means well."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from tests.embedding import by_hand
from tests.embedding.by_hand import AUDIENCE, HEADER, OTHER_SECRET, claims, signed
from widgets.embedding.hosts import Host
from widgets.embedding.refusals import REFUSALS
from widgets.embedding.tokens import Claims, Wanted, mint, verify
from widgets.errors import Refused

NOW = 1_795_500_000


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The server's clock stands at NOW, to be set by a test."""
    time = SimpleNamespace(time=lambda: NOW)
    monkeypatch.setattr("widgets.embedding.tokens.time", time)
    return time


def checked(token: str, host: Host | None = None) -> Claims:
    return verify(token, host or by_hand.host(), "inventory", AUDIENCE)


def refusal(token: str, host: Host | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        checked(token, host)
    assert caught.value.status == REFUSALS[caught.value.code].status
    return caught.value


def test_a_good_token_is_read():
    said = claims(
        NOW,
        params={"site": "1", "rows": 4},
        sub="u-1",
        nbf=NOW,
        ctx={"entity": {"type": "account", "id": "0f9a"}, "tenant": "contoso"},
    )
    read = checked(signed(said))
    assert (read.iss, read.jti, read.sub) == ("sales", "0123456789abcdef", "u-1")
    assert read.params == {"site": "1", "rows": 4}
    assert read.ctx is not None
    assert read.ctx.entity is not None
    assert (read.ctx.entity.type, read.ctx.entity.id) == ("account", "0f9a")
    assert read.ctx.tenant == "contoso"


@pytest.mark.parametrize(
    "changes",
    [
        {"params": None},
        {"aud": [AUDIENCE]},
        {"aud": ["https://other.example", AUDIENCE]},
        {"iat": NOW - 0.5, "exp": NOW + 299.5},
        {"ctx": {}},
        {"ctx": {"entity": None, "tenant": ""}},
        {"jti": "x"},
        {"jti": "~" * 64},
        {"sub": "日本語"},
        {"sub": "x" * 200},
        {"claim_of_another": {"a": [1, None]}},
    ],
)
def test_what_is_optional_or_of_another_changes_nothing(changes):
    assert checked(signed(claims(NOW, **changes))).iss == "sales"


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"typ": "at+jwt"}, {"cty": "x"}])
def test_a_header_may_say_more(header):
    assert checked(signed(claims(NOW), HEADER | header)).iss == "sales"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "stock"}, "token-issuer"),
        ({"iss": "Sales"}, "token-issuer"),
        ({"aud": "https://other.example"}, "token-audience"),
        ({"aud": f"{AUDIENCE}/"}, "token-audience"),
        ({"aud": ["https://other.example"]}, "token-audience"),
        ({"aud": []}, "token-audience"),
        ({"wid": "ticker"}, "token-widget"),
        ({"wid": "*"}, "token-widget"),
        ({"exp": NOW + 301}, "token-too-long"),
        ({"exp": NOW + 300.001}, "token-too-long"),
        ({"exp": NOW + 86_400}, "token-too-long"),
        ({"exp": 1e308}, "token-too-long"),
        ({"iat": NOW - 400, "exp": NOW - 100}, "token-expired"),
        ({"iat": NOW + 60, "exp": NOW + 120}, "token-not-yet-valid"),
        ({"nbf": NOW + 60}, "token-not-yet-valid"),
    ],
)
def test_a_claim_that_is_not_ours_to_take_is_refused_by_name(changes, code):
    refused = refusal(signed(claims(NOW, **changes)))
    assert refused.code == code
    assert refused.detail == "host sales jti 0123456789abcdef"  # which token it was, for the log


INFINITE = [float("inf"), float("-inf"), float("nan")]


@pytest.mark.parametrize(
    ("claim", "values"),
    [
        ("iss", [None, 1, ["sales"]]),
        ("aud", [None, 1, {}, [1], [[AUDIENCE]]]),
        ("wid", [None, 1, ["inventory"], {"inventory": True}]),
        ("iat", [None, "1795500000", True, [], {}, 10**400, *INFINITE]),
        ("exp", [None, "1795500300", True, [], {}, 10**400, *INFINITE]),
        ("nbf", ["1795500000", True, [], *INFINITE]),
        ("jti", [None, "", 1, "a b", "a\n", "\x7f", "é", "\ud800", "x" * 65, ["x"]]),
        ("sub", [1, {}, "x" * 201, "\ud800"]),
        ("params", ["site=1", 1, ["site"], [["site", "1"]], {"x" * 201: "1"}, {"\ud800": "1"}]),
        ("ctx", ["x", [], {"entity": "x"}, {"entity": {"type": "item"}}, {"tenant": "\ud800"}]),
        ("ctx", [{"entity": {"type": 1, "id": "x"}}, {"entity": {"type": "x", "id": "x" * 201}}]),
    ],
)
def test_a_claim_of_a_wrong_kind_is_named(claim, values):
    for value in values:
        refused = refusal(signed(claims(NOW, **{claim: value})))
        assert refused.code == "token-invalid", value
        assert refused.detail.startswith(f"claims {claim}"), value


@pytest.mark.parametrize("value", [["1"], {"a": "1"}, None, True, 1.5, "x" * 201, "\ud800"])
def test_a_parameters_value_is_text_or_a_whole_number(value):
    refused = refusal(signed(claims(NOW, params={"site": value})))
    assert refused.code == "token-invalid"
    assert refused.detail.startswith("claims params.site")


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_clocks_may_differ_by_10_seconds_at_the_beginning(clock, claim):
    token = signed(claims(NOW, **{claim: NOW + 10, "exp": NOW + 200}))
    assert checked(token)
    clock.time = lambda: NOW - 0.01
    assert refusal(token).code == "token-not-yet-valid"


def test_clocks_may_differ_by_10_seconds_at_the_end(clock):
    token = signed(claims(NOW))
    clock.time = lambda: NOW + 309.99
    assert checked(token)
    clock.time = lambda: NOW + 310
    assert refusal(token).code == "token-expired"


def test_only_a_key_of_the_host_opens():
    assert refusal(signed(claims(NOW), {"alg": "HS256"})).code == "token-unknown-key"
    for name in ("2027-02", "", "2026-11 ", "../2026-11"):
        assert refusal(signed(claims(NOW), HEADER | {"kid": name})).code == "token-unknown-key"
    assert refusal(signed(claims(NOW)), by_hand.host(keys={})).code == "token-unknown-key"


def test_the_secret_must_be_the_one_that_kid_names():
    host = by_hand.host(by_hand.key(), by_hand.key("2027-02", OTHER_SECRET))
    wrong = signed(claims(NOW), HEADER | {"kid": "2027-02"})
    assert refusal(wrong, host).code == "token-signature"


def test_both_keys_open_while_one_takes_over_from_the_other():
    host = by_hand.host(by_hand.key(), by_hand.key("2027-02", OTHER_SECRET))
    assert checked(signed(claims(NOW)), host)
    assert checked(signed(claims(NOW), HEADER | {"kid": "2027-02"}, secret=OTHER_SECRET), host)


def test_a_key_that_is_revoked_or_past_its_time_opens_nothing():
    ended = datetime.now(UTC) - timedelta(seconds=1)
    for key in (by_hand.key(revoked=True), by_hand.key(not_after=ended)):
        refused = refusal(signed(claims(NOW)), by_hand.host(key))
        assert (refused.code, refused.detail) == ("token-revoked-key", "host sales key 2026-11")
    soon = by_hand.key(not_after=datetime.now(UTC) + timedelta(minutes=5))
    assert checked(signed(claims(NOW)), by_hand.host(soon))


def test_our_own_tokens_are_as_good_as_anybodys(clock):
    wanted = Wanted("sales", "inventory", AUDIENCE, {"site": "1"}, "u-1", 60)
    token = mint(wanted, by_hand.key())
    read = checked(token)
    assert (read.params, read.sub) == ({"site": "1"}, "u-1")
    assert (read.iat, read.nbf, read.exp) == (NOW, NOW, NOW + 60)
    assert mint(wanted, by_hand.key()) != token  # an id of its own
    assert checked(mint(Wanted("sales", "inventory", AUDIENCE), by_hand.key())).sub == ""
    clock.time = lambda: NOW + 70
    assert refusal(token).code == "token-expired"
