"""What the order-status widget makes of an order."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from tests.stand_ins import LINE, ORDER, StandInErp
from widgets.errors import BadParameter, NotFound
from widgets.order_status import MOST_MATCHES, Params, order_status
from widgets.upstream.records import Invoice, OrderStatus


def view(erp: StandInErp | None = None, **query: str):
    params = Params.model_validate({"company": "usmf", **query})
    return order_status(params, erp or StandInErp())


def lines(*statuses: OrderStatus):
    return [replace(LINE, number=Decimal(n), status=s) for n, s in enumerate(statuses, 1)]


def test_nothing_asked_is_a_form():
    empty = view().empty
    assert empty is not None
    assert empty.title == "Which order?"


def test_an_open_order_is_created_and_goes_no_further():
    shown = view(order="000002")
    assert shown.word == "Open"
    assert shown.customer == "Contoso Retail San Diego"
    assert [(step.name, step.state) for step in shown.steps] == [
        ("Created", "done"),
        ("Shipped", "ahead"),
        ("Invoiced", "ahead"),
    ]
    created, shipped, invoiced = shown.steps
    assert created.date == date(2026, 7, 1)
    assert (shipped.note, shipped.date) == ("confirmed", date(2026, 7, 22))
    assert invoiced.date is None


def test_without_a_promise_the_wish_is_shown():
    erp = StandInErp([], orders=[replace(ORDER, confirmed_shipping=None)])
    shipped = view(erp, order="000002").steps[1]
    assert (shipped.note, shipped.date) == ("requested", date(2026, 7, 20))


def test_part_of_the_lines_gone_is_partly_shipped():
    erp = StandInErp(lines=lines(OrderStatus.SHIPPED, OrderStatus.INVOICED, OrderStatus.OPEN))
    shown = view(erp, order="000002")
    assert shown.word == "Partly shipped"
    assert [step.state for step in shown.steps] == ["done", "partly", "partly"]
    assert shown.steps[1].share == "2 of 3 lines"
    assert shown.steps[2].share == "1 of 3 lines"


def test_the_word_never_says_other_than_the_path():
    """Header and lines are read a moment apart, so one can be ahead of the other."""
    shipped = StandInErp(lines=lines(OrderStatus.SHIPPED, OrderStatus.SHIPPED))
    assert view(shipped, order="000002").word == "Shipped"
    behind = StandInErp(
        orders=[replace(ORDER, status=OrderStatus.SHIPPED)],
        lines=lines(OrderStatus.SHIPPED, OrderStatus.OPEN),
    )
    assert view(behind, order="000002").word == "Partly shipped"
    assert view(behind, order="000002").steps[1].state == "partly"
    bare = StandInErp(orders=[replace(ORDER, status=OrderStatus.SHIPPED)], lines=[])
    assert view(bare, order="000002").word == "Shipped"


@pytest.mark.parametrize("query", [{"customer": "US-999"}, {"reference": "PO-9"}])
def test_an_order_of_another_customer_or_reference_is_not_shown(query):
    assert view(order="000002", customer="US-001", reference="PO-1").order == ORDER
    with pytest.raises(NotFound, match="number “000002” and"):
        view(order="000002", **query)


def test_an_account_that_cannot_be_asked_for_does_not_hide_the_order():
    class Strict(StandInErp):
        def customer(self, company, account):
            raise BadParameter("customer", "The parameter customer must not contain *.")

    assert view(Strict(), order="000002").customer == "Contoso Retail"


def test_the_last_of_several_invoices_is_the_date():
    erp = StandInErp(
        lines=lines(OrderStatus.INVOICED, OrderStatus.OPEN),
        bills=[Invoice("1", "000002", date(2026, 7, 30)), Invoice("2", "000002", date(2026, 8, 2))],
    )
    assert view(erp, order="000002").steps[2].date == date(2026, 8, 2)


def test_a_unit_that_all_lines_share_is_said_once():
    assert view(order="000002").unit == "pcs"
    mixed = [LINE, replace(LINE, unit="kg")]
    assert view(StandInErp(lines=mixed), order="000002").unit == ""


def test_an_invoiced_order_shows_when():
    erp = StandInErp(
        orders=[replace(ORDER, status=OrderStatus.INVOICED)],
        lines=lines(OrderStatus.INVOICED),
        bills=[Invoice("INV-1", "000002", date(2026, 7, 30))],
    )
    shown = view(erp, order="000002")
    assert [step.state for step in shown.steps] == ["done", "done", "done"]
    assert shown.steps[2].date == date(2026, 7, 30)


def test_a_canceled_order_never_gets_further():
    erp = StandInErp(
        orders=[replace(ORDER, status=OrderStatus.CANCELED)], lines=lines(OrderStatus.CANCELED)
    )
    shown = view(erp, order="000002")
    assert shown.word == "Canceled"
    assert [step.state for step in shown.steps] == ["done", "never", "never"]


def test_the_total_is_the_sum_of_the_lines_that_are_not_canceled():
    erp = StandInErp(lines=lines(OrderStatus.OPEN, OrderStatus.CANCELED, OrderStatus.OPEN))
    assert view(erp, order="000002").total == 3000


def test_a_customer_that_is_gone_does_not_hide_the_order():
    assert view(StandInErp(customers={}), order="000002").customer == "Contoso Retail"


def test_one_match_is_the_order_itself():
    order = view(reference="PO-1").order
    assert order is not None
    assert order.number == "000002"


def test_several_matches_are_a_choice():
    erp = StandInErp(orders=[replace(ORDER, number=str(n)) for n in range(MOST_MATCHES + 5)])
    shown = view(erp, reference="PO-1")
    assert shown.order is None
    assert len(shown.matches) == MOST_MATCHES
    assert shown.more == 5
    assert shown.matches[0].word == "Open"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"reference": "PO-9"}, "No order in company usmf has reference “PO-9”."),
        (
            {"reference": "PO-9", "customer": "X"},
            "No order in company usmf has reference “PO-9” and customer “X”.",
        ),
        ({"order": "999"}, "No order in company usmf has number “999”."),
    ],
)
def test_no_match_says_what_was_looked_for(query, said):
    with pytest.raises(NotFound) as caught:
        view(**query)
    assert caught.value.message == said


def test_a_status_without_a_word_is_shown_as_unknown():
    erp = StandInErp(orders=[replace(ORDER, status=OrderStatus.UNKNOWN)])
    assert view(erp, order="000002").word == "Unknown"


def test_whether_another_customers_order_exists_is_not_said():
    said = set()
    for number in ("000002", "999999"):
        with pytest.raises(NotFound) as caught:
            view(StandInErp(), order=number, customer="US-999")
        said.add(caught.value.message.replace(number, "…"))
    assert len(said) == 1
