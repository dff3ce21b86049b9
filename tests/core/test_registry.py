"""A widget that is declared wrongly stops the start-up, and says which one, what is wrong and the mend."""

import re
import sys
import textwrap
from types import ModuleType

import pytest
from jinja2 import DictLoader, Environment

import widgets
from tests.conftest import ROOT
from widgets import create_app
from widgets.core.mistakes import check_template
from widgets.core.registry import TAKEN, discover
from widgets.core.widget import DeclarationError
from widgets.site import factory
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
    files = {path.stem for path in (ROOT / "widgets").glob("*.py")} - {"__init__"}
    assert {"inventory", "order_status", "ticker"} <= files
    found = [widget.slug for widget in discover(widgets, {Erp, MarketData})]
    assert found == sorted(file.replace("_", "-") for file in files)


def test_the_name_follows_from_the_file(catalogue):
    (widget,) = catalogue(GOOD)
    assert widget.slug == "reorder-list"
    assert widget.url_prefix == "/widgets/reorder-list"
    assert widget.template == "widgets/reorder_list.html"
    assert widget.about == "Reorder list: what to buy."
    assert list(widget.view_function.reads) == ["erp"]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('"""Reorder list: what to buy."""', "", 1),
        ("import Erp", "import Erpp", 5),
        ("import Field", "import (", 3),
        ("title=", "titel=", 7),
        ('"rows": "3"', '"rows": "three"', 7),
        ("@widget.view", "", 7),
        (', description="Rows to show"', "", 12),
        ("-> View:", "-> int:", 18),
        ("erp: Erp", "erp: int", 19),
        ("widget = Widget", "1 / 0; widget = Widget", 7),
        (
            "@widget.view\n    def reorder_list(params: Params, erp: Erp)",
            "def before(erp: Erp): ...\n    @widget.view\n    def reorder_list(params: Params, erp: int)",
            20,
        ),
    ],
)
def test_a_mistake_names_the_file_and_the_line(catalogue, old, new, line):
    assert old in GOOD
    with pytest.raises(DeclarationError) as caught:
        catalogue(GOOD.replace(old, new, 1).strip("\n"))
    assert f"reorder_list.py, line {line}): " in str(caught.value)


def test_what_a_module_of_ours_raises_is_told_with_the_mend(catalogue):
    with pytest.raises(DeclarationError, match="this is no Python: .* Correct it"):
        catalogue("def")
    with pytest.raises(DeclarationError, match="cannot import name .* Correct the import"):
        catalogue(GOOD.replace("import Erp", "import Erpp"))


def test_two_widgets_of_one_name_are_told_apart(tmp_path, catalogue):
    good = textwrap.dedent(GOOD)
    (tmp_path / "reorder-list.py").write_text(good)
    with pytest.raises(DeclarationError, match="is called reorder-list too; rename one") as caught:
        catalogue(good)
    assert "some_widgets.reorder-list" in str(caught.value)
    sys.modules.pop("some_widgets.reorder-list", None)


def test_a_folder_does_not_hide_a_widget(tmp_path, catalogue):
    (tmp_path / "reorder_list").mkdir()
    (tmp_path / "reorder_list" / "__init__.py").write_text("")
    with pytest.raises(DeclarationError, match="the folder reorder_list hides this file"):
        catalogue(GOOD)


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("a {{ view.rows }}\n{{ view.rwos }}", "line 2\\): View has no 'rwos'; it has rows"),
        ("{% if view.rows %}\n", "line 1\\): Unexpected end of template"),
        ("{{ x|nothing }}", "line 1\\): No filter named 'nothing'"),
        (None, "there is no templates/widgets/reorder_list.html"),
    ],
)
def test_a_template_at_odds_with_the_view_is_told(catalogue, template, says):
    (widget,) = catalogue(GOOD)
    known = {} if template is None else {widget.template: template}
    with pytest.raises(DeclarationError, match=says):
        check_template(Environment(loader=DictLoader(known), autoescape=True), widget)


def test_a_template_may_call_something_else_view(catalogue):
    (widget,) = catalogue(GOOD)
    text = "{% for view in view.rows %}{{ view.anything }}{% endfor %}"
    environment = Environment(loader=DictLoader({widget.template: text}), autoescape=True)
    check_template(environment, widget)


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
        (
            "personal=False, ",
            "",
            "Widget(…) is missing 1 required keyword-only argument: 'personal'",
        ),
        ("title=", "titel=", "Widget(…) has got an unexpected keyword argument 'titel'"),
        ("refresh=60", "refresh='60'", "refresh='60' cannot be: write a whole number above 0"),
        ("personal=False", 'personal="no"', "personal='no' cannot be: write True or False"),
        ('example={"rows": "3"}', "example='rows=3'", "write a dict of parameters"),
        ('"rows": "3"', '"rwos": "3"', "the example has 'rwos', which is no parameter; there are"),
        ("erp: Erp)", "erp)", "say of the argument erp what it is, such as `erp: Erp`"),
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
    source = (ROOT / "static/embed/embed.js").read_text()
    names = re.search(r"NO_PARAMETER = /\^\(([^()]*)\|\(data", source)
    assert names
    assert set(names[1].split("|")) - TAKEN == {"token-url", "listens-to"}


def test_a_template_that_is_missing_is_said(app, monkeypatch, settings):
    monkeypatch.setattr(app.blueprints["inventory"], "template", "widgets/nothing.html")
    monkeypatch.setattr(factory, "discover", lambda *_: [app.blueprints["inventory"]])
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
