"""No rule is one that cannot fail: for each there is a widget that breaks it, and is told so."""

import re

import pytest

from widgets.contract.checker import has_java
from widgets.contract.looking import PROBES
from widgets.contract.rule import rules
from widgets.contract.stage import standing
from widgets.core import tables

pytestmark = pytest.mark.browser

ROWS = '    rows: int = Field(8, ge=1, le=50, description="Rows to show")\n'
BODY = "{% block body %}\n"
CALL = "    return View(\n"


def parameter(line: str) -> dict[str, tuple[str, str]]:
    return {"module": (ROWS, f"{ROWS}    {line}\n")}


def body(html: str) -> dict[str, tuple[str, str]]:
    return {"template": (BODY, f"{BODY}{html}\n")}


def chart(figure: str) -> dict[str, tuple[str, str]]:
    return body(f"<figure aria-label='Chart'><div data-figure='{figure}'></div></figure>")


FOUND = "    found = sorted("


def keeping(condition: str) -> tuple[str, str]:
    """Of the stock that was read, with `each` for one of it."""
    return (FOUND, f"    stock = [each for each in stock if {condition}]\n{FOUND}")


def refusing(condition: str, name: str) -> tuple[str, str]:
    error = f"errors.BadParameter({name!r}, 'The {name} must not be that.')"
    raised = f"    from widgets import errors\n    if {condition}:\n        raise {error}\n"
    return (CALL, raised + CALL)


NOTE = 'note: str = Field("", max_length=60, description="A note")'
RANDOM = "{{ range(10**9)|random }}"

# By rule: what makes a good widget break it, and a word that the message must have.
FAULTS: dict[str, list[tuple[dict[str, tuple[str, str]], str]]] = {
    "parameters-are-described": [
        (parameter('bin: str = Field("1", pattern="^[0-9]{1,3}$", description="Bin")'), "bin"),
        (parameter('bin: int = Field(1, ge=1, le=9, description=" ")'), "bin"),
    ],
    "wrong-values-are-refused": [
        (parameter('note: str = Field("", description="A note")'), "note takes 10,000 letters"),
        (parameter(NOTE), "note takes a control character"),
    ],
    "any-query-is-answered": [
        ({"module": (CALL, f"    1 // (params.rows - 1)\n{CALL}")}, "ZeroDivisionError"),
        ({"module": refusing("params.rows > 40", "rows")}, "is right by Params and is answered"),
        ({"module": refusing("params.site is None", "place")}, "does not name a parameter"),
    ],
    "frame-and-partial": [
        (body(f"<p>{RANDOM}</p>"), "new each time"),
        ({"module": ('example={"site": "1"}', 'example={"site": "77"}')}, "state empty"),
    ],
    "every-state-is-drawn": [
        (
            {"module": ("empty=None if found else", "empty=None if True else")},
            "table without a row",
        ),
        ({"module": (CALL, f"    found[0]\n{CALL}")}, "IndexError"),
    ],
    "structure": [
        (body("<h1>Again</h1>"), "2 h1"),
        (body('<p id="widget"></p>'), '"widget" is there 2 times'),
        (body('<input name="q">'), "no label"),
    ],
    "valid-html": [(body("<ul><p>no item</p></ul>"), "not allowed as child")],
    "policy": [
        (body('<p style="color: red">red</p>'), "style attribute"),
        (body('<a href="?" onclick="go()">go</a>'), "onclick"),
        (body("<style>p { color: red }</style>"), "style element"),
    ],
    "nothing-from-others": [
        (body('<img alt="" src="https://example.com/1.gif">'), "another server"),
        (body('<link rel="stylesheet" href="//example.com/a.css">'), "another server"),
    ],
    "text-for-figures": [
        (body('<img src="data:,">'), "no alt"),
        (body('<svg width="9" height="9"></svg>'), "no words"),
        (body('<figure aria-label="1"></figure><figure aria-label="2"></figure>'), "2 charts"),
        (body("<figure></figure>"), "no name"),
        (chart('{"data": [{"y": [7123456.5]}]}'), "draws 7.12346e+06, which is in no table"),
        (chart('{"data": [{"x": [7123456.5], "orientation": "h"}]}'), "in no table"),
        (chart("[]"), "no figure of plotly's"),
        (chart('{"data": [{"type": "barr"}]}'), "no figure of plotly's"),
        (chart('{"layout": {"barmod": "overlay"}}'), "no figure of plotly's"),
    ],
    "data-agrees": [
        ({"module": ("empty=None if found else", 'empty="" if found else')}, "data.json"),
    ],
    "parameters-are-text": [
        (
            {
                "module": (ROWS, f'{ROWS}    note: Text = Field("", description="A note")\n'),
                "template": (BODY, f"{BODY}<p>{{{{ params.note|safe }}}}</p>\n"),
            },
            "let through as HTML",
        ),
    ],
    "upstream-fields-are-text": [
        ({"template": ("{{ row.name }}", "{{ row.name|safe }}")}, "let through as HTML"),
        (
            {"template": ('<tr>\n<th scope="row">', '<tr title={{ row.name }}>\n<th scope="row">')},
            "breaks",
        ),
        ({"template": ("{{ row.name }}", '<a href="{{ row.name }}">x</a>')}, "address of <a"),
        (
            {"template": ("{{ row.name }}", "{{ (row.name|e)|forceescape }}")},
            "escaped twice",
        ),
        # What looks through its rows finds the hostile ones, too, and what finds none is not well for that.
        (
            {
                "module": keeping("params.site in (None, each.site)"),
                "template": (
                    "{{ row.name }} {{ row.item }}",
                    "<b title={{ row.item }}>{{ row.name|safe }}</b>",
                ),
            },
            "hostile values: a value is let through as HTML",
        ),
        (
            {
                "module": keeping('each.warehouse == "11"'),
                "template": ("{{ row.name }}", "{{ row.name|safe }}"),
            },
            "in the state empty, shows nothing of it",
        ),
        # What equals a parameter is as it was among the hostile values, and hostile among the formulas.
        (
            {"template": ("{{ row.name }}", "{{ row.site|safe }}")},
            "formulas: a value is let through",
        ),
    ],
    "accessible": [(body('<button type="submit"></button>'), "button-name")],
    "fits-every-width": [
        (body(f"<pre>{'x' * 99}</pre>"), "280 px"),
        (body(f'<p class="figures">{"long " * 60}</p>'), "is cut off"),
    ],
    "large-enough-to-press": [(body('<p><a href="?">go</a></p>'), "px")],
    "nothing-moves-unasked": [
        (
            body(
                '<svg aria-hidden="true" width="9" height="9"><rect width="1" height="1"><animate '
                'attributeName="x" from="0" to="9" dur="1s" repeatCount="indefinite"/></rect></svg>'
            ),
            "animate",
        ),
    ],
    "quiet-and-at-home": [
        (body('<img alt="" src="https://example.com/1.gif">'), "Content Security Policy"),
    ],
    "light-to-load": [
        (body(f"<p>{{% for n in range(6000) %}}{RANDOM} {{% endfor %}}</p>"), "bytes"),
    ],
    "fits-its-height": [({"module": ("height=640", "height=100")}, "height=100")],
    "readable-without-scripts": [(body('<button type="button">Do</button>'), "by script alone")],
    "reached-by-keyboard": [
        (body('<p hx-get="?">Press here</p>'), "pointer alone"),
        (body('<a href="?" tabindex="3">first</a>'), "tabindex"),
    ],
    "focus-survives-a-refresh": [(body(f'<a id="a{RANDOM}" href="?">x</a>'), "another one")],
}
CASES = [
    (f"broken-{number}-{place}", rule, replaced, says)
    for number, (rule, broken) in enumerate(FAULTS.items())
    for place, (replaced, says) in enumerate(broken)
]


def test_every_rule_is_broken_by_something():
    assert FAULTS.keys() == rules().keys()


@pytest.fixture(scope="module")
def stage(add_widget):
    for name, _, replaced, _ in CASES:
        add_widget(name, "on_hand", **replaced)
    with standing() as stage:
        yield stage


@pytest.mark.parametrize(("name", "rule", "says"), [(n, r, s) for n, r, _, s in CASES])
def test_a_fault_is_found_by_the_rule_that_is_for_it(stage, contract_browser, name, rule, says):
    if rule == "valid-html" and not has_java():
        pytest.skip("no Java on this machine")
    stage.chosen = [name]
    subject = stage.subject(name)
    subject.browser = contract_browser
    found = []
    for fault in rules()[rule].check(subject):
        found.append(fault)
        if says in fault:
            return
    pytest.fail(f"{rule} says {found}")


@pytest.mark.parametrize("pattern", ["(?!)", r"^(?=[=+\-@])"])
def test_a_formula_in_a_csv_is_found_at_the_beginning_and_behind_a_semicolon(
    add_widget, monkeypatch, pattern
):
    """No widget makes its CSV itself, so it is the one place for all of them that is broken here."""
    monkeypatch.setattr(tables, "FORMULA", re.compile(pattern))
    with standing() as stage:
        found = list(rules()["data-agrees"].check(stage.subject("inventory")))
    assert any("has a formula: =1+1" in fault for fault in found), found


CELL = "display:block; width:12px; overflow:hidden; white-space:nowrap"


@pytest.mark.parametrize(
    ("html", "is_cut"),
    [
        (f'<p style="{CELL}">Very long</p>', True),
        (
            '<table><td style="max-width:12px; overflow:hidden; white-space:nowrap">Very long</table>',
            True,
        ),
        (f'<p style="{CELL}; text-overflow:ellipsis">Very long</p>', True),
        (f'<p style="{CELL}; text-overflow:ellipsis" title="Very long">Very long</p>', False),
        (f'<p style="{CELL}" title="Very long">Very long</p>', True),
        (f'<p style="{CELL}" aria-hidden="true">Very long</p>', False),
        ('<p style="height:16px; overflow:hidden">One<br>two<br>three</p>', True),
        (
            '<p style="width:60px; overflow:auto; white-space:nowrap">Very long and scrolled</p>',
            False,
        ),
        ('<p style="overflow:hidden">Short</p>', False),
    ],
)
def test_text_that_its_box_cuts_off_is_found(contract_browser, html, is_cut):
    page = contract_browser.new_page()
    page.set_content(f"<!doctype html><main>{html}</main>")
    page.evaluate(PROBES)
    found = page.evaluate("contract.cut()")
    page.close()
    assert bool(found) == is_cut
    assert all("is cut off" in fault for fault in found)
