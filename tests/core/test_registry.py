"""A widget that is declared wrongly stops the start-up, and says which one, what is wrong and the mend."""

import re
import sys
import textwrap
from types import ModuleType

import pytest

import widgets
from tests.conftest import ROOT
from widgets import create_app
from widgets.core.registry import TAKEN, discover
from widgets.core.widget import DeclarationError
from widgets.upstream import Erp, MarketData

GOOD = '''
    """Reorder list: what to buy."""
    from dataclasses import dataclass
    from pydantic import Field
    from widgets.core import Company, Parameters, Widget
    from widgets.upstream import Erp

    widget = Widget(__name__, title="Reorder list", refresh=60, height=300,
                    personal=False, example={"rows": "3"})

    class Params(Parameters):
        company: Company
        rows: int = Field(5, description="Rows to show")

    @dataclass
    class View:
        rows: int

    @widget.view
    def reorder_list(params: Params, erp: Erp) -> View:
        return View(params.rows)
'''


@pytest.fixture
def catalogue(tmp_path, monkeypatch):
    """A package that can be given modules; returns what `discover` finds in it."""
    package = ModuleType("some_widgets")
    package.__path__ = [str(tmp_path)]
    monkeypatch.setitem(sys.modules, "some_widgets", package)

    def find(source: str):
        (tmp_path / "reorder_list.py").write_text(textwrap.dedent(source))
        try:
            return discover(package, {Erp, MarketData})
        finally:
            sys.modules.pop("some_widgets.reorder_list", None)

    return find


def test_our_own_widgets_are_found_by_being_there():
    assert [widget.slug for widget in discover(widgets, {Erp, MarketData})] == [
        "inventory",
        "order-status",
        "ticker",
    ]


def test_the_name_follows_from_the_file(catalogue):
    (widget,) = catalogue(GOOD)
    assert widget.slug == "reorder-list"
    assert widget.url_prefix == "/widgets/reorder-list"
    assert widget.template == "widgets/reorder_list.html"
    assert widget.about == "Reorder list: what to buy."
    assert list(widget.view_function.reads) == ["erp"]


@pytest.mark.parametrize(
    ("old", "new", "mend"),
    [
        (GOOD[GOOD.index("    widget =") :], "", "define `widget = Widget"),
        ("@widget.view", "", "mark the function that makes the view with `@widget.view`"),
        ('"""Reorder list: what to buy."""', "", "begin with a docstring"),
        ('"rows": "3"', '"rows": "three"', "the example does not fit Params"),
        ("params: Params, ", "", "give it an argument `params: Params`"),
        ("erp: Erp", "erp: int", "the argument erp must be one of Erp, HostContext, MarketData"),
        ("-> View:", "-> int:", "say what it returns with `-> View`, a dataclass"),
        ("personal=False, ", "", "missing 1 required keyword-only argument: 'personal'"),
        (', description="Rows to show"', "", "say what the parameter rows means"),
        ("rows: int = Field(", "host: int = Field(", "a parameter cannot be called 'host'"),
        ("rows: int = Field(", "Rows: int = Field(", "a parameter cannot be called 'Rows'"),
        ("rows: int = Field(", "onclick: int = Field(", "a parameter cannot be called 'onclick'"),
    ],
)
def test_a_mistake_names_the_module_and_the_mend(catalogue, old, new, mend):
    assert old in GOOD
    with pytest.raises(DeclarationError, match="some_widgets.reorder_list") as caught:
        catalogue(GOOD.replace(old, new, 1))
    assert mend in str(caught.value)


def test_what_the_loader_keeps_for_itself_is_no_parameter():
    source = (ROOT / "static/embed.js").read_text()
    names = re.search(r"NO_PARAMETER = /\^\(([^()]*)\|\(data", source)
    assert names
    assert set(names[1].split("|")) - TAKEN == {"token-url", "listens-to"}


def test_a_template_that_is_missing_is_said(app, monkeypatch, settings):
    monkeypatch.setattr(app.blueprints["inventory"], "template", "widgets/nothing.html")
    monkeypatch.setattr(
        "widgets.site.factory.find_widgets", lambda _: {"inventory": app.blueprints["inventory"]}
    )
    with pytest.raises(DeclarationError, match="there is no templates/widgets/nothing.html"):
        create_app(settings)


def test_the_readmes_widget_is_declared_as_it_should_be(catalogue):
    readme = (ROOT / "README.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    (declared,) = [block for block in blocks if "class Params" in block]
    docstring, code = declared.split("\n\n", 1)
    imports = (
        "from dataclasses import dataclass\nfrom pydantic import Field\n"
        "from widgets.core import Parameters, Widget\nfrom widgets.upstream import Erp\n"
    )
    rest = (
        "\n@dataclass\nclass View:\n    site: str\n\n"
        "@widget.view\ndef reorder_list(params: Params, erp: Erp) -> View:\n    return View(params.site)\n"
    )
    (widget,) = catalogue("\n".join((docstring, imports, code, rest)))
    assert (widget.title, widget.personal) == ("Reorder list", False)
