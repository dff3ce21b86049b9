"""Below what a widget shows are links to its tables as CSV, with no more in them than in its own address."""

from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest

from tests import html
from tests.browser.host_app import SECRET, token

HOSTS = """
default = "everybody"

[hosts.everybody]
name = "Whoever is on this machine"
origins = ["http://localhost:*"]
access = "open"

[hosts.portal]
name = "Portal"
origins = ["http://localhost:*"]
access = "key"
widgets = ["inventory", "ticker"]

[[hosts.portal.keys]]
id = "k1"
secret_env = "PORTAL_KEY"

[hosts.sales]
name = "Sales"
origins = ["http://localhost:*"]

[[hosts.sales.keys]]
id = "k1"
secret_env = "SALES_KEY"
"""
KEY = "a-key-of-the-portal-that-is-long-enough"


@pytest.fixture
def settings(settings, tmp_path, monkeypatch):
    (tmp_path / "hosts.toml").write_text(HOSTS)
    monkeypatch.setenv("PORTAL_KEY", KEY)
    monkeypatch.setenv("SALES_KEY", SECRET)
    return settings.model_copy(update={"hosts_file": tmp_path / "hosts.toml"})


def links(client, address, **headers):
    """Name → address, from the server's root."""
    page = html.read(client.get(address, headers=headers).get_data(as_text=True))
    return {
        html.words(link): urljoin(address, link.get("href"))
        for link in page.iterfind(".//a[@download]")
    }


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("/widgets/inventory/?site=1", ["Download CSV"]),
        ("/widgets/ticker/", ["Download CSV"]),
        ("/widgets/ticker/?selected=COPPER", ["quotes", "history prices"]),
        ("/widgets/quality/", ["periods", "tests", "items", "production orders"]),
        ("/widgets/inventory/?search=nothing-like-it", []),
        ("/widgets/inventory/?rows=999", []),
    ],
)
def test_each_table_that_has_rows_can_be_had(client, address, names):
    found = links(client, address)
    assert list(found) == names
    for link in found.values():
        answer = client.get(link)
        assert answer.mimetype == "text/csv"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert len(answer.get_data(as_text=True).splitlines()) > 1


def test_it_is_asked_as_the_frame_was_but_not_for_its_looks(client):
    (link,) = links(
        client,
        f"/widgets/inventory/?host=portal&key={KEY}&site=1&rows=3&theme=dark&locale=de-DE&x=y",
    ).values()
    assert parse_qs(urlsplit(link).query) == {
        "host": ["portal"],
        "key": [KEY],
        "site": ["1"],
        "rows": ["3"],
        "table": ["rows"],
    }
    assert len(client.get(link).get_data(as_text=True).splitlines()) == 4
    assert client.get(link.replace(KEY, "another")).status_code == 401


@pytest.mark.parametrize("is_in_address", [True, False])
def test_no_link_has_a_token(client, is_in_address):
    made = token("order-status")
    address = "/widgets/order-status/?host=sales&order=001524"
    headers = {} if is_in_address else {"Authorization": f"Bearer {made}"}
    found = links(client, address + (f"&token={made}" if is_in_address else ""), **headers)
    assert list(found)
    for link in found.values():
        assert "token" not in link
        assert client.get(link).status_code == 401
        assert client.get(link, headers={"Authorization": f"Bearer {made}"}).status_code == 200


def test_a_frame_that_waits_for_its_token_offers_nothing(client):
    assert links(client, "/widgets/order-status/?host=sales&order=001524&loader=1") == {}


def test_the_piece_that_is_swapped_in_has_them_too(client):
    piece = client.get("/widgets/inventory/?site=1&rows=2", headers={"HX-Request": "true"})
    assert "data.csv?site=1&amp;rows=2&amp;table=rows" in piece.get_data(as_text=True)


def test_the_record_that_the_host_shows_is_the_one_in_the_file(client, mock_erp):
    """A host names it in words of its own, which `data.csv` need not know."""
    item = mock_erp.rows("WarehousesOnHandV2", "$top=1")[0]["ItemNumber"]
    query = urlencode({"entity_type": "item", "entity_id": item})
    (address,) = links(client, f"/widgets/inventory/?{query}").values()
    assert parse_qs(urlsplit(address).query)["item"] == [item]
    shown = client.get(f"/widgets/inventory/data.json?{query}").json
    lines = client.get(address).get_data(as_text=True).splitlines()
    assert len(lines) == 1 + len(shown["view"]["rows"])
