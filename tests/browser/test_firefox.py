"""What a widget does in Firefox: shown by a host that is named, refused by the browser itself otherwise."""

import pytest

from tests.browser.conftest import HostSite
from tests.browser.firefox import FirefoxError, Tab
from tests.browser.host_app import HostApp
from tests.browser.tags import LISTEN, ORDER, STOCK
from tests.conftest import MockErp

pytestmark = pytest.mark.browser

SANDBOX = "allow-scripts allow-same-origin allow-forms allow-popups allow-downloads"


def embedded(host: HostSite, address: str) -> str:
    return host.page(f'<iframe src="{address}" width=400 height=700 sandbox="{SANDBOX}"></iframe>')


def test_a_host_on_another_origin_shows_the_widget(
    tab: Tab, host: HostSite, served: str, mock_erp: MockErp
):
    tab.goto(embedded(host, f"{served}/widgets/inventory/?site=1&rows=4"))
    tab.wait_for("document.querySelector('main').dataset.state === 'ok'", frame=0)
    tab.wait_for("document.querySelector('.plotly .main-svg') !== null", frame=0)
    assert tab.evaluate("document.querySelector('h1').innerText", frame=0) == "Inventory levels"
    assert tab.complaints == []
    assert tab.cookies() == []


def test_a_host_that_is_not_named_is_refused_by_the_browser(tab: Tab, host: HostSite, served: str):
    # A name of this machine as well, and not among the origins that may frame.
    other = host.url.replace("localhost", "other.localhost")
    page = embedded(host, f"{served}/widgets/inventory/?site=1")
    tab.goto(page.replace(host.url, other))
    tab.wait_for("document.documentURI.startsWith('about:neterror?e=cspBlocked')", frame=0)
    assert tab.evaluate("document.querySelector('main[data-state]')", frame=0) is None
    assert any("frame-ancestors" in complaint for complaint in tab.complaints)


def test_complaints_and_cookies_are_seen_in_the_page_and_in_its_frames(tab: Tab, host: HostSite):
    policy = (
        "<meta http-equiv='Content-Security-Policy' content=\"style-src 'none'\"><style></style>"
    )
    script = "<script>document.cookie = 'inner=1'; nothing.there</script>"
    inner = host.page(policy + script, "inner.html").replace("localhost", "127.0.0.1")
    script = "<script>document.cookie = 'outer=1'; console.error('oh')</script>"
    tab.goto(host.page(f"<iframe src={inner}></iframe>{script}"))
    assert tab.frames() == [inner]
    console, error, refusal = sorted(tab.complaints, key=len)
    assert console == "oh"
    assert error == "ReferenceError: nothing is not defined"
    assert "blocked an inline style" in refusal
    assert sorted(tab.cookies()) == ["inner", "outer"]


FOLLOWS = STOCK.replace(" host", ' listens-to="orders" host')
FRAME = "document.querySelector('#{0}').shadowRoot.querySelector('iframe').getBoundingClientRect().height"
STATE = "document.querySelector('main')?.dataset.state === 'ok'"


def test_the_loader_shows_widgets_with_tokens_and_hears_what_is_selected(
    tab: Tab, app: HostApp, mock_erp: MockErp
):
    tab.goto(app.page(ORDER + FOLLOWS + app.script(LISTEN)))
    for name in ("order-status", "inventory"):
        tab.wait_for(STATE, frame=name)
    tab.evaluate("document.querySelector('[data-kind=item]').click()", frame="order-status")
    tab.wait_for(
        "document.querySelector('th').textContent.includes('warehouse')", frame="inventory"
    )
    kinds = tab.evaluate("heard.filter((e) => e[1] === 'select').map((e) => e[2].kind)")
    assert kinds == ["item"]
    assert tab.complaints == []
    assert tab.cookies() == []


def test_the_loaders_frame_follows_content_and_theme(tab: Tab, app: HostApp, mock_erp: MockErp):
    tab.goto(app.page(STOCK))
    tab.wait_for(STATE, frame="inventory")
    height = FRAME.format("stock")
    content = "Math.ceil(document.body.getBoundingClientRect().height)"
    for extra in (300, 0, 41, 0):
        tab.evaluate(f"document.body.style.paddingBottom = '{extra}px'", frame="inventory")
        heights = []
        for _ in range(200):
            heights = [tab.evaluate(height), tab.evaluate(content, frame="inventory")]
            if heights[0] == heights[1]:
                break
            tab.evaluate("new Promise((done) => setTimeout(done, 20))")
        assert heights[0] == heights[1]
    tab.evaluate("document.body.style.background = '#111'")
    tab.wait_for("document.documentElement.dataset.theme === 'dark'", frame="inventory")
    tab.evaluate("document.querySelector('#stock').setAttribute('rows', '5')")
    tab.wait_for("document.querySelectorAll('tbody tr[id^=row]').length === 5", frame="inventory")
    assert tab.complaints == []


def test_every_page_around_a_frame_must_be_named(tab: Tab, app: HostApp):
    for host, refused in (("nested", False), ("sales", True)):
        source = f"{app.served}/widgets/inventory/?host={host}&site=1"
        inner = app.page(f'<iframe src="{source}"></iframe>', path="/inner")
        tab.goto(
            app.page(f'<iframe src="{inner}"></iframe>', path="/outer", host="outer.localhost")
        )
        tab.wait_for("frames[0].length === 1")
        wanted = "about:neterror" if refused else source
        for _ in range(100):
            if any(url.startswith(wanted) for url in tab.frames()):
                break
            tab.evaluate("new Promise((done) => setTimeout(done, 50))")
        assert [url for url in tab.frames() if url.startswith(wanted)]


def test_a_frame_that_is_refused_first_is_no_failure_of_its_page(tab: Tab, app: HostApp):
    widget = f"{app.served}/widgets/inventory/?site=1"
    other = f'<iframe src="{widget}&host=demo&simulate=slow"></iframe>'
    page = app.page(f'<iframe src="{widget}&host=nobody"></iframe>{other}')
    tab.goto(page)
    assert tab.frames()[0].startswith("about:neterror?e=cspBlocked")
    with pytest.raises(FirefoxError, match="NS_ERROR_PROXY_CONNECTION_REFUSED"):
        tab.goto("http://refused.example/")


def test_a_frame_without_scripts_shows_its_data(tab: Tab, app: HostApp, mock_erp: MockErp):
    source = f"{app.served}/widgets/inventory/?site=1&rows=3"
    tab.goto(app.page(f'<iframe src="{source}" sandbox=""></iframe>'))
    assert (
        tab.evaluate("document.querySelectorAll('tbody tr[id^=row]').length", frame="inventory")
        == 3
    )


def test_the_workbench_shows_changes_messages_and_requests(tab: Tab, served: str):
    tab.goto(f"{served}/gallery/inventory/?site=1&rows=4&pane-width=280")
    inside = (
        "document.querySelector('erp-widget').shadowRoot.querySelector('iframe').contentDocument"
    )
    count = f"{inside}.querySelectorAll('tbody tr:not(.below)').length"
    tab.wait_for(f"{count} === 4")
    tab.evaluate(
        "(() => { const knob = document.getElementById('knob-rows'); knob.value = '2';"
        " knob.dispatchEvent(new Event('input', { bubbles: true })); })()"
    )
    tab.wait_for(f"{count} === 2")
    tab.wait_for("document.querySelector('pre code').textContent.includes('rows=\"2\"')")
    said = tab.evaluate("document.getElementById('log').innerText")
    assert all(word in said for word in ("hello", "init", "ready", "params", "rendered"))
    tab.wait_for("document.querySelector('#requests td')?.textContent === 'refresh'")
    assert tab.complaints == []
