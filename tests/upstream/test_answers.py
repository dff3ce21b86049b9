"""When to come back, and what is not asked meanwhile."""

from datetime import UTC, datetime

import pytest

from widgets.upstream.answers import retry_after

NOW = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("17", 17),
        (" 17 ", 17),
        ("0", 1),
        ("999999", 300),
        ("Mon, 23 Nov 2026 08:00:45 GMT", 45),
        ("Mon, 23 Nov 2026 08:00:45 -0000", 45),
        ("Mon, 23 Nov 2026 07:00:00 GMT", 1),
        ("Tue, 24 Nov 2026 08:00:00 GMT", 300),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("9" * 400, None),
    ],
)
def test_retry_after(value: str, seconds: int | None) -> None:
    assert retry_after({"Retry-After": value}, NOW) == seconds


def test_no_retry_after() -> None:
    assert retry_after({}) is None
