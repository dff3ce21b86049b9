"""The workbench in a real browser: knobs, previews, code and address in step, with scripts and without."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from tests.browser.conftest import Watch
from tests.browser.host_app import HostApp

pytestmark = pytest.mark.browser

WIDE = {"viewport": {"width": 1600, "height": 1000}}
PHONE = {"viewport": {"width": 360, "height": 740}}
NO_SCRIPTS = {**WIDE, "java_script_enabled": False}
wide = pytest.mark.parametrize("options", [WIDE], ids=["wide"])


def frame(page: Page, width: int = 400) -> FrameLocator:
    return page.frame_locator(f"#pane-{width} iframe")


def shows(page: Page, state: str, width: int = 400) -> None:
    expect(frame(page, width).locator("main")).to_have_attribute("data-state", state)


def rows(page: Page, count: int, width: int = 400) -> None:
    expect(frame(page, width).locator("tbody tr:not(.below)")).to_have_count(count)


def choose(page: Page, label: str) -> None:
    page.get_by_role("radio", name=label, exact=True).check()


def code(page: Page) -> str:
    return "\n".join(page.locator("pre code").all_inner_texts())


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


@wide
def test_a_knob_changes_previews_code_and_address_and_keeps_the_focus(
    page: Page, served: str, watch: Watch
):
    page.goto(f"{served}/gallery/inventory/")
    for width in (280, 400, 800):
        shows(page, "ok", width)
        rows(page, 4, width)
    before = page.locator("#pane-400 iframe").element_handle()
    knob = page.get_by_label("rows")
    knob.fill("")
    knob.press_sequentially("2")
    for width in (280, 400, 800):
        rows(page, 2, width)
    expect(page.locator("pre code").first).to_contain_text('rows="2"')
    assert query(page)["rows"] == ["2"]
    expect(knob).to_be_focused()
    # The same frame was told; none was loaded anew.
    assert page.evaluate("frame => frame.isConnected", before)
    page.get_by_label("site", exact=True).fill("2")
    expect(page.locator("pre code").first).to_contain_text('site="2"')
    expect(frame(page).locator(".answer")).to_contain_text("site 2")
    expect(page.locator("figcaption .said").first).to_contain_text("drawn in")
    assert watch.but_overtaken() == []


@wide
def test_a_value_that_cannot_be_used_is_told_beside_its_knob(page: Page, served: str):
    page.goto(f"{served}/gallery/inventory/?site=1")
    page.get_by_label("site", exact=True).fill("no such site!")
    told = page.locator("#knob-site-complaint")
    expect(told).to_contain_text("The parameter site must be 1 to 10 letters")
    expect(page.get_by_label("site", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("site", exact=True)).to_be_focused()
    shows(page, "error")
    page.get_by_label("site", exact=True).fill("1")
    expect(told).to_have_count(0)
    shows(page, "ok")


@wide
def test_a_wrong_number_is_corrected_where_it_was_typed(page: Page, served: str):
    page.goto(f"{served}/gallery/inventory/?site=1&rows=4")
    knob = page.get_by_label("rows")
    for wrong, keys, right in (("999", 2, "9"), ("0", 1, "3")):
        knob.fill(wrong)
        expect(page.locator("#knob-rows-complaint")).to_be_visible()
        for _ in range(keys):
            page.keyboard.press("Backspace")
        if wrong == "0":
            page.keyboard.type(right)
        expect(knob).to_have_value(right)
        expect(page.locator("#knob-rows-complaint")).to_have_count(0)


@wide
def test_the_address_is_all_there_is_to_send(page: Page, context: BrowserContext, served: str):
    page.goto(f"{served}/gallery/ticker/")
    shows(page, "ok")
    page.get_by_role("checkbox", name="CORN").check()
    page.get_by_label("range").select_option("5y")
    choose(page, "Dark")
    page.get_by_label("Locale").fill("de-DE")
    choose(page, "800")
    choose(page, "Stale")
    page.get_by_role("link", name="React").click()
    page.get_by_role("link", name="Requests").click()
    expect(page.get_by_role("link", name="Requests")).to_have_attribute("aria-current", "true")
    shows(page, "stale", 800)
    other = context.new_page()
    other.goto(page.url)
    shows(other, "stale", 800)
    expect(other.locator(".pane")).to_have_count(1)
    expect(frame(other, 800).locator("html")).to_have_attribute("data-theme", "dark")
    expect(frame(other, 800).locator("html")).to_have_attribute("data-locale", "de-DE")
    expect(other.get_by_role("checkbox", name="CORN")).to_be_checked()
    expect(other.get_by_label("range")).to_have_value("5y")
    assert code(other) == code(page)
    assert "COFFEE,CORN" in code(page) or "CORN" in code(page)
    assert 'theme="dark"' in code(page)


@wide
def test_back_and_forward_go_through_what_was_set(page: Page, served: str):
    page.goto(f"{served}/gallery/inventory/?site=1&rows=4")
    rows(page, 4)
    page.get_by_label("search").press_sequentially("speaker", delay=400)
    expect(page.locator("pre code").first).to_contain_text('search="speaker"')
    choose(page, "Contrast")
    expect(frame(page).locator("html")).to_have_attribute("data-theme", "contrast")
    page.go_back()
    expect(page.get_by_role("radio", name="Page")).to_be_checked()
    expect(frame(page).locator("html")).to_have_attribute("data-theme", "light")
    expect(page.get_by_label("search")).to_have_value("speaker")
    page.go_back()  # the whole word, not its last letter
    expect(page.get_by_label("search")).to_have_value("")
    rows(page, 4)
    page.go_forward()
    expect(page.get_by_label("search")).to_have_value("speaker")
    expect(page.locator("pre code").first).to_contain_text('search="speaker"')


@wide
def test_each_state_of_the_erp_shows_in_the_previews_at_once(page: Page, served: str):
    page.goto(f"{served}/gallery/inventory/")
    shows(page, "ok")
    for label, state in (("Error", "error"), ("Empty", "empty"), ("Stale", "stale")):
        choose(page, label)
        for width in (280, 400, 800):
            shows(page, state, width)
    expect(page.get_by_text("nobody else sees it")).to_be_visible()
    choose(page, "Slow")  # which is seen at the first load, so there is another one
    for said in ("loads…", "drawn in"):
        expect(page.locator("#pane-400 .said")).to_contain_text(said, timeout=20_000)
    shows(page, "ok")
    choose(page, "As it is")
    shows(page, "ok")
    expect(page.get_by_text("nobody else sees it")).to_have_count(0)
    assert "simulate" not in page.url


@wide
def test_loading_anew_makes_other_frames(page: Page, served: str):
    page.goto(f"{served}/gallery/inventory/")
    shows(page, "ok")
    before = page.locator("#pane-400 iframe").element_handle()
    page.get_by_role("button", name="Load anew").click()
    shows(page, "ok")
    assert not page.evaluate("frame => frame.isConnected", before)


@wide
def test_the_code_is_copied_and_that_is_said(page: Page, context: BrowserContext, served: str):
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=served)
    page.goto(f"{served}/gallery/quality/")
    react = page.get_by_role("link", name="React")
    react.click()
    expect(react).to_have_attribute("aria-current", "true")
    expect(page.locator(".piece")).to_have_count(2)
    second = page.locator(".piece").nth(1)
    second.get_by_role("button", name="Copy").click()
    expect(second.get_by_role("status")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == second.locator("code").text_content()


@wide
def test_every_way_to_embed_is_a_click_away(page: Page, served: str):
    page.goto(f"{served}/gallery/inventory/")
    seen = set()
    for link in page.get_by_role("navigation", name="Ways to embed").get_by_role("link").all():
        link.click()
        expect(link).to_have_attribute("aria-current", "true")
        seen.add(code(page))
    assert len(seen) == 8


@wide
def test_messages_are_listed_newest_first_and_can_be_held(page: Page, served: str):
    page.goto(f"{served}/gallery/inventory/?pane-width=400")
    log = page.get_by_role("list", name="Messages")
    for said in ("hello", "init", "ready", "rendered", "resize"):
        expect(log.locator(".log-type", has_text=said).first).to_be_visible()
    # From its end: a frame that has no answer yet says hello again.
    order = log.locator(".log-type").all_inner_texts()[::-1]
    assert order.index("hello") < order.index("init") < order.index("rendered")
    frame(page).locator("[data-kind=item]").first.click()
    expect(log.locator("li", has_text='"name":"select"')).to_contain_text("widget → page")
    choose(page, "Dark")
    expect(log.locator("li", has_text='"theme":"dark"').first).to_contain_text("page → widget")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")
    held = log.locator("li").count()
    page.get_by_label("rows").fill("2")
    rows(page, 2)
    expect(page.locator("#log-count")).to_contain_text("heard since")
    assert log.locator("li").count() == held
    page.get_by_role("button", name="Clear").click()
    expect(log.locator("li")).to_have_count(0)
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("rows").fill("3")
    expect(log.locator(".log-type", has_text="params").first).to_be_visible()


@wide
def test_how_each_preview_was_answered_is_shown(page: Page, served: str):
    page.goto(f"{served}/gallery/inventory/?activity-tab=requests")
    table = page.get_by_role("table", name="The last answer to each preview")
    for place, width in enumerate((280, 400, 800)):
        row = table.locator("tbody tr").nth(place)
        expect(row.locator("th")).to_have_text(f"{width} px")
        cells = row.locator("td")
        expect(cells.nth(1)).to_have_text("200")
        expect(cells.nth(2)).to_have_text(re.compile("hit|stored|stale|uri-miss"))
        expect(cells.nth(4)).to_have_text(re.compile(r"^\d+$"))
        expect(cells.nth(5)).to_have_text(re.compile("page|reads"))
        expect(cells.nth(6)).to_have_text(re.compile(r"^\d+$"))
    choose(page, "Error")
    row = table.locator("tbody tr").first
    expect(row.locator("td").nth(1)).to_have_text("503")
    # The frames were told, not loaded anew: a notice above them moves nothing.
    expect(row.locator("td").first).to_have_text("refresh")


@wide
def test_what_is_said_above_the_previews_does_not_load_them_anew(page: Page, registered: str):
    page.goto(f"{registered}/gallery/inventory/?site=1&host=demo")
    shows(page, "ok")
    frames = [page.locator(f"#pane-{width} iframe").element_handle() for width in (280, 400, 800)]
    for state, shown in (
        ("Empty", "empty"),
        ("Stale", "stale"),
        ("Error", "error"),
        ("As it is", "ok"),
    ):
        choose(page, state)
        shows(page, shown)
        assert page.locator("#playing").is_hidden() == (state == "As it is")
        assert all(page.evaluate("frame => frame.isConnected", frame) for frame in frames), state


@wide
def test_a_token_is_never_shown(page: Page, registered: str, app: HostApp):
    """None is at hand here; one that a page gives the loader all the same stays out of the log."""
    page.goto(f"{registered}/gallery/inventory/?site=1&host=demo&pane-width=400")
    shows(page, "ok")
    page.evaluate("document.querySelector('erp-widget').tokenProvider = async () => 'aaa.bbb.ccc'")
    entry = page.locator("#log li", has=page.locator(".log-type", has_text="token")).first
    expect(entry).to_contain_text('{"token":"•••"}')
    assert "aaa.bbb" not in page.content()


@wide
def test_a_host_with_tokens_says_why_there_is_another_and_its_code_has_a_token_url(
    page: Page, registered: str
):
    page.goto(f"{registered}/gallery/inventory/?site=1")
    shows(page, "ok")
    page.get_by_label("Host").select_option("sales")
    expect(page.get_by_text("What you see here is drawn for")).to_be_visible()
    expect(page.locator("pre code").first).to_contain_text('token-url="/widget-token"')
    shows(page, "ok")
    expect(page.get_by_label("company")).to_be_disabled()


@pytest.mark.parametrize("options", [NO_SCRIPTS], ids=["no scripts"])
def test_it_works_without_scripts(page: Page, served: str):
    page.goto(f"{served}/gallery/inventory/")
    page.get_by_label("rows").fill("2")
    choose(page, "Dark")
    choose(page, "Empty")
    page.get_by_role("button", name="Apply").click()
    shows(page, "empty")
    expect(frame(page).locator("html")).to_have_attribute("data-theme", "dark")
    choose(page, "As it is")
    page.get_by_role("button", name="Apply").click()
    rows(page, 2)
    # A new page each time, which may be half there when its address is.
    pieces = page.locator("pre code")
    expect(pieces.filter(has_text='rows="2"').first).to_be_visible()
    page.get_by_role("link", name="Salesforce").click()
    expect(pieces.filter(has_text="LightningElement").first).to_be_visible()
    expect(pieces.filter(has_text='"rows": "2"').first).to_be_visible()
    for name in ("Copy", "Pause", "Clear", "Load anew"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    expect(page.get_by_text("is shown here where scripts may run").first).to_be_visible()
    page.get_by_role("link", name="Back to the example").click()
    rows(page, 4)


@pytest.mark.parametrize(
    "options", [{**NO_SCRIPTS, "viewport": {"width": 1280, "height": 700}}], ids=["low"]
)
def test_what_applies_the_knobs_is_in_sight_however_many_there_are(page: Page, served: str):
    page.goto(f"{served}/gallery/inventory/")
    expect(page.get_by_role("button", name="Apply")).to_be_in_viewport(ratio=1)


@wide
def test_it_can_be_used_by_keyboard_alone(page: Page, served: str):
    page.goto(f"{served}/gallery/inventory/?site=1&rows=4&pane-width=280")
    shows(page, "ok", 280)

    def tab_to(selector: str) -> None:
        for _ in range(80):
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
            page.keyboard.press("Tab")
        pytest.fail(f"{selector} is not reached")

    tab_to("[name=theme]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(frame(page, 280).locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("[name=theme][value=dark]")).to_be_focused()
    tab_to("#knob-rows")
    page.keyboard.press("ArrowDown")
    rows(page, 3, 280)
    expect(page.locator("#knob-rows")).to_be_focused()
    tab_to("a.tab[data-to=teams]")
    page.keyboard.press("Enter")
    expect(page.locator("pre code").first).to_contain_text("staticTabs")
    expect(page.locator("a.tab[data-to=teams]")).to_be_focused()
    tab_to("#clear")
    page.keyboard.press("Enter")
    expect(page.locator("#log li")).to_have_count(0)


@pytest.mark.parametrize("options", [PHONE], ids=["phone"])
@pytest.mark.parametrize("name", ["inventory", "order-status", "quality", "ticker"])
def test_nothing_goes_off_the_side_of_a_phone(page: Page, served: str, name: str):
    for address in (f"/gallery/{name}/", f"/gallery/{name}/?host=nobody&snippet-way=salesforce"):
        page.goto(served + address)
        shows(page, "ok", 280) if "?" not in address else None
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        small = page.evaluate(
            """() => [...document.querySelectorAll("#bench :is(button, select, .tab, .segments label)")]
                .filter((each) => each.getClientRects().length && each.getBoundingClientRect().height < 24)
                .map((each) => each.outerHTML.slice(0, 80))"""
        )
        assert small == []


@pytest.mark.parametrize("options", [PHONE], ids=["phone"])
def test_on_a_phone_the_parameters_are_near(page: Page, served: str):
    page.goto(f"{served}/gallery/quality/")
    shows(page, "ok", 280)
    expect(page.locator("#pane-280 .said")).to_contain_text("drawn in")
    top = page.get_by_role("heading", name="Parameters").bounding_box()
    assert top is not None
    assert top["y"] < 2 * PHONE["viewport"]["height"]


@wide
def test_the_dates_of_a_narrow_chart_stand_upright_and_whole(page: Page, served: str):
    page.goto(f"{served}/gallery/ticker/?symbols=COPPER&selected=COPPER&range=2y")
    for width in (280, 400):
        dates = frame(page, width).locator(".xtick text")
        expect(dates.first).to_be_visible()
        found = dates.evaluate_all(
            """labels => labels.map((each) => {
                const { left, right, bottom } = each.getBoundingClientRect();
                const chart = each.closest(".plotly.js-plotly-plot, .plotly").getBoundingClientRect();
                const isWhole = left >= chart.left && right <= chart.right && bottom <= chart.bottom;
                return [each.getAttribute("transform") ?? "", isWhole];
            })"""
        )
        assert len(found) >= 2
        assert [
            (turn, whole) for turn, whole in found if re.search(r"rotate\((?!0)", turn) or not whole
        ] == []


def test_the_page_itself_cannot_be_framed(page: Page, served: str, host):
    address = host.page(f'<iframe src="{served}/gallery/inventory/?simulate=error"></iframe>')
    with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        page.goto(address)


@wide
def test_a_server_that_does_not_answer_is_told_and_nothing_is_lost(page: Page, served: str):
    page.goto(f"{served}/gallery/inventory/?site=1&rows=4")
    rows(page, 4)
    notice = page.get_by_text("This server does not answer.")
    expect(notice).to_be_hidden()
    page.route("**/gallery/**", lambda route: route.abort())
    page.get_by_label("rows").fill("2")
    expect(notice).to_be_visible()
    rows(page, 4)
    expect(page.get_by_label("rows")).to_have_value("2")
    page.unroute("**/gallery/**")
    page.get_by_label("rows").fill("3")
    rows(page, 3)
    expect(notice).to_be_hidden()
