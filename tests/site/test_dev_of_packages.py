"""`dev` with a package of widgets: it follows that as it does our own files."""

import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from tests.site.developing import Development, developing
from tests.site.packages import lay_out_example

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
PARCELS = "/widgets/contoso-parcels/?customer=US-007"
PACKAGE = "../site/contoso_widgets"
SHEET = "/static/000000000000/contoso/parcels.css"
VIEW = "def parcels(params: Params, carrier: Carrier) -> View:\n"
SECRET = "what the carrier/knows + we"


def is_ok(body: str) -> bool:
    return 'data-state="ok"' in body


def start(folder: Path, **environment: str):
    return developing(folder, PYTHONPATH=str(folder / "site"), **environment)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Development]:
    folder = tmp_path_factory.mktemp("dev")
    lay_out_example(folder / "site")
    (folder / "upstreams.toml").write_text("# none\n")
    (folder / "carrier.key").write_text(SECRET)
    with start(folder, WIDGETS_UPSTREAMS_FILE=str(folder / "upstreams.toml")) as started:
        yield started


@pytest.fixture
def dev(running: Development) -> Iterator[Development]:
    yield running
    running.undo()
    running.wait(PARCELS, is_ok)


def test_its_frame_has_its_style_sheet(dev: Development) -> None:
    status, body = dev.get(PARCELS)
    assert (status, is_ok(body)) == (200, True)
    assert body.count(f'<link rel="stylesheet" href="{SHEET}">') == 1
    with urllib.request.urlopen(dev.url + SHEET) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Type"].startswith("text/css")
        assert b".contoso-parcels .seen" in answer.read()
    assert "contoso-parcels" in dev.get("/")[1]


@pytest.mark.parametrize("name", ["../parcels.py", "..%2Fparcels.py", "parcels.py", "", "."])
def test_none_but_its_static_files_are_served(dev: Development, name: str) -> None:
    assert dev.get(f"/static/contoso/{name}")[0] == 404


def test_a_change_of_its_template_and_of_its_code_is_shown(dev: Development) -> None:
    dev.edit(f"{PACKAGE}/templates/parcels.html", "What was shipped last", "What went last")
    dev.wait(PARCELS, lambda body: "What went last first" in body)
    dev.edit(f"{PACKAGE}/parcels.py", 'title="Parcels"', 'title="Packets"')
    dev.wait(PARCELS, lambda body: "<title>Packets</title>" in body)


def test_browsers_are_told_of_a_change_of_its_files_by_name(dev: Development) -> None:
    name = "static/contoso/parcels.css"
    before = dev.told()
    assert before["widgets"]["templates/contoso/parcels.html"] == "contoso-parcels"
    dev.edit(f"{PACKAGE}/static/parcels.css", "display: block", "display: inline")
    dev.wait(PARCELS, lambda _: dev.told()["files"][name] != before["files"][name])
    assert "display: inline" in dev.get(SHEET)[1]


def test_a_style_sheet_that_goes_is_not_asked_for(dev: Development) -> None:
    file = dev.tree / PACKAGE / "static/parcels.css"
    text = file.read_text()
    file.unlink()
    try:
        status, body = dev.get(PARCELS)
        assert (status, is_ok(body), SHEET in body) == (200, True, False)
        assert dev.get(SHEET)[0] == 404
    finally:
        file.write_text(text)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("parcels.py", "widget = Widget(", "widget = = Widget(", "this is no Python"),
        ("parcels.py", 'Field(description="Customer account")', "Field()", "parameter customer means"),
        ("parcels.py", VIEW, f"{VIEW}    1 / 0\n", "ZeroDivisionError"),
        ("templates/parcels.html", "view.late", "view.tardy", "View has no &#39;tardy&#39;"),
    ],
)  # fmt: skip
def test_what_is_broken_is_told_with_its_file_and_comes_back(
    dev: Development, name: str, old: str, new: str, said: str
) -> None:
    dev.edit(f"{PACKAGE}/{name}", old, new)
    body = dev.wait(PARCELS, lambda body: said in body)
    assert f"contoso_widgets/{name}, line " in body
    assert ("contoso-widgets 0.1.0: " in body) == ("ZeroDivisionError" not in body)
    # Its style sheet is what it was; a browser would replace it by one that is not there.
    assert "static/contoso/parcels.css" in dev.told()["files"]


def test_one_that_is_broken_at_the_start_is_followed_too(tmp_path: Path) -> None:
    lay_out_example(tmp_path / "site")
    module = tmp_path / "site/contoso_widgets/parcels.py"
    text = module.read_text()
    module.write_text(text.replace("import dataclass\n", "import dataclasz\n"))
    with start(tmp_path) as dev:
        dev.wait(PARCELS, lambda body: "dataclasz" in body)
        module.write_text(text)
        dev.wait(PARCELS, is_ok)


def test_the_secret_of_an_upstream_is_in_no_trace(dev: Development) -> None:
    file = dev.tree / "../upstreams.toml"
    dev.before.setdefault(file, file.read_text())
    file.write_text(
        '[carrier]\nurl = "https://carrier.example"\nauth = "bearer"\nsecret_file = "carrier.key"\n'
    )
    # Not as one piece in the file, of which lines are shown.
    leak = (
        f"    secret = {SECRET[:9]!r} + {SECRET[9:]!r}\n"
        f"    quoted = {quote_plus(SECRET)[:9]!r} + {quote_plus(SECRET)[9:]!r}\n"
        "    raise ValueError(f'as it is: {secret}; in an address: {quoted}')\n"
    )
    dev.edit(f"{PACKAGE}/parcels.py", VIEW, VIEW + leak)
    body = dev.wait(PARCELS, lambda body: "as it is: …" in body)
    assert "in an address: …<" in body
    assert SECRET not in body
    assert quote_plus(SECRET) not in body


def test_a_mistake_in_the_file_of_upstreams_is_told(dev: Development) -> None:
    dev.edit("../upstreams.toml", "# none", "[carrier]\nurl = 'nowhere'")
    body = dev.wait(PARCELS, lambda body: "A setting makes no sense" in body)
    assert "upstreams.toml" in body
