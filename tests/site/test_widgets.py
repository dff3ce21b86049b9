"""The widgets through real HTTP to the mock ERP: the figures, the states, bad input, what is cached."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from jinja2 import ChoiceLoader, DictLoader, UndefinedError

from tests import html
from widgets.site.factory import find_widgets
from widgets.site.upstreams import SOURCES

NAMES = list(find_widgets(SOURCES))
HTMX = {"HX-Request": "true"}


def orders_by_status(mock_erp):
    rows = mock_erp.rows("SalesOrderHeadersV2", "$orderby=SalesOrderNumber desc")
    return {row["SalesOrderStatus"]: row for row in rows}


# --- The numbers equal what the ERP says.


def test_inventory_shows_what_the_erp_answers(client, mock_erp):
    rows = mock_erp.rows("WarehousesOnHandV2", "$filter=InventorySiteId eq '1'")
    sums: dict[str, list[Decimal]] = {}
    for row in rows:
        figures = sums.setdefault(row["ItemNumber"], [Decimal(0)] * 4)
        for n, name in enumerate(("OnHand", "ReservedOnHand", "AvailableOnHand", "OnOrder")):
            figures[n] += Decimal(str(row[f"{name}Quantity"]))
    document = html.read(client.get("/widgets/inventory/?site=1&rows=50").text)
    shown = document.findall(".//tbody/tr[@id]")
    shown = [row for row in shown if row.get("id").startswith("row-")]
    assert len(shown) == min(50, len(sums))
    for row in shown:
        item = row.find("th/a[@class='code']").text
        numbers = [html.words(cell).split()[0].replace(",", "") for cell in row.findall("td")[:4]]
        assert [Decimal(n.replace("−", "-")) for n in numbers] == sums[item], item
    short = sum(available < on_order for *_, available, on_order in sums.values())
    assert html.words(document.find(".//p[@class='answer']/strong")) == str(short)


def test_every_order_is_shown_with_the_sum_of_its_lines(client, mock_erp):
    for order in orders_by_status(mock_erp).values():
        number = order["SalesOrderNumber"]
        lines = mock_erp.rows("SalesOrderLines", f"$filter=SalesOrderNumber eq '{number}'")
        total = sum(
            Decimal(str(line["LineAmount"]))
            for line in lines
            if line["SalesOrderLineStatus"] != "Canceled"
        )
        document = html.read(client.get(f"/widgets/order-status/?order={number}").text)
        foot = [html.words(cell) for cell in document.findall(".//tfoot/tr/td")]
        assert foot[2] == f"{total:,.2f}"
        assert len(document.findall(".//tbody/tr")) == len(lines)


def test_ticker_shows_the_last_published_price(client, mock_erp):
    feed = mock_erp.http.get(
        f"{mock_erp.url}/query?function=COPPER&interval=monthly&apikey=demo", timeout=30
    ).json()
    last = next(row for row in feed["data"] if row["value"] != ".")
    document = html.read(client.get("/widgets/ticker/?symbols=COPPER").text)
    assert (
        html.words(document.find(".//*[@class='quote-value']")) == f"{Decimal(last['value']):,.2f}"
    )
    assert document.find(".//*[@id='quote-COPPER']//time").get("datetime") == last["date"]
    assert feed["unit"] in html.words(document.find(".//*[@id='quote-COPPER']"))


@pytest.mark.parametrize("period", [7, 30])
def test_quality_counts_what_the_erp_validated(client, mock_erp, period):
    rows = mock_erp.rows("QualityOrderHeaders", "$filter=dataAreaId eq 'usmf'")
    days = {row["QualityOrderNumber"]: row["ValidatedDateTime"][:10] for row in rows}
    last = date.fromisoformat(max(days.values()))
    first = str(last - timedelta(days=period - 1))
    rows = [row for row in rows if days[row["QualityOrderNumber"]] >= first]
    failed = {r["QualityOrderNumber"] for r in rows if r["QualityOrderStatus"] == "Fail"}
    assert failed
    document = html.read(client.get(f"/widgets/quality/?period={period}").text)
    foot = [html.words(cell) for cell in document.findall(".//tfoot/tr/td")]
    assert foot[:2] == [str(len(rows) - len(failed)), str(len(failed))]
    results = mock_erp.rows("QualityOrderLineResults", "$filter=dataAreaId eq 'usmf'")
    failures = [
        r for r in results if r["TestResult"] == "Fail" and r["QualityOrderNumber"] in failed
    ]
    table = document.find(".//*[@id='pareto-figures']//tbody")
    shown = {
        html.words(row.find("th")).split()[0]: int(html.words(row.find("td"))) for row in table
    }
    assert shown == Counter(row["QualityTestId"] for row in failures)


@pytest.mark.parametrize("company", ["usmf", "demf"])
def test_a_company_sees_its_own_figures_only(client, mock_erp, company):
    rows = mock_erp.rows(
        "WarehousesOnHandV2", f"cross-company=true&$filter=dataAreaId eq '{company}'"
    )
    item = rows[0]["ItemNumber"]
    there = sum(Decimal(str(row["OnHandQuantity"])) for row in rows if row["ItemNumber"] == item)
    for _ in range(2):  # the second time from the cache
        document = html.read(
            client.get("/widgets/inventory/", query_string={"company": company, "item": item}).text
        )
        cells = [html.words(c) for c in document.findall(".//tbody/tr/td[1]") if c.get("class")]
        assert sum(Decimal(cell.replace(",", "")) for cell in cells) == there


# --- Frame and partial, cache and revalidation.


@pytest.mark.parametrize("name", NAMES)
def test_a_second_look_costs_the_upstream_nothing(client, app, mock_erp, name):
    example = app.blueprints[name].example
    client.get(f"/widgets/{name}/", query_string=example)
    calls = len(mock_erp.log())
    assert calls > 0
    again = client.get(f"/widgets/{name}/", query_string=example, headers=HTMX)
    assert len(mock_erp.log()) == calls
    unchanged = client.get(
        f"/widgets/{name}/",
        query_string=example,
        headers={**HTMX, "If-None-Match": again.headers["ETag"]},
    )
    assert (unchanged.status_code, unchanged.data) == (304, b"")


def test_a_search_is_answered_from_what_was_read(client, mock_erp):
    client.get("/widgets/inventory/?site=1")
    stock_reads = [call for call in mock_erp.log() if "WarehousesOnHandV2" in call["path"]]
    for text in ("s", "sp", "speaker"):
        assert client.get(f"/widgets/inventory/?site=1&search={text}").status_code == 200
    assert [c for c in mock_erp.log() if "WarehousesOnHandV2" in c["path"]] == stock_reads


def test_the_request_id_goes_to_the_upstream(client, mock_erp):
    client.get("/widgets/inventory/?site=1", headers={"X-Request-ID": "0123456789abcdef"})
    assert {call["request_id"] for call in mock_erp.log()} == {"0123456789abcdef"}


# --- Bad input.


@pytest.mark.parametrize(
    ("path", "parameter", "allowed"),
    [
        ("inventory/?rows=0", "rows", "at least 1"),
        ("inventory/?rows=many", "rows", "a whole number"),
        ("inventory/?company=a'b", "company", "1 to 4 letters or digits"),
        ("inventory/?site=%27", "site", "1 to 10 letters, digits"),
        ("inventory/?item=M*", "item", "without asterisks"),
        ("order-status/?reference=*", "reference", "without asterisks"),
        ("quality/?period=31", "period", "one of 7, 14, 30 or 90"),
        ("quality/?target=101", "target", "at most 100"),
        ("quality/?production=P*", "production", "without asterisks"),
        ("ticker/?symbols=GOLD", "symbols", "COPPER"),
        ("ticker/?range=9y", "range", "10y"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_wrong_parameter_is_named_with_what_is_allowed(
    client, mock_erp, path, parameter, allowed, headers
):
    answer = client.get(f"/widgets/{path}", headers=headers)
    assert answer.status_code == 400
    html.read(answer.text, partial=bool(headers))
    assert f"The parameter {parameter} must be" in answer.text
    assert allowed in answer.text
    assert mock_erp.log() == []


def test_a_combination_that_is_not_published_is_said(client):
    answer = client.get("/widgets/ticker/?symbols=COPPER&interval=daily")
    assert answer.status_code == 400
    said = html.words(html.read(answer.text))
    assert "The parameter interval must not be daily for the symbols COPPER" in said


HOSTILE = [
    " leading space",
    "O'Neil",
    "''",
    '"><script>alert(1)</script>',
    "<img src=x onerror=alert(1)>",
    "日本語 ✓",
    "%27%20or%201%20eq%201",
    "a') or (1 eq 1",
    "../../$metadata",
    "a/b?c#d",
    "{{config}}",
]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        ("inventory", "item"),
        ("order-status", "order"),
        ("order-status", "reference"),
        ("quality", "item"),
    ],
)
def test_a_strange_value_is_a_value_and_nothing_else(client, name, parameter, value):
    answer = client.get(f"/widgets/{name}/", query_string={parameter: value})
    assert answer.status_code == 404
    document = html.read(answer.text)
    assert f"“{value}”" in "".join(document.find(".//section").itertext())
    assert len(document.findall(".//script")) == 1


@pytest.mark.parametrize("value", HOSTILE)
def test_a_strange_search_finds_nothing_and_is_shown_as_text(client, value):
    answer = client.get("/widgets/inventory/", query_string={"site": "1", "search": value})
    document = html.read(answer.text)
    assert document.find(".//input[@id='search']").get("value") == value


@pytest.mark.parametrize("value", ["*", "a*b"])
def test_an_asterisk_in_a_search_stands_for_nothing(client, value):
    answer = client.get("/widgets/inventory/", query_string={"site": "1", "search": value})
    assert answer.status_code == 200


def test_an_item_with_a_leading_space_is_found(client, mock_erp):
    item = next(
        row["ItemNumber"]
        for row in mock_erp.rows("WarehousesOnHandV2")
        if row["ItemNumber"].startswith(" ")
    )
    assert client.get("/widgets/inventory/", query_string={"item": item}).status_code == 200


# --- Proper states.


def test_an_empty_form_is_a_state_and_costs_nothing(client, mock_erp):
    answer = client.get("/widgets/order-status/")
    document = html.read(answer.text)
    assert answer.status_code == 200
    assert document.find(".//main").get("data-state") == "empty"
    assert document.find(".//details[@open]") is not None
    assert mock_erp.log() == []


def test_several_orders_are_a_choice(client, mock_erp):
    rows = mock_erp.rows("SalesOrderHeadersV2")
    references = [row["CustomersOrderReference"] for row in rows]
    shared = next(r for r in references if r and references.count(r) > 1)
    document = html.read(
        client.get("/widgets/order-status/", query_string={"reference": shared}).text
    )
    assert len(document.findall(".//tbody/tr")) == references.count(shared)
    chosen = document.find(".//tbody/tr/th/a").get("href")
    assert client.get(f"/widgets/order-status/{chosen}").status_code == 200


def test_a_place_without_stock_is_empty_and_not_an_error(client):
    answer = client.get("/widgets/inventory/?site=77")
    assert answer.status_code == 200
    assert html.read(answer.text).find(".//main").get("data-state") == "empty"


def test_a_production_order_without_quality_orders_is_empty_and_not_an_error(client):
    answer = client.get("/widgets/quality/?production=nope")
    assert answer.status_code == 200
    assert html.read(answer.text).find(".//main").get("data-state") == "empty"


def test_links_and_forms_carry_only_what_the_widget_knows(client):
    answer = client.get("/widgets/ticker/?symbols=WTI&theme=dark&userlcid=1033&email=a@b.c")
    assert "email" not in answer.text
    assert "userlcid" not in answer.text
    link = html.read(answer.text).find(".//*[@id='quote-WTI']").get("href")
    assert link == "?symbols=WTI&theme=dark&selected=WTI"


def test_the_theme_is_the_frames(client):
    for theme, expected in (("dark", "dark"), ("contrast", "contrast"), ("neon", None), ("", None)):
        document = html.read(client.get(f"/widgets/order-status/?theme={theme}").text)
        assert document.get("data-theme") == expected


def test_a_field_that_a_row_has_not_is_a_fault_and_no_blank(app):
    name = "widgets/inventory.html"
    source, _, _ = app.jinja_loader.get_source(app.jinja_env, name)
    assert "row.available|" in source
    misspelt = DictLoader({name: source.replace("row.available|", "row.availabel|")})
    app.jinja_loader = ChoiceLoader([misspelt, app.jinja_loader])
    app.jinja_env.cache.clear()
    with pytest.raises(UndefinedError) as caught:
        app.test_client().get("/widgets/inventory/?site=1")
    assert "'availabel'; Row has available, cover, " in str(caught.value)
    assert str(caught.value).endswith(": did you mean available?")
