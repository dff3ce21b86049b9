"""Refills static/vendor/ from the npm registry: `make vendor`.

To move to another version, change PACKAGES, run `make vendor` and look at the diff. Each package gets
a folder NAME@VERSION, so that a browser may keep a file for ever. manifest.json lists every file with
its SHA-256; `problems` compares the two, and a test calls it.

Needs npm on the path. Packages are unpacked, never installed: none of their scripts runs.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any, TypedDict

from whitenoise.compress import Compressor

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"
MANIFEST = "manifest.json"

# (name, version) -> the files we serve, by their path in the package. The licence always comes along.
PACKAGES: dict[tuple[str, str], list[str]] = {
    # The 2.x line is what flask-htmx speaks; 4.x changes polling and error swaps.
    ("htmx.org", "2.0.11"): ["dist/htmx.min.js"],
    # 0.8 escapes ids in selectors and survives a focused number field, at which 0.7 raises an error.
    ("idiomorph", "0.8.0"): ["dist/idiomorph-ext.min.js"],
    # The smallest bundle with bars and lines; the same plotly.js that the plotly package of Python has.
    ("plotly.js-basic-dist-min", "4.1.1"): ["plotly-basic.min.js"],
}
PARSER, PARSES = "acorn@8.19.0", ["--ecma2024", "--compact"]  # of JavaScript, to JSON
FEWEST_MODULES = 100  # that plotly.js is made of; it has some 400
COMPRESS_FROM = 4_000  # bytes; below this it is not worth a file of its own

Node = dict[str, Any]  # of a script, see https://github.com/estree/estree
_STRING = r""""[^"\\]*"|'[^'\\]*'"""
_RULE = re.compile(rf"(?P<selector>{_STRING}|[XY]):(?P<declarations>{_STRING}),?")
# plotly.js build/plotcss.js as the minifier leaves it: the rules are one object literal, and a
# loop spells X and Y out and hands each to addStyleRule.
_RULES = re.compile(
    r"\{(?P<rules>[^{}]*)\};for\((?P<key>[\w$]+) in [\w$]+\)[^;]*?"
    r'\.replace\(/X/g,"(?P<X>[^"]+)"\)\.replace\(/Y/g,"(?P<Y>[^"]+)"\)'
)


def eager(script: str) -> str:
    """The script with every function in parentheses that holds a module, and with the one that holds all.

    V8 only skims a function at first, and reads it again when it is called, while the page waits. One in
    parentheses it takes for one that is called at once (https://v8.dev/blog/preparser), and compiles it
    beside the download. For plotly.js that halves the time until it is there. Modules are what esbuild makes
    of them, `var name=helper((exports,module)=>{…})`; what holds all is the script's only statement, a call.

    Raises ValueError where there is nothing of the kind, subprocess.CalledProcessError if npm cannot get the
    parser or that cannot read the script.
    """
    parsed = subprocess.run(  # noqa: S603 - fixed words, no shell
        ["npm", "exec", "--yes", "--ignore-scripts", f"--package={PARSER}", "--", "acorn", *PARSES],  # noqa: S607
        input=script,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    program = json.loads(parsed)
    match program["body"]:
        case [{"expression": {"type": "CallExpression", "arguments": [*_, whole]}}]:
            functions = [whole, *_modules(program)]
        case _:
            functions = []
    if len(functions) < FEWEST_MODULES:
        raise ValueError("the script keeps its modules in a new shape: adapt tools.vendor.eager")
    # The parser counts as JavaScript does, in halves of UTF-16.
    units = script.encode("utf-16-le")
    cuts = [(each["start"], "(") for each in functions] + [(each["end"], ")") for each in functions]
    made, at = [], 0
    for place, mark in sorted(cuts):
        made += [units[2 * at : 2 * place].decode("utf-16-le"), mark]
        at = place
    return "".join([*made, units[2 * at :].decode("utf-16-le")])


def _modules(program: Node) -> list[Node]:
    """The functions that are given to the helper, which is what most variables are made by."""
    found: defaultdict[str, list[Node]] = defaultdict(list)
    nodes: list[Any] = [program]
    while nodes:
        node = nodes.pop()
        if isinstance(node, list):
            nodes += node
        elif isinstance(node, dict):
            nodes += node.values()
            match node:
                case {
                    "type": "VariableDeclarator",
                    "init": {
                        "type": "CallExpression",
                        "callee": {"type": "Identifier", "name": helper},
                        "arguments": [{"type": "ArrowFunctionExpression"} as function],
                    },
                }:
                    found[helper].append(function)
    return max(found.values(), key=len, default=[])


def plotly_style_sheet(bundle: str) -> str:
    """The style sheet that plotly.js makes at run time, as text, read from its bundle.

    A content security policy without `unsafe-inline` forbids plotly.js to make it, so it is served as
    a file. plotly.js inserts each rule before the last one, hence the order here is the reverse of the
    bundle's. Raises ValueError if the bundle keeps its rules in another shape than we know.
    """
    found = _RULES.search(bundle)
    if not found:
        raise ValueError("plotly.js keeps its style rules in a new shape: adapt plotly_style_sheet")
    rules = []
    at, end = found.span("rules")
    while at < end:
        rule = _RULE.match(bundle, at, end)
        if not rule:
            raise ValueError(f"not a style rule of plotly.js: {bundle[at : at + 60]!r}")
        selector = rule["selector"].strip("\"'").replace("X", found["X"]).replace("Y", found["Y"])
        rules.append(f"{selector}{{{rule['declarations'][1:-1]}}}\n")
        at = rule.end()
    return "".join(reversed(rules))


def fetch(name: str, version: str, paths: list[str], folder: Path) -> None:
    """Put the package's files `paths` and its licence into `folder`, flat, with what we make of them.

    Raises subprocess.CalledProcessError if npm cannot get the package, KeyError if a file is not in it.
    """
    folder.mkdir()
    with tempfile.TemporaryDirectory() as download:
        subprocess.run(  # noqa: S603 - fixed words and the table above, no shell
            ["npm", "pack", "--silent", "--ignore-scripts", f"{name}@{version}"],  # noqa: S607
            cwd=download,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (archive,) = Path(download).glob("*.tgz")
        with tarfile.open(archive) as package:
            for path in [*paths, "LICENSE"]:
                content = package.extractfile(f"package/{path}")
                if content is None:
                    raise KeyError(f"{name}@{version} has no file {path}")
                (folder / Path(path).name).write_bytes(content.read())
    bundle = folder / "plotly-basic.min.js"
    if bundle.exists():
        text = bundle.read_text()
        (folder / "plotly.css").write_text(plotly_style_sheet(text))
        (folder / "plotly.js").write_text(eager(text))
        bundle.unlink()
    for file in sorted(folder.iterdir()):
        if file.stat().st_size >= COMPRESS_FROM:
            Compressor(quiet=True).compress(str(file))


class Package(TypedDict):
    """An entry of the manifest; `sha256` has a digest for each file of the package's folder."""

    name: str
    version: str
    sha256: dict[str, str]


def describe(vendor: Path) -> list[Package]:
    """What the manifest should say about the folders that are there."""
    packages: list[Package] = []
    for folder in sorted(path for path in vendor.iterdir() if path.is_dir()):
        name, _, version = folder.name.rpartition("@")
        files = {
            file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }
        packages.append({"name": name, "version": version, "sha256": files})
    return packages


def problems(vendor: Path) -> list[str]:
    """Every way in which the files differ from the manifest: missing, changed, unknown, or doubled."""
    listed: list[Package] = json.loads((vendor / MANIFEST).read_text())
    expected, found = (
        {
            f"{package['name']}@{package['version']}/{file}": sha256
            for package in packages
            for file, sha256 in package["sha256"].items()
        }
        for packages in (listed, describe(vendor))
    )
    names = [package["name"] for package in listed]
    folders = [path.name.rpartition("@")[0] for path in vendor.iterdir() if path.is_dir()]
    return [
        *(f"{path} is missing" for path in sorted(expected.keys() - found.keys())),
        *(f"{path} is not in {MANIFEST}" for path in sorted(found.keys() - expected.keys())),
        *(
            f"{path} was changed"
            for path in sorted(expected.keys() & found.keys())
            if expected[path] != found[path]
        ),
        *(
            f"{name} is there in more than one version"
            for name in sorted(set(names) | set(folders))
            if max(names.count(name), folders.count(name)) > 1
        ),
    ]


def main() -> int:
    if not shutil.which("npm"):
        sys.stderr.write("make vendor needs npm on the path: install Node.js, then try again.\n")
        return 1
    with tempfile.TemporaryDirectory(dir=VENDOR.parent) as scratch:
        new = Path(scratch) / "vendor"
        new.mkdir()
        for (name, version), paths in PACKAGES.items():
            sys.stdout.write(f"{name} {version}\n")
            fetch(name, version, paths, new / f"{name}@{version}")
        (new / MANIFEST).write_text(json.dumps(describe(new), indent=2) + "\n")
        # Only a complete set replaces what was there.
        shutil.rmtree(VENDOR, ignore_errors=True)
        new.rename(VENDOR)
    return 0


if __name__ == "__main__":
    sys.exit(main())
