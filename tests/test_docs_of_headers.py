"""docs/headers.md names every header that the server reads or sends, and no other."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, MockErp
from tests.embedding import by_hand
from widgets.site.settings import Settings

PAGE = (ROOT / "docs/headers.md").read_text()
OF_REQUESTS, OF_ANSWERS = PAGE.split("## Of every answer")


def told(text: str) -> set[str]:
    """The headers in the first column of the tables."""
    rows = re.findall(r"^\| (`.*?) \|", text, re.M)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def read_in_the_code() -> Iterator[str]:
    """Names of request headers, wherever the server's code has them."""
    for path in (ROOT / "widgets").rglob("*.py"):
        if "upstream" in path.parts:  # its headers are those of what others answer us
            continue
        text = path.read_text()
        yield from re.findall(r"request\.headers\.get\(\"([\w-]+)\"", text)
        for name in re.findall(r"\"HTTP_([A-Z_]+)\"", text):
            yield name.replace("_", "-")


def test_every_header_that_is_read_is_told_and_no_other():
    by_libraries = {"accept-encoding", "if-none-match"}  # of which our code has each, too
    forwarded = {f"x-forwarded-{name}" for name in ("for", "proto", "host", "prefix")}  # ProxyFix
    read = {name.lower() for name in read_in_the_code()}
    assert {name.lower() for name in told(OF_REQUESTS)} == read | by_libraries | forwarded


@pytest.fixture
def sent(client, mock_erp: MockErp, settings: Settings, tmp_path: Path) -> set[str]:
    """The names of all headers of answers of each kind."""
    inventory = "/widgets/inventory/?site=1"
    compressed = {"Accept-Encoding": "gzip"}
    answers = [
        client.get("/"),
        client.get("/healthz"),
        client.get("/readyz"),
        client.get("/status"),
        client.get("/metrics"),
        client.get("/oembed", query_string={"url": f"http://localhost{inventory}"}),
        client.get("/static/embed.js"),
        client.get("/widgets/inventory?site=1"),
        client.get("/widgets/inventory/data.json?site=1"),
        client.get("/widgets/inventory/data.csv?site=1"),
        client.get("/widgets/inventory/schema.json"),
        client.get(inventory, headers=compressed),
        client.get(inventory, headers=compressed),
        client.get("/widgets/inventory/?host=nobody"),
        client.get("/widgets/order-status/?order=nope"),
        client.get("/nothing"),
        client.post(inventory),
        by_hand.client_of(settings, by_hand.SALES_AND_CRM, tmp_path).get(inventory + "&host=sales"),
    ]
    mock_erp.fault("*", "status", status=503)
    answers.append(client.get("/widgets/inventory/?site=2"))
    assert {answer.status_code for answer in answers} >= {200, 308, 401, 404, 405, 503}
    return {name.lower() for answer in answers for name, _ in answer.headers}


def test_every_header_that_is_sent_is_told_and_no_other(sent: set[str]):
    assert {name.lower() for name in told(OF_ANSWERS)} == sent
