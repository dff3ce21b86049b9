"""How gunicorn runs the widget server. Any of it can be overruled on gunicorn's command line.

The names are gunicorn's: https://gunicorn.org/reference/settings/
"""

import contextlib
import ctypes
import os
import signal
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

from widgets.site import counting

# Before anything that counts is loaded: what is counted goes where this says.
counting.start()

from widgets import metrics
from widgets.core.registry import json_upstreams
from widgets.core.widget import DeclarationError
from widgets.embedding.hosts_file import HostsFileError
from widgets.metrics import processes
from widgets.site import factory, logs, upstreams
from widgets.site.settings import Settings, SettingsError
from widgets.upstream.storage_sqlite import prepare

_M_ARENA_MAX = -8  # malloc.h
_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

# Threads, because a request mostly waits for an upstream or for nothing at all.
worker_class = "gthread"
threads = 16
# One process a core. More than four is for whoever knows that the machine is theirs alone.
workers = int(os.environ.get("WEB_CONCURRENCY", min(_CORES, 4)))
# The kernel spreads connections over the workers. Without it browsers that keep their connections open
# can all end up at one worker. gunicorn leaves it out where the system has no SO_REUSEPORT.
reuse_port = True
# Longer than the 60 seconds between two refreshes would hold a connection for each open widget;
# 5 seconds are enough for a page with its files.
keepalive = 5
# One parser on every machine, whether or not a faster one happens to be installed.
http_parser = "python"
# It is one socket for each home directory, which two servers of one user would share; nobody uses it here.
control_socket_disable = True
# A worker that does not report for this long is stuck, and is replaced. An upstream's own time limits
# (WIDGETS_CONNECT_TIMEOUT, WIDGETS_READ_TIMEOUT) are far shorter.
timeout = 60
# On SIGTERM, requests under way have this long to end. Supervisors commonly kill after 10 seconds or more.
graceful_timeout = 8
# Heartbeat files in memory where there is such a folder: on a slow disk they can block a worker.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - gunicorn unlinks them
# The longest that gunicorn allows. A value too long for us is then refused by the widget, in its frame.
limit_request_line = 8190
# Whom to believe about forwarded headers is WIDGETS_PROXIES' to say, in the application, and nobody else's.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
# No access log; `--access-logfile -` turns it on.
access_log_format = logs.ACCESS
logger_class = logs.ServerLogger

# glibc gives threads that allocate at the same time a heap each, up to eight a core, and none of them ever
# shrinks much: 16 threads took 15 MB more for what 2 heaps hold as well, since one thread runs at a time.
if "MALLOC_ARENA_MAX" not in os.environ:  # which says it for the C library itself
    with contextlib.suppress(AttributeError, OSError):  # another one has no such setting
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)

_ended: set[int] = set()
"""Workers that have ended, and whose counts were not added up yet."""


def on_starting(server: Any) -> None:
    """Make the cache file before the workers start: if all of them make it, some find it locked."""
    try:
        settings = Settings.load()
        # Here, once for all workers: one that starts later must have the hosts that the others have,
        # whatever has become of the file. And a mistake is said in words; a worker would leave a trace.
        catalogue = factory.find_widgets(upstreams.SOURCES)
        factory.inherited = factory.register_hosts(settings, catalogue)
        upstreams.configs(settings, json_upstreams(catalogue.values()))
    except (SettingsError, HostsFileError, DeclarationError) as error:
        sys.exit(str(error))
    if settings.redis_url.get_secret_value():
        return  # what was read is kept there, and the file may be on a disk that nothing can be written to
    path = settings.cache_file
    try:
        prepare(path)
    except (OSError, sqlite3.Error) as error:
        # It is only a cache: without it every answer comes from the upstream.
        server.log.warning(
            "No cache: %s cannot be made (%s). WIDGETS_CACHE_FILE names another", path, error
        )


def when_ready(server: Any) -> None:
    """SIGHUP has the hosts file read again, here and, if it can be used, in the workers. gunicorn would
    replace the workers, and with them what they keep, and would end where the new file has a mistake."""

    def hang_up() -> None:
        if factory.inherited and factory.inherited.reload():
            server.kill_workers(signal.SIGHUP)

    server.handle_hup = hang_up


def post_fork(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    # Until the worker has its handler, below.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})


def post_worker_init(worker: Any) -> None:
    """The worker's part of SIGHUP, and that it is there."""
    admission = worker.wsgi.extensions["erp_widgets"].admission

    def hang_up(*_: object) -> None:
        # Not in the signal handler, which may interrupt a line that is being logged.
        threading.Thread(target=admission.reload, kwargs={"quiet": True}).start()

    signal.signal(signal.SIGHUP, hang_up)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    metrics.WORKERS.set(1)


def child_exit(server: Any, worker: Any) -> None:
    """What a worker counted stays, however it ended."""
    folder = os.environ.get(counting.VARIABLE)
    if folder:
        _ended.add(worker.pid)
        # The number of one that is still to be added up may have been given to a new one meanwhile.
        _ended.difference_update(server.WORKERS)
        processes.bury(Path(folder), _ended)


def on_exit(server: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    counting.end()
