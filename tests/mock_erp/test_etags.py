"""ETags of entities: OData 4.01 protocol, sections 8.2.5 and 8.3.1."""

import pytest

from .conftest import START, Erp, make_erp

ORDER = "/data/SalesOrderHeadersV2(dataAreaId='usmf',SalesOrderNumber='001003')"


def test_a_known_etag_is_answered_with_304(shared_erp: Erp) -> None:
    first = shared_erp.get(ORDER)
    etag = first.headers["ETag"]
    assert etag.startswith('W/"')
    again = shared_erp.get(ORDER, headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["ETag"] == etag


@pytest.mark.parametrize("template", ["*", "{strong}", '"a", {etag}', '{etag}, "b"'])
def test_other_ways_to_say_it(shared_erp: Erp, template: str) -> None:
    etag = shared_erp.get(ORDER).headers["ETag"]
    text = template.format(etag=etag, strong=etag.removeprefix("W/"))
    assert shared_erp.get(ORDER, headers={"If-None-Match": text}).status_code == 304


@pytest.mark.parametrize("etag", ["", 'W/"other"', "unquoted", '"'])
def test_another_etag_gets_the_entity(shared_erp: Erp, etag: str) -> None:
    assert shared_erp.get(ORDER, headers={"If-None-Match": etag}).status_code == 200


def test_an_etag_changes_when_and_only_when_the_row_does(erp: Erp) -> None:
    seen: dict[tuple[str, str], dict[str, str]] = {}
    changes = 0
    for _ in range(6):
        rows = erp.rows("SalesOrderHeadersV2")
        for row in rows:
            key = (row["dataAreaId"], row["SalesOrderNumber"])
            etag = row.pop("@odata.etag")
            versions = seen.setdefault(key, {})
            text = repr(sorted(row.items()))
            assert versions.setdefault(etag, text) == text  # one etag, one state
            assert [known for known, state in versions.items() if state == text] == [etag]
        changes = sum(len(versions) > 1 for versions in seen.values())
        erp.advance(hours=12)
    assert changes > 0


def test_etags_are_the_same_in_another_process_of_the_same_seed() -> None:
    assert make_erp().get(ORDER).headers["ETag"] == make_erp().get(ORDER).headers["ETag"]
    other = make_erp(seed=99, start=START)
    assert other.get(ORDER).headers["ETag"] != make_erp().get(ORDER).headers["ETag"]
