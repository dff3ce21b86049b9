"""docs/packages.md and docs/json-upstream.md say what the code does: their code is that of the example, whose
tests run with ours (tests/site/test_wheel.py)."""

import re
import tomllib

import pytest

from tests.conftest import ROOT
from tests.site.packages import EXAMPLE, lay_out_example, on_the_path
from tests.test_docs import blocks, rows
from widgets.core.widget import DeclarationError
from widgets.errors import WidgetError
from widgets.site import upstreams_file
from widgets.site.factory import find_widgets
from widgets.site.scaffold_texts import texts
from widgets.site.scaffold_upstream import start_of
from widgets.site.upstreams import SOURCES
from widgets.upstream.transport import Limits

JSON = ROOT / "docs/json-upstream.md"
PACKAGES = ROOT / "docs/packages.md"
TUTORIAL = ROOT / "docs/widgets.md"
CODE = "\n".join(path.read_text() for path in EXAMPLE.rglob("*.py"))


WRITTEN = "".join(texts("machine_park", "machine-park", "Machine park", start_of("machine-hall")))
"""What the command has written that these pages name."""


SHOWN = [code for page in (JSON, PACKAGES) for code in blocks(page, "python")]
OTHER_ANSWERS = [code for code in SHOWN if "(client" in code]  # run in tests/site/test_scaffold.py


@pytest.mark.parametrize("code", [code for code in SHOWN if code not in OTHER_ANSWERS])
def test_code_that_is_shown_is_the_examples_or_the_tutorials(code):
    assert any(code in there for there in (CODE, "".join(blocks(TUTORIAL, "python")), WRITTEN))


def test_the_file_that_is_shown_is_the_one_that_is_read_in_a_test():
    (shown,) = blocks(JSON, "toml")
    assert shown.strip() == (upstreams_file.__doc__ or "").partition("\n\n")[2].strip()
    for entry in upstreams_file.UpstreamEntry.model_fields:
        assert re.search(rf"\b{entry}\b", shown), entry
    (short,) = blocks(EXAMPLE / "README.md", "toml")
    assert short.splitlines()[0] == "[carrier]"
    assert (
        tomllib.loads(short)["carrier"].keys() <= upstreams_file.UpstreamEntry.model_fields.keys()
    )


def test_every_error_that_is_shown_has_its_title():
    titles = {kind.title for kind in WidgetError.__subclasses__()}
    table = re.findall(r"^\| \w.*? \| ([A-Z][^|]+) \|", JSON.read_text(), re.M)
    said = [title for title in table if title != "The viewer reads"]
    assert len(said) == 7
    assert set(said) <= titles
    assert f"{Limits().max_body // 2**20} MB" in JSON.read_text()


def test_the_entry_that_is_shown_is_the_examples():
    (shown,) = map(tomllib.loads, blocks(PACKAGES, "toml"))
    real = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())
    assert shown["build-system"] == real["build-system"]
    assert shown["project"].items() <= real["project"].items()


def test_the_files_that_are_listed_are_there():
    (listed,) = re.findall(r"^    contoso_widgets/\n((?:    .+\n)+)", PACKAGES.read_text(), re.M)
    package, *_ = names = [line.split()[0] for line in listed.splitlines()]
    assert len(names) > 5
    for name in names:
        assert any(path.match(name.rstrip("/")) for path in EXAMPLE.rglob("*")), name
    assert package == "pyproject.toml"


def test_the_readme_of_the_example_lists_its_files_and_widgets(tmp_path):
    readme = EXAMPLE / "README.md"
    for file in rows(readme, "File"):
        assert (EXAMPLE / file.strip("`")).is_file(), file
    lay_out_example(tmp_path)
    with on_the_path(tmp_path):
        found = find_widgets(SOURCES)
    theirs = {f"`{name}`": w for name, w in found.items() if w.distribution}
    table = rows(readme, "Widget")
    assert theirs.keys() == table.keys()
    for name, widget in theirs.items():
        parameters = re.findall(r"`([^`]+)`", table[name])[0].split()
        assert parameters == list(widget.view_function.params.model_fields)


def test_the_mistake_that_is_shown_is_told_like_that(tmp_path):
    lay_out_example(tmp_path)
    module = tmp_path / "contoso_widgets/parcels.py"
    module.write_text(module.read_text().replace("@widget.view\n", ""))
    with on_the_path(tmp_path), pytest.raises(DeclarationError) as caught:
        find_widgets(SOURCES)
    told = str(caught.value).replace(str(tmp_path), "…")
    assert f"    {told}\n" in PACKAGES.read_text()
