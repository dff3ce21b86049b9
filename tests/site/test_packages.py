"""Packages of widgets that pip has installed: found, kept apart from ours and from each other, and told by
their name when one is wrong."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from tests import html
from tests.conftest import MockErp
from tests.embedding import by_hand
from tests.site.packages import lay_out, lay_out_example, on_the_path
from widgets import create_app
from widgets.core.widget import DeclarationError
from widgets.errors import NotSetUp
from widgets.site import cli, kit_commands
from widgets.site.factory import find_widgets
from widgets.site.files import GROUP
from widgets.site.settings import Settings
from widgets.site.upstreams import SOURCES

GOOD = '''\
"""Depots: where the depots are."""

from dataclasses import dataclass

from pydantic import Field

from widgets.core import Parameters, Widget
from widgets.upstream import JsonUpstream

widget = Widget(
    __name__, title="Depots", refresh=60, height=300, personal=False, example={"rows": "3"}
)


class Depot(JsonUpstream):
    ttl = 60


class Params(Parameters):
    rows: int = Field(5, description="Rows to show")


@dataclass
class View:
    rows: int


@widget.view
def depots(params: Params, depot: Depot) -> View:
    return View(params.rows)
'''
PAGE = (
    '{% extends "widgets/partial.html" %}\n{% block body %}<p>{{ view.rows }}</p>{% endblock %}\n'
)
FILES = {
    "some_widgets/__init__.py": "",
    "some_widgets/depots.py": GOOD,
    "some_widgets/templates/depots.html": PAGE,
}
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Install]:
    """Installs a distribution; called again, one more."""
    with ExitStack() as installed:

        def one(files=FILES, entries={"some": "some_widgets"}, name="some-widgets"):  # noqa: B006
            folder = tmp_path / name
            lay_out(folder, files, entries, name)
            installed.enter_context(on_the_path(folder))

        yield one


@pytest.fixture
def example(tmp_path: Path) -> Iterator[None]:
    lay_out_example(tmp_path / "site-packages")
    with on_the_path(tmp_path / "site-packages"):
        yield


@pytest.fixture
def app(example: None, settings: Settings) -> Flask:
    app = create_app(settings)
    app.testing = True
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


# --- The example, in the real application.


def test_a_widget_of_a_package_is_a_page_like_ours(client):
    answer = client.get("/widgets/contoso-parcels/?customer=US-007&rows=3")
    assert answer.status_code == 200
    document = html.read(answer.text)
    main = document.find(".//main")
    assert main.get("class") == "widget contoso-parcels"
    assert main.get("data-state") == "ok"
    assert len(document.findall(".//tbody/tr")) == 3
    again = client.get("/widgets/contoso-parcels/?customer=US-007&rows=3")
    assert "erp-widgets-pages; hit" in again.headers["Cache-Status"]
    assert again.data == answer.data


@pytest.mark.parametrize(
    ("query", "said"),
    [("", "customer is missing"), (f"customer={'x' * 99}", "at most 60 characters")],
)
def test_what_cannot_be_left_out_has_no_button_to_leave_it_out(client, query, said):
    answer = client.get(f"/widgets/contoso-parcels/?{query}")
    assert answer.status_code == 400
    (section,) = html.read(answer.text).findall(".//section")
    assert said in html.words(section)
    assert section.findall(".//a") == []
    for wrong in ("rows=0", "company=toolong"):  # this server has a company of its own
        page = html.read(client.get(f"/widgets/contoso-parcels/?customer=US-007&{wrong}").text)
        button = page.find(".//section//a")
        assert html.words(button) == "Leave it out"
        assert client.get(f"/widgets/contoso-parcels/{button.get('href')}").status_code == 200


def test_its_data_is_there_too(client):
    answer = client.get("/widgets/contoso-parcels/data.json?customer=US-007&rows=1").get_json()
    assert answer["widget"] == "contoso-parcels"
    assert answer["view"]["rows"][0]["number"].startswith("PX")
    table = client.get("/widgets/contoso-parcels/data.csv?customer=US-007")
    assert "contoso-parcels-rows-" in table.headers["Content-Disposition"]


def test_its_style_sheet_is_linked_and_may_be_kept_for_ever(client):
    page = client.get("/widgets/contoso-parcels/?customer=US-007").text
    (sheet,) = re.findall(r'href="(/static/[^"]+/contoso/parcels\.css)"', page)
    answer = client.get(sheet)
    assert ".contoso-parcels" in answer.text
    assert answer.content_type.startswith("text/css")
    assert answer.headers["Cache-Control"] == "public, max-age=315360000, immutable"
    assert client.get("/static/contoso/parcels.css").headers["Cache-Control"] == (
        "public, max-age=60"
    )
    assert client.get("/static/contoso/../contoso/templates/parcels.html").status_code == 404
    assert "/contoso/" not in client.get("/widgets/inventory/?site=1").text


def test_it_is_in_the_gallery_with_its_snippet(client):
    gallery = client.get("/").text
    assert 'id="contoso-parcels"' in gallery
    assert "&lt;erp-widget name=&#34;contoso-parcels&#34;" in gallery


def test_its_workbench_has_a_knob_for_each_parameter(client):
    page = client.get("/gallery/contoso-parcels/").text
    for name in ("company", "customer", "order", "rows"):
        assert f'name="{name}"' in page


@pytest.mark.parametrize(
    ("wanted", "shown", "status"),
    [("empty", "empty", 200), ("stale", "stale", 200), ("error", "error", 503)],
)
def test_its_upstream_is_played_in_every_state_too(client, wanted, shown, status):
    answer = client.get(f"/widgets/contoso-parcels/?customer=US-007&simulate={wanted}")
    assert answer.status_code == status
    assert html.read(answer.text).find(".//main").get("data-state") == shown
    assert 'data-state="ok"' in client.get("/widgets/contoso-parcels/?customer=US-007").text


def test_oembed_knows_it(client):
    url = "http://localhost/widgets/contoso-parcels/?customer=US-007"
    answer = client.get("/oembed", query_string={"url": url})
    assert answer.get_json()["title"] == "Parcels"


def test_its_upstream_fails_as_ours_do(client, mock_erp: MockErp, app: Flask):
    mock_erp.fault("/carrier", "status", status=503)
    answer = client.get("/widgets/contoso-parcels/?customer=US-007")
    assert answer.status_code == 503
    assert "The carrier has a failure of its own" in answer.text
    status = client.get("/status").text
    assert "The carrier has a failure of its own" in status
    found = {each["name"]: each for each in client.get("/readyz").get_json()["upstreams"]}
    assert found["carrier"]["address"] == f"{mock_erp.url}/carrier"
    assert found["carrier"]["because"] == "The carrier has a failure of its own."


def test_a_viewers_value_cannot_lead_elsewhere(client, mock_erp: MockErp):
    client.get("/widgets/contoso-parcels/?customer=../x%3Fa%3D1%26order%3D2")
    (call,) = mock_erp.log()
    assert call["path"] == "/carrier/parcels"
    assert call["query"]["customer"] == "../x?a=1&order=2"


def test_its_metrics_have_its_name_and_no_value(client):
    client.get("/widgets/contoso-parcels/?customer=US-007")
    told = client.get("/metrics").text
    assert 'widget="contoso-parcels"' in told
    assert 'upstream="carrier",what="/parcels"' in told


def test_where_it_is_not_set_up_the_page_says_so_and_the_status_too(
    example, settings: Settings, monkeypatch
):
    monkeypatch.setattr("widgets.site.upstreams.OF_THE_MOCK", ())
    client = create_app(settings).test_client()
    answer = client.get("/widgets/contoso-parcels/?customer=US-007")
    assert answer.status_code == NotSetUp.status
    assert answer.headers["Cache-Control"] == "no-store"
    assert "The carrier is not set up on this server yet." in answer.text
    assert "[carrier]" in answer.text
    status = client.get("/status").text
    assert "Not set up" in status
    assert "1 of 4 upstreams is not set up" in status
    assert client.get("/readyz").status_code == 200


def test_it_is_listed_with_its_package_and_shown_with_its_reads(
    example, settings: Settings, mock_erp: MockErp
):
    listed = CliRunner().invoke(cli.main, ["widgets", "list"])
    assert listed.exit_code == 0, listed.output
    about = listed.output.partition("contoso-parcels: Parcels")[2]
    assert "reads       Carrier" in about
    assert "from        contoso-widgets 0.1.0" in about
    shown = CliRunner().invoke(cli.main, ["widgets", "show", "contoso-parcels"])
    assert shown.exit_code == 0, shown.output
    assert "read       carrier /parcels: miss from upstream" in shown.output


def test_its_name_is_completed_with_tab_and_nothing_is_loaded_for_that(example):
    (name, *_) = kit_commands.show.params
    completed = name.shell_complete(click.Context(kit_commands.show), "con")
    assert [item.value for item in completed] == ["contoso-parcels"]
    assert "contoso_widgets.parcels" not in sys.modules


def test_a_host_is_registered_for_it_by_name(example, tmp_path, monkeypatch):
    (tmp_path / "hosts.toml").write_text(
        '[hosts.sales]\nname = "Sales"\norigins = ["https://sales.example"]\n'
        'widgets = ["contoso-parcels"]\nlocked = { customer = "US-007" }\n'
        'keys = [{ id = "1", secret_env = "SALES_KEY" }]\n'
    )
    monkeypatch.setenv("SALES_KEY", by_hand.SECRET)
    monkeypatch.setenv("WIDGETS_HOSTS_FILE", str(tmp_path / "hosts.toml"))
    arguments = ["--host", "sales", "--widget", "contoso-parcels", "--lock", "order=001524"]
    made = CliRunner().invoke(cli.main, ["token", *arguments])
    assert made.exit_code == 0, made.output
    assert made.output.count(".") == 2


# --- What keeps packages apart.


def test_none_can_hide_a_template_or_a_static_file_of_ours(install, settings: Settings):
    theirs = {
        "some_widgets/templates/widgets/partial.html": "theirs",
        "some_widgets/templates/error.html": "theirs",
        "some_widgets/static/frame.css": "theirs",
        "some_widgets/static/vendor/htmx.org@2.0.11/htmx.min.js": "theirs",
    }
    before = create_app(settings).test_client().get("/static/frame.css").data
    install(FILES | theirs)
    client = create_app(settings).test_client()
    page = client.get("/widgets/some-depots/").text
    assert html.read(page).find(".//main") is not None
    assert "theirs" not in page
    assert "theirs" not in client.get("/nowhere").text
    assert client.get("/static/frame.css").data == before
    assert client.get("/static/some/frame.css").data == b"theirs"


def test_two_packages_with_files_of_the_same_names_do_not_meet(install, settings: Settings):
    install()
    other = {
        path.replace("some_", "other_"): text.replace("view.rows", "view.rows + 100")
        .replace("Depot(", "Warehouse(")
        .replace("depot: Depot", "depot: Warehouse")
        for path, text in FILES.items()
    }
    install(other, {"other": "other_widgets"}, "other-widgets")
    client = create_app(settings).test_client()
    assert ">5<" in client.get("/widgets/some-depots/").text
    assert ">105<" in client.get("/widgets/other-depots/").text


# --- Mistakes.


@pytest.mark.parametrize(
    ("path", "old", "new", "says"),
    [
        ("depots.py", "@widget.view\n", "", r"depots\.py, line 10\): mark the function"),
        (
            "depots.py",
            '"""Depots: where the depots are."""',
            "",
            r"line 1\): begin with a docstring",
        ),
        ("depots.py", "import Field", "import Fieldd", r"line 5\): cannot import name"),
        (
            "depots.py",
            "ttl = 60",
            'ttl = "60"',
            r"depots\.py, line 15\): ttl and stale_for are sec",
        ),
        (
            "depots.py",
            "depot: Depot",
            "depot: JsonUpstream",
            r"line 29\): .* class of yours over Json",
        ),
        (
            "templates/depots.html",
            "view.rows",
            "view.row",
            r"templates/depots\.html, line 2\): View has",
        ),
        ("templates/depots.html", "%}<p>", "}<p>", r"templates/depots\.html, line 2\): "),
    ],
)
def test_a_wrong_widget_is_told_with_distribution_file_and_line(
    install, settings, path, old, new, says
):
    assert old in FILES[f"some_widgets/{path}"]
    install(FILES | {f"some_widgets/{path}": FILES[f"some_widgets/{path}"].replace(old, new, 1)})
    with pytest.raises(DeclarationError, match=rf"^some-widgets 0\.1\.0: some_widgets.*{says}"):
        create_app(settings)


def test_a_template_that_is_missing_is_named_where_it_should_be(install, settings, tmp_path):
    install({name: text for name, text in FILES.items() if not name.endswith(".html")})
    wanted = tmp_path / "some-widgets/some_widgets/templates/depots.html"
    with pytest.raises(
        DeclarationError, match=rf"there is no .*{re.escape(str(wanted))}; write it"
    ):
        create_app(settings)


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"some": "nowhere"}, "No module named 'nowhere'. Name a package that is there"),
        ({"some": "some_widgets.depots"}, "is one module; name the folder"),
        (
            {"some": "broken_widgets"},
            r"ZeroDivisionError \(.*broken_widgets/__init__\.py, line 2\)",
        ),
        ({"Some": "some_widgets"}, "cannot begin the names of widgets"),
        ({"static": "some_widgets"}, "cannot begin"),
        ({"abcdefabcdef": "some_widgets"}, "cannot begin"),
        (
            {"some": "some_widgets", "other": "some_widgets"},
            "some-widgets 0.1.0 has other = 'some_",
        ),
    ],
)
def test_an_entry_that_cannot_be_used_is_told_with_its_distribution(install, entries, says):
    install(FILES | {"broken_widgets/__init__.py": "\n1 / 0\n"}, entries)
    with pytest.raises(DeclarationError, match=says) as caught:
        find_widgets(SOURCES)
    assert str(caught.value).startswith("some-widgets 0.1.0: its entry point ")
    assert GROUP in str(caught.value)


def test_two_distributions_cannot_have_one_prefix(install):
    install()
    other = {path.replace("some_", "other_"): text for path, text in FILES.items()}
    install(other, {"some": "other_widgets"}, "other-widgets")
    with pytest.raises(DeclarationError, match="has some = '.*' already; change one of the two"):
        find_widgets(SOURCES)


def test_two_widgets_cannot_have_one_name(install, monkeypatch):
    ours = find_widgets(SOURCES)
    files = {
        path.replace("depots", "status"): text for path, text in FILES.items() if "depots" in path
    }
    install(files | {"some_widgets/__init__.py": ""}, {"order": "some_widgets"})
    assert "order-status" in ours
    says = (
        r"^some-widgets 0\.1\.0: some_widgets\.status .*line 10\): widgets\.order_status is called"
    )
    with pytest.raises(DeclarationError, match=says):
        find_widgets(SOURCES)


def test_one_name_of_an_upstream_means_one_thing(install, settings):
    install()
    other = {path.replace("some_", "other_"): text for path, text in FILES.items()}
    install(other, {"other": "other_widgets"}, "other-widgets")
    says = (
        r"some_widgets\.depots \(.*line 15\): other_widgets\.depots has an upstream depot too, and"
    )
    with pytest.raises(DeclarationError, match=says):
        create_app(settings)


@pytest.mark.parametrize(("ttl", "fits"), [("60", True), ("61", False)])
def test_two_widgets_of_a_package_may_declare_the_same_upstream(install, settings, ttl, fits):
    second = GOOD.replace("ttl = 60", f"ttl = {ttl}")
    more = {"some_widgets/stores.py": second, "some_widgets/templates/stores.html": PAGE}
    install(FILES | more)
    if fits:
        assert create_app(settings).test_client().get("/widgets/some-stores/").status_code == 200
    else:
        with pytest.raises(DeclarationError, match=r"stores\.py, line 15\): .* with another ttl"):
            create_app(settings)
