"""The entity sets: one table that drives $metadata, the checking of queries and serialisation.

Where the names come from:
- the nine sets and their fields: recorded answers and clients generated from a real `$metadata`;
- `SalesOrderHeadersV2.OrderCreationDateTime` (Edm.DateTimeOffset): clients generated from a real
  `$metadata`, and public client code that selects it;
- `SalesInvoiceHeadersV2`: Microsoft's dual-write mapping "Sales invoice headers V2 to invoices" (all the
  fields below) and public client code that reads it;
- the enum types' names (`SalesStatus`, `ProdStatus`, `InventTestOutcomeStatus`, …) and the types of the
  properties: the same generated clients. Of `SalesOrderProcessingStatus` only the two members seen in
  recorded answers are declared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAMESPACE = "Microsoft.Dynamics.DataEntities"

# Dynamics has no null: an empty string and these dates stand for "not set".
UNSET_DATE = "1900-01-01T12:00:00Z"
OPEN_END_DATE = "2154-12-31T12:00:00Z"

Row = Mapping[str, Any]

ENUMS: dict[str, tuple[str, ...]] = {
    "NoYes": ("No", "Yes"),
    "SalesStatus": ("None", "Backorder", "Delivered", "Invoiced", "Canceled"),
    "SalesOrderProcessingStatus": ("Active", "Invoiced"),
    "CustVendorBlocked": ("No", "Invoice", "All", "Payment", "Requisition", "Never", "PurchOrder"),
    "ExchangeRateDisplayFactor": ("One", "Ten", "Hundred", "Thousand", "TenThousand"),
    "ProdStatus": (
        "Created",
        "CostEstimated",
        "Scheduled",
        "Released",
        "StartedUp",
        "ReportedFinished",
        "Completed",
    ),
    "InventTestOrderStatus": ("Open", "Fail", "Pass"),
    "InventTestOutcomeStatus": ("Fail", "Pass"),
    "EcoResProductType": ("Item", "Service"),
}


@dataclass(frozen=True, slots=True)
class EntitySet:
    """One entity set.

    entity_type: the singular name in `$metadata`.
    key: the key's properties, in order; every one is required to read a single entity.
    types: each property's type by name: "String", "Decimal", "Int32", "DateTimeOffset" (all Edm), or the
        name of an enum in ENUMS.
    navigation: navigation property -> (entity set it leads to, property that both sides share).
    """

    name: str
    entity_type: str
    key: tuple[str, ...]
    types: Mapping[str, str]
    navigation: Mapping[str, tuple[str, str]]

    @property
    def per_company(self) -> bool:
        """Whether rows belong to a company, so that the caller's default company narrows them."""
        return "dataAreaId" in self.types


def _entity_set(
    name: str,
    entity_type: str,
    key: str,
    navigation: Mapping[str, tuple[str, str]] | None = None,
    **fields: str,
) -> EntitySet:
    """`fields` maps an EDM or enum type to the space-separated properties of that type."""
    types = {prop: kind for kind, props in fields.items() for prop in props.split()}
    keys = tuple(key.split())
    ordered = {prop: types[prop] for prop in (*keys, *types)}  # keys first, as Dynamics sends them
    return EntitySet(name, entity_type, keys, ordered, navigation or {})


ENTITY_SETS: dict[str, EntitySet] = {
    entity_set.name: entity_set
    for entity_set in (
        _entity_set(
            "WarehousesOnHandV2",
            "WarehouseOnHandV2",
            "dataAreaId ItemNumber ProductColorId ProductConfigurationId ProductSizeId ProductStyleId"
            " ProductVersionId InventorySiteId InventoryWarehouseId",
            String="dataAreaId ItemNumber ProductColorId ProductConfigurationId ProductSizeId"
            " ProductStyleId ProductVersionId InventorySiteId InventoryWarehouseId ProductName",
            Decimal="OnHandQuantity ReservedOnHandQuantity AvailableOnHandQuantity OrderedQuantity"
            " OnOrderQuantity TotalAvailableQuantity",
        ),
        _entity_set(
            "ReleasedProductsV2",
            "ReleasedProductV2",
            "dataAreaId ItemNumber",
            String="dataAreaId ItemNumber ProductNumber SearchName InventoryUnitSymbol",
            EcoResProductType="ProductType",
            Decimal="SalesPrice UnitCost",
        ),
        _entity_set(
            "SalesOrderHeadersV2",
            "SalesOrderHeaderV2",
            "dataAreaId SalesOrderNumber",
            navigation={"SalesOrderLines": ("SalesOrderLines", "SalesOrderNumber")},
            String="dataAreaId SalesOrderNumber SalesOrderName OrderingCustomerAccountNumber"
            " CurrencyCode CustomersOrderReference",
            SalesStatus="SalesOrderStatus",
            SalesOrderProcessingStatus="SalesOrderProcessingStatus",
            Decimal="OrderTotalAmount",
            DateTimeOffset="RequestedShippingDate ConfirmedShippingDate RequestedReceiptDate"
            " ConfirmedReceiptDate OrderCreationDateTime",
        ),
        _entity_set(
            "SalesOrderLines",
            "SalesOrderLine",
            "dataAreaId InventoryLotId",
            String="dataAreaId InventoryLotId SalesOrderNumber ItemNumber LineDescription"
            " SalesUnitSymbol ShippingWarehouseId",
            Decimal="LineNumber OrderedSalesQuantity SalesPrice LineAmount",
            SalesStatus="SalesOrderLineStatus",
        ),
        _entity_set(
            "SalesInvoiceHeadersV2",
            "SalesInvoiceHeaderV2",
            "dataAreaId InvoiceNumber",
            String="dataAreaId InvoiceNumber SalesOrderNumber CurrencyCode"
            " InvoiceCustomerAccountNumber CustomersOrderReference",
            Decimal="TotalInvoiceAmount",
            DateTimeOffset="InvoiceDate",
        ),
        _entity_set(
            "CustomersV3",
            "CustomerV3",
            "dataAreaId CustomerAccount",
            String="dataAreaId CustomerAccount OrganizationName NameAlias PartyNumber"
            " PrimaryContactEmail PrimaryContactPhone FullPrimaryAddress CreditRating PaymentTerms"
            " CustomerGroupId SalesCurrencyCode",
            Decimal="CreditLimit",
            NoYes="CreditLimitIsMandatory",
            CustVendorBlocked="OnHoldStatus",
        ),
        _entity_set(
            "ExchangeRates",
            "ExchangeRate",
            "RateTypeName FromCurrency ToCurrency StartDate",
            String="RateTypeName FromCurrency ToCurrency",
            DateTimeOffset="StartDate EndDate",
            Decimal="Rate",
            ExchangeRateDisplayFactor="ConversionFactor",
        ),
        _entity_set(
            "ProductionOrderHeaders",
            "ProductionOrderHeader",
            "dataAreaId ProductionOrderNumber",
            String="dataAreaId ProductionOrderNumber ItemNumber ProductionOrderName"
            " DemandSalesOrderNumber",
            ProdStatus="ProductionOrderStatus",
            Decimal="ScheduledQuantity StartedQuantity RemainingReportAsFinishedQuantity",
            DateTimeOffset="ScheduledStartDate ScheduledEndDate StartedDate EndedDate DeliveryDate",
        ),
        _entity_set(
            "QualityOrderHeaders",
            "QualityOrderHeader",
            "dataAreaId QualityOrderNumber",
            String="dataAreaId QualityOrderNumber ItemNumber ProductName QualityTestGroupId"
            " ProductionOrderNumber SalesOrderNumber",
            InventTestOrderStatus="QualityOrderStatus",
            Decimal="InventoryQuantity AcceptableQualityLevelPercentage",
            DateTimeOffset="ValidatedDateTime",
        ),
        _entity_set(
            "QualityOrderLineResults",
            "QualityOrderLineResult",
            "dataAreaId QualityOrderNumber QualityOrderSequenceNumber QualityTestId ResultLineNumber",
            String="dataAreaId QualityOrderNumber QualityTestId QualityTestVariableOutcomeId",
            Int32="QualityOrderSequenceNumber",
            Decimal="ResultLineNumber ResultValue",
            InventTestOutcomeStatus="TestResult",
        ),
    )
}
