"""The pages around the widgets, and what every answer carries."""

import json
import logging

import pytest

from tests import html
from tests.conftest import ROOT

WIDGETS = ["inventory", "order-status", "ticker"]


def test_the_gallery_shows_each_widget_with_parameters_and_snippet(client):
    page = html.read(client.get("/").text)
    cards = {card.get("id"): card for card in page.findall(".//article")}
    assert list(cards) == WIDGETS
    card = cards["inventory"]
    frame = card.find("iframe")
    assert client.get(frame.get("src")).status_code == 200
    named = [html.words(cell) for cell in card.findall(".//tbody/tr/th")]
    assert named == ["company", "site", "warehouse", "item", "search", "rows"]
    snippet = html.words(card.find(".//pre"))
    assert 'src="http://localhost/widgets/inventory/?site=1&amp;rows=4"' in snippet
    assert 'title="Inventory levels"' in snippet
    assert 'sandbox="allow-scripts allow-same-origin' in snippet
    assert 'referrerpolicy="strict-origin"' in snippet


def test_the_gallery_asks_no_upstream(client, mock_erp):
    client.get("/")
    client.get("/healthz")
    assert mock_erp.log() == []


def test_healthz_answers(client):
    answer = client.get("/healthz")
    assert answer.json == {"status": "ok"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_address_that_is_nothing_lists_what_there_is(client):
    answer = client.get("/widgets/inventroy/")
    assert answer.status_code == 404
    page = html.read(answer.text)
    assert [link.get("href") for link in page.findall(".//a")] == [
        *[f"/widgets/{name}/" for name in WIDGETS],
        "/",
    ]


@pytest.mark.parametrize("path", ["/", "/healthz", "/nothing", "/widgets/"])
def test_what_is_not_a_widget_cannot_be_framed(client, path):
    headers = client.get(path).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("name", WIDGETS)
@pytest.mark.parametrize("query", ["", "?company=!"])
def test_a_widget_can_be_framed_by_the_hosts_that_are_named(client, name, query):
    headers = client.get(f"/widgets/{name}/{query}").headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'self' http://localhost:* http://127.0.0.1:*"
    )
    assert "X-Frame-Options" not in headers
    assert headers["Referrer-Policy"] == "strict-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/nothing", *[f"/widgets/{name}/" for name in WIDGETS]]
)
def test_nothing_sets_a_cookie(client, path):
    assert "Set-Cookie" not in client.get(path).headers


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_can_be_changed(client, method):
    for path in ("/", "/widgets/inventory/"):
        assert getattr(client, method)(path).status_code == 405


def test_public_addresses_are_frozen_since_people_embed_them(app):
    routes = sorted(
        f"{','.join(sorted(rule.methods))} {rule.rule}" for rule in app.url_map.iter_rules()
    )
    assert routes == json.loads((ROOT / "tests/routes.json").read_text())


def test_static_files_are_kept_for_ever_by_their_digest_and_cannot_be_framed(client):
    page = html.read(client.get("/widgets/inventory/").text)
    sheet = page.find(".//link[@rel='stylesheet']").get("href")
    for address, kept in ((sheet, "max-age=315360000"), ("/static/frame.css", "max-age=60")):
        answer = client.get(address)
        assert answer.status_code == 200
        assert kept in answer.headers["Cache-Control"]
        assert answer.headers["X-Frame-Options"] == "DENY"
        answer.close()


@pytest.mark.parametrize("path", ["/", "/widgets/inventory/?site=1"])
def test_a_fault_of_ours_is_a_page_with_a_reference(app, client, monkeypatch, caplog, path):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("postgres://user:secret@db")

    app.testing = False
    monkeypatch.setattr("widgets.site.pages.describe", broken)
    view = app.blueprints["inventory"].view_function
    monkeypatch.setattr(
        app.blueprints["inventory"], "view_function", type(view)(broken, view.params, view.reads)
    )
    with caplog.at_level(logging.ERROR):
        answer = client.get(path, headers={"X-Request-ID": "abcdef0123456789"})
    assert answer.status_code == 500
    html.read(answer.text)
    assert "abcdef01" in answer.text
    assert "secret" not in answer.text
    assert "RuntimeError" not in answer.text
    assert "abcdef0123456789" in caplog.text


def test_pages_are_compressed_and_unchanged_ones_are_not_sent_again(client):
    first = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert first.headers["Content-Encoding"] == "gzip"
    again = client.get(
        "/", headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")
