"""`python -m bench.show`: writes what `make bench` has found to where people read it: tables into README.md
and docs/benchmarks.md, between two marks, and a chart beside them. `make bench` ends with it.

What is shown is kept in docs/benchmarks.json, by benchmark: one that did not run this time stays as it was,
with its own date. Quick runs are left out, since they say only that something runs.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from bench import command
from bench.chart import svg
from bench.comparing import NotComparable
from bench.figures import MARKS, rounded

ROOT = Path(__file__).resolve().parents[1]
TITLES = {
    "page": "What a viewer waits for",
    "page-slow": "What a viewer waits for on a slow line",
    "page-many": "What a viewer waits for, with 20 widgets",
    "load": "Requests a second",
    "upstream": "Calls of the ERP",
    "growth": "What grows",
    "microseconds": "A page from the cache, and a token",
}
"""In the order in which they are shown."""
DRAWN = ("page", "page-slow", "page-many")
"""Those that the chart is of."""
KEPT, README, PAGE, CHART = (
    "docs/benchmarks.json",
    "README.md",
    "docs/benchmarks.md",
    "docs/benchmarks.svg",
)
BEGIN, END = "<!-- Begin: made by `python -m bench.show` -->", "<!-- End -->"
NOTHING = "Nothing has been measured yet. `make bench` writes it here."
Found = Mapping[str, Any]
"""What one benchmark found, as `bench.comparing.Findings.plain` has it."""


def main(arguments: Sequence[str] | None = None) -> int:
    made = command.bare_parser("bench.show", __doc__)
    made.add_argument(
        "--results",
        type=Path,
        default=command.RESULTS,
        metavar="FOLDER",
        help="of JSON (%(default)s)",
    )
    made.add_argument(
        "--quick", action="store_true", help="show quick runs, too: how does it look?"
    )
    made.add_argument(
        "--into",
        type=Path,
        default=ROOT,
        metavar="FOLDER",
        help="with README.md and docs/benchmarks.md (%(default)s)",
    )
    given = made.parse_args(arguments)
    return command.ended(lambda: show(given.results, given.into, quick=given.quick))


def show(results: Path, into: Path, *, quick: bool = False) -> int:
    """Raises NotComparable for a file that is no result, or has no place for one."""
    shown = known(into)
    kept = {**shown, **news(results, shown, quick=quick)}
    for path, text in texts(into, kept).items():
        path.write_text(text)
        sys.stderr.write(f"  {path}\n")
    return 0


def known(root: Path) -> dict[str, Found]:
    """What is shown now, by benchmark."""
    path = root / KEPT
    return _read(path) if path.exists() else {}


def news(results: Path, shown: Mapping[str, Found], *, quick: bool) -> dict[str, Found]:
    """What was found after what is shown, by benchmark. quick: also by a quick run."""
    found: dict[str, Found] = {}
    for name in TITLES:
        path = results / f"{name}.json"
        if not path.exists():
            continue
        result = _read(path)
        try:
            if result["quick"] and not quick:
                sys.stderr.write(f"  {name}: a quick run, which is not shown\n")
            elif name not in shown or shown[name]["measured"] < result["measured"]:
                found[name] = _brief(result)
        except KeyError as error:
            raise NotComparable(
                f"{path}: has no {error}, so it is not what `make bench` writes. "
                f"Run it again with ARGS='--only {name}'."
            ) from None
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except ValueError as error:
        raise NotComparable(
            f"{path}: is no JSON ({error}). Delete it, and run the benchmark again."
        ) from None
    return found


def _brief(result: Found) -> dict[str, Any]:
    """Without the value of each round."""
    comparisons = [
        {
            **{key: each[key] for key in ("name", "reference", "units", "failed")},
            "contestants": {
                contestant: {
                    figure: [seen["median"], seen["spread"]] for figure, seen in figures.items()
                }
                for contestant, figures in each["contestants"].items()
            },
        }
        for each in result["comparisons"]
    ]
    names = ("measured", "command", "rounds", "quick", "machine", "summary", "targets")
    return {**{key: result[key] for key in names}, "comparisons": comparisons}


# --- What is written.


def texts(root: Path, kept: Mapping[str, Found]) -> dict[Path, str]:
    """What each file is to say. Raises NotComparable where one has no marks."""
    ordered = {name: kept[name] for name in TITLES if name in kept}
    chart = svg([found for name, found in ordered.items() if name in DRAWN])
    made = {
        root / README: _between(root / README, _for_readme(ordered, chart=bool(chart))),
        root / PAGE: _between(root / PAGE, _for_page(ordered, chart=bool(chart))),
    }
    if kept:
        made[root / KEPT] = _lines(kept)
    if chart:
        made[root / CHART] = chart
    return made


def _between(path: Path, new: str) -> str:
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise NotComparable(f"{path}: has no lines {BEGIN} and {END} for the results to go between")
    return f"{before}{BEGIN}\n\n{new}\n\n{END}{after}"


def _for_readme(kept: Mapping[str, Found], *, chart: bool) -> str:
    """The summaries."""
    if not kept:
        return NOTHING
    targets = [target for found in kept.values() for target in found["targets"]]
    reached = sum(target["holds"] is True for target in targets)
    parts = [_picture(CHART)] if chart else []
    for name, found in kept.items():
        if found["summary"]:
            parts += [f"**{TITLES[name]}.** {_said(found)}", _table(found["summary"])]
    parts.append(f"{reached} of {len(targets)} targets are reached; [{PAGE}]({PAGE}) has each.")
    return "\n\n".join(parts)


def _for_page(kept: Mapping[str, Found], *, chart: bool) -> str:
    """Everything."""
    parts = [_picture(Path(CHART).name)] if chart else []
    for name, found in kept.items():
        parts += [f"### {TITLES[name]}", _said(found)]
        if found["summary"]:
            parts.append(_table(found["summary"]))
        targets = [
            {"Target": each["what"], "Seen": each["seen"], "": MARKS[each["holds"]]}
            for each in found["targets"]
        ]
        parts.append(_table(targets))
        parts += ["<details><summary>All figures</summary>"]
        for each in found["comparisons"]:
            parts.append(_table(_rows(each, spread=found["rounds"] > 1)))
            parts += [
                f"{contestant} failed {len(reasons)}×, the last time: {reasons[-1]}"
                for contestant, reasons in each["failed"].items()
            ]
        parts.append("</details>")
    return "\n\n".join(part for part in parts if part) or NOTHING


def _picture(path: str) -> str:
    return f"![Time until data can be read and the chart is drawn, beside other frameworks]({path})"


def _said(found: Found) -> str:
    """When, on what, and how it was measured."""
    when, machine = datetime.fromisoformat(found["measured"]), found["machine"]
    cores, rounds = machine["cores"], found["rounds"]
    return (
        f"{when.day} {when:%B %Y}, {machine['processor']}, {cores} core{'s' * (cores != 1)}, "
        f"{machine['system']}, Python {machine['python']}: `{found['command']}`, "
        f"{rounds} round{'s' * (rounds != 1)}{', quick' if found['quick'] else ''}."
    )


def _rows(comparison: Found, *, spread: bool) -> list[dict[str, object]]:
    """A row a contestant: a median, its spread, and what it is of the reference's."""
    rows = []
    base = comparison["contestants"].get(comparison["reference"], {})
    for contestant, figures in comparison["contestants"].items():
        row: dict[str, object] = {comparison["name"]: contestant}
        for figure, unit in comparison["units"].items():
            said = "–"
            if figure in figures:
                median, distance = figures[figure]
                said = f"{rounded(median):,}" + (f" ± {distance:.0%}" if spread else "")
                if base.get(figure, [0])[0]:
                    said += f", {median / base[figure][0]:.2f}×"
            row[f"{figure}, {unit}" if unit else figure] = said
        rows.append(row)
    return rows


def _table(rows: Iterable[Mapping[str, object]]) -> str:
    """As Markdown: what is a figure in the first row stands to the right."""
    rows = list(rows)
    if not rows:
        return ""
    heads = list(rows[0])
    right = [not isinstance(rows[0][head], str) for head in heads]
    lines = [heads, ["---:" if each else "---" for each in right]]
    lines += [[_cell(row.get(head, "")) for head in heads] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    said = f"{value:,}" if isinstance(value, int | float) else str(value)
    return said.replace("|", "\\|")


def _lines(kept: Mapping[str, Found]) -> str:
    """JSON in lines, so that a difference between two of them can be looked at."""
    benchmarks = []
    for name, found in kept.items():
        entries = [
            f'  "{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in found.items()
        ]
        benchmarks.append(f'"{name}": {{\n' + ",\n".join(entries) + "\n}")
    return "{\n" + ",\n".join(benchmarks) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())
