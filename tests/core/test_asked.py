"""What is read of a request without Flask is what Flask reads of it."""

import re

import pytest
from flask import Flask, request
from flask_compress import Compress
from flask_htmx import HTMX
from hypothesis import given
from hypothesis import strategies as st

from widgets.core import asked

NAMES = ("host", "key", "token", "loader")
PIECES = [
    *NAMES, "=", "&", "%", "+", ";", "a", "h%6Fst", "to%6ben", "%6bey", "%00", "%ff", "%C3%BC", "%2", "Host",
]  # fmt: skip


KNOWN = frozenset((*NAMES, "Host", "a", "aa"))


def read(query: str = "", known: frozenset[str] = KNOWN, **headers: str) -> asked.Asked:
    named = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return asked.read({"QUERY_STRING": query, **named}, known)


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_parameters_are_those_that_flask_finds(query):
    with Flask(__name__).test_request_context(f"/?{query}"):
        found = read(query)
        assert [getattr(found, name) for name in NAMES] == [request.args.get(n) for n in NAMES]
        assert found.in_address == ("token" in request.args)
        rest = {
            name: value
            for name, value in request.args.items()
            if name in KNOWN and name not in NAMES
        }
    with Flask(__name__).test_request_context(f"/?{found.rest}"):
        assert "token" not in request.args
        assert {name: value for name, value in request.args.items() if name not in NAMES} == rest


@pytest.mark.parametrize(
    "query", ["token=SECRET&a=1", "a=1&t%6Fken=SECRET", "key=SECRET", "+&k%65y=SECRET"]
)
def test_no_secret_is_left_in_what_a_page_is_kept_under(query):
    found = read(query)
    assert "SECRET" not in found.rest
    assert "SECRET" not in repr(found)
    assert read(query.replace("SECRET", "OTHER")).rest == found.rest or "key" in found.rest


def test_what_nobody_knows_and_the_order_make_no_other_page():
    known = frozenset(("site", "rows", "key"))
    rest = {
        read(query, known).rest
        for query in (
            "site=1&rows=3",
            "rows=3&site=1",
            "utm_source=x&rows=3&site=1&utm_id=y",
            "site=1&rows=3&site=2",
            "&s%69te=1&rows=3&&",
        )
    }
    assert rest == {"rows=3&site=1"}
    # Which of two counts is the first.
    assert read("site=2&rows=3&site=1", known).rest == "rows=3&site=2"
    assert read("token=SECRET", frozenset(("token",))).rest == ""


@pytest.mark.parametrize(
    "query", ["key=SECRET", "a=1&token=SECRET", "k%65y=SECRET", "t%6Fken=SECRET"]
)
def test_no_secret_is_remembered(query):
    asked._remembered.cache_clear()
    assert "SECRET" in (read(query).key, read(query).token)
    assert asked._remembered.cache_info().currsize == 0
    assert read("host=a&a=1").host == read("host=a&a=1").host == "a"
    assert asked._remembered.cache_info()[:2] == (1, 1)


def test_two_keys_are_two_pages():
    # The links of a page carry the key that it was asked with.
    assert read("key=one").rest != read("key=two").rest


@pytest.mark.parametrize("request_header", [None, "true", "TRUE", "1", ""])
@pytest.mark.parametrize("restore", [None, "true", "false"])
def test_htmx_is_told_from_a_page_load_as_flask_htmx_does(request_header, restore):
    app = Flask(__name__)
    htmx = HTMX(app)
    given = {"HX-Request": request_header, "HX-History-Restore-Request": restore}
    headers = {name: value for name, value in given.items() if value is not None}
    with app.test_request_context("/", headers=headers):
        whole = not (htmx and not htmx.history_restore_request)
        assert asked.read(request.environ, KNOWN).whole is whole


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("zstd;q=1, br;q=0.9", "zstd"),
        ("br;q=0, gzip", "gzip"),
        ("identity, gzip;q=0.5", ""),
        ("*", "br"),
        ("GZIP", "gzip"),
        ("", ""),
        ("compress", ""),
        ("identity;q=0", ""),
        (";;,,q=,\x00=", ""),
        ("gzip," * 100, ""),
    ],
)
def test_one_of_four_encodings_is_chosen(accepted, chosen):
    app = Flask(__name__)
    app.config["COMPRESS_ALGORITHM"] = list(asked.ENCODINGS)
    Compress(app)
    app.add_url_rule("/", view_func=lambda: "text " * 1000)
    assert asked.encoding(accepted) == chosen
    # What is chosen here is also what is then made.
    answer = app.test_client().get("/", headers={"Accept-Encoding": chosen})
    assert answer.headers.get("Content-Encoding", "") == chosen


@given(st.text(max_size=300))
def test_any_header_is_one_of_four(accepted):
    assert asked.encoding(accepted) in ("", *asked.ENCODINGS)


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "no good: <script>", "ünicode-id"])
def test_an_id_that_is_none_is_replaced(given):
    made = asked.request_id({"HTTP_X_REQUEST_ID": given})
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert made != asked.request_id({})


def test_an_id_of_the_callers_is_kept():
    assert asked.request_id({"HTTP_X_REQUEST_ID": "abcdef01-2345"}) == "abcdef01-2345"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Bearer abc.d-e_f", "abc.d-e_f"),
        ("BEARER  abc== ", "abc=="),
        ("bearer\tabc", "abc"),
        ("Bearer", None),
        ("Bearerabc", None),
        ("Bearer a=b", None),
        ("Bearer a b", None),
        ("Token abc", None),
        ("Basic YTpi", None),
        ("Basic \xff\xff", None),
        ("", None),
        (None, None),
    ],
)
def test_a_token_is_what_follows_the_word_bearer(header, found):
    assert asked.token(header, None) == found
    assert asked.token(header, "in the address") == (found or "in the address")


@given(
    st.sampled_from(["", "Bearer ", "Basic ", "Digest ", "bearer", "BASIC "]),
    st.text(st.characters(max_codepoint=255), max_size=60),
)
def test_any_authorization_is_read_without_a_fault(scheme, rest):
    asked.read({"QUERY_STRING": "", "HTTP_AUTHORIZATION": scheme + rest}, KNOWN)
