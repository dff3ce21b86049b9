"""The pages around the widgets, and what every answer carries."""

import hashlib
import json
import logging
import re
import shutil
from dataclasses import replace

import pytest

from tests import html
from tests.conftest import ROOT
from widgets import create_app
from widgets.site import files

WIDGETS = ["inventory", "order-status", "quality", "ticker"]


def test_the_gallery_shows_each_widget_and_leads_to_its_workbench(client):
    page = html.read(client.get("/").text)
    cards = {card.get("id"): card for card in page.findall(".//article")}
    assert list(cards) == WIDGETS
    card = cards["inventory"]
    frame = card.find("iframe")
    assert client.get(frame.get("src")).status_code == 200
    assert frame.get("loading") == "lazy"
    assert "What is short" in html.words(card)
    (tag,) = [html.words(pre) for pre in card.findall(".//pre")]
    assert '<script type="module" src="http://localhost/static/embed.js"></script>' in tag
    assert '<erp-widget name="inventory" host="demo" site="1" rows="4" height="860">' in tag
    for name, card in cards.items():
        (way,) = {
            link.get("href") for link in card.findall(".//a") if "gallery" in link.get("href")
        }
        assert way == f"/gallery/{name}/"
        assert client.get(way).status_code == 200


def test_the_gallery_asks_no_upstream(client, mock_erp):
    client.get("/")
    client.get("/gallery/inventory/?simulate=error")
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


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/gallery/inventory/",
        "/healthz",
        "/nothing",
        "/widgets/",
        "/metrics",
        "/readyz",
        "/status",
    ],
)
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
    "path",
    [
        "/",
        "/gallery/inventory/",
        "/healthz",
        "/nothing",
        "/metrics",
        "/readyz",
        "/status",
        *[f"/widgets/{name}/" for name in WIDGETS],
    ],
)
def test_nothing_sets_a_cookie(client, path):
    assert "Set-Cookie" not in client.get(path).headers


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_can_be_changed(client, method):
    for path in ("/", "/gallery/inventory/", "/widgets/inventory/"):
        answer = getattr(client, method)(path)
        assert answer.status_code == 405
        assert {"GET", "HEAD", "OPTIONS"} == {
            word.strip() for word in answer.headers["Allow"].split(",")
        }
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_public_addresses_are_frozen_since_people_embed_them(app):
    routes = sorted(
        f"{','.join(sorted(rule.methods))} {rule.rule}" for rule in app.url_map.iter_rules()
    )
    assert routes == json.loads((ROOT / "tests/routes.json").read_text())


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/nothing", "/static/frame.css", "/widgets/ticker"]
)
def test_every_answer_names_its_request(client, path):
    given = client.get(path, headers={"X-Request-ID": "abcdef0123456789"})
    assert given.headers["X-Request-ID"] == "abcdef0123456789"
    made = client.get(path, headers={"X-Request-ID": "no good: <script>"})
    assert re.fullmatch("[0-9a-f]{32}", made.headers["X-Request-ID"])


@pytest.mark.parametrize(
    ("asked", "location"),
    [
        ("/widgets/inventory", "inventory/"),
        ("/widgets/order-status?order=7&x=%2F", "order-status/?order=7&x=%2F"),
    ],
)
def test_a_missing_slash_is_added_where_the_browser_is(client, asked, location):
    answer = client.get(asked, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert answer.status_code == 308
    assert answer.headers["Location"] == location
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.data == b""


def test_two_slashes_are_another_address(client):
    assert client.get("/widgets//inventory/").status_code == 404


FORWARDED = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "widgets.contoso.example",
    "X-Forwarded-Prefix": "/erp",
}


def test_behind_a_proxy_addresses_are_the_ones_that_hosts_use(settings):
    app = create_app(settings.model_copy(update={"proxies": 1}))
    client = app.test_client()
    gallery = client.get("/", headers=FORWARDED).text
    page = html.read(gallery)
    bench = client.get("/gallery/inventory/?snippet-way=iframe", headers=FORWARDED).text
    tag, snippet = [html.words(html.read(text).find(".//pre")) for text in (gallery, bench)]
    assert 'src="https://widgets.contoso.example/erp/static/embed.js"' in tag
    assert 'src="https://widgets.contoso.example/erp/widgets/inventory/?' in snippet
    assert page.find(".//iframe").get("src").startswith("/erp/widgets/inventory/?")
    frame = client.get("/widgets/inventory/", headers=FORWARDED).text
    lost = client.get("/nothing", headers=FORWARDED).text
    for text in (gallery, bench, frame, lost):
        for address in re.findall(r'(?:src|href|data-plotly|data-plotly-css)="(/[^"]*)"', text):
            assert address.startswith("/erp/")


def test_without_a_proxy_nobody_is_believed(client):
    assert "contoso" not in client.get("/", headers=FORWARDED).text
    assert "/erp/" not in client.get("/", headers=FORWARDED).text


def test_a_file_of_another_version_is_still_there(client):
    """A frame that was loaded in the middle of a deployment asks for it."""
    answer = client.get("/static/0123456789ab/frame.js")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert answer.data == client.get("/static/frame.js").data


@pytest.mark.parametrize(
    "path",
    [
        "/static/none.css",
        "/static/0123456789ab/none.css",
        "/static/0123456789ab/../frame.css",
        "/static/../wsgi.py",
        "/static/%2e%2e/wsgi.py",
        "/static/",
        "/static/vendor/none.js",
    ],
)
def test_there_is_nothing_else_under_static(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "max-age" not in answer.headers.get("Cache-Control", "")


@pytest.mark.parametrize("name", ["frame.css", "frame.js", "icon.svg"])
@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip", None])
def test_static_files_are_compressed_and_not_sent_twice(client, name, encoding):
    content = (ROOT / "static" / name).read_bytes()
    kind = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}[
        name.partition(".")[2]
    ]
    wanted = {"Accept-Encoding": encoding} if encoding else {}
    first = client.get(f"/static/{name}", headers=wanted)
    if encoding and len(content) > 500:
        assert first.headers["Content-Encoding"] == encoding
        assert len(first.data) < len(content) / 2
    else:
        assert first.data == content
    assert first.headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert "Accept-Encoding" in first.headers["Vary"]
    again = client.get(f"/static/{name}", headers=wanted | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cache-Control"] == "public, max-age=60"
    changed = client.get(f"/static/{name}", headers=wanted | {"If-None-Match": '"another"'})
    # gzip writes the second into the first eight bytes.
    assert (changed.status_code, changed.data[8:]) == (200, first.data[8:])


def test_the_smallest_encoding_is_preferred(client):
    wanted = {"Accept-Encoding": "gzip, deflate, br, zstd"}
    for path in ("/", "/static/frame.css", "/static/vendor/idiomorph@0.8.0/idiomorph-ext.min.js"):
        answer = client.get(path, headers=wanted)
        assert answer.headers["Content-Encoding"] == "br"
        answer.close()


def test_a_vendored_file_that_we_make_anew_is_asked_for_anew(client):
    """What we make of one may change while its version, and so its path, does not."""
    with client.application.test_request_context():
        vendor_url = client.application.jinja_env.globals["vendor_url"]
        address = vendor_url("plotly.js-basic-dist-min", "plotly.js")
    file = client.get(address)
    assert "immutable" in file.headers["Cache-Control"]
    assert address.partition("?")[2] == hashlib.sha256(file.data).hexdigest()[:12]
    file.close()


def test_vendored_files_are_kept_for_ever_and_their_list_is_not(client):
    library = client.get("/static/vendor/idiomorph@0.8.0/idiomorph-ext.min.js")
    assert "max-age=315360000" in library.headers["Cache-Control"]
    assert library.headers["X-Frame-Options"] == "DENY"
    assert library.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    library.close()
    listed = client.get("/static/vendor/manifest.json")
    assert "max-age=60" in listed.headers["Cache-Control"]
    listed.close()


def test_templates_know_the_version_of_the_static_files(app):
    with app.test_request_context():
        version = app.jinja_env.globals["static_version"]()
        assert app.jinja_env.globals["static_url"]("frame.css") == f"/static/{version}/frame.css"


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
    monkeypatch.setattr(app.blueprints["inventory"], "view_function", replace(view, call=broken))
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


def test_a_widgets_own_style_sheet_is_linked_if_it_is_there(settings, tmp_path, monkeypatch):
    shutil.copytree(ROOT / "static", tmp_path / "static")
    (tmp_path / "static/widgets").mkdir()
    (tmp_path / "static/widgets/order_status.css").write_text(".order-status .name { color: red; }")
    monkeypatch.setattr(files, "static", lambda: tmp_path / "static")
    client = create_app(settings).test_client()

    def sheets(name: str) -> list[str]:
        page = html.read(client.get(f"/widgets/{name}/").text)
        return [link.get("href") for link in page.findall(".//link[@rel='stylesheet']")]

    assert len(sheets("inventory")) == 1
    common, own = sheets("order-status")
    assert (common, own) == (sheets("inventory")[0], own)
    assert own.endswith("/widgets/order_status.css")
    assert client.get(own).text == ".order-status .name { color: red; }"
