"""A plain JSON upstream of a widget's own: how it is asked, what is used of its answer, what is shared."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from posixpath import normpath
from typing import Any
from urllib.parse import parse_qs, unquote, urljoin, urlsplit

import hypothesis
import pytest
from hypothesis import strategies
from pydantic import BaseModel, ConfigDict
from typing_extensions import TypedDict

from tests.upstream.conftest import PATIENT, Clock
from tests.upstream.scripted import Behaviour, Call, Reply, Scripted, hang, ok
from widgets.errors import (
    BadParameter,
    NotFound,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamUnavailable,
)
from widgets.upstream import JsonConfig, JsonUpstream, Keep, Limits, Read, ReadThrough
from widgets.upstream.credentials import Anonymous, Client, QueryKey
from widgets.upstream.header_key import HeaderKey
from widgets.upstream.json_targets import filled
from widgets.upstream.json_upstream import through
from widgets.upstream.reads import Asking


@dataclass(frozen=True)
class Parcel:
    number: str
    weight: Decimal = Decimal(0)
    due: date | None = None


class Carrier(JsonUpstream):
    ttl = 60
    stale_for = 600


P1 = {"number": "P1", "weight": 1.10, "due": "2026-11-23", "secret": "of nobody's concern"}
Key = Anonymous | QueryKey | HeaderKey | Client


def carrier(
    server: Scripted,
    read_through: ReadThrough,
    reads: list[Read],
    key: Key | None = None,
    scope: str = "host",
) -> Carrier:
    config = JsonConfig(f"{server.url}/v1/", key or Anonymous())
    asking = Asking(scope, reads.append, "request-1")
    return through(Carrier, config, read_through, asking, Carrier.keep())


@pytest.fixture
def own(server: Scripted, read_through: ReadThrough, reads: list[Read]) -> Carrier:
    return carrier(server, read_through, reads)


def test_it_reads_what_the_schema_has_and_no_more(server: Scripted, own: Carrier) -> None:
    server.always(ok([P1]))
    found = own.read("/parcels", list[Parcel], order="001524", carrier=None)
    assert found == [Parcel("P1", Decimal("1.1"), date(2026, 11, 23))]
    (call,) = server.calls
    assert (call.method, call.target) == ("GET", "/v1/parcels?order=001524")
    assert call.headers["X-Request-ID"] == "request-1"


class Model(BaseModel):
    model_config = ConfigDict(extra="ignore")
    number: str
    weight: float


class Typed(TypedDict):
    number: str


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (Model, Model(number="P1", weight=1.1)),
        (Typed, {"number": "P1"}),
        (Parcel, Parcel("P1", Decimal("1.1"), date(2026, 11, 23))),
        (dict[str, Any], {**P1, "weight": Decimal("1.1")}),
    ],
)
def test_a_schema_is_any_type_that_can_be_checked(
    server: Scripted, own: Carrier, schema: Any, expected: object
) -> None:
    server.always(ok(P1))
    assert own.read("/parcels/{number}", schema, number="P1") == expected


def test_what_is_reported_of_a_read_names_no_value(
    server: Scripted, own: Carrier, reads: list[Read]
) -> None:
    server.always(ok(P1))
    own.read("/parcels/{number}", Parcel, number="P1")
    own.read("/parcels/{number}", Parcel, number="P1")
    assert [read.outcome for read in reads] == ["miss", "hit"]
    assert {(read.upstream, read.what) for read in reads} == {("carrier", "/parcels/{number}")}
    assert reads[0].keep == Keep(60, 600)
    assert len(server.calls) == 1


# --- Names.


class WeatherAPIOfHQ(JsonUpstream):
    pass


class Plant(JsonUpstream):
    called = "the plant in Reno"


def test_the_name_is_the_classs() -> None:
    assert (Carrier.name, Carrier.called) == ("carrier", "the carrier")
    assert WeatherAPIOfHQ.name == "weather-api-of-hq"
    assert WeatherAPIOfHQ.called == "the weather api of hq"
    assert (Plant.name, Plant.called) == ("plant", "the plant in Reno")


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), "60"])
def test_times_that_are_none_are_refused_where_they_are_declared(seconds: Any) -> None:
    with pytest.raises(TypeError, match="ttl and stale_for are seconds"):
        type("Bad", (JsonUpstream,), {"ttl": seconds})


# --- Errors.


def test_what_does_not_fit_is_told_with_its_place(server: Scripted, own: Carrier) -> None:
    server.always(ok([P1, {"number": 7}]))
    with pytest.raises(UpstreamInvalid) as caught:
        own.read("/parcels", list[Parcel])
    assert caught.value.message == (
        "The carrier sent data that cannot be read (/parcels, field number)."
    )
    assert "(1, 'number'), got '7'" in caught.value.detail


@pytest.mark.parametrize(
    "body",
    [
        b'[{"number": "P1", "weight": 1e99999999}]',
        b'[{"number": "P1", "else": 1e-99999999}]',
        b'[{"number": "P1", "else": %s}]' % (b"9" * 400),
        b'[{"number": "P1", "\\ud800": 1}]',
        b'[{"number": "\\ud800"}]',
        b"[" * 100_000,
        b'[{"number": "P1", "weight": NaN}]',
        b"<p>",
    ],
)
def test_what_no_page_could_show_is_no_answer(server: Scripted, own: Carrier, body: bytes) -> None:
    server.always(ok(body))
    with pytest.raises(UpstreamInvalid):
        own.read("/parcels", list[Parcel])


def test_a_long_body_is_refused(server: Scripted, own: Carrier) -> None:
    server.always(ok([P1] * 10_000))
    with pytest.raises(UpstreamInvalid):
        own.read("/parcels", list[Parcel])


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(b'{"message": "there is no parcel P1"}', 404), NotFound),
        (Reply(b"", 404), NotFound),
        (Reply(b"nothing here", 404, content_type="text/plain"), NotFound),
        # A web server that knows no such address: the settings are wrong, not the parcel.
        (Reply(b"<!doctype html><p>Not Found", 404, content_type="text/html"), UpstreamInvalid),
        (Reply(b"", 401), UpstreamRefused),
        (Reply(b"", 403), UpstreamRefused),
        (Reply(b"", 302, {"Location": "https://evil.example/"}), UpstreamInvalid),
        (Reply(b"", 302, {"Location": "/login"}), UpstreamRefused),
        (Reply(b"", 500), UpstreamUnavailable),
        (Reply(b"", 429, {"Retry-After": "7"}), UpstreamUnavailable),
        (Reply(b"[]", content_type="text/html"), UpstreamInvalid),
    ],
)
def test_every_status_has_its_error(
    server: Scripted, own: Carrier, reply: Reply, error: type[Exception]
) -> None:
    server.always(reply)
    with pytest.raises(error) as caught:
        own.read("/parcels/{number}", Parcel, number="P1")
    assert type(caught.value).__mro__[0] is error or error is UpstreamUnavailable
    assert "carrier" in str(caught.value)


def test_what_is_kept_is_shown_while_it_fails_and_not_longer(
    server: Scripted, own: Carrier, reads: list[Read], clock: Clock
) -> None:
    server.script(ok([P1]), Reply(status=500))
    own.read("/parcels", list[Parcel])
    clock.advance(400)
    assert own.read("/parcels", list[Parcel])[0].number == "P1"
    assert (reads[1].outcome, reads[1].stale_because) == (
        "stale",
        "the carrier has a failure of its own",
    )
    clock.advance(300)
    with pytest.raises(UpstreamUnavailable):
        own.read("/parcels", list[Parcel])


def test_an_answer_that_stops_to_fit_does_not_replace_one_that_did(
    server: Scripted, own: Carrier, reads: list[Read], clock: Clock
) -> None:
    server.script(ok([P1]), ok([{"nummer": "P1"}]))
    own.read("/parcels", list[Parcel])
    clock.advance(400)
    assert own.read("/parcels", list[Parcel])[0].number == "P1"
    assert "cannot be read" in str(reads[1].stale_because)


def test_a_304_renews_what_is_kept(
    server: Scripted, own: Carrier, reads: list[Read], clock: Clock
) -> None:
    server.script(ok([P1], ETag='"1"'), Reply(status=304))
    own.read("/parcels", list[Parcel])
    clock.advance(400)
    assert own.read("/parcels", list[Parcel])[0].number == "P1"
    assert reads[1].outcome == "revalidated"
    assert server.calls[1].headers["If-None-Match"] == '"1"'


def test_it_is_left_alone_after_failures(server: Scripted, own: Carrier) -> None:
    server.always(Reply(status=500))
    for number in range(8):
        with pytest.raises(UpstreamUnavailable):
            own.read("/parcels/{number}", Parcel, number=number)
    assert len(server.calls) < 8


def test_several_are_read_at_once_and_come_in_their_order(server: Scripted, own: Carrier) -> None:
    together = threading.Barrier(4)

    def answer(call: Call) -> Behaviour:
        def behave(handler: BaseHTTPRequestHandler) -> None:
            together.wait(20)  # fails unless four are under way
            ok({"number": call.path.rpartition("/")[2]})(handler)

        return behave

    server.answer = answer
    numbers = ["P3", "P1", "P4", "P2"]
    found = own.each(lambda n: own.read("/parcels/{n}", Parcel, n=n), numbers)
    assert [parcel.number for parcel in found] == numbers
    stand_in = Carrier.answering({"/parcels/{n}": P1})
    assert len(stand_in.each(lambda n: stand_in.read("/parcels/{n}", Parcel, n=n), numbers)) == 4


# --- What is shared, and what is not.


def test_however_many_ask_it_is_asked_once(server: Scripted, own: Carrier) -> None:
    go = threading.Event()

    def answer(handler: Any) -> None:
        go.wait(20)
        ok([P1])(handler)

    server.always(answer)
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(own.read, "/parcels", list[Parcel]) for _ in range(8)]
        go.set()
        assert {each.result()[0].number for each in asked} == {"P1"}
    assert len(server.calls) == 1


def test_what_one_changes_another_does_not_get(server: Scripted, own: Carrier) -> None:
    server.always(ok([P1, {"number": "P2"}]))
    found = own.read("/parcels", list[Typed])
    found[0]["number"] = "changed"
    found.reverse()
    assert own.read("/parcels", list[Typed]) == [{"number": "P1"}, {"number": "P2"}]


def test_another_scope_is_another_answer(
    server: Scripted, read_through: ReadThrough, reads: list[Read]
) -> None:
    server.always(ok([P1]))
    for scope in ("sales", "crm", 'sales", "x'):
        carrier(server, read_through, reads, scope=scope).read("/parcels", list[Parcel])
    assert len({read.key for read in reads}) == len(server.calls) == 3


def test_who_wants_another_shape_of_the_same_does_no_harm(
    server: Scripted, own: Carrier, reads: list[Read]
) -> None:
    class Other(TypedDict):
        nummer: str

    server.always(ok([P1]))
    own.read("/parcels", list[Parcel])
    with pytest.raises(UpstreamInvalid):
        own.read("/parcels", list[Other])
    assert own.read("/parcels", list[Parcel])[0].number == "P1"
    assert [read.outcome for read in reads] == ["miss", "hit"]


def test_another_process_finds_it_in_the_storage(
    server: Scripted, own: Carrier, reads: list[Read], cache_file: Path, clock: Clock
) -> None:
    server.always(ok([P1]))
    own.read("/parcels", list[Parcel])
    second = ReadThrough(cache_file, limits=PATIENT, clock=clock)
    try:
        carrier(server, second, reads).read("/parcels", list[Parcel])
    finally:
        second.close()
    assert [(read.outcome, read.layer) for read in reads] == [
        ("miss", "upstream"),
        ("hit", "storage"),
    ]


def test_the_page_cache_knows_when_there_is_a_newer_answer(
    server: Scripted, own: Carrier, read_through: ReadThrough, reads: list[Read], clock: Clock
) -> None:
    server.always(ok([P1]))
    own.read("/parcels", list[Parcel])
    assert read_through.is_current(reads[0].key, reads[0].as_of)
    assert read_through.is_newest(reads[0].key, reads[0].as_of)
    clock.advance(400)
    own.read("/parcels", list[Parcel])
    assert not read_through.is_current(reads[0].key, reads[0].as_of)


# --- Who we are.


@pytest.mark.parametrize(
    ("key", "header", "value"),
    [
        (HeaderKey("Authorization", "sesame", "Bearer "), "Authorization", "Bearer sesame"),
        (HeaderKey("X-Api-Key", "sesame"), "X-Api-Key", "sesame"),
    ],
)
def test_a_key_goes_into_a_header(
    server: Scripted, read_through: ReadThrough, key: HeaderKey, header: str, value: str
) -> None:
    server.always(ok([P1]))
    carrier(server, read_through, [], key).read("/parcels", list[Parcel])
    assert server.calls[0].headers[header] == value
    assert "sesame" not in repr(key)


@pytest.mark.parametrize("kind", [HeaderKey, QueryKey])
def test_another_key_is_not_shown_what_was_kept_for_one(
    server: Scripted, read_through: ReadThrough, reads: list[Read], kind: type[HeaderKey | QueryKey]
) -> None:
    server.always(ok([P1]))
    for secret in ("sesame", "barley", "sesame"):
        carrier(server, read_through, reads, kind("key", secret)).read("/parcels", list[Parcel])
    assert [read.outcome for read in reads] == ["miss", "miss", "hit"]
    assert "sesame" not in kind("key", "sesame").identity


@pytest.mark.parametrize("key", [HeaderKey("X-Api-Key", "sesame"), QueryKey("key", "sesame")])
def test_what_is_refused_does_not_tell_the_key(
    server: Scripted, read_through: ReadThrough, key: Key
) -> None:
    server.always(Reply(b'{"message": "sesame is no key"}', 403))
    with pytest.raises(UpstreamRefused) as caught:
        carrier(server, read_through, [], key).read("/parcels", list[Parcel])
    assert "sesame" not in caught.value.detail + str(caught.value)


def test_a_token_is_got_with_client_credentials(
    server: Scripted, read_through: ReadThrough
) -> None:
    token = ok({"access_token": "abc", "token_type": "Bearer", "expires_in": 3600})
    server.answer = lambda call: token if call.path == "/token" else ok([P1])
    client = Client(f"{server.url}/token", "us", "sesame", "carrier.read")
    for name in ("P1", "P2"):
        carrier(server, read_through, [], client).read("/p/{name}", list[Parcel], name=name)
    assert [call.path for call in server.calls] == ["/token", "/v1/p/P1", "/v1/p/P2"]
    assert server.calls[1].headers["Authorization"] == "Bearer abc"


@pytest.mark.parametrize(
    "url", ["carrier.example", "ftp://x", "http://me:you@x", "http://x?a=1", "http://x#a", ""]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url must"):
        JsonConfig(url)


# --- Paths.


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("path", "values", "target"),
    [
        ("/", {}, "/"),
        ("/parcels/", {}, "/parcels/"),
        ("/parcels/{n}", {"n": "A/1 ä?#"}, "/parcels/A%2F1%20%C3%A4%3F%23"),
        ("/parcels/{n}.json", {"n": 7}, "/parcels/7.json"),
        ("/a%20b/ü", {}, "/a%2520b/%C3%BC"),
        ("/p", {"n": "a b&c", "none": None, "flag": True}, "/p?n=a%20b%26c&flag=true"),
        ("/p", {"id": [1, 2], "day": date(2026, 1, 2)}, "/p?id=1&id=2&day=2026-01-02"),
        ("/p", {"c": Colour.RED, "d": Decimal("1E+2")}, "/p?c=red&d=100"),
        (
            "/p",
            {"at": datetime(2026, 1, 2, 3, tzinfo=UTC)},
            "/p?at=2026-01-02T03%3A00%3A00%2B00%3A00",
        ),
    ],
)
def test_values_are_written_so_that_they_are_values(
    path: str, values: dict[str, Any], target: str
) -> None:
    assert filled(path, values) == target


@pytest.mark.parametrize(
    "path",
    [
        *("parcels", "", "http://evil.example/", "//evil.example/", "/a//b", "/../a", "/a/.."),
        *("/./a", "/a?b=1", "/a#b", "/a\\b", "/a b", "/a\n", "/{", "/{a-b}", "/a/{missing}"),
    ],
)
def test_a_path_that_is_none_is_the_authors_mistake(path: str) -> None:
    with pytest.raises(ValueError, match="the path"):
        filled(path, {})


@pytest.mark.parametrize(
    "value", ["", ".", "..", "../admin", "a/../../b", "..\\x", "a\x00", "a\n", "\ud800", "x" * 251]
)
def test_a_value_that_could_lead_elsewhere_is_the_viewers(value: str) -> None:
    with pytest.raises(BadParameter) as caught:
        filled("/parcels/{parcel}", {"parcel": value})
    assert caught.value.parameter == "parcel"


@pytest.mark.parametrize("value", ["a\x00", "\ud800", "x" * 251])
def test_a_value_of_the_query_must_be_text_too(value: str) -> None:
    with pytest.raises(BadParameter):
        filled("/parcels", {"order": value})
    assert filled("/parcels", {"order": ".."}) == "/parcels?order=.."


@pytest.mark.parametrize("value", [None, [1, 2]])
def test_a_part_of_a_path_is_one_value(value: Any) -> None:
    with pytest.raises(ValueError, match="one value"):
        filled("/parcels/{parcel}", {"parcel": value})


@hypothesis.settings(deadline=None)
@hypothesis.given(strategies.text(), strategies.text())
def test_no_value_leaves_the_upstreams_own_address(part: str, asked: str) -> None:
    try:
        target = filled("/parcels/{part}/events", {"part": part, "asked": asked})
    except BadParameter:
        return
    whole = urlsplit(urljoin("https://carrier.example/", f"https://carrier.example/v1{target}"))
    assert (whole.scheme, whole.netloc, whole.fragment) == ("https", "carrier.example", "")
    assert normpath(unquote(whole.path)).startswith("/v1/parcels/")
    assert whole.path.count("/") == 4
    assert parse_qs(whole.query, keep_blank_values=True) == {"asked": [asked]}


# --- A stand-in for tests of widgets.


def test_a_stand_in_answers_as_the_upstream_would() -> None:
    stand_in = Carrier.answering(
        {
            "/parcels": [P1],
            "/parcels?order=2": [],
            "/parcels/P9": UpstreamUnavailable("The carrier is not answering."),
            "/depots/{depot}": {"number": 7},
        }
    )
    assert stand_in.read("/parcels", list[Parcel], order="1")[0].weight == Decimal("1.1")
    assert stand_in.read("/parcels", list[Parcel], order="2") == []
    with pytest.raises(UpstreamUnavailable):
        stand_in.read("/parcels/{number}", Parcel, number="P9")
    with pytest.raises(UpstreamInvalid, match="depots"):
        stand_in.read("/depots/{depot}", Parcel, depot="Reno")
    with pytest.raises(NotFound):
        stand_in.read("/parcels/{number}", Parcel, number="P8")
    with pytest.raises(BadParameter):
        stand_in.read("/parcels/{number}", Parcel, number="..")


def test_what_hangs_is_left_after_the_time_that_it_may_take(
    server: Scripted, cache_file: Path
) -> None:
    server.always(hang)
    limits = Limits(connect=1.0, read=0.3, total=0.8, max_body=1000)
    reading = ReadThrough(cache_file, limits=limits)
    try:
        with pytest.raises(UpstreamUnavailable):
            carrier(server, reading, []).read("/parcels", list[Parcel])
    finally:
        reading.close()
