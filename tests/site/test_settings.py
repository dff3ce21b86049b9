import re
import stat
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import ROOT
from tests.upstream.conftest import stored_in
from widgets.site.settings import Settings, SettingsError
from widgets.upstream.kept import Kept
from widgets.upstream.storage_sqlite import prepare


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    import os

    for name in os.environ:
        if name.startswith("WIDGETS_"):
            monkeypatch.delenv(name)


def test_without_any_the_server_reads_the_mock_on_loopback():
    settings = Settings.load()
    assert str(settings.erp_url).startswith("http://127.0.0.1:")
    assert settings.hosts_file is None


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


def refusal(monkeypatch, name: str, value: str) -> str:
    """What is said about a setting, which must be one line that begins with its name."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    (line,) = str(caught.value).splitlines()
    assert line.startswith(name)
    return line


def test_only_made_up_data_has_a_host_from_the_start(monkeypatch):
    assert Settings.load().mocked
    monkeypatch.setenv("WIDGETS_ERP_URL", "https://contoso.operations.dynamics.com")
    assert not Settings.load().mocked
    monkeypatch.setenv("WIDGETS_DEMO", "yes")
    assert Settings.load().mocked


@pytest.mark.parametrize(
    ("address", "audience"),
    [
        ("", "erp-widgets"),
        ("https://widgets.contoso.com/erp/", "https://widgets.contoso.com/erp"),
        ("https://widgets.contoso.com", "https://widgets.contoso.com"),
    ],
)
def test_a_tokens_audience_is_the_address_that_hosts_use(monkeypatch, address, audience):
    monkeypatch.setenv("WIDGETS_PUBLIC_URL", address)
    assert Settings.load().audience == audience


def test_a_hosts_file_that_is_not_there_is_said(monkeypatch, tmp_path):
    assert "no file" in refusal(monkeypatch, "WIDGETS_HOSTS_FILE", str(tmp_path / "hosts.toml"))


@pytest.mark.parametrize(("value", "known"), [("de-DE", "de_DE"), ("en_US", "en_US"), ("fr", "fr")])
def test_a_locale_is_what_babel_calls_it(monkeypatch, value, known):
    monkeypatch.setenv("WIDGETS_LOCALE", value)
    assert Settings.load().locale == known


@pytest.mark.parametrize("value", ["klingon", "", "de_DE_x_y_z"])
def test_a_locale_that_nobody_knows_stops_the_start(monkeypatch, value):
    assert "write it like en_US" in refusal(monkeypatch, "WIDGETS_LOCALE", value)


@pytest.mark.parametrize(
    ("value", "root"),
    [
        ("https://contoso.example/data", "https://contoso.example"),
        ("https://contoso.example/data/", "https://contoso.example"),
        ("https://contoso.example/erp?cmp=usmf", "https://contoso.example/erp"),
        ("https://contoso.example/#x", "https://contoso.example"),
    ],
)
def test_the_erp_is_named_by_its_root(monkeypatch, value, root):
    assert refusal(monkeypatch, "WIDGETS_ERP_URL", value).endswith(f": {root}")


@pytest.mark.parametrize("value", ["https://contoso.example", "https://contoso.example/erp/"])
def test_a_slash_at_the_end_of_the_erp_is_nothing(monkeypatch, value):
    monkeypatch.setenv("WIDGETS_ERP_URL", value)
    assert str(Settings.load().erp_url).rstrip("/") == value.rstrip("/")


def test_a_cache_file_of_somebody_else_stops_the_start_and_stays(monkeypatch, tmp_path):
    diary = tmp_path / "diary.txt"
    diary.write_text("Dear diary")
    assert "name a file of its own" in refusal(monkeypatch, "WIDGETS_CACHE_FILE", str(diary))
    assert diary.read_text() == "Dear diary"


def test_a_folder_is_no_cache_file(monkeypatch, tmp_path):
    (tmp_path / "folder.sqlite").mkdir()
    refusal(monkeypatch, "WIDGETS_CACHE_FILE", str(tmp_path / "folder.sqlite"))


def test_the_cache_file_that_is_used_is_the_one_that_is_private(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WIDGETS_CACHE_FILE", "~/reads")
    path = Settings.load().cache_file
    assert path == tmp_path / "reads.sqlite"
    path.touch(0o644)
    prepare(path)
    storage = stored_in(path)
    now = datetime.now(UTC)
    storage.put("key", Kept(b"{}", now, ""), now + timedelta(hours=1))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    storage.close()
    assert modes == dict.fromkeys(["reads.sqlite", "reads.sqlite-wal", "reads.sqlite-shm"], 0o600)


def test_a_home_that_nobody_has_is_said(monkeypatch):
    refusal(monkeypatch, "WIDGETS_CACHE_FILE", "~nobody-of-this-name/reads.sqlite")


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("WIDGETS_KEEP", '{"on_hand": [15, 3600]}'),
        ("WIDGETS_ERP_ENTITY_SETS", '{"CustomersV3": "MyCustomers"}'),
    ],
)
def test_json_that_is_none_is_said_with_an_example(monkeypatch, name, like):
    assert refusal(monkeypatch, name, "{on_hand: 15").endswith(f"write it like {like}")


def test_json_is_read(monkeypatch):
    monkeypatch.setenv("WIDGETS_KEEP", '{"on_hand": [1, 2]}')
    monkeypatch.setenv("WIDGETS_ERP_ENTITY_SETS", '{"CustomersV3": "MyCustomers"}')
    assert Settings.load().keep == {"on_hand": (1, 2)}
    assert Settings.load().erp_entity_sets == {"CustomersV3": "MyCustomers"}


def test_a_mistake_within_json_is_located(monkeypatch):
    line = refusal(monkeypatch, "WIDGETS_KEEP", '{"on_hand": [-1, 3600]}')
    assert line.startswith("WIDGETS_KEEP (on_hand, 0): ")


def test_an_entity_set_that_is_not_read_is_said(monkeypatch):
    line = refusal(monkeypatch, "WIDGETS_ERP_ENTITY_SETS", '{"Customers": "MyCustomers"}')
    assert "CustomersV3" in line


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("WIDGETS_ERP_CLIENT_ID", "WIDGETS_ERP_TOKEN_URL"),
        ("WIDGETS_ERP_TOKEN_URL", "WIDGETS_ERP_CLIENT_ID"),
    ],
)
def test_half_a_sign_in_is_said(monkeypatch, name, other):
    monkeypatch.setenv(name, "https://login.example/token")
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert str(caught.value).startswith("WIDGETS_ERP_CLIENT_ID: ")
    assert "WIDGETS_ERP_TOKEN_URL" in str(caught.value)
    monkeypatch.setenv(other, "https://login.example/token")
    Settings.load()


@pytest.mark.parametrize("name", ["WIDGETS_ERP_TOKEN_URL", "WIDGETS_PUBLIC_URL"])
def test_an_address_that_is_left_empty_is_none(monkeypatch, name):
    monkeypatch.setenv(name, "")
    assert getattr(Settings.load(), name.removeprefix("WIDGETS_").lower()) is None


def test_a_folder_of_secrets_that_is_not_there_is_said(monkeypatch, tmp_path):
    refusal(monkeypatch, "WIDGETS_SECRETS_DIR", str(tmp_path / "secrets"))


def test_an_authority_of_ones_own_is_a_file_of_certificates(monkeypatch, tmp_path):
    good = ROOT / "tests/upstream/localhost.pem"
    monkeypatch.setenv("WIDGETS_CA_FILE", str(good))
    assert Settings.load().ca_file == good
    (tmp_path / "bad.pem").write_text("no certificate")
    assert "holds no cert" in refusal(monkeypatch, "WIDGETS_CA_FILE", str(tmp_path / "bad.pem"))
    refusal(monkeypatch, "WIDGETS_CA_FILE", str(tmp_path / "none.pem"))


def test_a_misspelt_setting_is_said(monkeypatch):
    line = refusal(monkeypatch, "WIDGETS_HOST_FILE", "hosts.toml")
    assert line.endswith("is WIDGETS_HOSTS_FILE meant?")
    monkeypatch.delenv("WIDGETS_HOST_FILE")
    assert refusal(monkeypatch, "WIDGETS_QQQQQQ", "1").endswith("there is no such setting")


def test_what_kubernetes_adds_is_no_setting(monkeypatch):
    monkeypatch.setenv("WIDGETS_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("WIDGETS_SERVICE_PORT_HTTP", "80")
    monkeypatch.setenv("WIDGETS_PORT_80_TCP_ADDR", "10.0.0.1")
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


@pytest.mark.parametrize(
    "url",
    [
        "",
        "redis://redis.internal",
        "redis://:s3cret@10.0.0.5:6379/0",
        "rediss://user:s3%2Fcret@[::1]:6380/12/?ssl_cert_reqs=none",
        "redis://:s3cret@my_redis/",
        "unix:///run/redis.sock?db=0",
        "unix://:s3cret@/run/redis.sock",
    ],
)
def test_a_redis_is_taken_as_it_is_written(monkeypatch, url):
    monkeypatch.setenv("WIDGETS_REDIS_URL", url)
    assert Settings.load().redis_url.get_secret_value() == url


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "s3cret@h:6379",
        "http://:s3cret@h:6379",
        "redis:s3cret",
        "redis://",
        "redis:///0",
        "redis://:s3cret@/0",
        "redis://:s3cret,h:6379/0",
        "redis://:s3cret@h,i/0",
        "redis://:s3/cret@h",
        "redis://:12/s3cret@h:6379/0",
        "redis://:12/3?s3cret@h",
        "redis://:12/3#s3cret@h",
        "redis://:s3[cret@h",
        "redis://:s3 cret@h",
        "redis://:p@h:s3cret/0",
        "redis://:p@h:66666/0",
        "redis://:p@h:6379/s3cret",
        "redis://:p@h:6379/0?s3cret=1",
        "redis://:p@h:6379/0?db=s3cret",
        "redis://:p@h/0?port=s3cret",
        "rediss://:p@h:6379/0?ssl_cert_reqs=s3cret",
        "unix://",
        "unix://s3cret/redis.sock",
        "unix://:s3cret@",
    ],
)
def test_a_redis_that_cannot_be_one_stops_the_start_and_no_piece_of_it_is_quoted(monkeypatch, url):
    line = refusal(monkeypatch, "WIDGETS_REDIS_URL", url)
    assert "write it like redis://:PASSWORD@10.0.0.5:6379/0, " in line
    assert "%XX" in line
    assert not re.search(r"s3|cret|localhost", line)


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


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("WIDGETS_KEEP", '{"on_hand": [15, 1e12]}', "less than or equal to"),
        ("WIDGETS_KEEP", '{"on_hand": [15, Infinity]}', "finite"),
        ("WIDGETS_CACHE_FILE", "", "is a folder"),
        ("WIDGETS_CACHE_FILE", "/", "is a folder"),
        ("WIDGETS_ERP_ENTITY_SETS", '{"CustomersV3": ""}', "no name of an entity set"),
        ("WIDGETS_ERP_ENTITY_SETS", '{"CustomersV3": "a/../b?c"}', "no name of an entity set"),
        ("WIDGETS_PUBLIC_URL", "https://widgets.example/w?x=1", "without ? and #"),
    ],
)
def test_a_value_that_would_fail_later_stops_the_start(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{name}.*{re.escape(said)}"):
        Settings.load()
