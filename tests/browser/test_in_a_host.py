"""A host page on another origin embeds each widget: it renders, refreshes, searches, survives."""

import re

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import HostSite, Watch
from tests.browser.tags import is_refused
from tests.conftest import ROOT, MockErp, mock_erp_process, widget_server

pytestmark = pytest.mark.browser

SANDBOX = "allow-scripts allow-same-origin allow-forms allow-popups allow-downloads"


def embedded(page: Page, host: HostSite, address: str, before: str = "") -> FrameLocator:
    body = (
        f'{before}<iframe id=w src="{address}" width=400 height=700 sandbox="{SANDBOX}"></iframe>'
    )
    page.goto(host.page(body))
    return page.frame_locator("#w")


def test_the_example_host_page_shows_all_three_and_works_with_them(
    page: Page, host: HostSite, served: str, watch: Watch, mock_erp: MockErp
):
    source = (ROOT / "docs/examples/host.html").read_text()
    (host.folder / "host.html").write_text(source.replace("http://127.0.0.1:8000", served))
    page.set_viewport_size({"width": 1280, "height": 1500})
    page.goto(f"{host.url}/host.html")
    frames = {
        title: page.frame_locator(f"iframe[title='{title}']")
        for title in ("Inventory levels", "Order status", "Commodity prices")
    }
    for title, frame in frames.items():
        expect(frame.locator("main")).to_have_attribute("data-state", "ok")
        expect(frame.locator("h1")).to_have_text(title)
    for title in ("Inventory levels", "Commodity prices"):
        expect(frames[title].locator(".plotly .main-svg").first).to_be_visible()
        expect(frames[title].locator(".drawing").first).to_be_hidden()
    pick = frames["Order status"].locator("[data-kind=item]").first
    pick.click()
    expect(frames["Inventory levels"].locator("th").first).to_have_text("Site / warehouse")
    expect(page.locator("#item")).to_have_value(pick.inner_text())
    page.get_by_label("Dark").check()
    for frame in frames.values():
        expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    assert watch.complaints == []
    assert {address.split("/")[2] for address in watch.addresses if address.startswith("http")} == {
        served.split("/")[2],
        host.url.split("/")[2],
    }
    assert page.context.cookies() == []


def test_a_refresh_keeps_focus_text_scroll_and_chart(
    page: Page, host: HostSite, served: str, mock_erp: MockErp, watch: Watch
):
    page.clock.install()
    frame = embedded(page, host, f"{served}/widgets/inventory/?site=1&rows=12")
    # Plotly draws once the chart is on screen.
    expect(frame.locator("h1")).to_be_visible()
    page.frames[1].evaluate("document.querySelector('.chart').scrollIntoView()")
    expect(frame.locator(".plotly .main-svg").first).to_be_attached()
    # Not as long as a notice stands above: where one goes, the browser scrolls by its height.
    expect(frame.locator("main")).to_have_attribute("data-state", "ok")
    frame.locator("#search").focus()
    # Typed, but not yet searched for; and a mark on the chart that a new one would not have.
    page.frames[1].evaluate(
        """() => {
            const search = document.querySelector("#search");
            search.value = "half a wo";
            search.setSelectionRange(2, 4);
            document.querySelector(".plotly").mark = "mine";
            window.scrollTo(0, 200);
        }"""
    )
    before = frame.locator("tbody").inner_text()
    mock_erp.control("POST", "clock", advance=40 * 86_400)
    page.wait_for_timeout(300)  # until what the server keeps is no longer fresh
    page.clock.fast_forward(31_000)
    expect(frame.locator("tbody")).not_to_have_text(before, use_inner_text=True)
    kept = page.frames[1].evaluate(
        """() => [
            document.activeElement.id, document.activeElement.value, document.activeElement.selectionEnd,
            document.querySelector(".plotly").mark, scrollY,
        ]"""
    )
    assert kept == ["search", "half a wo", 4, "mine", 200]
    # The chart shows the new figures all the same.
    page.frames[1].wait_for_function(
        """() => {
            const wanted = JSON.parse(document.querySelector(".plot").dataset.figure).data[1].x;
            return String(document.querySelector(".plotly").data[1].x) === String(wanted);
        }"""
    )
    assert watch.complaints == []


def test_a_search_filters_at_once_and_adds_nothing_to_the_hosts_history(
    page: Page, host: HostSite, served: str, mock_erp: MockErp
):
    frame = embedded(page, host, f"{served}/widgets/inventory/?site=1&rows=50")
    expect(frame.locator("h1")).to_be_visible()
    entries = page.evaluate("history.length")
    name = frame.locator("tbody .name").first.inner_text()
    frame.locator("#search").press_sequentially(name, delay=5)
    expect(frame.locator("tbody tr[id^=row]")).to_have_count(
        len({r["ItemNumber"] for r in mock_erp.rows("WarehousesOnHandV2", "$filter=InventorySiteId eq '1'")
             if name.casefold() in f"{r['ItemNumber']} {r['ProductName']}".casefold()})
    )  # fmt: skip
    assert "search=" in page.frames[1].url
    assert "site=1" in page.frames[1].url
    assert page.evaluate("history.length") == entries
    assert page.frames[1].evaluate("document.activeElement.id") == "search"


def test_an_erp_that_stops_leaves_the_data_with_its_age_and_comes_back(
    page: Page, host: HostSite, tmp_path
):
    page.clock.install()
    with mock_erp_process() as (erp, mock):
        settings = mock.environment() | {
            "WIDGETS_CACHE_FILE": str(tmp_path / "reads.sqlite"),
            "WIDGETS_KEEP": '{"on_hand": [0.2, 3600], "products": [0.2, 3600]}',
        }
        with widget_server(settings) as url:
            frame = embedded(page, host, f"{url}/widgets/inventory/?site=1&rows=3")
            expect(frame.locator("main")).to_have_attribute("data-state", "ok")
            shown = frame.locator("tbody").inner_text()
            mock.kill(erp)
            page.clock.fast_forward(31_000)
            expect(frame.locator("main")).to_have_attribute("data-state", "stale")
            notice = frame.locator(".notice:visible")
            expect(notice).to_have_text(re.compile("ERP is not answering. What you see is .+ old"))
            assert frame.locator("tbody").inner_text() == shown
            expect(frame.locator(".fresh time")).to_be_visible()
            with mock_erp_process("--port", mock.url.rpartition(":")[2]):
                for _ in range(20):
                    page.clock.fast_forward(31_000)
                    page.wait_for_timeout(500)
                    if frame.locator("main").get_attribute("data-state") == "ok":
                        break
                expect(frame.locator("main")).to_have_attribute("data-state", "ok")
                expect(frame.locator(".notice:visible")).to_have_count(0)


def test_a_widget_server_that_stops_leaves_the_data_and_says_so(
    page: Page, host: HostSite, served: str, mock_erp: MockErp, context
):
    page.clock.install()
    frame = embedded(page, host, f"{served}/widgets/inventory/?site=1&rows=3")
    expect(frame.locator("main")).to_have_attribute("data-state", "ok")
    shown = frame.locator("tbody").inner_text()
    context.set_offline(True)
    for _ in range(20):  # the first look may meet one that is still under way
        page.clock.fast_forward(31_000)
        page.wait_for_timeout(500)
        if frame.locator("#unreachable").is_visible():
            break
    expect(frame.locator("#unreachable")).to_be_visible()
    assert frame.locator("tbody").inner_text() == shown
    context.set_offline(False)
    page.clock.fast_forward(31_000)
    expect(frame.locator("#unreachable")).to_be_hidden()


def assert_nothing_is_asked(page: Page, watch: Watch) -> None:
    """Over the time of several refreshes."""
    page.wait_for_timeout(300)
    watch.addresses.clear()
    page.clock.fast_forward(120_000)
    page.wait_for_timeout(300)
    assert watch.addresses == []


def test_nothing_is_asked_while_nobody_can_see_it(
    page: Page, host: HostSite, served: str, mock_erp: MockErp, watch: Watch
):
    page.clock.install()
    # Scrolled out of sight in the host page.
    frame = embedded(
        page,
        host,
        f"{served}/widgets/inventory/?site=1&rows=3",
        before="<div style='height:4000px'></div>",
    )
    page.evaluate("window.scrollTo(0, 4000)")
    expect(frame.locator("h1")).to_be_in_viewport()
    page.evaluate("window.scrollTo(0, 0)")
    expect(frame.locator("h1")).not_to_be_in_viewport()
    assert_nothing_is_asked(page, watch)
    # Seen again: at once, since it is overdue. (An answer that came later would put off the next look.)
    with page.expect_response(re.compile("/widgets/inventory/")) as seen:
        page.evaluate("window.scrollTo(0, 4000)")
    seen.value.finished()
    # In a hidden tab.
    page.frames[1].evaluate(
        """() => {
            Object.defineProperty(document, "hidden", { value: true, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    assert_nothing_is_asked(page, watch)
    with page.expect_request(re.compile("/widgets/inventory/")):
        page.frames[1].evaluate(
            """() => {
                delete document.hidden;
                document.dispatchEvent(new Event("visibilitychange"));
            }"""
        )


def test_a_host_that_is_not_named_is_refused_by_the_browser(
    page: Page, host: HostSite, served: str
):
    named = f'<iframe src="{served}/widgets/inventory/?site=1"></iframe>'
    page.goto(host.page(named))
    assert "/widgets/inventory/" in page.frames[1].url
    # 127.0.0.2 is this machine as well, and not among the origins that may frame.
    other = host.url.replace("localhost", "127.0.0.2")
    page.route(f"{other}/**", lambda route: route.fulfill(
        body=named, content_type="text/html"
    ))  # fmt: skip
    page.goto(f"{other}/")
    assert is_refused(page)


@pytest.mark.parametrize("path", ["", "healthz", "nothing"])
def test_what_is_not_a_widget_is_refused_by_the_browser(
    page: Page, host: HostSite, served: str, path: str
):
    embedded(page, host, f"{served}/{path}")
    assert is_refused(page)
