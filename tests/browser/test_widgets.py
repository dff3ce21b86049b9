"""Each widget by itself in the browser: widths, themes, without scripts, by keyboard, what moves."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Watch
from tests.conftest import MockErp

pytestmark = pytest.mark.browser

INVENTORY = "/widgets/inventory/?site=1&rows=6"
TICKER = "/widgets/ticker/?selected=COPPER"
ORDER = "/widgets/order-status/?order=001503"
EVERY_STATE = [
    INVENTORY,
    "/widgets/inventory/?item=M0013",
    "/widgets/inventory/?search=nothing-like-it",
    "/widgets/inventory/?rows=99",
    "/widgets/inventory/?item=" + "x" * 60,
    TICKER,
    "/widgets/ticker/?symbols=WTI,BRENT&interval=daily&selected=WTI&range=max",
    ORDER,
    "/widgets/order-status/",
    "/widgets/order-status/?customer=US-012",
    "/widgets/order-status/?order=nope",
]


@pytest.mark.parametrize("address", EVERY_STATE)
def test_nothing_is_cut_off_at_any_width(page: Page, served: str, address: str):
    page.goto(served + address)
    for width in (280, 320, 400, 640, 800, 1200):
        page.set_viewport_size({"width": width, "height": 700})
        # The page itself never scrolls sideways, and nothing in it is wider than its own box.
        cut = page.evaluate(
            """() => {
                const wide = document.documentElement.scrollWidth > innerWidth ? ["the page"] : [];
                for (const part of document.querySelectorAll("main, h1, h2, table, th, td, p, button")) {
                    if (part.closest(".strip") || part.closest(".spoken")) continue;
                    const { left, right, width } = part.getBoundingClientRect();
                    const out = right > innerWidth + 1 || left < -1;
                    if (width && out) wide.push(part.outerHTML.slice(0, 80));
                }
                return wide;
            }"""
        )
        assert cut == [], width


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
@pytest.mark.parametrize("address", EVERY_STATE)
def test_text_stands_out_from_its_background(page: Page, served: str, address: str, theme: str):
    page.goto(f"{served}{address}{'&' if '?' in address else '?'}theme={theme}")
    faint = page.evaluate(
        """() => {
            const rgba = (text) => {
                const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
                return { r, g, b, a };
            };
            const light = ({ r, g, b }) => [r, g, b]
                .map((v) => v / 255)
                .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
                .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
            const behind = (node) => {
                for (let at = node; at; at = at.parentElement) {
                    const color = rgba(getComputedStyle(at).backgroundColor);
                    if (color.a > 0.99) return color;
                }
                return { r: 255, g: 255, b: 255 };
            };
            const faint = [];
            for (const node of document.querySelectorAll("main *")) {
                const own = [...node.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim());
                if (!own || !node.getClientRects().length || node.closest("svg, .plotly")) continue;
                const [a, b] = [light(rgba(getComputedStyle(node).color)), light(behind(node))];
                const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                if (ratio < 4.5) faint.push(`${node.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
            }
            return faint;
        }"""
    )
    assert faint == []


def test_a_theme_is_the_hosts_choice_and_else_the_systems(browser: Browser, served: str):
    for scheme, query, expected in (
        ("light", "", "rgb(255, 255, 255)"),
        ("dark", "", "rgb(41, 41, 41)"),
        ("dark", "?theme=light", "rgb(255, 255, 255)"),
        ("light", "?theme=dark", "rgb(41, 41, 41)"),
        ("light", "?theme=contrast", "rgb(0, 0, 0)"),
    ):
        page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(f"{served}/widgets/order-status/{query}")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == expected
        page.close()


@pytest.mark.parametrize("options", [{"java_script_enabled": False}], ids=["no scripts"])
def test_everything_can_be_read_and_asked_without_scripts(page: Page, served: str):
    page.goto(served + INVENTORY)
    expect(page.locator("tbody tr[id^=row]")).to_have_count(6)
    expect(page.locator(".drawing .bar.main").last).to_be_visible()
    expect(page.locator(".bar-labels li").first).to_be_visible()
    page.locator("#search").fill("speaker")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"site=1&rows=6&search=speaker"))
    expect(page.locator("tbody .name").first).to_contain_text("peaker")
    page.goto(served + TICKER)
    expect(page.locator(".drawing .line").first).to_be_visible()
    page.get_by_text("The same figures as a table").click()
    expect(page.locator(".figures-table tbody tr").first).to_be_visible()
    page.get_by_role("link", name="5 years").click()
    expect(page.locator(".figures-table tbody tr")).to_have_count(61)
    page.goto(served + "/widgets/order-status/")
    page.get_by_label("Order number").fill("001503")
    page.get_by_role("button", name="Find").click()
    expect(page.locator(".answer")).to_contain_text("Order 001503")


def test_an_order_is_looked_up_by_keyboard_alone(page: Page, served: str, watch: Watch):
    page.goto(f"{served}/widgets/order-status/")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "order"
    page.keyboard.type("001503")
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_contain_text("Order 001503")
    expect(page.locator("#lookup")).not_to_have_attribute("open", re.compile(".*"))
    # Another one that is not there: the form stays, and says so.
    page.get_by_text("Find another order").press("Enter")
    page.get_by_label("Order number").fill("nope")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("No order in company usmf has number “nope”")
    assert page.url.endswith("order=nope&reference=&customer=")
    assert [text for text in watch.complaints if "404" not in text] == []


def test_several_orders_are_a_choice_by_keyboard(page: Page, served: str):
    page.goto(f"{served}/widgets/order-status/?customer=US-012")
    rows = page.locator("tbody tr")
    number = rows.nth(1).get_by_role("link").inner_text()
    rows.nth(1).get_by_role("link").press("Enter")
    expect(page.locator(".answer")).to_contain_text(f"Order {number}")
    assert page.url.endswith(f"?order={number}")


def test_every_place_to_press_is_large_enough_and_shows_its_focus(page: Page, served: str):
    for address in EVERY_STATE:
        page.goto(served + address)
        small = page.evaluate(
            """() => [...document.querySelectorAll("main :is(a, button, summary, label:has(input), input)")]
                .filter((node) => node.getClientRects().length && !node.closest("label input, label > input"))
                .map((node) => [node.outerHTML.slice(0, 60), node.getBoundingClientRect()])
                .filter(([, box]) => box.height < 23.5 || box.width < 23.5)
                .map(([html, box]) => `${html} ${box.width}x${box.height}`)"""
        )
        assert small == []
    page.goto(served + TICKER)
    for _ in range(6):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "2px"


MOTION = pytest.mark.parametrize("options", [{"reduced_motion": "no-preference"}], ids=["motion"])
AT = "document.querySelector('.strip').scrollLeft"


def moves(page: Page) -> bool:
    """Whether the strip moves by itself within a moment that is longer than its rest."""
    before = page.evaluate(AT)
    page.wait_for_timeout(2600)
    return bool(page.evaluate(AT) != before)


@MOTION
def test_the_strip_moves_and_stops_for_whoever_looks_closer(page: Page, served: str):
    page.goto(f"{served}/widgets/ticker/")
    page.mouse.move(5, 5)
    assert moves(page)
    page.locator(".quote").nth(1).hover()
    assert not moves(page)
    page.mouse.move(5, 5)
    page.locator(".quote").nth(1).focus()
    assert not moves(page)
    page.locator(".quote").nth(1).blur()
    assert moves(page)


@MOTION
def test_a_paused_strip_stays_where_it_is_and_paused(page: Page, served: str):
    page.goto(f"{served}/widgets/ticker/")
    page.evaluate("document.querySelector('.strip').scrollLeft = 300")
    page.get_by_label("Pause").check()
    page.mouse.move(5, 5)
    assert not moves(page)
    assert page.evaluate(AT) == 300
    # Also after an answer that brings the strip again.
    page.get_by_role("link", name=re.compile("Aluminum")).click()
    expect(page.locator(".history")).to_be_visible()
    expect(page.get_by_label("Pause")).to_be_checked()
    page.mouse.move(5, 5)
    page.evaluate("document.activeElement.blur()")
    assert not moves(page)


@MOTION
def test_the_price_under_the_pointer_is_the_one_that_opens(page: Page, served: str):
    """The strip once jumped to its start when a press gave it the focus."""
    page.goto(f"{served}/widgets/ticker/")
    expect(page.locator("html")).to_have_class(re.compile("strip-moves"))
    page.evaluate("document.querySelector('.strip').scrollLeft = 700")
    box = page.locator("#quote-WHEAT").bounding_box()
    assert box is not None
    assert 0 < box["x"] < 420
    page.mouse.move(box["x"] + 40, box["y"] + 20)
    page.mouse.down()
    page.wait_for_timeout(100)
    page.mouse.up()
    expect(page.locator("#quote-WHEAT")).to_have_attribute("aria-current", "true")


def test_nothing_moves_for_who_wants_no_motion(page: Page, served: str):
    page.goto(f"{served}/widgets/ticker/")
    expect(page.locator("main")).to_be_visible()
    assert not moves(page)
    expect(page.locator(".pause")).to_be_hidden()


def test_a_price_opens_its_history_over_a_range_and_closes(page: Page, served: str, watch: Watch):
    page.goto(f"{served}/widgets/ticker/?symbols=COPPER,WHEAT")
    page.get_by_role("link", name=re.compile("Wheat")).click()
    expect(page.locator(".history .plotly .main-svg").first).to_be_visible()
    assert page.url.endswith("?symbols=COPPER%2CWHEAT&selected=WHEAT")
    page.get_by_role("link", name="10 years").click()
    expect(page.get_by_role("link", name="10 years")).to_have_attribute("aria-current", "true")
    shown = page.locator(".figures-table tbody tr").count()
    assert shown > 100
    page.wait_for_function("document.querySelector('.plotly').data[0].x.length > 100")
    page.get_by_role("link", name="Close the history of Wheat").click()
    expect(page.locator(".history")).to_have_count(0)
    assert watch.complaints == []


def test_a_chart_follows_the_theme(page: Page, served: str):
    page.goto(f"{served}{TICKER}")
    line = page.locator(".plotly .scatterlayer path.js-line").first
    expect(line).to_be_attached()
    before = line.evaluate("node => getComputedStyle(node).stroke")
    page.emulate_media(color_scheme="dark")
    expect(page.locator("body")).to_have_css("background-color", "rgb(41, 41, 41)")
    page.wait_for_function(
        "before => getComputedStyle(document.querySelector('.js-line')).stroke !== before",
        arg=before,
    )


@pytest.mark.parametrize("address", [INVENTORY, TICKER, ORDER])
def test_the_data_needs_few_and_small_files(
    page: Page, context: BrowserContext, served: str, address: str
):
    sizes: dict[str, int] = {}
    context.on(
        "requestfinished",
        lambda request: sizes.update({request.url: request.sizes()["responseBodySize"]}),
    )
    page.goto(served + address)
    page.wait_for_load_state("networkidle")
    first = [url for url in sizes if "plotly" not in url and "icon" not in url]
    assert len(first) <= (14 if "ticker" in address else 13)
    assert sizes[served + address] <= 14_000
    assert (
        sum(size for url, size in sizes.items() if url.endswith(".js") and "plotly" not in url)
        <= 50_000
    )
    assert {url.split("/")[2] for url in sizes} == {served.split("/")[2]}


def test_times_are_shown_in_the_viewers_zone(browser: Browser, served: str):
    texts = set()
    for zone in ("Asia/Tokyo", "America/New_York"):
        page = browser.new_page(timezone_id=zone)
        page.goto(served + INVENTORY)
        time = page.locator(".fresh time")
        expect(time).not_to_contain_text("UTC")
        assert time.get_attribute("title")
        texts.add(time.inner_text())
        page.close()
    assert len(texts) == 2


def test_the_gallery_is_live_and_copies_its_snippets(
    page: Page, context: BrowserContext, served: str, watch: Watch, mock_erp: MockErp
):
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=served)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(served)
    for name in ("inventory", "order-status", "ticker"):
        frame = page.frame_locator(f"#{name} iframe")
        expect(frame.locator("main")).to_have_attribute("data-state", "ok")
        # What the embedder is told to reserve is enough: nothing is hidden at first sight.
        card = page.locator(f"#{name}")
        card.get_by_text("A plain iframe").click()
        for n, named in enumerate((f"{served}/static/embed.js", f"{served}/widgets/{name}/?")):
            card.get_by_role("button", name="Copy the snippet").nth(n).click()
            expect(card.get_by_role("status").nth(n)).to_have_text("Copied")
            snippet = page.evaluate("navigator.clipboard.readText()")
            assert snippet == card.locator("pre code").nth(n).text_content()
            assert named in snippet
    page.get_by_label("Dark").check()
    expect(page.frame_locator("#ticker iframe").locator("html")).to_have_attribute(
        "data-theme", "dark"
    )
    assert watch.complaints == []


def test_the_height_that_an_embedder_reserves_is_enough(page: Page, served: str):
    page.goto(served)
    page.wait_for_load_state("networkidle")
    for frame in page.frames[1:]:
        # At the width of a card in the gallery, and of a column in a host.
        content, reserved = frame.evaluate(
            "[document.querySelector('main').scrollHeight, innerHeight]"
        )
        assert reserved - 160 <= content <= reserved, (frame.url, content)
