"""What a host or its token has locked stays as it is, and what was shown to one is never another's."""

import re

import pytest
from lxml import etree

from tests import html
from tests.embedding import by_hand
from tests.embedding.by_hand import bearer

HOSTS = f"""
{by_hand.SALES_AND_CRM}
[hosts.lobby]
name = "Lobby"
origins = ["https://lobby.contoso.com"]
access = "open"
locked = {{ site = "1", company = "usmf" }}

[hosts.hall]
name = "Hall"
origins = ["https://hall.contoso.com"]
access = "open"
locked = {{ company = "demf" }}
"""


@pytest.fixture
def client(settings, tmp_path):
    return by_hand.client_of(settings, HOSTS, tmp_path)


def shown(client, query: str, widget: str = "inventory", *, host: str = "sales", **locks: object):
    """The answer to a viewer whose token locks these parameters."""
    token = by_hand.token(iss=host, wid=widget, params=locks)
    return client.get(f"/widgets/{widget}/?host={host}&{query}", headers=bearer(token))


def item_at_several_sites(mock_erp) -> str:
    sites: dict[str, set[str]] = {}
    for row in mock_erp.rows("WarehousesOnHandV2", "$filter=dataAreaId eq 'usmf'"):
        sites.setdefault(row["ItemNumber"], set()).add(row["InventorySiteId"])
    mock_erp.control("POST", "reset")
    return next(i for i, where in sites.items() if {"1", "2"} <= where and i == i.strip())


def sites_of(answer) -> set[str]:
    """The sites of an item's rows, which say where they are as "1 / 13"."""
    cells = [html.words(cell) for cell in html.read(answer.text).iterfind(".//tbody/tr/*")]
    found = {where[1] for cell in cells if (where := re.match(r"(\w+) / \w+\b", cell))}
    assert found
    return found


def test_an_item_is_shown_at_the_locked_site_alone(client, mock_erp):
    item = item_at_several_sites(mock_erp)
    assert {"1", "2"} <= sites_of(shown(client, f"item={item}&rows=50"))
    for query in (f"item={item}", f"item={item}&site=1", f"item={item}&warehouse=21"):
        assert sites_of(shown(client, f"{query}&rows=50", site="1")) == {"1"}
    lobby = client.get(f"/widgets/inventory/?host=lobby&item={item}&rows=50")
    assert sites_of(lobby) == {"1"}


def test_a_locked_item_or_search_cannot_be_asked_around(client, mock_erp):
    item = item_at_several_sites(mock_erp)
    alone = sites_of(shown(client, f"item={item}"))
    assert sites_of(shown(client, "search=zzz", item=item)) == alone
    assert shown(client, "item=another", item=item).status_code == 400
    # To ask for an item takes a search away, but not one that is locked.
    assert sites_of(shown(client, f"item={item}", search=item)) == alone
    other = shown(client, f"item={item}", search="zzz")
    assert html.read(other.text).find(".//main").get("data-state") == "empty"


def test_a_locked_item_is_the_only_one_whose_quality_is_shown(client, mock_erp):
    rows = mock_erp.rows("QualityOrderHeaders", "$filter=dataAreaId eq 'usmf'")
    mock_erp.control("POST", "reset")
    mine = next(row for row in rows if row["QualityOrderStatus"] == "Fail")
    other = next(row for row in rows if row["ItemNumber"] != mine["ItemNumber"])

    def items(query: str) -> set[str]:
        answer = shown(client, f"period=90&{query}", "quality", item=mine["ItemNumber"])
        assert answer.status_code == 200
        return {a.text for a in html.read(answer.text).iterfind(".//a[@data-kind='item']")}

    assert items("") == {mine["ItemNumber"]}
    assert items(f"production={other['ProductionOrderNumber']}") == set()
    answer = shown(client, f"item={other['ItemNumber']}", "quality", item=mine["ItemNumber"])
    assert answer.status_code == 400


def orders(mock_erp) -> tuple[dict[str, str], dict[str, str]]:
    """An order each of two customers of usmf."""
    rows = mock_erp.rows("SalesOrderHeadersV2", "$filter=dataAreaId eq 'usmf'")
    mock_erp.control("POST", "reset")
    first = rows[0]
    customer = "OrderingCustomerAccountNumber"
    return first, next(row for row in rows if row[customer] != first[customer])


def test_a_customer_sees_no_other_customers_order(client, mock_erp):
    mine, other = orders(mock_erp)
    me = mine["OrderingCustomerAccountNumber"]

    def status(**query: str):
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        answer = shown(client, asked, "order-status", customer=me)
        assert other["SalesOrderName"] not in answer.text
        return answer.status_code

    assert status(order=mine["SalesOrderNumber"]) == 200
    assert status(order=other["SalesOrderNumber"]) == 404
    assert status(order="no-such-order") == 404
    assert status(order=other["SalesOrderNumber"], customer="") == 404
    assert status(customer=other["OrderingCustomerAccountNumber"]) == 400
    answer = shown(client, f"order={other['SalesOrderNumber']}", "order-status")
    assert answer.status_code == 200  # there is such an order


@pytest.mark.parametrize(
    ("locks", "query", "status"),
    [
        ({"company": "usmf"}, "company=usmf", 200),
        ({"company": "usmf"}, "company=USMF", 200),
        ({"company": "USMF"}, "company=usmf", 200),
        ({"company": "usmf"}, "company=", 200),
        ({"company": "usmf"}, "company=demf", 400),
        ({"company": "usmf"}, "company=DEMF", 400),
        ({"rows": 4}, "rows=4", 200),
        ({"rows": 4}, "rows=04", 200),
        ({"rows": "4"}, "rows=5", 400),
        ({"site": "1"}, "site=1", 200),
        ({"site": "1"}, "site=2", 400),
        ({"site": "1"}, "site=1&site=2", 200),
        ({"site": "1"}, "site=2&site=1", 400),
        ({"site": "1"}, "site=%20", 400),
        ({"search": ""}, "search=M", 400),
    ],
)
def test_an_address_may_repeat_what_is_locked_and_not_contradict_it(client, locks, query, status):
    answer = shown(client, query, **locks)
    assert answer.status_code == status
    if status == 400:
        page = html.read(answer.text)
        name = query.partition("=")[0]
        assert name in html.words(page.find(".//section"))


def test_a_contradiction_is_answered_without_the_locked_value(client, mock_erp):
    answer = shown(client, "company=demf", company="usmf")
    assert 'data-code="locked-parameter"' in answer.text
    assert "usmf" not in html.words(html.read(answer.text).find(".//section"))
    assert mock_erp.log() == []


def test_a_lock_with_a_value_that_the_widget_does_not_take_is_the_hosts_mistake(client, mock_erp):
    answer = shown(client, "", rows="999")
    assert answer.status_code == 403
    assert 'data-code="token-params"' in answer.text
    assert "Leave it out" not in answer.text
    assert mock_erp.log() == []


def test_a_locked_company_beats_the_servers_own(client, mock_erp):
    shown(client, "", company="demf")
    client.get("/widgets/inventory/?host=hall")
    filters = [call["query"]["$filter"] for call in mock_erp.log() if "OnHand" in call["set"]]
    assert len(filters) == 2
    assert all("'demf'" in each for each in filters)


def stock_reads(mock_erp) -> int:
    return sum("OnHand" in (call["set"] or "") for call in mock_erp.log())


def test_two_viewers_of_a_host_with_the_same_locks_share_one_read(client, mock_erp):
    first = shown(client, "site=1", company="usmf")
    second = shown(client, "site=1", company="usmf")
    assert first.status_code == second.status_code == 200
    assert stock_reads(mock_erp) == 1


def test_two_hosts_with_the_same_parameters_share_nothing(client, mock_erp):
    for host in ("sales", "crm", "sales", "crm"):
        assert shown(client, "site=1", host=host).status_code == 200
    assert stock_reads(mock_erp) == 2


def test_other_locks_are_another_viewer_even_where_they_lead_to_the_same_read(client, mock_erp):
    for locks in ({}, {"site": "1"}, {"company": "usmf"}, {"site": "1", "company": "usmf"}):
        assert shown(client, "site=1&company=usmf", **locks).status_code == 200
    assert stock_reads(mock_erp) == 4


def test_two_companies_are_shown_their_own_figures(client, mock_erp):
    bodies = {
        company: shown(client, "site=1&rows=50", company=company).text
        for company in ("usmf", "demf", "usmf")
    }
    assert stock_reads(mock_erp) == 2
    tables = {
        company: [html.words(row) for row in html.read(body).findall(".//table[1]/tbody/tr")]
        for company, body in bodies.items()
    }
    assert tables["usmf"]
    assert tables["demf"]
    assert tables["usmf"] != tables["demf"]


# --- Where the next request goes.


def followed(page: etree._Element) -> list[str]:
    """Every address in a page, and every hidden field of its forms as one."""
    names = ("href", "src", "action", "hx-get", "hx-post", "hx-push-url")
    found = [element.get(name) for element in page.iter() for name in names if element.get(name)]
    hidden = page.findall(".//input[@type='hidden']")
    return found + [f"?{field.get('name')}={field.get('value')}" for field in hidden]


@pytest.mark.parametrize("widget", ["inventory", "order-status", "ticker"])
@pytest.mark.parametrize("partial", [False, True])
def test_links_and_forms_carry_host_and_language_and_never_the_token(client, widget, partial):
    token = by_hand.token(wid=widget)
    answer = client.get(
        f"/widgets/{widget}/",
        query_string={"host": "sales", "locale": "de-DE", "theme": "dark", "token": token},
        headers={"HX-Request": "true"} if partial else {},
    )
    assert answer.status_code == 200
    assert token not in f"{answer.text}{answer.headers}"
    page = html.read(answer.text, partial=partial)
    assert not [address for address in followed(page) if "token" in address]
    links = [a.get("href") for a in page.findall(".//main//a") if a.get("href").startswith("?")]
    assert all("host=sales" in link and "locale=de-DE" in link for link in links)
    for form in page.findall(".//form"):
        hidden = {i.get("name"): i.get("value") for i in form.findall("./input[@type='hidden']")}
        assert hidden.items() >= {"host": "sales", "locale": "de-DE", "theme": "dark"}.items()
    assert links or page.findall(".//form")


def test_a_locale_of_the_host_is_the_frames(client):
    for tag, shown_as in (("de-de", "de-DE"), ("klingon", "en-US"), ("", "en-US")):
        page = html.read(client.get(f"/widgets/inventory/?host=lobby&locale={tag}").text)
        assert page.get("data-locale") == shown_as


def test_a_record_that_the_host_shows_is_a_parameter_that_is_left_out(client, mock_erp):
    item = item_at_several_sites(mock_erp)
    asked = f"entity_type=item&entity_id={item}&rows=50"
    assert sites_of(shown(client, asked)) == sites_of(shown(client, f"item={item}&rows=50"))
    assert sites_of(shown(client, asked, site="1")) == {"1"}
    # It is a hint, and no way around what is said outright or locked.
    assert shown(client, "entity_type=company&entity_id=demf").text.count("demf") == 0
    locked = shown(client, "entity_type=site&entity_id=2&item=" + item, site="1")
    assert sites_of(locked) == {"1"}
