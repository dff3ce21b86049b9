"""More different addresses than anything can keep: memory and cache file stay within their bounds."""

import threading
from collections import Counter
from collections.abc import Iterator
from itertools import product

from bench.chaos.crowd import runners
from bench.chaos.plan import Plan, Report
from bench.chaos.stage import Stage, inventory, rss, size, stage
from bench.figures import Must, milliseconds

PAGES_MB, CACHE_MB = 8, 8
# What a worker takes beyond its pages: the answers that it remembers (32), threads, and what Python does not
# give back.
BASE_MB = 64
# What SQLite's log may add to the file until it is folded in.
LOG_MB = 8
CONNECTIONS = 8
THEMES = ("light", "dark", "contrast")
LOCALES = ("en-US", "en-GB", "de-DE", "de-AT", "fr-FR", "es-ES", "it-IT", "nl-NL", "pl-PL", "sv-SE")


def many(plan: Plan) -> Report:
    settings = {"WIDGETS_PAGES_MB": str(PAGES_MB), "WIDGETS_CACHE_MB": str(CACHE_MB)}
    with stage(plan, settings=settings) as made:
        items = made.items(1000)
        made.warm({item: inventory(item=item) for item in items[:40]})
        at_first = max(rss(pid) for pid in made.worker_pids())
        most = _Most(made)
        with runners(addresses(made.roots[0], items, plan.distinct), CONNECTIONS) as seen, most:
            seen.finish()
    statuses = Counter(answer.status for answer in seen.answers)
    strange = sum(count for status, count in statuses.items() if status != 200)
    seconds = max(a.ended for a in seen.answers) - min(a.at for a in seen.answers)
    may, file_may = at_first + PAGES_MB + BASE_MB, CACHE_MB + LOG_MB
    return Report(
        rows=[
            {
                "addresses": plan.distinct,
                "a second": round(len(seen.answers) / seconds, 1),
                "p99 ms": milliseconds((answer.seconds for answer in seen.answers), 0.99),
                "MB at first": round(at_first),
                "most MB of a worker": round(most.memory),
                "may": round(may),
                "most MB of the file": round(most.file, 1),
                "may be": file_may,
            }
        ],
        musts=[
            Must(
                "no worker takes more memory than it may",
                most.memory <= may,
                f"{most.memory:.0f} MB",
            ),
            Must(
                "the cache file stays within its bound",
                most.file <= file_may,
                f"{most.file:.1f} MB",
            ),
            Must("every address is answered", not strange, f"{strange} not: {dict(statuses)}"),
        ],
    )


def addresses(root: str, items: list[str], count: int) -> Iterator[str]:
    """Different ones, in the same order each time. A fifth are of sites that are not there, each of which is
    a read of its own; a fifth search for what is not there, with words of which each is new; the rest are all
    combinations of what can be combined. Some carry what no widget knows."""
    combined = product(THEMES, LOCALES, range(1, 51), items)
    for number in range(count):
        match number % 5:
            case 0:
                params = {"site": f"X{number}"}
            case 1:
                params = {"site": "1", "search": f"nothing {number}"}
            case _:
                theme, locale, rows, item = next(combined)
                params = {"item": item, "rows": str(rows), "locale": locale, "theme": theme}
        if number % 3 == 0:
            params[f"utm_{number}"] = "x" * 20
        yield root + inventory(**params)


class _Most:
    """The most memory of a worker and size of the file, looked at each half second while it is entered."""

    def __init__(self, made: Stage) -> None:
        self.memory = self.file = 0.0
        self._made = made
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        path = self._made.folder / "instance-1" / "reads.sqlite"
        while True:
            over = self._ended.wait(0.5)
            self.memory = max([self.memory, *(rss(pid) for pid in self._made.worker_pids())])
            self.file = max(self.file, size(path))
            if over:
                return
