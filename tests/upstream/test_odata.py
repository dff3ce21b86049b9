"""The writer of OData addresses: whatever a value holds, it stays a value."""

import string
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.errors import BadParameter
from widgets.upstream.odata import collection_url, entity_url, equals, literal, next_page

ROOT = "https://erp.example/data"
HOSTILE = [
    "'",
    "''",
    "/",
    "%",
    "%2F",
    "#",
    "?",
    "&",
    "+",
    " ",
    "$",
    "..",
    ";",
    "\\",
    "é",
    "漢",
    "🎈",
    ")",
]
VALUES = st.lists(
    st.one_of(st.sampled_from(HOSTILE), st.sampled_from(string.ascii_letters)), max_size=30
).map("".join)


def parsed(text: str) -> str:
    """Reads one OData string literal back, strictly."""
    assert text[0] == text[-1] == "'"
    inner = text[1:-1]
    assert "'" not in inner.replace("''", "")
    return inner.replace("''", "'")


@given(VALUES)
def test_literal_holds_exactly_the_value(value: str) -> None:
    assert parsed(literal(value, "item")) == value


@given(VALUES, VALUES)
def test_key_is_one_segment_that_reads_back(company: str, number: str) -> None:
    keys = {"dataAreaId": literal(company, "company"), "Number": literal(number, "order")}
    parts = urlsplit(entity_url(ROOT, "Orders", keys, ["A", "B"]))
    assert parts.netloc == "erp.example"
    assert parts.path.count("/") == 2
    assert parts.fragment == ""
    assert parts.query == "cross-company=true&$select=A,B"
    assert unquote(parts.path) == (
        f"/data/Orders(dataAreaId={keys['dataAreaId']},Number={keys['Number']})"
    )


@given(VALUES)
def test_filter_reads_back(value: str) -> None:
    url = collection_url(ROOT, "Orders", [equals("A", value, "item"), "B eq 1"], ["A"])
    query = parse_qs(urlsplit(url).query, strict_parsing=True)
    assert set(query) == {"cross-company", "$filter", "$select"}
    assert query["$filter"] == [f"A eq {literal(value, 'item')} and B eq 1"]
    assert "+" not in url


def test_leading_spaces_are_kept() -> None:
    assert "%27%20RFI%27" in collection_url(ROOT, "S", [equals("I", " RFI", "item")], ["I"])


@given(VALUES, st.sampled_from(["*", "\0", "\n", "\x7f", "\ud800", "x" * 251]), VALUES)
def test_what_must_not_be_asked_for_is_refused(before: str, bad: str, after: str) -> None:
    with pytest.raises(BadParameter) as caught:
        literal(before + bad + after, "item")
    assert caught.value.parameter == "item"
    assert "item" in caught.value.message


@pytest.mark.parametrize(
    "link",
    [
        "https://erp.example/data/Orders?$skiptoken=a%20b",
        "https://erp.example:443/data/Orders?x",
        "HTTPS://ERP.example/data/Orders",
        "/data/Orders?x",
        "Orders?x",
        "?$skiptoken=1",
    ],
)
def test_next_link_on_the_same_service(link: str) -> None:
    target = next_page(ROOT, f"{ROOT}/Orders?y", link)
    assert target is not None
    assert target.lower().startswith("https://erp.example")


@pytest.mark.parametrize(
    "link",
    [
        "http://erp.example/data/Orders",
        "https://evil.example/data/Orders",
        "//evil.example/data/Orders",
        "https://erp.example:8443/data/Orders",
        "https://erp.example.evil.example/data/Orders",
        "https://erp.example@evil.example/data/Orders",
        "https://user@erp.example/data/Orders",
        "https://erp.example/other/Orders",
        "https://erp.example/database",
        "https://erp.example/data",
        "https://erp.example/data/../_control",
        "https://erp.example/data/%2e%2e/_control",
        "https://erp.example/data/..\\_control",
        "https://erp.example:port/data/Orders",
        "https://[erp/data/Orders",
        "file:///data/Orders",
        "https://erp.example/data/\ud800",
    ],
)
def test_next_link_that_leads_away(link: str) -> None:
    assert next_page(ROOT, f"{ROOT}/Orders?y", link) is None
