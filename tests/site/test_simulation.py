"""Every widget in every state of the ERP, at once; and over a real ERP none of it."""

import json
import re

import pytest
from flask import g

from tests.conftest import MockErp
from widgets import create_app
from widgets.core import viewing
from widgets.site import simulation
from widgets.upstream import Read

EXAMPLES = {
    "inventory": "site=1&rows=4",
    "order-status": "order=001524",
    "quality": "period=30",
    "ticker": "selected=COPPER",
}
HOSTS = (
    'default = "us"\n[hosts.us]\nname = "Us"\norigins = ["https://us.example"]\naccess = "open"\n'
)


def state(answer) -> str:
    found = re.search(r'data-state="(\w+)"', answer.text)
    assert found
    return found[1]


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_state_shows_at_once_whatever_is_kept(client, name):
    address = f"/widgets/{name}/?{EXAMPLES[name]}"
    found: dict[str, set[tuple[int, str]]] = {}
    for _ in range(2):
        for wanted in ("", "empty", "stale", "error", "stale", "empty", ""):
            answer = client.get(f"{address}&simulate={wanted}")
            found.setdefault(wanted, set()).add((answer.status_code, state(answer)))
    # An order that is asked for by its number is not there, in an ERP without rows.
    empty = (404, "error") if name == "order-status" else (200, "empty")
    assert found == {
        "": {(200, "ok")},
        "empty": {empty},
        "stale": {(200, "stale")},
        "error": {(503, "error")},
    }


def test_slow_waits_for_the_mock_and_shows_the_same(client, mock_erp):
    answer = client.get("/widgets/quality/data.json?period=30&simulate=slow")
    assert answer.json["state"] == "ok"
    assert answer.json["view"] == client.get("/widgets/quality/data.json?period=30").json["view"]
    reads = re.search(
        r"reads;dur=([\d.]+)",
        client.get("/widgets/inventory/?site=1&rows=4&simulate=slow").headers["Server-Timing"],
    )
    assert reads
    assert float(reads[1]) >= 2000


def test_a_state_is_carried_by_the_links_of_the_widget(client):
    page = client.get("/widgets/quality/?period=30&simulate=stale").text
    links = re.findall(r'href="(\?[^"]*period=7[^"]*)"', page)
    assert links
    assert all("simulate=stale" in link for link in links)


def test_an_outage_that_is_played_opens_no_breaker_for_others(client):
    for _ in range(6):
        assert client.get("/widgets/inventory/?site=1&simulate=error").status_code == 503
    assert client.get("/widgets/inventory/?site=1").status_code == 200


def test_a_slow_one_holds_up_nobody_and_is_counted_by_itself(client, mock_erp):
    named = {read.upstream for read in reads_of(client, "site=1&simulate=slow")}
    assert named == {"ERP (slow)"}
    assert {read.upstream for read in reads_of(client, "site=1")} == {"ERP"}


def reads_of(client, query: str) -> list[Read]:
    widget = client.application.blueprints["inventory"]
    with client.application.test_request_context(f"/widgets/inventory/?{query}"):
        g.request_id = "a-request"
        return viewing.look(widget).reads


def test_a_feed_that_is_not_the_mocks_is_read_as_usual(settings, mock_erp: MockErp):
    feed = mock_erp.url.replace("127.0.0.1", "localhost") + "/query"
    given = type(settings).model_validate(settings.model_dump() | {"commodities_url": feed})
    client = create_app(given).test_client()
    usual = json.loads(client.get("/widgets/ticker/data.json?selected=COPPER").text)
    asked = len(mock_erp.log())
    for wanted in simulation.STATES:
        shown = json.loads(
            client.get(f"/widgets/ticker/data.json?selected=COPPER&simulate={wanted}").text
        )
        assert (shown["state"], shown["view"]) == ("ok", usual["view"])
    assert len(mock_erp.log()) == asked


@pytest.mark.parametrize("wanted", ["error", "empty", "stale", "odd"])
def test_over_a_real_erp_it_means_nothing(settings, mock_erp: MockErp, tmp_path, wanted):
    (tmp_path / "hosts.toml").write_text(HOSTS)
    real = settings.model_copy(update={"demo": False, "hosts_file": tmp_path / "hosts.toml"})
    client = create_app(real).test_client()
    assert state(client.get(f"/widgets/inventory/?site=1&simulate={wanted}")) == "ok"
    assert all("/_simulate" not in call["path"] for call in mock_erp.log())
    assert "State of the data" not in client.get("/gallery/inventory/?simulate=error").text


def test_made_up_data_that_is_not_the_mocks_is_left_alone(settings, monkeypatch):
    asked: list[str] = []

    def another(_host: str, _port: int, path: str) -> bytes:
        asked.append(path)
        return b"<html>"

    monkeypatch.setattr(simulation, "look_at", another)
    client = create_app(settings).test_client()
    assert state(client.get("/widgets/inventory/?site=1&simulate=error")) == "ok"
    assert state(client.get("/widgets/inventory/?site=1&simulate=error")) == "ok"
    assert "State of the data" not in client.get("/gallery/inventory/").text
    assert asked == ["/_simulate/"]  # and not again for a while


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1:8001", "https://127.0.0.1:8001", "http://erp.example"]
)
def test_an_erp_on_another_machine_is_not_even_looked_at(settings, monkeypatch, url):
    def fail(*_: object) -> bytes:
        raise AssertionError("it was looked at")

    monkeypatch.setattr(simulation, "look_at", fail)
    far = type(settings).model_validate(settings.model_dump() | {"erp_url": url})
    assert "State of the data" not in create_app(far).test_client().get("/gallery/ticker/").text
