"""How old a page says that it is."""

import time
from datetime import datetime
from functools import partial

import pytest

from tests.html import words
from tests.site.figures.reading import (
    page,
)
from tests.upstream.conftest import Clock
from widgets import create_app
from widgets.site import upstreams
from widgets.upstream import readthrough
from widgets.upstream.breaker import FAILURES, RESTS


@pytest.fixture
def clock():
    """The clock that says when something was read. The page's age is told by the real one."""
    return Clock()


@pytest.fixture
def aging(settings, monkeypatch, clock):
    """A client of a server whose reads are dated by `clock`, with the times to live as they are."""
    dated = partial(readthrough.ReadThrough, clock=clock)
    monkeypatch.setattr(upstreams, "ReadThrough", dated)
    return create_app(settings).test_client()


def as_of(document):
    [moment] = document.findall(".//header//time")
    read_at = datetime.fromisoformat(moment.get("datetime"))
    assert words(moment).endswith(f"{read_at:%H:%M} UTC")
    return read_at.timestamp()


@pytest.mark.parametrize("names_read", [2_900, 3_900])  # still fresh, and no longer so
@pytest.mark.parametrize(
    ("seconds", "age"), [(75, "1 minute"), (730, "12 minutes"), (3_605, "1 hour")]
)
def test_a_page_is_exactly_as_old_as_its_stock(aging, mock_erp, clock, seconds, age, names_read):
    now = int(time.time())
    clock.now = now - seconds - names_read
    page(aging, "inventory", site="1")
    clock.now = now - seconds
    mock_erp.fault("ReleasedProductsV2", "status", status=503)
    fresh = page(aging, "inventory", site="1")
    assert (fresh.find(".//main").get("data-state"), as_of(fresh)) == ("ok", clock.now)
    mock_erp.fault("*", "status", status=503)
    clock.now = now
    stale = page(aging, "inventory", site="1")
    assert (stale.find(".//main").get("data-state"), as_of(stale)) == ("stale", now - seconds)
    [notice] = [p for p in stale.findall(".//p") if "What you see is" in words(p)]
    assert words(notice) == f"The ERP has a failure of its own. What you see is {age} old."


def test_a_page_is_as_old_as_its_oldest_figure(aging, mock_erp, clock):
    order = mock_erp.rows("SalesInvoiceHeadersV2")[0]["SalesOrderNumber"]
    now = int(time.time())
    clock.now = now - 30
    page(aging, "order-status", order=order)
    asked = len(mock_erp.log())
    clock.now = now
    again = page(aging, "order-status", order=order)
    assert as_of(again) == now - 30
    # Order and lines are asked for again while the page is shown, but not what was invoiced.
    for _ in range(100):
        sets = sorted(call["set"] for call in mock_erp.log()[asked:])
        if len(sets) >= 2:
            break
        time.sleep(0.05)
    assert sets == ["SalesOrderHeadersV2", "SalesOrderLines"]


def test_an_upstream_that_hangs_is_not_asked_again_at_once(settings, mock_erp, monkeypatch, clock):
    monkeypatch.setattr(upstreams, "ReadThrough", partial(readthrough.ReadThrough, clock=clock))
    client = create_app(settings.model_copy(update={"read_timeout": 0.4})).test_client()
    mock_erp.fault("WarehousesOnHandV2", "hang", times=FAILURES)
    for site in range(FAILURES):
        assert client.get(f"/widgets/inventory/?site={site}").status_code == 503
    asked = len(mock_erp.log())
    for path in ("inventory/?site=1", "inventory/?site=4", "order-status/?order=001001"):
        assert client.get(f"/widgets/{path}").status_code == 503
    assert len(mock_erp.log()) == asked
    clock.advance(RESTS[0])
    assert client.get("/widgets/inventory/?site=4").status_code == 200
