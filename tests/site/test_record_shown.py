"""The record that a host shows stays the one that is shown, whatever link is pressed or form is sent, until
the viewer chooses otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest

from tests import html
from tests.embedding import by_hand
from tests.embedding.by_hand import bearer
from widgets.embedding.context import Entity, HostContext

HOSTS = f"""
{by_hand.SALES_AND_CRM}
[hosts.lobby]
name = "Lobby"
origins = ["https://lobby.contoso.com"]
access = "open"

[hosts.hall]
name = "Hall"
origins = ["https://hall.contoso.com"]
access = "open"
locked = {{ item = "M0001" }}
rate_limit = 1

[hosts.d365]
name = "Model-driven app"
origins = ["https://contoso.crm.dynamics.com"]
platform = "dynamics365"
access = "open"

[hosts.force]
name = "Salesforce"
origins = ["https://contoso.lightning.force.com"]
platform = "salesforce"
access = "open"
"""


@pytest.fixture
def client(settings, tmp_path):
    return by_hand.client_of(settings, HOSTS, tmp_path)


@pytest.fixture
def failed(mock_erp) -> list[str]:
    """Items of which quality orders failed."""
    rows = mock_erp.rows("QualityOrderHeaders", "$filter=dataAreaId eq 'usmf'")
    mock_erp.control("POST", "reset")
    return sorted({row["ItemNumber"] for row in rows if row["QualityOrderStatus"] == "Fail"})


class Shown:
    """A widget's frame."""

    def __init__(self, client, address: str, **headers: str) -> None:
        self.address = address
        self.answer = client.get(address, headers=headers)
        self.page = html.read(self.answer.get_data(as_text=True))

    def link(self, words: str) -> str:
        links = (link for link in self.page.iterfind(".//a") if html.words(link) == words)
        address: str = urljoin(self.address, next(links).get("href"))
        return address

    def sent(self, **typed: str) -> str:
        """The address that its form asks for."""
        form = self.page.find(".//form")
        fields = {field.get("name"): field.get("value", "") for field in form.iterfind(".//input")}
        return urljoin(self.address, f"?{urlencode({**fields, **typed})}")


def query(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


def record(host: str, kind: str, key: str) -> str:
    return urlencode({"host": host, "entity_type": kind, "entity_id": key})


def items(shown: Shown) -> set[str]:
    return {link.text for link in shown.page.iterfind(".//a[@data-kind='item']")}


@pytest.mark.parametrize(
    "theirs",
    [
        "host=lobby&entity_type=target&entity_id=61",
        "host=d365&typename=target&id=61",
        "host=d365&entity_type=target&entity_id=61",
        "host=force&objectApiName=target&recordId=61",
    ],
)
def test_a_link_leads_to_the_same_record(client, theirs):
    address = f"/widgets/quality/?{theirs}"
    for period in ("7", "90"):
        shown = Shown(client, address)
        assert "target 61%" in html.words(shown.page.find(".//main"))
        address = shown.link(f"{period} d")
        assert query(address) == {
            "host": dict(parse_qsl(theirs))["host"],
            "target": "61",
            "period": period,
        }


def test_the_viewer_may_look_elsewhere(client, failed):
    one, other = failed[:2]
    hosts = f"/widgets/quality/?period=90&{record('lobby', 'item', one)}"
    assert items(Shown(client, hosts)) == {one}
    # The address of a page that shows one record and asks for another.
    chosen = Shown(client, f"{hosts}&item={other}")
    assert items(chosen) == {other}
    assert query(chosen.link("14 d"))["item"] == other
    everything = Shown(client, Shown(client, hosts).link("All items and production orders"))
    assert {one, other} <= items(everything)


def test_a_form_asks_for_the_same_record_unless_it_asks_for_records_itself(client, mock_erp):
    stock = mock_erp.rows("WarehousesOnHandV2", "$filter=dataAreaId eq 'usmf'")
    site, item = stock[0]["InventorySiteId"], stock[0]["ItemNumber"]
    at_a_site = Shown(client, f"/widgets/inventory/?{record('lobby', 'site', site)}")
    assert query(at_a_site.sent(search="a")) == {"host": "lobby", "site": site, "search": "a"}
    of_an_item = Shown(client, f"/widgets/inventory/?{record('lobby', 'item', item)}")
    found = Shown(client, of_an_item.sent(search="a"))
    assert query(found.address) == {"host": "lobby", "search": "a"}
    assert len(items(found)) > 1


def test_a_form_for_another_order_does_not_keep_the_one_that_is_shown(client, mock_erp):
    rows = mock_erp.rows("SalesOrderHeadersV2", "$filter=dataAreaId eq 'usmf'")
    number = rows[0]["SalesOrderNumber"]
    sent = bearer(by_hand.token(iss="sales", wid="order-status"))
    address = f"/widgets/order-status/?{record('sales', 'order', number)}"
    shown = Shown(client, address, **sent)
    assert number in html.words(shown.page.find(".//main"))
    assert "order" not in query(shown.sent())
    assert query(shown.sent(order="1", customer=""))["order"] == "1"


def test_what_is_wrong_with_the_record_can_be_left_out(client):
    shown = Shown(client, f"/widgets/inventory/?{record('lobby', 'rows', '999')}")
    assert shown.answer.status_code == 400
    assert client.get(shown.link("Leave it out")).status_code == 200


def test_what_cannot_be_written_into_a_page_is_in_no_link(client):
    shown = Shown(client, f"/widgets/quality/?{record('lobby', 'item', 'a')}%E2%80%AEb")
    assert "item" not in query(shown.link("7 d"))


# --- What wins over a record is in no link.


def test_a_lock_is_not_contradicted_by_a_link(client, failed):
    mine, other = failed[:2]
    for name, locks in (("sales", {"item": mine}), ("hall", {})):
        sent = bearer(by_hand.token(iss="sales", wid="quality", params=locks))
        address = f"/widgets/quality/?{record(name, 'item', other)}"
        shown = Shown(client, address, **(sent if locks else {}))
        assert shown.answer.status_code == 200
        assert "item" not in query(shown.link("7 d"))


def test_trying_again_after_a_refusal_contradicts_no_lock_and_keeps_the_record(client, failed):
    address = f"/widgets/quality/?{record('hall', 'item', failed[1])}"
    assert Shown(client, address).answer.status_code == 200
    refused = Shown(client, address)
    assert refused.answer.status_code == 429
    assert query(refused.link("Try again")) == query(address)


def test_what_this_server_says_itself_is_not_the_hosts_to_say(client):
    shown = Shown(client, f"/widgets/quality/?{record('lobby', 'company', 'demf')}")
    assert "company usmf" in html.words(shown.page.find(".//main"))
    assert "company" not in query(shown.link("7 d"))


def test_a_signed_record_stays_in_its_token_so_that_the_next_token_can_say_another(client, failed):
    def sent(item: str) -> dict[str, str]:
        ctx = {"entity": {"type": "item", "id": item}}
        return bearer(by_hand.token(iss="sales", wid="quality", ctx=ctx))

    one, other = failed[:2]
    address = "/widgets/quality/?host=sales&period=90"
    shown = Shown(client, address, **sent(one))
    assert items(shown) == {one}
    again = shown.link("90 d")
    assert query(again) == query(address)
    assert items(Shown(client, again, **sent(one))) == {one}
    assert items(Shown(client, again, **sent(other))) == {other}
    (saved,) = (link for link in shown.page.iterfind(".//a[@aria-label='Download items as CSV']"))
    lines = client.get(urljoin(address, saved.get("href")), headers=sent(one)).text.splitlines()
    assert [line.partition(",")[0] for line in lines[1:]] == [one]


# --- A widget that reads the record itself.


@contextmanager
def reading_the_context(client, slug: str) -> Iterator[list[HostContext]]:
    """What the widget is told of the page around, at each look."""
    widget = client.application.blueprints[slug]
    sound = widget.view_function
    told: list[HostContext] = []

    def view(params, erp, context):
        told.append(context)
        return sound.call(params, erp=erp)

    reads = {**sound.reads, "context": HostContext}
    widget.view_function = replace(sound, call=view, reads=reads)
    try:
        yield told
    finally:
        widget.view_function = sound


@pytest.mark.parametrize("host", ["lobby", "d365", "force"])
def test_it_is_told_of_it_again_and_of_whose_system_it_is(client, host):
    """Also in our own words, which the loader writes whatever the platform is."""
    address = f"/widgets/quality/?{record(host, 'account', 'A1')}&tenant=contoso"
    with reading_the_context(client, "quality") as told:
        shown = Shown(client, address)
        Shown(client, shown.link("7 d"))
    assert [(each.entity, each.tenant) for each in told] == [
        (Entity("account", "A1"), "contoso")
    ] * 2


def test_the_record_is_not_in_a_link_twice(client, failed):
    address = f"/widgets/quality/?{record('lobby', 'item', failed[0])}"
    with reading_the_context(client, "quality"):
        shown = Shown(client, address)
    assert query(shown.link("7 d")) == {**query(address), "period": "7"}
