"""Reading one entity by its keys, and paths that name nothing."""

import re
from typing import Any
from urllib.parse import quote

import pytest

from mock_erp.model import ENTITY_SETS

from .conftest import Erp, error_message


@pytest.mark.parametrize("name", sorted(ENTITY_SETS))
def test_every_row_can_be_read_by_its_keys(shared_erp: Erp, name: str) -> None:
    entity_set = ENTITY_SETS[name]
    rows = shared_erp.rows(name)
    for row in (*rows[:3], *rows[-3:]):
        keys = ",".join(
            f"{key}={_key_literal(row[key], entity_set.types[key])}"
            for key in reversed(entity_set.key)
        )
        answer = shared_erp.client.get(
            f"/data/{name}({keys})?cross-company=true", headers=shared_erp.headers
        )
        assert answer.status_code == 200, answer.text
        body = answer.json
        assert body is not None
        assert body.pop("@odata.context").endswith(f"/data/$metadata#{name}/$entity")
        assert body == row
        assert answer.headers["ETag"] == row["@odata.etag"]


def _key_literal(value: Any, kind: str) -> str:
    if kind == "String":
        return "'" + quote(value.replace("'", "''"), safe="") + "'"
    return quote(str(value), safe="")


@pytest.mark.parametrize("item", [" X-100", "T/45-A", "L-0002"])
def test_keys_keep_spaces_and_slashes(shared_erp: Erp, item: str) -> None:
    path = f"/data/ReleasedProductsV2(dataAreaId='usmf',ItemNumber='{quote(item, safe='')}')"
    assert shared_erp.get(path).json["ItemNumber"] == item  # type: ignore[index]
    assert (
        shared_erp.get(path.replace(quote(item, safe=""), quote(item.strip() + "x"))).status_code
        == 404
    )


@pytest.mark.parametrize(
    "hostile", ["a//b", "'", "a'b,c='d", "%", "#?&", "ä", "../x", ")", "'/$count"]
)
def test_hostile_keys_are_looked_for_and_not_found(shared_erp: Erp, hostile: str) -> None:
    key = quote(hostile.replace("'", "''"), safe="")
    answer = shared_erp.get(f"/data/ReleasedProductsV2(dataAreaId='usmf',ItemNumber='{key}')")
    assert answer.status_code == 404
    assert answer.data == b""


@pytest.mark.parametrize(
    "keys",
    [
        "'US-001'",
        "CustomerAccount='US-001'",
        "dataAreaId='usmf',CustomerAccount='US-001',PartyNumber='1'",
        "dataAreaId='usmf',dataAreaId='usmf',CustomerAccount='US-001'",
        "dataAreaId='usmf',customerAccount='US-001'",
        "dataAreaId=usmf,CustomerAccount='US-001'",
        "dataAreaId='usmf',CustomerAccount='US'001'",
        "",
    ],
)
def test_keys_that_do_not_fit_the_set(shared_erp: Erp, keys: str) -> None:
    error_message(shared_erp.get(f"/data/CustomersV3({quote(keys)})"), 400)


def test_numeric_keys_must_be_numbers(shared_erp: Erp) -> None:
    answer = shared_erp.get(
        "/data/QualityOrderLineResults(dataAreaId='usmf',QualityOrderNumber='Q000001',"
        "QualityOrderSequenceNumber='10',QualityTestId='Weight',ResultLineNumber=1)"
    )
    assert "Edm.Int32" in error_message(answer, 400)


# Sets and methods


@pytest.mark.parametrize(
    "path", ["Nothing", "customersv3", "Nothing('x')", "Nothing/$count", "$batch"]
)
def test_unknown_sets(shared_erp: Erp, path: str) -> None:
    segment = re.split(r"[/(]", path)[0]
    answer = shared_erp.get(f"/data/{path}")
    assert error_message(answer, 404) == f"Resource not found for the segment '{segment}'."


@pytest.mark.parametrize(
    "path", ["CustomersV3/Nothing", "CustomersV3)", "CustomersV3(", "CustomersV3/$ref"]
)
def test_paths_that_name_nothing(shared_erp: Erp, path: str) -> None:
    error_message(shared_erp.get(f"/data/{path}"), 404)


def test_an_entity_has_no_count(shared_erp: Erp) -> None:
    path = "/data/CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')/$count"
    assert "$count" in error_message(shared_erp.get(path), 400)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["/data", "/data/CustomersV3", "/data/$metadata"])
def test_nothing_can_be_changed(shared_erp: Erp, method: str, path: str) -> None:
    answer = getattr(shared_erp.client, method)(path, headers=shared_erp.headers, json={})
    assert "nothing can be changed" in error_message(answer, 405)
