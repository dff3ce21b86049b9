"""An error as a developer reads it: what it says, the lines of the widget's author, and the rest folded."""

import linecache
import os
import re
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from urllib.parse import quote, quote_plus

from widgets.site import files
from widgets.site.logs import one_line

AROUND = 2  # lines before and after the one that failed
IN_WORDS = {
    "DeclarationError": "A widget is declared wrongly",
    "HostsFileError": "The hosts file has a mistake",
    "SettingsError": "A setting makes no sense",
}
"""Errors that say all in their message. By name, since their modules may be what cannot be loaded."""

_PACKAGE = Path(__file__).resolve().parents[2]
_NAMES_A_SECRET = re.compile(r"(secret|key|password|token|redis_url)$", re.IGNORECASE)
_SHORTEST = 6  # characters; what is shorter is no secret, and would take words out of the text


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    text: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """file: as short as it is clear. function: "" where nothing ran. lines: around the one that failed."""

    file: str
    number: int
    function: str
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Part:
    """Frames that follow each other; own: they are of a widget's author, else of libraries or of us."""

    own: bool
    frames: list[Frame]


@dataclass(frozen=True, slots=True)
class Trace:
    """One error. title: its kind. says: its own lines. relation: to the one that is shown before."""

    title: str
    says: list[str]
    parts: list[Part]
    relation: str = ""
    causes: list["Trace"] = field(default_factory=list)

    def in_words(self) -> str:
        """The error without where it came from."""
        return "\n".join((self.title, *self.says))


def of(error: BaseException, own: Callable[[Path], bool], secrets: Iterable[str] = ()) -> Trace:
    """The error, and those that led to it. own: whether a file is a widget author's.

    secrets: what is to be shown nowhere, besides what the environment and a token look like. Values of
    variables are never a part of it.
    """
    known = {secret for secret in (*secrets, *_of_the_environment()) if len(secret) >= _SHORTEST}
    # As it is, and as it is written in an address or a form.
    written = {each for s in known for each in (s, quote(s), quote(s, safe=""), quote_plus(s))}
    hidden = sorted(written, key=len, reverse=True)

    def hide(text: str) -> str:
        for secret in hidden:
            text = text.replace(secret, "…")
        return one_line(text)

    (first, _), *others = _chain(error)
    causes = [
        _trace(each, relation, own, hide, [])
        for each, relation in others
        # One that only says whose mistake it is has the other's words.
        if not (type(each).__name__ in IN_WORDS and str(each) in str(first))
    ]
    return _trace(first, "", own, hide, causes)


def _chain(error: BaseException) -> list[tuple[BaseException, str]]:
    """The error, what led to it, and so on, each once."""
    found: list[tuple[BaseException, str]] = [(error, "")]
    while True:
        last = found[-1][0]
        if last.__cause__:
            earlier, relation = last.__cause__, "It came of this"
        elif last.__context__ and not last.__suppress_context__:
            earlier, relation = last.__context__, "It came while this was dealt with"
        else:
            return found
        if any(earlier is each for each, _ in found):
            return found
        found.append((earlier, relation))


def _trace(
    error: BaseException,
    relation: str,
    own: Callable[[Path], bool],
    hide: Callable[[str], str],
    causes: list[Trace],
) -> Trace:
    kind = type(error).__name__
    if kind in IN_WORDS:
        return Trace(IN_WORDS[kind], _lines(str(error), hide), [], relation, causes)
    said = traceback.TracebackException.from_exception(error)
    if isinstance(error, SyntaxError) and error.filename:
        # Python stumbled over this line and not over any that was running.
        frame = traceback.FrameSummary(error.filename, error.lineno, "", lookup_line=False)
        part = Part(own=True, frames=[_frame(frame, hide)])
        return Trace(kind, _lines(error.msg, hide), [part], relation, causes)
    text = "\n".join((str(error), *getattr(error, "__notes__", ())))
    frames = [
        (own(Path(frame.filename)), _frame(frame, hide))
        for frame in said.stack
        if "<frozen" not in frame.filename
    ]
    parts = [
        Part(is_own, [frame for _, frame in group])
        for is_own, group in groupby(frames, key=lambda each: each[0])
    ]
    return Trace(kind, _lines(text, hide) if text else [], parts, relation, causes)


def _lines(text: str, hide: Callable[[str], str]) -> list[str]:
    return [hide(line) for line in text.rstrip("\n").split("\n")]


def _frame(frame: traceback.FrameSummary, hide: Callable[[str], str]) -> Frame:
    number = frame.lineno or 1
    linecache.checkcache(frame.filename)
    whole = linecache.getlines(frame.filename)
    first = max(1, number - AROUND)
    lines = [
        Line(n, hide(text), n == number)
        for n, text in enumerate(whole[first - 1 : number + AROUND], first)
    ]
    return Frame(hide(_shown(frame.filename)), number, hide(frame.name), lines)


def _shown(name: str) -> str:
    file, here = Path(name), Path.cwd()
    if file.is_relative_to(here) and ".venv" not in file.parts:
        return str(file.relative_to(here))
    return name.rpartition("/site-packages/")[2]


def of_authors() -> list[Path]:
    """The folders in which authors of widgets write."""
    return [_PACKAGE, files.templates(), *files.of_packages().values()]


def is_own(folders: Iterable[Path]) -> Callable[[Path], bool]:
    """folders: of widgets and of templates. The machinery, in folders within the catalogue, is nobody's."""
    roots = list(folders)

    def own(file: Path) -> bool:
        if file.is_relative_to(_PACKAGE) and len(file.relative_to(_PACKAGE).parts) > 1:
            return False
        return any(file.is_relative_to(root) for root in roots)

    return own


def _of_the_environment() -> list[str]:
    return [value for name, value in os.environ.items() if _NAMES_A_SECRET.search(name)]
