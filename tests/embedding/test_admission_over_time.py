"""How often a host may ask, and what becomes of its registration while the server runs."""

import logging
import re
from pathlib import Path
from typing import Any

import pytest

from tests.embedding import by_hand
from tests.embedding.by_hand import AUDIENCE, SECRET
from widgets.embedding.admission import Admission
from widgets.embedding.hosts import Host
from widgets.errors import Refused

FILE = """
[hosts.sales]
name = "Contoso Sales"
origins = ["https://sales.contoso.com"]
access = "open"
"""


def admission(path: Path | None = None) -> Admission:
    return Admission(path, by_hand.embeddables(), AUDIENCE, mocked=True)


def asks(doors: Admission, host: Host, times: int, **given: Any) -> list[str]:
    """What becomes of so many requests: "" or the code of a refusal."""
    became = []
    for _ in range(times):
        try:
            doors.admit(host, "inventory", **{"token": None, "key": None} | given)
            became.append("")
        except Refused as refused:
            became.append(refused.code)
    return became


def test_a_host_may_ask_so_often_a_minute():
    doors, host = admission(), by_hand.host(access="open", rate_limit=3)
    assert asks(doors, host, 5) == ["", "", "", "rate-limited", "rate-limited"]
    with pytest.raises(Refused) as caught:
        doors.admit(host, "ticker", token=None, key=None)
    assert caught.value.status == 429
    assert caught.value.retry_after is not None
    assert 1 <= caught.value.retry_after <= 60


def test_without_a_limit_a_host_may_ask_as_often_as_it_likes():
    assert set(asks(admission(), by_hand.host(access="open"), 700)) == {""}


def test_every_host_has_a_share_of_its_own():
    doors = admission()
    sales = by_hand.host(access="open", rate_limit=1)
    crm = by_hand.host(access="open", rate_limit=1, id="crm")
    assert asks(doors, sales, 2) == ["", "rate-limited"]
    assert asks(doors, crm, 2) == ["", "rate-limited"]


def test_whoever_is_not_let_in_uses_up_nobodys_share():
    doors, host = admission(), by_hand.host(access="key", rate_limit=2)
    assert set(asks(doors, host, 10, key="x")) == {"key-wrong"}
    assert asks(doors, host, 3, key=SECRET) == ["", "", "rate-limited"]


def test_looking_at_what_would_happen_is_not_counted():
    doors, host = admission(), by_hand.host(access="open", rate_limit=1)
    for _ in range(3):
        doors.examine(host, "inventory", token=None, key=None)
    assert asks(doors, host, 2) == ["", "rate-limited"]


# --- The file, read again.


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "hosts.toml"
    path.write_text(FILE)
    return path


def test_a_new_file_is_taken_in_place(file, caplog):
    doors = admission(file)
    assert list(doors.registry.hosts) == ["sales"]
    file.write_text(FILE + FILE.replace("sales", "crm"))
    assert doors.reload()
    assert list(doors.registry.hosts) == ["sales", "crm"]
    (record,) = caplog.records
    assert record.getMessage() == "Hosts read again: sales, crm"
    assert doors.reload(quiet=True)
    assert caplog.records == [record]


def test_a_file_with_a_mistake_changes_nothing_and_the_log_names_the_lines(file, caplog):
    doors = admission(file)
    before = doors.registry
    file.write_text(f'default = "crm"\n{FILE}colour = 1\n')
    assert not doors.reload()
    assert doors.registry is before
    file.unlink()
    assert not doors.reload()
    assert doors.registry is before
    wrong, gone = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert re.search(r"stay as they were\.\n.*hosts\.toml, line 7: .*colour", wrong.getMessage())
    assert "cannot be read" in gone.getMessage()


def test_what_was_counted_stays_counted_over_a_reload(file):
    file.write_text(f"{FILE}rate_limit = 2\n")
    doors = admission(file)
    assert asks(doors, doors.registry.find("sales"), 2) == ["", ""]
    doors.reload()
    assert asks(doors, doors.registry.find("sales"), 1) == ["rate-limited"]


@pytest.mark.parametrize(
    ("more", "warned"),
    [("", False), ("not_after = 2100-01-01", False), ("not_after = 2020-01-01", True)],
)
def test_a_key_that_has_expired_is_warned_of(file, caplog, more, warned):
    (file.parent / "sales.key").write_text(SECRET)
    keys = f'[[hosts.sales.keys]]\nid = "old"\nsecret_file = "sales.key"\n{more}\n'
    file.write_text(f"{FILE.replace('open', 'key')}{keys}")
    admission(file)
    messages = [record.getMessage() for record in caplog.records]
    assert messages == ([f"{file}: key old of host sales has expired"] if warned else [])


def test_a_key_that_was_revoked_on_purpose_is_no_warning(file, caplog):
    (file.parent / "sales.key").write_text(SECRET)
    keys = '[[hosts.sales.keys]]\nid = "old"\nsecret_file = "sales.key"\nrevoked = true\n'
    file.write_text(f"{FILE.replace('open', 'key')}{keys}not_after = 2020-01-01\n")
    admission(file)
    assert caplog.records == []
