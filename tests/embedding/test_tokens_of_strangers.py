"""Tokens of whoever would like to get in, and texts that are none: each is refused, and nothing else
happens."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.embedding import by_hand
from tests.embedding.by_hand import AUDIENCE, HEADER, SECRET, claims, part, signed
from widgets.embedding.refusals import REFUSALS
from widgets.embedding.tokens import MOST_CHARACTERS, verify
from widgets.errors import Refused

HOST = by_hand.host()


def code(token: str) -> str:
    """Why it is refused; "" where it is not. Anything else that is raised fails the test."""
    try:
        verify(token, HOST, "inventory", AUDIENCE)
    except Refused as refused:
        assert refused.code in REFUSALS
        assert SECRET not in refused.detail
        return refused.code
    return ""


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "HS384", "HS512", "RS256", "ES256", "hs256", "HS256 ", ""]
)
def test_no_other_algorithm_is_taken_however_it_is_signed(algorithm):
    header = HEADER | {"alg": algorithm}
    assert code(signed(claims(), header)) == "token-algorithm"
    assert code(f"{part(header)}.{part(claims())}.") == "token-algorithm"


def test_another_algorithm_is_named_before_another_key():
    assert code(signed(claims(), {"alg": "RS256", "kid": "theirs"})) == "token-algorithm"


@pytest.mark.parametrize("digest", ["sha384", "sha512", "sha1"])
def test_another_digest_is_another_signature(digest):
    header = HEADER | {"alg": digest.replace("sha", "HS")}
    assert code(signed(claims(), header, digest=digest)) == "token-algorithm"
    assert code(signed(claims(), digest=digest)) == "token-signature"


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "2026-11"},
        HEADER | {"alg": None},
        HEADER | {"alg": ["HS256"]},
        HEADER | {"kid": None},
        HEADER | {"kid": 202611},
        HEADER | {"kid": ["2026-11"]},
        HEADER | {"kid": {"2026-11": 1}},
        HEADER | {"crit": ["exp"], "exp": 1},
        HEADER | {"crit": ["b64"]},
        HEADER | {"b64": False},
        HEADER | {"b64": False, "crit": ["b64"]},
        HEADER | {"zip": "DEF"},
        HEADER | {"enc": "A256GCM"},
        HEADER | {"more": "x" * 600},
        HEADER | {"crit": None},
        HEADER | {"crit": [None]},
        {},
        [],
        ["HS256"],
        ["alg"],
        "HS256",
        "alg",
        1,
        None,
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 380,
    ],
)
def test_a_header_that_is_none_of_ours_is_refused(header):
    assert code(signed(claims(), header)) == "token-invalid"


@pytest.mark.parametrize("extra", [{"jku": "https://evil.example/jwks"}, {"jwk": {"kty": "oct"}}])
def test_a_token_cannot_bring_its_own_key(extra):
    with_theirs = signed(claims(), HEADER | extra, secret="what-only-they-know-and-not-we-do")
    assert code(with_theirs) == "token-signature"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"1",
        b'"text"',
        b"[1]",
        b"{",
        b"{}{}",
        b'{"iss": "\xff"}',
        b"\x00",
        b'{"exp": ' + b"9" * 2000 + b"}",
        b'{"a": ' * 100 + b"1" + b"}" * 100,
        b"[" * 1_300 + b"]" * 1_300,  # deeper than Python can read
    ],
)
def test_a_payload_that_is_no_object_of_claims_is_refused(payload):
    assert code(signed(payload)) == "token-invalid"


def test_infinity_and_nan_are_no_moments():
    for value in ("Infinity", "-Infinity", "NaN", "1e999"):
        text = json.dumps(claims(exp=math.pi)).replace(str(math.pi), value)
        assert value in text
        assert code(signed(text.encode())) == "token-invalid"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "...",
        "a.b",
        "a.b.c",
        "é.é.é",
        "\ud800.a.b",
        "\x00.\x00.\x00",
        "Bearer x",
        "<script>alert(1)</script>",
        "e30.e30.e30",
    ],
)
def test_what_is_no_token_is_refused(text):
    assert code(text) == "token-invalid"


def test_a_part_too_few_or_too_many_is_no_token():
    head, body, signature = signed(claims()).split(".")
    assert code(f"{head}.{body}.{signature}") == ""
    for wrong in (f"{head}.{body}", f"{head}.{body}.{signature}.", f".{head}.{body}.{signature}"):
        assert code(wrong) == "token-invalid"


def test_a_signature_is_taken_whole_or_not_at_all():
    head, body, signature = signed(claims()).split(".")
    wrong = "A" if signature[0] != "A" else "B"
    for changed in (
        "",
        signature[:-4],
        f"{signature}AAAA",
        f"{signature}=",
        f"{signature}\n",
        wrong + signature[1:],
    ):
        assert code(f"{head}.{body}.{changed}") == "token-signature"


def test_what_was_signed_cannot_be_changed():
    head, body, signature = signed(claims()).split(".")
    other = part(claims(params={"site": "2"}))
    assert code(f"{head}.{other}.{signature}") == "token-signature"
    assert code(f"{part(HEADER | {'typ': 'JWT'})}.{body}.{signature}") == "token-signature"


def test_a_token_has_at_most_4096_characters():
    # Base64 cannot be of every length, so header and claims are both made longer.
    padded = (
        signed(claims(pad="x" * more), HEADER | {"typ": "x" * typ})
        for typ in range(1, 4)
        for more in range(2_700, 2_900)
    )
    whole = next(token for token in padded if len(token) == 4096 == MOST_CHARACTERS)
    assert code(whole) == ""
    assert code(f"{whole}x") == "token-invalid"
    assert code("x" * 5_000) == "token-invalid"


@given(st.text(max_size=200))
def test_any_text_is_refused_and_raises_nothing_else(text):
    assert code(text)


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes_between_dots_are_refused(head, body, signature):
    assert code(".".join(map(part, (head, body, signature))))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["iss", "aud", "wid", "iat", "exp", "jti", "nbf", "sub", "params", "ctx"]),
        JSON,
        max_size=4,
    )
)
def test_any_claims_under_a_good_signature_are_taken_or_refused(changes):
    code(signed(claims() | changes))


@given(JSON)
def test_any_json_under_a_good_signature_is_no_token(content):
    assert code(signed(content)) == "token-invalid"


@given(
    st.dictionaries(st.sampled_from(["alg", "kid", "b64", "crit", "typ", "cty", "jwk", "x"]), JSON)
)
def test_any_header_is_taken_or_refused(header):
    code(signed(claims(), header))
    code(signed(claims(), HEADER | header))
