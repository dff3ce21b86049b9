"""What the page around a widget says of itself and of its viewer, in one form for every host."""

from dataclasses import dataclass
from functools import lru_cache
from locale import windows_locale
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.core import get_locale_identifier, parse_locale

Theme = Literal["light", "dark", "contrast"]

_THEMES: dict[str, Theme] = {
    "light": "light",
    "default": "light",  # what Teams calls it
    "dark": "dark",
    "contrast": "contrast",
}


@dataclass(frozen=True, slots=True)
class Entity:
    """A record that the host shows, in the host's own words: type "salesorder", id a GUID."""

    type: str
    id: str


@dataclass(frozen=True, slots=True)
class HostContext:
    """host: its id. theme: None follows the viewer's system. locale: as Babel writes it, "de_DE"; None is
    this server's own. entity, tenant: what is looked at, and in whose system.
    user: an opaque id, known from a token only.
    trust: "signed" if a token vouches for entity, tenant and user; "hint" if they stand in the address,
        where anybody can write them: never a reason to show somebody more.
    """

    host: str = ""
    theme: Theme | None = None
    locale: str | None = None
    entity: Entity | None = None
    tenant: str = ""
    user: str = ""
    trust: Literal["signed", "hint"] = "hint"


def theme_named(word: str | None) -> Theme | None:
    """None for a word that is no theme of ours: hosts have words of their own, and looks must not cost
    data."""
    return _THEMES.get((word or "").lower())


MOST_LOCALES = 150
"""A process keeps each locale's data for ever, some 200 kB: strangers must not make it load all there are."""
_met: set[str] = set()


@lru_cache(maxsize=512)
def locale_named(tag: str) -> str | None:
    """A BCP 47 tag ("de-DE", "zh-Hans-CN") as Babel writes it ("de_DE"). A region that is not known falls
    back to the language; None for what is no language at all, and for a new one once there are too many."""
    words = tag.replace("_", "-").split("-u-")[0].split("-")
    for end in range(min(len(words), 4), 0, -1):
        try:
            parts = parse_locale("_".join(words[:end]))
            found = get_locale_identifier((parts[0], parts[1], parts[2], parts[3]))
            if found == "root":
                return None
            if found not in _met and len(_met) >= MOST_LOCALES:
                return None
            found = str(Locale.parse(found))
        except (ValueError, UnknownLocaleError):
            continue
        _met.add(found)
        return found
    return None


def locale_of_lcid(lcid: str) -> str | None:
    """A Windows language id in decimal, as Dynamics 365 passes it: "1033" is en_US.

    Source: [MS-LCID], as Python's standard library has it.
    """
    is_number = lcid.isascii() and lcid.isdigit() and len(lcid) < 8
    name = windows_locale.get(int(lcid)) if is_number else None
    return locale_named(name) if name else None


def bcp47(locale: str) -> str:
    """Babel's "de_DE" as browsers and hosts write it: "de-DE"."""
    return locale.replace("_", "-")
