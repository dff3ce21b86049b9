"""A host page written only from the README's snippets, with the README's own back end, on another port."""

import os
import re
import secrets
import threading
import time
from collections.abc import Iterator

import flask
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from tests.browser.conftest import Watch
from tests.browser.host_app import SECRET
from tests.browser.tags import LISTEN
from tests.conftest import ROOT, MockErp, server_with_hosts

pytestmark = pytest.mark.browser

README = (ROOT / "README.md").read_text()


def snippet(language: str, containing: str) -> str:
    """The README's block of code in which a text stands."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    (found,) = [block for block in blocks if containing in block]
    return str(found)


@pytest.fixture(scope="module")
def readme_server(module_mock: MockErp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    hosts = snippet("toml", "[hosts.sales]").replace(
        "https://sales.contoso.com", "http://localhost:*"
    )
    with server_with_hosts(
        module_mock,
        tmp_path_factory.mktemp("readme"),
        hosts,
        SALES_WIDGET_KEY=SECRET,
        WIDGETS_PUBLIC_URL="https://widgets.contoso.com",
    ) as url:
        yield url


@pytest.fixture
def host_page(readme_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The host's whole application: the README's token endpoint, and its tags on a page."""
    monkeypatch.setenv("SALES_WIDGET_KEY", SECRET)
    app = flask.Flask("host")
    known = {"app": app, "os": os, "secrets": secrets, "time": time, "request": flask.request}
    exec(snippet("python", "widget_token"), known | {"jwt": jwt, "OctKey": OctKey})  # noqa: S102 - ours
    tags = snippet("html", "token-url").replace("https://widgets.contoso.com", readme_server)
    tags = tags.replace("<erp-widget ", '<erp-widget id="orders" ').replace("001524", "001503")
    for more in ('name="inventory" site="1" listens-to="orders"', 'name="ticker"'):
        tags += f'<erp-widget {more} host="sales" token-url="/widget-token"></erp-widget>'

    @app.get("/")
    def page() -> str:
        return f'<!doctype html><html lang="en"><title>Sales</title>{tags}<script>{LISTEN}</script>'

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_shows_all_widgets_follows_its_theme_and_hears_what_is_selected(
    page: Page, host_page: str, watch: Watch
):
    page.set_viewport_size({"width": 1000, "height": 2500})
    page.goto(host_page)
    frames = {
        name: page.frame_locator(f"erp-widget[name={name}] iframe")
        for name in ("order-status", "inventory", "ticker")
    }
    for frame in frames.values():
        expect(frame.locator("main")).to_have_attribute("data-state", "ok")
    page.evaluate("document.body.style.background = '#202020'")
    for frame in frames.values():
        expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    frames["order-status"].locator("[data-kind=item]").first.click()
    expect(frames["inventory"].locator("th").first).to_have_text("Site / warehouse")
    selected = page.evaluate("heard.filter((e) => e[1] === 'select')")
    assert [(name, detail["kind"]) for name, _, detail in selected] == [("order-status", "item")]
    assert [text for text in watch.complaints if "favicon" not in text and "404" not in text] == []
