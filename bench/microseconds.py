"""`python -m bench.microseconds`: what an answer out of the page cache costs a request, and checking a
token, in this process and without a server."""

import sys
import tempfile
import timeit
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from joserfc.jwk import OctKey
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from bench import command
from bench.comparing import Comparison, Figures, Findings, NotComparable, take_turns
from bench.figures import Must
from widgets import create_app
from widgets.embedding.hosts import Host, Key
from widgets.embedding.tokens import Wanted, mint, verify
from widgets.site.settings import Settings

LIMITS = {
    "page waiting for a token": 40,
    "page with a token": 100,
    "token seen for the first time": 100,
    "token seen again": 100,
}
"""Microseconds. Pages that read nothing, so that no upstream is needed."""
HOSTS = """
[hosts.sales]
name = "Sales"
origins = ["https://sales.example"]
keys = [{ id = "k1", secret_file = "key" }]
"""
AUDIENCE = "erp-widgets"


def main(arguments: list[str] | None = None) -> int:
    given = command.parse(command.parser("microseconds", __doc__, rounds=7), arguments)
    if given.quick:
        given.rounds = 2
    return command.run(given, lambda: run(given.rounds, 200 if given.quick else 2000))


def run(rounds: int, repeats: int) -> Findings:
    """repeats: of each in a round. Raises NotComparable for a page that is not from the cache."""
    measures = {
        name: partial(cost, call, repeats) for name, call in {**pages(), **checks()}.items()
    }
    comparison = Comparison("in process", "page waiting for a token", {"each": "µs"})
    take_turns(comparison, measures, rounds)
    musts = []
    for name, limit in LIMITS.items():
        # The best: what else the machine does can only add to it.
        best = min(comparison.values[name]["each"])
        musts.append(Must(f"{name}: at most {limit} µs", best <= limit, f"{best:.0f} µs"))
    return Findings([comparison], musts)


def cost(call: Callable[[], object], repeats: int) -> Figures:
    return {"each": timeit.timeit(call, number=repeats) / repeats * 1e6}


def pages() -> dict[str, Callable[[], object]]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "key").write_text("a key of thirty-two bytes, or more")
        (Path(folder) / "hosts.toml").write_text(HOSTS)
        settings = Settings.load().model_copy(update={"hosts_file": Path(folder) / "hosts.toml"})
        app = create_app(settings)
    host = app.extensions["erp_widgets"].admission.registry.hosts["sales"]
    token = mint(Wanted("sales", "order-status", AUDIENCE), host.keys["k1"])
    asked = {
        "page waiting for a token": environ("host=sales&loader=1"),
        "page with a token": environ("host=sales", Authorization=f"Bearer {token}"),
    }
    for name, each in asked.items():
        for _ in range(2):
            _, _, headers = run_wsgi_app(app, dict(each), buffered=True)
        if "erp-widgets-pages; hit" not in headers["Cache-Status"]:
            raise NotComparable(f"{name}: not from the cache: {headers['Cache-Status']}")
    return {
        name: lambda each=each: app.wsgi_app(dict(each), started)  # type: ignore[misc]
        for name, each in asked.items()
    }


def checks() -> dict[str, Callable[[], object]]:
    key = Key("k1", OctKey.import_key(b"a secret of thirty-two bytes, or more"))
    host = Host("sales", "Sales", "web", ("https://sales.example",), frozenset(), keys={"k1": key})
    token = mint(
        Wanted("sales", "inventory", AUDIENCE, {"company": "usmf", "site": "1"}, "viewer"), key
    )

    def check() -> object:
        return verify(token, host, "inventory", AUDIENCE)

    def forget_and_check() -> object:
        host.tokens.clear()
        return check()

    return {"token seen for the first time": forget_and_check, "token seen again": check}


def started(
    _status: object, _headers: object, _exc_info: object = None
) -> Callable[[bytes], object]:
    return lambda _data: None


def environ(query: str, **headers: str) -> dict[str, Any]:
    named = {**headers, "Accept-Encoding": "gzip, deflate, br, zstd"}
    builder = EnvironBuilder("/widgets/order-status/", query_string=query, headers=Headers(named))
    return builder.get_environ()


if __name__ == "__main__":
    sys.exit(main())
