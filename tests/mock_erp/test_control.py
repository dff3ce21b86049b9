"""The control surface: who may use it, the log, the clock, and which faults can be set."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from mock_erp.faults import KINDS

from .conftest import CREDENTIALS, START, Erp

LINES = "/data/SalesOrderLines"


# Who may use it


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost:8001", "127.0.0.1", "[::1]:8001"])
def test_clients_of_this_machine_may(shared_erp: Erp, address: str, host: str) -> None:
    answer = shared_erp.client.get(
        "/_control/", environ_base={"REMOTE_ADDR": address}, headers={"Host": host}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("192.0.2.7", {}),
        ("2001:db8::1", {}),
        ("", {}),
        ("127.0.0.1", {"Host": "evil.example"}),
        ("127.0.0.1", {"Host": "127.0.0.1.evil.example"}),
        ("127.0.0.1", {"Host": "[oops"}),
        ("127.0.0.1", {"Origin": "https://evil.example"}),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "log"), ("POST", "reset"), ("POST", "fault"), ("DELETE", "fault")],
)
def test_nobody_else_may(
    shared_erp: Erp, address: str, headers: dict[str, str], method: str, path: str
) -> None:
    answer = shared_erp.client.open(
        f"/_control/{path}",
        method=method,
        environ_base={"REMOTE_ADDR": address},
        headers={"Host": "localhost", **headers},
    )
    assert answer.status_code == 404


def test_it_describes_itself(shared_erp: Erp) -> None:
    described = shared_erp.client.get("/_control/").json
    assert described is not None
    assert set(described["fault_kinds"]) == set(KINDS)
    assert set(described["fault_fields"]) == {"match", "kind", "times", "seconds"}
    assert described["clock"] == {"now": START.isoformat(), "start": START.isoformat(), "speed": 0}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"match": "*", "kind": "explode"}, "one of delay, status"),
        ({"match": "*"}, "one of delay, status"),
        ({"match": "*", "kind": ["hang"]}, "one of delay, status"),
        ([], "a JSON object"),
        ({"match": "*", "kind": "hang", "loud": True}, "allowed are match, kind, times, seconds"),
        ({"match": "*", "kind": "hang", "status": 500}, "unknown field status"),
        ({"match": "Nothing", "kind": "hang"}, "SalesOrderLines"),
        ({"kind": "hang"}, "match is None"),
        ({"match": 7, "kind": "hang"}, "match is 7"),
        ({"match": "*", "kind": "hang", "times": 0}, "whole number"),
        ({"match": "*", "kind": "hang", "times": 1.5}, "whole number"),
        ({"match": "*", "kind": "hang", "times": True}, "whole number"),
        ({"match": "*", "kind": "hang", "seconds": -1}, "above 0"),
        ({"match": "*", "kind": "delay"}, "delay needs delay"),
        ({"match": "*", "kind": "delay", "delay": 601}, "0 to 600"),
        ({"match": "*", "kind": "delay", "delay": "1"}, "0 to 600"),
        ({"match": "*", "kind": "status"}, "status needs status"),
        ({"match": "*", "kind": "status", "status": 199}, "200 to 599"),
        ({"match": "*", "kind": "status", "status": 429, "retry_after": 5}, "the header's text"),
        ({"match": "*", "kind": "status", "status": 429, "retry_after": []}, "the header's text"),
        ({"match": "*", "kind": "status", "status": 429, "retry_after": "a\r\nb"}, "header's text"),
        ({"match": "*", "kind": "status", "status": 429, "body": {}}, "text"),
        ({"match": "*", "kind": "throttle-note", "key": "Hint"}, "Information"),
        ({"match": "*", "kind": "data"}, "`field`"),
        ({"match": "*", "kind": "data", "field": "x"}, "`set` or `remove`"),
        ({"match": "*", "kind": "data", "set": 1}, "`field`"),
        (
            {"match": "*", "kind": "data", "field": "x", "set": 1, "remove": True},
            "`set` or `remove`",
        ),
        ({"match": "*", "kind": "data", "duplicate": True, "field": "x"}, "`field`"),
        ({"match": "*", "kind": "data", "field": "x", "remove": False}, "true"),
        ({"match": "*", "kind": "data", "field": "x", "set": 1, "rows": "last"}, "first"),
    ],
)
def test_a_fault_that_cannot_be_set_says_what_is_allowed(erp: Erp, body: Any, reason: str) -> None:
    answer = erp.client.post("/_control/fault", json=body)
    assert answer.status_code == 400
    assert answer.json is not None
    assert reason in answer.json["error"]
    assert erp.client.get("/_control/").json["faults"] == []  # type: ignore[index]


def test_a_body_that_is_not_json_is_refused(erp: Erp) -> None:
    answer = erp.client.post("/_control/fault", data='{"match": "*", "kind": "hang"}')
    assert answer.status_code == 400
    assert erp.client.post("/_control/clock", data="x").status_code == 400


# The log


def test_the_log_tells_what_was_asked_and_answered(erp: Erp) -> None:
    erp.client.delete("/_control/log")
    erp.get(LINES, headers={"X-Request-ID": "abc", "If-None-Match": '"x"'}, top=1)
    erp.get("/data/Nothing")
    erp.client.get(
        "/data/CustomersV3?cross-company=true&$filter=dataAreaId eq 'demf'", headers=erp.headers
    )
    erp.get("/data/CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')")
    lines, nothing, german, single = erp.client.get("/_control/log").json  # type: ignore[misc]
    assert lines["method"] == "GET"
    assert lines["path"] == LINES
    assert lines["query"] == {"$top": "1"}
    assert lines["set"] == "SalesOrderLines"
    assert lines["status"] == 200
    assert lines["company"] is None
    assert lines["if_none_match"] is True
    assert lines["request_id"] == "abc"
    assert lines["time"].endswith("+00:00")
    assert (nothing["set"], nothing["status"], nothing["if_none_match"]) == (None, 404, False)
    assert (german["set"], german["company"]) == ("CustomersV3", "demf")
    assert (single["set"], single["company"]) == ("CustomersV3", "usmf")
    assert erp.client.delete("/_control/log").json == []
    assert erp.client.get("/_control/log").json == []


def test_faults_are_in_the_log_and_calls_to_control_are_not(erp: Erp) -> None:
    erp.client.delete("/_control/log")
    erp.fault("status", status=500, times=1)
    erp.get(LINES)
    (call,) = erp.client.get("/_control/log").json  # type: ignore[misc]
    assert (call["status"], call["fault"]) == (500, "status")


def test_no_credential_gets_into_the_log(erp: Erp) -> None:
    erp.client.post("/demo/oauth2/v2.0/token", data=CREDENTIALS)
    erp.client.get("/query?function=COPPER&apikey=my-secret-key&APIKEY=my-secret-key")
    erp.get(LINES, top=1)
    text = erp.client.get("/_control/log").text
    token = erp.headers["Authorization"].removeprefix("Bearer ")
    for secret in ("my-secret-key", "demo-secret", token):
        assert secret not in text
    assert "COPPER" in text


# Clock and reset


def clock(erp: Erp, **body: Any) -> TestResponse:
    return erp.client.post("/_control/clock", json=body)


def test_the_clock_can_be_moved_and_its_speed_set(erp: Erp) -> None:
    assert clock(erp, advance=90).json["now"] == "2026-01-15T08:01:30+00:00"  # type: ignore[index]
    assert clock(erp, set="2026-03-01T00:00:00Z").json["now"] == "2026-03-01T00:00:00+00:00"  # type: ignore[index]
    assert clock(erp, set="2026-03-01T01:00:00+01:00").json["now"] == "2026-03-01T00:00:00+00:00"  # type: ignore[index]
    assert clock(erp, speed=3600).json["speed"] == 3600  # type: ignore[index]
    assert clock(erp, speed=0).json["speed"] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"advance": "soon"},
        {"advance": -1},
        {"advance": 1e300},
        {"advance": 1, "speed": 1},
        {"set": "tomorrow"},
        {"set": "2020-01-01T00:00:00Z"},
        {"set": "2050-01-01T00:00:00Z"},
        {"speed": -1},
        {"rewind": 1},
    ],
)
def test_a_clock_that_cannot_be_set_so(erp: Erp, body: dict[str, Any]) -> None:
    answer = clock(erp, **body)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"]
    assert erp.client.get("/_control/").json["clock"]["now"] == START.isoformat()  # type: ignore[index]


def test_simulated_time_runs_at_its_speed(erp: Erp, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [50.0]
    monkeypatch.setattr("mock_erp.clock.time.monotonic", lambda: now[0])
    clock(erp, speed=100)
    now[0] += 3
    assert erp.client.get("/_control/").json["clock"]["now"] == "2026-01-15T08:05:00+00:00"  # type: ignore[index]
    clock(erp, speed=1)
    now[0] += 60
    assert erp.client.get("/_control/").json["clock"]["now"] == "2026-01-15T08:06:00+00:00"  # type: ignore[index]


def test_reset_brings_back_the_beginning(erp: Erp) -> None:
    before = erp.rows("SalesOrderLines")
    erp.fault("status", status=500)
    clock(erp, advance=86400 * 9)
    clock(erp, speed=7)
    assert erp.client.post("/_control/reset").status_code == 200
    described = erp.client.get("/_control/").json
    assert described is not None
    assert described["faults"] == []
    assert described["clock"] == {"now": START.isoformat(), "start": START.isoformat(), "speed": 0}
    assert erp.client.get("/_control/log").json == []
    # Who is signed in stays so: for tokens that end there is a fault.
    assert erp.rows("SalesOrderLines") == before
