"""The workbench as the server draws it: everything that its address says, scripts or none."""

import re
from dataclasses import fields
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests import html
from tests.conftest import ROOT
from widgets import create_app
from widgets.site.workbench import Bench

WIDGETS = ["inventory", "order-status", "quality", "ticker"]
HOSTS = """
default = "lobby"
[hosts.lobby]
name = "Lobby"
origins = ["https://lobby.example"]
widgets = ["inventory", "ticker"]
access = "open"
[hosts.sales]
name = "Contoso Sales"
origins = ["https://sales.example"]
locked = { company = "usmf", site = "1" }
keys = [{ id = "k", secret_env = "SALES_KEY" }]
[hosts.crm]
name = "Contoso CRM"
platform = "dynamics365"
access = "key"
keys = [{ id = "k", secret_env = "CRM_KEY" }]
[hosts.other]
name = "Another open one"
origins = ["https://other.example"]
access = "open"
"""
HOSTILE = "\"'><script>alert(1)</script>\x00\u202e{{7*7}}"


def read(client, name="inventory", **query):
    return html.read(client.get(f"/gallery/{name}/", query_string=query or None).text)


def previews(page):
    return page.findall(".//erp-widget")


def values(page):
    """What the knobs are set to."""
    found = {}
    for control in page.iterfind(".//form//*[@name]"):
        if control.tag == "select":
            chosen = control.findall("./option[@selected]") or control.findall("./option")[:1]
            found[control.get("name")] = chosen[0].get("value", chosen[0].text)
        elif control.get("type") == "checkbox":
            if control.get("checked") is not None:
                found.setdefault(control.get("name"), []).append(control.get("value"))
        else:
            found[control.get("name")] = control.get("value")
    return found


def snippet(page):
    return "\n".join(html.words(code) for code in page.findall(".//pre/code"))


def notices(page):
    """What is said above the previews. That a server does not answer is for a script to show."""
    return " ".join(
        html.words(p) for p in page.findall(".//p[@class='notice']") if "hidden" not in p.attrib
    )


@pytest.mark.parametrize("name", WIDGETS)
def test_each_widget_has_one_which_begins_with_the_example(app, client, name):
    page = read(client, name)
    shown = previews(page)
    assert [each.get("title").split(", ")[1] for each in shown] == [
        f"{width} pixels wide" for width in (280, 400, 800)
    ]
    for each in shown:
        assert each.get("name") == name
        assert app.blueprints[name].example.items() <= dict(each.attrib).items()
    assert f'<erp-widget name="{name}" host="demo"' in snippet(page)
    known = app.blueprints[name].view_function.params.model_fields
    assert [n for n in values(page) if n in known] == [
        n for n in known if n != "symbols" or values(page).get(n)
    ]


def test_there_is_none_for_a_widget_that_is_not(client):
    assert client.get("/gallery/nothing/").status_code == 404
    assert client.get("/gallery/inventory").headers["Location"] == "inventory/"


def test_knobs_previews_and_code_are_as_the_address_says(client):
    page = read(client, site="2", rows="3", theme="dark", locale="de-DE", **{"pane-width": "400"})
    (shown,) = previews(page)
    assert dict(shown.attrib) == {
        "name": "inventory", "title": "Inventory levels, 400 pixels wide", "height": "860",
        "host": "demo", "site": "2", "rows": "3", "theme": "dark", "locale": "de-DE",
    }  # fmt: skip
    found = values(page)
    assert (found["site"], found["rows"], found["locale"]) == ("2", "3", "de-DE")
    assert 'site="2" rows="3" theme="dark" locale="de-DE"' in snippet(page)
    source = page.find(".//noscript/iframe").get("src")
    assert dict(parse_qsl(urlsplit(source).query)) == {
        "host": "demo", "site": "2", "rows": "3", "theme": "dark", "locale": "de-DE",
    }  # fmt: skip
    frame = client.get(source)
    assert frame.status_code == 200
    assert 'data-theme="dark"' in frame.text


def test_the_state_is_in_the_previews_and_in_no_code(client):
    page = read(client, site="1", simulate="stale")
    assert {each.get("simulate") for each in previews(page)} == {"stale"}
    assert "simulate" not in snippet(page)
    assert "nobody else sees it" in notices(page)
    assert {each.get("simulate") for each in previews(read(client, simulate="odd"))} == {None}


def test_a_form_without_scripts_sends_several_of_one_name(client):
    query = [("symbols", "COPPER"), ("symbols", "BRENT"), ("interval", "")]
    page = html.read(client.get("/gallery/ticker/", query_string=query).text)
    assert previews(page)[0].get("symbols") == "COPPER,BRENT"
    assert sorted(values(page)["symbols"]) == ["BRENT", "COPPER"]
    again = read(client, "ticker", symbols="COPPER,BRENT")
    assert values(again)["symbols"] == values(page)["symbols"]


def test_a_value_that_cannot_be_used_is_told_where_it_was_typed(client):
    page = read(client, rows="99", site="1")
    (wrong,) = page.findall(".//*[@aria-invalid]")
    assert (wrong.get("name"), wrong.get("value")) == ("rows", "99")
    told = page.find(f".//*[@id='{wrong.get('aria-describedby').split()[1]}']")
    assert html.words(told) == "The parameter rows must be at most 50, not “99”."
    page = read(client, "ticker", symbols="COPPER", interval="daily")
    assert "must not be daily" in html.words(page.find(".//form/p[@role='status']"))
    page = read(client, "quality", period="5")
    assert values(page)["period"] == "5"


def test_a_number_that_cannot_be_used_stays_in_a_field_for_numbers(client):
    (wrong,) = read(client, rows="999").findall(".//*[@aria-invalid]")
    assert (wrong.get("type"), wrong.get("value")) == ("number", "999")
    (wrong,) = read(client, rows="many").findall(".//*[@aria-invalid]")
    assert (wrong.get("type"), wrong.get("value")) == ("text", "many")


@pytest.mark.parametrize("locale", ["xx-bad!!", "xx", "de-DE!"])
def test_a_language_that_is_not_known_is_told_and_is_in_no_code(client, locale):
    page = read(client, locale=locale)
    (wrong,) = page.findall(".//*[@aria-invalid]")
    assert (wrong.get("name"), wrong.get("value")) == ("locale", locale)
    told = page.find(f".//*[@id='{wrong.get('aria-describedby').split()[1]}']")
    assert f"“{locale}” is no language" in html.words(told)
    assert "locale" not in snippet(page)
    assert {each.get("locale") for each in previews(page)} == {None}
    assert read(client, locale="zh-CN").findall(".//*[@aria-invalid]") == []


def test_the_template_gets_what_it_shows_and_nothing_else():
    used = set(re.findall(r"\bbench\.(\w+)", (ROOT / "templates/workbench.html").read_text()))
    assert used == {field.name for field in fields(Bench)} | {"link"}


@pytest.mark.parametrize("name", WIDGETS)
def test_whatever_stands_in_the_address_is_text(client, name):
    known = dict.fromkeys(
        ["company", "site", "item", "search", "order", "customer", "symbols", "selected", "rows",
         "host", "theme", "locale", "simulate", "pane-width", "snippet-way", "activity-tab"],
        HOSTILE,
    )  # fmt: skip
    answer = client.get(f"/gallery/{name}/", query_string=known)
    assert answer.status_code == 200
    html.read(answer.text)
    assert "<script>alert" not in answer.text
    assert "49" not in snippet(html.read(answer.text))
    assert "\u202e" not in answer.text


WAYS = ["tag", "iframe", "oembed", "react", "dynamics365", "teams", "sharepoint", "salesforce"]


@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_embed_has_an_address_of_its_own(client, way):
    page = read(client, site="2", **{"snippet-way": way})
    links = {a.get("data-to"): a for a in page.findall(".//a[@data-sets='snippet-way']")}
    assert list(links) == ["", *WAYS[1:]]  # the first is what an address need not say
    said = "" if way == "tag" else way
    assert [to for to, link in links.items() if link.get("aria-current")] == [said]
    assert "site=2" in links["react"].get("href")
    assert "/widgets/inventory/" in snippet(page) or "/static/embed.js" in snippet(page)
    assert (values(page)["snippet-way"] or "") == said


def test_the_oembed_address_is_answered(client):
    text = snippet(read(client, site="2", **{"snippet-way": "oembed"}))
    asked = re.findall(r"http://localhost(/oembed\S+)", text)[0]
    assert "site=2" in client.get(asked).json["html"]


def test_what_a_script_takes_over_has_no_frames_of_its_own(client):
    part = client.get("/gallery/inventory/", headers={"HX-Request": "true"})
    assert "<iframe" not in part.text
    assert "<erp-widget" in part.text
    assert part.headers["Vary"].startswith("HX-Request")
    html.read(part.text)


@pytest.fixture
def hosted(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("SALES_KEY", "a secret of the sales host, known to both")
    monkeypatch.setenv("CRM_KEY", "another secret, that of the other host...")
    (tmp_path / "hosts.toml").write_text(HOSTS)
    return create_app(
        settings.model_copy(update={"hosts_file": tmp_path / "hosts.toml"})
    ).test_client()


def test_every_host_can_be_chosen(hosted):
    options = read(hosted).findall(".//select[@name='host']/option")
    assert [each.get("value") for each in options] == ["lobby", "sales", "crm", "other"]
    assert values(read(hosted, host="crm"))["host"] == "crm"


def test_who_does_not_run_the_server_is_told_of_the_default_host_alone(hosted):
    elsewhere = {"REMOTE_ADDR": "10.0.0.7"}
    answer = hosted.get("/gallery/inventory/?host=sales&site=2", environ_overrides=elsewhere)
    page = html.read(answer.text)
    options = [each.get("value") for each in page.findall(".//select[@name='host']/option")]
    assert sorted(options) == ["lobby", "sales"]  # the latter stands in the address
    assert "can tell of no host sales" in notices(page)
    assert "Contoso" not in answer.text
    assert page.findall(".//input[@disabled]") == []
    assert "Authorization" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("host", "name", "said"),
    [
        ("sales", "inventory", "erp-widgets token --host sales --widget inventory"),
        ("crm", "inventory", "with a key in the address"),
        ("other", "inventory", "not the default host"),
        ("nobody", "inventory", "can tell of no host nobody"),
    ],
)
def test_a_host_that_cannot_be_previewed_says_why_and_another_stands_in(hosted, host, name, said):
    page = read(hosted, name, host=host, site="1")
    assert said in notices(page)
    assert "drawn for the host lobby instead" in notices(page)
    assert {each.get("host") for each in previews(page)} == {"lobby"}
    assert f'host="{host}"' in snippet(page)


def test_where_nobody_can_stand_in_there_is_no_preview_but_code(hosted):
    page = read(hosted, "order-status", host="sales", order="001524")
    assert previews(page) == []
    assert page.findall(".//iframe") == []
    assert "there is no preview" in notices(page)
    assert 'host="sales" order="001524" token-url="/widget-token"' in snippet(page)
    page = read(hosted, "order-status")
    assert "may not show this widget" in notices(page)


def test_code_that_shows_nothing_yet_is_not_called_right(hosted, settings):
    page = read(hosted, "order-status")  # the default host may not show it
    assert "shows the widget only once it may" in notices(page)
    page = read(hosted, "order-status", host="nobody")
    assert "needs a registered host's id instead of nobody" in notices(page)
    page = read(hosted, "order-status", host="sales")
    assert "the code below is right all the same" in notices(page)
    page = read(create_app(settings.model_copy(update={"demo": False})).test_client())
    assert "in the place of YOUR-HOST" in notices(page)


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_claimed_of_a_host_that_is_not_known(hosted, way):
    page = read(hosted, host="nobody", **{"snippet-way": way})
    assert "does not know how the host nobody lets viewers in" in html.words(page)
    assert "nobody shows widgets with" not in html.words(page)
    assert "does not know how the host" not in html.words(read(hosted, host="sales"))


def test_a_host_without_trouble_says_nothing(hosted):
    page = read(hosted, site="1")
    assert notices(page) == ""
    (unreachable,) = page.findall(".//p[@id='unreachable']")
    assert html.words(unreachable).startswith("This server does not answer")


def test_what_a_host_has_locked_cannot_be_turned_and_is_in_no_code(hosted):
    page = read(hosted, host="sales", site="2", rows="3")
    locked = {c.get("name"): c.get("value") for c in page.findall(".//input[@disabled]")}
    assert locked == {"company": "usmf", "site": "1"}
    assert previews(page)[0].get("site") == "1"
    assert 'host="sales" rows="3"' in snippet(page)


def test_a_snippet_has_only_the_place_of_a_key(hosted):
    page = read(hosted, host="crm", site="1", **{"snippet-way": "dynamics365"})
    assert "key=THE-KEY" in snippet(page)
    assert "another secret" not in hosted.get("/gallery/inventory/?host=crm").text


def test_a_way_for_another_platform_than_the_hosts_says_so(hosted):
    page = hosted.get("/gallery/inventory/?host=crm&snippet-way=teams").text
    assert "platform = “teams”" in page
    page = hosted.get("/gallery/inventory/?host=crm&snippet-way=dynamics365").text
    assert "another platform" not in page


def test_without_any_host_the_page_says_what_to_do(settings, tmp_path):
    client = create_app(settings.model_copy(update={"demo": False})).test_client()
    page = read(client, site="1")
    assert previews(page) == []
    assert "names no default host" in notices(page)
    assert 'host="YOUR-HOST"' in snippet(page)


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_nothing_can_be_changed_by_it(client, method):
    """The state of the data is played by the address: there is no request that another site could send."""
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer = getattr(client, method)("/gallery/inventory/?simulate=error", headers=headers)
    assert answer.status_code == 405
    assert 'data-state="ok"' in client.get("/widgets/inventory/?site=1").text


def test_a_page_that_is_known_already_is_not_sent_again(client):
    first = client.get("/gallery/ticker/")
    again = client.get("/gallery/ticker/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
