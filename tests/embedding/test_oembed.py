"""oEmbed 1.0: an address of a widget to the HTML that shows it, for editors that ask."""

import json
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from lxml import etree

from tests import html
from tests.embedding import by_hand
from widgets.embedding.oembed import SANDBOX, iframe, tag

WIDGET = "http://localhost/widgets/inventory/"
HOSTS = """
default = "lobby"

[hosts.lobby]
name = "Lobby"
access = "open"
origins = ["https://lobby.contoso.com"]
locked = { company = "usmf" }

[hosts.stock]
name = "Stock"
access = "key"
origins = ["https://stock.contoso.com"]
keys = [{ id = "2026-11", secret_file = "shown.key" }]

[hosts.sales]
name = "Sales"
origins = ["https://sales.contoso.com"]
keys = [{ id = "2026-11", secret_file = "sales.key" }]
"""


def asked(client, url, **more):
    return client.get("/oembed", query_string={"url": url, **more})


def frame(answer) -> etree._Element:
    """The one element of the answer's HTML."""
    page = html.read(f"<h1>x</h1>{answer.json['html']}", partial=True)
    (found,) = page.findall(".//body/*")[1:]
    return found


def test_a_widgets_address_is_answered_as_the_specification_has_it(client):
    answer = asked(client, f"{WIDGET}?site=1&rows=4", format="json")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    said = json.loads(answer.text)
    assert said.pop("html")
    assert said == {
        "version": "1.0",
        "type": "rich",
        "title": "Inventory levels",
        "provider_name": "ERP widgets",
        "provider_url": "http://localhost/",
        "cache_age": 3600,
        "width": 480,
        "height": 860,
    }


def test_its_html_is_an_iframe_of_that_size_and_nothing_else(client):
    found = frame(asked(client, f"{WIDGET}?site=1&rows=4"))
    assert dict(found.attrib) == {
        "title": "Inventory levels",
        "src": f"{WIDGET}?site=1&rows=4",
        "width": "480",
        "height": "860",
        "frameborder": "0",
        "loading": "lazy",
        "referrerpolicy": "strict-origin",
        "sandbox": SANDBOX,
    }
    assert client.get(found.get("src")).status_code == 200


def test_nobody_upstream_is_asked_and_nobody_can_frame_the_answer(client, mock_erp):
    answer = asked(client, WIDGET)
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    assert mock_erp.log() == []


@pytest.mark.parametrize(
    ("limits", "size"),
    [
        ({"maxwidth": "300"}, (300, 860)),
        ({"maxheight": "400"}, (480, 400)),
        ({"maxwidth": "10000", "maxheight": "10000"}, (480, 860)),
        ({"maxwidth": "1", "maxheight": "1"}, (1, 1)),
        ({"maxwidth": "0", "maxheight": "-5"}, (480, 860)),
        ({"maxwidth": "", "maxheight": "wide"}, (480, 860)),
        ({"maxwidth": "1e2", "maxheight": "99.5"}, (480, 860)),
        ({"maxwidth": "9" * 100, "maxheight": '"><script>'}, (480, 860)),
    ],
)
def test_a_consumer_may_want_it_smaller_and_nonsense_wants_nothing(client, limits, size):
    answer = asked(client, WIDGET, **limits)
    assert (answer.json["width"], answer.json["height"]) == size
    assert (frame(answer).get("width"), frame(answer).get("height")) == tuple(map(str, size))


@pytest.mark.parametrize("kind", ["xml", "JSON", "jsonp", ""])
def test_there_is_no_other_format(client, kind):
    answer = asked(client, WIDGET, format=kind)
    assert answer.status_code == 501
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "inventory",
        "/widgets/inventory/",
        "http://localhost",
        "http://localhost/",
        "http://localhost/widgets/",
        "http://localhost/inventory/",
        "http://localhostinventory/",
        "http://localhost/widgets/stock/",
        "http://localhost/oembed?url=x",
        "https://localhost/widgets/inventory/",
        "http://example.com/widgets/inventory/",
        # What only looks like an address of ours.
        "http://localhost.evil/widgets/inventory/",
        "http://localhost@evil.example/widgets/inventory/",
        "http://localhost:pass@evil.example/widgets/inventory/",
        "http://evil.example/http://localhost/widgets/inventory/",
        "http://localhost:8000/widgets/inventory/",
        "//localhost/widgets/inventory/",
        " http://localhost/widgets/inventory/",
        "javascript:alert(1)//http://localhost/widgets/inventory/",
        "http://localhost\\@evil.example/widgets/inventory/",
        # What would be another address once it is followed.
        "http://localhost/widgets/inventory/../..",
        "http://localhost/widgets/../widgets/inventory/",
        "http://localhost/widgets/./inventory/",
        "http://localhost/widgets/%2e%2e/inventory/",
        "http://localhost/widgets/inventory/extra",
        'http://localhost/widgets/inventory/"><script>alert(1)</script>',
        "http://localhost/widgets/inventory/#x",
        "http://localhost/widgets/Inventory/",
    ],
)
def test_what_is_no_address_of_a_widget_here_is_not_found(client, url):
    answer = asked(client, url)
    assert answer.status_code == 404
    assert answer.json == {"error": "The url is not that of a widget of this server."}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_without_an_url_there_is_nothing(client):
    assert client.get("/oembed").status_code == 404


def test_the_slash_at_the_end_may_be_missing(client):
    found = frame(asked(client, "http://localhost/widgets/inventory?site=1"))
    assert found.get("src") == f"{WIDGET}?site=1"


@pytest.mark.parametrize(
    "value", ['"><script>alert(1)</script>', "' onload='x", "a&b=c", "{{7*7}}", "ü ✓", "%22%3E"]
)
def test_a_strange_value_is_part_of_the_address_and_nothing_else(client, value):
    answer = asked(client, f"{WIDGET}?{urlencode({'search': value})}")
    found = frame(answer)
    assert found.tag == "iframe"
    assert not [name for name in found.attrib if name.startswith("on")]
    assert dict(parse_qsl(urlsplit(found.get("src")).query)) == {"search": value}


def test_only_what_the_widget_knows_goes_on(client):
    query = "site=1&email=a@b.c&token=SECRET&userlcid=1033&loader=1&theme=dark&locale=de-DE&rows="
    answer = asked(client, f"{WIDGET}?{query}")
    assert frame(answer).get("src") == f"{WIDGET}?site=1&theme=dark&locale=de-DE"
    assert "SECRET" not in answer.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("site=no site!", "The parameter site must be 1 to 10 letters, digits, - or _"),
        ("rows=51", "The parameter rows must be at most 50, not “51”."),
        ("host=crm", "Register the host: "),  # for whoever embeds, who is not the viewer
    ],
)
def test_what_would_not_be_shown_is_not_found_and_says_why(client, query, said):
    answer = asked(client, f"{WIDGET}?{query}")
    assert answer.status_code == 404
    assert answer.json["error"].startswith(said)


@pytest.fixture
def registered(settings, tmp_path):
    return by_hand.client_of(settings, HOSTS, tmp_path)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200),
        ("host=lobby", 200),
        ("host=lobby&company=usmf", 200),
        ("host=lobby&company=demf", 404),
        ("host=sales", 401),
        ("host=stock", 401),
        ("host=stock&key=x", 401),
        (f"host=stock&key={by_hand.SHOWN}", 200),
        ("host=crm", 404),
    ],
)
def test_only_a_host_without_tokens_is_answered_for(registered, query, status):
    answer = asked(registered, f"{WIDGET}?{query}")
    assert answer.status_code == status
    if status == 200:
        source = frame(answer).get("src")
        assert source == (f"{WIDGET}?{query}" if query else f"{WIDGET}?")
        assert registered.get(source).status_code == 200


def test_a_token_in_the_address_opens_nothing_since_the_answer_is_kept(registered):
    token = by_hand.token()
    answer = asked(registered, f"{WIDGET}?host=sales&token={token}", token=token)
    assert answer.status_code == 401
    assert token not in answer.text


def test_a_personal_widget_of_an_open_host_is_not_answered_for(registered):
    assert asked(registered, "http://localhost/widgets/order-status/").status_code == 404


def link(answer) -> etree._Element | None:
    return html.read(answer.text).find(".//link[@type='application/json+oembed']")


@pytest.mark.parametrize("name", ["inventory", "order-status", "ticker"])
def test_a_frame_names_the_address_that_answers_for_it(client, name):
    query = {"host": "demo", "theme": "dark", "email": "a@b.c", "company": "usmf"}
    found = link(client.get(f"/widgets/{name}/", query_string=query))
    assert found is not None
    assert found.get("title")
    answer = client.get(found.get("href"))
    assert answer.status_code == 200
    assert "email" not in answer.text
    shown = dict(parse_qsl(urlsplit(frame(answer).get("src")).query))
    assert shown == {name: value for name, value in query.items() if name != "email"} or (
        name == "ticker" and shown == {"host": "demo", "theme": "dark"}
    )


def test_a_frame_names_none_where_a_token_is_needed_or_no_host_is_known(registered):
    token = by_hand.token()
    for query in (f"host=sales&token={token}", "host=sales", "host=crm"):
        assert link(registered.get(f"/widgets/inventory/?{query}")) is None
    assert link(registered.get(f"/widgets/inventory/?host=stock&key={by_hand.SHOWN}")) is not None


def test_the_snippets_escape_what_they_are_given():
    hostile = "\"'><b>&"
    for snippet in (iframe(hostile, hostile, 100), tag(hostile, "inventory", {"site": hostile}, 1)):
        assert "<b>" not in snippet
        page = html.read(f"<h1>x</h1>{snippet}", partial=True)
        values = [value for element in page.iter() for value in element.attrib.values()]
        assert any(hostile in value for value in values)


def test_the_address_that_hosts_use_is_the_one_that_counts(settings, tmp_path):
    at = settings.model_copy(update={"public_url": "https://widgets.contoso.com/erp"})
    client = by_hand.client_of(at, HOSTS, tmp_path)
    answer = asked(client, "https://widgets.contoso.com/erp/widgets/inventory/?site=1")
    assert answer.json["provider_url"] == "https://widgets.contoso.com/erp/"
    source = "https://widgets.contoso.com/erp/widgets/inventory/?site=1"
    assert frame(answer).get("src") == source
    assert asked(client, WIDGET).status_code == 404
    found = link(client.get("/widgets/inventory/?site=1"))
    assert found is not None
    assert found.get("href").startswith("https://widgets.contoso.com/erp/oembed?url=https")
    assert quote("/erp/widgets/inventory/", safe="") in found.get("href")
