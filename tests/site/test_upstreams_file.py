"""The file that says where the upstreams are that widgets have of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from widgets.errors import NotFound, NotSetUp
from widgets.site import upstreams, upstreams_file
from widgets.site.settings import Settings, SettingsError
from widgets.upstream import JsonConfig, JsonUpstream, Read
from widgets.upstream.credentials import Anonymous, Client, QueryKey
from widgets.upstream.header_key import HeaderKey

EXAMPLE = (upstreams_file.__doc__ or "").partition("\n\n")[2]
KNOWN = ("carrier", "weather-service", "plant")


class Carrier(JsonUpstream):
    pass


class Plant(JsonUpstream):
    sample = {"/machines": [{"id": "M1"}]}


def load(folder: Path, text: str) -> dict[str, JsonConfig]:
    file = folder / "upstreams.toml"
    file.write_text(text)
    return upstreams_file.load(file, KNOWN)


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "carrier.key").write_text("of the carrier\n")
    monkeypatch.setenv("WEATHER_KEY", "of the weather")
    monkeypatch.setenv("PLANT_SECRET", "of the plant")


def test_the_example_says_what_it_seems_to(tmp_path, secrets):
    assert load(tmp_path, EXAMPLE) == {
        "carrier": JsonConfig(
            "https://api.contoso.com/v1", HeaderKey("Authorization", "of the carrier", "Bearer ")
        ),
        "weather-service": JsonConfig(
            "https://weather.contoso.com", HeaderKey("X-Api-Key", "of the weather")
        ),
        "plant": JsonConfig(
            "https://plant.contoso.com/api",
            Client("https://login.contoso.com/token", "erp-widgets", "of the plant", "plant.read"),
        ),
    }


def test_without_auth_nobody_signs_in(tmp_path):
    (config,) = load(tmp_path, '[carrier]\nurl = "http://10.0.0.5"').values()
    assert isinstance(config.key, Anonymous)


def test_a_key_in_the_query(tmp_path, secrets):
    text = '[plant]\nurl = "https://x"\nauth = "query"\nname = "key"\nsecret_env = "PLANT_SECRET"'
    assert load(tmp_path, text)["plant"].key == QueryKey("key", "of the plant")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('[carier]\nurl = "https://x"', 1, "no widget reads an upstream of this name; there are c"),
        ('[carrier]\nauth = "none"', 1, "carrier.url: is missing"),
        ('[carrier]\nurl = "carrier.example"', 2, "must be an address"),
        ('[carrier]\nurl = "https://a:b@x"', 2, "must not hold a user name"),
        ('[carrier]\nurl = "https://x?a=1"', 2, "without"),
        ('[carrier]\nurl = "https://x"\nuser = "me"', 3, "there is no such setting"),
        ('[carrier]\nurl = "https://x"\nauth = "basic"', 3, "must be 'none', 'bearer'"),
        ('[carrier]\nurl = "https://x"\nauth = "bearer"', 1, "by either secret_env or secret_file"),
        ('[carrier]\nurl = "https://x"\nsecret_env = "K"', 1, "not used without auth"),
        ('[carrier]\nurl = "https://x"\nauth = "bearer"\nsecret_env = "NONE"', 1, "has no NONE"),
        ('[carrier]\nurl = "https://x"\nauth = "bearer"\nsecret_env = "sesame"', 4, "in capitals"),
        ('[carrier]\nurl = "https://x"\nauth = "bearer"\nsecret_file = "no"', 1, "cannot be read"),
        ('[carrier]\nurl = "https://x"\nauth = "bearer"\nsecret_file = "two"', 1, "one line"),
        (
            '[carrier]\nurl = "https://x"\nauth = "header"\nsecret_env = "PLANT_SECRET"',
            1,
            "name: is",
        ),
        ('[carrier]\nurl = "https://x"\nname = "X-Key"', 3, 'not used with auth = "none"'),
        ('[carrier]\nurl = "https://x"\nauth = "client"\nclient_id = "a"', 1, "token_url: is miss"),
        ('carrier = "https://x"', 1, "must be a table"),
        ("[carrier", 0, "is no TOML"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_without_a_secret(tmp_path, secrets, text, line, says):
    (tmp_path / "two").write_text("sesame\nsesame")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert says in str(caught.value)
    assert "sesame" not in str(caught.value)
    assert not line or f"upstreams.toml, line {line}: " in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path):
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, '[carrier]\nurl = "x"\nauth = "header"\n[nobody]\n')
    assert len(str(caught.value).splitlines()) == 4


# --- What becomes of it.


def settings(**given: object) -> Settings:
    return Settings.model_validate(given)


def test_over_made_up_data_the_mock_erp_is_asked_where_it_has_something(tmp_path):
    over_the_mock = settings(erp_url="http://127.0.0.1:9", demo=True)
    found = upstreams.configs(over_the_mock, [Carrier, Plant])
    assert {name: config.base_url for name, config in found.items()} == {
        "carrier": "http://127.0.0.1:9/carrier"
    }
    assert upstreams.configs(settings(erp_url="https://erp.example"), [Carrier]) == {}
    file = tmp_path / "upstreams.toml"
    file.write_text('[carrier]\nurl = "https://carrier.example"')
    own = settings(erp_url="http://127.0.0.1:9", demo=True, upstreams_file=file)
    assert upstreams.configs(own, [Carrier])["carrier"].base_url == "https://carrier.example"


def test_one_that_is_not_set_up_says_so_and_is_no_reason_not_to_start(tmp_path):
    given = settings(erp_url="https://erp.example", cache_file=tmp_path / "reads.sqlite")
    connected = upstreams.connect(given, [Carrier])
    try:
        source = connected.sources[Carrier]("host", lambda _: None, "request-1")
        with pytest.raises(NotSetUp, match=r"The carrier is not set up .* \[carrier\]"):
            source.read("/parcels", list)
        (health,) = [each for each in connected.health().upstreams if each.name == "carrier"]
        assert health.state == "missing"
        assert "WIDGETS_UPSTREAMS_FILE" in health.because
    finally:
        connected.reads.close()


@pytest.mark.parametrize("made_up", [True, False])
def test_its_sample_stands_in_over_made_up_data_alone(tmp_path, made_up):
    where = {"erp_url": "http://127.0.0.1:9", "cache_file": tmp_path / "reads.sqlite"}
    connected = upstreams.connect(settings(demo=made_up, **where), [Plant])
    reads: list[Read] = []
    try:
        source = connected.sources[Plant]("host", reads.append, "request-1")
        states = {each.name: each.state for each in connected.health().upstreams}
        if not made_up:
            assert states["plant"] == "missing"
            with pytest.raises(NotSetUp):
                source.read("/machines", list)
            return
        assert "plant" not in states
        assert source.read("/machines", list[dict[str, str]]) == [{"id": "M1"}]
        assert [(read.upstream, read.what, read.outcome) for read in reads] == [
            ("plant", "/machines", "miss")
        ]
        # As old as any other page's for as long as it is fresh.
        assert reads[0].as_of.timestamp() % Plant.ttl == 0
        with pytest.raises(NotFound):
            source.read("/others", list)
    finally:
        connected.reads.close()


def test_a_server_does_not_start_with_a_mistake_in_the_file(tmp_path):
    file = tmp_path / "upstreams.toml"
    file.write_text('[nobody]\nurl = "https://x"')
    command = [sys.executable, "-m", "widgets.site.cli", "serve", "--port", "0"]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={
            "WIDGETS_UPSTREAMS_FILE": str(file),
            "WIDGETS_ERP_URL": "https://erp.example",
            "WIDGETS_CACHE_FILE": str(tmp_path / "reads.sqlite"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert f"{file}, line 1: nobody: no widget reads" in ended.stderr
    assert "Traceback" not in ended.stderr
