"""For each read that a new widget can start from: its parameters, its call, its columns and its test."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """heading: of the column. cell: Jinja for one `row`. number: set right, with figures of one width."""

    heading: str
    cell: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """What differs from read to read; see `scaffold_texts` for where it goes.

    source: the type that is asked for, the argument's name and the stand-in's, such as `_ERP`.
    record: the type of one row. declares: the two types, where they are the widget's own.
    noun: one row and several. says: the table in words. note: what else there is to know of the read.
    imports, params, call: Python of the widget; call ends with `found`.
    core: what else of `widgets.core` it needs. hint: what the viewer can do where there is nothing.
    ready, empty: the stand-ins of the test, with data and without. fields: what the first row must show.
    """

    source: tuple[str, str, str]
    record: str
    noun: tuple[str, str]
    says: str
    params: str
    call: str
    example: str
    columns: tuple[Column, ...]
    ready: str
    empty: str
    first: str
    made: str
    hint: str
    personal: bool = False
    imports: str = ""
    declares: str = ""
    note: str = ""
    core: str = "Company, Empty, Parameters, Text, Widget"


_ERP = ("Erp", "erp", "StandInErp")
_MARKET = ("MarketData", "market", "StandInMarket")
_COMPANY = "    company: Company\n"

_CARRIER = """\
class Carrier(JsonUpstream):
    \"""Your system. The table [carrier] of upstreams.toml says where it is; the mock ERP has one, too.\"""

    ttl = 60  # seconds for which an answer is fresh
    stale_for = 3600  # seconds after that for which it is shown, with its age, in an outage


@dataclass(frozen=True)
class Parcel:
    \"""What is used of an answer; whatever else it has is left out.\"""

    number: str
    contents: str
    status: str
    due: date


"""
_PARCEL = """\
Carrier.answering(
    {
        "/parcels": [
            {"number": "PX1", "contents": "Lamp", "status": "on its way", "due": "2026-11-21"},
        ]
    }
)"""

STARTS: dict[str, Start] = {
    "on_hand": Start(
        source=_ERP,
        record="OnHand",
        noun=("line of stock", "lines of stock"),
        says="stock on hand, least available first",
        params=_COMPANY
        + '    site: Text | None = Field(None, description="Site number; left out: every site")\n',
        call="    stock = erp.on_hand(params.company, site=params.site)\n"
        "    found = sorted(stock, key=lambda record: (record.available, record.item))\n",
        example='{"site": "1"}',
        columns=(
            Column("Item", "{{ row.name }} {{ row.item }}"),
            Column("Warehouse", "{{ row.warehouse }}"),
            Column("On hand", "{{ row.on_hand|number }}", number=True),
            Column("Available", "{{ row.available|number }}", number=True),
        ),
        ready='StandInErp(stock=[on_hand("B", there=5), on_hand("A", there=2)])',
        empty="StandInErp(stock=[])",
        made="StandInErp, on_hand",
        first='item == "A"',
        hint="Try another site.",
    ),
    "products": Start(
        source=_ERP,
        record="Product",
        noun=("product", "products"),
        says="products, by item number",
        params=_COMPANY
        + '    items: Text = Field(description="Item numbers, separated by commas")\n',
        call='    wanted = [item for item in params.items.split(",") if item]\n'
        "    products = erp.products(params.company, wanted).values()\n"
        "    found = sorted(products, key=lambda record: record.item)\n",
        example='{"items": "M0001,M0002"}',
        columns=(
            Column("Item", "{{ row.item }}"),
            Column("Name", "{{ row.name }}"),
            Column("Unit", "{{ row.unit }}"),
        ),
        ready='StandInErp(units={"M0001": "pcs"})',
        empty="StandInErp(units={})",
        made="StandInErp",
        first='unit == "pcs"',
        hint="Try other item numbers.",
    ),
    "orders": Start(
        source=_ERP,
        record="SalesOrder",
        noun=("order", "orders"),
        says="a customer's orders, newest first",
        params=_COMPANY + '    customer: Text = Field(description="Customer account")\n',
        call="    found = list(erp.find_orders(params.company, customer=params.customer))\n",
        example='{"customer": "US-030"}',
        columns=(
            Column("Order", "{{ row.number }}"),
            Column("Status", "{{ row.status.value|capitalize }}"),
            Column("Created", "{{ row.created|day }}"),
            Column("Ships", "{{ row.confirmed_shipping|day }}"),
        ),
        ready='StandInErp(orders=[replace(ORDER, customer="US-030")])',
        empty="StandInErp(orders=[])",
        made="ORDER, StandInErp",
        first='customer == "US-030"',
        hint="Try another customer account.",
        personal=True,
    ),
    "lines": Start(
        source=_ERP,
        record="OrderLine",
        noun=("line", "lines"),
        says="the lines of one order",
        params=_COMPANY + '    order: Text = Field(description="Sales order number")\n',
        call="    found = list(erp.order_lines(params.company, params.order))\n",
        example='{"order": "001524"}',
        columns=(
            Column("Item", "{{ row.description }} {{ row.item }}"),
            Column("Status", "{{ row.status.value|capitalize }}"),
            Column("Quantity", "{{ row.quantity|number }}", number=True),
            Column("Amount", "{{ row.amount|number(2) }}", number=True),
        ),
        ready="StandInErp()",
        empty="StandInErp(lines=[])",
        made="StandInErp",
        first='item == "M0001"',
        hint="Try another order.",
        personal=True,
    ),
    "invoices": Start(
        source=_ERP,
        record="Invoice",
        noun=("invoice", "invoices"),
        says="the invoices of one order, oldest first",
        params=_COMPANY + '    order: Text = Field(description="Sales order number")\n',
        call="    found = list(erp.invoices(params.company, params.order))\n",
        example='{"order": "001518"}',
        columns=(
            Column("Invoice", "{{ row.number }}"),
            Column("Order", "{{ row.order }}"),
            Column("Date", "{{ row.date|day }}"),
        ),
        ready='StandInErp(bills=[Invoice("CIV-000001", "001518", None)])',
        empty="StandInErp(bills=[])",
        made="StandInErp",
        first='number == "CIV-000001"',
        hint="Try another order.",
        personal=True,
    ),
    "prices": Start(
        source=_MARKET,
        record="Price",
        noun=("price", "prices"),
        says="the monthly prices of one commodity, newest first",
        params='    symbol: Literal["COPPER", "WHEAT", "WTI"] = Field("COPPER", description="Commodity")\n',
        call='    (history,) = market.price_histories([params.symbol], "monthly")\n'
        "    found = list(reversed(history.prices))\n",
        example='{"symbol": "COPPER"}',
        columns=(
            Column("Month", "{{ row.date|month }}"),
            Column("Price", "{{ row.value|number(2) }}", number=True),
        ),
        ready='StandInMarket([history("COPPER", "8000", "9000")])',
        empty='StandInMarket([history("COPPER")])',
        made="StandInMarket, history",
        first="value == 9000",
        hint="Try another commodity.",
        imports="from typing import Literal\n",
        core="Empty, Parameters, Widget",
    ),
    "rates": Start(
        source=_MARKET,
        record="ExchangeRate",
        noun=("rate", "rates"),
        says="what one euro was worth in the last weeks, newest first",
        params='    quote: Literal["USD", "GBP", "CHF"] = Field("USD", description="The other currency")\n',
        call="    today = datetime.now(UTC).date()\n"
        "    start = today - timedelta(days=30)\n"
        '    rates = market.exchange_rates("EUR", [params.quote], start=start, end=today)\n'
        "    found = list(reversed(rates))\n",
        example='{"quote": "USD"}',
        columns=(
            Column("Day", "{{ row.date|day }}"),
            Column("Currency", "{{ row.quote }}"),
            Column("Rate", "{{ row.rate|number(4) }}", number=True),
        ),
        ready='StandInMarket(rates=[ExchangeRate(datetime.now(UTC).date(), "EUR", "USD", Decimal("1.1"))])',
        empty="StandInMarket()",
        made="StandInMarket",
        first='rate == Decimal("1.1")',
        hint="Try another currency.",
        imports="from datetime import UTC, datetime, timedelta\nfrom typing import Literal\n",
        core="Empty, Parameters, Widget",
    ),
    "json": Start(
        source=("Carrier", "carrier", "Carrier"),
        record="Parcel",
        noun=("parcel", "parcels"),
        says="a customer's parcels",
        note=", or what another system of your own gives as JSON",
        declares=_CARRIER,
        params=_COMPANY + '    customer: Text = Field(description="Customer account")\n',
        call='    found = carrier.read("/parcels", list[Parcel], '
        "company=params.company, customer=params.customer)\n",
        example='{"customer": "US-007"}',
        columns=(
            Column("Parcel", "{{ row.contents }} {{ row.number }}"),
            Column("Status", "{{ row.status|capitalize }}"),
            Column("Due", "{{ row.due|day }}"),
        ),
        ready=_PARCEL,
        empty='Carrier.answering({"/parcels": []})',
        made="",
        first='number == "PX1"',
        hint="Try another customer.",
        personal=True,
        imports="from datetime import date\n",
    ),
}
