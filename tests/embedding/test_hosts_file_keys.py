"""Each mistake in a host's keys is named with its line, the one marked `# here`, and no secret with it."""

import pytest

from tests.embedding import by_hand

SALES = """
# Who shows what.
[hosts.sales]
name = "Contoso Sales"

origins = [
  "https://sales.contoso.com",
]
"""
KEYED = f"{SALES}[[hosts.sales.keys]] # here\n"
FIRST_KEY = '[[hosts.sales.keys]]\nid = "k1"\nsecret_env = "SALES_WIDGET_KEY"\n'
LOBBY = """
[hosts.lobby]
name = "Lobby"
access = "key"
origins = ["https://lobby.contoso.com"]
keys = [{ id = "k", secret_env = "SALES_WIDGET_KEY" }]
"""


@pytest.fixture(autouse=True)
def secrets(monkeypatch, tmp_path):
    monkeypatch.setenv("SALES_WIDGET_KEY", by_hand.SECRET)
    monkeypatch.setenv("EMPTY_KEY", "")
    monkeypatch.setenv("SHORT_KEY", "hunter2" * 4 + "abc")
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    (tmp_path / "short").write_text("hunter2hunter2" + " " * 40)
    (tmp_path / "latin").write_bytes(b"\xff" * 40)


MISTAKES = {
    "an entry of a key that is none": (
        f'{SALES}{FIRST_KEY}secret = "hunter2" # here',
        "hosts.sales.keys.0.secret: there is no such setting",
    ),
    "a key without an id": (
        f'{KEYED}secret_env = "SALES_WIDGET_KEY"',
        "hosts.sales.keys.0.id: is missing",
    ),
    "a key's id with a space": (
        f'{SALES}[[hosts.sales.keys]]\nsecret_env = "SALES_WIDGET_KEY"\nid = "k 1" # here',
        "hosts.sales.keys.0.id: an id of a key is 1 to 64 letters, digits, dots, - and _",
    ),
    "a last day in quotes": (
        f'{SALES}{FIRST_KEY}not_after = "2027-02-01" # here',
        "hosts.sales.keys.0.not_after: must be a day or a moment, such as 2027-02-01, without",
    ),
    "a revocation that is neither true nor false": (
        f'{SALES}{FIRST_KEY}revoked = "perhaps" # here',
        "hosts.sales.keys.0.revoked: must be true or false",
    ),
    "two keys of one id": (
        SALES + FIRST_KEY + FIRST_KEY.replace('"k1"', '"k1" # here'),
        "hosts.sales.keys.1.id: there are two keys 'k1'",
    ),
    "a second key without a secret": (
        f'{SALES}{FIRST_KEY}\n[[hosts.sales.keys]] # here\nid = "k2"',
        "hosts.sales.keys.1: name the secret by either secret_env or secret_file",
    ),
    "a key with two secrets": (
        f'{KEYED}id = "k"\nsecret_env = "SALES_WIDGET_KEY"\nsecret_file = "short"',
        "hosts.sales.keys.0: name the secret by either secret_env or secret_file",
    ),
    "a variable that is not there": (
        f'{KEYED}id = "k"\nsecret_env = "NO_SUCH_KEY"',
        "hosts.sales.keys.0: secret_env: the environment has no NO_SUCH_KEY; make one with:",
    ),
    "a variable that is empty": (
        f'{KEYED}id = "k"\nsecret_env = "EMPTY_KEY"',
        "hosts.sales.keys.0: secret_env: the environment has no EMPTY_KEY; make one with:",
    ),
    "a secret that is one byte too short": (
        f'{KEYED}id = "k"\nsecret_env = "SHORT_KEY"',
        "hosts.sales.keys.0: the secret has 31 bytes, at least 32 are wanted; make one with:",
    ),
    "a secret that is too short without the blanks around it": (
        f'{KEYED}id = "k"\nsecret_file = "short"',
        "hosts.sales.keys.0: the secret has 14 bytes, at least 32 are wanted; make one with:",
    ),
    "a secret that signs tokens and stands in the addresses of another host": (
        LOBBY + SALES + FIRST_KEY.replace("keys]]", "keys]] # here"),
        "hosts.sales.keys.0: host lobby shows this secret in addresses, so it must not sign tokens",
    ),
    "a secret in a file that is not there": (
        f'{KEYED}id = "k"\nsecret_file = "none"',
        "hosts.sales.keys.0: secret_file: cannot be read (",
    ),
    "a secret in a file that is no text": (
        f'{KEYED}id = "k"\nsecret_file = "latin"',
        "hosts.sales.keys.0: secret_file: cannot be read (",
    ),
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_line(complaints, text, said):
    line = text.partition("# here")[0].count("\n") + 1
    (complaint,) = complaints(text)
    assert complaint.startswith(f"line {line}: {said}")
    assert "hunter2" not in complaint
    assert by_hand.SECRET not in complaint
