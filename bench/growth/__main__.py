"""`python -m bench.growth`: what a page costs as things grow tenfold, and tenfold again.

A page is to cost what its rows cost, and nothing else: not how many widgets are registered, how many hosts
the hosts file has, how many pages are kept, nor how many frames one host page shows. Each step is a process
of its own, with the whole application in it; all of them stay up and take turns. `made`: a render with what
the upstream said kept. `kept`: an answer out of the page cache. Both are the best of many, for one page, in
microseconds of a process that does nothing else: what garbage or a neighbour costs now and then is left out.

What is looked at is the widget of inventory levels in a copy of this tree, with one row a warehouse and up
to 500 of them, so that there are enough.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from itertools import pairwise
from pathlib import Path

from bench import command
from bench.chaos.plan import Plan
from bench.chaos.stage import stage
from bench.comparing import Comparison, Figures, Findings, NotComparable, take_turns
from bench.figures import Must
from bench.growth.page import Spec

ROOT = Path(__file__).resolve().parents[2]
MOST = 1.3  # of the step before: more is no noise
REGISTERED = 4  # widgets of the catalogue, of which copies are made
STEPS: dict[str, tuple[int, ...]] = {
    "rows": (5, 50, 500),
    "registered widgets": (4, 40, 400),
    "hosts": (10, 100, 1000),
    "cached keys": (100, 1000, 10_000),
    "frames on a page": (1, 10, 100),
}
_HOST = """
[hosts.host-{number}]
name = "Host {number}"
origins = ["https://host-{number}.example"]
access = "open"
"""
_SETTINGS = {
    "WIDGETS_KEEP": json.dumps({"on_hand": [3600, 7200]}),
    "WIDGETS_PAGES_MB": "256",  # so that ten thousand pages are there, and not the last of them
}


def main(arguments: list[str] | None = None) -> int:
    given = options(arguments)
    steps = {name: STEPS[name] for name in given.only or STEPS}
    if given.quick:
        steps = {name: values[:2] for name, values in steps.items()}
    return command.run(given, lambda: run(steps, given.rounds))


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    made = command.parser("growth", __doc__, rounds=5)
    made.add_argument(
        "--only", action="append", choices=STEPS, help="what grows; again for more; all if left out"
    )
    given = command.parse(made, arguments)
    if given.quick:
        given.rounds = 2
    return given


def run(steps: Mapping[str, Sequence[int]], rounds: int) -> Findings:
    """Raises NotComparable where a page is not what is to be measured."""
    findings = Findings()
    with (
        tempfile.TemporaryDirectory(prefix="erp-widgets-") as name,
        stage(Plan(), instances=0, settings=_SETTINGS) as made,
    ):
        folder = Path(name)
        for what, values in steps.items():
            comparison = Comparison(what, f"{values[0]:,}", {"made": "µs", "kept": "µs"})
            with ExitStack() as stack:
                measures = {}
                for value in values:
                    own = folder / f"{what.replace(' ', '-')}-{value}"
                    process = page_process(what, value, own, made.environment)
                    stack.callback(process.communicate)  # its input ends, and so does it
                    measures[f"{value:,}"] = partial(measure, process)
                take_turns(comparison, measures, rounds, warm=1)
            findings.comparisons.append(comparison)
            findings.musts += musts(comparison)
            for value in values:
                shutil.rmtree(folder / f"{what.replace(' ', '-')}-{value}", ignore_errors=True)
    return findings


def musts(comparison: Comparison) -> list[Must]:
    """No step may cost more than the one before; but ten times the rows may cost ten times as much."""
    most = MOST * (10 if comparison.name == "rows" else 1)
    names = list(comparison.values)
    found = []
    for before, after in pairwise(names):
        ratios = {figure: comparison.ratio(after, figure, before) for figure in comparison.units}
        said = ", ".join(f"{figure} {ratio:.2f}" for figure, ratio in ratios.items())
        found.append(
            Must(
                f"{comparison.name}, {before} to {after}: a page costs at most {most:g} times as much",
                max(ratios.values()) <= most,
                said,
            )
        )
    return found


def page_process(
    what: str, value: int, folder: Path, settings: Mapping[str, str]
) -> subprocess.Popen[str]:
    """A process that has the application with so many of something; see `page`."""
    tree(folder, value if what == "registered widgets" else REGISTERED)
    environment = {**settings, "WIDGETS_CACHE_FILE": str(folder / "reads.sqlite")}
    spec = Spec()
    match what:
        case "rows":
            spec = Spec(rows=value)
        case "cached keys":
            spec = Spec(keys=value)
        case "frames on a page":
            spec = Spec(frames=value)
        case "hosts":
            spec = Spec(host=f"host-{value}")  # the last of the file
            text = "".join(_HOST.format(number=each + 1) for each in range(value))
            (folder / "hosts.toml").write_text(text)
            environment["WIDGETS_HOSTS_FILE"] = str(folder / "hosts.toml")
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "bench.growth.page", json.dumps(asdict(spec))],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def measure(process: subprocess.Popen[str]) -> Figures:
    """What a page costs in that process. Raises NotComparable where it has ended."""
    if process.stdin is None or process.stdout is None:
        raise TypeError("a process without pipes")
    try:
        process.stdin.write("again\n")
        process.stdin.flush()
    except BrokenPipeError:
        pass  # what it said last is empty, too
    if not (line := process.stdout.readline()):
        raise NotComparable(f"nothing was measured: status {process.wait()}, and why is above")
    found: dict[str, float] = json.loads(line)
    return found


def tree(folder: Path, registered: int) -> None:
    """A copy of this tree with as many widgets: `wide`, which is looked at, among copies of it."""
    folder.mkdir()
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "widgets", folder / "widgets", ignore=leave)
    shutil.copytree(ROOT / "templates", folder / "templates")
    for name in ("static", "mock_erp", "bench", "tools", "gunicorn.conf.py"):
        (folder / name).symlink_to(ROOT / name)
    code = (ROOT / "widgets/inventory.py").read_text()
    for old, new in (
        ("le=50,", "le=500,"),
        ("by_warehouse=bool(params.item)", "by_warehouse=True"),
    ):
        if old not in code:
            raise NotComparable(
                f"widgets/inventory.py has no {old!r} any more, which is changed here"
            )
        code = code.replace(old, new)
    template = (ROOT / "templates/widgets/inventory.html").read_text()
    # The widget that is looked at takes the place of one of the catalogue.
    for name in ("inventory", *(f"copy{number}" for number in range(registered - REGISTERED))):
        target = "wide" if name == "inventory" else name
        (folder / f"widgets/{target}.py").write_text(code)
        (folder / f"templates/widgets/{target}.html").write_text(template)
    (folder / "widgets/inventory.py").unlink()


if __name__ == "__main__":
    sys.exit(main())
