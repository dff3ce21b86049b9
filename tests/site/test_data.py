"""A widget's View over HTTP as JSON and CSV: what is in it, its headers, its errors, and that it is nobody
else's."""

import csv
import io
import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import jsonschema
import pytest

from tests.embedding import by_hand
from tests.embedding.by_hand import bearer
from tests.site import test_locks, test_refusals
from widgets import create_app
from widgets.embedding.refusals import REFUSALS

FORMATS = ["data.json", "data.csv"]
REFUSED = test_refusals.WRONG


def of(answer) -> dict[str, Any]:
    """The document; there is no float that a Decimal was, so reading it loses nothing."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    document: dict[str, Any] = json.loads(answer.text)
    return document


def table(answer) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    text = answer.data.decode("utf-8-sig")
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


# --- What is in it.


def test_a_view_is_as_its_schema_says(app, client):
    """That each is, is in the contract."""
    name = "inventory"
    schema = client.get(f"/widgets/{name}/schema.json")
    assert schema.headers["Content-Type"] == "application/schema+json"
    jsonschema.Draft202012Validator.check_schema(schema.json)
    validator = jsonschema.Draft202012Validator(schema.json)
    assert schema.json["required"] == list(schema.json["properties"])
    for query in (app.blueprints[name].example, {"search": "nothing has this"}):
        document = of(client.get(f"/widgets/{name}/data.json", query_string=query))
        assert list(document) == ["widget", "state", "as_of", "stale_because", "params", "view"]
        assert document["widget"] == name
        validator.validate(document["view"])
        assert schema.json["properties"].keys() == document["view"].keys()


def test_figures_are_those_of_the_erp_to_the_last_digit(client, mock_erp):
    rows = mock_erp.rows("WarehousesOnHandV2", "$filter=InventorySiteId eq '1'")
    sums: dict[str, Decimal] = {}
    for row in rows:
        quantity = Decimal(str(row["OnHandQuantity"]))
        sums[row["ItemNumber"]] = sums.get(row["ItemNumber"], Decimal(0)) + quantity
    query = "site=1&rows=50"
    document = of(client.get(f"/widgets/inventory/data.json?{query}"))
    assert document["state"] == "ok"
    assert document["stale_because"] is None
    assert datetime.fromisoformat(document["as_of"]).tzinfo
    assert document["params"] == {
        "company": "usmf",
        "site": "1",
        "warehouse": None,
        "item": None,
        "search": None,
        "rows": 50,
    }
    listed = document["view"]["rows"]
    assert listed
    assert {row["item"]: row["on_hand"] for row in listed} == {
        row["item"]: format(sums[row["item"]], "f") for row in listed
    }
    written = table(client.get(f"/widgets/inventory/data.csv?{query}"))
    assert [row["item"] for row in written] == [row["item"] for row in listed]
    assert [row["cover"] for row in written] == [row["cover"] or "" for row in listed]


def test_each_table_can_be_had_by_its_name(client):
    asked = "/widgets/ticker/data.csv?symbols=COPPER,WHEAT&selected=COPPER"
    assert [row["symbol"] for row in table(client.get(asked))] == ["COPPER", "WHEAT"]
    prices = table(client.get(f"{asked}&table=history.prices"))
    view = of(client.get(asked.replace("csv", "json")))["view"]
    assert [(row["date"], row["value"]) for row in prices] == [
        (price["date"], price["value"] or "") for price in view["history"]["prices"]
    ]
    # A table that the View may have is there without a row where it has none now.
    none = client.get("/widgets/ticker/data.csv?symbols=COPPER&table=history.prices")
    assert none.data.decode("utf-8-sig") == "date,value\r\n"


def test_a_table_that_there_is_not_is_named_before_the_erp_is_asked(client, mock_erp):
    answer = client.get("/widgets/order-status/data.csv?order=001524&table=orders")
    assert answer.status_code == 400
    assert answer.json["code"] == "bad-parameter"
    assert answer.json["parameter"] == "table"
    assert answer.json["detail"] == "The parameter table must be one of steps, lines, matches."
    assert mock_erp.log() == []


def test_the_file_name_says_what_it_is_and_how_old(client):
    answer = client.get("/widgets/ticker/data.csv?selected=COPPER&table=history.prices")
    document = of(client.get("/widgets/ticker/data.json?selected=COPPER"))
    as_of = datetime.fromisoformat(document["as_of"])
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="ticker-history-prices-{as_of:%Y%m%dT%H%MZ}.csv"'
    )


def test_stale_data_says_so(settings, mock_erp):
    keep = {"on_hand": (0, 3600), "products": (0, 3600)}
    client = create_app(settings.model_copy(update={"keep": keep})).test_client()
    fresh = of(client.get("/widgets/inventory/data.json?site=1"))
    mock_erp.fault("*", "status", status=503, times=None)
    stale = of(client.get("/widgets/inventory/data.json?site=1"))
    assert stale["state"] == "stale"
    assert stale["stale_because"]
    assert stale["as_of"] == fresh["as_of"]
    assert stale["view"] == fresh["view"]
    answer = client.get("/widgets/inventory/data.csv?site=1")
    assert [row["item"] for row in table(answer)] == [row["item"] for row in fresh["view"]["rows"]]
    assert int(answer.headers["Age"]) >= 0


# --- Headers.


@pytest.mark.parametrize("path", [*FORMATS, "schema.json"])
def test_it_is_framed_by_nobody_and_kept_by_nobody_else(client, path):
    answer = client.get(f"/widgets/inventory/{path}?site=1", headers={"X-Request-ID": "abcdef01"})
    kept = "no-cache" if path == "schema.json" else "private, no-cache"
    assert answer.headers["Cache-Control"] == kept
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Request-ID"] == "abcdef01"
    for name in ("Set-Cookie", "Access-Control-Allow-Origin", "Cross-Origin-Resource-Policy"):
        assert name not in answer.headers


@pytest.mark.parametrize("path", [*FORMATS, "schema.json"])
@pytest.mark.parametrize("encoding", ["identity", "gzip", "br"])
def test_what_is_there_already_is_not_sent_again(client, path, encoding):
    headers = {"Accept-Encoding": encoding}
    first = client.get(f"/widgets/inventory/{path}?site=1&rows=50", headers=headers)
    again = client.get(
        f"/widgets/inventory/{path}?site=1&rows=50",
        headers=headers | {"If-None-Match": first.headers["ETag"]},
    )
    assert again.status_code == 304
    assert again.data == b""
    other = client.get(
        f"/widgets/ticker/{path}", headers=headers | {"If-None-Match": first.headers["ETag"]}
    )
    assert other.status_code == 200
    head = client.head(f"/widgets/inventory/{path}?site=1&rows=50", headers=headers)
    assert head.status_code == 200
    assert head.data == b""


def test_it_is_counted_as_any_other_request(client):
    def count(state: str) -> float:
        wanted = f'layer="render",state="{state}",widget="ticker"'
        lines = client.get("/metrics").text.splitlines()
        return sum(
            float(line.split()[-1])
            for line in lines
            if line.startswith("widgets_requests_total") and wanted in line
        )

    before = count("ok"), count("error")
    for path in FORMATS:
        client.get(f"/widgets/ticker/{path}")
        client.get(f"/widgets/ticker/{path}?range=3y")
    assert (count("ok") - before[0], count("error") - before[1]) == (2, 2)


# --- Errors.


def problem(answer) -> dict[str, object]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    assert "Content-Disposition" not in answer.headers
    told: dict[str, object] = answer.json
    assert told["status"] == answer.status_code
    assert told["reference"] == answer.headers["X-Request-ID"]
    return told


@pytest.mark.parametrize("path", FORMATS)
def test_an_error_is_told_to_a_program(client, path):
    wrong = problem(client.get(f"/widgets/inventory/{path}?rows=999"))
    assert (wrong["status"], wrong["code"], wrong["parameter"]) == (400, "bad-parameter", "rows")
    assert wrong["detail"] == "The parameter rows must be at most 50, not “999”."
    gone = problem(client.get(f"/widgets/order-status/{path}?order=nothing"))
    assert (gone["status"], gone["code"]) == (404, "not-found")
    assert "parameter" not in gone


@pytest.mark.parametrize("path", FORMATS)
def test_an_upstream_that_is_down_says_when_to_come_again(client, mock_erp, path):
    mock_erp.fault("/data/", "status", status=503)
    answer = client.get(f"/widgets/inventory/{path}?site=1")
    assert problem(answer)["code"] == "upstream-unavailable"
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("path", FORMATS)
def test_a_fault_of_ours_is_told_in_the_same_form(app, client, monkeypatch, path):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a secret detail")

    app.testing = False
    widget = app.blueprints["inventory"]
    monkeypatch.setattr(widget, "view_function", replace(widget.view_function, call=broken))
    answer = client.get(f"/widgets/inventory/{path}?site=1")
    assert problem(answer)["code"] == "internal"
    assert "secret" not in answer.text
    assert answer.headers["X-Frame-Options"] == "DENY"


# --- Whose it is.


@pytest.fixture
def refusing(settings, tmp_path):
    return by_hand.client_of(settings, test_refusals.HOSTS, tmp_path)


@pytest.mark.parametrize("path", FORMATS)
@pytest.mark.parametrize("code", REFUSED)
def test_whoever_is_refused_the_frame_is_refused_the_data(refusing, mock_erp, code, path):
    wrong = REFUSED[code]
    token = wrong.token()
    address = f"/widgets/{wrong.widget}/{path}"
    query = ({"host": wrong.host} if wrong.host else {}) | wrong.query | {"loader": "1"}
    for _ in range(wrong.before + 1):
        answer = refusing.get(address, query_string=query, headers=bearer(token) if token else {})
    told = problem(answer)
    assert (told["code"], told["status"]) == (code, REFUSALS[code].status)
    assert ("WWW-Authenticate" in answer.headers) is (told["status"] == 401)
    assert ("Retry-After" in answer.headers) is (code == "rate-limited")
    assert mock_erp.log() == []


@pytest.fixture
def locked(settings, tmp_path):
    return by_hand.client_of(settings, test_locks.HOSTS, tmp_path)


def given(client, path: str, query: str, *, host: str = "sales", **locks: object):
    name = path.partition("/")[0]
    token = by_hand.token(iss=host, wid=name, params=locks)
    return client.get(f"/widgets/{path}?host={host}&{query}", headers=bearer(token))


@pytest.mark.parametrize("path", FORMATS)
def test_two_hosts_and_two_companies_share_nothing(locked, mock_erp, path):
    path = f"inventory/{path}"
    mine = given(locked, path, "site=1", company="usmf")
    assert mine.status_code == 200
    assert test_locks.stock_reads(mock_erp) == 1
    assert given(locked, path, "site=1", company="usmf").data == mine.data
    assert test_locks.stock_reads(mock_erp) == 1
    for host, company in (("crm", "usmf"), ("sales", "demf")):
        theirs = given(locked, path, "site=1", host=host, company=company)
        assert theirs.status_code == 200
    assert test_locks.stock_reads(mock_erp) == 3
    assert theirs.data != mine.data
    # The ETag of one is no answer to another.
    token = by_hand.token(params={"company": "demf"})
    again = locked.get(
        f"/widgets/{path}?host=sales&site=1",
        headers=bearer(token) | {"If-None-Match": mine.headers["ETag"]},
    )
    assert again.status_code == 200
    assert again.data == theirs.data


@pytest.mark.parametrize("path", FORMATS)
def test_what_is_locked_stays_locked(locked, mock_erp, path):
    assert given(locked, f"inventory/{path}", "site=2", site="1").status_code == 400
    item = test_locks.item_at_several_sites(mock_erp)
    answer = given(locked, "inventory/data.csv", f"item={item}&rows=50", site="1")
    assert {row["where"].partition(" / ")[0] for row in table(answer)} == {"1"}
    orders = mock_erp.rows("SalesOrderHeadersV2", "$filter=dataAreaId eq 'usmf'")
    mine, other = orders[0], orders[-1]
    me = mine["OrderingCustomerAccountNumber"]
    assert other["OrderingCustomerAccountNumber"] != me
    path = f"order-status/{path}"
    assert given(locked, path, f"order={mine['SalesOrderNumber']}", customer=me).status_code == 200
    assert given(locked, path, f"order={other['SalesOrderNumber']}", customer=me).status_code == 404


@pytest.mark.parametrize("path", FORMATS)
def test_a_personal_widget_is_for_hosts_with_tokens_alone(locked, path):
    answer = locked.get(f"/widgets/order-status/{path}?host=lobby&order=001524")
    assert problem(answer)["code"] == "widget-not-allowed"
    assert locked.get(f"/widgets/inventory/{path}?host=lobby").status_code == 200


@pytest.mark.parametrize("path", FORMATS)
def test_a_token_in_the_address_is_kept_by_nobody(locked, path):
    token = by_hand.token()
    answer = locked.get(f"/widgets/inventory/{path}?host=sales&site=1&token={token}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert token not in f"{answer.text}{answer.headers}"


def test_a_schema_is_the_same_for_everybody_and_asks_no_upstream(locked, mock_erp):
    one = locked.get("/widgets/order-status/schema.json")
    assert one.data == locked.get("/widgets/order-status/schema.json?host=nobody").data
    assert mock_erp.log() == []
