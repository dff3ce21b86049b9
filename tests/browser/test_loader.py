"""The loader on a host's page: one tag, parameters, events, a calm fallback, and nothing left behind."""

import gzip
import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.host_app import HostApp
from tests.browser.tags import (
    LISTEN,
    OPEN,
    ORDER,
    STOCK,
    frame_of,
    heard,
    held_back,
    is_refused,
    shown,
    wait_until_heard,
)
from tests.conftest import ROOT, MockErp

pytestmark = pytest.mark.browser


# Every frame is as tall as it said, and none as tall as it began.
FITS = """() => [...document.querySelectorAll("erp-widget")].every((widget) => {
    const { height } = widget.shadowRoot.querySelector("iframe").getBoundingClientRect();
    return height > 100 && height !== 320;
})"""


def test_the_loader_is_small():
    source = (ROOT / "static/embed.js").read_bytes()
    assert len(gzip.compress(source, 9)) <= 4500
    assert not re.search(rb"\bimport\b(?!\.meta)", source)  # it comes alone


def test_properties_that_were_set_before_the_script_came_count(page: Page, app: HostApp):
    early = app.script("""
        const widget = document.querySelector("erp-widget");
        widget.tokenProvider = async ({ widget }) => (await fetch(`/token?widget=${widget}`)).text();
        widget.hostContext = { theme: "dark", locale: "de-DE", entity: { type: "item", id: "M0013" } };
    """)
    page.goto(app.page('<erp-widget name="inventory" host="sales"></erp-widget>' + early))
    frame = shown(page)
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    expect(frame.locator("html")).to_have_attribute("data-locale", "de-DE")
    expect(frame.locator("th").first).to_have_text("Site / warehouse")


def test_an_attribute_applies_without_a_reload_and_a_name_makes_another_frame(
    page: Page, app: HostApp
):
    page.goto(app.page(OPEN))
    frame = shown(page)
    page.frames[1].evaluate("document.body.mark = 'mine'")
    page.evaluate("document.querySelector('erp-widget').setAttribute('rows', '5')")
    expect(frame.locator("tbody tr[id^=row]")).to_have_count(5)
    page.evaluate("document.querySelector('erp-widget').removeAttribute('rows')")
    expect(frame.locator("tbody tr[id^=row]")).to_have_count(8)
    # Also together with a change of the page's look, and many at once.
    page.evaluate("""() => {
        const widget = document.querySelector("erp-widget");
        document.documentElement.lang = "fr";
        for (let rows = 20; rows > 3; rows--) widget.setAttribute("rows", rows);
    }""")
    expect(frame.locator("tbody tr[id^=row]")).to_have_count(4)
    expect(frame.locator("html")).to_have_attribute("data-locale", "fr")
    assert page.frames[1].evaluate("document.body.mark") == "mine"
    page.evaluate("document.querySelector('erp-widget').setAttribute('name', 'ticker')")
    expect(frame.locator("h1")).to_have_text("Commodity prices")
    assert len(page.frames) == 2


def test_a_change_for_the_host_takes_no_focus_from_its_page(page: Page, app: HostApp):
    page.goto(app.page('<input id="mine">' + OPEN))
    frame = shown(page)
    page.focus("#mine")
    page.evaluate("document.querySelector('erp-widget').setAttribute('rows', '5')")
    expect(frame.locator("tbody tr[id^=row]")).to_have_count(5)
    page.wait_for_timeout(200)
    assert page.evaluate("document.activeElement.id") == "mine"


def test_what_is_selected_in_one_widget_is_shown_in_another(page: Page, app: HostApp):
    page.goto(
        app.page(ORDER + STOCK.replace(" host", ' listens-to="orders" host') + app.script(LISTEN))
    )
    orders, stock = shown(page, "#orders"), shown(page, "#stock")
    pick = orders.locator("[data-kind=item]").first
    item = pick.inner_text()
    pick.focus()
    page.keyboard.press("Enter")
    expect(stock.locator("th").first).to_have_text("Site / warehouse")
    assert any(f"item={item}" in frame.url for frame in page.frames)
    expect(pick).to_have_attribute("aria-pressed", "true")
    expect(pick).to_be_focused()
    assert ["order-status", "select", {"kind": "item", "key": item}] in heard(page)


def test_a_row_is_selected_by_a_press_anywhere_in_it(page: Page, app: HostApp):
    page.set_viewport_size({"width": 900, "height": 900})
    page.goto(app.page(OPEN + app.script(LISTEN)))
    frame = shown(page)
    frame.locator("tbody tr[id^=row] td").first.click()
    wait_until_heard(page, "inventory", "select")
    (detail,) = [detail for _, kind, detail in heard(page) if kind == "select"]
    assert detail == {"kind": "item", "key": frame.locator("a.code").first.inner_text()}
    expect(frame.locator("tbody tr").first).to_have_attribute("data-picked", "")


def test_a_page_with_a_strict_policy_shows_it(page: Page, app: HostApp, watch: Watch):
    policy = f"default-src 'none'; script-src 'self' {app.served}; frame-src {app.served}; connect-src 'self'"
    page.goto(app.page(STOCK + app.script(LISTEN), Content_Security_Policy=policy))
    shown(page)
    wait_until_heard(page, "inventory", "rendered")
    icon = [
        text
        for text in watch.complaints
        if "icon" not in text and "favicon" not in text and "data:," not in text
    ]
    assert icon == []


def test_a_frame_that_is_refused_is_said_calmly_and_can_be_tried_again(page: Page, app: HostApp):
    page.clock.install()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    # `sales` names localhost, not this address of the same machine.
    page.goto(
        app.page(
            f"{STOCK.replace('></erp', '>Call 4711</erp')}{app.script(LISTEN)}", host="127.0.0.1"
        )
    )
    expect(page.locator("iframe")).to_be_attached()
    assert is_refused(page)
    page.clock.fast_forward(31_000)
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    expect(page.get_by_text("Call 4711")).to_be_visible()
    assert [e[2]["code"] for e in heard(page)] == ["no-answer"]
    (advice,) = [text for text in said if "/doctor?" in text]
    page.goto(advice.partition("Why: ")[2])
    expect(page.locator("h2").first).to_contain_text("It will not show")
    expect(page.locator(".findings")).to_contain_text("frame-ancestors")


def test_a_server_that_is_away_is_said_and_comes_back(page: Page, app: HostApp):
    page.clock.install()
    page.goto(app.page("<p>A page</p>"))
    page.wait_for_function("!!customElements.get('erp-widget')")
    page.route(f"{app.served}/widgets/**", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.evaluate("(tag) => document.body.insertAdjacentHTML('beforeend', tag)", OPEN)
    page.clock.fast_forward(31_000)
    expect(page.get_by_text("Inventory cannot be shown at the moment.")).to_be_visible()
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    shown(page)
    expect(page.get_by_role("button", name="Try again")).to_be_hidden()


def test_what_is_removed_is_gone_and_can_come_back(page: Page, app: HostApp, watch: Watch):
    page.clock.install()
    page.goto(app.page(STOCK))
    shown(page)
    page.evaluate("window.kept = document.querySelector('erp-widget'); kept.remove()")
    page.wait_for_function("frames.length === 0")
    watch.addresses.clear()
    app.asked.clear()
    page.clock.fast_forward(400_000)
    page.evaluate("document.body.className = 'other'")
    page.wait_for_timeout(300)
    assert (watch.addresses, app.asked) == ([], [])
    page.evaluate("document.body.append(kept)")
    shown(page)
    assert watch.complaints == []


def test_twenty_widgets_on_a_page(page: Page, app: HostApp, watch: Watch):
    page.set_viewport_size({"width": 1600, "height": 5000})
    many = "".join(
        f'<erp-widget name="{"ticker" if n % 4 == 0 else "inventory"}" rows="{n + 1}"></erp-widget>'
        for n in range(20)
    )
    page.goto(
        app.page(
            f"<style>body {{ display: grid; grid-template-columns: repeat(4, 1fr) }}</style>{many}"
        )
    )
    expect(page.locator("iframe")).to_have_count(20)
    for n in range(20):
        expect(
            page.locator("erp-widget").nth(n).frame_locator("iframe").locator("main")
        ).to_have_attribute("data-state", "ok")
    page.wait_for_function(FITS)
    assert watch.complaints == []


def test_the_hosts_page_is_untouched_but_for_the_element(page: Page, app: HostApp):
    look = """() => JSON.stringify([
        Object.keys(window).filter((name) => name !== "before"), document.head.innerHTML,
        document.styleSheets.length, document.adoptedStyleSheets.length, document.body.children.length,
        document.documentElement.getAttributeNames(), {...localStorage}, {...sessionStorage},
        Object.getOwnPropertyNames(HTMLElement.prototype).length,
    ])"""
    page.goto(app.page(OPEN))
    shown(page)
    with_it = page.evaluate(look)
    page.route(
        "**/embed.js",
        lambda route: route.fulfill(
            body="", content_type="text/javascript", headers={"Access-Control-Allow-Origin": "*"}
        ),
    )
    page.reload()
    page.wait_for_timeout(300)
    assert len(page.frames) == 1
    assert page.evaluate(look) == with_it


def test_a_selection_follows_until_the_page_says_otherwise(page: Page, app: HostApp):
    first, second = (OPEN.replace('id="stock"', f'id="{name}"') for name in "ab")
    page.set_viewport_size({"width": 900, "height": 1400})
    page.goto(app.page(first + second.replace(" name", ' listens-to="a" name')))
    shown(page, "#a").locator("tbody tr[id^=row] td").first.click()
    follower = frame_of(page, "#b")
    expect(follower.locator("[data-kind=warehouse]").first).to_be_visible()
    page.evaluate("b.setAttribute('item', 'M0013')")
    expect(follower.locator(".where")).to_contain_text("Crossover board")
    page.evaluate("b.removeAttribute('item')")
    expect(follower.locator("th").first).to_have_text("Item")


def test_focus_stays_on_a_record_while_the_widget_refreshes(
    page: Page, app: HostApp, mock_erp: MockErp
):
    page.goto(app.page(ORDER + app.script(LISTEN)))
    pick = shown(page).locator("[data-kind=item]").first
    pick.focus()
    page.keyboard.press("Enter")
    mock_erp.control("POST", "clock", advance=40 * 86_400)
    page.wait_for_timeout(300)
    page.evaluate("document.querySelector('erp-widget').refresh()")
    wait_until_heard(page, "order-status", "rendered", 2)
    expect(pick).to_be_focused()
    expect(pick).to_have_attribute("aria-pressed", "true")


def test_a_refresh_is_not_lost_where_a_look_is_under_way(page: Page, app: HostApp):
    page.goto(app.page(OPEN + app.script(LISTEN)))
    shown(page)
    wait_until_heard(page, "inventory", "ready")
    page.wait_for_timeout(300)
    held = held_back(page, "**/widgets/inventory/**")
    with page.expect_request(re.compile("/widgets/inventory/")):
        page.evaluate("document.querySelector('erp-widget').refresh()")
    for _ in range(3):
        page.evaluate("document.querySelector('erp-widget').refresh()")
    page.wait_for_timeout(300)
    assert len(held) == 1
    with page.expect_request(re.compile("/widgets/inventory/")):
        held[0].fulfill(status=304)
    page.unroute_all(behavior="ignoreErrors")


BUSY = """
const Observer = IntersectionObserver;
window.IntersectionObserver = class extends Observer {
  constructor(tell, options) {
    super((changes) => tell([{ isIntersecting: false, target: changes[0].target }, ...changes]), options);
  }
};
"""
"""A browser that was too busy to say at once that a frame was not in sight yet, and says so when it is."""


def test_what_came_into_sight_in_a_busy_browser_starts_and_is_looked_at_again(
    page: Page, app: HostApp
):
    page.add_init_script(BUSY)

    def soon(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(
            response=answer, body=re.sub('data-refresh="\\d+"', 'data-refresh="1"', answer.text())
        )

    page.route("**/widgets/inventory/**", soon)
    with page.expect_request(lambda request: "hx-request" in request.headers):
        page.goto(app.page(OPEN))
        shown(page)
    page.unroute_all(behavior="ignoreErrors")


def test_a_page_that_asks_too_much_keeps_what_it_shows(page: Page, app: HostApp):
    page.goto(app.page(OPEN + app.script(LISTEN)))
    frame = shown(page)
    wait_until_heard(page, "inventory", "ready")
    too_much = {"status": 429, "body": '<main id="widget" data-state="error"></main>'}
    page.route("**/widgets/inventory/**", lambda route: route.fulfill(**too_much))
    page.evaluate("document.querySelector('erp-widget').refresh()")
    page.wait_for_function("heard.some((e) => e[2].code === 'rate-limited')")
    expect(frame.locator("tbody tr[id^=row]")).to_have_count(3)
    expect(frame.locator("#unreachable")).to_contain_text("No newer data")


def test_fifty_changes_at_once_are_one_request(page: Page, app: HostApp, watch: Watch):
    page.goto(app.page(OPEN))
    frame = shown(page)
    page.wait_for_timeout(500)
    watch.addresses.clear()
    page.evaluate("""async () => {
        for (let n = 0; n < 50; n++) {
            document.querySelector("erp-widget").setAttribute("rows", n % 9 + 1);
            await null;
        }
    }""")
    expect(frame.locator("tbody tr[id^=row]")).to_have_count(5)
    assert len([address for address in watch.addresses if "/widgets/" in address]) <= 2
    assert watch.but_overtaken() == []


def test_an_element_whose_name_comes_late_shows_it(page: Page, app: HostApp):
    page.goto(app.page('<erp-widget name="" site="1" rows="3"></erp-widget>'))
    page.wait_for_timeout(300)
    page.evaluate("document.querySelector('erp-widget').setAttribute('name', 'inventory')")
    shown(page)


def test_an_entity_of_the_page_is_the_parameter_of_its_type(page: Page, app: HostApp):
    page.goto(app.page(OPEN))
    frame = shown(page)
    page.evaluate("""() => {
        const widget = document.querySelector("erp-widget");
        widget.hostContext = { theme: "dark", entity: { type: "rows", id: 2 } };
    }""")
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    page.evaluate("document.querySelector('erp-widget').removeAttribute('rows')")
    expect(frame.locator("tbody tr[id^=row]")).to_have_count(2)


def test_the_record_of_the_page_stays_under_a_link_until_the_page_shows_another(
    page: Page, app: HostApp
):
    tag = '<erp-widget name="quality" host="sales" period="30" token-url="/token"></erp-widget>'
    page.goto(app.page(tag))
    frame = shown(page)
    items, back = frame.locator("a.code[data-kind=item]"), frame.locator(".back")
    one, other = items.all_inner_texts()[:2]
    show = """id => document.querySelector("erp-widget").hostContext = { entity: { type: "item", id } }"""
    for item in (one, other):
        page.evaluate(show, item)
        expect(items).to_have_text([item])
        for days in ("90 days", "30 days"):
            link = frame.get_by_role("link", name=days, exact=True)
            link.click()
            expect(link).to_have_attribute("aria-current", "true")
            expect(items).to_have_text([item])
    # The viewer may also see them all, until the page shows another.
    back.get_by_role("link").click()
    expect(back).to_have_count(0)
    page.evaluate(show, one)
    expect(items).to_have_text([one])


def test_the_same_record_again_is_shown_again(page: Page, app: HostApp):
    page.set_viewport_size({"width": 900, "height": 1400})
    page.goto(app.page(ORDER + STOCK.replace(" host", ' listens-to="orders" host')))
    pick, stock = shown(page, "#orders").locator("[data-kind=item]").first, shown(page, "#stock")
    for _ in range(2):
        pick.click()
        expect(stock.locator("[data-kind=warehouse]").first).to_be_visible()
        stock.get_by_role("link", name="All items").click()
        expect(stock.locator("a.code").first).to_be_visible()


def test_a_selected_record_is_told_to_everybody(page: Page, app: HostApp):
    page.emulate_media(forced_colors="active")
    page.set_viewport_size({"width": 900, "height": 1400})
    page.goto(app.page(ORDER + OPEN + app.script(LISTEN)))
    pick = shown(page, "#orders").locator("[data-kind=item]").first
    expect(pick).to_have_attribute("aria-label", f"Select {pick.inner_text()}")
    stock = shown(page, "#stock")
    stock.locator("tbody tr[id^=row] td").first.click()
    expect(stock.locator("a.code").first).to_have_attribute("aria-current", "true")
    outline = stock.locator("tr[data-picked]").evaluate("row => getComputedStyle(row).outlineStyle")
    assert outline == "solid"
