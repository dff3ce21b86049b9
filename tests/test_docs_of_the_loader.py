"""The protocol between loader and frame, and the loader's tag: schema, scripts, types and documentation say
the same. That they also do it is tested in real browsers."""

import json
import re
from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from tests.conftest import ROOT
from widgets.embedding.oembed import SANDBOX
from widgets.embedding.refusals import IN_THE_BROWSER, REFUSALS
from widgets.site.files import BUNDLED

SCHEMA: dict[str, Any] = json.loads((ROOT / "static/messages.v1.json").read_text())
MESSAGES = {name: each for name, each in SCHEMA["$defs"].items() if each["type"] == "object"}
# The bundles say nothing that their modules do not.
SCRIPTS = {
    path.name: path.read_text()
    for path in (ROOT / "static").glob("**/*.js")
    if "vendor" not in path.parts and not (path.parent == ROOT / "static" and path.name in BUNDLED)
}
LOADER = SCRIPTS["embed.js"]
FRAME = "\n".join(path.read_text() for path in (ROOT / "static/frame").glob("*.js"))
GUIDE = (ROOT / "docs/embedding.md").read_text()
TYPES = (ROOT / "static/embed.d.ts").read_text()


def check(name: str, message: object) -> None:
    """Raises ValidationError for what is not a message of this name."""
    own = {**SCHEMA, "oneOf": [{"$ref": f"#/$defs/{name}"}]}
    Draft202012Validator(own).validate(message)


def test_the_schema_is_one_and_offers_every_message():
    Draft202012Validator.check_schema(SCHEMA)
    assert [each["$ref"] for each in SCHEMA["oneOf"]] == [f"#/$defs/{name}" for name in MESSAGES]
    for name, each in MESSAGES.items():
        assert each["title"] == each["properties"]["type"]["const"] == name
        assert each["x-from"] in ("widget", "host")


@pytest.mark.parametrize("name", MESSAGES)
def test_every_example_is_a_message_of_its_name_and_of_no_other(name):
    assert MESSAGES[name]["examples"]
    for example in MESSAGES[name]["examples"]:
        check(name, example)
        Draft202012Validator(SCHEMA).validate(example)  # exactly one fits


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_with_less_or_more_is_none(name):
    (example, *_) = MESSAGES[name]["examples"]
    wrong = [{key: value for key, value in example.items() if key != gone} for gone in example]
    wrong += [{**example, "more": 1}, {**example, "iid": "x"}, {**example, "v": 2}]
    wrong.append({**example, "data": {**example["data"], "more": 1}})
    for field in MESSAGES[name]["properties"]["data"]["required"]:
        short = deepcopy(example)
        del short["data"][field]
        wrong.append(short)
    for message in wrong:
        with pytest.raises(ValidationError):
            check(name, message)


def of(sender: str) -> set[str]:
    return {name for name, message in MESSAGES.items() if message["x-from"] == sender}


def sent(scripts: str, first: str) -> set[str]:
    """What is said through the port, and what it all begins with."""
    assert f'type: "{first}"' in scripts
    return {first, *re.findall(r'\btell\("([\w.]+)"', scripts)}


def handled(script: str) -> set[str]:
    return set(re.findall(r'\btype [!=]== "([\w.]+)"', script))


def test_what_the_frame_says_is_in_the_schema_and_the_loader_hears_it():
    assert sent(FRAME, "hello") == of("widget")
    assert handled(LOADER) == of("widget")


def test_what_the_loader_says_is_in_the_schema_and_the_frame_hears_it():
    assert sent(LOADER, "init") == of("host")
    assert handled(SCRIPTS["host.js"]) == of("host")


def test_every_code_of_a_script_is_documented_and_no_other():
    pattern = r'\bcode: "([^"]+)"|#fail\("([^"]+)"'
    found = re.findall(pattern, "\n".join(SCRIPTS.values()))
    codes = {first or second for first, second in found}
    assert codes - REFUSALS.keys() == IN_THE_BROWSER.keys()
    assert not IN_THE_BROWSER.keys() & REFUSALS.keys()
    for text in SCRIPTS.values():
        assert set(re.findall('data-code="([^"]+)"', text)) <= REFUSALS.keys()


# --- The tag.

# HTML has these for every element.
GLOBAL = {"id", "class", "style", "slot", "part", "hidden", "lang", "dir", "role", "tabindex", "is"}


def own_attributes() -> set[str]:
    """The attributes of the tag that are neither parameters nor those of every element."""
    listed = re.search(r"NO_PARAMETER = /\^\((.+)\)\$/;", LOADER)
    assert listed
    words = {word for word in listed[1].split("|") if re.fullmatch("[a-z-]+", word)}
    assert words > GLOBAL
    return words - GLOBAL | {"theme", "locale"}


def table(heading: str) -> set[str]:
    """The first column of the guide's table with this heading."""
    found = re.search(rf"^\| {heading} \|.*?(?=\n\n)", GUIDE, re.M | re.S)
    assert found
    return set(re.findall(r"^\| `([\w-]+)(?:\(\))?` \|", found[0], re.M))


def members(interface: str) -> set[str]:
    found = re.search(rf"interface {interface} {{\n(.*?)^}}", TYPES, re.M | re.S)
    assert found
    return set(re.findall(r'^  "?([\w-]+)"?\??:', found[1], re.M))


def test_every_attribute_of_the_tag_is_in_the_guide_and_in_the_types():
    assert table("Attribute") == own_attributes()
    assert members("ErpWidgetAttributes") == own_attributes() | {"host", "key"}
    read = set(re.findall(r'getAttribute\("([\w-]+)"\)', LOADER))
    assert read <= members("ErpWidgetAttributes")


def test_every_event_of_the_tag_is_in_the_guide_and_in_the_types():
    emitted = set(re.findall(r'#emit\("(\w+)"', LOADER))
    assert emitted
    assert table("Event") == members("ErpWidgetEvents") == emitted


def test_every_property_of_the_tag_is_in_the_guide_and_in_the_types():
    public = set(re.findall(r"^  (?:get |set )?([a-z]\w+)\([^)]*\) \{$", LOADER, re.M))
    public -= {"connectedCallback", "disconnectedCallback", "handleEvent", "constructor"}
    public |= set(re.findall(r"\bthis\.(\w+Provider)\b", LOADER))
    assert public >= {"hostContext", "refresh", "tokenProvider"}
    assert table("Property") == public
    for name in public:
        assert re.search(rf"^  {name}\??[:(]", TYPES, re.M), name


def test_every_colour_is_in_the_guide_and_one_of_the_frames_own():
    listed = re.search(r"const LOOKS = \[(.+?)\];", SCRIPTS["host.js"], re.S)
    assert listed
    colors = re.findall(r'"([\w-]+)"', listed[1])
    assert f"`{' '.join(colors)}`" in GUIDE.replace("\n", " ")
    sheet = (ROOT / "static/frame.css").read_text()
    for name in colors:
        assert re.search(rf"\B--{name}:", sheet), name
        assert re.search(rf"var\(--{name}\b", sheet), name


def test_the_loader_and_the_snippets_give_a_frame_the_same_sandbox():
    given = re.search(r'SANDBOX = "([^"]+)"', SCRIPTS["iframe.js"])
    assert given
    assert given[1] == SANDBOX
    shown = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.html")]
    written = {
        words for page in shown for words in re.findall(r'sandbox="([^"]+)"', page.read_text())
    }
    assert written == {SANDBOX}


def test_the_guides_own_tag_has_only_what_it_explains():
    tags = re.findall(r"<erp-widget ([^>…]*)>", GUIDE)
    assert tags
    attributes = {name for tag in tags for name in re.findall(r'([a-z-]+)="', tag)}
    assert attributes - own_attributes() == {"id", "host", "order", "site"}
