"""The rules of the layout, read from the source: who may import whom, how long a module may be, and
what a template may hold."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("widgets", "mock_erp")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TEMPLATES = sorted(
    path for folder in ("templates", "widgets") for path in (ROOT / folder).rglob("*.html")
)

# A part of the tree, and the parts of ours that it may import besides itself.
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "metrics": set(),
    "upstream": {"errors", "metrics"},
    "embedding": {"errors"},
    "core": {"embedding", "upstream", "errors", "metrics"},
    "widget": {"core", "upstream", "errors"},
    "site": {"widget", "core", "embedding", "upstream", "errors", "metrics", "package"},
    "package": {"site"},
    "contract": {"site", "core", "embedding", "upstream", "errors"},
    "mock_erp": set(),
}


def part_of(module: str) -> str:
    """The part that a dotted name belongs to: "widgets.core.charts" → "core"."""
    names = module.split(".")
    if names[0] == "mock_erp":
        return "mock_erp"
    if len(names) == 1:
        return "package"  # widgets/__init__.py
    return names[1] if names[1] in MAY_IMPORT else "widget"


def dotted(path: Path) -> str:
    names = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


def exists(module: str) -> bool:
    path = ROOT.joinpath(*module.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def imports(path: Path) -> Iterator[str]:
    """Every module, ours or not, that a file imports anywhere in it, also inside a function. A name that is
    imported from a package and is a module of ours counts as that module."""
    package = dotted(path).split(".")
    if path.name != "__init__.py":
        package.pop()
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{module}.{alias.name}"
                ours = module.split(".")[0] in PACKAGES
                yield whole if ours and exists(whole) else module


def foreign_parts(importer: str, imported: list[str]) -> list[str]:
    """Those of `imported` that the rules forbid to `importer`."""
    part = part_of(importer)
    return [
        module
        for module in imported
        if module.split(".")[0] in PACKAGES
        and (
            part_of(module) not in MAY_IMPORT[part] | {part}
            or (part == part_of(module) == "widget" and module != importer)
        )
    ]


def test_there_is_something_to_check() -> None:
    parts = {part_of(dotted(path)) for path in MODULES}
    assert parts == MAY_IMPORT.keys()
    assert TEMPLATES


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_imports_run_downhill(path: Path) -> None:
    assert foreign_parts(dotted(path), list(imports(path))) == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("widgets.upstream.dynamics", "widgets.core.charts"),
        ("widgets.upstream.dynamics", "widgets.embedding.headers"),
        ("widgets.embedding.headers", "widgets.upstream"),
        ("widgets.errors", "widgets.upstream"),
        ("widgets.core.widget", "widgets.site.settings"),
        ("widgets.core.widget", "widgets"),
        ("widgets.inventory", "widgets.ticker"),
        ("widgets.inventory", "widgets.embedding.headers"),
        ("widgets", "widgets.core"),
        ("widgets.site.serve", "mock_erp"),
        ("mock_erp.server", "widgets.errors"),
        ("widgets.site.kit_commands", "widgets.contract"),
    ],
)
def test_the_rules_catch_an_import_back_up(importer: str, imported: str) -> None:
    assert foreign_parts(importer, [imported]) == [imported]


def test_every_form_of_import_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    folder = tmp_path / "widgets" / "core"
    folder.mkdir(parents=True)
    (folder / "charts.py").write_text("")
    importer = folder / "widget.py"
    importer.write_text(
        "import widgets.site.files\nfrom widgets.core import charts\nfrom . import charts\n"
        "from .charts import draw\nfrom ..core.charts import draw\n"
        "def later():\n    from flask import request\n"
    )
    assert list(imports(importer)) == ["widgets.site.files", *["widgets.core.charts"] * 4, "flask"]


def test_a_name_with_an_underscore_is_its_modules_own() -> None:
    others = [path for folder in ("tools", "bench") for path in (ROOT / folder).rglob("*.py")]
    assert others
    for path in (*MODULES, *others):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                own = [alias.name for alias in node.names if re.match("_(?!_)", alias.name)]
                assert own == [], f"{path} imports from {node.module}"


def test_the_upstream_side_works_without_flask() -> None:
    for path in (ROOT / "widgets" / "upstream").rglob("*.py"):
        tops = {module.split(".")[0] for module in imports(path)}
        assert not tops & {"flask", "flask_htmx", "werkzeug", "jinja2"}, path


def test_a_widget_neither_fetches_nor_looks_at_the_request() -> None:
    widgets = [path for path in MODULES if part_of(dotted(path)) == "widget"]
    for path in widgets:
        tops = {module.split(".")[0] for module in imports(path)}
        assert not tops & {"requests", "requests_cache", "urllib3", "httpx"}, path
        tree = ast.parse(path.read_text())
        used = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        names = {
            f"{node.module}.{alias.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        assert "flask.request" not in used | names, path


def test_a_widget_changes_its_parameters_only_as_far_as_no_lock_is_in_the_way() -> None:
    for path in (path for path in MODULES if part_of(dotted(path)) == "widget"):
        called = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute)
        }
        # `without` of core.params is the way.
        assert not called & {"model_copy", "model_construct", "__dict__"}, path


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_module_is_short_enough_to_read(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= 300, f"{path.name} has {lines} lines: split it by what its parts do"


# What the content security policy would refuse, and what would let an upstream's text through as HTML.
FORBIDDEN = {
    "a script in the page": re.compile(
        r"<script(?![^>]*\ssrc=)(?![^>]*type=\"application/json\")", re.I
    ),
    "a style sheet in the page": re.compile(r"<style\b", re.I),
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.I),
    "an event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "hx-on": re.compile(r"\shx-on", re.I),
    "a javascript: address": re.compile(r"javascript:", re.I),
    "unescaped text": re.compile(r"\|\s*safe\b|autoescape\s+false|\bMarkup\b"),
}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_hold_nothing_that_the_policy_refuses(path: Path) -> None:
    text = path.read_text()
    assert [name for name, pattern in FORBIDDEN.items() if pattern.search(text)] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a script in the page", '<script type="module">go()</script>'),
        ("a style sheet in the page", "<style>p{}</style>"),
        ("a style attribute", '<p\n class="a" style="color: red">'),
        ("an event attribute", "<a href='#' onclick = 'go()'>"),
        ("hx-on", '<a hx-on:click="go()">'),
        ("a javascript: address", '<a href="JavaScript:go()">'),
        ("unescaped text", "{{ name |safe }}"),
        ("unescaped text", "{% autoescape false %}"),
    ],
)
def test_the_patterns_find_what_they_are_for(name: str, text: str) -> None:
    assert FORBIDDEN[name].search(text)
    assert not FORBIDDEN[name].search('<script defer src="/a.js"></script><p class="on">style=</p>')
