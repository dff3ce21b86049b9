"""An error as `dev` shows it."""

import os
import sys
from pathlib import Path

import pytest

from tests import html
from widgets.site.dev import front, trace
from widgets.site.dev.files import Told, digests

CATALOGUE = Path(trace.__file__).parents[2]


def raised(tmp_path: Path, code: str) -> BaseException:
    """What running the code of a file raises."""
    file = tmp_path / "mine.py"
    file.write_text(code)
    try:
        exec(compile(code, str(file), "exec"), {})  # noqa: S102
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def shown(tmp_path: Path, code: str, *secrets: str) -> trace.Trace:
    return trace.of(raised(tmp_path, code), trace.is_own([tmp_path]), secrets)


def test_the_authors_lines_are_apart_from_those_of_libraries(tmp_path):
    found = shown(tmp_path, "import json\n\ndef read():\n    return json.loads('{')\n\nread()\n")
    assert (found.title, found.says[0][:9]) == ("JSONDecodeError", "Expecting")
    assert [part.own for part in found.parts] == [False, True, False]
    _, mine, _ = found.parts
    assert [(Path(f.file).name, f.number, f.function) for f in mine.frames] == [
        ("mine.py", 6, "<module>"),
        ("mine.py", 4, "read"),
    ]
    assert [(line.number, line.failed) for line in mine.frames[1].lines] == [
        (2, False),
        (3, False),
        (4, True),
        (5, False),
        (6, False),
    ]


@pytest.mark.parametrize(
    ("file", "own"),
    [
        ("inventory.py", True),
        ("core/rendering.py", False),
        ("site/dev/trace.py", False),
        ("../mock_erp/app.py", False),
    ],
)
def test_a_widgets_module_is_an_authors_and_the_machinery_is_not(file, own):
    assert trace.is_own([CATALOGUE])((CATALOGUE / file).resolve()) is own


def test_what_led_to_an_error_is_told_too_and_once(tmp_path):
    found = shown(
        tmp_path, "try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('x') from e\n"
    )
    assert [(each.title, each.relation) for each in found.causes] == [
        ("KeyError", "It came of this")
    ]
    found = shown(tmp_path, "try:\n    {}['a']\nexcept KeyError:\n    raise ValueError('x')\n")
    assert [each.relation for each in found.causes] == ["It came while this was dealt with"]
    found = shown(
        tmp_path, "try:\n    {}['a']\nexcept KeyError:\n    raise ValueError('x') from None\n"
    )
    assert found.causes == []
    round_trip = ValueError("x")
    round_trip.__cause__ = KeyError("y")
    round_trip.__cause__.__cause__ = round_trip
    assert len(trace.of(round_trip, trace.is_own([])).causes) == 1


def test_what_is_said_already_is_not_said_again(tmp_path):
    code = (
        "class DeclarationError(Exception): pass\n"
        "try:\n    try:\n        {{}}['a']\n"
        "    except KeyError as e:\n        raise DeclarationError('x') from e\n"
        "except DeclarationError as e:\n    raise DeclarationError('{0}') from e\n"
    )
    for text, causes in (
        ("whose: x", ["KeyError"]),
        ("y", ["A widget is declared wrongly", "KeyError"]),
    ):
        found = shown(tmp_path, code.format(text))
        assert (found.says, [each.title for each in found.causes]) == ([text], causes)


def test_what_is_no_python_is_shown_where_it_stands(tmp_path):
    found = shown(tmp_path, "a = 1\nb = = 2\n")
    (part,) = found.parts
    (frame,) = part.frames
    assert (found.title, part.own, frame.number) == ("SyntaxError", True, 2)
    assert [line.text for line in frame.lines if line.failed] == ["b = = 2"]


def test_notes_are_part_of_what_an_error_says(tmp_path):
    found = shown(tmp_path, "e = ValueError('one')\ne.add_note('two')\nraise e\n")
    assert found.says == ["one", "two"]


def test_no_secret_is_in_it(tmp_path, monkeypatch):
    monkeypatch.setenv("SALES_WIDGET_KEY", "a key of the environment")
    code = (
        "raise ValueError('a key of the environment', 'from the settings', "
        "'https://x/?token=abcdefgh&site=1', 'Bearer abcdefgh.ijk')\n"
    )
    page = html_of(shown(tmp_path, code, "from the settings"))
    for secret in ("of the environment", "from the settings", "abcdefgh"):
        assert secret not in page
    assert "site=1" in page


def test_what_an_error_says_is_text(tmp_path):
    page = html_of(shown(tmp_path, "raise ValueError('<script src=x></script>\\x1b[31m')\n"))
    assert "&lt;script src=x&gt;" in page
    assert "<script src=x>" not in page
    assert "\x1b" not in page


def html_of(found: trace.Trace, *, whole: bool = True) -> str:
    return front.draw(found, Told({}), whole=whole, name="inventory", title="Inventory levels")


def test_the_page_is_valid_html_and_the_piece_is_what_a_frame_swaps(tmp_path):
    found = shown(tmp_path, "import json\njson.loads('{')\n")
    html.read(html_of(found))
    piece = html_of(found, whole=False)
    assert piece.lstrip().startswith('<main id="widget" class="widget inventory dev-widget"')


def test_a_state_is_another_with_each_change_and_the_same_with_none(tmp_path):
    (tmp_path / "vendor").mkdir()
    file = tmp_path / "frame.css"
    file.write_text("a")
    told = Told({"static": tmp_path})
    seen = [told.id]
    os.utime(file, (1, 1))
    (tmp_path / "vendor" / "x.js").write_text("not ours")
    told.look()
    assert [told.id] == seen
    file.write_text("b")
    told.look()
    told_of_mock = told.id
    told.look("The mock ERP does not start")
    assert len({*seen, told_of_mock, told.id}) == 3
    assert list(digests({"static": tmp_path})) == ["static/frame.css"]


def test_a_stream_begins_with_the_state_and_ends_when_it_is_told_to():
    told = Told({})
    stream = told.stream()
    assert next(stream).startswith(b"retry: ")
    assert told.id.encode() in next(stream)
    told.look("something")
    assert b"something" in next(stream)
    told.end()
    assert list(stream) == []
    assert sys.exc_info() == (None, None, None)
