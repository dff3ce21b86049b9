"""$metadata is valid CSDL, and what is served is what it declares."""

import re
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from mock_erp.model import ENTITY_SETS

from .conftest import Erp

EDMX = "{http://docs.oasis-open.org/odata/ns/edmx}"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
NAMESPACE = "Microsoft.Dynamics.DataEntities"
PRIMITIVES = {"Edm.String", "Edm.Decimal", "Edm.Int32", "Edm.DateTimeOffset"}

ISSUE_SETS = {
    "WarehousesOnHandV2", "ReleasedProductsV2", "SalesOrderHeadersV2", "SalesOrderLines",
    "CustomersV3", "ExchangeRates", "ProductionOrderHeaders", "QualityOrderHeaders",
    "QualityOrderLineResults",
}  # fmt: skip


@pytest.fixture(scope="module")
def schema(shared_erp: Erp) -> Any:
    answer = shared_erp.get("/data/$metadata")
    assert answer.status_code == 200
    assert answer.mimetype == "application/xml"
    root = etree.fromstring(answer.data)
    assert root.tag == f"{EDMX}Edmx"
    assert root.get("Version") == "4.0"
    (schema,) = root.findall(f"{EDMX}DataServices/{EDM}Schema")
    assert schema.get("Namespace") == NAMESPACE
    return schema


def _entity_types(schema: Any) -> dict[str, Any]:
    return {
        f"{NAMESPACE}.{found.get('Name')}": found for found in schema.findall(f"{EDM}EntityType")
    }


def _enums(schema: Any) -> dict[str, list[str]]:
    return {
        f"{NAMESPACE}.{enum.get('Name')}": [member.get("Name") for member in enum]
        for enum in schema.findall(f"{EDM}EnumType")
    }


def test_every_set_has_a_type_and_every_type_a_key(schema: Any) -> None:
    types = _entity_types(schema)
    sets = schema.findall(f"{EDM}EntityContainer/{EDM}EntitySet")
    assert {found.get("Name") for found in sets} == ISSUE_SETS | {"SalesInvoiceHeadersV2"}
    assert sorted(found.get("EntityType") for found in sets) == sorted(types)
    for entity_type in types.values():
        properties = {found.get("Name"): found for found in entity_type.findall(f"{EDM}Property")}
        key = [ref.get("Name") for ref in entity_type.findall(f"{EDM}Key/{EDM}PropertyRef")]
        assert key
        assert all(properties[name].get("Nullable") == "false" for name in key)


def test_names_are_unique_identifiers_and_types_are_declared(schema: Any) -> None:
    enums = _enums(schema)
    for entity_type in _entity_types(schema).values():
        names = [found.get("Name") for found in entity_type.iter(f"{EDM}Property")]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[A-Za-z_]\w{0,127}", name) for name in names)
        kinds = {found.get("Type") for found in entity_type.iter(f"{EDM}Property")}
        assert kinds <= PRIMITIVES | set(enums)
    for members in enums.values():
        assert members
        assert len(set(members)) == len(members)


def test_every_enum_is_used(schema: Any) -> None:
    used = {found.get("Type") for found in schema.iter(f"{EDM}Property")}
    assert set(_enums(schema)) <= used


def test_navigation_leads_to_declared_types_and_is_bound(schema: Any) -> None:
    types = _entity_types(schema)
    targets = {
        (found.get("Name"), found.get("EntityType"))
        for found in schema.findall(f"{EDM}EntityContainer/{EDM}EntitySet")
    }
    navigations = list(schema.iter(f"{EDM}NavigationProperty"))
    bindings = {
        found.get("Path"): found.get("Target")
        for found in schema.iter(f"{EDM}NavigationPropertyBinding")
    }
    assert navigations
    for navigation in navigations:
        match = re.fullmatch(r"Collection\((.+)\)", navigation.get("Type"))
        assert match is not None
        assert match[1] in types
        assert (bindings[navigation.get("Name")], match[1]) in targets


@pytest.mark.parametrize("name", sorted(ENTITY_SETS))
def test_what_is_served_is_what_is_declared(shared_erp: Erp, schema: Any, name: str) -> None:
    (entity_set,) = (
        found
        for found in schema.findall(f"{EDM}EntityContainer/{EDM}EntitySet")
        if found.get("Name") == name
    )
    entity_type = _entity_types(schema)[entity_set.get("EntityType")]
    declared = {
        found.get("Name"): found.get("Type") for found in entity_type.findall(f"{EDM}Property")
    }
    key = [ref.get("Name") for ref in entity_type.findall(f"{EDM}Key/{EDM}PropertyRef")]
    rows = shared_erp.rows(name)
    assert rows
    keys = set()
    enums = _enums(schema)
    for row in rows:
        assert re.fullmatch(r'W/"[^"]+"', row.pop("@odata.etag"))
        assert list(row) == list(declared)
        for prop, kind in declared.items():
            _check_value(row[prop], kind, enums)
        keys.add(tuple(row[part] for part in key))
    assert len(keys) == len(rows)


def _check_value(value: Any, kind: str, enums: dict[str, list[str]]) -> None:
    match kind:
        case "Edm.String":
            assert isinstance(value, str)
        case "Edm.Decimal":
            assert type(value) in (int, float)
            exponent = Decimal(str(value)).as_tuple().exponent
            assert isinstance(exponent, int)
            assert exponent >= -4  # no noise of binary fractions
        case "Edm.Int32":
            assert type(value) is int
        case "Edm.DateTimeOffset":
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value)
        case _:
            assert value in enums[kind]


def test_the_service_document_lists_every_set(shared_erp: Erp) -> None:
    answer = shared_erp.get("/data")
    assert answer.json is not None
    assert {entry["name"] for entry in answer.json["value"]} == set(ENTITY_SETS)
    assert answer.json["@odata.context"].endswith("/data/$metadata")
    assert shared_erp.get("/data/").json == answer.json
