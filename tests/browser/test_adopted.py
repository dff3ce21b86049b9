"""A frame that the page itself has put into the tag: there before our script, and kept by it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.host_app import HostApp
from tests.browser.tags import LISTEN, first_held, held_back, shown, wait_until, wait_until_heard
from widgets.embedding.oembed import SANDBOX, tag_around

pytestmark = pytest.mark.browser

PARAMS = {"site": "1", "rows": "3"}
FRAME = re.compile("/widgets/inventory/")


def around(app: HostApp, **params: str) -> str:
    return tag_around(app.served, "inventory", "Stock", PARAMS | params, 480)


def asked_for(watch: Watch) -> list[str]:
    return [address for address in watch.addresses if FRAME.search(address)]


def test_it_is_kept_and_spoken_to(page: Page, app: HostApp, watch: Watch):
    page.goto(app.page(around(app) + app.script(LISTEN)))
    page.evaluate("document.querySelector('iframe').mark = 'mine'")
    frame = page.frame_locator("erp-widget > iframe")
    expect(frame.locator("html.hosted")).to_be_attached()
    # Its own height, and not what was kept for it.
    page.wait_for_function(
        "![0, 480].includes(document.querySelector('iframe').getBoundingClientRect().height)"
    )
    page.wait_for_timeout(300)
    assert len(asked_for(watch)) == 1
    page.evaluate("document.querySelector('erp-widget').setAttribute('rows', '2')")
    expect(frame.locator("tbody tr[id^=row]")).to_have_count(2)
    page.evaluate("document.body.style.background = '#111'")
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("document.querySelector('iframe').mark") == "mine"
    assert watch.complaints == []


def test_it_is_there_before_the_script(page: Page, app: HostApp):
    held = held_back(page, "**/embed.js")
    page.goto(app.page(around(app) + app.script(LISTEN)), wait_until="commit")
    frame = page.frame_locator("iframe")
    expect(frame.locator("tbody tr[id^=row]")).to_have_count(3)
    assert page.evaluate("customElements.get('erp-widget')") is None
    first_held(page, held).continue_()
    expect(frame.locator("html.hosted")).to_be_attached()


def test_it_speaks_the_language_of_the_page(page: Page, app: HostApp, watch: Watch):
    page.goto(app.page(f'<div lang="de">{around(app)}</div>'))
    frame = page.frame_locator("iframe")
    expect(frame.locator("html")).to_have_attribute("data-locale", "de")
    wait_until(page, lambda: len(asked_for(watch)) > 1)
    page.wait_for_timeout(300)
    assert len(asked_for(watch)) == 2
    assert "locale=de" in asked_for(watch)[1]


ALL = f'sandbox="{SANDBOX}"'
WRONG = {
    "other parameters": ("site=1", "site=2", "differ in site"),
    "a token": ("site=1", "site=1&amp;token=a.b.c", "differ in token"),
    "another widget": (
        "widgets/inventory",
        "widgets/ticker",
        "is of .+/widgets/ticker/, and not of",
    ),
    "no sandbox": (ALL, "", "it has no sandbox"),
    "a wide sandbox": (
        ALL,
        f'{ALL[:-1]} allow-top-navigation"',
        "sandbox has allow-top-navigation",
    ),
    "a narrow sandbox": (
        ALL,
        'sandbox="allow-scripts"',
        "lacks allow-scripts or allow-same-origin",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_one_that_is_not_what_the_tag_means_is_replaced(page: Page, app: HostApp, wrong: str):
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    before, after, told = WRONG[wrong]
    start, given = around(app).split("<iframe")
    page.goto(app.page(f"{start}<iframe{given.replace(before, after)}{app.script(LISTEN)}"))
    shown(page)
    wait_until_heard(page, "inventory", "ready")
    assert page.locator("erp-widget > iframe").count() == 0
    (warning,) = [each for each in said if "replaces the iframe in it" in each]
    assert re.search(told, warning)
    assert "a.b.c" not in "".join(said)


def test_one_that_comes_later_takes_the_place_of_ours(page: Page, app: HostApp):
    start, given = around(app).split("<iframe")
    page.goto(app.page(start.removesuffix("\n") + "</erp-widget>" + app.script(LISTEN)))
    shown(page)
    page.evaluate(
        "html => { document.querySelector('erp-widget').innerHTML = html }", f"<iframe{given}"
    )
    frame = page.frame_locator("erp-widget > iframe")
    expect(frame.locator("html.hosted")).to_be_attached()
    assert len(page.frames) == 2


def test_it_stays_in_a_tag_that_is_moved(page: Page, app: HostApp):
    page.goto(app.page(f"<div id=a>{around(app)}</div><div id=b></div>" + app.script(LISTEN)))
    page.evaluate("document.querySelector('iframe').mark = 'mine'")
    wait_until_heard(page, "inventory", "ready")
    page.evaluate("document.querySelector('#b').append(document.querySelector('erp-widget'))")
    wait_until_heard(page, "inventory", "ready", 2)
    assert page.evaluate("document.querySelector('erp-widget > iframe').mark") == "mine"
    assert len(page.frames) == 2


def test_with_scripts_off_it_is_a_frame(page: Page, app: HostApp):
    page.route("**/embed.js", lambda route: route.abort())
    page.goto(app.page(around(app)))
    expect(page.frame_locator("iframe").locator("tbody tr[id^=row]")).to_have_count(3)


CALLED = "addEventListener('message', ({ data }) => (window.called ||= data?.type === 'hello'));"


@pytest.mark.parametrize("lazy", ["", 'loading="lazy" '])
def test_one_that_has_stopped_to_call_is_loaded_anew(
    page: Page, app: HostApp, watch: Watch, lazy: str
):
    """A script that comes after the frame has given its page up hears nothing from it."""
    page.clock.install()
    held = held_back(page, "**/embed.js")
    code = around(app).replace("<iframe ", f"<iframe {lazy}")
    page.goto(app.page(code + app.script(LISTEN + CALLED)), wait_until="commit")
    expect(page.frame_locator("iframe").locator("tbody tr[id^=row]")).to_have_count(3)
    page.wait_for_function("window.called")
    page.clock.run_for(20_000)
    first_held(page, held).continue_()
    page.wait_for_function("!!customElements.get('erp-widget')")
    page.wait_for_timeout(200)
    assert not any("theme=" in each for each in asked_for(watch))  # as ours are asked for
    page.clock.run_for(31_000)
    shown(page)
    wait_until_heard(page, "inventory", "ready")
    assert len([each for each in asked_for(watch) if "theme=" in each]) == 1
