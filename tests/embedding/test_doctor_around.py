"""What the doctor finds of a page's own policy, of what stands between page and server, and of what arrives:
it never is of another opinion than the server."""

from typing import Any

import pytest

from tests import html
from tests.embedding import by_hand
from tests.embedding.by_hand import AUDIENCE, SECRET
from widgets.embedding.admission import Admission
from widgets.embedding.doctor import Case, Finding, examine, examine_answer, stops
from widgets.embedding.hosts import Registry
from widgets.embedding.origins import covers, directives

PAGE = "https://sales.contoso.com"
WIDGETS = "https://widgets.contoso.com"


@pytest.fixture(scope="module")
def admission() -> Admission:
    doors = Admission(None, by_hand.embeddables(), AUDIENCE, mocked=True)
    hosts = {
        "sales": by_hand.host(access="open", origins=(PAGE,)),
        "lobby": by_hand.host(id="lobby", access="open", origins=(PAGE,), in_gallery=True),
    }
    doors.registry = Registry(hosts, "lobby")
    return doors


def case(**changes: Any) -> Case:
    """An open widget on a page of Contoso Sales, with nothing wrong but the changes."""
    good: dict[str, Any] = {"widget": "inventory", "host": "sales", "origins": (PAGE,)}
    return Case(**good | {"server": WIDGETS} | changes)


@pytest.mark.parametrize(
    ("csp", "rules"),
    [
        ("", []),
        ("img-src *", ["frame-src", "script-src"]),
        (f"default-src {WIDGETS}", ["default-src", "default-src"]),
        (f"frame-src *.contoso.com; script-src {WIDGETS}/static/", ["frame-src", "script-src"]),
        ("child-src https:; default-src 'none'; script-src *", ["child-src", "script-src"]),
        (f"script-src 'none'; script-src-elem {WIDGETS}", ["frame-src", "script-src-elem"]),
    ],
)
def test_a_pages_policy_is_read_as_a_browser_reads_it(admission, csp, rules):
    findings = examine(case(csp=csp, loader=True), admission)
    assert stops(findings) == []
    assert [found.about for found in findings if "-src" in found.about] == rules


def test_a_plain_iframe_needs_no_leave_for_scripts(admission):
    assert stops(examine(case(csp=f"default-src 'none'; frame-src {WIDGETS}"), admission)) == []
    for csp in ("default-src 'none'", "frame-src", "child-src 'none'; default-src *"):
        assert len(stops(examine(case(csp=csp), admission))) == 1


@pytest.mark.parametrize(
    "server", ["http://localhost:8000", "http://127.0.0.1:8000", "http://erp.localhost", WIDGETS]
)
def test_a_server_on_this_machine_needs_no_tls(admission, server):
    assert stops(examine(case(server=server), admission)) == []


def test_any_page_around_it_at_https_wants_tls(admission):
    plain = {"origins": ("http://sales.contoso.com",), "server": "http://widgets.contoso.com"}
    assert "mixed content" not in {found.about for found in examine(case(**plain), admission)}
    framed = plain | {"origins": ("http://sales.contoso.com", PAGE)}
    assert "mixed content" in {found.about for found in stops(examine(case(**framed), admission))}


def test_our_own_gallery_may_frame_the_default_hosts_widgets(admission):
    ours = (WIDGETS,)
    assert stops(examine(case(host="lobby", origins=ours), admission)) == []
    assert len(stops(examine(case(host="sales", origins=ours), admission))) == 1
    assert len(stops(examine(case(host="lobby", origins=ours, server=PAGE), admission))) == 1


# --- What arrives.

SENT = f"default-src 'none'; frame-ancestors {PAGE}"


def answered(status: int = 200, **headers: str) -> list[Finding]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return examine_answer(status, named, by_hand.host(origins=(PAGE,)))


def test_headers_that_arrive_as_they_were_sent_are_good():
    for status in (200, 304, 401, 404, 429):
        (found,) = answered(status, Content_Security_Policy=SENT)
        assert (found.verdict, found.about) == ("good", "headers")


@pytest.mark.parametrize(
    ("headers", "about", "says"),
    [
        (
            {"Content_Security_Policy": SENT, "X_Frame_Options": "SAMEORIGIN"},
            "X-Frame-Options",
            "adds 'SAMEORIGIN'",
        ),
        ({}, "frame-ancestors", f"{PAGE} should arrive, and nothing does."),
        ({"Content_Security_Policy": "default-src 'none'"}, "frame-ancestors", "nothing does"),
        (
            {"Content_Security_Policy": "frame-ancestors 'self'"},
            "frame-ancestors",
            f"{PAGE} should arrive, and 'self' does.",
        ),
        (
            {"Content_Security_Policy": f"{SENT} https://more.example"},
            "frame-ancestors",
            f"and {PAGE} https://more.example does.",
        ),
        ({"Content_Security_Policy": "frame-ancestors"}, "frame-ancestors", "and nothing does."),
        (
            {"Content_Security_Policy": f"frame-ancestors {PAGE}, frame-ancestors 'none'"},
            "frame-ancestors",
            f"and {PAGE} and 'none' does.",
        ),
    ],
)
def test_a_header_that_something_in_between_adds_or_takes_away_is_named(headers, about, says):
    (found,) = answered(**headers)
    assert found.verdict == "stops"
    assert found.about.rpartition(": ")[2] == about
    assert says in found.says
    assert "proxy or gateway" in found.mend


def test_an_answer_that_is_a_failure_is_said_beside_its_headers():
    (found,) = answered(502, Content_Security_Policy=SENT)
    assert (found.verdict, found.about, found.says) == ("stops", "status", "It answers 502.")
    assert len(answered(500, X_Frame_Options="DENY")) == 3


def test_for_no_host_nobody_may_frame():
    none = {"Content-Security-Policy": "frame-ancestors 'none'"}
    assert stops(examine_answer(403, none, None)) == []
    assert stops(examine_answer(403, {"Content-Security-Policy": SENT}, None)) != []


# --- The server itself.

HOSTS = """
default = "lobby"

[hosts.sales]
name = "Sales"
origins = ["https://sales.contoso.com", "https://*.shops.contoso.com", "http://10.0.0.7:8080"]
keys = [{ id = "2026-11", secret_file = "sales.key" }]

[hosts.lobby]
name = "Lobby"
access = "open"
origins = ["http://intranet", "http://localhost:*"]
"""


@pytest.fixture
def client(settings, tmp_path):
    return by_hand.client_of(settings, HOSTS, tmp_path)


ORIGINS = [
    "https://sales.contoso.com",
    "http://sales.contoso.com",
    "https://sales.contoso.com:8443",
    "https://a.shops.contoso.com",
    "https://shops.contoso.com",
    "https://evilshops.contoso.com",
    "http://10.0.0.7:8080",
    "https://10.0.0.7:8080",
    "http://10.0.0.7",
    "http://intranet",
    "https://intranet",
    "http://localhost:5173",
    "http://localhost",
    "http://localhost.evil.example:5173",
]


@pytest.mark.parametrize("host", ["sales", "lobby"])
def test_the_doctor_and_the_header_agree_on_who_may_frame(client, host):
    doors = client.application.extensions["erp_widgets"].admission
    headers = client.get(f"/widgets/inventory/?host={host}").headers
    sources = directives(headers["Content-Security-Policy"])["frame-ancestors"]
    allowed = set()
    for origin in ORIGINS:
        says = examine(Case("inventory", host, (origin,), "http://localhost"), doors)
        may = ("good", "frame-ancestors") in {(found.verdict, found.about) for found in says}
        framed = any(
            origin == "http://localhost" if source == "'self'" else covers(source, origin)
            for source in sources
        )
        assert may is framed, origin
        allowed |= {origin} if may else set()
    assert 0 < len(allowed) < len(ORIGINS)


def form(**fields: str) -> dict[str, str]:
    usual = {"widget": "inventory", "host": "sales", "origin": PAGE, "way": "iframe"}
    return usual | {"token": by_hand.token()} | fields


def test_the_doctors_page_says_what_it_finds_and_keeps_nothing(client, mock_erp):
    answer = client.post("/doctor", data=form(params="?site=1&colour=red"))
    page = html.read(answer.text)
    assert html.words(page.find(".//h2[@id='verdict']")) == "It will show"
    found = [item.get("class") for item in page.findall(".//ul[@class='findings']/li")]
    # The server is at localhost here, and the page is not.
    assert found == ["note", "good", "good", "note"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    assert mock_erp.log() == []


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"origin": f"{PAGE}/"}, "It will show"),
        ({"origin": f"{PAGE} https://evil.example"}, "It will not show: one thing stops it"),
        ({"token": "x", "csp": "frame-src x"}, "It will not show: 2 things stop it"),
        ({"params": " ?rows=0"}, "It will not show: one thing stops it"),
        ({"token": "", "way": "loader"}, "It will show"),
        ({"token": "", "sandbox": ""}, "It will not show: 2 things stop it"),
        ({"host": " lobby ", "origin": "http://intranet"}, "It will show"),
        ({"host": "lobby"}, "It will not show: one thing stops it"),
        ({"host": "", "origin": "http://intranet"}, "It will show"),
        ({"csp": "frame-src 'none'"}, "It will not show: one thing stops it"),
        ({"widget": "stock"}, "It will not show: one thing stops it"),
    ],
)
def test_every_field_of_the_doctors_page_counts(client, fields, verdict):
    page = html.read(client.post("/doctor", data=form(**fields)).text)
    assert html.words(page.find(".//h2[@id='verdict']")) == verdict
    assert (page.findtext(".//title") or "").startswith(verdict.partition(":")[0])


def test_the_doctors_page_can_be_linked_to_and_is_a_form_at_first(client):
    page = html.read(client.get("/doctor").text)
    assert page.find(".//h2[@id='verdict']") is None
    assert page.find(".//form").get("method") == "post"
    asked = {"widget": "ticker", "host": "lobby", "origin": "http://localhost:3000"}
    linked = html.read(client.get("/doctor", query_string=asked).text)
    assert html.words(linked.find(".//h2[@id='verdict']")) == "It will show"
    assert linked.find(".//option[@selected]").text == "ticker"
    assert linked.find(".//input[@id='host']").get("value") == "lobby"


def test_what_was_typed_is_shown_again_as_text_and_a_secret_is_not(client):
    hostile = "\"><script>alert(1)</script>'"
    token, key = by_hand.token(), f"{SECRET}x"
    fields = dict.fromkeys(("origin", "params", "csp", "sandbox", "host"), hostile)
    answer = client.post("/doctor", data=form(**fields, token=token, key=key))
    page = html.read(answer.text)
    assert page.findall(".//script") == []
    for name in ("origin", "params", "csp", "sandbox", "host"):
        assert page.find(f".//input[@id='{name}']").get("value") == hostile
    assert token not in answer.text
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("origin", "server", "noted"),
    [
        ("https://crm.contoso.com", "https://10.0.0.7", True),
        ("https://crm.contoso.com", "https://widgets", True),
        ("https://crm.contoso.com", "https://widgets.internal", True),
        ("https://crm.contoso.com", "http://localhost:8000", True),
        ("https://crm.contoso.com", "https://widgets.contoso.com", False),
        ("http://10.0.0.8", "http://10.0.0.7", False),
        ("http://localhost:1", "http://127.0.0.1:8000", False),
    ],
)
def test_a_private_server_on_a_public_page_needs_leave(admission, origin, server, noted):
    findings = examine(case(origins=(origin,), server=server), admission)
    assert ("local network access" in [each.about for each in findings]) is noted
