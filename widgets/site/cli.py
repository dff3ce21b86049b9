"""The command line: `erp-widgets COMMAND`, or `flask --app wsgi COMMAND`."""

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="erp-widgets")
def main() -> None:
    """Widgets that show what an ERP knows inside other applications."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port of the widget server; 0 is any free one.",
)
@click.option(
    "--erp-port",
    default=8001,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port of the mock ERP; 0 is any free one.",
)
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
    # Ctrl-C in the first second must not meet an import half way.
    from widgets.site import serve as server  # noqa: PLC0415
    from widgets.site.settings import SettingsError  # noqa: PLC0415

    try:
        server.serve(host, port, erp_port, workers, click.echo, access_log=access_log)
    except (server.ServeError, SettingsError) as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":  # `python -m widgets.site.cli serve`, where nothing is installed
    main()
