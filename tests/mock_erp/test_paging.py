"""Pages and the links between them."""

from typing import Any
from urllib.parse import urlsplit

from .conftest import Erp, make_erp


def read_all(erp: Erp, url: str) -> tuple[list[dict[str, Any]], list[int]]:
    """Every row by following links, and the size of each page."""
    rows, sizes = [], []
    while url:
        answer = erp.client.get(url, headers=erp.headers)
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        rows += answer.json["value"]
        sizes.append(len(answer.json["value"]))
        link = urlsplit(answer.json.get("@odata.nextLink", ""))
        url = f"{link.path}?{link.query}" if link.path else ""
        assert len(sizes) < 1000
    return rows, sizes


def test_pages_are_followed_to_the_end_without_loss(shared_erp: Erp) -> None:
    small = make_erp(page_size=7)
    query = (
        "/data/CustomersV3?cross-company=true&$orderby=OrganizationName desc&$count=true"
        "&$select=CustomerAccount,OrganizationName&$filter=OrganizationName ne '%26 O''Neil'"
    )
    rows, sizes = read_all(small, query)
    assert rows == read_all(shared_erp, query)[0]
    assert set(sizes[:-1]) == {7}
    assert 0 < sizes[-1] <= 7


def test_top_is_a_bound_on_all_pages_together() -> None:
    small = make_erp(page_size=7)
    rows, sizes = read_all(small, "/data/CustomersV3?$top=16&$skip=3")
    assert sizes == [7, 7, 2]
    assert rows == make_erp().get("/data/CustomersV3").json["value"][3:19]  # type: ignore[index]
    assert read_all(small, "/data/CustomersV3?$top=7")[1] == [7]


def test_the_next_link_is_absolute_and_on_the_same_host() -> None:
    small = make_erp(page_size=1)
    answer = small.client.get(
        "/data/CustomersV3", headers=small.headers, base_url="http://erp.example:8123"
    )
    assert answer.json["@odata.nextLink"].startswith("http://erp.example:8123/data/CustomersV3?")  # type: ignore[index]
