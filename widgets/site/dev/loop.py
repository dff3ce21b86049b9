"""The parent in development: starts what `serve` starts, and starts it anew when its files change.

The next server is started while the present one goes on. Once it is ready, that one lets go of the listening
socket and it takes over: no request is refused in between, and one that cannot be loaded serves the reason.
"""

import contextlib
import importlib.util
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from watchfiles import DefaultFilter, watch

from widgets.site import files
from widgets.site.dev.processes import Mock, Server
from widgets.site.loopback import is_loopback
from widgets.site.serve import (
    ERP_PORT_HELP,
    ServeError,
    greeting,
    mock_settings,
    require_mock,
    require_two_ports,
    usable_port,
)
from widgets.site.settings import Settings
from widgets.site.signals import stop_signals

PORT_HELP = "PORT=… make dev, or --port …"
TICK = 50  # milliseconds between two looks at the processes
QUIET = 30  # milliseconds without another change after which one counts; an editor makes several of a save
_CATALOGUE = Path(files.__file__).parents[1]


def dev(host: str, port: int, erp_port: int, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, as `serve` does, and follow the files.

    Raises ServeError if it cannot start, SettingsError if a setting is wrong. No process is left behind.
    """
    if not is_loopback(host):
        raise ServeError(
            f"The development server shows source code, so it listens on this machine alone and not on "
            f"{host}. Leave --host out, or use `erp-widgets serve --host {host}`."
        )
    settings = Settings.load()
    mocked = "erp_url" not in settings.model_fields_set
    if mocked:
        how = f"{PORT_HELP}; {ERP_PORT_HELP.replace('make serve', 'make dev')}"
        require_two_ports(port, erp_port, how)
    port = usable_port(host, port, "the development server", PORT_HELP)
    with (
        stop_signals() as stopped,
        tempfile.TemporaryDirectory(prefix="erp-widgets-dev-") as folder,
        _listening(host, port) as listener,
        contextlib.ExitStack() as ending,
    ):
        mock = None
        environment = dict(os.environ)
        if mocked:
            require_mock()
            erp_port = usable_port("127.0.0.1", erp_port, "the mock ERP", ERP_PORT_HELP)
            mock = Mock(erp_port, Path(folder), stopped)
            ending.callback(mock.stop)
            if not mock.start():
                raise ServeError(mock.mistake) if mock.mistake else SystemExit(0)
            environment |= mock_settings(erp_port, settings)
        server = Server(listener, environment, say)
        ending.callback(server.stop)
        if mock:
            server.environment |= mock.cache()
        server.start()
        greeted = False
        for changed in _changes(server, _read_at_start(settings), stopped):
            if changed:
                _answer(changed, server, mock, say)
            server.turn()
            if server.current and not greeted:
                greeted = True
                for line in greeting(host, port, settings, erp_port if mocked else None):
                    say(line)


def _answer(
    changed: set[Path], server: Server, mock: Mock | None, say: Callable[[str], None]
) -> None:
    """What a change asks for: of the mock ERP, of code, or of what pages are made of."""
    kinds = {kind_of(path) for path in changed}
    names = ", ".join(sorted(path.name for path in changed)[:3]) + (
        f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    )
    if "data" in kinds and mock:
        say(f"Changed  {names}: the mock ERP starts anew")
        mock.stop()
        mock.start()
        server.environment |= mock.cache()
        server.mistake = mock.mistake
        server.start()
    elif "code" in kinds or server.is_broken:
        say(f"Changed  {names}: the server starts anew")
        server.start()
    else:
        say(f"Changed  {names}")
        server.tell()


def kind_of(path: Path) -> str:
    """ "data": of the mock ERP. "code": that, and what is read at the start. "page": the rest."""
    if "mock_erp" in path.parts:
        return "data"
    return "code" if path.suffix in (".py", ".toml") else "page"


def _changes(
    server: Server, single: Collection[Path], stopped: threading.Event
) -> Iterator[set[Path]]:
    """What has changed, every TICK; mostly nothing. single: files that are watched besides the folders."""
    seen = {file: _stat(file) for file in single}
    while not stopped.is_set():
        watched = server.folders | _folders()
        for found in watch(
            *sorted(folder for folder in watched if folder.is_dir()),
            # An installed package may be in a folder that is usually of no interest, such as .venv.
            watch_filter=DefaultFilter(ignore_dirs=("__pycache__",)),
            step=QUIET,
            rust_timeout=TICK,
            yield_on_timeout=True,
            stop_event=stopped,
            ignore_permission_denied=True,
        ):
            changed = {Path(name) for _, name in found if not Path(name).is_dir()}
            # Not watched with the rest: they may be in a folder of anything. And a save can replace one.
            for file in single:
                if (now := _stat(file)) != seen[file]:
                    seen[file] = now
                    changed.add(file)
            _forget_compiled(changed)
            yield changed
            if server.folders - watched:
                break


def _folders() -> set[Path]:
    found = {_CATALOGUE, files.templates(), files.static()}
    if (mock := importlib.util.find_spec("mock_erp")) and mock.origin:
        found.add(Path(mock.origin).parent)
    return found


def _read_at_start(settings: Settings) -> list[Path]:
    """The files that settings name and that a server reads when it starts."""
    return [file for file in (settings.hosts_file, settings.upstreams_file) if file]


def _stat(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _forget_compiled(changed: Iterable[Path]) -> None:
    """Python takes a compiled module for the present one if second and size are the same, which two saves can
    have."""
    for path in changed:
        if path.suffix == ".py":
            with contextlib.suppress(OSError, NotImplementedError):
                Path(importlib.util.cache_from_source(str(path))).unlink()


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
        yield listener
