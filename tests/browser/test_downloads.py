"""What is shown is saved as CSV: by a plain link, or by the frame's script where a token opens the widget."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.browser.conftest import HostSite, Watch
from tests.browser.host_app import HOSTS, SECRET, HostApp, host_app, token
from tests.conftest import MockErp, server_with_hosts

pytestmark = pytest.mark.browser
KEY = "a-key-of-the-portal-that-is-long-enough"
PORTAL = """
[hosts.portal]
name = "Portal"
origins = ["http://localhost:*"]
widgets = ["inventory"]
access = "key"

[[hosts.portal.keys]]
id = "k1"
secret_env = "PORTAL_KEY"
"""
OFF = pytest.mark.parametrize("options", [{"java_script_enabled": False}], ids=["no scripts"])


@pytest.fixture(scope="module")
def registered(module_mock: MockErp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("downloads")
    keys = {"SALES_WIDGET_KEY": SECRET, "PORTAL_KEY": KEY}
    with server_with_hosts(module_mock, folder, HOSTS + PORTAL, workers=2, **keys) as url:
        yield url


@pytest.fixture
def app(registered: str) -> Iterator[HostApp]:
    with host_app(registered) as app:
        yield app


def saved(page: Page, link: Locator, folder: Path, how: str = "click") -> list[list[str]]:
    """The rows of the file that the link brings."""
    with page.expect_download() as begun:
        link.click() if how == "click" else link.press("Enter")
    download = begun.value
    assert re.fullmatch(r"[a-z-]+-\d{8}T\d{4}Z\.csv", download.suggested_filename)
    file = folder / download.suggested_filename
    download.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.reader(lines))


def framed(page: Page, host: HostSite, address: str) -> FrameLocator:
    """In an iframe as the snippets have it."""
    sandbox = "allow-scripts allow-same-origin allow-forms allow-popups allow-downloads"
    page.goto(
        host.page(f'<iframe src="{address}" sandbox="{sandbox}" width=400 height=800></iframe>')
    )
    return page.frame_locator("iframe")


@pytest.mark.parametrize("whose", ["host=demo", f"host=portal&key={KEY}"], ids=["open", "key"])
def test_a_link_saves_what_is_shown(
    page: Page, registered: str, host: HostSite, watch: Watch, tmp_path: Path, whose: str
):
    frame = framed(page, host, f"{registered}/widgets/inventory/?{whose}&amp;site=1&amp;rows=3")
    rows = saved(page, frame.get_by_role("link", name="Download CSV"), tmp_path)
    shown = frame.locator("tbody a.code").all_inner_texts()
    assert [row[0] for row in rows[1:]] == shown
    # The frame goes on, and what it is asked for then is what is saved.
    frame.locator("tbody a.code").first.click()
    expect(frame.locator(".back")).to_be_visible()
    rows = saved(page, frame.get_by_role("link", name="Download CSV"), tmp_path, "key")
    assert {row[0] for row in rows[1:]} == {shown[0]}
    assert watch.complaints == []


@OFF
@pytest.mark.parametrize("whose", ["host=demo", f"host=portal&key={KEY}"], ids=["open", "key"])
def test_a_link_works_without_scripts(page: Page, registered: str, tmp_path: Path, whose: str):
    page.goto(f"{registered}/widgets/inventory/?{whose}&site=1&rows=3")
    rows = saved(page, page.get_by_role("link", name="Download CSV"), tmp_path)
    assert len(rows) == 4


def test_where_a_token_opens_the_widget_the_script_sends_it(
    page: Page, app: HostApp, watch: Watch, tmp_path: Path
):
    tag = '<erp-widget name="order-status" host="sales" order="001524" token-url="/token"></erp-widget>'
    page.goto(app.page(tag))
    frame = page.frame_locator("iframe")
    link = frame.get_by_role("link", name="Download lines as CSV")
    rows = saved(page, link, tmp_path)
    assert len(rows) > 1
    assert saved(page, link, tmp_path, "key") == rows
    assert not [address for address in watch.addresses if "eyJ" in address]
    assert watch.complaints == []


def test_a_token_from_the_address_is_sent_and_stays_out_of_the_link(
    page: Page, registered: str, host: HostSite, watch: Watch, tmp_path: Path
):
    made = token("order-status")
    frame = framed(
        page,
        host,
        f"{registered}/widgets/order-status/?host=sales&amp;order=001524&amp;token={made}",
    )
    link = frame.get_by_role("link", name="Download lines as CSV")
    assert len(saved(page, link, tmp_path)) > 1
    asked = [address for address in watch.addresses if "data.csv" in address]
    assert asked
    assert not [address for address in asked if made in address]


@OFF
def test_without_scripts_no_link_is_offered_that_would_be_refused(page: Page, registered: str):
    made = token("order-status")
    page.goto(f"{registered}/widgets/order-status/?host=sales&order=001524&token={made}")
    expect(page.locator(".answer")).to_contain_text("Order 001524")
    expect(page.locator(".downloads a").first).to_be_hidden()


def test_a_file_that_cannot_be_had_is_told(page: Page, app: HostApp, watch: Watch):
    tag = '<erp-widget name="order-status" host="sales" order="001524" token-url="/token"></erp-widget>'
    page.goto(app.page(tag))
    frame = page.frame_locator("iframe")
    link = frame.get_by_role("link", name="Download lines as CSV")
    expect(link).to_be_visible()
    page.route("**/data.csv*", lambda route: route.fulfill(status=429, body="{}"))
    link.click()
    expect(frame.locator(".downloads").get_by_role("status")).to_contain_text("Try again")
    expect(frame.locator(".answer")).to_be_visible()
    assert [text for text in watch.complaints if "429" not in text] == []
