"""The frame is as tall as its content, up and down, and no content can make it grow without end."""

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.browser.host_app import HostApp
from tests.browser.tags import shown
from tests.conftest import MockErp

pytestmark = pytest.mark.browser

WIDGET = '<erp-widget name="inventory" site="1" rows="3" height="200"></erp-widget>'
FRAME = "document.querySelector('erp-widget').shadowRoot.querySelector('iframe')"
HEIGHT = f"{FRAME}.getBoundingClientRect().height"
CONTENT = "Math.ceil(document.body.getBoundingClientRect().height)"


def settled(page: Page, frame: Frame) -> float:
    """The frame's height, once it is that of its content and stays so."""
    heights = []
    for _ in range(200):
        heights = [page.evaluate(HEIGHT), frame.evaluate(CONTENT)]
        if heights[0] == heights[1]:
            return float(heights[0])
        page.wait_for_timeout(20)
    pytest.fail(f"the frame is {heights[0]} pixels high, its content {heights[1]}")


def opened(page: Page, app: HostApp, body: str = WIDGET) -> Frame:
    page.goto(app.page(body))
    shown(page)
    return page.frames[1]


def test_it_follows_the_content_up_and_down_fifty_times_and_ends_where_it_began(
    page: Page, app: HostApp, mock_erp: MockErp
):
    frame = opened(page, app)
    start = settled(page, frame)
    frame.evaluate("() => document.body.append(window.block = document.createElement('div'))")
    for turn in range(50):
        frame.evaluate(f"block.style.height = '{137 + turn}.5px'")
        assert settled(page, frame) > start
        frame.evaluate("block.style.height = 0")
        assert settled(page, frame) == start


def test_there_is_no_scrollbar_where_the_host_gives_the_room(
    page: Page, app: HostApp, mock_erp: MockErp
):
    frame = opened(page, app)
    settled(page, frame)
    expect(frame.locator("html.fits")).to_be_attached()
    assert frame.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_a_host_that_gives_less_room_gets_a_frame_that_scrolls(
    page: Page, app: HostApp, mock_erp: MockErp
):
    low = "<style>erp-widget::part(frame) { max-height: 150px }</style>"
    frame = opened(page, app, low + WIDGET)
    page.wait_for_timeout(1_800)
    assert frame.evaluate("innerHeight") == 150
    assert "fits" not in frame.evaluate("document.documentElement.className")
    frame.evaluate("scrollTo(0, 100)")
    assert frame.evaluate("scrollY") == 100


@pytest.mark.parametrize(
    "greedy",
    [
        # Content that wants more than the frame has, however much that is.
        "addEventListener('resize', () => (document.body.style.minHeight = innerHeight + 10 + 'px'))",
        "setInterval(() => (document.body.style.minHeight = document.body.offsetHeight + 7 + 'px'), 10)",
    ],
)
def test_content_that_grows_with_its_frame_is_stopped(
    page: Page, app: HostApp, mock_erp: MockErp, greedy: str
):
    frame = opened(page, app)
    start = settled(page, frame)
    frame.evaluate(f"() => {{ {greedy}; document.body.style.minHeight = innerHeight + 10 + 'px' }}")
    heights: list[float] = []
    while len(heights) < 50 and (len(heights) < 8 or len(set(heights[-4:])) > 1):
        page.wait_for_timeout(500)
        heights.append(page.evaluate(HEIGHT))
    assert len(set(heights[-4:])) == 1, heights
    assert start < heights[-1] <= start + 500


def test_a_frame_that_comes_up_hidden_is_measured_when_it_is_shown(
    page: Page, app: HostApp, mock_erp: MockErp
):
    page.goto(app.page(f"<div id=tab hidden>{WIDGET}</div>"))
    page.wait_for_timeout(300)
    assert len(page.frames) == 1
    page.evaluate("tab.hidden = false")
    shown(page)
    settled(page, page.frames[1])


def test_the_place_is_kept_before_the_frame_is_there(page: Page, app: HostApp):
    page.goto(app.page(f"<div style='height: 4000px'></div>{WIDGET}<p id=after>After</p>"))
    page.wait_for_function("!!customElements.get('erp-widget')")
    assert page.evaluate("document.querySelector('erp-widget').offsetHeight") == 200


def test_a_page_that_is_dragged_narrow_gets_the_whole_height_in_the_end(
    page: Page, app: HostApp, mock_erp: MockErp
):
    page.set_viewport_size({"width": 1000, "height": 900})
    many = WIDGET.replace('rows="3"', 'rows="50"')
    frame = opened(page, app, f"<div id=box>{many}</div>")
    settled(page, frame)
    for width in range(420, 230, -6):
        page.evaluate(f"box.style.width = '{width}px'")
        page.wait_for_timeout(60)
    page.wait_for_timeout(1_500)
    settled(page, frame)
