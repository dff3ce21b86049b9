"""A widget that `widgets new` has written works at once: it is loaded, linted and tested in a copy of the
tree, from every read there is. The code of docs/widgets.md is held to the same."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.conftest import ROOT
from tests.site.packages import EXAMPLE, lay_out, on_the_path
from widgets import create_app
from widgets.core import Widget
from widgets.site import cli, scaffold, scaffold_upstream, upstreams_file
from widgets.site.scaffold_reads import STARTS
from widgets.upstream import JsonUpstream
from widgets.upstream.reads import KEEP

PAGE = (ROOT / "docs/widgets.md").read_text()
(OTHER_ANSWERS,) = re.findall(
    r"^```python\n(def \w+\(client.*?)^```",
    (ROOT / "docs/json-upstream.md").read_text(),
    re.MULTILINE | re.DOTALL,
)


def files_of(name: str) -> list[str]:
    module = name.replace("-", "_")
    return [f"widgets/{module}.py", f"templates/widgets/{module}.html", f"tests/test_{module}.py"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a checkout as is looked at before anything is written."""
    for folder in ("widgets/site", "templates/widgets", "tests"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("pyproject.toml", "widgets/ticker.py", "tests/stand_ins.py"):
        (tmp_path / file).write_text("")
    return tmp_path


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """This tree, without what was made from it."""
    nothing = shutil.ignore_patterns("__pycache__", "figures")
    for folder in ("widgets", "mock_erp", "templates", "static", "tests", "tools", "bench"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=nothing)
    for file in ("pyproject.toml", "wsgi.py", "gunicorn.conf.py"):
        shutil.copy(ROOT / file, tmp_path)
    return tmp_path


def run(folder: Path, *command: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    ended = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def check(folder: Path, names: list[str]) -> None:
    """What `make test` asks of these widgets' files."""
    written = [file for name in names for file in files_of(name)]
    python = [file for file in written if file.endswith(".py")]
    run(folder, "ruff", "format", "--check", *python)
    run(folder, "ruff", "check", *python)
    run(folder, "mypy", "--cache-dir", str(ROOT / ".mypy_cache"), *python)
    tests = [file for file in python if file.startswith("tests/")]
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "--basetemp", str(folder / "temp")]
    run(folder, "pytest", *options, "tests/test_architecture.py", *tests)


def test_a_widget_of_every_read_works_at_once(copy):
    names = []
    for number, read in enumerate(STARTS):
        # Also the shortest name there can be, one that comes last, and the longest.
        name = ("a", f"z-{read}", "x" * scaffold.LONGEST, f"try-{read}")[min(number, 3)]
        name = name.replace("_", "-")
        assert scaffold.new(name, read, copy) == [copy / file for file in files_of(name)]
        names.append(name)
    # An upstream of its own, with names as short and as long as they may be.
    longest = "-".join(["upstream"] * 3) + "-abc"
    for name, upstream in (
        ("machine-park", "machine-hall"),
        ("y" * scaffold.LONGEST, longest),
        ("b", "ab"),
    ):
        scaffold.new(name, "json", copy, upstream=upstream)
        names.append(name)
    assert len(longest) == scaffold_upstream.LONGEST
    with (copy / "tests/test_machine_park.py").open("a") as test:
        test.write(f"\n\n{OTHER_ANSWERS}")
    check(copy, names)


def test_the_tutorials_widget_is_what_is_written_and_works_when_it_is_followed(copy):
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    whole, params, view, test = blocks
    (html,) = re.findall(r"```html\n(.*?)```", PAGE, re.DOTALL)
    widget, template, tests = scaffold.new("reorder-list", "on_hand", copy)
    text = widget.read_text()
    assert text == whole
    assert template.read_text() == html
    text = re.sub(r"class Params\(.*?\n\n\n", lambda _: f"{params}\n\n", text, flags=re.DOTALL)
    text = text[: text.index("@widget.view")] + view
    widget.write_text(text)
    tests.write_text(f"{tests.read_text()}\n\n{test}")
    check(copy, ["reorder-list"])


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the example package, which is no checkout."""
    nothing = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(EXAMPLE, tmp_path / "contoso_widgets", ignore=nothing)


@pytest.mark.parametrize("folder", ["", "src"])
def test_a_widget_in_a_package_works_at_once(package, folder, settings):
    if folder:
        (package / folder).mkdir()
        shutil.move(package / "contoso_widgets", package / folder)
    inside = package / folder / "contoso_widgets"
    shutil.rmtree(inside / "static")
    written = scaffold.new("late-ones", "json", package=package)
    assert written == [
        inside / "late_ones.py",
        inside / "templates/late_ones.html",
        package / "tests/test_late_ones.py",
    ]
    python = [str(file) for file in written if file.suffix == ".py"]
    options = ["--config", str(ROOT / "pyproject.toml")]
    run(package, "ruff", "format", *options, "--check", *python)
    run(package, "ruff", "check", *options, "--ignore", "S101", *python)
    lay_out(inside.parent, {}, {"contoso": "contoso_widgets"})
    with on_the_path(inside.parent):
        answer = (
            create_app(settings).test_client().get("/widgets/contoso-late-ones/?customer=US-007")
        )
        assert 'data-state="ok"' in answer.text
    assert 'widget = "contoso-late-ones"' in written[2].read_text()
    # The contract is held against what is written from each read in tests/contract, where that is quicker.
    options = ["-n", "0", "-p", "no:cacheprovider", "-k", "not TestContract"]
    run(inside.parent, "pytest", "-q", *options, str(package / "tests"))


def test_a_package_must_say_that_it_is_one_and_have_its_folder(package):
    with pytest.raises(scaffold.ScaffoldError, match="There is no folder"):
        scaffold.new("late-ones", "json", package=package / "nowhere")
    with pytest.raises(scaffold.ScaffoldError, match="names no package of widgets"):
        scaffold.new("late-ones", "json", package=package / "tests")
    (package / "contoso_widgets/__init__.py").unlink()
    with pytest.raises(scaffold.ScaffoldError, match="no contoso_widgets/__init__.py"):
        scaffold.new("late-ones", "json", package=package)


def test_a_widget_of_every_read_can_be_in_a_package(package, settings):
    for read in STARTS:
        scaffold.new(f"try-{read.replace('_', '-')}", read, package=package)
    scaffold.new("try-own", "json", upstream="machine-hall", package=package)
    options = ["--config", str(ROOT / "pyproject.toml"), "--ignore", "S101"]
    run(package, "ruff", "format", *options[:2], "--check", "contoso_widgets", "tests")
    run(package, "ruff", "check", *options, *map(str, package.rglob("*try_*.py")))
    lay_out(package, {}, {"contoso": "contoso_widgets"})
    with on_the_path(package):
        app = create_app(settings)
        for read in (*STARTS, "own"):
            widget = app.blueprints[f"contoso-try-{read.replace('_', '-')}"]
            assert isinstance(widget, Widget)
            answer = app.test_client().get(f"{widget.url_prefix}/", query_string=widget.example)
            assert 'data-state="ok"' in answer.text, read
    options = ["-n", "0", "-p", "no:cacheprovider", "--collect-only"]
    run(package, "pytest", "-q", *options, "tests")


def test_the_command_writes_into_a_package_and_says_what_next(package):
    result = new("late-ones", "--reads", "json", "--package", str(package))
    assert result.exit_code == 0, result.output
    written = package / "contoso_widgets/late_ones.py"
    assert result.output.splitlines()[0] == f"wrote {os.path.relpath(written)}"
    assert f"pip install -e {package}" in result.output
    again = new("late-ones", "--reads", "json", "--package", str(package))
    assert "contoso_widgets/late_ones.py and contoso_widgets/templates" in again.output


def test_every_read_that_gives_a_table_can_be_started_from():
    # `customers` is one name at a time, `quality` one period at a time.
    assert STARTS.keys() == KEEP.keys() - {"customers", "quality"} | {"json"}
    for read in STARTS:
        assert f"`{read}`" in PAGE


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Reorder List", "use small letters, digits and single - .* such as reorder-list"),
        ("reorder_list", "such as reorder-list"),
        ("9-lives", "such as lives"),
        ("../x", "is no name"),
        ("a" * 31, "at most 30 characters"),
        ("", "is no name"),
        ("class", "means something in Python"),
        ("match", "means something in Python"),
        ("list", "means something in Python"),
        ("site", "is the name of a part"),
        ("widget", "is the name of a part"),
        ("stand-ins", "is the name of a part"),
        ("on-hand", "is the name of a read"),
        ("test-hall", "begins with test.* such as my-test-hall"),
        ("testing", "begins with test"),
        ("ticker", r"widgets/ticker\.py is there already. Choose another name"),
    ],
)
def test_a_name_that_will_not_do_is_told_why_and_nothing_is_written(checkout, name, says):
    before = sorted(checkout.rglob("*"))
    with pytest.raises(scaffold.ScaffoldError, match=says):
        scaffold.new(name, "on_hand", checkout)
    assert sorted(checkout.rglob("*")) == before


def test_every_folder_and_module_here_is_a_name_that_is_taken():
    folders = [path.parent.name for path in (ROOT / "widgets").glob("*/__init__.py")]
    assert "core" in folders
    for name in (*folders, "inventory", "order-status", "conftest"):
        with pytest.raises(scaffold.ScaffoldError):
            scaffold.new(name, "on_hand")


@pytest.mark.parametrize("there", files_of("reorder-list"))
def test_any_file_in_the_way_keeps_all_from_being_written(checkout, there):
    (checkout / there).write_text("mine")
    with pytest.raises(scaffold.ScaffoldError, match=f"{there} is there already"):
        scaffold.new("reorder-list", "on_hand", checkout)
    assert (checkout / there).read_text() == "mine"
    assert len([file for file in files_of("reorder-list") if (checkout / file).exists()]) == 1


def test_several_in_the_way_are_told_as_several(checkout):
    for file in files_of("reorder-list"):
        (checkout / file).write_text("mine")
    with pytest.raises(scaffold.ScaffoldError, match=r"are there already.*move them away"):
        scaffold.new("reorder-list", "on_hand", checkout)


@pytest.mark.parametrize(
    ("upstream", "says"),
    [
        ("X9", "use small letters"),
        ("hall-2", "each beginning with two letters"),
        ("a-b", "each beginning with two letters"),
        ("a" * 31, "at most 30 characters"),
        ("", "is no name"),
        ("list", "means something"),
        ("record", "means something"),
        ("erp", "means something"),
        ("test-bench", "means something"),
        ("reorder-list", "are both called 'reorder-list'"),
    ],
)
def test_an_upstreams_name_that_will_not_do_is_told_why(checkout, upstream, says):
    with pytest.raises(scaffold.ScaffoldError, match=says):
        scaffold.new("reorder-list", "json", checkout, upstream=upstream)
    assert not (checkout / "widgets/reorder_list.py").exists()


def test_an_upstream_goes_with_json_alone(checkout):
    with pytest.raises(scaffold.ScaffoldError, match="prices has its own"):
        scaffold.new("reorder-list", "prices", checkout, upstream="machine-hall")


def test_the_class_has_the_name_that_was_asked_for():
    for name in ("machine-hall", "ab", "ab9-cd", "weather-service"):
        kind = type(scaffold_upstream.kind_of(name), (JsonUpstream,), {})
        assert issubclass(kind, JsonUpstream)
        assert kind.name == name


def test_what_cannot_be_written_leaves_nothing_behind(checkout, monkeypatch):
    opened = Path.open

    def fail(self, *arguments, **more):
        if self.suffix == ".html":
            raise OSError(28, "No space left on device", str(self))
        return opened(self, *arguments, **more)

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(scaffold.ScaffoldError, match="No space left"):
        scaffold.new("reorder-list", "on_hand", checkout)
    assert not (checkout / "widgets/reorder_list.py").exists()


def test_an_unknown_read_is_told_those_there_are(checkout):
    with pytest.raises(scaffold.ScaffoldError, match="no read 'stock' .* one of on_hand, products"):
        scaffold.new("reorder-list", "stock", checkout)


def test_an_installed_package_is_no_place_for_a_widget(tmp_path):
    with pytest.raises(scaffold.ScaffoldError, match="Get the source"):
        scaffold.new("reorder-list", "on_hand", tmp_path)


# --- The command.


def new(*arguments, **more):
    return CliRunner().invoke(cli.main, ["widgets", "new", *arguments], **more)


@pytest.fixture
def in_checkout(checkout, monkeypatch):
    monkeypatch.setattr(scaffold, "CHECKOUT", checkout)
    monkeypatch.setattr(scaffold.new, "__defaults__", (checkout,))
    return checkout


def test_the_command_says_what_it_wrote_and_what_next(in_checkout):
    result = new("reorder-list", "--reads", "on_hand")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[:3] == [f"wrote {f}" for f in files_of("reorder-list")]
    assert "tests/test_reorder_list.py" in result.output.split("Now:")[1]


def test_without_a_terminal_the_read_must_be_given(in_checkout):
    result = new("reorder-list")
    assert result.exit_code == 2
    for read, start in STARTS.items():
        assert read in result.output
        assert start.says in result.output


def test_at_a_terminal_it_is_asked_for(in_checkout, monkeypatch):
    monkeypatch.setattr("widgets.site.kit_commands._at_a_terminal", lambda: True)
    result = new("reorder-list", input="stock\nprices\n")
    assert result.exit_code == 0, result.output
    assert "MarketData" in (in_checkout / "widgets/reorder_list.py").read_text()


def test_at_a_terminal_the_upstream_is_asked_for_and_is_the_carrier_if_nothing_is_said(
    in_checkout, monkeypatch
):
    monkeypatch.setattr("widgets.site.kit_commands._at_a_terminal", lambda: True)
    assert new("parcel-list", "--reads", "json", input="\n").exit_code == 0
    assert "class Carrier(" in (in_checkout / "widgets/parcel_list.py").read_text()
    assert new("machine-park", input="json\nmachine-hall\n").exit_code == 0
    assert "class MachineHall(" in (in_checkout / "widgets/machine_park.py").read_text()


def test_the_table_that_an_upstream_wants_is_shown_and_is_one_that_is_read(in_checkout, tmp_path):
    result = new("machine-park", "--reads", "json", "--upstream", "machine-hall")
    assert result.exit_code == 0, result.output
    assert "WIDGETS_UPSTREAMS_FILE=upstreams.toml" in result.output
    assert "personal=True" in result.output
    (table,) = re.findall(r"^\[machine-hall\]\n(?:.+\n)+", result.output, re.M)
    (tmp_path / "machine-hall.key").write_text("secret")
    (tmp_path / "upstreams.toml").write_text(table)
    assert upstreams_file.load(tmp_path / "upstreams.toml", ["machine-hall"]).keys() == {
        "machine-hall"
    }
    assert "[carrier]" not in new("late-ones", "--reads", "json").output


def test_a_refusal_is_a_sentence_and_no_trace(in_checkout):
    result = new("site", "--reads", "on_hand")
    assert (result.exit_code, result.output[:7]) == (1, "Error: ")
    assert "Choose another" in result.output
