"""When a page is looked at again, and where its links lead."""

import math
from datetime import UTC, datetime

from widgets.core.rendering import STALE, UPDATING, linker, next_look
from widgets.core.states import Freshness

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)


def test_newer_data_that_is_on_its_way_is_fetched_soon():
    for state in ("ok", "empty"):
        assert next_look(state, Freshness(NOW, "20 seconds", None, updating=True)) == UPDATING
        assert next_look(state, Freshness(NOW, "2 seconds", None)) == math.inf
    assert next_look("error", None) == math.inf


def test_an_upstream_that_fails_is_not_waited_for_too_often():
    assert next_look("stale", Freshness(NOW, "1 hour", "the ERP is not answering")) == STALE
    late = Freshness(NOW, "1 hour", "the ERP takes too long to answer", updating=True)
    assert UPDATING < next_look("stale", late) < STALE


def test_a_link_carries_what_is_known_and_changes_what_it_names():
    link = linker({"site": "1 & 2", "item": "", "theme": "dark"})
    assert link() == "?site=1+%26+2&theme=dark"
    assert link(item="ü/") == "?site=1+%26+2&theme=dark&item=%C3%BC%2F"
    assert link(site="3", theme=None) == "?site=3"
    assert link(rows=5) == "?site=1+%26+2&theme=dark&rows=5"
    assert link() == "?site=1+%26+2&theme=dark"
