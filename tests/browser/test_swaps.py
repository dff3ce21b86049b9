"""What a refresh and an answer do to somebody who is in the middle of something."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.conftest import MockErp

pytestmark = pytest.mark.browser

INVENTORY = "/widgets/inventory/?site=1&rows=4"


def refresh(page: Page) -> None:
    """Let the time of a refresh pass, and wait for its answer."""
    with page.expect_response(re.compile("/widgets/")):
        page.clock.fast_forward(31_000)
    page.wait_for_timeout(200)


def test_a_refresh_does_not_take_away_what_was_asked_for(
    page: Page, served: str, mock_erp: MockErp
):
    page.clock.install()
    page.goto(served + INVENTORY)
    page.wait_for_timeout(
        300
    )  # what the server keeps is no longer fresh, so a link waits for the ERP
    mock_erp.fault("WarehousesOnHandV2", "delay", delay=1.5)
    page.locator("tbody a").first.click()
    page.clock.fast_forward(31_000)
    expect(page.locator(".answer")).to_contain_text("warehouses short")
    assert "item=" in page.url


def test_a_search_is_not_lost_to_a_refresh(page: Page, served: str, mock_erp: MockErp):
    page.clock.install()
    page.goto(served + INVENTORY)
    page.wait_for_timeout(300)
    mock_erp.fault("WarehousesOnHandV2", "delay", delay=1)
    page.locator("#search").press_sequentially("speaker")
    with page.expect_response(re.compile("search=speaker")):
        page.clock.run_for(400)
        page.clock.fast_forward(31_000)
    expect(page).to_have_url(re.compile("search=speaker"))
    for name in page.locator("tbody .name").all_inner_texts():
        assert "speaker" in name.lower()


def test_a_half_filled_form_survives_a_refresh(page: Page, served: str):
    page.clock.install()
    page.goto(f"{served}/widgets/order-status/?order=001503")
    page.get_by_text("Find another order").click()
    page.get_by_label("Order number").fill("0015")
    page.get_by_label("or customer's reference").press_sequentially("PO-")
    refresh(page)
    expect(page.get_by_label("Order number")).to_have_value("0015")
    expect(page.get_by_label("or customer's reference")).to_have_value("PO-")
    expect(page.get_by_label("or customer's reference")).to_be_focused()


def test_another_order_is_found_by_reference_while_one_is_shown(
    page: Page, served: str, mock_erp: MockErp
):
    references = [row["CustomersOrderReference"] for row in mock_erp.rows("SalesOrderHeadersV2")]
    once = next(r for r in references if r and references.count(r) == 1)
    page.goto(f"{served}/widgets/order-status/?order=001503")
    page.get_by_text("Find another order").click()
    page.get_by_label("or customer's reference").fill(once)
    page.keyboard.press("Enter")
    expect(page.locator(".answer .where")).to_contain_text(once)


def test_a_wrong_word_leaves_the_form_and_the_embeds_own_settings(page: Page, served: str):
    page.goto(f"{served}/widgets/order-status/?theme=dark")
    page.get_by_label("Order number").fill("0015*")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("written without asterisks")
    expect(page.get_by_label("Order number")).to_have_value("0015*")
    page.get_by_role("link", name="Leave it out").click()
    expect(page.locator(".state")).to_contain_text("Which order?")
    assert page.url.endswith("?theme=dark")


def test_asterisks_in_a_search_do_no_harm(page: Page, served: str):
    page.goto(served + INVENTORY)
    page.locator("#search").press_sequentially("*speaker*", delay=5)
    expect(page).to_have_url(re.compile(r"search=\*?(%2A)?speaker"))
    expect(page.locator("tbody .name").first).to_contain_text("peaker")


def test_one_item_and_back_keeps_site_rows_and_search(page: Page, served: str):
    page.goto(f"{served}{INVENTORY}&search=speaker")
    before = page.locator("tbody").inner_text()
    page.locator("tbody a").first.click()
    expect(page.locator(".where")).to_contain_text("all sites")
    page.get_by_role("link", name="All items").click()
    expect(page.locator("tbody")).to_have_text(before, use_inner_text=True)


def test_focus_is_never_lost(page: Page, served: str):
    page.goto(served + INVENTORY)
    page.locator("tbody a").first.press("Enter")
    expect(page.locator(".where")).to_contain_text("all sites")
    expect(page.locator(".answer")).to_be_focused()
    page.get_by_role("link", name="All items").press("Enter")
    expect(page.locator(".answer")).to_be_focused()
    page.goto(f"{served}/widgets/ticker/?symbols=COPPER,WHEAT&selected=WHEAT")
    page.get_by_role("link", name=re.compile("^Close")).press("Enter")
    expect(page.locator("#quote-WHEAT")).to_be_focused()


def test_a_slow_answer_is_shown_to_be_under_way(page: Page, served: str, mock_erp: MockErp):
    page.goto(served + INVENTORY)
    page.wait_for_timeout(300)
    mock_erp.fault("WarehousesOnHandV2", "delay", delay=1.5)
    page.locator("tbody a").first.click()
    expect(page.locator("main")).to_have_attribute("aria-busy", "true")
    expect(page.locator(".where")).to_contain_text("all sites")
    expect(page.locator("main")).not_to_have_attribute("aria-busy", "true")


def test_a_search_without_a_network_is_made_when_it_is_back(page: Page, context, served: str):
    page.clock.install()
    page.goto(served + INVENTORY)
    context.set_offline(True)
    page.locator("#search").fill("speaker")
    page.clock.run_for(400)
    expect(page.locator("#unreachable")).to_be_visible()
    context.set_offline(False)
    refresh(page)
    expect(page.locator("#unreachable")).to_be_hidden()
    expect(page).to_have_url(re.compile("search=speaker"))
    expect(page.locator("tbody .name").first).to_contain_text("peaker")


def test_what_is_announced_stays_the_same_while_the_reason_does(
    page: Page, served: str, mock_erp: MockErp
):
    page.clock.install()
    page.goto(served + INVENTORY)
    page.wait_for_timeout(300)
    mock_erp.fault("*", "status", status=503)
    spoken = page.locator(".notice:visible [role=status]")
    for _ in range(10):  # what came just before the failure is shown first, as it is
        refresh(page)
        if spoken.count():
            break
    expect(spoken).to_have_text(re.compile(r"^The ERP [^0-9]+\.$"))
    text = "document.querySelector('.notice:not([hidden]) [role=status]').firstChild"
    page.evaluate(f"{text}.mark = 1")
    page.wait_for_timeout(1100)
    refresh(page)
    expect(page.locator(".notice:visible")).to_contain_text("old")
    assert page.evaluate(f"{text}.mark") == 1
    mock_erp.control("DELETE", "fault")


def test_a_zoom_stays_through_a_refresh_and_ends_with_another_range(
    page: Page, served: str, watch: Watch
):
    page.clock.install()
    page.goto(f"{served}/widgets/ticker/?symbols=COPPER&selected=COPPER&range=5y")
    expect(page.locator(".plotly .main-svg").first).to_be_visible()
    area = page.locator(".plotly .nsewdrag").bounding_box()
    assert area is not None
    page.mouse.move(area["x"] + 80, area["y"] + 60)
    page.mouse.down()
    page.mouse.move(area["x"] + 200, area["y"] + 60, steps=4)
    page.mouse.up()
    shown = "document.querySelector('.plotly')._fullLayout.xaxis.range.map(String)"
    page.clock.run_for(500)
    zoomed = page.evaluate(shown)
    with page.expect_response(re.compile("/widgets/")):
        page.clock.fast_forward(301_000)
    page.wait_for_timeout(200)
    assert page.evaluate(shown) == zoomed
    page.get_by_role("link", name="10 years").click()
    page.wait_for_function(f"before => String({shown}) !== before", arg=",".join(zoomed))
    assert page.evaluate(shown)[0] < "2018"
    assert watch.complaints == []


def test_charts_that_are_gone_are_forgotten(page: Page, served: str):
    page.goto(f"{served}/widgets/ticker/?symbols=COPPER,WHEAT")
    session = page.context.new_cdp_session(page)

    def listeners() -> int:
        page.wait_for_timeout(300)
        session.send("HeapProfiler.collectGarbage")
        counters = session.send("Memory.getDOMCounters")
        return int(counters["jsEventListeners"])

    def open_and_close() -> None:
        page.locator("#quote-WHEAT").click()
        expect(page.locator(".plotly .main-svg").first).to_be_visible()
        page.get_by_role("link", name=re.compile("^Close")).click()
        expect(page.locator(".history")).to_have_count(0)

    open_and_close()
    before = listeners()
    for _ in range(4):
        open_and_close()
    assert listeners() <= before + 12


def test_a_page_of_another_version_is_loaded_again(page: Page, served: str):
    page.clock.install()
    page.goto(served + INVENTORY)
    page.evaluate("window.mark = 1")
    page.route(
        re.compile("/widgets/inventory/"),
        lambda route: (
            route.fulfill(
                response=(answer := route.fetch()),
                body=re.sub('data-version="[^"]+"', 'data-version="newer"', answer.text()),
            )
            if route.request.headers.get("hx-request")
            else route.continue_()
        ),
    )
    page.clock.fast_forward(31_000)
    page.wait_for_function("() => window.mark === undefined")


def test_nothing_is_kept_in_the_browsers_storage(page: Page, served: str):
    page.goto(served + INVENTORY)
    page.locator("tbody a").first.click()
    expect(page.locator(".where")).to_contain_text("all sites")
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]


@pytest.mark.parametrize("options", [{"forced_colors": "active"}], ids=["forced colours"])
def test_two_kinds_of_bar_differ_in_forced_colours_too(page: Page, served: str):
    page.goto(f"{served}/widgets/inventory/?item=M0013")
    expect(page.locator(".plotly .main-svg").first).to_be_visible()
    fills = page.evaluate(
        "document.querySelector('.plotly')._fullData.map((trace) => trace.marker.color)"
    )
    assert len(set(fills)) == 2


def test_the_chart_does_not_move_when_plotly_takes_over(page: Page, served: str):
    page.route(re.compile(r"/plotly\.js\?"), lambda route: route.abort())
    page.goto(f"{served}/widgets/ticker/?symbols=WTI&selected=WTI")
    drawn = page.locator(".drawing .area polyline").last.bounding_box()
    page.unroute(re.compile(r"/plotly\.js\?"))
    page.goto(f"{served}/widgets/ticker/?symbols=WTI&selected=WTI")
    expect(page.locator(".plotly .js-line").first).to_be_attached()
    taken_over = page.locator(".plotly .js-line").last.bounding_box()
    assert drawn is not None
    assert taken_over is not None
    for side in ("x", "y", "width", "height"):
        assert abs(drawn[side] - taken_over[side]) <= 2, side


@pytest.mark.parametrize("status", [200, 502])
def test_the_answer_of_somebody_in_between_takes_nothing_away(page: Page, served: str, status: int):
    """Such as a proxy's error page while the widget server starts again, or a login page."""
    page.clock.install()
    page.goto(served + INVENTORY)
    shown = page.locator("tbody").inner_text()
    page.route(
        re.compile("/widgets/inventory/"),
        lambda route: route.fulfill(
            status=status, body="<h1>Bad gateway</h1>", content_type="text/html"
        ),
    )
    refresh(page)
    expect(page.locator("#unreachable")).to_be_visible()
    page.locator("tbody a").first.click()
    page.wait_for_timeout(300)
    assert page.locator("tbody").inner_text() == shown
    page.unroute(re.compile("/widgets/inventory/"))
    refresh(page)
    # What was asked for meanwhile is there now.
    expect(page.locator("#unreachable")).to_be_hidden()
    expect(page.locator(".where")).to_contain_text("all sites")


def test_a_search_that_overtakes_a_refresh_is_no_error(
    page: Page, served: str, mock_erp: MockErp, watch: Watch
):
    page.clock.install()
    page.goto(served + INVENTORY)
    page.wait_for_timeout(300)
    mock_erp.fault("WarehousesOnHandV2", "delay", delay=1.5, times=1)
    page.clock.fast_forward(31_000)
    page.locator("#search").fill("speaker")
    page.clock.run_for(400)
    expect(page.locator("tbody .name").first).to_contain_text("peaker")
    assert page.evaluate("location.search") == "?site=1&rows=4&search=speaker"
    assert watch.but_overtaken() == []
