"""Bearer tokens and keys: one for all, in time, and nowhere else than on the wire."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from tests.upstream.conftest import Clock
from tests.upstream.scripted import Call, Reply, Scripted, close, ok, scripted
from widgets.errors import Throttled, UpstreamRefused, UpstreamUnavailable, WidgetError
from widgets.upstream import (
    Dynamics,
    DynamicsConfig,
    Market,
    MarketConfig,
    Read,
    ReadThrough,
)
from widgets.upstream.credentials import Bearer, Client, hide
from widgets.upstream.transport import Answer

SECRET = "s3cr&t/+ value"
KEY = "k3y&+/x"
CUSTOMER = {"dataAreaId": "usmf", "CustomerAccount": "US-001", "OrganizationName": "Contoso"}

Make = Callable[..., Dynamics]


def token(value: str, **more: Any) -> Reply:
    return ok({"token_type": "Bearer", "expires_in": 3600, "access_token": value} | more)


@pytest.fixture
def login() -> Iterator[Scripted]:
    with scripted() as running:
        yield running


@pytest.fixture
def config(server: Scripted, login: Scripted) -> DynamicsConfig:
    return DynamicsConfig(
        server.url,
        token_url=f"{login.url}/t/oauth2/v2.0/token",
        client_id="demo",
        client_secret=SECRET,
    )


@pytest.fixture
def erp(config: DynamicsConfig, read_through: ReadThrough) -> Dynamics:
    return Dynamics(config, read_through, scope="host")


def bearer_only(*good: str) -> Callable[[Call], Reply]:
    """An upstream that accepts these tokens."""

    def answer(call: Call) -> Reply:
        accepted = call.headers.get("Authorization") in {f"Bearer {value}" for value in good}
        return ok(CUSTOMER) if accepted else Reply(status=401)

    return answer


def test_token_is_asked_for_as_entra_wants_it(
    server: Scripted, login: Scripted, erp: Dynamics
) -> None:
    login.always(token("one"))
    server.answer = bearer_only("one")
    assert erp.customer("usmf", "US-001").name == "Contoso"
    (call,) = login.calls
    assert call.method == "POST"
    assert parse_qs(call.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["demo"],
        "client_secret": [SECRET],
        "scope": [f"{server.url}/.default"],
    }


def test_one_token_for_all_threads(
    server: Scripted, login: Scripted, config: DynamicsConfig, read_through: ReadThrough
) -> None:
    login.always(token("one"))
    server.answer = lambda call: (
        ok({"value": []})
        if call.headers.get("Authorization") == "Bearer one"
        else Reply(status=401)
    )

    def read(n: int) -> None:
        Dynamics(config, read_through, scope="host").on_hand("usmf", site=str(n))

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(read, range(24)))
    assert len(login.calls) == 1
    assert len(server.calls) == 24


def test_hit_needs_no_token(
    server: Scripted, login: Scripted, config: DynamicsConfig, cache_file: Path, clock: Clock
) -> None:
    login.script(token("one"), close)
    server.answer = bearer_only("one")
    for _ in range(2):  # the second read-through has no token yet, and there is none to be had
        read_through = ReadThrough(cache_file, clock=clock)
        assert Dynamics(config, read_through, scope="host").customer("usmf", "US-001")
        read_through.close()
    assert len(login.calls) == 1


def test_expired_token_is_renewed_once_and_the_call_repeated(
    server: Scripted, login: Scripted, erp: Dynamics
) -> None:
    login.script(token("old"), token("new"))
    server.answer = bearer_only("new")
    assert erp.customer("usmf", "US-001")
    assert [call.headers["Authorization"] for call in server.calls] == ["Bearer old", "Bearer new"]


def test_second_401_is_a_refusal(server: Scripted, login: Scripted, erp: Dynamics) -> None:
    login.always(token("one"))
    server.answer = bearer_only()
    with pytest.raises(UpstreamRefused) as caught:
        erp.customer("usmf", "US-001")
    assert caught.value.message == "The ERP does not accept our sign-in."
    assert len(server.calls) == 2


def test_tokens_that_are_refused_one_after_the_other_are_not_asked_for_with_each_read(
    server: Scripted, login: Scripted, config: DynamicsConfig, read_through: ReadThrough
) -> None:
    left = iter(range(100))
    login.answer = lambda _: token(f"t{next(left)}")
    server.answer = bearer_only()
    for n in range(10):
        with pytest.raises(UpstreamRefused):
            Dynamics(config, read_through, scope=f"host {n}").customer("usmf", "US-001")
    assert len(login.calls) == 2


def test_a_sign_in_service_that_says_when_to_ask_again_is_not_asked_before(
    server: Scripted, login: Scripted, erp: Dynamics, clock: Clock
) -> None:
    login.always(Reply(b"", 429, {"Retry-After": "120"}))
    for _ in range(12):
        with pytest.raises(UpstreamUnavailable) as caught:
            erp.customer("usmf", "US-001")
        assert caught.value.message == "The sign-in service of the ERP is not answering."
        clock.advance(9.5)
    assert caught.value.retry_after < 30
    assert len(login.calls) == 1
    assert server.calls == []


class SignIn:
    """A sign-in service without a network; it answers in turn, then the last one for ever. A Bearer that
    asks it."""

    def __init__(self, clock: Clock, *answers: Reply) -> None:
        self.left = list(answers)
        self.asked = 0
        self.bearer = Bearer(
            Client("http://login/token", "demo", SECRET, "scope"), self._send, "the ERP", clock
        )

    def _send(self, _: requests.PreparedRequest) -> Answer:
        self.asked += 1
        reply = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        return Answer(reply.status, reply.headers, reply.body)

    def request(self) -> requests.PreparedRequest:
        request = requests.Request("GET", "http://erp/").prepare()
        self.bearer.apply(request)
        return request

    def sent(self) -> str:
        return str(self.request().headers["Authorization"]).removeprefix("Bearer ")


@pytest.mark.parametrize("status", [429, 503])
def test_all_are_told_how_long_it_still_is(status: int, clock: Clock) -> None:
    service = SignIn(clock, Reply(b"", status, {"Retry-After": "120"}), token("one"))
    for left in (120, 60, 1):
        with pytest.raises(Throttled) as caught:
            service.request()
        assert caught.value.retry_after == left
        clock.advance(60 if left > 60 else 59)
    assert service.asked == 1
    clock.advance(2)
    assert service.sent() == "one"


def test_a_pause_begins_when_the_failure_is_known(clock: Clock) -> None:
    service = SignIn(clock, Reply(status=500))

    def slow(_: requests.PreparedRequest) -> Answer:
        service.asked += 1
        clock.advance(10)
        return Answer(500, {}, b"")

    service.bearer._send = slow
    for _ in range(2):
        with pytest.raises(UpstreamUnavailable):
            service.request()
    assert service.asked == 1


def test_a_good_token_is_used_to_its_end_where_there_is_no_other(clock: Clock) -> None:
    service = SignIn(clock, token("one"), Reply(status=500))
    assert service.sent() == "one"
    clock.advance(3541)
    for _ in range(58):
        assert service.sent() == "one"
        clock.advance(1)
    assert 8 < service.asked < 15  # with a pause between two tries
    clock.advance(5)
    with pytest.raises(UpstreamUnavailable):
        service.request()
    service.left = [token("two")]
    clock.advance(6)
    assert service.sent() == "two"


def test_a_good_token_is_used_while_another_is_fetched(clock: Clock) -> None:
    service = SignIn(clock, token("one"))
    assert service.sent() == "one"
    clock.advance(3541)
    asking, answered = threading.Event(), threading.Event()

    def slow(_: requests.PreparedRequest) -> Answer:
        asking.set()
        answered.wait(30)
        return Answer(200, {}, token("two").body)

    service.bearer._send = slow
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(service.sent)
        assert asking.wait(30)
        assert service.sent() == "one"
        answered.set()
        assert renewing.result(30) == "two"
    assert service.sent() == "two"


def test_a_token_that_was_got_after_a_401_is_trusted_for_a_while(clock: Clock) -> None:
    service = SignIn(clock, token("one"), token("two"), token("three"))
    first = service.request()
    assert service.bearer.renew(first)
    second = service.request()
    assert not service.bearer.renew(second)
    assert service.bearer.renew(first)  # of another thread, and sent before
    assert service.sent() == "two"
    clock.advance(9)
    assert not service.bearer.renew(second)
    clock.advance(2)
    assert service.bearer.renew(second)
    assert service.sent() == "three"


@pytest.mark.parametrize(
    ("told", "used"),
    [
        ({"expires_in": 3600}, 3540),  # renewed a minute before its end
        ({"expires_in": "3600"}, 3540),  # as Entra ID's older endpoint writes it
        ({"expires_in": 10}, 8),  # short-lived: a fifth of its life before
        ({"expires_in": None}, 240),
    ],
)
def test_token_is_renewed_before_it_expires(
    told: dict[str, object], used: float, clock: Clock
) -> None:
    service = SignIn(clock, token("one", **told), token("two"))
    assert service.sent() == "one"
    clock.advance(used - 0.1)
    assert service.sent() == "one"
    clock.advance(0.2)
    assert service.sent() == "two"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(f'{{"error":"invalid_client","x":"{SECRET}"}}'.encode(), 401), UpstreamRefused),
        (Reply(b"", 400), UpstreamRefused),
        (Reply(b"", 429), UpstreamUnavailable),
        (Reply(b"", 500), UpstreamUnavailable),
        (Reply(b"", 302, {"Location": "/"}), UpstreamUnavailable),
        (Reply(b"<html>", content_type="text/html"), UpstreamUnavailable),
        (ok([]), UpstreamUnavailable),
        (ok({"token_type": "Bearer"}), UpstreamUnavailable),
        (token("with\nbreak"), UpstreamUnavailable),
        (token("one", token_type="mac"), UpstreamUnavailable),
        (close, UpstreamUnavailable),
        (ok(b"{}", Content_Encoding="gzip"), UpstreamUnavailable),
    ],
)  # fmt: skip
def test_token_endpoint_that_fails(
    *,
    reply: Reply,
    error: type[WidgetError],
    server: Scripted,
    login: Scripted,
    erp: Dynamics,
) -> None:
    login.always(reply)
    with pytest.raises(error) as caught:
        erp.customer("usmf", "US-001")
    assert "token endpoint" in caught.value.detail
    assert login.url in caught.value.detail
    with pytest.raises(error) as again:
        erp.customer("usmf", "US-001")
    assert again.value.message == caught.value.message
    assert SECRET not in caught.value.detail + again.value.detail
    assert login.calls[2:] == []  # the failure is remembered for a while (`close` is asked twice)
    assert server.calls == []


def test_stale_data_when_the_token_endpoint_is_down(
    *,
    server: Scripted,
    login: Scripted,
    config: DynamicsConfig,
    read_through: ReadThrough,
    clock: Clock,
    reads: list[Read],
) -> None:
    erp = Dynamics(config, read_through, scope="host", log=reads.append)
    login.script(token("one"), Reply(status=500))
    server.script(ok(CUSTOMER), Reply(status=401))
    erp.customer("usmf", "US-001")
    clock.advance(20_000)
    assert erp.customer("usmf", "US-001").name == "Contoso"
    assert reads[1].stale_because == "the sign-in service of the ERP is not answering"


def test_another_client_has_another_key_and_another_token(
    server: Scripted, login: Scripted, config: DynamicsConfig, read_through: ReadThrough
) -> None:
    login.answer = lambda call: token(parse_qs(call.body.decode())["client_id"][0])
    server.answer = lambda call: ok(
        CUSTOMER | {"OrganizationName": call.headers["Authorization"].removeprefix("Bearer ")}
    )
    other = DynamicsConfig(
        config.base_url, config.token_url, client_id="other", client_secret=SECRET
    )
    names = [
        Dynamics(each, read_through, scope="host").customer("usmf", "US-001").name
        for each in (config, other, config)
    ]
    assert names == ["demo", "other", "demo"]


def test_no_secret_is_written_anywhere(
    *,
    server: Scripted,
    login: Scripted,
    config: DynamicsConfig,
    read_through: ReadThrough,
    cache_file: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    login.always(token("t0k3n"))
    server.answer = bearer_only("t0k3n")
    Dynamics(config, read_through, scope="host").customer("usmf", "US-001")
    market = MarketConfig(f"{server.url}/query", f"{server.url}/rates", api_key=KEY)
    server.always(ok({"name": "Copper", "unit": "dollar", "data": []}))
    Market(market, read_through, scope="host").price_histories(["COPPER"], "monthly")
    assert server.calls[-1].query["apikey"] == KEY
    written = b"".join(part.read_bytes() for part in cache_file.parent.iterdir())
    assert b"created_at" in written
    for secret in (SECRET, "t0k3n", KEY, "s3cr", "k3y"):
        assert secret.encode() not in written
        assert secret not in caplog.text
        assert secret not in repr(config) + repr(market)


def test_errors_hide_the_key(server: Scripted, read_through: ReadThrough) -> None:
    market = Market(
        MarketConfig(f"{server.url}/query", f"{server.url}/rates", api_key=KEY),
        read_through,
        scope="host",
    )
    # Alpha Vantage's throttling text quotes the key.
    server.always(
        ok({"Information": f"We have detected your API key as {KEY} and our limit is 25"})
    )
    with pytest.raises(UpstreamUnavailable) as caught:
        market.price_histories(["COPPER"], "monthly")
    assert "detected your API key as [hidden] and" in caught.value.detail
    assert "apikey" not in caught.value.detail


def test_key_stays_hidden_when_nobody_answers(server: Scripted, read_through: ReadThrough) -> None:
    # requests names the whole address in its exceptions, with the key in it.
    config = MarketConfig(f"{server.url}/query", f"{server.url}/rates", api_key=KEY)
    server.server_close()
    with pytest.raises(UpstreamUnavailable) as caught:
        Market(config, read_through, scope="host").price_histories(["COPPER"], "monthly")
    assert "k3y" not in caught.value.detail
    assert caught.value.__suppress_context__
    assert caught.value.__cause__ is None


def test_hide_knows_how_a_secret_is_written_in_addresses() -> None:
    text = "a=s%20%26 b=s+%26 c=s &"
    assert hide(text, "s &") == "a=[hidden] b=[hidden] c=[hidden]"
    assert hide(text, "") == text


def test_a_token_that_was_good_is_renewed_however_young_it_is(
    server: Scripted, login: Scripted, config: DynamicsConfig, read_through: ReadThrough
) -> None:
    # An ERP that is started again twice in a minute forgets its tokens twice.
    erp = Dynamics(config, read_through, scope="host")
    login.script(token("one"), token("two"), token("three"))
    server.script(
        ok(CUSTOMER), Reply(status=401), ok(CUSTOMER), ok(CUSTOMER), Reply(status=401), ok(CUSTOMER)
    )
    for account in ("US-001", "US-002", "US-003", "US-004"):
        with suppress(WidgetError):  # it is always the same customer
            erp.customer("usmf", account)
    sent = [call.headers["Authorization"].removeprefix("Bearer ") for call in server.calls]
    assert sent == ["one", "one", "two", "two", "two", "three"]
