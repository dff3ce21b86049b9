"""Runs the widget server as a child process, and with it a mock ERP where no ERP is named.

The parent only watches: when it is told to stop, or when a child ends by itself, it stops the rest.
"""

import contextlib
import ctypes
import errno
import http.client
import importlib.util
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from widgets.site.files import shipped
from widgets.site.loopback import is_loopback
from widgets.site.settings import Settings
from widgets.site.signals import forwarded_hangup, stop_signals

logger = logging.getLogger(__name__)

WIDGET_SERVER = "widget server"
START_WITHIN = 60.0  # seconds; a cold start on a busy machine takes about five
STOP_WITHIN = 12.0  # seconds; gunicorn gives requests 8 of them to end
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
# A path, and how the answer begins: another server may have taken the port meanwhile.
MOCK_IS_UP = ("/", b"A mock ERP")
SERVER_IS_UP = ("/healthz", b'{"status":"ok"}')
PORT_HELP = "PORT=… make serve, or --port …"
ERP_PORT_HELP = "ERP_PORT=… make serve, or --erp-port …"
# A wildcard address is for listening only; this is where it can be reached.
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
_HOST_AT_FAULT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.ENODEV)


class ServeError(Exception):
    """The server cannot start or go on. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]


def serve(
    host: str,
    port: int,
    erp_port: int,
    workers: int | None,
    say: Callable[[str], None],
    *,
    access_log: bool = False,
) -> None:
    """Serve until SIGINT or SIGTERM. SIGHUP has the hosts file read again; where the server was started from
    a terminal it means that the terminal was closed, and ends it.

    A port of 0 is any free one; `say` gets each line for the user; `access_log` has gunicorn write a line for
    each request to standard output.

    Raises ServeError if a port is taken, a child does not start, or a child ends by itself;
    SettingsError if a setting is wrong. No process is left behind in any case.
    """
    settings = Settings.load()
    check_concurrency()
    mocked = "erp_url" not in settings.model_fields_set
    if mocked:
        require_two_ports(port, erp_port, f"{PORT_HELP}; {ERP_PORT_HELP}")
    port = usable_port(host, port, "the widget server", PORT_HELP)
    if mocked:
        require_mock()
        erp_port = usable_port("127.0.0.1", erp_port, "the mock ERP", ERP_PORT_HELP)
    children: list[Child] = []
    with (
        stop_signals() as stopped,
        forwarded_hangup(lambda: [c.process for c in children if c.name == WIDGET_SERVER]),
    ):
        try:
            environment = dict(os.environ)
            if mocked:
                children.append(
                    start("mock ERP", ["-m", "mock_erp", "--port", str(erp_port)], environment)
                )
                if not wait_until_up(children, "127.0.0.1", erp_port, MOCK_IS_UP, stopped):
                    return
                environment |= mock_settings(erp_port, settings)
            command = gunicorn_command(host, port, workers, access_log)
            children.append(start(WIDGET_SERVER, command, environment, shown=access_log))
            if not wait_until_up(children, host, port, SERVER_IS_UP, stopped):
                return
            for line in greeting(host, port, settings, erp_port if mocked else None):
                say(line)
            while not stopped.wait(0.2):
                require_alive(children)
        finally:
            stop_all(children)


def mock_settings(erp_port: int, given: Settings) -> dict[str, str]:
    """The environment that points the widget server at a mock ERP. Market data that is set up is kept."""
    mock = f"http://127.0.0.1:{erp_port}"
    market = {
        "commodities_url": f"{mock}/query",
        "commodities_key": "demo",
        "rates_url": f"{mock}/v2/rates",
    }
    if "commodities_url" in given.model_fields_set:
        del market["commodities_key"]  # the key belongs to the address
    return {
        "WIDGETS_ERP_URL": mock,
        "WIDGETS_ERP_TOKEN_URL": f"{mock}/demo/oauth2/v2.0/token",
        "WIDGETS_ERP_CLIENT_ID": "demo",
        "WIDGETS_ERP_CLIENT_SECRET": "demo-secret",
        "WIDGETS_DEMO": "yes",
    } | {
        f"WIDGETS_{name.upper()}": value
        for name, value in market.items()
        if name not in given.model_fields_set
    }


def require_two_ports(port: int, erp_port: int, how: str) -> None:
    """Raises ServeError where both are the same, unless each may be any free one."""
    if port == erp_port != 0:
        raise ServeError(
            f"The widget server and the mock ERP cannot both have port {port}. Choose another for one "
            f"of them: {how}"
        )


def usable_port(host: str, port: int, whose: str, how: str) -> int:
    """The port itself if nobody listens there, or any free one for 0. Raises ServeError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # Without SO_REUSEPORT, so that another server of ours is in the way here, not joined later.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or str(error)
            if isinstance(error, socket.gaierror) or error.errno in _HOST_AT_FAULT:
                raise ServeError(
                    f"{host} is no address of this machine ({reason}). Choose another: --host …"
                ) from None
            raise ServeError(
                f"Port {port} on {host} cannot be had for {whose} ({reason}). Choose another: {how}"
            ) from None
        return int(probe.getsockname()[1])


def require_mock() -> None:
    needed = ("mock_erp", "odata_query", "currency_converter")
    if missing := [name for name in needed if not importlib.util.find_spec(name)]:
        raise ServeError(
            f"The mock ERP cannot run, since Python has no {', '.join(missing)}. Install it with "
            "pip install 'erp-widgets[mock]', or set WIDGETS_ERP_URL to read an ERP of your own."
        )


def check_concurrency() -> None:
    """gunicorn reads this variable before it reads anything of ours, and ends with a stack trace."""
    given = os.environ.get("WEB_CONCURRENCY", "1")
    if not (given.isascii() and given.isdigit() and int(given)):
        raise ServeError(
            f"WEB_CONCURRENCY: {given!r} is no number of workers; write it like 2, or leave it out"
        )


def gunicorn_command(host: str, port: int, workers: int | None, access_log: bool) -> list[str]:
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    how = ["--config", str(shipped("gunicorn.conf.py")), "--bind", bind, "--log-level", "warning"]
    if workers:
        how += ["--workers", str(workers)]
    if access_log:
        how += ["--access-logfile", "-"]
    return ["-m", "gunicorn", *how, "widgets:create_app()"]


def start(
    name: str,
    arguments: list[str],
    environment: Mapping[str, str],
    *,
    shown: bool = False,
    stdin: int = subprocess.DEVNULL,
    stderr: IO[str] | None = None,
    pass_fds: Sequence[int] = (),
) -> Child:
    """Start Python with these arguments; it ends with this process. shown: what it writes to standard output
    is seen. The rest is as for Popen."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
        [sys.executable, *arguments],
        env=environment,
        stdout=None if shown else subprocess.DEVNULL,
        # A group of its own: Ctrl-C in a terminal reaches the parent alone, which then stops in order.
        process_group=0,
        preexec_fn=die_with(os.getpid()),  # noqa: PLW1509 - this process has one thread
        stdin=stdin,
        stderr=stderr,
        pass_fds=pass_fds,
    )
    return Child(name, process)


def die_with(parent: int) -> Callable[[], None] | None:
    """What a child does before it becomes its program: ignore SIGHUP until it has its own handler, and ask
    Linux for SIGTERM when the parent is gone, even if that was killed. Elsewhere a parent that is killed
    leaves its children running."""
    if sys.platform != "linux":  # pragma: no cover - the tests of this module need Linux
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:  # pragma: no cover - runs between fork and exec, where nothing is measured
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it was gone before we asked
            os._exit(1)

    return ask


def wait_until_up(
    children: list[Child],
    host: str,
    port: int,
    sign: tuple[str, bytes],
    stopped: threading.Event,
) -> bool:
    """Wait for the sign that the last child is up. False if told to stop before."""
    path, beginning = sign
    latest = time.monotonic() + START_WITHIN
    while not look_at(host, port, path).startswith(beginning):
        require_alive(children)
        if time.monotonic() > latest:
            raise ServeError(
                f"The {children[-1].name} did not answer on port {port} within {START_WITHIN:.0f} s."
            )
        if stopped.wait(0.05):
            return False
    return True


def look_at(host: str, port: int, path: str) -> bytes:
    """The beginning of a body, or nothing. No proxy of the environment comes between."""
    connection = http.client.HTTPConnection(_REACHED_AT.get(host, host), port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().read(100)
    except (OSError, http.client.HTTPException):
        return b""
    finally:
        connection.close()


def require_alive(children: list[Child]) -> None:
    for child in children:
        status = child.process.poll()
        if status is not None:
            raise ServeError(
                f"The {child.name} ended by itself with status {status}; what it said is above. "
                "Everything else was stopped."
            )


def stop_all(children: list[Child]) -> None:
    """End the children, last started first, the hard way if they take too long."""
    for child in reversed(children):
        child.process.terminate()
        try:
            child.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            logger.warning("The %s did not end within %g seconds; killed", child.name, STOP_WITHIN)
        # Also what it started itself and may have left behind.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()


def greeting(host: str, port: int, settings: Settings, erp_port: int | None) -> Iterator[str]:
    reach = _REACHED_AT.get(host, host)
    address = f"[{reach}]" if ":" in reach else reach
    yield f"Gallery  http://{address}:{port}/"
    if not is_loopback(host):
        yield f"Warning  listening on {host}: anybody who reaches this server sees the data"
    if erp_port is None:
        yield f"ERP      {settings.erp_url}"
        if not settings.hosts_file and not settings.mocked:
            yield "Warning  no host is registered, so nobody may show a widget; WIDGETS_HOSTS_FILE names them"
    else:
        yield f"ERP      a mock with made-up data, http://127.0.0.1:{erp_port}/data"
    yield "Stop     Ctrl-C"
