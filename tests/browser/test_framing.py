"""Who may frame is decided by the browser itself, from the registered host; and what a frame does without."""

import os

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watch, chromium
from tests.browser.host_app import HostApp, token
from tests.browser.tags import ORDER, STOCK, frame_of, is_refused, shown
from tests.conftest import MockErp
from widgets.contract.looking import FLAGS

pytestmark = pytest.mark.browser

EVERY_STATE = [
    "inventory/?site=1&rows=6",
    "inventory/?item=M0013&locale=de-DE",
    "inventory/?search=nothing-like-it",
    "inventory/?rows=99",
    "ticker/?selected=COPPER&theme=dark",
    "ticker/?symbols=WTI&interval=daily&selected=WTI&range=max&locale=fr-FR&theme=contrast",
    "inventory/?host=sales&loader=1",
    "inventory/?host=sales",
    "order-status/",
    "order-status/?host=sales&order=001503&token=TOKEN",
    "order-status/?host=sales&customer=US-012&token=TOKEN&theme=contrast",
    "order-status/?host=sales&order=nope&token=TOKEN",
]


def plain(address: str, sandbox: str | None = None) -> str:
    attribute = "" if sandbox is None else f' sandbox="{sandbox}"'
    return f'<iframe src="{address}" width="500" height="700"{attribute}></iframe>'


@pytest.mark.parametrize(
    ("name", "refused"), [("localhost", False), ("127.0.0.1", True), ("outer.localhost", True)]
)
def test_only_the_hosts_own_origins_may_frame_its_widgets(
    page: Page, app: HostApp, name: str, refused: bool
):
    address = f"{app.served}/widgets/inventory/?host=sales&site=1"
    page.goto(app.page(plain(address), host=name))
    assert is_refused(page) == refused


def test_a_host_that_nobody_registered_is_refused(page: Page, app: HostApp):
    page.goto(app.page(plain(f"{app.served}/widgets/inventory/?host=nobody")))
    assert is_refused(page)


@pytest.mark.parametrize(("host", "refused"), [("nested", False), ("sales", True), ("demo", True)])
def test_every_page_around_a_frame_must_be_named(
    page: Page, app: HostApp, host: str, refused: bool
):
    inner = app.page(plain(f"{app.served}/widgets/inventory/?host={host}&site=1"), path="/inner")
    page.goto(app.page(plain(inner), path="/outer", host="outer.localhost"))
    page.wait_for_function("frames.length === 1 && frames[0].length === 1")
    assert is_refused(page, 2) == refused


@pytest.mark.parametrize("path", ["", "doctor", "oembed", "healthz", "static/embed.js", "nothing"])
def test_nothing_but_a_widget_can_be_framed(page: Page, app: HostApp, path: str):
    page.goto(app.page(plain(f"{app.served}/{path}")))
    assert is_refused(page)


def refusals(watch: Watch) -> list[str]:
    """What was complained of, but for a status of 400 and more, of which the console always speaks."""
    return [said for said in watch.complaints if "Failed to load resource" not in said]


@pytest.mark.parametrize("path", EVERY_STATE)
def test_no_state_of_a_widget_violates_its_policy(
    page: Page, app: HostApp, watch: Watch, mock_erp: MockErp, path: str
):
    address = path.replace("TOKEN", token("order-status"))
    page.goto(app.page(plain(f"{app.served}/widgets/{address}")))
    frame = page.frame_locator("iframe")
    expect(frame.locator("main")).to_be_visible()
    if "selected" in path or "rows=6" in path:
        page.frames[1].evaluate("document.querySelector('.chart').scrollIntoView()")
        expect(frame.locator(".plotly .main-svg").first).to_be_visible()
    page.wait_for_timeout(300)
    assert refusals(watch) == []


OUTAGES = {
    # What another test read is still kept, so each has a query of its own.
    "inventory/?site=1&warehouse=1{}": "WarehousesOnHandV2",
    "order-status/?host=sales&order=00150{}&token=TOKEN": "SalesOrderHeadersV2",
    "ticker/?symbols=COFFEE&interval={}": "/query",
}


@pytest.mark.parametrize(("before", "state"), [(True, "stale"), (False, "error")])
@pytest.mark.parametrize("path", OUTAGES)
def test_no_outage_violates_the_policy(
    page: Page, app: HostApp, watch: Watch, mock_erp: MockErp, path: str, before: bool, state: str
):
    own = ("annual" if before else "quarterly") if "ticker" in path else 1 + before
    address = path.format(own).replace("TOKEN", token("order-status"))
    body = plain(f"{app.served}/widgets/{address}")
    if before:
        page.goto(app.page(body))
        expect(page.frame_locator("iframe").locator("main")).to_be_visible()
        page.wait_for_timeout(300)
    mock_erp.fault(OUTAGES[path], "status", status=500)
    page.goto(app.page(body))
    expect(page.frame_locator("iframe").locator("main")).to_have_attribute("data-state", state)
    page.wait_for_timeout(300)
    assert refusals(watch) == []


def test_a_frame_without_scripts_shows_its_data(page: Page, app: HostApp, mock_erp: MockErp):
    page.goto(app.page(plain(f"{app.served}/widgets/inventory/?site=1&rows=3", sandbox="")))
    frame = page.frame_locator("iframe")
    expect(frame.locator("tbody tr[id^=row]")).to_have_count(3)
    expect(frame.locator("svg.drawing")).to_be_visible()
    expect(frame.locator(".bar-labels li")).to_have_count(3)
    expect(frame.locator(".fresh")).to_contain_text("UTC")


def test_a_frame_without_scripts_takes_its_token_from_its_address(
    page: Page, app: HostApp, mock_erp: MockErp
):
    given = token("order-status")
    address = f"{app.served}/widgets/order-status/?host=sales&order=001503&token={given}"
    page.goto(app.page(plain(address, sandbox="")))
    expect(page.frame_locator("iframe").locator("table")).to_be_visible()
    assert given not in page.frames[1].content()


def test_a_waiting_frame_without_scripts_says_why(page: Page, app: HostApp):
    page.goto(app.page(plain(f"{app.served}/widgets/inventory/?host=sales&loader=1", sandbox="")))
    late = page.frame_locator("iframe").get_by_text("only where scripts run")
    expect(late).to_be_hidden()
    expect(late).to_be_visible(timeout=15_000)


def test_a_token_in_the_address_is_gone_once_scripts_run(
    page: Page, app: HostApp, mock_erp: MockErp
):
    address = f"{app.served}/widgets/inventory/?host=sales&site=1&rows=3&token={token('inventory')}"
    page.goto(app.page(plain(address)))
    frame = page.frame_locator("iframe")
    frame.locator("a.code").first.click()
    expect(frame.locator("th").first).to_have_text("Site / warehouse")
    assert "token" not in page.frames[1].url


def test_a_sandbox_without_an_origin_loads_anew_and_says_so(
    page: Page, app: HostApp, mock_erp: MockErp
):
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(
        app.page(
            plain(f"{app.served}/widgets/inventory/?site=1&rows=3", "allow-scripts allow-forms")
        )
    )
    frame = page.frame_locator("iframe")
    expect(frame.locator("h1")).to_be_visible()
    frame.locator("a.code").first.click()
    expect(frame.locator("th").first).to_have_text("Site / warehouse")
    frame.locator("#search").fill("speaker")
    frame.locator("#search").press("Enter")
    expect(frame.locator("main")).to_contain_text("short")
    assert any("allow-same-origin" in text for text in said)
    assert not [text for text in said if "Error" in text]


def test_cookies_and_storage_of_others_may_be_blocked(
    app: HostApp, browser: Browser, mock_erp: MockErp, tmp_path
):
    """With third-party cookies blocked outright, as browsers come to do by default."""
    strict = browser.browser_type.launch(
        executable_path=chromium(),
        args=[*FLAGS, "--test-third-party-cookie-phaseout"],
        env={**os.environ, "HOME": str(tmp_path)},
    )
    page = strict.new_page()
    page.goto(app.page(ORDER + STOCK))
    shown(page, "#orders")
    frame = shown(page, "#stock")
    frame.locator("a.code").first.click()
    expect(frame.locator("th").first).to_have_text("Site / warehouse")
    strict.close()


def test_the_loader_makes_a_sandboxed_frame_with_a_title(page: Page, app: HostApp):
    page.goto(app.page(STOCK.replace("<erp-widget", '<erp-widget title="Stock at site 1"')))
    shown(page)
    frame = page.locator("iframe")
    assert frame.get_attribute("title") == "Stock at site 1"
    assert frame.get_attribute("sandbox") == (
        "allow-scripts allow-same-origin allow-forms allow-popups allow-downloads"
    )
    assert frame.get_attribute("referrerpolicy") == "strict-origin"
    expect(frame_of(page).locator("h1")).to_have_text("Inventory levels")
