"""What each fault does, as far as it needs no real socket; test_process.py has the rest."""

from typing import Any

import pytest

from .conftest import Erp

LINES = "/data/SalesOrderLines"
HOSTILE = "<script>alert('x')</script>"


def test_a_status_with_its_header_body_and_type(erp: Erp) -> None:
    more = {"retry_after": "Wed, 21 Oct 2026 07:28:00 GMT", "body": "no", "content_type": "text/x"}
    erp.fault("status", status=429, **more)
    answer = erp.get(LINES)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == more["retry_after"]
    assert answer.text == "no"
    assert answer.content_type == "text/x"


def test_a_status_alone_has_dynamics_error_body_and_no_retry_after(erp: Erp) -> None:
    erp.fault("status", status=403)
    answer = erp.get(LINES)
    assert answer.status_code == 403
    assert answer.json is not None
    assert answer.json["error"]["message"] == "An error has occurred."
    assert "Retry-After" not in answer.headers


def test_retry_after_can_grow(erp: Erp) -> None:
    erp.fault("status", status=429, retry_after=["1", "2", "4"])
    waits = [erp.get(LINES).headers["Retry-After"] for _ in range(4)]
    assert waits == ["1", "2", "4", "4"]


def test_a_fault_ends_after_so_many_calls(erp: Erp) -> None:
    erp.fault("status", status=401, times=2)
    assert [erp.get(LINES).status_code for _ in range(4)] == [401, 401, 200, 200]
    assert erp.client.get("/_control/").json["faults"] == []  # type: ignore[index]


def test_a_fault_ends_after_so_many_seconds(erp: Erp, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("mock_erp.faults.time.monotonic", lambda: now[0])
    erp.app.state.faults.clear()
    erp.fault("html", match="/v2/rates", seconds=5)
    assert erp.client.get("/v2/rates").status_code == 503
    now[0] += 4.9
    assert erp.client.get("/v2/rates").status_code == 503
    now[0] += 0.2
    assert erp.client.get("/v2/rates").status_code == 200


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ("SalesOrderLines", [LINES, f"{LINES}/$count", f"{LINES}(dataAreaId='usmf')"]),
        ("/v2/rates", ["/v2/rates"]),
        ("/data", [LINES, "/data/CustomersV3", "/data/$metadata"]),
        ("*", [LINES, "/v2/rates", "/query", "/nothing"]),
    ],
)
def test_a_fault_hits_what_it_matches_and_nothing_else(
    erp: Erp, match: str, hit: list[str]
) -> None:
    erp.fault("status", match=match, status=502)
    for path in (*hit, LINES, "/v2/rates", "/query", "/data/CustomersV3", "/_control/"):
        expected = path in hit or (match == "*" and path != "/_control/")
        assert (erp.get(path).status_code == 502) == expected, path


def test_the_first_fault_that_fits_is_met_then_the_next(erp: Erp) -> None:
    erp.fault("status", status=500, times=1)
    erp.fault("status", status=503, match="*", times=1)
    assert [erp.get(LINES).status_code for _ in range(3)] == [500, 503, 200]


def test_clearing_ends_every_fault(erp: Erp) -> None:
    erp.fault("status", status=500)
    assert erp.client.delete("/_control/fault").json == {"faults": []}
    assert erp.get(LINES).status_code == 200


def test_html_and_login_pages(erp: Erp) -> None:
    erp.fault("html", times=1)
    answer = erp.get(LINES)
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    erp.fault("login", times=1)
    answer = erp.get(LINES)
    assert answer.status_code == 302
    page = erp.client.get(answer.headers["Location"])
    assert (page.status_code, page.mimetype) == (200, "text/html")


@pytest.mark.parametrize("key", ["Information", "Note"])
def test_the_note_of_a_throttled_feed(erp: Erp, key: str) -> None:
    erp.fault("throttle-note", match="/query", key=key)
    answer = erp.client.get("/query?function=COPPER&apikey=x")
    assert answer.status_code == 200
    assert list(answer.json) == [key]  # type: ignore[arg-type]


def test_a_looping_link_leads_to_the_same_page(erp: Erp) -> None:
    erp.fault("looping-link")
    first = erp.get(LINES, filter="InventoryLotId eq '005001'", top=2).json
    assert first is not None
    again = erp.client.get(first["@odata.nextLink"], headers=erp.headers)
    assert again.json == first


def test_a_row_inserted_between_pages_comes_twice(erp: Erp) -> None:
    erp.app.extensions["mock_erp"] = _with_page_size(erp, 5)
    erp.fault("inserted-row", match="CustomersV3")
    numbers: list[str] = []
    url: str | None = "/data/CustomersV3?$top=15"
    while url:
        page = erp.client.get(url, headers=erp.headers).json
        assert page is not None
        numbers += [row["CustomerAccount"] for row in page["value"]]
        url = page.get("@odata.nextLink")
    expected = [f"US-{number:03d}" for number in (1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)]
    assert numbers == expected


def _with_page_size(erp: Erp, page_size: int) -> Any:
    from dataclasses import replace

    return replace(erp.app.state, page_size=page_size)


@pytest.mark.parametrize(
    "value", [None, "", "12", 7, True, ["x"], {"a": 1}, "Nonsense", HOSTILE, "1900-01-01T12:00:00Z"]
)
@pytest.mark.parametrize("rows", ["all", "first"])
def test_data_can_be_set_to_anything(erp: Erp, value: Any, rows: str) -> None:
    before = erp.get(LINES, top=3).json["value"]  # type: ignore[index]
    erp.fault("data", field="OrderedSalesQuantity", set=value, rows=rows)
    after = erp.get(LINES, top=3).json["value"]  # type: ignore[index]
    assert after[0]["OrderedSalesQuantity"] == value
    assert (after[2]["OrderedSalesQuantity"] == value) == (rows == "all")
    for old, new in zip(before, after, strict=True):
        assert {**old, "OrderedSalesQuantity": 0} == {**new, "OrderedSalesQuantity": 0}


def test_a_field_can_be_missing_and_a_row_double(erp: Erp) -> None:
    erp.fault("data", field="LineAmount", remove=True, times=1)
    rows = erp.get(LINES, top=2).json["value"]  # type: ignore[index]
    assert all("LineAmount" not in row for row in rows)
    erp.fault("data", duplicate=True, rows="first", times=1)
    rows = erp.get(LINES, top=2).json["value"]  # type: ignore[index]
    assert len(rows) == 3
    assert rows[0] == rows[1] != rows[2]


def test_data_faults_reach_entities_and_market_data_too(erp: Erp) -> None:
    erp.fault("data", match="*", field="rate", set="1.1")
    answer = erp.client.get("/v2/rates?quotes=USD")
    assert answer.json[0]["rate"] == "1.1"  # type: ignore[index]
    erp.client.delete("/_control/fault")
    erp.fault("data", match="/query", field="value", set="abc", rows="first")
    answer = erp.client.get("/query?function=COPPER&apikey=x")
    assert [row["value"] == "abc" for row in answer.json["data"][:2]] == [True, False]  # type: ignore[index]
    erp.fault("data", match="CustomersV3", field="OrganizationName", set=HOSTILE)
    answer = erp.get("/data/CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')")
    assert answer.json["OrganizationName"] == HOSTILE  # type: ignore[index]


def test_a_delay_comes_before_a_normal_answer(erp: Erp, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("mock_erp.fault_injection.time.sleep", slept.append)
    erp.fault("delay", delay=2.5)
    assert erp.get(LINES, top=1).status_code == 200
    assert slept == [2.5]
