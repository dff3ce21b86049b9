"""An upstream that fails, through real HTTP: what the viewer is told, and what is still shown."""

import logging
import re
import time
from functools import partial

import pytest

from tests import html
from tests.conftest import mock_erp_process
from widgets import create_app
from widgets.site import upstreams
from widgets.upstream.breaker import RESTS
from widgets.upstream.readthrough import ReadThrough

INVENTORY = "/widgets/inventory/?site=1&rows=3"
# Pieces of what the mock answers, and of how it is asked.
INTERNALS = (
    "stack",
    "Exception",
    "Simulated",
    "Service Unavailable",
    "10.0.0.4",
    "<html>hi",
    "{]",
    "Alpha Vantage",
    "Bearer",
    "demo-secret",
    "apikey",
    "oauth2",
    "/data",
    "/query",
    "127.0.0.1",
)


class Later:
    """The time, or so many seconds later."""

    seconds = 0.0

    def __call__(self) -> float:
        return time.time() + self.seconds


@pytest.fixture
def later(monkeypatch):
    """The clock of all reads: a failing upstream is left alone by it."""
    clock = Later()
    monkeypatch.setattr(upstreams, "ReadThrough", partial(ReadThrough, clock=clock))
    return clock


@pytest.fixture
def impatient(settings, later):
    """A client of a server whose answers are fresh for no time at all, and which waits but briefly."""
    app = create_app(
        settings.model_copy(
            update={"read_timeout": 0.4, "keep": {"on_hand": (0, 3600), "products": (0, 3600)}}
        )
    )
    app.testing = True
    return app.test_client()


def problem(answer) -> str:
    document = html.read(answer.text)
    assert document.find(".//main").get("data-state") == "error"
    return html.words(document.find(".//*[@role='alert']"))


def internals(answer):
    """What of the upstream is in the page. The server's own address and its hosts' may be there."""
    text = answer.text.replace(answer.request.host_url, "/").replace("http://127.0.0.1:*", "")
    return [word for word in INTERNALS if word in text]


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("status", {"status": 500}),
        ("status", {"status": 503}),
        ("html", {}),
        ("hang", {}),
        ("reset", {}),
        ("truncate", {}),  # it broke off, as a reset does: the next answer may well be whole
        ("delay", {"delay": 3}),
    ],
)
def test_nothing_cached_and_no_answer_is_503_that_tries_again(impatient, mock_erp, kind, more):
    mock_erp.fault("WarehousesOnHandV2", kind, **more)
    answer = impatient.get(INVENTORY)
    assert answer.status_code == 503
    wait = int(answer.headers["Retry-After"])
    assert 1 <= wait <= 60
    assert answer.headers["Cache-Control"] == "no-store"
    said = problem(answer)
    assert "No data right now" in said
    assert "The ERP" in said
    document = html.read(answer.text)
    # Scripts try again after the same time as pages without scripts do.
    assert document.find(".//main").get("data-refresh") == str(wait)
    assert f'<meta http-equiv="refresh" content="{wait}">' in answer.text
    assert internals(answer) == []


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("encoding", {}),
        ("looping-link", {}),
        ("status", {"status": 200, "body": "{]", "content_type": "application/json"}),
        ("status", {"status": 200, "body": "<html>hi</html>", "content_type": "text/html"}),
    ],
)
def test_nonsense_is_502_and_nothing_of_it_is_shown(impatient, mock_erp, kind, more):
    mock_erp.fault("WarehousesOnHandV2", kind, **more)
    answer = impatient.get(INVENTORY)
    assert answer.status_code == 502
    assert "sent data that cannot be read" in problem(answer)
    assert internals(answer) == []


@pytest.mark.parametrize("fault", [{"kind": "login"}, {"kind": "status", "status": 403}])
def test_a_refusal_is_for_the_operator_and_never_hidden_by_old_data(
    impatient, mock_erp, caplog, fault
):
    assert impatient.get(INVENTORY).status_code == 200
    mock_erp.fault("WarehousesOnHandV2", **fault)
    with caplog.at_level(logging.WARNING):
        answer = impatient.get(INVENTORY)
    assert answer.status_code == 502
    problem(answer)
    assert "WarehousesOnHandV2" in caplog.text
    assert "demo-secret" not in caplog.text


def test_data_that_was_read_stays_with_its_age_and_comes_back(impatient, mock_erp, later):
    fresh = html.read(impatient.get(INVENTORY).text)
    mock_erp.fault("*", "status", status=503, times=None)
    answer = impatient.get(INVENTORY)
    stale = html.read(answer.text)
    assert answer.status_code == 200
    assert stale.find(".//main").get("data-state") == "stale"
    assert [html.words(row) for row in stale.findall(".//tbody/tr")] == [
        html.words(row) for row in fresh.findall(".//tbody/tr")
    ]
    [notice] = [text for p in stale.findall(".//p") if "What you see" in (text := html.words(p))]
    assert re.fullmatch(
        r"The ERP has a failure of its own\. What you see is (less than a second|\d+ seconds?) old\.",
        notice,
    )
    assert internals(answer) == []
    mock_erp.control("DELETE", "fault")
    later.seconds = max(RESTS)
    assert 'data-state="ok"' in impatient.get(INVENTORY).text


@pytest.mark.parametrize(
    ("fault", "reason", "wait"),
    [
        ({"kind": "delay", "delay": 3, "times": 1}, "takes too long to answer", "10"),
        ({"kind": "status", "status": 500}, "has a failure of its own", "30"),
        ({"kind": "status", "status": 429, "retry_after": "5"}, "asked us to slow down", "30"),
    ],
    ids=["slow", "failure", "slow down"],
)
def test_a_page_with_old_data_looks_again_soon_only_where_newer_is_under_way(
    settings, mock_erp, fault, reason, wait
):
    keep = {"on_hand": (0, 3600), "products": (0, 3600)}
    client = create_app(settings.model_copy(update={"keep": keep})).test_client()
    assert client.get(INVENTORY).status_code == 200
    mock_erp.fault("WarehousesOnHandV2", **fault)
    stale = html.read(client.get(INVENTORY).text).find(".//main")
    assert reason in html.words(stale)
    assert (stale.get("data-state"), stale.get("data-refresh")) == ("stale", wait)


def test_what_was_read_outlives_the_erp(settings, tmp_path):
    with mock_erp_process() as (process, mock):
        settings = settings.model_copy(
            update={
                "erp_url": mock.url,
                "erp_token_url": f"{mock.url}/demo/oauth2/v2.0/token",
                "keep": {"on_hand": (0, 3600), "products": (0, 3600)},
                "cache_file": tmp_path / "other.sqlite",
            }
        )
        client = create_app(settings).test_client()
        assert 'data-state="ok"' in client.get(INVENTORY).text
        process.terminate()  # killed, it would leave behind a worker that answers a little longer
        process.wait()
        gone = client.get(INVENTORY)
        assert gone.status_code == 200
        assert 'data-state="stale"' in gone.text
        assert "The ERP is not answering." in gone.text
        never_read = client.get("/widgets/inventory/?site=2")
        assert never_read.status_code == 503


def test_a_failure_of_one_entity_set_leaves_the_others_readable(impatient, mock_erp):
    mock_erp.fault("WarehousesOnHandV2", "status", status=500)
    assert impatient.get(INVENTORY).status_code == 503
    assert impatient.get("/widgets/order-status/?order=001001").status_code == 200
    assert impatient.get("/widgets/order-status/?order=nope").status_code == 404


def test_a_wrong_type_names_entity_set_and_field(impatient, mock_erp):
    mock_erp.fault("WarehousesOnHandV2", "data", field="OnHandQuantity", set="12")
    answer = impatient.get(INVENTORY)
    assert answer.status_code == 502
    said = problem(answer)
    assert "WarehousesOnHandV2" in said
    assert "OnHandQuantity" in said


def test_what_the_erp_says_is_text_and_nothing_else(impatient, mock_erp):
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
    mock_erp.fault("WarehousesOnHandV2", "data", field="ProductName", set=hostile)
    document = html.read(impatient.get(INVENTORY).text)
    assert hostile in document.find(".//tbody/tr/th/span").text
    assert len(document.findall(".//script")) == 1
    assert not document.findall(".//img")


def test_throttling_in_disguise_is_an_error_and_not_kept(impatient, mock_erp, later):
    mock_erp.fault("/query", "throttle-note", times=1)
    answer = impatient.get("/widgets/ticker/?symbols=COPPER")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert problem(answer) == "No data right now The price feed asked us to slow down."
    assert internals(answer) == []
    asked = len(mock_erp.log())
    later.seconds = 58
    assert impatient.get("/widgets/ticker/?symbols=WTI").status_code == 503
    assert len(mock_erp.log()) == asked  # its quota is one for all symbols
    later.seconds = 61
    again = impatient.get("/widgets/ticker/?symbols=COPPER")
    assert again.status_code == 200
    assert html.read(again.text).find(".//main").get("data-state") == "ok"
    assert len(mock_erp.log()) == asked + 1


def test_the_retry_after_of_the_upstream_is_passed_on(impatient, mock_erp):
    mock_erp.fault("WarehousesOnHandV2", "status", status=429, retry_after="17", times=1)
    answer = impatient.get(INVENTORY)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "17")
    asked = len(mock_erp.log())
    assert impatient.get(INVENTORY).status_code == 503
    assert len(mock_erp.log()) == asked  # it was told to wait, and waits
