"""htmx and idiomorph come when somebody comes near, and what a viewer did before is done then."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.host_app import HostApp
from tests.browser.tags import ORDER, first_held, held_back, shown

pytestmark = pytest.mark.browser

INVENTORY = "/widgets/inventory/?site=1&rows=4"
LIBRARIES = re.compile("/libraries\\.js")


def asked_for(watch: Watch) -> list[str]:
    return [address for address in watch.addresses if LIBRARIES.search(address)]


def test_a_frame_that_is_looked_at_loads_them_with_its_first_refresh(
    page: Page, served: str, watch: Watch
):
    page.clock.install()
    page.goto(served + INVENTORY)
    page.wait_for_load_state("networkidle")
    assert asked_for(watch) == []
    with page.expect_response(re.compile("/widgets/inventory/")):
        page.clock.fast_forward(31_000)
    assert len(asked_for(watch)) == 1
    # Nothing is given up later that is there already.
    with page.expect_response(re.compile("/widgets/inventory/")):
        for _ in range(4):
            # That answer comes onto the page first, and puts off the next look.
            page.wait_for_timeout(500)
            page.clock.fast_forward(31_000)
    page.wait_for_timeout(300)
    assert watch.complaints == []


@pytest.mark.parametrize("near", ["pointer", "key"])
def test_who_comes_near_has_them_before_the_press(page: Page, served: str, watch: Watch, near: str):
    page.goto(served + INVENTORY)
    page.wait_for_load_state("networkidle")
    with page.expect_response(LIBRARIES):
        if near == "pointer":
            page.locator("h1").hover()
        else:
            page.keyboard.press("Tab")
    assert len(asked_for(watch)) == 1


def type_and_enter(field: Locator) -> None:
    field.press_sequentially("spea")
    field.press("Enter")


# What a viewer does, and what the page says of it.
DOES: dict[str, tuple[str, Callable[[Locator], None], str]] = {
    "presses a link": ("tbody a", lambda link: link.first.click(), "item="),
    "presses Enter on a link": ("tbody a", lambda link: link.first.press("Enter"), "item="),
    "sends a form": ("#search", lambda field: field.press("Enter"), "search="),
    "types and presses Enter": ("#search", type_and_enter, "search=spea"),
    "types": ("#search", lambda field: field.press_sequentially("spea"), "search=spea"),
}


@pytest.mark.parametrize("does", DOES)
def test_what_is_done_before_they_are_there_is_done_then(
    page: Page, served: str, watch: Watch, does: str
):
    selector, act, address = DOES[does]
    held = held_back(page, LIBRARIES)
    page.clock.install()
    page.goto(served + INVENTORY)
    # Time stands still at once, or the frame looks for newer data meanwhile.
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 1)
    page.evaluate("document.body.dataset.same = 'yes'")
    act(page.locator(selector))
    first_held(page, held)
    page.wait_for_timeout(300)
    assert page.url == served + INVENTORY
    for route in held:
        route.continue_()
    expect(page).to_have_url(re.compile(address))
    expect(page.locator("body")).to_have_attribute("data-same", "yes")  # no new page
    page.clock.run_for(500)
    page.wait_for_timeout(300)
    asked = [each for each in watch.addresses if "/widgets/inventory/" in each]
    assert len(asked) == 2, asked
    assert watch.complaints == []


def test_a_row_that_asks_is_pressed_then(page: Page, served: str, watch: Watch):
    """A template of a package may ask with any element."""
    held = held_back(page, LIBRARIES)
    page.goto(served + INVENTORY)
    page.locator("tbody").evaluate("body => body.setAttribute('hx-get', '?site=2')")
    page.locator("tbody td:visible").first.click()
    page.wait_for_timeout(500)
    expect(page.locator("main")).to_have_attribute("aria-busy", "true")
    first_held(page, held).continue_()
    expect(page.locator(".where")).to_contain_text("site 2")
    assert len([each for each in watch.addresses if "site=2" in each]) == 1


def test_a_library_that_hangs_is_told(page: Page, served: str):
    page.clock.install()
    page.route(LIBRARIES, lambda _route: None)
    page.goto(served + INVENTORY)
    page.locator("tbody a").first.click()
    page.clock.run_for(31_000)
    expect(page.locator("#unreachable")).to_be_visible()
    expect(page.locator("main")).not_to_have_attribute("aria-busy", "true")


def test_a_trigger_that_waits_for_nobody_has_them_at_once(page: Page, served: str):
    def with_trigger(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(
            response=answer,
            body=answer.text().replace("<table>", '<table hx-get="?site=2" hx-trigger="load">'),
        )

    page.route(re.compile("rows=4"), with_trigger)
    page.goto(served + INVENTORY)
    expect(page.locator(".where")).to_contain_text("site 2")


def test_a_frame_of_a_former_version_still_finds_them(page: Page, served: str):
    """One that was opened before a deployment asks for them long after it."""
    now = page.request.get(served + INVENTORY).text()
    found = re.search(r'data-libraries="/static/([0-9a-f]{12})/libraries.js"', now)
    assert found
    answer = page.request.get(f"{served}/static/0123456789ab/libraries.js")
    assert answer.status == 200
    assert answer.text() == page.request.get(f"{served}/static/{found[1]}/libraries.js").text()


def test_a_press_on_what_is_not_swapped_waits_for_nothing(page: Page, served: str, watch: Watch):
    page.route(LIBRARIES, lambda route: route.abort())
    page.goto(served + INVENTORY)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    assert download.value.suggested_filename.endswith(".csv")


def test_where_they_cannot_be_had_that_is_said_and_made_good_later(page: Page, served: str):
    page.clock.install()
    page.route(LIBRARIES, lambda route: route.abort())
    page.goto(served + INVENTORY)
    page.locator("tbody a").first.click()
    expect(page.locator("#unreachable")).to_be_visible()
    expect(page.locator("tbody a").first).to_be_visible()
    page.unroute(LIBRARIES)
    with page.expect_response(re.compile("item=")):
        page.clock.fast_forward(31_000)
    expect(page.locator("#unreachable")).to_be_hidden()
    expect(page).to_have_url(re.compile("item="))


def test_a_frame_that_waits_for_its_token_fetches_them_meanwhile(
    page: Page, app: HostApp, watch: Watch
):
    page.goto(app.page(ORDER))
    shown(page)
    when = [index for index, each in enumerate(watch.addresses) if LIBRARIES.search(each)]
    data = [index for index, each in enumerate(watch.addresses) if "/order-status/" in each]
    assert len(when) == 1
    assert data[0] < when[0] < data[1]
    assert watch.complaints == []
