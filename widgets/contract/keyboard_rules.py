"""Rules about a viewer with a keyboard, and in the middle of something."""

import re
from collections.abc import Iterator

from playwright.sync_api import Error

from widgets.contract.looking import PROBES, tab
from widgets.contract.rule import rule
from widgets.contract.subject import Subject


@rule("template")
def reached_by_keyboard(subject: Subject) -> Iterator[str]:
    """Tab reaches every link, button and field, in the order of reading, and shows where it is.

    Who cannot use a pointer works with nothing else.

    Mend: use `<a href>`, `<button>`, `<summary>` and fields; no `tabindex` above 0; leave the outline alone.
    """
    with tab(subject) as (page, _):
        page.goto(subject.stage.url + subject.address(subject.example), wait_until="load")
        page.evaluate(PROBES)
        yield from page.evaluate("contract.out()")
        count = page.evaluate("contract.remember()")
        reached: list[int] = []
        for _ in range(count + 5):
            page.keyboard.press("Tab")
            index, shows, tag = page.evaluate("contract.at()")
            if index in reached:
                break
            if index >= 0:
                reached.append(index)
                if not shows:
                    yield f"{tag} does not show that it has the focus"
        for index in range(count):
            if index not in reached:
                yield f"{page.evaluate('index => contract.name(index)', index)} is not reached"
        if reached != sorted(reached):
            yield "the order of Tab is not the order of reading"


@rule("template")
def focus_survives_a_refresh(subject: Subject) -> Iterator[str]:
    """A refresh leaves the focus, and every link, button and field, where it was.

    It comes each minute while somebody is half way through a table or a word.

    Mend: give rows and controls an `id` that is the same each time, made from what they show; nothing random.
    """
    with tab(subject) as (page, _):
        page.clock.install()
        page.goto(subject.stage.url + subject.address(subject.example), wait_until="load")
        page.evaluate(PROBES)
        count = page.evaluate("contract.remember()")
        if count:
            page.evaluate("index => contract.hold(index)", count - 1)
        try:
            with page.expect_response(re.compile(re.escape(subject.widget.url_prefix or ""))):
                page.clock.fast_forward((subject.widget.refresh + 1) * 1000)
        except Error:
            yield f"it is not refreshed within its {subject.widget.refresh} seconds"
            return
        for _ in range(100):  # an answer that a busy machine swaps in late
            if page.evaluate("contract.isSwapped"):
                break
            page.wait_for_timeout(50)
        else:
            yield "what a refresh brings is not shown"
        for tag in page.evaluate("contract.lost()"):
            yield f"{tag} is another one after a refresh"
        if count and not page.evaluate("index => contract.holds(index)", count - 1):
            yield "the focus is lost"
