"""What the mock plays under an address of its own, for whoever asks there and for nobody else."""

import time

import pytest

from mock_erp import simulation
from mock_erp.app import Settings, create_app

from .conftest import CREDENTIALS, START, Erp

STOCK = "/data/WarehousesOnHandV2"
KEY = "/data/CustomersV3(dataAreaId='usmf',CustomerAccount='US-012')?cross-company=true"


def test_empty_has_no_rows_and_no_records(erp: Erp) -> None:
    assert erp.get(STOCK).json["value"]  # type: ignore[index]
    answer = erp.get(f"/_simulate/empty{STOCK}")
    assert (answer.status_code, answer.json["value"]) == (200, [])  # type: ignore[index]
    assert erp.get(KEY).status_code == 200
    assert erp.get(f"/_simulate/empty{KEY}").status_code == 404
    prices = erp.get("/_simulate/empty/query?function=COPPER&interval=monthly&apikey=demo")
    assert prices.json["data"] == []  # type: ignore[index]
    assert erp.get("/_simulate/empty/v2/rates").json == []


def test_whoever_has_no_token_is_refused_in_every_state_that_answers(erp: Erp) -> None:
    for state in ("empty", "slow"):
        assert erp.client.get(f"/_simulate/{state}{STOCK}").status_code == 401


def test_slow_answers_the_same_later(erp: Erp, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    assert erp.get(f"/_simulate/slow{KEY}").data == erp.get(KEY).data
    assert waited == [simulation.DELAY]


def test_stale_answers_only_what_fills_a_cache(erp: Erp) -> None:
    filling = erp.get(f"/_simulate/stale{STOCK}", {"X-Request-ID": "fill-0123456789"})
    assert filling.json["value"]  # type: ignore[index]
    after = erp.get(f"/_simulate/stale{STOCK}", {"X-Request-ID": "0123456789"})
    assert after.content_type.startswith("text/html")


def test_error_is_not_available_and_others_do_not_notice(erp: Erp) -> None:
    assert erp.get(f"/_simulate/error{STOCK}").status_code == 503
    assert erp.get(STOCK).status_code == 200


def test_the_next_page_is_in_the_same_state() -> None:
    app = create_app(Settings(start=START, page_size=2))
    client = app.test_client()
    token = client.post("/demo/oauth2/v2.0/token", data=CREDENTIALS).json["access_token"]  # type: ignore[index]
    headers = {"Authorization": f"Bearer {token}", "X-Request-ID": "fill-0123456789"}
    answer = client.get(f"/_simulate/stale{STOCK}", headers=headers)
    link = answer.json["@odata.nextLink"]  # type: ignore[index]
    assert link.startswith(f"http://localhost/_simulate/stale{STOCK}?")
    assert client.get(link, headers=headers).json["value"]  # type: ignore[index]


@pytest.mark.parametrize("path", ["/_simulate/", "/_simulate/odd/data", "/_simulate/odd"])
def test_any_other_state_lists_those_that_there_are(erp: Erp, path: str) -> None:
    answer = erp.get(path)
    assert answer.status_code == 404
    assert answer.text == "The states are empty, slow, stale, error.\n"
