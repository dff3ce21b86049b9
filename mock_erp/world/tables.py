"""The state of the company as rows of the entity sets, in Dynamics' conventions: no null, numbers as
JSON numbers, a date alone at noon, "not set" as "" and as 1900-01-01T12:00:00Z."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from mock_erp.model import UNSET_DATE, Row
from mock_erp.world.catalogue import CURRENCIES
from mock_erp.world.simulation import Simulation
from mock_erp.world.state import Order, ProductionOrder


def number(hundredths: int) -> int | float:
    """Hundredths as the shortest JSON number."""
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def moment(instant: datetime | None) -> str:
    return UNSET_DATE if instant is None else f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def day(instant: datetime | None) -> str:
    return UNSET_DATE if instant is None else f"{instant:%Y-%m-%dT12:00:00Z}"


def on_hand(simulation: Simulation) -> Iterator[Row]:
    for rows in simulation.rows.values():
        for row in rows:
            yield {
                "dataAreaId": row.company,
                "ItemNumber": row.item.number,
                "ProductColorId": row.color,
                "ProductConfigurationId": "",
                "ProductSizeId": row.size,
                "ProductStyleId": "",
                "ProductVersionId": "",
                "InventorySiteId": row.site,
                "InventoryWarehouseId": row.warehouse,
                "ProductName": row.item.name,
                "OnHandQuantity": number(row.on_hand),
                "ReservedOnHandQuantity": number(row.reserved),
                "AvailableOnHandQuantity": number(row.available),
                "OrderedQuantity": number(row.ordered),
                "OnOrderQuantity": number(row.on_order),
                "TotalAvailableQuantity": number(row.total_available),
            }


def products(simulation: Simulation) -> Iterator[Row]:
    for company, rows in simulation.rows.items():
        for item in dict.fromkeys(row.item for row in rows):
            yield {
                "dataAreaId": company,
                "ItemNumber": item.number,
                "ProductNumber": item.number.strip(),
                "SearchName": item.name,
                "InventoryUnitSymbol": item.unit,
                "ProductType": "Item",
                "SalesPrice": number(item.price),
                "UnitCost": number(item.cost),
            }


def order_headers(simulation: Simulation) -> Iterator[Row]:
    for order in simulation.orders:
        confirmed = order.is_confirmed
        yield {
            "dataAreaId": order.company,
            "SalesOrderNumber": order.number,
            "SalesOrderName": order.customer.name,
            "OrderingCustomerAccountNumber": order.customer.account,
            "CurrencyCode": CURRENCIES[order.company],
            "CustomersOrderReference": order.reference,
            "SalesOrderStatus": order.status,
            "SalesOrderProcessingStatus": _processing_status(order),
            "OrderTotalAmount": 0,  # reads 0 in the real system too: sum the lines
            "RequestedShippingDate": day(order.requested_shipping),
            "ConfirmedShippingDate": day(order.requested_shipping if confirmed else None),
            "RequestedReceiptDate": day(order.requested_receipt),
            "ConfirmedReceiptDate": day(order.requested_receipt if confirmed else None),
            "OrderCreationDateTime": moment(order.created),
        }


def _processing_status(order: Order) -> str:
    return "Invoiced" if order.status == "Invoiced" else "Active"


def order_lines(simulation: Simulation) -> Iterator[Row]:
    for order in simulation.orders:
        for line in order.lines:
            yield {
                "dataAreaId": order.company,
                "InventoryLotId": line.lot_id,
                "SalesOrderNumber": order.number,
                "ItemNumber": line.row.item.number,
                "LineDescription": line.row.item.name,
                "SalesUnitSymbol": line.row.item.unit,
                "ShippingWarehouseId": line.row.warehouse,
                "LineNumber": line.number,
                "OrderedSalesQuantity": number(line.quantity),
                "SalesPrice": number(line.price),
                "LineAmount": number(line.amount),
                "SalesOrderLineStatus": line.status,
            }


def invoices(simulation: Simulation) -> Iterator[Row]:
    for invoice in simulation.invoices:
        yield {
            "dataAreaId": invoice.order.company,
            "InvoiceNumber": invoice.number,
            "SalesOrderNumber": invoice.order.number,
            "CurrencyCode": CURRENCIES[invoice.order.company],
            "InvoiceCustomerAccountNumber": invoice.order.customer.account,
            "CustomersOrderReference": invoice.order.reference,
            "TotalInvoiceAmount": number(invoice.amount),
            "InvoiceDate": day(invoice.date),
        }


def customer_rows(simulation: Simulation) -> Iterator[Row]:
    for customers in simulation.customers.values():
        for customer in customers:
            yield {
                "dataAreaId": customer.company,
                "CustomerAccount": customer.account,
                "OrganizationName": customer.name,
                "NameAlias": customer.name.split()[0],
                "PartyNumber": customer.party,
                "PrimaryContactEmail": customer.email,
                "PrimaryContactPhone": customer.phone,
                "FullPrimaryAddress": customer.address,
                "CreditRating": customer.rating,
                "PaymentTerms": customer.payment_terms,
                "CustomerGroupId": customer.group,
                "SalesCurrencyCode": CURRENCIES[customer.company],
                "CreditLimit": number(customer.credit_limit),
                "CreditLimitIsMandatory": "Yes" if customer.limit_is_mandatory else "No",
                "OnHoldStatus": customer.on_hold,
            }


def production_orders(simulation: Simulation) -> Iterator[Row]:
    for order in simulation.production:
        yield {
            "dataAreaId": order.row.company,
            "ProductionOrderNumber": order.number,
            "ItemNumber": order.row.item.number,
            "ProductionOrderName": order.row.item.name,
            "DemandSalesOrderNumber": order.demand_order,
            "ProductionOrderStatus": order.status,
            "ScheduledQuantity": number(order.quantity),
            "StartedQuantity": number(order.quantity if order.started else 0),
            "RemainingReportAsFinishedQuantity": number(_remaining(order)),
            "ScheduledStartDate": day(order.scheduled_start),
            "ScheduledEndDate": day(order.scheduled_end),
            "StartedDate": day(order.started),
            "EndedDate": day(order.ended),
            "DeliveryDate": day(order.scheduled_end),
        }


def _remaining(order: ProductionOrder) -> int:
    return order.quantity if order.started and not order.ended else 0


def quality_orders(simulation: Simulation) -> Iterator[Row]:
    for order in simulation.quality:
        row = order.production.row
        yield {
            "dataAreaId": row.company,
            "QualityOrderNumber": order.number,
            "ItemNumber": row.item.number,
            "ProductName": row.item.name,
            "QualityTestGroupId": "Finished",
            "ProductionOrderNumber": order.production.number,
            "SalesOrderNumber": "",
            "QualityOrderStatus": order.status,
            "InventoryQuantity": number(order.sample),
            "AcceptableQualityLevelPercentage": 95,
            "ValidatedDateTime": moment(order.validated),
        }


def quality_results(simulation: Simulation) -> Iterator[Row]:
    for order in simulation.quality:
        for result in order.results:
            yield {
                "dataAreaId": order.production.row.company,
                "QualityOrderNumber": order.number,
                "QualityOrderSequenceNumber": result.sequence,
                "QualityTestId": result.test,
                "ResultLineNumber": 1,
                "QualityTestVariableOutcomeId": result.outcome,
                "ResultValue": number(result.value),
                "TestResult": "Pass" if result.passed else "Fail",
            }


TABLES: dict[str, Callable[[Simulation], Iterator[dict[str, Any] | Row]]] = {
    "WarehousesOnHandV2": on_hand,
    "ReleasedProductsV2": products,
    "SalesOrderHeadersV2": order_headers,
    "SalesOrderLines": order_lines,
    "SalesInvoiceHeadersV2": invoices,
    "CustomersV3": customer_rows,
    "ProductionOrderHeaders": production_orders,
    "QualityOrderHeaders": quality_orders,
    "QualityOrderLineResults": quality_results,
}
