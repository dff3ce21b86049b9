"""The rows of Dynamics 365 Finance & Operations that we read, and the records that they become.

Only the fields that are used are named, by the entities' public names.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictStr, TypeAdapter

from widgets.upstream.reads import Kind
from widgets.upstream.records import (
    Customer,
    Invoice,
    OnHand,
    OrderLine,
    OrderStatus,
    Product,
    SalesOrder,
)
from widgets.upstream.wire import Day, Key, Moment, Number, Row, Text

R = TypeVar("R", bound=Row)

_STATUS = {
    "Backorder": OrderStatus.OPEN,
    "Delivered": OrderStatus.SHIPPED,
    "Invoiced": OrderStatus.INVOICED,
    "Canceled": OrderStatus.CANCELED,
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

    def record(self) -> Invoice:
        return Invoice(self.number, self.order, self.date)


class CustomerRow(CompanyRow):
    account: Key = Field(alias="CustomerAccount")
    name: Text = Field(alias="OrganizationName")

    def key(self) -> object:
        return self.account

    def record(self) -> Customer:
        return Customer(self.account, self.name)


C = TypeVar("C", bound=CompanyRow)


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
ENTITY_SETS = frozenset(
    entity.name for entity in (ON_HAND, PRODUCTS, ORDERS, LINES, INVOICES, CUSTOMERS)
)
"""The standard names of all that is read; an account that reads for us needs no more than these."""
