"""The command line: `erp-widgets COMMAND`, or `flask --app wsgi COMMAND`."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click

from widgets.site.kit_commands import widgets


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="erp-widgets")
def main() -> None:
    """Widgets that show what an ERP knows inside other applications."""


PORT = click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port of the server; 0 is any free one.",
)
ERP_PORT = click.option(
    "--erp-port",
    default=8001,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port of the mock ERP; 0 is any free one.",
)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@PORT
@ERP_PORT
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Server processes; one a core, at most 4, if left out.",
)
@click.option("--access-log", is_flag=True, help="Write a line for each request.")
def serve(host: str, port: int, erp_port: int, workers: int | None, access_log: bool) -> None:
    """Serve the gallery and the widgets.

    Reads the ERP that WIDGETS_ERP_URL names. Where that is not set, starts a mock ERP and reads that.
    """
    with _loading():
        from widgets.site import serve as server  # noqa: PLC0415
        from widgets.site.settings import SettingsError  # noqa: PLC0415

    try:
        server.serve(host, port, erp_port, workers, click.echo, access_log=access_log)
    except (server.ServeError, SettingsError) as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _loading() -> Iterator[None]:
    """Ctrl-C ends the process at once. A KeyboardInterrupt within an import can get lost: Python ignores it
    where it is running a destructor."""

    def abort(_signal: int, _frame: FrameType | None) -> None:
        os.write(2, b"\nAborted!\n")
        os._exit(1)  # nothing was begun that would have to be ended

    before = signal.signal(signal.SIGINT, abort)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback; no other is taken.")
@PORT
@ERP_PORT
def dev(host: str, port: int, erp_port: int) -> None:
    """Serve as `serve` does, for whoever writes a widget: follows each change of a file, and shows errors.

    \b
    erp-widgets dev --port 8080
    """
    with _loading():
        from widgets.site import serve as server  # noqa: PLC0415
        from widgets.site.settings import SettingsError  # noqa: PLC0415

        try:
            from widgets.site.dev import loop  # noqa: PLC0415
        except ModuleNotFoundError as error:
            if error.name != "watchfiles":
                raise
            raise click.ClickException(
                "Python has no watchfiles. Install it with pip install 'erp-widgets[dev]'."
            ) from None

    try:
        loop.dev(host, port, erp_port, click.echo)
    except (server.ServeError, SettingsError) as error:
        raise click.ClickException(str(error)) from None


HOST = click.option("--host", required=True, help="Id of the host in the hosts file.")
WIDGET = click.option("--widget", required=True, help="Name of the widget, such as inventory.")


@main.command()
@HOST
@WIDGET
@click.option(
    "--lock",
    "locks",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter that nobody can change.",
)
@click.option("--subject", default="", help="Opaque id of the viewer.")
@click.option(
    "--life", default=300, show_default=True, type=click.IntRange(1, 300), help="Seconds."
)
@click.option("--key", "key_id", help="Id of the key; the first that is valid, if left out.")
def token(**wanted: Any) -> None:
    """Make a token for trying out, as a host's back end makes them.

    \b
    erp-widgets token --host sales --widget inventory --lock site=1
    """
    from widgets.site import embedding_commands as commands  # noqa: PLC0415

    with commands.explained():
        click.echo(commands.token(**wanted))


@main.command()
@HOST
@WIDGET
@click.option(
    "--origin",
    "origins",
    multiple=True,
    required=True,
    help="Origin of the page, such as https://sales.contoso.com; again for each page around it.",
)
@click.option("--params", default="", help="Query of the widget's address: site=1&rows=4.")
@click.option("--token", default="", help="A token to try.")
@click.option("--key", default="", help="The key, for a host that uses one.")
@click.option("--iframe", is_flag=True, help="The page uses a plain iframe, not embed.js.")
@click.option("--sandbox", help="The iframe's sandbox attribute; as in the snippets, if left out.")
@click.option("--csp", default="", help="The page's own Content-Security-Policy.")
@click.option("--server", default="", help="Address of the running server, to ask it as well.")
@click.pass_context
def doctor(context: click.Context, /, **asked: Any) -> None:
    """Say whether a page will show a widget, and if not, what stops it and how to mend it.

    \b
    erp-widgets doctor --host sales --origin https://sales.contoso.com --widget inventory
    """
    from widgets.site import embedding_commands as commands  # noqa: PLC0415

    with commands.explained():
        lines, shows = commands.doctor(**asked)
    click.echo("\n".join(lines))
    context.exit(0 if shows else 1)


main.add_command(widgets)


if __name__ == "__main__":  # `python -m widgets.site.cli serve`, where nothing is installed
    main()
