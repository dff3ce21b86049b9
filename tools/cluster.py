"""Two instances of the widget server behind one proxy, over one Redis and one mock ERP: what
docs/scaling.md puts on several machines, on this one. `make serve-cluster`, or `python -m tools.cluster`.

Everything is a child of this process and lives in one temporary folder; nothing is left of it at the end.
"""

import argparse
import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO

# How a child is started so that it ends with us, waited for and stopped is the server's own way.
from widgets.site.serve import (
    ERP_PORT_HELP,
    MOCK_IS_UP,
    PORT_HELP,
    SERVER_IS_UP,
    START_WITHIN,
    Child,
    ServeError,
    check_concurrency,
    die_with,
    gunicorn_command,
    look_at,
    mock_settings,
    require_alive,
    require_mock,
    stop_all,
    usable_port,
)
from widgets.site.settings import Settings, SettingsError
from widgets.site.signals import forwarded_hangup, stop_signals

HERE = "127.0.0.1"
INSTANCES = 2
REDIS_MB = 64
_CONF = Path(__file__).with_name("nginx.conf")
# A page of a host without tokens says itself how long it may be kept (s-maxage, stale-while-revalidate);
# what a token or key opens is never kept here, whatever it says.
_CACHE_PATH = "proxy_cache_path pages levels=1:2 keys_zone=pages:8m max_size=64m inactive=10m;"
_CACHE = """
            proxy_cache pages;
            proxy_cache_key $scheme$http_host$request_uri;
            proxy_cache_use_stale updating error timeout;
            proxy_cache_background_update on;
            proxy_cache_lock on;
            proxy_cache_revalidate on;
            proxy_cache_bypass $http_authorization $arg_token $arg_key;
            proxy_no_cache $http_authorization $arg_token $arg_key;
            add_header X-Cache $upstream_cache_status always;
"""

Environment = Mapping[str, str]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.cluster", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="of the proxy; 0 is any free one")
    parser.add_argument("--erp-port", type=int, default=8001, help="of the mock ERP; 0 likewise")
    parser.add_argument("--cache", action="store_true", help="the proxy keeps pages, too")
    options = parser.parse_args(arguments)
    try:
        serve(options.port, options.erp_port, cached=options.cache)
    except (ServeError, SettingsError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    return 0


def serve(port: int, erp_port: int, *, cached: bool) -> None:
    """Serve until SIGINT or SIGTERM. Raises ServeError if a program is missing, a port is taken, or a child
    does not start or ends by itself; SettingsError if a setting is wrong."""
    settings = Settings.load()
    check_concurrency()
    require_mock()
    program("nginx"), redis_program()
    if port == erp_port != 0:
        raise ServeError(
            f"Proxy and mock ERP cannot both have port {port}: {PORT_HELP}; {ERP_PORT_HELP}"
        )
    port = usable_port(HERE, port, "the proxy", PORT_HELP)
    erp_port = usable_port(HERE, erp_port, "the mock ERP", ERP_PORT_HELP)
    children: list[Child] = []
    instances: list[Child] = []
    with (
        tempfile.TemporaryDirectory(prefix="erp-widgets-") as name,
        stop_signals() as stopped,
        forwarded_hangup(lambda: [child.process for child in instances]),
    ):
        folder = Path(name)
        try:
            children.append(mock_erp(erp_port))
            redis_port, password = free_port(), secrets.token_urlsafe(24)
            children.append(redis(folder, redis_port, password))
            environment = os.environ | mock_settings(erp_port, settings)
            environment["WIDGETS_REDIS_URL"] = redis_url(redis_port, password)
            environment["WIDGETS_PROXIES"] = "1"
            ports = [free_port() for _ in range(INSTANCES)]
            workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
            for number, each in enumerate(ports, 1):
                instances.append(instance(number, each, workers, environment, folder))
                children.append(instances[-1])
            children.append(nginx(folder, port, ports, cached=cached))
            signs = [partial(mock_is_up, erp_port), partial(redis_is_up, redis_port)]
            signs += [partial(server_is_up, each) for each in (*ports, port)]
            for sign in signs:
                if not wait_until(sign, children, stopped):
                    return
            for line in _greeting(port, ports, workers, redis_port, erp_port, cached=cached):
                sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
            while not stopped.wait(0.2):
                require_alive(children)
        finally:
            stop_all(children)


def _greeting(
    port: int, ports: list[int], workers: int, redis_port: int, erp_port: int, *, cached: bool
) -> list[str]:
    counted = "1 worker" if workers == 1 else f"{workers} workers"
    each = ", ".join(f"http://{HERE}:{port}/" for port in ports)
    return [
        f"Gallery    http://{HERE}:{port}/ (nginx; X-Instance says who answered"
        f"{', X-Cache whether anybody had to' if cached else ''})",
        f"Instances  {each} ({counted} each)",
        f"Redis      {HERE}:{redis_port}, {REDIS_MB} MB",
        f"ERP        a mock with made-up data, http://{HERE}:{erp_port}/data",
        "Stop       Ctrl-C",
    ]


# --- The children.


def mock_erp(port: int, *options: str) -> Child:
    return start("mock ERP", [sys.executable, "-m", "mock_erp", "--port", str(port), *options])


def instance(
    number: int,
    port: int,
    workers: int,
    environment: Environment,
    folder: Path,
    *,
    complaints: BinaryIO | None = None,
) -> Child:
    """One widget server, as on a machine of its own: its cache file is its own, too."""
    own = {"WIDGETS_CACHE_FILE": str(folder / f"instance-{number}" / "reads.sqlite")}
    command = [sys.executable, *gunicorn_command(HERE, port, workers, access_log=False)]
    return start(f"instance {number}", command, {**environment, **own}, complaints=complaints)


def redis(folder: Path, port: int, password: str) -> Child:
    """A Redis or Valkey that keeps nothing on disk: what is lost with it is read again."""
    own = folder / "redis"
    own.mkdir(mode=0o700, exist_ok=True)
    lines = [
        f"bind {HERE}",
        f"port {port}",
        f"requirepass {password}",  # in a file, since a command line is for all to see
        'save ""',
        "appendonly no",
        f"maxmemory {REDIS_MB}mb",
        "maxmemory-policy allkeys-lru",
        "daemonize no",
        "loglevel warning",
    ]
    (own / "redis.conf").write_text("\n".join(lines) + "\n")
    return start("Redis", [redis_program(), "redis.conf"], folder=own)


def redis_url(port: int, password: str) -> str:
    return f"redis://:{password}@{HERE}:{port}/0"


def nginx(folder: Path, port: int, ports: list[int], *, cached: bool) -> Child:
    own = folder / "nginx"
    own.mkdir(mode=0o700)
    fill = {
        # As root its worker would become a user who cannot reach a private folder.
        "USER": "user root;" if os.geteuid() == 0 else "",
        "LISTEN": f"{HERE}:{port}",
        "SERVERS": " ".join(f"server {HERE}:{each};" for each in ports),
        "CACHE_PATH": _CACHE_PATH if cached else "",
        "CACHE": _CACHE if cached else "",
    }
    text = _CONF.read_text()
    for name, value in fill.items():
        text = text.replace(f"@{name}@", value)
    (own / "nginx.conf").write_text(text)
    # Without -e it opens the log that it was built with before it reads a line of its file.
    return start("nginx", [program("nginx"), "-e", "stderr", "-p", str(own), "-c", "nginx.conf"])


def start(
    name: str,
    command: list[str],
    environment: Environment | None = None,
    folder: Path | None = None,
    complaints: BinaryIO | None = None,
) -> Child:
    """As the server starts its own, for other programs, too. complaints: where its standard error goes, if
    not where ours does."""
    process = subprocess.Popen(  # noqa: S603 - programs that are named in this module
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=complaints,
        process_group=0,
        preexec_fn=die_with(os.getpid()),  # noqa: PLW1509 - this process has one thread
    )
    return Child(name, process)


def program(*names: str) -> str:
    """The path of the first of these programs that is there. Raises ServeError."""
    # Debian has servers in /usr/sbin, which is in the PATH of root alone.
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    raise ServeError(f"There is no {' or '.join(names)} here: see tools/packages.sh --install")


def redis_program() -> str:
    return program("redis-server", "valkey-server")


# --- Whether they are up.


def mock_is_up(port: int) -> bool:
    path, beginning = MOCK_IS_UP
    return look_at(HERE, port, path).startswith(beginning)


def server_is_up(port: int) -> bool:
    path, beginning = SERVER_IS_UP
    return look_at(HERE, port, path).startswith(beginning)


def redis_is_up(port: int) -> bool:
    """Whether one answers; that it wants a password first is an answer."""
    with contextlib.suppress(OSError), socket.create_connection((HERE, port), 1) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(7) in (b"+PONG\r\n", b"-NOAUTH")
    return False


def free_port() -> int:
    with socket.create_server((HERE, 0)) as probe:
        return int(probe.getsockname()[1])


def wait_until(
    sign: Callable[[], bool], children: list[Child], stopped: threading.Event | None = None
) -> bool:
    """Wait until `sign` is true. False if told to stop before; raises ServeError if a child ends, or it takes
    too long."""
    stopped = stopped or threading.Event()
    latest = time.monotonic() + START_WITHIN
    while not sign():
        require_alive(children)
        if time.monotonic() > latest:
            names = ", ".join(child.name for child in children)
            raise ServeError(f"Not all of {names} answered within {START_WITHIN:.0f} s.")
        if stopped.wait(0.05):
            return False
    return True


if __name__ == "__main__":
    sys.exit(main())
