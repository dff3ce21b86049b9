"""What the peers show, read from the ERP and kept for some seconds: the same for all of them."""

import os
import threading
from dataclasses import dataclass
from typing import Any

import requests
from cachetools import TTLCache, cached

COMPANY, SITE, ROWS = "usmf", "1", 8
COLUMNS = ("Item", "Name", "On hand", "Available", "On order", "Cover")
TITLE = "Available as a share of on hand"
TIMEOUT = 10  # seconds
KEEP = float(os.environ.get("BENCH_KEEP", "15"))  # seconds; as long as our widget keeps stock

_SELECT = (
    "ItemNumber,ProductName,OnHandQuantity,AvailableOnHandQuantity,OnOrderQuantity,dataAreaId,"
    "InventorySiteId,InventoryWarehouseId"
)
_session = requests.Session()


@dataclass(frozen=True, slots=True)
class Line:
    """One item, all warehouses of the site together; quantities in the item's own unit."""

    item: str
    name: str
    on_hand: float
    available: float
    on_order: float

    @property
    def cover(self) -> float | None:
        """How many times what is available would meet what is on order; None where nothing is."""
        return self.available / self.on_order if self.on_order else None

    @property
    def share(self) -> float:
        """Per cent of what is on hand that is available."""
        return 100 * self.available / self.on_hand if self.on_hand > 0 else 0.0

    def cells(self) -> tuple[str, ...]:
        """What a row of the table says, by `COLUMNS`."""
        figures = [f"{each:,.0f}" for each in (self.on_hand, self.available, self.on_order)]
        cover = "–" if self.cover is None else f"{self.cover:.2f}×"
        return (self.item, self.name, *figures, cover)


@cached(TTLCache(maxsize=16, ttl=KEEP), lock=threading.Lock())
def lines(erp_url: str = "") -> tuple[Line, ...]:
    """The eight items with the lowest cover, lowest first. erp_url: root of the ERP; the environment's
    BENCH_ERP_URL if left out. Raises requests.RequestException, and KeyError where there is no address."""
    root = erp_url or os.environ["BENCH_ERP_URL"]
    sums: dict[tuple[str, str], list[float]] = {}
    for row in _rows(root):
        found = sums.setdefault((row["ItemNumber"], row["ProductName"]), [0.0, 0.0, 0.0])
        for place, name in enumerate(("OnHand", "AvailableOnHand", "OnOrder")):
            found[place] += row[f"{name}Quantity"]
    every = [Line(item, name, *figures) for (item, name), figures in sums.items()]
    return tuple(sorted(every, key=_shortest_first)[:ROWS])


def _shortest_first(line: Line) -> tuple[int, bool, float, float, str]:
    level = 0 if line.available < line.on_order else 1 if line.available <= 0 else 2
    return (level, line.cover is None, line.cover or 0.0, line.available - line.on_order, line.item)


def _rows(root: str) -> list[dict[str, Any]]:
    form = {
        "grant_type": "client_credentials",
        "client_id": "demo",
        "client_secret": "demo-secret",
        "scope": f"{root}/.default",
    }
    token = _session.post(f"{root}/demo/oauth2/v2.0/token", data=form, timeout=TIMEOUT)
    token.raise_for_status()
    headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
    url: str | None = f"{root}/data/WarehousesOnHandV2"
    query: dict[str, str] | None = {
        "cross-company": "true",
        "$filter": f"dataAreaId eq '{COMPANY}' and InventorySiteId eq '{SITE}'",
        "$select": _SELECT,
    }
    rows: list[dict[str, Any]] = []
    while url:
        answer = _session.get(url, params=query, headers=headers, timeout=TIMEOUT)
        answer.raise_for_status()
        body = answer.json()
        rows += body["value"]
        url, query = body.get("@odata.nextLink"), None  # the link holds the query
    return rows
