"""What is to be reached with a page, and how far that is from the peers and from the limit."""

from collections.abc import Sequence

from bench.comparing import Comparison
from bench.contestants import ALONE, BARE, PEERS, TAG
from bench.figures import Must, Row, rounded


def musts(comparisons: Sequence[Comparison]) -> list[Must]:
    """The targets, for one widget and six, of the tag, which is how people embed ours: around its frame, and
    alone."""
    found: list[Must] = []
    for each in comparisons:
        count, cold = each.name.split()[0], ", cold" in each.name
        if TAG not in each.values or count not in ("1", "6"):
            continue
        for way in filter(each.values.__contains__, (TAG, ALONE)):
            if cold:
                found.append(_share(each, way, "data", "data readable", 0.1))
            found.append(_share(each, way, "chart", "chart drawn", 1 / 3))
        if cold and count == "1":
            found += [
                _most(each, "received but chart", "received without the chart, kB", 25),
                _most(each, "received", "received with the chart, kB", 420),
                _most(each, "requests to data", "requests before data", 5),
                _most(each, "requests", "requests with the chart", 8),
            ]
    return found


def _share(comparison: Comparison, way: str, figure: str, what: str, most: float) -> Must:
    alone = ", tag alone" if way == ALONE else ""
    said = f"{comparison.name}{alone}: {what} in at most {most:.2f} of the best peer's time"
    best = comparison.best(figure, lambda name: name in PEERS)
    if best is None:
        return Must(said, None, "no peer was looked at")
    if not comparison.has(way, figure):
        return Must(said, False, "no visit came to anything")
    ours, theirs = comparison.median(way, figure), comparison.median(best, figure)
    return Must(
        said,
        ours <= most * theirs,
        f"{ours / theirs:.2f}, {ours:.0f} ms to {best}'s {theirs:.0f} ms",
    )


def _most(comparison: Comparison, figure: str, what: str, most: float) -> Must:
    said = f"{comparison.name}: {what}: at most {most}"
    if not comparison.has(TAG, figure):
        return Must(said, False, "no visit came to anything")
    seen = comparison.median(TAG, figure)
    return Must(said, seen <= most, f"{seen:.1f}")


def summary(comparisons: Sequence[Comparison]) -> list[Row]:
    """How far the tag is from the best peer and from the limit: a row a page, and what we take of the time of
    either. A peer that shows a table before its chart may be best at one and not at the other."""
    rows: list[Row] = []
    for each in comparisons:
        row: Row = {"page": each.name}
        for figure in ("data", "bars", "chart"):
            ours = each.median(TAG, figure) if each.has(TAG, figure) else None
            row[f"{figure}, ms"] = "–" if ours is None else rounded(ours)
            best = each.best(figure, lambda name: name in PEERS)
            for head, name in (("best peer", best), (BARE, BARE)):
                if figure == "bars" and name == BARE:
                    continue  # they come with the data, or with the chart
                said = "–"
                if ours is not None and name and each.has(name, figure):
                    theirs = each.median(name, figure)
                    who = "" if name == BARE else f"{name}'s "
                    said = f"{ours / theirs:.2f} of {who}{theirs:.0f}"
                row[f"{figure}: of {head}"] = said
        rows.append(row)
    return rows
