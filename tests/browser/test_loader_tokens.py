"""The loader and tokens: when they are asked for, where they are, and how a refusal reaches the host."""

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.host_app import HostApp, token
from tests.browser.tags import (
    LISTEN,
    ORDER,
    STOCK,
    frame_of,
    heard,
    shown,
    wait_until,
    wait_until_heard,
)

pytestmark = pytest.mark.browser


def test_a_widget_with_tokens_shows_and_says_so(page: Page, app: HostApp, watch: Watch):
    page.goto(app.page(ORDER + STOCK + app.script(LISTEN)))
    shown(page, "#orders")
    shown(page, "#stock")
    wait_until_heard(page, "order-status", "rendered")
    wait_until_heard(page, "inventory", "rendered")
    assert sorted(app.asked) == ["inventory", "order-status"]
    for name in ("order-status", "inventory"):
        assert [name, "ready", {"widget": name}] in heard(page)
    assert watch.complaints == []
    assert page.context.cookies() == []


def test_a_token_is_in_no_address_and_no_other_header(page: Page, app: HostApp):
    requests: list[tuple[str, dict[str, str]]] = []
    page.on("request", lambda request: requests.append((request.url, request.all_headers())))
    page.goto(app.page(STOCK))
    frame = shown(page)
    frame.locator("a.code").first.click()
    expect(frame.locator("th").first).to_have_text("Site / warehouse")
    carrying = 0
    for url, headers in requests:
        assert "eyJ" not in url
        carrying += headers.pop("authorization", "").startswith("Bearer eyJ")
        assert "eyJ" not in str(headers)
        assert "hx-current-url" not in headers
        if "/widgets/" in url and "referer" in headers:
            assert headers["referer"].count("/") == 3, "an origin and nothing more"
    assert carrying >= 2
    kept = page.frames[1].evaluate("""() => {
        const storage = (name) => { try { return { ...window[name] }; } catch { return "none here"; } };
        return JSON.stringify([location.href, document.documentElement.outerHTML,
            storage("sessionStorage"), storage("localStorage")]);
    }""")
    assert "eyJ" not in kept


def test_a_token_is_asked_for_when_the_frame_comes_into_view_and_not_before(
    page: Page, app: HostApp
):
    page.goto(app.page(f'<div style="height:5000px"></div>{STOCK}'))
    page.wait_for_timeout(500)
    assert app.asked == []
    assert len(page.frames) == 1
    page.evaluate("scrollTo(0, 5000)")
    shown(page)
    assert app.asked == ["inventory"]


def test_a_token_is_replaced_in_place_before_it_ends(page: Page, app: HostApp, watch: Watch):
    app.life = 6
    page.goto(app.page(STOCK))
    shown(page)
    page.frames[1].evaluate("document.body.mark = 'mine'")
    page.wait_for_timeout(8_000)
    assert len(app.asked) >= 2
    page.evaluate("document.querySelector('erp-widget').refresh()")
    page.wait_for_timeout(300)
    shown(page)
    assert page.frames[1].evaluate("document.body.mark") == "mine"
    assert watch.complaints == []


def test_a_token_that_ended_while_nobody_looked_takes_nothing_away(page: Page, app: HostApp):
    # As after a night asleep: the server takes the token no more, and no timer has run. It takes this one
    # for nine seconds yet, since clocks may differ by ten.
    app.life, app.age = 199, 200
    page.goto(app.page(STOCK))
    frame = shown(page)
    app.life, app.age = 300, 0
    page.frames[1].evaluate("document.body.mark = 'mine'")
    page.wait_for_timeout(10_000)
    assert app.asked == ["inventory"]
    page.evaluate("document.querySelector('erp-widget').setAttribute('rows', '2')")
    expect(frame.locator("tbody tr[id^=row]")).to_have_count(2)
    assert app.asked == ["inventory"] * 2
    assert page.frames[1].evaluate("document.body.mark") == "mine"


def test_a_host_that_only_has_a_token_that_ended_is_not_asked_without_end(page: Page, app: HostApp):
    app.age = 400
    page.goto(app.page(STOCK))
    expect(frame_of(page).locator("main")).to_have_attribute("data-code", "token-expired")
    page.wait_for_timeout(2_000)
    assert app.asked == ["inventory"] * 2


@pytest.mark.parametrize(
    ("claims", "signing", "code"),
    [
        ({"wid": "ticker"}, {}, "token-widget"),
        ({"aud": "another"}, {}, "token-audience"),
        ({"iss": "demo"}, {}, "token-issuer"),
        ({"exp": -100, "iat": -200}, {}, "token-expired"),
        ({"exp": 900, "iat": 700}, {}, "token-not-yet-valid"),
        ({"exp": 900}, {}, "token-too-long"),
        ({"jti": ""}, {}, "token-invalid"),
        ({"params": {"company": "demf"}}, {}, "token-params"),
        ({"params": {"site": "2"}}, {}, "locked-parameter"),
        ({}, {"kid": "k9"}, "token-unknown-key"),
        ({}, {"kid": "old"}, "token-revoked-key"),
        ({}, {"secret": "another secret than the one that both know"}, "token-signature"),
    ],
)
def test_a_refusal_is_said_in_the_frame_and_to_the_host(
    page: Page, app: HostApp, claims: dict[str, object], signing: dict[str, str], code: str
):
    """`exp` and `iat` are seconds from now."""
    times = {name: time.time() + s for name, s in claims.items() if isinstance(s, int)}
    app.claims, app.signing = claims | times, signing
    page.goto(app.page(STOCK + app.script(LISTEN)))
    main = frame_of(page).locator("main")
    expect(main).to_have_attribute("data-code", code)
    wait_until_heard(page, "inventory", "error")
    detail = next(e[2] for e in heard(page) if e[1] == "error")
    assert (detail["code"], detail["retryable"]) == (code, False)
    assert detail["id"] == main.get_attribute("data-reference")


def test_a_token_of_no_algorithm_is_refused_and_said(page: Page, app: HostApp):
    head, rest = "eyJhbGciOiJub25lIiwia2lkIjoiazEifQ", token("inventory").partition(".")[2]
    page.route("**/token*", lambda route: route.fulfill(body=f"{head}.{rest}"))
    page.goto(app.page(STOCK + app.script(LISTEN)))
    expect(frame_of(page).locator("main")).to_have_attribute("data-code", "token-algorithm")
    wait_until_heard(page, "inventory", "error")


def test_a_host_whose_first_tokens_fail_is_asked_again(page: Page, app: HostApp):
    page.clock.install()
    page.route("**/token*", lambda route: route.fulfill(status=503), times=2)
    page.goto(app.page(STOCK + app.script(LISTEN)))
    expect(frame_of(page).locator("main")).to_have_attribute("data-code", "token-missing")
    # In the meantime nobody asks the server for what it cannot give.
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.fast_forward(21_000)
    wait_until(page, lambda: [e[2].get("code") for e in heard(page)].count("token-provider") == 2)
    page.clock.fast_forward(45_000)
    shown(page)
    assert len([url for url in asked if "/widgets/" in url]) == 1


def test_refresh_without_a_token_asks_for_one(page: Page, app: HostApp):
    page.route("**/token*", lambda route: route.fulfill(status=503), times=1)
    page.goto(app.page(STOCK))
    expect(frame_of(page).locator("main")).to_have_attribute("data-code", "token-missing")
    page.evaluate("document.querySelector('erp-widget').refresh()")
    shown(page)


def test_a_host_that_has_no_token_is_told_so(page: Page, app: HostApp):
    page.goto(app.page(STOCK.replace(' token-url="/token"', "") + app.script(LISTEN)))
    expect(frame_of(page).locator("main")).to_have_attribute("data-code", "token-missing")
    wait_until_heard(page, "inventory", "error")


def test_a_provider_that_fails_is_said_and_the_widget_says_it_could_not_sign_in(
    page: Page, app: HostApp
):
    page.goto(app.page(STOCK.replace("/token", "/nothing-here") + app.script(LISTEN)))
    expect(frame_of(page).locator("main")).to_have_attribute("data-code", "token-missing")
    wait_until_heard(page, "inventory", "error", 2)
    assert [e[2]["code"] for e in heard(page) if e[1] == "error"] == [
        "token-provider",
        "token-missing",
    ]


@pytest.mark.parametrize(
    "claims", [{"iat": None}, {"exp": 0}, {"exp": 1e12}, {"iat": "now"}, {"exp": 4e9}]
)
def test_a_token_that_is_made_wrongly_does_not_flood_the_hosts_server(
    page: Page, app: HostApp, claims: dict[str, object]
):
    app.claims = claims
    page.goto(app.page(STOCK))
    expect(frame_of(page).locator("main")).to_have_attribute("data-state", "error")
    page.wait_for_timeout(2_000)
    assert len(app.asked) <= 2


LATE_PROVIDER = """
setTimeout(() => {
  document.querySelector("erp-widget").tokenProvider =
    async ({ widget }) => (await fetch(`/token?widget=${widget}`)).text();
}, DELAY);
"""


@pytest.mark.parametrize("delay", [0, 150, 1500])
def test_a_provider_that_comes_late_is_asked(page: Page, app: HostApp, delay: int):
    late = app.script(LATE_PROVIDER.replace("DELAY", str(delay)))
    page.goto(app.page(STOCK.replace(' token-url="/token"', "") + late))
    shown(page)


def test_one_renewal_that_fails_takes_nothing_away_and_is_tried_again(page: Page, app: HostApp):
    app.life = 12
    page.goto(app.page(STOCK + app.script(LISTEN)))
    frame = shown(page)
    page.route("**/token*", lambda route: route.fulfill(status=503))
    page.wait_for_function("heard.some((e) => e[2].code === 'token-provider')", timeout=15_000)
    page.unroute_all()
    asked = len(app.asked)
    page.evaluate("document.querySelector('erp-widget').refresh()")
    page.wait_for_timeout(300)
    expect(frame.locator("main")).to_have_attribute("data-state", "ok")
    wait_until(page, lambda: len(app.asked) > asked)
    page.evaluate("document.querySelector('erp-widget').setAttribute('rows', '2')")
    expect(frame.locator("tbody tr[id^=row]")).to_have_count(2)


SLOW_PROVIDER = """
document.querySelector("erp-widget").tokenProvider = async ({ widget }) => {
  await new Promise((done) => (window.give = done));
  return (await fetch(`/token?widget=${widget}`)).text();
};
"""


def test_what_changes_while_the_token_is_under_way_is_shown_with_it(
    page: Page, app: HostApp, watch: Watch
):
    page.goto(app.page(STOCK + app.script(SLOW_PROVIDER)))
    expect(frame_of(page).locator("main")).to_have_attribute("data-state", "waiting")
    page.evaluate("""() => {
        document.querySelector("erp-widget").setAttribute("rows", "2");
        document.documentElement.lang = "de";
        document.body.style.background = "#000";
    }""")
    page.wait_for_timeout(500)
    expect(frame_of(page).locator("main")).to_have_attribute("data-state", "waiting")
    page.evaluate("give()")
    frame = shown(page)
    expect(frame.locator("tbody tr[id^=row]")).to_have_count(2)
    expect(frame.locator("html")).to_have_attribute("data-locale", "de")
    assert watch.complaints == []


@pytest.mark.parametrize(
    "answer", ["<!doctype html><title>Sign in</title>", "", "a.b", "a b.c d.e f"]
)
def test_what_is_no_token_is_not_sent_on(page: Page, app: HostApp, answer: str):
    page.route("**/token*", lambda route: route.fulfill(body=answer))
    page.goto(app.page(STOCK + app.script(LISTEN)))
    expect(frame_of(page).locator("main")).to_have_attribute("data-code", "token-missing")
    assert next(e[2]["code"] for e in heard(page) if e[1] == "error") == "token-provider"


def test_a_provider_that_never_answers_is_given_up(page: Page, app: HostApp):
    page.clock.install()
    never = "document.querySelector('erp-widget').tokenProvider = () => new Promise(() => {})"
    page.goto(app.page(STOCK + app.script(never)))
    expect(frame_of(page).locator("main")).to_have_attribute("data-state", "waiting")
    page.clock.fast_forward(11_000)
    expect(frame_of(page).locator("main")).to_have_attribute("data-code", "token-missing")
