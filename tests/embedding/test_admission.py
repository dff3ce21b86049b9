"""Who is let in, and what is locked for them. How often they may ask is in test_admission_over_time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.embedding import by_hand
from tests.embedding.by_hand import AUDIENCE, OTHER_SECRET, SECRET
from widgets.embedding.admission import Admission, Grant
from widgets.embedding.hosts import Host
from widgets.errors import Refused


def admission(*, mocked: bool = True) -> Admission:
    return Admission(None, by_hand.embeddables(), AUDIENCE, mocked)


def admit(host: Host, widget: str = "inventory", **given: Any) -> Grant:
    return admission().admit(host, widget, **{"token": None, "key": None} | given)


def refusal(host: Host, widget: str = "inventory", **given: Any) -> str:
    with pytest.raises(Refused) as caught:
        admit(host, widget, **given)
    return caught.value.code


def test_made_up_data_is_shown_on_this_machine_without_a_hosts_file():
    demo = admission().registry.find(None)
    assert demo.id == "demo"
    assert demo.origins == ("http://localhost:*", "http://127.0.0.1:*")
    for name in by_hand.embeddables():
        assert admit(demo, name).locked == {}


def test_real_data_is_shown_nowhere_without_a_hosts_file():
    registry = admission(mocked=False).registry
    for name, code in ((None, "host-missing"), ("", "host-missing"), ("demo", "host-unknown")):
        with pytest.raises(Refused) as caught:
            registry.find(name)
        assert caught.value.code == code


def test_a_host_that_nobody_knows_is_in_the_log_as_far_as_a_line_holds():
    with pytest.raises(Refused) as caught:
        admission().registry.find("x\n" * 1000)
    assert "\n" not in caught.value.detail
    assert len(caught.value.detail) < 200


@pytest.mark.parametrize("access", ["token", "key", "open"])
def test_a_widget_that_is_not_the_hosts_is_refused_before_anything_else(access):
    host = by_hand.host(access=access, widgets=frozenset(["ticker"]))
    assert refusal(host) == "widget-not-allowed"
    assert refusal(host, token=by_hand.token(), key=SECRET) == "widget-not-allowed"


def test_an_open_host_asks_for_nothing():
    grant = admit(by_hand.host(access="open"))
    assert (grant.host.id, grant.locked, grant.claims) == ("sales", {}, None)
    # What it does not ask for it does not look at either.
    assert admit(by_hand.host(access="open"), token="x", key="x").claims is None


def test_a_host_of_tokens_wants_one():
    host = by_hand.host()
    for given in (None, ""):
        assert refusal(host, token=given, key=SECRET) == "token-missing"
    assert refusal(host, token="x") == "token-invalid"
    grant = admit(host, token=by_hand.token())
    assert grant.claims is not None
    assert grant.claims.jti == "0123456789abcdef"


def test_a_token_is_for_this_server():
    admission_elsewhere = Admission(None, by_hand.embeddables(), "https://widgets.example", True)
    for aud, code in (("https://widgets.example", None), (AUDIENCE, "token-audience")):
        token = by_hand.token(aud=aud)
        try:
            admission_elsewhere.examine(by_hand.host(), "inventory", token=token, key=None)
        except Refused as refused:
            assert refused.code == code
        else:
            assert code is None


def test_a_host_of_keys_wants_one_of_its_own():
    host = by_hand.host(by_hand.key(), by_hand.key("next", OTHER_SECRET), access="key")
    for given in (None, ""):
        assert refusal(host, token=by_hand.token(), key=given) == "key-missing"
    for given in (SECRET[:-1], f"{SECRET}0", SECRET.upper(), "2026-11", "é", "x" * 5000):
        assert refusal(host, key=given) == "key-wrong"
    for given in (SECRET, OTHER_SECRET):
        assert admit(host, key=given).claims is None


def test_a_key_that_is_revoked_or_past_its_time_opens_nothing():
    ended = datetime.now(UTC) - timedelta(seconds=1)
    for key in (by_hand.key(revoked=True), by_hand.key(not_after=ended)):
        host = by_hand.host(key, by_hand.key("next", OTHER_SECRET), access="key")
        assert refusal(host, key=SECRET) == "key-wrong"
        assert admit(host, key=OTHER_SECRET)


def test_the_log_names_the_host_and_never_the_secret():
    host = by_hand.host(access="key")
    with pytest.raises(Refused) as caught:
        admit(host, key=OTHER_SECRET)
    assert caught.value.detail == "host sales"


@pytest.mark.parametrize(
    ("widget", "locked"),
    [
        ("inventory", {"company": "usmf", "site": "1"}),
        ("order-status", {"company": "usmf"}),
        ("ticker", {}),
    ],
)
def test_a_hosts_locks_are_for_the_widgets_that_have_such_a_parameter(widget, locked):
    host = by_hand.host(access="open", locked={"company": "usmf", "site": "1"})
    assert admit(host, widget).locked == locked


def test_a_token_adds_its_locks_to_the_hosts():
    host = by_hand.host(locked={"company": "usmf"})
    token = by_hand.token(params={"site": "1", "rows": 4, "company": "usmf"})
    assert admit(host, token=token).locked == {"company": "usmf", "site": "1", "rows": "4"}


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"company": "demf"}, "company"),
        ({"company": ""}, "company"),
        ({"order": "1"}, "order"),  # a parameter of another widget
        ({"theme": "dark"}, "theme"),
        ({"": "1"}, "''"),
        ({"x" * 200: "1"}, "x" * 60),
    ],
)
def test_a_token_cannot_contradict_its_host_nor_lock_what_the_widget_does_not_have(params, named):
    host = by_hand.host(locked={"company": "usmf"})
    with pytest.raises(Refused) as caught:
        admit(host, token=by_hand.token(params=params))
    assert (caught.value.code, caught.value.status) == ("token-params", 403)
    assert named in caught.value.detail
    assert len(caught.value.detail) < 100


def test_only_one_host_with_the_same_locks_shares_what_is_kept():
    sales, crm = by_hand.host(), by_hand.host(id="crm")
    scopes = [
        Grant(sales, {}).scope,
        Grant(crm, {}).scope,
        Grant(sales, {"site": "1"}).scope,
        Grant(sales, {"site": "2"}).scope,
        Grant(sales, {"warehouse": "1"}).scope,
        Grant(sales, {"site": "1", "warehouse": "1"}).scope,
        Grant(sales, {"site": "1,warehouse=1"}).scope,
        Grant(sales, {"site": '1", "warehouse": "1'}).scope,
    ]
    assert len(set(scopes)) == len(scopes)
    one, same = {"site": "1", "company": "usmf"}, {"company": "usmf", "site": "1"}
    assert Grant(sales, one).scope == Grant(sales, same).scope


def test_two_viewers_with_the_same_locks_share():
    host = by_hand.host()
    first = admit(host, token=by_hand.token(sub="a", jti="1", params={"site": "1"}))
    second = admit(host, token=by_hand.token(sub="b", jti="2", params={"site": "1"}))
    assert first.scope == second.scope
    assert first.claims != second.claims
