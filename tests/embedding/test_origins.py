"""Which origins may be registered, and which page each of them lets in."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.embedding.origins import checked_origin, covers, directives, lets_in, origin_of

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
PORTS = st.one_of(st.just(""), st.integers(1, 65_535).map(":{}".format))


@pytest.mark.parametrize(
    "value",
    [
        "https://a.example; script-src *",
        "https://a.example, https://b.example",
        "https://a.example https://b.example",
        "https://a.example\nscript-src",
        "*",
        "https://*",
        "https://*.example",
        "https://*:443",
        "http://*:*",
        "https:",
        "https://",
        "//contoso.example",
        "foo bar none",
        "'none'",
        "'self'",
        "'unsafe-inline'",
        "null",
        "",
        "contoso.example",
        "ftp://contoso.example",
        "data:",
        "javascript:alert(1)",
        "https://contoso.example/path",
        "https://contoso.example//",
        "https://contoso.example?x",
        "https://contoso.example#x",
        "https://user@contoso.example",
        "https://contoso.example:port",
        "https://contoso.example:",
        "https://contoso.example:0",
        "https://contoso.example:65536",
        "https://contoso.example:123456",
        "https://contoso.example:8*",
        "https://a.*.example",
        "https://*.*.contoso.example",
        "https://*contoso.example",
        "https://con*so.example",
        "https://-contoso.example",
        "https://contoso-.example",
        "https://contoso..example",
        "https://contoso.example.",
        "https://.contoso.example",
        "https://bücher.example",
        "https://contoso_.example",
        "https://[::1]",
        "https://\u017fales.contoso.com",  # a long s, which is an s only where case does not count
        "http\u017f://contoso.example",
        "https://contoso.example:0443",
    ],
)
def test_a_frame_ancestor_cannot_open_more_than_itself(value):
    with pytest.raises(ValueError, match="is no origin") as caught:
        checked_origin(value)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("https://sales.contoso.com", "https://sales.contoso.com"),
        ("https://sales.contoso.com/", "https://sales.contoso.com"),
        ("  https://sales.contoso.com\n", "https://sales.contoso.com"),
        ("HTTPS://Sales.Contoso.COM", "https://sales.contoso.com"),
        ("https://*.dynamics.com:*", "https://*.dynamics.com:*"),
        ("https://*.contoso.com", "https://*.contoso.com"),
        ("https://contoso--c.vf.force.com", "https://contoso--c.vf.force.com"),
        ("https://xn--bcher-kva.example:8443", "https://xn--bcher-kva.example:8443"),
        ("http://10.0.0.7:8080", "http://10.0.0.7:8080"),
        ("http://localhost:*", "http://localhost:*"),
        ("https://contoso.example:65535", "https://contoso.example:65535"),
        # A browser does not write the usual port.
        ("https://contoso.example:443/", "https://contoso.example"),
        ("http://contoso.example:80", "http://contoso.example"),
        ("https://contoso.example:80", "https://contoso.example:80"),
        ("http://contoso.example:443", "http://contoso.example:443"),
        ("https://*.contoso.example:443", "https://*.contoso.example"),
        ("https://intranet", "https://intranet"),
    ],
)
def test_a_frame_ancestor_is_an_origin_in_small_letters(value, origin):
    assert checked_origin(value) == origin
    assert checked_origin(origin) == origin


@given(st.text("htps:/*.;, '\"\\\n\tAaé%-_?#@[]09", max_size=40))
def test_nothing_that_is_taken_can_end_a_policys_source(text):
    try:
        taken = checked_origin(f"https://{text}")
    except ValueError:
        return
    assert re.fullmatch(r"https://(\*\.)?[a-z0-9.-]+(:[0-9]+|:\*)?", taken)


@given(st.sampled_from(["http", "https"]), NAMES, PORTS)
def test_an_origin_that_is_registered_covers_itself(scheme, name, port):
    origin = checked_origin(f"{scheme}://{name}{port}")
    assert covers(origin, origin)
    assert covers(f"{scheme}://{name}:*", origin)


@given(LABELS, NAMES, PORTS)
def test_a_wildcard_is_for_subdomains_and_nothing_else(label, name, port):
    source = checked_origin(f"https://*.{name}.example{port}")
    assert covers(source, f"https://{label}.{name}.example{port}")
    assert not covers(source, f"https://{name}.example{port}")
    assert not covers(source, f"https://evil{name}.example{port}")
    assert not covers(source, f"https://{label}.{name}.example.evil.example{port}")


@pytest.mark.parametrize(
    ("source", "origin", "covered"),
    [
        ("https://contoso.com", "https://contoso.com", True),
        ("https://contoso.com", "https://CONTOSO.com", True),
        ("https://contoso.com", "https://evilcontoso.com", False),
        ("https://contoso.com", "https://contoso.com.evil.example", False),
        ("https://contoso.com", "https://www.contoso.com", False),
        ("https://www.contoso.com", "https://contoso.com", False),
        ("https://contoso.com", "null", False),
        # A wildcard stands for one label or more, and never for none.
        ("https://*.contoso.com", "https://a.contoso.com", True),
        ("https://*.contoso.com", "https://a.b.c.contoso.com", True),
        ("https://*.contoso.com", "https://contoso.com", False),
        ("https://*.contoso.com", "https://evilcontoso.com", False),
        ("https://*.contoso.com", "https://a.contoso.com.evil.example", False),
        ("https://*.contoso.com", "https://a.contoso.com:8443", False),
        ("https://*.contoso.com:*", "https://a.contoso.com:8443", True),
        ("https://*.contoso.com:*", "https://contoso.com:8443", False),
        # A port that is not written is the scheme's own.
        ("https://contoso.com", "https://contoso.com:443", True),
        ("https://contoso.com:443", "https://contoso.com", True),
        ("https://contoso.com", "https://contoso.com:8443", False),
        ("https://contoso.com:8443", "https://contoso.com:8443", True),
        ("https://contoso.com:8443", "https://contoso.com", False),
        ("https://contoso.com:8443", "https://contoso.com:8444", False),
        ("https://contoso.com:*", "https://contoso.com", True),
        ("https://contoso.com:*", "https://contoso.com:1", True),
        ("http://localhost:*", "http://localhost:5173", True),
        ("http://localhost:*", "http://127.0.0.1:5173", False),
        ("http://localhost:*", "http://localhost.evil.example:5173", False),
        # http also stands for https, at the same port or at the two usual ones; never the other way.
        ("http://contoso.com", "https://contoso.com", True),
        ("http://contoso.com:80", "https://contoso.com:443", True),
        ("http://contoso.com:8080", "https://contoso.com:8080", True),
        ("http://contoso.com:*", "https://contoso.com:8443", True),
        ("http://contoso.com", "https://contoso.com:8443", False),
        ("http://contoso.com:8080", "https://contoso.com", False),
        ("http://contoso.com", "http://contoso.com:443", False),
        ("https://contoso.com", "http://contoso.com", False),
        ("https://contoso.com:*", "http://contoso.com:8080", False),
        ("http://contoso.com", "ftp://contoso.com", False),
    ],
)
def test_an_origin_covers_itself_and_what_its_wildcards_stand_for(source, origin, covered):
    assert covers(source, origin) is covered


W = "https://widgets.contoso.com"


@pytest.mark.parametrize(
    ("source", "page", "lets"),
    [
        ("*", "https://sales.contoso.com", True),
        ("https:", "https://sales.contoso.com", True),
        ("http:", "https://sales.contoso.com", True),
        ("'self'", W, True),
        ("'self'", "https://sales.contoso.com", False),
        ("'none'", W, False),
        ("'unsafe-inline'", W, False),
        ("'nonce-widgets.contoso.com'", W, False),
        (W, "https://sales.contoso.com", True),
        (f"{W}/static/embed.js", "https://sales.contoso.com", True),
        ("HTTPS://WIDGETS.contoso.com", "https://sales.contoso.com", True),
        ("https://*.contoso.com", "https://sales.contoso.com", True),
        ("https://contoso.com", "https://sales.contoso.com", False),
        ("https://widgets.contoso.com:8443", "https://sales.contoso.com", False),
        ("widgets.contoso.com", "https://sales.contoso.com", True),
        ("widgets.contoso.com", "http://sales.contoso.com", True),
        ("widgets.contoso.com", "", True),
        ("*.contoso.com", "https://sales.contoso.com", True),
        ("widgets.contoso.com:*", "https://sales.contoso.com", True),
        ("*.example", "https://sales.contoso.com", False),
        ("https://*", "https://sales.contoso.com", True),
        ("*:*", "https://sales.contoso.com", True),
        ("http://*:8000", "https://sales.contoso.com", False),
        ("HTTPS:", "https://sales.contoso.com", True),
        ("'SELF'", W, True),
        ("c.com", "http://[", False),
        ("data:", "https://sales.contoso.com", False),
        ("https://[", "https://sales.contoso.com", False),
        ("https://widgets.contoso.com:port", "https://sales.contoso.com", False),
    ],
)
def test_a_source_of_a_pages_policy_lets_the_widgets_in_or_not(source, page, lets):
    assert lets_in(source, W, page=page) is lets


@pytest.mark.parametrize(
    ("source", "origin", "page", "lets"),
    [
        ("https:", "http://widgets.example", "https://sales.contoso.com", False),
        ("http:", "http://widgets.example", "https://sales.contoso.com", True),
        ("widgets.example", "http://widgets.example", "https://sales.contoso.com", False),
        ("widgets.example", "http://widgets.example", "http://sales.contoso.com", True),
        ("widgets.example", "http://widgets.example", "", False),
        ("https://w.example:*/static/", "https://w.example:8443", "", True),
        ("https://w.example/static/", "https://w.example:8443", "", False),
    ],
)
def test_scheme_and_port_of_a_source_count(source, origin, page, lets):
    assert lets_in(source, origin, page=page) is lets


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://Widgets.Contoso.com/erp/?x=1#y", "https://widgets.contoso.com"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_an_address_has_an_origin(address, origin):
    assert origin_of(address) == origin


@pytest.mark.parametrize(
    ("policy", "read"),
    [
        ("", {}),
        (" ; ;", {}),
        ("frame-src 'none'", {"frame-src": ["'none'"]}),
        ("upgrade-insecure-requests;", {"upgrade-insecure-requests": []}),
        (
            "Default-Src 'self';  frame-src\thttps://a.example https://B.example ",
            {"default-src": ["'self'"], "frame-src": ["https://a.example", "https://B.example"]},
        ),
        # The first of a name counts, and people copy the header's name along.
        ("frame-src a.example; frame-src b.example", {"frame-src": ["a.example"]}),
        (" Content-Security-Policy: img-src *", {"img-src": ["*"]}),
    ],
)
def test_a_policy_is_read_by_directive(policy, read):
    assert directives(policy) == read
