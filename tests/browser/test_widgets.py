"""What is a widget's own in the browser: what can be asked without scripts and by keyboard, what moves. What
holds for every widget is in the contract."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Watch
from tests.conftest import MockErp

pytestmark = pytest.mark.browser

INVENTORY = "/widgets/inventory/?site=1&rows=6"
TICKER = "/widgets/ticker/?selected=COPPER"


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


MOTION = pytest.mark.parametrize("options", [{"reduced_motion": "no-preference"}], ids=["motion"])
AT = "document.querySelector('.strip').scrollLeft"


def wait_until_it_moves(page: Page) -> None:
    page.wait_for_function(f"before => {AT} !== before", arg=page.evaluate(AT))


def moves(page: Page) -> bool:
    """Whether the strip moves by itself within a moment that is longer than its rest."""
    before = page.evaluate(AT)
    page.wait_for_timeout(2600)
    return bool(page.evaluate(AT) != before)


@MOTION
def test_the_strip_moves_and_stops_for_whoever_looks_closer(page: Page, served: str):
    page.goto(f"{served}/widgets/ticker/")
    page.mouse.move(5, 5)
    wait_until_it_moves(page)
    page.locator(".quote").nth(1).hover()
    assert not moves(page)
    page.mouse.move(5, 5)
    page.locator(".quote").nth(1).focus()
    assert not moves(page)
    page.locator(".quote").nth(1).blur()
    wait_until_it_moves(page)


@MOTION
def test_a_paused_strip_stays_where_it_is_and_paused(page: Page, served: str):
    page.goto(f"{served}/widgets/ticker/")
    page.get_by_label("Pause").check()
    page.evaluate("document.querySelector('.strip').scrollLeft = 300")
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
    for name in ("inventory", "order-status", "quality", "ticker"):
        page.locator(f"#{name} iframe").scroll_into_view_if_needed()  # it loads when it is seen
        frame = page.frame_locator(f"#{name} iframe")
        expect(frame.locator("main")).to_have_attribute("data-state", "ok")
        card = page.locator(f"#{name}")
        card.get_by_role("button", name="Copy").click()
        expect(card.get_by_role("status")).to_have_text("Copied")
        snippet = page.evaluate("navigator.clipboard.readText()")
        assert snippet == card.locator("pre code").text_content()
        assert f"{served}/static/embed.js" in snippet
    page.get_by_label("Dark").check()
    expect(page.frame_locator("#ticker iframe").locator("html")).to_have_attribute(
        "data-theme", "dark"
    )
    assert watch.complaints == []


def test_a_preview_keeps_the_gallerys_theme_and_what_was_searched(
    page: Page, served: str, watch: Watch, mock_erp: MockErp
):
    page.goto(served)
    frame = page.frame_locator("#inventory iframe")
    expect(frame.locator("main")).to_have_attribute("data-state", "ok")
    frame.get_by_label("Find an item").fill("speaker")
    expect(frame.locator("tbody tr[id^=row]").first).to_contain_text("peaker")
    page.get_by_label("Dark").check()
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    expect(frame.get_by_label("Find an item")).to_have_value("speaker")
    # As one does that loads anew at the very moment of the change.
    at_first = page.locator("#inventory iframe").get_attribute("src")
    page.frames[1].evaluate("address => location.replace(address)", at_first)
    expect(frame.get_by_label("Find an item")).to_have_value("")
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_label("As the system").check()
    expect(frame.locator("html:not([data-theme])")).to_be_attached()
    assert watch.complaints == []


@pytest.mark.parametrize("name", ["inventory", "order-status", "quality", "ticker"])
def test_the_height_that_an_embedder_reserves_is_enough(page: Page, served: str, name: str):
    page.goto(f"{served}/gallery/{name}/")
    page.get_by_role("link", name="Plain iframe").click()
    code = page.locator("pre code").first
    expect(code).to_contain_text("<iframe")
    address, height = re.findall(r'(?:height|src)="([^"]+)"', code.inner_text())
    # At the width of a narrow column in a host.
    page.set_viewport_size({"width": 350, "height": int(height)})
    page.goto(address.replace("&amp;", "&"))
    content = page.evaluate("document.querySelector('main').scrollHeight")
    assert int(height) - 160 <= content <= int(height)
