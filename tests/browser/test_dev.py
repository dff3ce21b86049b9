"""`dev` in the browser: what is saved is seen, and what was on the page stays."""

import contextlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, TimeoutError, expect

from tests.browser.conftest import Watch
from tests.site.developing import LATEST, VIEW, Development, developing

pytestmark = pytest.mark.browser
SOON = LATEST * 1000
BODY = "{% block body %}\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Development]:
    with developing(tmp_path_factory.mktemp("dev")) as started:
        yield started


@pytest.fixture
def dev(running: Development) -> Iterator[Development]:
    yield running
    running.undo()
    running.wait("/widgets/inventory/?site=1", lambda body: 'data-state="ok"' in body)


@pytest.fixture
def gallery(dev: Development, page: Page) -> FrameLocator:
    """The frame of the inventory in a gallery in which a theme is chosen and something is typed."""
    page.set_viewport_size({"width": 1280, "height": 900})
    page.set_default_timeout(SOON)
    page.goto(dev.url)
    page.get_by_label("Dark").check()
    frame = page.frame_locator("#inventory iframe")
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark", timeout=SOON)
    for frame_or_page in (page, frame, page.frame_locator("#quality iframe")):
        expect(frame_or_page.locator("html")).to_have_attribute("data-dev", "follows", timeout=SOON)
    frame.locator("#search").fill("speaker")
    page.evaluate("window.isTheSame = true")
    return frame


def is_as_it_was(page: Page, frame: FrameLocator) -> bool:
    expect(frame.locator("#search")).to_have_value("speaker")
    return bool(page.evaluate("window.isTheSame")) and page.get_by_label("Dark").is_checked()


def test_a_template_a_style_and_code_are_shown_and_the_page_stays(
    dev: Development, page: Page, gallery: FrameLocator, watch: Watch
):
    dev.edit("templates/widgets/inventory.html", BODY, f"{BODY}<p>Written anew</p>\n")
    expect(gallery.get_by_text("Written anew")).to_be_visible(timeout=SOON)
    assert is_as_it_was(page, gallery)
    dev.edit("static/frame.css", "body {\n", "body {\n  border-top: 7px solid red;\n")
    expect(gallery.locator("body")).to_have_css("border-top-width", "7px", timeout=SOON)
    assert is_as_it_was(page, gallery)
    # Of the view function alone: the gallery's text is what it was.
    dev.edit(
        "widgets/inventory.py", VIEW, f"{VIEW}    params = params.without('search')\n    del erp\n"
    )
    expect(gallery.get_by_role("alert")).to_contain_text("UnboundLocalError", timeout=SOON)
    assert page.evaluate("window.isTheSame")
    assert [text for text in watch.complaints if "500" not in text] == []


def test_what_is_broken_is_told_in_its_frame_and_comes_back(
    dev: Development, page: Page, gallery: FrameLocator
):
    other = page.frame_locator("#quality iframe").locator("main")
    dev.edit("templates/widgets/inventory.html", BODY, BODY + "{{ view.nothing }}")
    told = gallery.get_by_role("alert")
    expect(told).to_contain_text("View has no 'nothing'", timeout=SOON)
    expect(told).to_contain_text("templates/widgets/inventory.html, line ")
    expect(other).to_have_attribute("data-state", "ok")
    dev.undo()
    expect(gallery.locator("main")).to_have_attribute("data-state", "ok", timeout=SOON)
    dev.edit("widgets/inventory.py", VIEW, VIEW + "    1 / 0\n")
    expect(told).to_contain_text("ZeroDivisionError", timeout=SOON)
    expect(told.locator(".failed")).to_contain_text("1 / 0")
    expect(other).to_have_attribute("data-state", "ok", timeout=SOON)
    dev.undo()
    expect(gallery.locator("main")).to_have_attribute("data-state", "ok", timeout=SOON)
    assert page.evaluate("window.isTheSame")


def test_code_that_does_not_load_is_told_everywhere_until_it_does(
    dev: Development, page: Page, gallery: FrameLocator, context: BrowserContext
):
    dev.edit("widgets/inventory.py", "widget = Widget(", "widget = = Widget(")
    for place in (page.locator("#dev-mistake"), gallery.get_by_role("alert").first):
        expect(place).to_contain_text("widgets/inventory.py, line ", timeout=SOON)
        expect(place).to_contain_text("this is no Python")
    # Whoever comes now is told as well.
    late = context.new_page()
    late.goto(dev.url)
    expect(late.get_by_role("alert").first).to_contain_text("this is no Python")
    dev.undo()
    expect(gallery.locator("main")).to_have_attribute("data-state", "ok", timeout=SOON)
    expect(page.locator("#dev-mistake")).to_have_count(0)
    expect(late.locator(".card")).to_have_count(4, timeout=SOON)
    assert page.evaluate("window.isTheSame")
    assert page.get_by_label("Dark").is_checked()


def test_a_gallery_that_is_loaded_anew_keeps_what_was_chosen(
    dev: Development, page: Page, gallery: FrameLocator
):
    dev.edit("widgets/inventory.py", 'title="Inventory levels"', 'title="Levels of stock"')
    expect(page.get_by_role("heading", name="Levels of stock")).to_be_visible(timeout=SOON)
    expect(page.get_by_label("Dark")).to_be_checked(timeout=SOON)
    expect(gallery.locator("html")).to_have_attribute("data-theme", "dark", timeout=SOON)


def test_a_workbench_keeps_its_knobs_and_its_previews_follow(dev: Development, page: Page):
    page.set_default_timeout(SOON)
    page.goto(f"{dev.url}/gallery/inventory/?site=1")
    # What the test before has undone may load the page anew while somebody types.
    for _ in range(20):
        page.get_by_label("Rows").fill("3")
        with contextlib.suppress(TimeoutError):
            page.wait_for_url(re.compile("rows=3"), timeout=3_000)
            break
    preview = page.frame_locator("iframe").first
    expect(preview.locator("tbody tr:not(.below)")).to_have_count(3, timeout=SOON)
    for frame_or_page in (page, preview):
        expect(frame_or_page.locator("html")).to_have_attribute("data-dev", "follows", timeout=SOON)
    dev.edit("widgets/inventory.py", 'title="Inventory levels"', 'title="Levels of stock"')
    expect(page.get_by_role("heading", name="Levels of stock")).to_be_visible(timeout=SOON)
    expect(preview.locator("h1")).to_have_text("Levels of stock", timeout=SOON)
    expect(page.get_by_label("Rows")).to_have_value("3")
    expect(preview.locator("tbody tr:not(.below)")).to_have_count(3, timeout=SOON)


def test_a_script_is_loaded_anew_where_it_is_used(
    dev: Development, page: Page, gallery: FrameLocator
):
    dev.edit(
        "static/frame/frame.js",
        "schedule();\n",
        'schedule();\ndocument.body.dataset.script = "new";\n',
    )
    expect(gallery.locator("body")).to_have_attribute("data-script", "new", timeout=SOON)
    expect(gallery.locator("#search")).to_have_value("speaker")
    assert page.evaluate("window.isTheSame")


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
def test_a_trace_can_be_read_in_a_narrow_frame(dev: Development, page: Page, theme: str):
    page.set_viewport_size({"width": 280, "height": 600})
    page.set_default_timeout(SOON)
    long = "    raise ValueError('a rather long explanation of what went wrong here' * 3, erp, params)\n"
    dev.edit("widgets/inventory.py", VIEW, VIEW + long)
    address = f"{dev.url}/widgets/inventory/?site=1&theme={theme}"
    dev.wait(f"/widgets/inventory/?site=1&theme={theme}", lambda body: "ValueError" in body)
    page.goto(address)
    expect(page.get_by_role("alert")).to_contain_text("ValueError")
    assert page.evaluate("document.documentElement.scrollWidth") <= 280
    code = page.locator(".dev-error pre:not(.says)").last
    assert code.evaluate("node => node.scrollWidth > node.clientWidth")
    code.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (
        dark
        == {"light": "rgb(255, 255, 255)", "dark": "rgb(41, 41, 41)", "contrast": "rgb(0, 0, 0)"}[
            theme
        ]
    )
