"""Rules about a page in a browser. Each page is loaded once, whichever rules look at it."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from widgets.contract.looking import PROBES, Look, look, tab
from widgets.contract.rule import rule
from widgets.contract.subject import EXAMPLE, STATES, Subject

LOOKED_AT = (EXAMPLE, "hostile values", "nothing to show", "stale data", "no answer")
"""The states that a browser looks at. The other errors differ from the last in their words alone."""

PAGE_BYTES = 14_000  # the first round trip of a new connection
FILES = 14  # the same without it, and without the icon
SCRIPT_BYTES = 50_000  # without plotly.js, which comes once a chart is on screen


def looks(subject: Subject) -> Iterator[tuple[str, Look]]:
    for what in LOOKED_AT:
        yield what, look(subject, what, subject.address(subject.example, STATES[what].mode))
    for query in [*subject.more, *subject.wrong]:
        what = "&".join(f"{name}={value[:20]}" for name, value in query.items())
        yield what, look(subject, what, subject.address(query))


@rule("template")
def accessible(subject: Subject) -> Iterator[str]:
    """axe-core finds nothing, in the light, the dark and the high-contrast theme.

    It finds what keeps people with a screen reader, or with weak eyes, from reading the widget at all.

    Mend: correct what is named; use the colours of `frame.css`, which have enough contrast in each theme.
    """
    for what, seen in looks(subject):
        for theme, violations in seen.axe.items():
            for violation in violations:
                yield f"{what}, {theme}: {violation}"


@rule("template")
def fits_every_width(subject: Subject) -> Iterator[str]:
    """Nothing scrolls sideways or is cut off, from 280 pixels on, also with long values.

    Hosts put widgets into side panes. What is beside a narrow frame is not seen, and nobody knows that it
    is there.

    Mend: class `minor` for a column that may go, `under` for what then goes below; no fixed width; text
    that may break, as with class `worded` a `mark` may that an upstream words. Text that ends in an ellipsis
    needs a `title` that has all of it.
    """
    for what, seen in looks(subject):
        for width, faults in seen.cut.items():
            if faults:
                yield f"{what}, at {width} px: {'; '.join(faults)}"
                break


@rule("template")
def large_enough_to_press(subject: Subject) -> Iterator[str]:
    """Everything that can be pressed is at least 24 pixels high and wide.

    WCAG 2.2 asks for it, for fingers and for hands that shake.

    Mend: `display: inline-block` and a `line-height` or `min-height` of 24 pixels in the style sheet.
    """
    for what, seen in looks(subject):
        for fault in seen.small:
            yield f"{what}: {fault}"


@rule("template")
def nothing_moves_unasked(subject: Subject) -> Iterator[str]:
    """Whoever has asked their system for less motion sees none.

    Motion makes some people ill.

    Mend: put animations and transitions within `@media (prefers-reduced-motion: no-preference)`.
    """
    for what, seen in looks(subject):
        for fault in seen.moving:
            yield f"{what}: {fault}"


@rule("template")
def quiet_and_at_home(subject: Subject) -> Iterator[str]:
    """The browser complains of nothing, and asks no server but this one.

    What the policy refuses is not there for the viewer; what another server sends tells it who looks.

    Mend: see `policy` and `nothing-from-others`, which name the element.
    """
    ours = urlsplit(subject.stage.url).netloc
    for what, seen in looks(subject):
        for complaint in dict.fromkeys(seen.complaints):
            yield f"{what}: {complaint[:200]}"
        for address in seen.asked:
            parts = urlsplit(address)
            if parts.scheme not in ("data", "blob") and parts.netloc != ours:
                yield f"{what}: {address[:100]} is asked for"


@rule("template")
def light_to_load(subject: Subject) -> Iterator[str]:
    """The example's page is at most 14 kB compressed, its scripts without the chart library 50 kB, in 14
    files.

    Fourteen kilobytes come with the first round trip, before a slow network has begun to wait.

    Mend: show fewer rows, thin out a line (`LineChart.thinned()`), say less twice.
    """
    seen = look(subject, EXAMPLE, subject.address(subject.example))
    page = seen.sizes.get(subject.stage.url + subject.address(subject.example), 0)
    if page > PAGE_BYTES:
        yield f"the page is {page:,} bytes"
    scripts = {a: size for a, size in seen.sizes.items() if a.endswith(".js") and "plotly" not in a}
    files = [address for address in seen.sizes if "plotly" not in address and "icon" not in address]
    if len(files) > FILES:
        yield f"it is {len(files)} files, and may be {FILES}"
    if sum(scripts.values()) > SCRIPT_BYTES:
        yield f"its scripts are {sum(scripts.values()):,} bytes"


@rule("module")
def fits_its_height(subject: Subject) -> Iterator[str]:
    """The example needs no more height than the widget says, at 400 pixels of width.

    A plain iframe cannot grow. What does not fit into it is below a second scroll bar.

    Mend: say the height in `Widget(height=…)`, with some to spare.
    """
    seen = look(subject, EXAMPLE, subject.address(subject.example))
    if seen.height > subject.widget.height:
        yield f"height={subject.widget.height}, and the example needs {seen.height}"


@rule("template")
def readable_without_scripts(subject: Subject) -> Iterator[str]:
    """With scripts off everything can be read, and every link and button does something.

    Some hosts put frames into a sandbox without scripts. It is also what is seen before they have loaded.

    Mend: draw with the server (`charts.html`); links for what is another address, a form for what is typed.
    """
    read = {}
    for scripts in (True, False):
        with tab(subject, java_script_enabled=scripts) as (page, _):
            page.goto(subject.stage.url + subject.address(subject.example), wait_until="load")
            page.evaluate(PROBES)
            read[scripts] = page.evaluate("contract.readable()")
            if not scripts:
                yield from page.evaluate("contract.idle()")
    if not read[False]:
        yield "nothing can be read"
    for text in dict.fromkeys(read[True]):
        if text not in read[False]:
            yield f"“{text[:60]}” is there with scripts alone"
