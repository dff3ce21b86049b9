"""What a hosts file without a mistake registers. Its mistakes are in test_hosts_file_mistakes."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.embedding import by_hand
from widgets.embedding.hosts import Key, Registry
from widgets.embedding.hosts_file import KEY_HOST_RATE, load
from widgets.embedding.platforms import PLATFORMS

WHOLE = """
default = "intranet"

[hosts.sales]
name = "Contoso Sales"
origins = ["https://Sales.contoso.com/", "https://*.shops.contoso.com"]
widgets = ["inventory", "order-status"]
locked = { company = "usmf", rows = 4 }
rate_limit = 6000

[[hosts.sales.keys]]
id = "2026-11"
secret_env = "SALES_WIDGET_KEY"
not_after = 2027-02-01

[[hosts.sales.keys]]
id = "2027-02"
secret_file = "secrets/sales"
revoked = true

[hosts.crm-1]
name = "Contoso CRM"
platform = "dynamics365"
access = "key"
keys = [{ id = "form", secret_env = "CRM_WIDGET_KEY" }]

[hosts.intranet]
name = "Intranet"
origins = ["https://intranet.contoso.com"]
widgets = ["ticker"]
access = "open"
"""

SALES = """
[hosts.sales]
name = "Contoso Sales"
origins = ["https://sales.contoso.com"]
[[hosts.sales.keys]]
id = "k"
"""


@pytest.fixture(autouse=True)
def secrets(monkeypatch, tmp_path):
    monkeypatch.setenv("SALES_WIDGET_KEY", by_hand.SECRET)
    monkeypatch.setenv("CRM_WIDGET_KEY", by_hand.SHOWN)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "sales").write_text(f"{by_hand.OTHER_SECRET}\n")


@pytest.fixture
def registry_of(tmp_path):
    def read(text: str) -> Registry:
        path = tmp_path / "hosts.toml"
        path.write_text(text, encoding="utf-8")
        return load(path, by_hand.embeddables())

    return read


def test_a_host_is_what_its_table_says(registry_of):
    registry = registry_of(WHOLE)
    assert list(registry.hosts) == ["sales", "crm-1", "intranet"]
    sales = registry.hosts["sales"]
    assert (sales.id, sales.name, sales.platform) == ("sales", "Contoso Sales", "web")
    assert sales.origins == ("https://sales.contoso.com", "https://*.shops.contoso.com")
    assert sales.widgets == {"inventory", "order-status"}
    assert sales.locked == {"company": "usmf", "rows": "4"}
    assert sales.access == "token"
    assert sales.rate_limit == 6000
    assert list(sales.keys) == ["2026-11", "2027-02"]


def test_a_secret_comes_from_the_environment_or_from_a_file_beside_this_one(registry_of):
    now, later = registry_of(WHOLE).hosts["sales"].keys.values()
    assert now.secret.raw_value == by_hand.SECRET.encode()
    assert later.secret.raw_value == by_hand.OTHER_SECRET.encode()
    assert (now.revoked, later.revoked) == (False, True)


def test_a_secret_file_may_lie_anywhere(registry_of, tmp_path):
    elsewhere = tmp_path / "secrets" / "sales"
    registry = registry_of(f'{SALES}secret_file = "{elsewhere}"')
    assert registry.hosts["sales"].keys["k"].secret.raw_value == by_hand.OTHER_SECRET.encode()


def test_what_is_left_out_is_the_narrowest_that_works(registry_of):
    crm = registry_of(WHOLE).hosts["crm-1"]
    assert crm.origins == PLATFORMS["dynamics365"].origins
    assert crm.widgets == {"inventory", "quality", "ticker"}  # none with personal data
    assert crm.locked == {}
    assert crm.rate_limit == KEY_HOST_RATE == 600
    sales = registry_of(f'{SALES}secret_env = "SALES_WIDGET_KEY"').hosts["sales"]
    assert sales.widgets == {"inventory", "order-status", "quality", "ticker"}
    assert sales.access == "token"
    assert sales.rate_limit is None
    assert sales.keys["k"].not_after is None
    assert not sales.keys["k"].revoked


def test_the_default_host_is_the_gallerys(registry_of):
    registry = registry_of(WHOLE)
    assert registry.default == "intranet"
    assert registry.find(None) is registry.hosts["intranet"]
    assert {name: host.in_gallery for name, host in registry.hosts.items()} == {
        "sales": False,
        "crm-1": False,
        "intranet": True,
    }


def test_an_open_host_without_a_limit_has_none(registry_of):
    assert registry_of(WHOLE).hosts["intranet"].rate_limit is None


def test_usual_stands_for_the_platforms_origins_and_none_is_named_twice(registry_of):
    text = """
[hosts.a]
name = "A"
platform = "sharepoint"
access = "open"
origins = ["https://a.contoso.com", "usual", "https://*.sharepoint.com"]
"""
    origins = registry_of(text).hosts["a"].origins
    assert origins == ("https://a.contoso.com", "https://*.sharepoint.com")


def test_a_host_may_be_shown_nothing_and_a_file_may_hold_no_host(registry_of):
    text = 'name = "A"\naccess = "open"\norigins = ["https://a.contoso.com"]\nwidgets = []'
    assert registry_of(f"[hosts.a]\n{text}").hosts["a"].widgets == frozenset()
    assert registry_of("[hosts]").hosts == {}


def test_what_an_editor_adds_to_a_text_file_does_no_harm(registry_of):
    windows = "\ufeff" + WHOLE.replace("\n", "\r\n").replace("Contoso Sales", "Contoso Büro")
    assert registry_of(windows).hosts["sales"].name == "Contoso Büro"


@pytest.mark.parametrize(
    ("written", "first_that_is_too_late"),
    [
        ("2027-02-01", datetime(2027, 2, 2, tzinfo=UTC)),
        ("2027-02-01T12:00:00Z", datetime(2027, 2, 1, 12, tzinfo=UTC)),
        ("2027-02-01T12:00:00+02:00", datetime(2027, 2, 1, 10, tzinfo=UTC)),
        ("2027-02-01T12:00:00", datetime(2027, 2, 1, 12, tzinfo=UTC)),
        ("2027-02-01 12:00:00-05:00", datetime(2027, 2, 1, 17, tzinfo=UTC)),
    ],
)
def test_a_key_is_good_through_its_last_day_or_until_a_moment(
    registry_of, written, first_that_is_too_late
):
    text = f'{SALES}secret_env = "SALES_WIDGET_KEY"\nnot_after = {written}'
    key: Key = registry_of(text).hosts["sales"].keys["k"]
    assert key.is_good(first_that_is_too_late.replace(year=2026))
    assert not key.is_good(first_that_is_too_late)
    last = first_that_is_too_late.timestamp() - 0.001
    assert key.is_good(datetime.fromtimestamp(last, UTC))


def test_a_key_that_is_revoked_is_never_good():
    assert by_hand.key().is_good()
    assert not by_hand.key(revoked=True).is_good()


def test_a_secret_is_not_shown(registry_of):
    shown = repr(registry_of(WHOLE))
    assert "2026-11" in shown
    assert "secret=" not in shown
    for secret in (by_hand.SECRET, by_hand.OTHER_SECRET, by_hand.SHOWN):
        assert secret not in shown
        assert not re.search(secret.encode().hex(), shown)


def test_the_modules_own_example_is_a_good_file(registry_of):
    from widgets.embedding import hosts_file

    example = (hosts_file.__doc__ or "").partition("\n\n")[2]
    assert list(registry_of(example).hosts) == ["sales"]


def test_a_file_that_is_not_there_is_said(tmp_path: Path):
    from widgets.embedding.hosts_file import HostsFileError

    with pytest.raises(HostsFileError, match=r"none\.toml: cannot be read"):
        load(tmp_path / "none.toml", by_hand.embeddables())
