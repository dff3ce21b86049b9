"""Parcels: where a customer's parcels are, what was shipped last first.

As the carrier says it: the place where a parcel was seen last, and the day on which it is due.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from pydantic import Field

from widgets.core import Company, Empty, Parameters, Text, Widget
from widgets.upstream import JsonUpstream

widget = Widget(
    __name__,
    title="Parcels",
    refresh=60,  # seconds between two looks at the data
    height=840,  # pixels that a plain iframe keeps for it
    personal=True,  # whether it shows data about persons, which only tokens open
    example={"customer": "US-007"},  # preview, test input and documentation
)


class Carrier(JsonUpstream):
    """Contoso's carrier. The table [carrier] of upstreams.toml says where it is."""

    ttl = 60  # seconds for which an answer is fresh
    stale_for = 3600  # seconds after that for which it is shown, with its age, in an outage


@dataclass(frozen=True)
class Parcel:
    """What is used of the carrier's answer; whatever else it sends is left out."""

    number: str
    order: str
    contents: str
    status: str
    place: str
    updated: datetime
    due: date
    late: bool
    weight_kg: Decimal


class Params(Parameters):
    company: Company
    customer: Text = Field(description="Customer account")
    order: Text | None = Field(None, description="Sales order number; left out: all orders")
    rows: int = Field(8, ge=1, le=50, description="Rows to show")


@dataclass(frozen=True)
class View:
    """What the template sees: the first of `total` parcels, or `empty`. `under_way` of them are on their way,
    and of these `late` are late."""

    rows: list[Parcel]
    total: int
    under_way: int
    late: int
    empty: Empty | None = None


@widget.view
def parcels(params: Params, carrier: Carrier) -> View:
    found = carrier.read(
        "/parcels",
        list[Parcel],
        company=params.company,
        customer=params.customer,
        order=params.order,
    )
    under_way = [parcel for parcel in found if parcel.status != "delivered"]
    return View(
        rows=found[: params.rows],
        total=len(found),
        under_way=len(under_way),
        late=sum(parcel.late for parcel in under_way),
        empty=None if found else Empty("No parcels here", "Try another customer or order."),
    )
