"""Theme, language and colours of a widget are its page's, live."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.host_app import HostApp
from tests.browser.tags import OPEN, shown

pytestmark = pytest.mark.browser


def test_the_theme_follows_the_page_without_a_request(page: Page, app: HostApp, watch: Watch):
    page.goto(app.page(f"<style>body.dark {{ background: #222 }}</style>{OPEN}"))
    frame = shown(page)
    expect(frame.locator("html")).to_have_attribute("data-theme", "light")
    page.wait_for_timeout(1_000)
    watch.addresses.clear()
    page.evaluate("document.body.className = 'dark'")
    page.evaluate("document.body.dataset.other = 'attribute'")
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    expect(frame.locator("body")).to_have_css("background-color", "rgb(41, 41, 41)")
    assert (
        page.evaluate(
            "getComputedStyle(document.querySelector('erp-widget').shadowRoot.querySelector('iframe')).colorScheme"
        )
        == "dark"
    )
    assert watch.addresses == []


def test_a_frame_is_dark_from_its_first_paint_on_a_dark_page(page: Page, app: HostApp):
    documents: list[str] = []
    page.on(
        "response",
        lambda answer: documents.append(answer.text()) if "/widgets/" in answer.url else None,
    )
    page.goto(app.page(f"<style>:root {{ color-scheme: dark }}</style>{OPEN}"))
    shown(page)
    assert 'data-theme="dark"' in documents[0]


def test_the_language_follows_the_page(page: Page, app: HostApp):
    page.goto(app.page(OPEN.replace('rows="3"', 'rows="20"')))
    frame = shown(page)
    expect(frame.locator("tbody")).to_contain_text(re.compile(r"\d\.\d"))
    page.evaluate("document.documentElement.lang = 'de'")
    expect(frame.locator("tbody")).to_contain_text(re.compile(r"\d,\d\D"))
    expect(frame.locator("tbody")).not_to_contain_text(re.compile(r"\d\.\d\D"))


def test_colours_of_the_page_replace_the_themes(page: Page, app: HostApp):
    page.goto(
        app.page(f"""<style>
        erp-widget {{ --erp-accent: rgb(1, 2, 3); --erp-font: Georgia }}
        erp-widget {{ --erp-text: url(https://evil.example/x) }}
        body.other erp-widget {{ --erp-accent: rgb(4, 5, 6) }}
    </style>{OPEN}""")
    )
    frame = shown(page)
    expect(frame.locator("a.code").first).to_have_css("color", "rgb(1, 2, 3)")
    expect(frame.locator("body")).to_have_css("font-family", "Georgia")
    expect(frame.locator("body")).to_have_css("color", "rgb(36, 36, 36)")
    page.evaluate("document.body.className = 'other'")
    expect(frame.locator("a.code").first).to_have_css("color", "rgb(4, 5, 6)")


@pytest.mark.parametrize("lang", ["", "en_US", "no language at all"])
def test_a_page_whose_language_is_none_changes_its_theme_all_the_same(
    page: Page, app: HostApp, watch: Watch, lang: str
):
    page.goto(app.page(OPEN + app.script(f"document.documentElement.lang = {lang!r}")))
    frame = shown(page)
    page.evaluate("document.body.style.background = '#000'")
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    page.evaluate("document.querySelector('erp-widget').setAttribute('rows', '2')")
    expect(frame.locator("tbody tr[id^=row]")).to_have_count(2)
    assert watch.complaints == []


IN_A_SHADOW = f"outer.attachShadow({{ mode: 'open' }}).innerHTML = `{OPEN}`"


def test_theme_and_language_are_seen_through_shadow_trees(page: Page, app: HostApp):
    outer = '<div id="outer" lang="de" style="background: #000"></div>'
    page.goto(app.page(outer + app.script(IN_A_SHADOW)))
    frame = shown(page)
    expect(frame.locator("html")).to_have_attribute("data-locale", "de")
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize(
    ("word", "theme"),
    [("default", "light"), ("contrast", "contrast"), ("auto", "light"), ("glass", "light")],
)
def test_a_theme_that_is_named_is_taken_and_an_unknown_word_is_none(
    page: Page, app: HostApp, word: str, theme: str
):
    page.goto(app.page(OPEN.replace(" name", f' theme="{word}" name')))
    expect(shown(page).locator("html")).to_have_attribute("data-theme", theme)


@pytest.mark.parametrize("lang", ["en", "en-US", "de", "fr-CA", "zh-Hans-CN", "ar"])
def test_charts_are_drawn_in_every_language(page: Page, app: HostApp, watch: Watch, lang: str):
    page.set_viewport_size({"width": 900, "height": 1400})
    chart = f'<erp-widget name="ticker" selected="COPPER" locale="{lang}"></erp-widget>'
    page.goto(app.page(chart + OPEN.replace(" name", f' locale="{lang}" name')))
    for name in ("ticker", "inventory"):
        drawn = shown(page, f"[name={name}]").locator(".plotly .main-svg").first
        expect(drawn).to_be_attached()
    assert watch.complaints == []
