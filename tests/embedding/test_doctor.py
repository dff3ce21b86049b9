"""What the doctor finds of a page that embeds, and of what it embeds. What surrounds them is in
test_doctor_around."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.embedding import by_hand
from tests.embedding.by_hand import AUDIENCE, SECRET
from widgets.embedding.admission import Admission
from widgets.embedding.doctor import Case, Finding, examine, stops
from widgets.embedding.hosts import Registry
from widgets.embedding.oembed import SANDBOX
from widgets.embedding.refusals import REFUSALS

PAGE = "https://sales.contoso.com"
WIDGETS = "https://widgets.contoso.com"
HOSTS = {
    "sales": by_hand.host(origins=(PAGE, "https://*.shops.contoso.com")),
    "stock": by_hand.host(id="stock", access="key", widgets=frozenset(["inventory"])),
    "held": by_hand.host(id="held", locked={"company": "usmf"}),
    "lobby": by_hand.host(id="lobby", access="open", locked={"site": "1"}, in_gallery=True),
}
NO_SCRIPT = SANDBOX.replace("allow-scripts ", "")
NO_ORIGIN = SANDBOX.replace("allow-same-origin ", "")


@pytest.fixture(scope="module")
def admission() -> Admission:
    doors = Admission(None, by_hand.embeddables(), AUDIENCE, mocked=True)
    doors.registry = Registry(HOSTS, "lobby")
    return doors


def case(*, claims: dict[str, Any] | None = None, **changes: Any) -> Case:
    """Inventory in a plain iframe on a page of Contoso Sales, with nothing wrong but the changes, of its
    token's claims too."""
    good = Case("inventory", "sales", (PAGE,), WIDGETS, token=by_hand.token(**claims or {}))
    return replace(good, **changes)


def verdicts(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.verdict, finding.about) for finding in findings]


def test_a_page_with_nothing_wrong_will_show_the_widget(admission):
    findings = examine(case(), admission)
    assert verdicts(findings) == [("good", "frame-ancestors"), ("good", "access")]
    assert findings[0].says == f"The page, {PAGE}, may frame it."
    assert findings[1].says == "Host sales may show inventory."
    assert stops(findings) == []


@pytest.mark.parametrize(
    ("changes", "about", "says", "mend"),
    [
        ({"widget": "stock"}, "widget", "no widget 'stock'", "There are inventory, order-status,"),
        ({"widget": ""}, "widget", "no widget ''", "There are inventory, "),
        ({"host": "crm"}, "hosts file", "'crm' is not registered", "a table [hosts.ID] in the"),
        (
            {"csp": "frame-src 'self'"},
            "Content-Security-Policy of the page: frame-src",
            f"It does not let {WIDGETS} in.",
            f"Add `{WIDGETS}` to `frame-src` of the page's policy.",
        ),
        (
            {"csp": f"frame-src {WIDGETS}; script-src 'self'", "loader": True},
            "Content-Security-Policy of the page: script-src",
            f"It does not let {WIDGETS} in.",
            f"Add `{WIDGETS}` to `script-src` of the page's policy.",
        ),
        (
            {"server": "http://widgets.contoso.com"},
            "mixed content",
            "shows no frame of http://widgets.contoso.com",
            "WIDGETS_PUBLIC_URL",
        ),
        (
            {"origins": ("https://evil.example",)},
            "Content-Security-Policy of the widget: frame-ancestors",
            f"The page, https://evil.example, is none of: {PAGE} https://*.shops.contoso.com.",
            "Add `https://evil.example` to `origins` of `[hosts.sales]`.",
        ),
        (
            {"origins": (PAGE, "https://portal.example")},
            "Content-Security-Policy of the widget: frame-ancestors",
            "A page around it, https://portal.example, is none of: ",
            "Add `https://portal.example` to `origins` of `[hosts.sales]`.",
        ),
        ({"origins": ("null",)}, "origin", "The page is itself sandboxed", "allow-same-origin"),
        ({"origins": (PAGE, "null")}, "origin", "A page around it is itself sandboxed", "allow"),
        ({"origins": (f"{PAGE}/orders",)}, "origin", "is no origin", "scheme, host and port alone"),
        ({"origins": ("sales.contoso.com",)}, "origin", "is no origin", "scheme, host and port"),
        (
            {"sandbox": NO_SCRIPT, "loader": True},
            "sandbox: allow-scripts",
            "cannot take a token from the loader",
            "Add allow-scripts.",
        ),
        (
            {"sandbox": NO_ORIGIN, "loader": True},
            "sandbox: allow-same-origin",
            "cannot talk to the page",
            "Add allow-same-origin.",
        ),
        (
            {"host": "lobby", "params": {"site": "2"}, "server": PAGE},
            "locked-parameter",
            "has set the parameter site to another value",
            REFUSALS["locked-parameter"].mend,
        ),
        (
            {"params": {"site": "1", "rows": "51"}},
            "bad-parameter",
            "The parameter rows must be at most 50, not “51”.",
            "Correct it in the address.",
        ),
    ],
)
def test_what_stops_a_widget_is_named_with_what_to_do(admission, changes, about, says, mend):
    (found,) = stops(examine(case(**changes), admission))
    assert found.about == about
    assert says in found.says
    assert mend in found.mend


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": ""}, "token-missing"),
        ({"token": "x"}, "token-invalid"),
        ({"claims": {"wid": "ticker"}}, "token-widget"),
        ({"claims": {"params": {"order": "1"}}}, "token-params"),
        ({"host": "stock", "widget": "ticker"}, "widget-not-allowed"),
        ({"host": "stock"}, "key-missing"),
        ({"host": "stock", "key": "x"}, "key-wrong"),
    ],
)
def test_what_the_server_would_refuse_is_said_with_its_code(admission, changes, code):
    (found,) = stops(examine(case(**changes), admission))
    assert (found.about, found.says) == (code, f"{REFUSALS[code].title}.")
    assert found.mend == REFUSALS[code].mend


@pytest.mark.parametrize(
    ("changes", "about", "mend"),
    [
        ({"server": PAGE}, "origin", "Serve the widgets from an origin of their own."),
        ({"sandbox": None}, "sandbox", f'Give it one: sandbox="{SANDBOX}".'),
        ({"sandbox": NO_SCRIPT}, "sandbox: allow-scripts", "Add allow-scripts."),
        ({"sandbox": NO_ORIGIN}, "sandbox: allow-same-origin", "Add allow-same-origin."),
        (
            {"sandbox": SANDBOX.replace("allow-forms ", "")},
            "sandbox: allow-forms",
            "Add allow-forms.",
        ),
        (
            {"sandbox": SANDBOX.replace(" allow-downloads", "")},
            "sandbox: allow-downloads",
            "Add allow-downloads.",
        ),
        (
            {"sandbox": f"{SANDBOX} Allow-Top-Navigation-by-user-activation"},
            "sandbox: allow-top-navigation-by-user-activation",
            "Leave it out.",
        ),
        (
            {"token": "", "loader": True},
            "token-missing",
            REFUSALS["token-missing"].mend,
        ),
        (
            {"params": {"colour": "red"}},
            "parameter colour",
            "It has company, item, rows, search, site, warehouse.",
        ),
    ],
)
def test_what_does_not_stop_it_is_a_note(admission, changes, about, mend):
    findings = examine(case(**changes), admission)
    assert stops(findings) == []
    (note,) = [finding for finding in findings if finding.verdict == "note"]
    assert (note.about, note.mend) == (about, mend)


def test_an_iframe_in_which_everything_is_off_shows_its_data(admission):
    findings = examine(case(sandbox=""), admission)
    assert stops(findings) == []
    assert [finding.about for finding in findings if finding.verdict == "note"] == [
        "sandbox: allow-scripts",
        "sandbox: allow-forms",
        "sandbox: allow-downloads",
    ]


def test_without_scripts_nobody_can_hand_over_a_token(admission):
    stopping = stops(examine(case(sandbox=NO_SCRIPT, token=""), admission))
    assert [found.about for found in stopping] == ["sandbox: allow-scripts", "token-missing"]
    assert stops(examine(case(sandbox=NO_SCRIPT, host="lobby", token=""), admission)) == []


def test_what_every_widget_takes_is_no_note(admission):
    names = ("theme", "locale", "host", "key", "loader", "entity_type", "entity_id", "tenant")
    given = dict.fromkeys(names, "x") | {"site": "1"}
    assert {found.verdict for found in examine(case(params=given), admission)} == {"good"}
    # The loader writes our own names also where the platform has others.
    doors = Admission(None, by_hand.embeddables(), AUDIENCE, mocked=True)
    doors.registry = Registry({"sales": by_hand.host(platform="dynamics365", origins=(PAGE,))})
    given |= {"typename": "account", "id": "1"}
    assert {found.verdict for found in examine(case(params=given), doors)} == {"good"}


def test_the_order_of_the_sandboxs_words_and_their_case_do_not_matter(admission):
    words = " ".join(reversed(SANDBOX.upper().split()))
    assert verdicts(examine(case(sandbox=f"  {words}\n"), admission)) == verdicts(
        examine(case(), admission)
    )


def test_no_host_named_is_the_default_one(admission):
    assert stops(examine(case(host="", origins=(PAGE,)), admission)) == []
    doors = Admission(None, by_hand.embeddables(), AUDIENCE, mocked=False)
    (found,) = examine(case(host=""), doors)
    assert (found.verdict, found.says) == ("stops", "No host is named.")
    assert found.mend == REFUSALS["host-missing"].mend


def test_a_key_that_has_ended_is_found(admission):
    old = by_hand.key(not_after=datetime(2020, 1, 1, tzinfo=UTC))
    doors = Admission(None, by_hand.embeddables(), AUDIENCE, mocked=True)
    doors.registry = Registry({"sales": by_hand.host(old)})
    (found,) = stops(examine(case(), doors))
    assert found.about == "token-revoked-key"


@pytest.mark.parametrize(
    ("locks", "params", "about"),
    [
        ({}, {"company": "usmf", "rows": "4"}, None),
        ({"company": "usmf"}, {"company": "USMF"}, None),
        ({"company": "usmf"}, {"company": "demf"}, "locked-parameter"),
        ({"rows": "4"}, {"rows": "04"}, None),
        ({"site": "a"}, {"site": "A"}, "locked-parameter"),
        ({"item": "M1"}, {"item": "M1 "}, None),
        ({"rows": "99"}, {}, "token-params"),
    ],
)
def test_a_lock_is_contradicted_where_the_server_would_say_so(admission, locks, params, about):
    found = stops(examine(case(claims={"params": locks}, params=params), admission))
    assert [each.about for each in found] == ([about] if about else [])


def test_parameters_are_looked_at_together_as_the_server_does(admission):
    daily = {"interval": "daily", "symbols": "COPPER"}
    wanted = case(claims={"wid": "ticker"}, widget="ticker", params=daily)
    (found,) = stops(examine(wanted, admission))
    assert found.says.startswith("The parameter interval must not be daily for the symbols COPPER")


def test_everything_that_stops_it_is_named_at_once(admission):
    wrong = case(
        host="stock",
        origins=("https://evil.example", "null"),
        server="http://widgets.contoso.com",
        csp="default-src 'none'",
        sandbox=NO_SCRIPT,
        loader=True,
        key="x",
    )
    assert [found.about.rpartition(": ")[2] for found in stops(examine(wrong, admission))] == [
        "default-src",
        "default-src",
        "mixed content",
        "frame-ancestors",
        "origin",
        "allow-scripts",
        "key-wrong",
    ]


def test_no_secret_is_repeated(admission):
    token = by_hand.token()
    for wrong in (case(token=f"{token}x"), case(host="stock", key=f"{SECRET}x")):
        said = repr(examine(wrong, admission))
        assert token not in said
        assert SECRET not in said


@pytest.mark.parametrize("params", [{"company": "demf"}, {"rows": "abc"}])
def test_without_a_token_to_try_parameters_and_locks_are_looked_at(admission, params):
    findings = examine(case(host="held", token="", loader=True, params=params), admission)
    assert [each.verdict for each in findings].count("stops") == 1
