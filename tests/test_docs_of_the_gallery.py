"""What docs/gallery.md says of the workbench is so."""

import re

from tests.conftest import ROOT
from tests.test_docs import rows
from widgets.embedding.platform_snippets import WAYS
from widgets.site import simulation, workbench

PAGE = ROOT / "docs/gallery.md"


def test_every_state_is_in_its_table():
    assert [name.strip("`") for name in rows(PAGE, "State")] == list(simulation.STATES)


def test_every_name_of_the_address_is_in_its_table_with_what_it_can_be():
    table = rows(PAGE, "In the address")
    assert re.findall(r"\w+", table["`pane-width`"])[:2] == ["280", "400"]
    known = {
        "`simulate`": None,
        f"`{workbench.WIDTH}`": workbench.WIDTHS,
        f"`{workbench.WAY}`": [way.id for way in WAYS[1:]],
        f"`{workbench.ACTIVITY}`": workbench.ACTIVITIES[1:],
    }
    assert list(table) == list(known)
    for name, values in known.items():
        if values:
            assert re.findall(r"`([\w-]+)`", table[name]) == list(values)


def test_every_way_to_embed_is_named_as_it_is_called():
    text = PAGE.read_text().lower()
    for way in WAYS:
        assert way.label.lower() in text
