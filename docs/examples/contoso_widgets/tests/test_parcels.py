"""What `parcels` makes of what the carrier says. The carrier here is a stand-in, so nothing must run."""

import pytest
from contoso_widgets.parcels import Carrier, Params, parcels

from widgets.errors import UpstreamInvalid

PARCEL = {
    "number": "PX001524-1",
    "order": "001524",
    "contents": "Mid-range speaker",
    "status": "on its way",
    "place": "Denver hub",
    "updated": "2026-11-20T08:00:00Z",
    "due": "2026-11-21",
    "late": False,
    "weight_kg": 12.4,
}
PARAMS = Params.model_validate({"company": "usmf", "customer": "US-007"})


def test_parcels_are_shown_as_the_carrier_sorts_them() -> None:
    carrier = Carrier.answering({"/parcels": [PARCEL, PARCEL | {"number": "P2"}]})
    shown = parcels(PARAMS, carrier)
    assert [row.number for row in shown.rows] == ["PX001524-1", "P2"]
    assert shown.empty is None


def test_what_is_there_already_is_neither_under_way_nor_late() -> None:
    late, there = PARCEL | {"late": True}, PARCEL | {"late": True, "status": "delivered"}
    shown = parcels(PARAMS, Carrier.answering({"/parcels": [PARCEL, late, there]}))
    assert (shown.total, shown.under_way, shown.late) == (3, 2, 1)


def test_no_more_rows_than_asked_for_but_all_are_counted() -> None:
    carrier = Carrier.answering({"/parcels": [PARCEL] * 3})
    shown = parcels(PARAMS.model_copy(update={"rows": 1}), carrier)
    assert (len(shown.rows), shown.total) == (1, 3)


def test_the_order_is_asked_for_if_there_is_one() -> None:
    asked = "/parcels?company=usmf&customer=US-007"
    carrier = Carrier.answering({asked: [PARCEL, PARCEL], f"{asked}&order=001524": [PARCEL]})
    assert parcels(PARAMS, carrier).total == 2
    assert parcels(PARAMS.model_copy(update={"order": "001524"}), carrier).total == 1


def test_nothing_is_the_empty_state() -> None:
    assert parcels(PARAMS, Carrier.answering({"/parcels": []})).empty is not None


def test_an_answer_without_what_is_shown_is_refused() -> None:
    carrier = Carrier.answering({"/parcels": [{"number": "PX001524-1"}]})
    with pytest.raises(UpstreamInvalid, match="field order"):
        parcels(PARAMS, carrier)
