"""The code to paste, for each way to embed and each kind of host."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import html5lib
import pytest

from tests.conftest import ROOT
from widgets.embedding.platform_snippets import WAYS
from widgets.embedding.platforms import PLATFORMS
from widgets.embedding.snippets import KEY, TOKEN, Piece, Wanted

SERVER = "https://widgets.contoso.com"
HOSTILE = "\"'><script>alert(1)</script>{!$Api.Session_ID}{evil}&amp;`${x}\\"
WANTED = Wanted(
    server=SERVER,
    name="order-status",
    title="Order status",
    height=560,
    params={"order": "001524", "customer": "US-012"},
    host="sales",
    access="open",
    platform="web",
)
ACCESS = ["open", "key", "token"]
IDS = [way.id for way in WAYS]


def pieces(way_id: str, access: str, **changes: object) -> list[Piece]:
    (way,) = [way for way in WAYS if way.id == way_id]
    return way.make(replace(WANTED, access=access, **changes))  # type: ignore[arg-type]


def code(way_id: str, access: str, **changes: object) -> str:
    return "\n".join(piece.code for piece in pieces(way_id, access, **changes))


def test_every_platform_has_a_way_and_every_way_a_page():
    assert {way.platform for way in WAYS} - {""} == PLATFORMS.keys() - {"web", "mcp"}
    assert len(set(IDS)) == len(IDS) == 8
    for way in WAYS:
        assert (ROOT / way.page).is_file()


@pytest.mark.parametrize("access", ACCESS)
@pytest.mark.parametrize("way_id", IDS)
def test_each_names_server_host_and_parameters(way_id, access):
    text = code(way_id, access)
    if (way_id, access) == ("oembed", "token"):
        assert text == ""
        return
    for part in (SERVER, "order-status", "sales", "001524", "US-012"):
        assert part in text
    for piece in pieces(way_id, access):
        assert piece.where


@pytest.mark.parametrize("way_id", IDS)
def test_a_secret_is_something_to_put_in_by_hand(way_id):
    assert KEY in code(way_id, "key")
    assert KEY not in code(way_id, "open")
    assert TOKEN not in code(way_id, "open")
    assert KEY not in code(way_id, "token")
    (way,) = [way for way in WAYS if way.id == way_id]
    for access in ("key", "token"):
        assert any(access in note for note in way.notes(replace(WANTED, access=access)))


@pytest.mark.parametrize("way_id", ["dynamics365", "teams", "sharepoint", "salesforce"])
def test_where_each_viewer_needs_a_token_a_platform_gets_the_loader(way_id):
    text = code(way_id, "token")
    assert f"{SERVER}/static/embed.js" in text
    assert "tokenProvider" in text
    assert TOKEN not in text
    assert "embed.js" not in code(way_id, "key")


@pytest.mark.parametrize("way_id", ["dynamics365", "teams", "sharepoint", "salesforce"])
def test_what_a_reader_has_to_make_is_called_as_on_the_platforms_page(way_id):
    (way,) = [way for way in WAYS if way.id == way_id]
    page = (ROOT / way.page).read_text()
    made = r"/api/data/[\w./]+|/api/widget-token|api://[\w-]+|https://(?!widgets)[\w./-]+|\$RemoteAction[\w.]+"
    names = set(re.findall(made, code(way_id, "token")))
    assert names
    assert {name for name in names if name not in page} == set()


@pytest.mark.parametrize("way_id", IDS)
def test_looks_are_left_to_the_page_unless_they_are_chosen(way_id):
    assert "de-DE" not in code(way_id, "open")
    chosen = code(way_id, "open", theme="dark", locale="de-DE")
    assert "de-DE" in chosen
    assert "dark" in chosen


def attributes(html: str, tag: str) -> dict[str, str]:
    """Of the one such element, as a browser reads it; a script that got in would be another element."""
    parsed = html5lib.parse(html, namespaceHTMLElements=False)
    assert not [each for each in parsed.iter("script") if not each.get("src")]
    (element,) = list(parsed.iter(tag))
    return dict(element.attrib)


def query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_a_hostile_value_stays_a_value_in_html():
    given = {"params": {"search": HOSTILE}}
    for piece in pieces("tag", "open", **given):
        assert attributes(piece.code, "erp-widget")["search"] == HOSTILE
    around = attributes(pieces("tag", "open", **given)[1].code, "iframe")
    assert query(around["src"])["search"] == HOSTILE
    for way_id in ("iframe", "sharepoint"):
        source = attributes(code(way_id, "open", **given), "iframe")["src"]
        assert query(source)["search"] == HOSTILE
    asked = attributes(pieces("oembed", "open", **given)[2].code, "link")["href"]
    assert query(query(asked)["url"])["search"] == HOSTILE


def test_a_hostile_value_stays_a_value_in_a_manifest():
    tab = json.loads(code("teams", "open", params={"search": HOSTILE}))
    (tab,) = tab["staticTabs"]
    assert query(tab["contentUrl"])["search"] == HOSTILE
    # Teams finds its placeholders as they are, and none that a parameter brought.
    assert set(re.findall(r"\{[^}]*\}", tab["contentUrl"])) == {
        "{app.theme}", "{app.locale}", "{user.tenant.id}", "{page.subPageId}", "{page.id}",
    }  # fmt: skip


def test_a_hostile_value_begins_no_expression_of_visualforce():
    text = code("salesforce", "token", params={"search": HOSTILE})
    assert set(re.findall(r"\{!([\w$.(]+)", text)) == {
        "JSENCODE(locale", "JSENCODE(Order.Id", "JSENCODE($Organization.Id", "$RemoteAction.ErpOrder.token",
    }  # fmt: skip
    assert text.count("</script>") == 2


def test_a_hostile_value_is_a_string_of_react():
    text = code("react", "open", params={"search": HOSTILE, "site": "1"})
    written = re.search(r"\n      search=\{(.*)\}\n", text)
    assert written
    assert json.loads(written[1]) == HOSTILE
    assert '\n      site="1"\n' in text


SCRIPTS = [("dynamics365", "token"), ("teams", "token"), ("salesforce", "open")]


@pytest.mark.skipif(not shutil.which("node"), reason="there is no node here")
@pytest.mark.parametrize(("way_id", "access"), SCRIPTS)
def test_scripts_can_be_read_by_an_engine(way_id, access, tmp_path):
    script = pieces(way_id, access, params={"search": HOSTILE})[-1].code
    file = tmp_path / "snippet.mjs"
    # A decorator is for Salesforce's own compiler.
    file.write_text(re.sub(r"@api ", "", script))
    ended = subprocess.run(
        ["node", "--check", str(file)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
