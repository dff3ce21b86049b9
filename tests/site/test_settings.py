import re

import pytest

from tests.conftest import ROOT
from widgets.site.settings import Settings, SettingsError


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    import os

    for name in os.environ:
        if name.startswith("WIDGETS_"):
            monkeypatch.delenv(name)


def test_without_any_the_server_reads_the_mock_on_loopback():
    settings = Settings.load()
    assert str(settings.erp_url).startswith("http://127.0.0.1:")
    assert settings.frame_ancestors == ("'self'", "http://localhost:*", "http://127.0.0.1:*")


def test_every_mistake_is_named_at_once_and_no_secret_is_repeated(monkeypatch):
    monkeypatch.setenv("WIDGETS_ERP_URL", "contoso")
    monkeypatch.setenv("WIDGETS_READ_TIMEOUT", "0")
    monkeypatch.setenv("WIDGETS_COMPANY", "not one")
    monkeypatch.setenv("WIDGETS_ERP_CLIENT_SECRET", "s3cret")
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "WIDGETS_ERP_URL",
        "WIDGETS_COMPANY",
        "WIDGETS_READ_TIMEOUT",
    ]
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["https://a.example; script-src *", "https://a.example, https://b.example", "*"]
)
def test_a_frame_ancestor_cannot_open_more_than_itself(monkeypatch, value):
    monkeypatch.setenv("WIDGETS_FRAME_ANCESTORS", value)
    with pytest.raises(SettingsError, match="WIDGETS_FRAME_ANCESTORS"):
        Settings.load()


def test_an_address_carries_no_password(monkeypatch):
    monkeypatch.setenv("WIDGETS_ERP_URL", "https://user:s3cret@contoso.example")
    with pytest.raises(SettingsError, match="WIDGETS_ERP_URL: .*user name or password") as caught:
        Settings.load()
    assert "s3cret" not in str(caught.value)


def test_secrets_can_be_files(monkeypatch, tmp_path):
    (tmp_path / "widgets_erp_client_secret").write_text("from-a-file")
    monkeypatch.setenv("WIDGETS_SECRETS_DIR", str(tmp_path))
    assert Settings.load().erp_client_secret.get_secret_value() == "from-a-file"


def test_secrets_are_not_shown(monkeypatch):
    monkeypatch.setenv("WIDGETS_ERP_CLIENT_SECRET", "s3cret")
    monkeypatch.setenv("WIDGETS_COMMODITIES_KEY", "k3y")
    assert not {"s3cret", "k3y"} & set(re.findall(r"\w+", repr(Settings.load())))


def test_the_readme_has_each_setting_in_its_table():
    readme = (ROOT / "README.md").read_text()
    rows = dict(re.findall(r"^\| `(WIDGETS_\w+)` \| (.+?) \|", readme, re.MULTILINE))
    declared = {
        f"WIDGETS_{name.upper()}": field.description
        for name, field in Settings.model_fields.items()
    }
    assert rows == declared | {"WIDGETS_SECRETS_DIR": rows.get("WIDGETS_SECRETS_DIR")}
    assert rows["WIDGETS_SECRETS_DIR"]
