"""What a widget does in Firefox: shown by a host that is named, refused by the browser itself otherwise."""

import pytest

from tests.browser.conftest import HostSite
from tests.browser.firefox import Tab
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
