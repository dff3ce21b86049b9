"""Views that hold: made once for all looks at the same answers, and anew for whatever could be another."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from widgets import create_app
from widgets.core import Parameters
from widgets.core.views import Views, key_of
from widgets.embedding.context import Entity, HostContext
from widgets.upstream import Keep, Read

INVENTORY = "/widgets/inventory/?site=1&rows=3"


def a_read(**changes: Any) -> Read:
    now = datetime.now(UTC)
    read = Read(
        upstream="ERP",
        what="WarehousesOnHandV2",
        as_of=now,
        outcome="miss",
        stale_because=None,
        seconds=0.2,
        key="stock",
        keep=Keep(15, 3600),
        fresh_until=now + timedelta(seconds=15),
        layer="upstream",
    )
    return replace(read, **changes)


class Made:
    """Views that are counted. newer: keys of reads of which something newer is known."""

    def __init__(self, *read: Read, most: int = 64) -> None:
        self.read = read
        self.count = 0
        self.newer: set[str] = set()
        self.views = Views(lambda key, _as_of: key not in self.newer, most)

    def get(self, key: object = "one") -> tuple[object, list[Read]]:
        reads: list[Read] = []

        def make() -> str:
            self.count += 1
            reads.extend(self.read)
            return f"view {self.count}"

        return self.views.get(key, reads, make), reads


def test_it_is_made_once_and_then_told_as_read_from_memory():
    read = a_read()
    made = Made(read)
    assert made.get() == ("view 1", [read])
    assert made.get() == (
        "view 1",
        [replace(read, outcome="hit", layer="memory", seconds=0.0)],
    )
    assert made.get("another")[0] == "view 2"


def test_it_ends_with_what_it_was_made_of():
    ago = datetime.now(UTC) - timedelta(seconds=20)
    made = Made(a_read(), a_read(key="names", as_of=ago))
    assert [made.get()[0], made.get()[0]] == ["view 1", "view 2"]


def test_it_ends_when_something_newer_is_known_of_any_part():
    made = Made(a_read(), a_read(key="names"))
    assert [made.get()[0], made.get()[0]] == ["view 1", "view 1"]
    made.newer = {"names"}
    assert made.get()[0] == "view 2"


@pytest.mark.parametrize("outcome", ["refreshing", "stale"])
def test_what_is_old_is_not_kept(outcome):
    made = Made(a_read(), a_read(key="names", outcome=outcome))
    assert [made.get()[0], made.get()[0]] == ["view 1", "view 2"]


def test_what_reads_nothing_is_not_kept():
    made = Made()
    assert [made.get()[0], made.get()[0]] == ["view 1", "view 2"]


def test_the_least_recently_used_goes_first_and_none_is_kept_of_none():
    made = Made(a_read(), most=2)
    assert [made.get(key)[0] for key in "abacb"] == [
        "view 1", "view 2", "view 1", "view 3", "view 4",
    ]  # fmt: skip
    made = Made(a_read(), most=0)
    assert [made.get()[0], made.get()[0]] == ["view 1", "view 2"]


class Params(Parameters):
    rate: Decimal = Decimal(1)
    names: list[str] | None = None


def test_keys_differ_by_all_that_a_view_depends_on():
    entities = [Entity("item", "M0001"), Entity("item", "M0002")]
    keys = [
        key_of("inventory", "a", Params(), None),
        key_of("ticker", "a", Params(), None),
        key_of("inventory", "b", Params(), None),
        key_of("inventory", "a", Params(rate=Decimal("1.0")), None),
        key_of("inventory", "a", Params(rate=Decimal("1.00")), None),
        *(key_of("inventory", "a", Params(), HostContext(entity=each)) for each in entities),
        key_of("inventory", "a", Params(), HostContext(user="one")),
    ]
    assert len(set(keys)) == len(keys)
    assert keys[0] == key_of("inventory", "a", Params(), None)


def test_a_list_is_part_of_the_key():
    keys = [
        key_of("ticker", "a", Params(names=names), None) for names in (["x"], ["x"], ["x", "y"])
    ]
    assert keys[0] == keys[1] != keys[2]
    assert keys[0] is not None


def test_what_has_no_key_is_made_each_time():
    made = Made(a_read())
    assert [made.get(None)[0], made.get(None)[0]] == ["view 1", "view 2"]


@pytest.fixture
def calls(app, monkeypatch):
    """How often the view function of `inventory` was called."""
    widget = app.blueprints["inventory"]
    declared, found = widget.view_function, []

    def counted(*args: object, **kwargs: object) -> object:
        found.append(args)
        return declared.call(*args, **kwargs)

    monkeypatch.setattr(widget, "view_function", replace(declared, call=counted))
    return found


def test_all_looks_at_the_same_answers_share_one(client, calls):
    looks = ("", "&theme=dark", "&locale=de-DE", "&entity_type=customer&entity_id=US-001")
    texts = [client.get(INVENTORY + look).text for look in looks]
    assert client.get(INVENTORY, headers={"HX-Request": "true"}).text in texts[0]
    data = client.get(INVENTORY.replace("?", "data.json?")).json
    assert len(data["view"]["rows"]) == 3
    assert len(calls) == 1
    assert len(set(texts[:3])) == 3
    client.get(INVENTORY + "&search=a")
    assert len(calls) == 2


def test_a_newer_answer_makes_another(app, client, calls, monkeypatch):
    client.get(INVENTORY)
    views = app.extensions["erp_widgets"].views
    monkeypatch.setattr(views, "_is_current", lambda *_: False)
    client.get(INVENTORY + "&theme=dark")
    assert len(calls) == 2


def test_a_state_that_is_played_is_made_each_time(client, calls):
    for theme in ("dark", "light"):
        client.get(f"{INVENTORY}&simulate=slow&theme={theme}")
    assert len(calls) == 2


def test_where_no_page_is_kept_no_view_is(settings, app, calls):
    client = create_app(settings.model_copy(update={"pages_mb": 0})).test_client()
    texts = {client.get(INVENTORY).text for _ in range(3)}
    assert len(texts) == 1
    assert len(calls) == 3
