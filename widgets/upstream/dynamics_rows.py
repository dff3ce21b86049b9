"""The rows of Dynamics 365 Finance & Operations that we read, and the records that they become.

Only the fields that are used are named, by the entities' public names. A row is kept for as long as the
answer that it is from, and its record with it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictStr, TypeAdapter

from widgets.upstream.answers import unreadable
from widgets.upstream.reads import Kind
from widgets.upstream.records import (
    Customer,
    Invoice,
    OnHand,
    OrderLine,
    OrderStatus,
    Product,
    QualityOrder,
    QualityResult,
    QualityStatus,
    SalesOrder,
)
from widgets.upstream.wire import Day, Key, Moment, Number, Row, Text

R = TypeVar("R", bound=Row)

CALLED = "the ERP"

_STATUS = {
    "Backorder": OrderStatus.OPEN,
    "Delivered": OrderStatus.SHIPPED,
    "Invoiced": OrderStatus.INVOICED,
    "Canceled": OrderStatus.CANCELED,
}

_QUALITY = {
    "Open": QualityStatus.OPEN,
    "Pass": QualityStatus.PASSED,
    "Fail": QualityStatus.FAILED,
}


class Page(BaseModel, Generic[R]):
    """One page of a collection."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    value: list[R]
    next_link: StrictStr | None = Field(None, alias="@odata.nextLink")


class CompanyRow(Row, ABC):
    company: Key = Field(alias="dataAreaId")

    @abstractmethod
    def key(self) -> object:
        """What tells the row from the others of its set and company."""


C = TypeVar("C", bound=CompanyRow)


@dataclass(frozen=True, slots=True)
class Rows(Generic[C]):
    """One page of a collection, checked. rows: by their keys, so that none is there twice."""

    rows: Mapping[object, C]
    next_link: str | None


def rows_of(page: Page[C], company: str, name: str) -> Rows[C]:
    """Raises UpstreamInvalid, as `of_company` does. name: of the entity set."""
    return Rows({row.key(): of_company(row, company, name) for row in page.value}, page.next_link)


def of_company(row: C, company: str, name: str) -> C:
    """The row, if it is the company's. An upstream that leaves a filter out must not show one company's
    figures to another."""
    if row.company.casefold() != company.casefold():
        raise unreadable(CALLED, name, field="dataAreaId", detail="a row of another company")
    return row


class OnHandRow(CompanyRow):
    item: Key = Field(alias="ItemNumber")
    name: Text = Field(alias="ProductName")
    color: Text = Field(alias="ProductColorId")
    configuration: Text = Field(alias="ProductConfigurationId")
    size: Text = Field(alias="ProductSizeId")
    style: Text = Field(alias="ProductStyleId")
    version: Text = Field(alias="ProductVersionId")
    site: Text = Field(alias="InventorySiteId")
    warehouse: Text = Field(alias="InventoryWarehouseId")
    on_hand: Number = Field(alias="OnHandQuantity")
    reserved: Number = Field(alias="ReservedOnHandQuantity")
    available: Number = Field(alias="AvailableOnHandQuantity")
    ordered: Number = Field(alias="OrderedQuantity")
    on_order: Number = Field(alias="OnOrderQuantity")
    total_available: Number = Field(alias="TotalAvailableQuantity")

    def variant(self) -> tuple[str, ...]:
        return (self.color, self.configuration, self.size, self.style, self.version)

    def key(self) -> object:
        return (self.item, *self.variant(), self.site, self.warehouse)

    @cached_property
    def record(self) -> OnHand:
        return OnHand(
            item=self.item,
            name=self.name,
            variant=", ".join(part for part in self.variant() if part),
            site=self.site,
            warehouse=self.warehouse,
            on_hand=self.on_hand,
            reserved=self.reserved,
            available=self.available,
            ordered=self.ordered,
            on_order=self.on_order,
            total_available=self.total_available,
        )


class ProductRow(CompanyRow):
    item: Key = Field(alias="ItemNumber")
    name: Text = Field(alias="SearchName")
    unit: Text = Field(alias="InventoryUnitSymbol")

    def key(self) -> object:
        return self.item

    @cached_property
    def record(self) -> Product:
        return Product(self.item, self.name, self.unit)


class OrderRow(CompanyRow):
    number: Key = Field(alias="SalesOrderNumber")
    name: Text = Field(alias="SalesOrderName")
    customer: Text = Field(alias="OrderingCustomerAccountNumber")
    reference: Text = Field(alias="CustomersOrderReference")
    status: Text = Field(alias="SalesOrderStatus")
    currency: Text = Field(alias="CurrencyCode")
    created: Moment = Field(alias="OrderCreationDateTime")
    requested_shipping: Day = Field(alias="RequestedShippingDate")
    confirmed_shipping: Day = Field(alias="ConfirmedShippingDate")
    requested_receipt: Day = Field(alias="RequestedReceiptDate")
    confirmed_receipt: Day = Field(alias="ConfirmedReceiptDate")

    def key(self) -> object:
        return self.number

    @cached_property
    def record(self) -> SalesOrder:
        return SalesOrder(
            number=self.number,
            name=self.name,
            customer=self.customer,
            reference=self.reference,
            status=_STATUS.get(self.status, OrderStatus.UNKNOWN),
            currency=self.currency,
            created=self.created,
            requested_shipping=self.requested_shipping,
            confirmed_shipping=self.confirmed_shipping,
            requested_receipt=self.requested_receipt,
            confirmed_receipt=self.confirmed_receipt,
        )


class LineRow(CompanyRow):
    lot: Key = Field(alias="InventoryLotId")
    order: Key = Field(alias="SalesOrderNumber")
    number: Number = Field(alias="LineNumber")
    item: Text = Field(alias="ItemNumber")  # a line of a category has none
    description: Text = Field(alias="LineDescription")
    quantity: Number = Field(alias="OrderedSalesQuantity")
    unit: Text = Field(alias="SalesUnitSymbol")
    price: Number = Field(alias="SalesPrice")
    amount: Number = Field(alias="LineAmount")
    status: Text = Field(alias="SalesOrderLineStatus")
    warehouse: Text = Field(alias="ShippingWarehouseId")

    def key(self) -> object:
        return self.lot

    @cached_property
    def record(self) -> OrderLine:
        return OrderLine(
            order=self.order,
            number=self.number,
            item=self.item,
            description=self.description,
            quantity=self.quantity,
            unit=self.unit,
            price=self.price,
            amount=self.amount,
            status=_STATUS.get(self.status, OrderStatus.UNKNOWN),
            warehouse=self.warehouse,
        )


class InvoiceRow(CompanyRow):
    number: Key = Field(alias="InvoiceNumber")
    order: Key = Field(alias="SalesOrderNumber")
    date: Day = Field(alias="InvoiceDate")

    def key(self) -> object:
        return self.number

    @cached_property
    def record(self) -> Invoice:
        return Invoice(self.number, self.order, self.date)


class CustomerRow(CompanyRow):
    account: Key = Field(alias="CustomerAccount")
    name: Text = Field(alias="OrganizationName")

    def key(self) -> object:
        return self.account

    @cached_property
    def record(self) -> Customer:
        return Customer(self.account, self.name)


class QualityOrderRow(CompanyRow):
    number: Key = Field(alias="QualityOrderNumber")
    status: Text = Field(alias="QualityOrderStatus")
    item: Text = Field(alias="ItemNumber")
    name: Text = Field(alias="ProductName")
    production: Text = Field(alias="ProductionOrderNumber")
    validated: Moment = Field(alias="ValidatedDateTime")

    def key(self) -> object:
        return self.number

    @cached_property
    def record(self) -> QualityOrder:
        return QualityOrder(
            number=self.number,
            status=_QUALITY.get(self.status, QualityStatus.UNKNOWN),
            item=self.item,
            name=self.name,
            production=self.production,
            validated=self.validated,
        )


class QualityResultRow(CompanyRow):
    order: Key = Field(alias="QualityOrderNumber")
    sequence: Number = Field(alias="QualityOrderSequenceNumber")
    test: Key = Field(alias="QualityTestId")
    number: Number = Field(alias="ResultLineNumber")
    # Anything else would have to be guessed to be one of them.
    result: Literal["Pass", "Fail"] = Field(alias="TestResult")

    def key(self) -> object:
        return (self.order, self.sequence, self.test, self.number)

    @cached_property
    def record(self) -> QualityResult:
        return QualityResult(self.order, self.test, self.result == "Pass")


@dataclass(frozen=True, slots=True)
class EntitySet(Generic[C]):
    """An entity set that we read. `kind` says for how long its rows are kept."""

    name: str
    kind: Kind
    row: type[C]
    rows: TypeAdapter[C]
    pages: TypeAdapter[Page[C]]


def _entity_set(name: str, kind: Kind, row: type[C]) -> EntitySet[C]:
    # mypy takes the index of a generic model for a type; pydantic makes the model from the class.
    page: type[Page[C]] = Page[row]  # type: ignore[valid-type]
    return EntitySet(name, kind, row, TypeAdapter(row), TypeAdapter(page))


ON_HAND = _entity_set("WarehousesOnHandV2", "on_hand", OnHandRow)
PRODUCTS = _entity_set("ReleasedProductsV2", "products", ProductRow)
ORDERS = _entity_set("SalesOrderHeadersV2", "orders", OrderRow)
LINES = _entity_set("SalesOrderLines", "lines", LineRow)
INVOICES = _entity_set("SalesInvoiceHeadersV2", "invoices", InvoiceRow)
CUSTOMERS = _entity_set("CustomersV3", "customers", CustomerRow)
QUALITY_ORDERS = _entity_set("QualityOrderHeaders", "quality", QualityOrderRow)
QUALITY_RESULTS = _entity_set("QualityOrderLineResults", "quality", QualityResultRow)
_ALL = (ON_HAND, PRODUCTS, ORDERS, LINES, INVOICES, CUSTOMERS, QUALITY_ORDERS, QUALITY_RESULTS)
ENTITY_SETS = frozenset(entity.name for entity in _ALL)
"""The standard names of all that is read; an account that reads for us needs no more than these."""
