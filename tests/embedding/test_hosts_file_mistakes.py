"""Each mistake in a hosts file is named with its line: in the texts below, the one marked `# here`. Those in
keys are in test_hosts_file_keys."""

import re

import pytest

from tests.embedding import by_hand
from widgets.embedding.hosts_file import HostsFileError, load

LOBBY = """
[hosts.lobby]
name = "Lobby"
access = "open"
"""
OPEN = f'{LOBBY}origins = ["https://lobby.contoso.com"]\n'
SALES = """
# Who shows what.
[hosts.sales]
name = "Contoso Sales"

origins = [
  "https://sales.contoso.com",
]
"""


@pytest.fixture(autouse=True)
def secrets(monkeypatch):
    monkeypatch.setenv("SALES_WIDGET_KEY", by_hand.SECRET)


MISTAKES = {
    "an entry that is none": (
        f'{OPEN}colour = "red" # here',
        "hosts.lobby.colour: there is no such setting",
    ),
    "a name that is missing": (
        f'{OPEN}[hosts.hall] # here\norigins = ["https://hall.contoso.com"]',
        "hosts.hall.name: is missing",
    ),
    "a name that is empty": (
        OPEN.replace('"Lobby"', '"" # here'),
        "hosts.lobby.name: must not be empty",
    ),
    "a name that is no text": (
        OPEN.replace('"Lobby"', "1 # here"),
        "hosts.lobby.name: must be a text in quotes",
    ),
    "an entry that is none, of a host with a hyphen": (
        f'{OPEN}[hosts.hall-2]\nname = "Hall"\nrate-limit = 5 # here',
        "hosts.hall-2.rate-limit: there is no such setting",
    ),
    "a host that is no table": (
        f"hosts.hall = 1 # here\n{OPEN}",
        "hosts.hall: must be a table",
    ),
    "an id with a large letter": (
        f'{OPEN}[hosts.Hall] # here\nname = "Hall"\norigins = ["https://hall.contoso.com"]',
        "hosts.Hall: an id is 1 to 40 small letters, digits and -",
    ),
    "an id that is too long": (
        f'{OPEN}[hosts.{"a" * 41}] # here\nname = "A"\norigins = ["https://a.contoso.com"]',
        f"hosts.{'a' * 41}: an id is 1 to 40 small letters, digits and -",
    ),
    "an origin that is none, in an array of several lines": (
        f'{LOBBY}origins = [\n  "https://a.contoso.com",\n  "https://*", # here\n]',
        "hosts.lobby.origins.1: 'https://*' is no origin; write it like https://",
    ),
    "no origins where none are usual": (
        LOBBY.replace("lobby]", "lobby] # here"),
        'hosts.lobby.origins: is missing: who may frame it, like ["https://sales.contoso.com"]',
    ),
    "an empty list of origins": (
        f"{LOBBY}origins = [] # here",
        "hosts.lobby.origins: is empty, so that nobody could show a widget",
    ),
    "usual origins where none are": (
        f'{LOBBY}origins = ["usual"] # here',
        "hosts.lobby.origins: is empty, so that nobody could show a widget",
    ),
    "origins that are no list": (
        f'{LOBBY}origins = "https://lobby.contoso.com" # here',
        "hosts.lobby.origins: must be a list in square brackets",
    ),
    "a platform that is none": (
        f'{OPEN}platform = "sap" # here',
        "hosts.lobby.platform: must be 'web', 'dynamics365', 'teams', 'sharepoint', ",
    ),
    "an access that is none": (
        OPEN.replace('"open"', '"all" # here'),
        "hosts.lobby.access: must be 'token', 'key' or 'open'",
    ),
    "a limit that is no number": (
        f"{OPEN}rate_limit = true # here",
        "hosts.lobby.rate_limit: must be a whole number",
    ),
    "a limit of nothing": (
        f"{OPEN}rate_limit = 0 # here",
        "hosts.lobby.rate_limit: must be at least 1",
    ),
    "a widget that is none": (
        f'{OPEN}widgets = ["inventory", "stock"] # here',
        "hosts.lobby.widgets.1: there is no widget 'stock'; there are inventory, order-status, ",
    ),
    "a personal widget without tokens": (
        f'{OPEN}widgets = ["order-status"] # here',
        'hosts.lobby.widgets.0: order-status shows personal data, which needs access = "token"',
    ),
    "a personal widget with a key alone": (
        f'{OPEN}widgets = ["order-status"] # here\n'.replace('"open"', '"key"')
        + 'keys = [{ id = "k", secret_env = "SALES_WIDGET_KEY" }]',
        'hosts.lobby.widgets.0: order-status shows personal data, which needs access = "token"',
    ),
    "a lock of what no widget has": (
        f'{OPEN}locked = {{ site = "1", colour = "red" }} # here',
        "hosts.lobby.locked.colour: none of the host's widgets has such a parameter",
    ),
    "a lock of what only another widget has": (
        f'{OPEN}widgets = ["ticker"]\nlocked = {{ site = "1" }} # here',
        "hosts.lobby.locked.site: none of the host's widgets has such a parameter",
    ),
    "a lock of what only a personal widget has, which this host may not show": (
        f'{OPEN}locked = {{ order = "1" }} # here',
        "hosts.lobby.locked.order: none of the host's widgets has such a parameter",
    ),
    "a lock with a value that the widget does not take": (
        f"{OPEN}locked = {{ rows = 51 }} # here",
        "hosts.lobby.locked.rows: The parameter rows must be at most 50, not “51”.",
    ),
    "a lock with a value that no address has": (
        f'{OPEN}locked = {{ site = ["1"] }} # here',
        "hosts.lobby.locked.site: must be a text in quotes or a whole number",
    ),
    "a lock that is true": (
        f"{OPEN}locked = {{ site = true }} # here",
        "hosts.lobby.locked.site: must be a text in quotes or a whole number",
    ),
    "a lock in a table of its own": (
        f'{OPEN}[hosts.lobby.locked]\nsite = "1"\ncompany = "a b" # here',
        "hosts.lobby.locked.company: The parameter company must be 1 to 4 letters or digits,",
    ),
    "tokens without a key": (
        SALES.replace("sales]", "sales] # here"),
        'hosts.sales.keys: is missing: access = "token" needs a key, [[hosts.sales.keys]]',
    ),
    "keys without a key": (
        OPEN.replace("lobby]", "lobby] # here").replace('"open"', '"key"'),
        'hosts.lobby.keys: is missing: access = "key" needs a key, [[hosts.lobby.keys]]',
    ),
    "a key that opens nothing": (
        f'{OPEN}keys = [{{ id = "k", secret_env = "SALES_WIDGET_KEY" }}] # here',
        'hosts.lobby.keys: is not used with access = "open"; choose "token" or "key"',
    ),
    "a setting of the file that is none": (
        f'defaults = "lobby" # here\n{OPEN}',
        "defaults: there is no such setting",
    ),
    "a default that is not there": (
        f'default = "sales" # here\n{OPEN}',
        "default: there is no host 'sales' in this file",
    ),
    "no hosts at all": ('# here\ndefault = "sales"', "hosts: is missing"),
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_line(complaints, text, said):
    line = text.partition("# here")[0].count("\n") + 1
    (complaint,) = complaints(text)
    assert complaint.startswith(f"line {line}: {said}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[hosts.sales]\nname =\n", r": is no TOML: .* \(at line 2, column 7\)"),
        (f"{OPEN}[hosts.lobby]\n", r": is no TOML: .* twice \(at line 6, column 13\)"),
        (f'{OPEN}name = "Lobby"\n', r": is no TOML: .* \(at line 6, column 15\)"),
        (b'[hosts.sales]\nname = "\xff"\n', r": cannot be read \('utf-8'"),
        ("[hosts.sales]\n".encode("utf-16"), r": cannot be read \('utf-8'"),
    ],
)
def test_a_file_that_is_no_toml_is_said_once(complaints, content, said):
    (complaint,) = complaints(content)
    assert re.match(said, complaint)


@pytest.mark.parametrize("name", ["", "none.toml"])
def test_what_is_no_file_cannot_be_read(tmp_path, name):
    with pytest.raises(HostsFileError, match=re.escape(f"{tmp_path / name}: cannot be read (")):
        load(tmp_path / name, by_hand.embeddables())


def test_several_mistakes_are_all_named_in_the_order_of_their_lines(complaints):
    text = """default = "hall"
[hosts.sales]
name = "Sales"
widgets = ["stock", "ticker"]
locked = { rows = 4 }
origins = []
"""
    assert [re.sub(": (is|there|none) .*", "", complaint) for complaint in complaints(text)] == [
        "line 1: default",
        "line 2: hosts.sales.keys",
        "line 4: hosts.sales.widgets.0",
        "line 5: hosts.sales.locked.rows",
        "line 6: hosts.sales.origins",
    ]


def test_line_10_comes_after_line_9(complaints):
    text = "\n".join(["[hosts.a]", *(f"wrong{number} = 1" for number in range(2, 13))])
    lines = [complaint.partition(": ")[0] for complaint in complaints(text)]
    assert lines == [f"line {number}" for number in range(1, 13)]


def test_wrong_entries_and_wrong_types_are_named_together(complaints):
    text = '[hosts.a]\nname = 1\ncolour = "red"\n[hosts.b]\naccess = "all"\n[hosts.B]\nname = "B"\n'
    assert [complaint.partition(": ")[0] for complaint in complaints(text)] == [
        "line 2",  # the type
        "line 3",  # the entry
        "line 4",  # no name
        "line 5",  # the access
        "line 6",  # the id
    ]


def test_one_hosts_wrong_values_do_not_hide_what_another_contradicts(complaints):
    text = f'{OPEN}widgets = ["inventroy"]\n{OPEN.replace("lobby", "hall")}colour = "red"\n'
    said = "\n".join(complaints(text))
    assert "hosts.lobby.widgets.0: there is no widget 'inventroy'" in said
    assert "hosts.hall.colour: there is no such setting" in said


def test_a_secret_that_stands_where_its_variables_name_should_is_not_repeated(complaints):
    secret = "s3cretOfSales-0123456789"
    key = f'[[hosts.sales.keys]]\nid = "1"\nsecret_env = "{secret}"'
    (line,) = complaints(f"{SALES}{key}")
    assert "must be the name of an environment variable" in line
    assert secret not in line
