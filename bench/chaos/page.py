"""What a viewer sees on a page: its state, its age, and what it says."""

import hashlib
import html
import re
from dataclasses import dataclass
from datetime import datetime

_ATTRIBUTES = re.compile(r'<main id="widget"[^>]*>')
_AGE = re.compile(r'<p class="notice"><svg.*?</svg>(.*?)</p>', re.S)
# What differs between two looks at the same data, and what is no text.
_PASSING = re.compile(
    r'<p class="(?:fresh|notice)".*?</p>|<svg.*?</svg>|<form.*?</form>|<p class="reference">.*?</p>',
    re.S,
)
_TAGS = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Look:
    """state: "ok", "stale", "empty", "error" or "" for what is no widget. as_of: seconds since 1970, 0 where
    the page says none. notice: how old it says that it is, and why. code: of an error.
    text: all else that it says, a cell to a `|` and a row to a line. digest: of that."""

    state: str
    as_of: float
    notice: str
    code: str
    text: str

    @property
    def digest(self) -> str:
        return hashlib.blake2b(self.text.encode(), digest_size=8).hexdigest()


NOTHING = Look("", 0, "", "", "")


def look(page: str) -> Look:
    main = _ATTRIBUTES.search(page)
    if main is None:
        return NOTHING
    as_of = _attribute(main[0], "as-of")
    notice = _AGE.search(page)
    return Look(
        _attribute(main[0], "state"),
        datetime.fromisoformat(as_of).timestamp() if as_of else 0,
        _words(notice[1]) if notice else "",
        _attribute(main[0], "code"),
        _text(page[main.end() :]),
    )


def _attribute(main: str, name: str) -> str:
    found = re.search(rf'data-{name}="([^"]*)"', main)
    return found[1] if found else ""


def _text(body: str) -> str:
    body = _PASSING.sub("", body).replace("\n", " ")
    body = re.sub(r"</t[dh]>", "|", body).replace("</tr>", "\n").replace("</p>", "\n")
    lines = (_words(line) for line in body.split("\n"))
    return "\n".join(line for line in lines if line)


def _words(markup: str) -> str:
    return " ".join(html.unescape(_TAGS.sub(" ", markup)).split())
