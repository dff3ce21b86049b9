"""A mock ERP with a frozen clock, and a client that has a token for it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mock_erp.app import MockErp, Settings, create_app

START = datetime(2026, 1, 15, 8, tzinfo=UTC)
CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": "demo",
    "client_secret": "demo-secret",
    "scope": "https://erp.example/.default",
}


@dataclass(frozen=True)
class Erp:
    """A mock ERP and how tests read it."""

    app: MockErp
    client: FlaskClient
    headers: dict[str, str]

    def get(self, path: str, headers: dict[str, str] | None = None, **options: Any) -> TestResponse:
        """`options` are system query options without their `$`."""
        query = {f"${name}": str(value) for name, value in options.items()}
        return self.client.get(
            path, query_string=query or None, headers=self.headers | (headers or {})
        )

    def rows(self, entity_set: str, **options: Any) -> list[dict[str, Any]]:
        """The rows of one page, of both companies."""
        query = {f"${name}": str(value) for name, value in options.items()}
        answer = self.client.get(
            f"/data/{entity_set}",
            query_string={"cross-company": "true", **query},
            headers=self.headers,
        )
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json["value"]  # type: ignore[index]
        return rows

    def control(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.client.post(f"/_control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json  # type: ignore[assignment]
        return found

    def fault(self, kind: str, match: str = "SalesOrderLines", **more: Any) -> None:
        self.control("fault", kind=kind, match=match, **more)

    def advance(self, **delta: float) -> None:
        units = {"minutes": 60, "hours": 3600, "days": 86400}
        seconds = sum(units[unit] * count for unit, count in delta.items())
        self.control("clock", advance=seconds)


def make_erp(**settings: Any) -> Erp:
    app = create_app(Settings(**{"start": START, "speed": 0, **settings}))
    client = app.test_client()
    answer = client.post("/demo/oauth2/v2.0/token", data=CREDENTIALS)
    token = answer.json["access_token"]  # type: ignore[index]
    return Erp(app, client, {"Authorization": f"Bearer {token}"})


def error_message(answer: TestResponse, status: int) -> str:
    """The message of an error in Dynamics' shape."""
    assert answer.status_code == status, answer.text
    assert answer.json is not None
    error = answer.json["error"]
    assert set(error) == {"code", "message", "innererror"}
    assert set(error["innererror"]) == {"message", "type", "stacktrace"}
    return str(error["innererror"]["message"])


@pytest.fixture(scope="session")
def shared_erp() -> Erp:
    """For tests that only read."""
    return make_erp()


@pytest.fixture
def erp() -> Erp:
    """For tests that move the clock, set faults or look at the log."""
    return make_erp()
