"""What to paste: the code that shows a widget, for each way to embed one. What each platform wants is in
docs/hosts/; the ways that need a platform's own files are in `platform_snippets`."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from urllib.parse import urlencode

from widgets.embedding.hosts import Access
from widgets.embedding.oembed import discovery, iframe, tag, tag_around

KEY = "THE-KEY"
TOKEN = "THE-TOKEN"  # noqa: S105 - what stands in a snippet for one
"""What whoever pastes puts in by hand; no snippet ever has a secret in it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A widget as it is to be shown.

    server: this server's address, without a slash at the end. name, title, height: the widget's.
    params: its parameters. host, access, platform: whose page it is, and how that gets in; platform is ""
    where there is no such host, or none that may be told of.
    theme, locale: "" where they follow the page.
    """

    server: str
    name: str
    title: str
    height: int
    params: Mapping[str, str]
    host: str
    access: Access
    platform: str
    theme: str = ""
    locale: str = ""

    @property
    def is_registered(self) -> bool:
        return bool(self.platform)

    @property
    def looks(self) -> dict[str, str]:
        given = {"theme": self.theme, "locale": self.locale}
        return {name: value for name, value in given.items() if value}

    @property
    def key(self) -> dict[str, str]:
        return {"key": KEY} if self.access == "key" else {}

    @property
    def attributes(self) -> dict[str, str]:
        """Of the loader's tag."""
        token = {"token-url": "/widget-token"} if self.access == "token" else {}
        return {"host": self.host, **self.key, **self.params, **token, **self.looks}

    @property
    def class_name(self) -> str:
        """A name for a class or a component: order-status → OrderStatus."""
        return "".join(word.capitalize() for word in self.name.split("-"))

    def address(self, **more: str) -> str:
        """Of the frame."""
        token = {"token": TOKEN} if self.access == "token" else {}
        query = {"host": self.host, **self.key, **self.params, **self.looks, **token, **more}
        return f"{self.server}/widgets/{self.name}/?{urlencode(query)}"


@dataclass(frozen=True, slots=True)
class Piece:
    """where: the file or field that the code belongs into."""

    where: str
    code: str


@dataclass(frozen=True, slots=True)
class Way:
    """page: the documentation's page. platform: the host's, where the way is for one alone.
    make: raises nothing; without pieces there is no such way for this host, and `notes` say why."""

    id: str
    label: str
    page: str
    make: Callable[[Wanted], list[Piece]]
    platform: str = ""
    notes: Callable[[Wanted], list[str]] = field(default=lambda _wanted: [])


def secrets_note(wanted: Wanted) -> list[str]:
    """What has to be put in by hand, and what keeps it from working elsewhere."""
    if not wanted.is_registered:
        return []
    if wanted.access == "token":
        return [
            f"The host {wanted.host} shows widgets with a token, which its own server makes for each viewer: "
            "the README has the code."
        ]
    if wanted.access == "key":
        return [f"Put a key of the host {wanted.host} in the place of {KEY}."]
    return []


def _tag(wanted: Wanted) -> list[Piece]:
    given = wanted.server, wanted.name
    pieces = [Piece("Anywhere in your page", tag(*given, wanted.attributes, wanted.height))]
    if wanted.access != "token":
        code = tag_around(*given, wanted.title, wanted.attributes, wanted.height)
        pieces.append(Piece("Or, to have it on the screen before the script has come", code))
    return pieces


def _iframe(wanted: Wanted) -> list[Piece]:
    return [Piece("Anywhere in your page", iframe(wanted.title, wanted.address(), wanted.height))]


def _iframe_notes(wanted: Wanted) -> list[str]:
    notes = ["Its height is fixed, and it tells your page nothing; no script runs in your page."]
    if wanted.access == "token":
        notes.append(
            f"Your server puts a new token in the place of {TOKEN} each time that it sends the page. A frame "
            "by itself cannot renew it: after five minutes it asks to load the page again."
        )
    return notes + (secrets_note(wanted) if wanted.access == "key" else [])


def _oembed(wanted: Wanted) -> list[Piece]:
    if wanted.access == "token":
        return []
    asked = discovery(wanted.server, wanted.address())
    link = (
        f'<link rel="alternate" type="application/json+oembed"\n  href="{escape(asked)}"\n'
        f'  title="{escape(wanted.title)}">'
    )
    return [
        Piece("The address to paste into an editor that knows oEmbed", wanted.address()),
        Piece("What the editor asks", asked),
        Piece("In the head of a page of yours that stands for the widget", link),
    ]


def _oembed_notes(wanted: Wanted) -> list[str]:
    if wanted.access == "token":
        return [
            "There is no oEmbed for a host with tokens, since no address carries one for long. Take the tag."
        ]
    return ["Each frame names its oEmbed answer by itself.", *secrets_note(wanted)]


def _react(wanted: Wanted) -> list[Piece]:
    given = {"name": wanted.name, **wanted.attributes, "height": str(wanted.height)}
    attributes = "".join(f"\n      {name}={_jsx(value)}" for name, value in given.items())
    component = f"""import {{ useEffect, useRef }} from "react";

export function {wanted.class_name}({{ onSelect }}) {{
  const widget = useRef(null);
  useEffect(() => {{
    const element = widget.current;
    const selected = ({{ detail }}) => onSelect?.(detail); // {{ kind, key }}
    element.addEventListener("select", selected);
    return () => element.removeEventListener("select", selected);
  }}, [onSelect]);
  return (
    <erp-widget
      ref={{widget}}{attributes}
    />
  );
}}"""
    script = f'<script type="module" src="{escape(wanted.server)}/static/embed.js"></script>'
    return [
        Piece("index.html, once", script),
        Piece(f"{wanted.class_name}.jsx", component),
    ]


def _react_notes(wanted: Wanted) -> list[str]:
    notes = [
        "Props can be given for attributes: a change applies without a reload. Types for TypeScript are at "
        "/static/embed.d.ts."
    ]
    return notes + secrets_note(wanted)


def _jsx(value: str) -> str:
    plain = not any(character in value for character in '"&{}<>\\')
    return f'"{value}"' if plain else "{" + json.dumps(value, ensure_ascii=False) + "}"


GENERAL = (
    Way("tag", "One tag", "docs/embedding.md", _tag, notes=secrets_note),
    Way("iframe", "Plain iframe", "docs/embedding.md", _iframe, notes=_iframe_notes),
    Way("oembed", "oEmbed", "docs/embedding.md", _oembed, notes=_oembed_notes),
    Way("react", "React", "docs/embedding.md", _react, notes=_react_notes),
)
