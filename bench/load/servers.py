"""The processes of the load: our server over a mock ERP, the bare applications on its gunicorn settings, and
nginx with one file. All of them stay up for the whole run, since one that is not asked takes no time."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.chaos.plan import Plan
from bench.chaos.stage import Stage, stage
from bench.contestants import Served
from bench.load import bare
from bench.load.asking import Answer, on_core
from tools import cluster
from widgets.site.files import shipped
from widgets.site.serve import Child, ServeError, look_at, stop_all

SECRET = "a secret of thirty-two bytes, or more"  # noqa: S105 - of a host that is there for a minute
HOSTS = """
[hosts.open]
name = "Open"
origins = ["https://open.example"]
access = "open"

[hosts.signed]
name = "Signed"
origins = ["https://signed.example"]
keys = [{ id = "k1", secret_env = "BENCH_SECRET" }]
"""
# Nothing is read anew while the load lasts: what that costs is no part of what is measured here.
LONG = {"WIDGETS_KEEP": json.dumps({"on_hand": [3600, 7200]}), "BENCH_SECRET": SECRET}
_NGINX = """
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
@USER@
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path temp;
    proxy_temp_path temp;
    fastcgi_temp_path temp;
    uwsgi_temp_path temp;
    scgi_temp_path temp;
    sendfile on;
    keepalive_requests 100000000;
    server {
        listen @LISTEN@;
        root .;
        etag off;
        default_type "text/html; charset=utf-8";
@HEADERS@
    }
}
"""
# What nginx says itself of a file.
_OF_NGINX = frozenset(
    ("content-length", "content-type", "date", "server", "connection", "last-modified")
)


@contextmanager
def ours(workers: int, core: int | None, **settings: str) -> Iterator[Stage]:
    """Our server, on this core, over a mock ERP that is on any, as whoever measures is. settings: more of
    them, as in its environment."""
    settings = {**LONG, **settings}
    with stage(
        Plan(), workers=workers, hosts=HOSTS, settings=settings, start_instances=False
    ) as made:
        with on_core(core):
            made.start("instance 1")
        yield made


@contextmanager
def others(
    page: Answer, folder: Path, workers: int, core: int | None
) -> Iterator[dict[str, Served]]:
    """What `page`, the cached frame, is compared with, by name; nginx where there is one."""
    children: list[Child] = []
    ports = {"bare": cluster.free_port(), "hello": cluster.free_port()}
    bare.keep(folder, page.headers, page.body)
    conf = settings_file(folder)
    applications = {"bare": "bench.load.bare:same_bytes()", "hello": "bench.load.bare:hello()"}
    try:
        with on_core(core):
            for name, application in applications.items():
                children.append(gunicorn(application, ports[name], workers, conf, folder))
            if has("nginx"):
                ports["nginx"] = cluster.free_port()
                children.append(nginx(page, ports["nginx"], folder))
        for port in ports.values():
            cluster.wait_until(partial(is_up, port), children)
        yield {
            name: Served(f"http://{cluster.HERE}:{port}/", child.process.pid)
            for (name, port), child in zip(ports.items(), children, strict=True)
        }
    finally:
        stop_all(children)


def has(name: str) -> bool:
    try:
        return bool(cluster.program(name))
    except ServeError:
        return False


def is_up(port: int) -> bool:
    return bool(look_at(cluster.HERE, port, "/"))


def gunicorn_settings() -> dict[str, object]:
    """What our gunicorn.conf.py says, less its hooks and its logger, which are for our own application. It is
    read in another process, since it begins to count in the one that reads it."""
    code = (
        "import runpy, sys\n"
        "plain = (str, int, float, bool, dict, type(None))\n"
        "found = runpy.run_path(sys.argv[1])\n"
        "from gunicorn.config import KNOWN_SETTINGS\n"
        "names = {each.name for each in KNOWN_SETTINGS}\n"
        "print({n: v for n, v in found.items() if n in names and isinstance(v, plain)})\n"
    )
    command = [sys.executable, "-c", code, str(shipped("gunicorn.conf.py"))]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    found: dict[str, object] = ast.literal_eval(said)
    return found


def settings_file(folder: Path) -> Path:
    """A gunicorn.conf.py for `gunicorn`."""
    conf = folder / "gunicorn.conf.py"
    conf.write_text("".join(f"{name} = {value!r}\n" for name, value in gunicorn_settings().items()))
    return conf


def gunicorn(application: str, port: int, workers: int, conf: Path, folder: Path) -> Child:
    where: Mapping[str, str] = {**os.environ, bare.FOLDER: str(folder)}
    command = [sys.executable, "-m", "gunicorn", "--config", str(conf), "--log-level", "warning"]
    command += ["--bind", f"{cluster.HERE}:{port}", "--workers", str(workers), application]
    return cluster.start(application, command, where)


def nginx(page: Answer, port: int, folder: Path) -> Child:
    """The same body as a file, with the same headers."""
    own = folder / "nginx"
    own.mkdir(mode=0o700)
    (own / "index.html").write_bytes(page.body)
    headers = [
        f"        add_header {name} {json.dumps(value)};"
        for name, value in page.headers
        if name.lower() not in _OF_NGINX
    ]
    text = (
        _NGINX.replace("@HEADERS@", "\n".join(headers).replace("$", ""))
        .replace("@LISTEN@", f"{cluster.HERE}:{port}")
        .replace("@USER@", "user root;" if os.geteuid() == 0 else "")
    )
    (own / "nginx.conf").write_text(text)
    command = [cluster.program("nginx"), "-e", "stderr", "-p", str(own), "-c", "nginx.conf"]
    return cluster.start("nginx", command)
