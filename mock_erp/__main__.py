"""`python -m mock_erp`: serve the mock ERP. It says where on standard output once it answers."""

import argparse
import sys
from datetime import datetime

from mock_erp.app import Settings
from mock_erp.clock import parse_instant
from mock_erp.server import listen, serve


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    settings = Settings(
        seed=options.seed,
        start=options.start,
        speed=options.speed,
        page_size=options.page_size,
        token_lifetime=options.token_lifetime,
        client_id=options.client_id,
        client_secret=options.client_secret,
    )
    try:
        listener = listen(options.host, options.port)
    except OSError as error:
        sys.stderr.write(
            f"mock ERP: cannot listen on {options.host}:{options.port}: {error.strerror}."
            " Choose another with --host or --port (--port 0 picks a free one).\n"
        )
        return 1
    serve(settings, listener, options.host)
    return 0


def _parser() -> argparse.ArgumentParser:
    defaults = Settings()
    parser = argparse.ArgumentParser(prog="python -m mock_erp", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=_port, default=8001, help="0 picks a free one (%(default)s)")
    parser.add_argument(
        "--seed", type=int, default=defaults.seed, help="what the data is made from (%(default)s)"
    )
    parser.add_argument(
        "--start",
        type=_instant,
        metavar="INSTANT",
        help="where the mock's clock starts, such as 2026-01-15T08:00:00Z (now)",
    )
    parser.add_argument(
        "--speed",
        type=_not_negative,
        default=defaults.speed,
        help="simulated seconds for each real second; 0 freezes the clock (%(default)s)",
    )
    parser.add_argument(
        "--page-size",
        type=_positive,
        default=defaults.page_size,
        help="most rows of one answer (%(default)s)",
    )
    parser.add_argument(
        "--token-lifetime",
        type=_positive,
        default=defaults.token_lifetime,
        metavar="SECONDS",
        help="how long a token is good for (%(default)s)",
    )
    parser.add_argument("--client-id", default=defaults.client_id, help="(%(default)s)")
    parser.add_argument("--client-secret", default=defaults.client_secret, help="(%(default)s)")
    return parser


def _instant(text: str) -> datetime:
    try:
        instant = parse_instant(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not an ISO 8601 instant") from error
    if not 2005 <= instant.year <= 2090:
        raise argparse.ArgumentTypeError(f"{text} is outside the years 2005 to 2090")
    return instant


def _port(text: str) -> int:
    port = _whole(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port: 0 to 65535")
    return port


def _positive(text: str) -> int:
    number = _whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from error


def _not_negative(text: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from error
    if not 0 <= number <= 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1,000,000")
    return number


if __name__ == "__main__":
    sys.exit(main())
