"""The processes that are looked at: a mock ERP, one or two instances of the server, a Redis. Each can be
killed and started again, on the port that it had."""

import http.client
import json
import os
import secrets
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode

from bench.chaos.plan import Plan
from tools import cluster
from widgets.site.serve import Child, mock_settings, stop_all
from widgets.site.settings import Settings

HERE = cluster.HERE
TTL, STALE_FOR = (
    5.0,
    3600.0,
)  # seconds for which what viewers look at is fresh, and may be shown stale
REFRESH = (
    30.0  # seconds after which a real frame looks again, at the latest, while its data is stale
)
# Its world stands still, so that a page that says something else than before is wrong.
MOCK_OPTIONS = ("--speed", "0", "--start", "2026-11-20T09:00:00Z")


@dataclass
class Stage:
    """roots: addresses of the instances. asked: requests for widgets that were made through `get`."""

    folder: Path
    erp_port: int
    ports: list[int]
    workers: int
    environment: Mapping[str, str]
    said: BinaryIO
    mock_options: tuple[str, ...]
    redis_port: int = 0
    redis_password: str = ""
    children: dict[str, Child] = field(default_factory=dict)
    asked: int = 0

    @property
    def roots(self) -> list[str]:
        return [f"http://{HERE}:{port}" for port in self.ports]

    @property
    def erp_url(self) -> str:
        return f"http://{HERE}:{self.erp_port}"

    @property
    def instances(self) -> list[Child]:
        return [child for name, child in self.children.items() if name.startswith("instance")]

    # --- Starting and breaking.

    def start(self, name: str) -> None:
        """Start one of the children, again if need be, and wait until it answers."""
        number = int(name.rpartition(" ")[2]) if name.startswith("instance") else 0
        match name:
            case "mock ERP":
                child = cluster.mock_erp(self.erp_port, *self.mock_options)
                sign = partial(cluster.mock_is_up, self.erp_port)
            case "Redis":
                child = cluster.redis(self.folder, self.redis_port, self.redis_password)
                sign = partial(cluster.redis_is_up, self.redis_port)
            case _:
                port = self.ports[number - 1]
                child = cluster.instance(
                    number, port, self.workers, self.environment, self.folder, complaints=self.said
                )
                sign = partial(cluster.server_is_up, port)
        self.children[name] = child
        cluster.wait_until(sign, [child])

    def kill(self, name: str) -> None:
        """As `kill -9` does, with all that it started itself."""
        child = self.children[name]
        os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()

    def worker_pids(self, name: str = "instance 1") -> list[int]:
        pid = self.children[name].process.pid
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    # --- Asking.

    def control(self, method: str, path: str, **body: Any) -> Any:
        """Faults, log and clock of the mock ERP."""
        status, answer = _ask(self.erp_port, method, f"/_control/{path}", body=body)
        if status != 200:
            raise RuntimeError(f"{method} {path} {body}: {answer}")
        return json.loads(answer)

    def calls(self) -> list[dict[str, Any]]:
        """The calls for data that the mock has got since its log was emptied."""
        calls: list[dict[str, Any]] = self.control("GET", "log")
        return [call for call in calls if "/oauth2/" not in call["path"]]

    def rows(self, company: str) -> list[dict[str, Any]]:
        """All stock of a company, asked for directly, past what is looked at."""
        form = {
            "grant_type": "client_credentials",
            "client_id": "demo",
            "client_secret": "demo-secret",
            "scope": f"http://{HERE}:{self.erp_port}/.default",
        }
        _, answer = _ask(self.erp_port, "POST", "/demo/oauth2/v2.0/token", form=form)
        headers = {"Authorization": f"Bearer {json.loads(answer)['access_token']}"}
        wanted = quote(f"dataAreaId eq '{company}'")
        path = f"/data/WarehousesOnHandV2?cross-company=true&$filter={wanted}"
        rows: list[dict[str, Any]] = []
        while path:
            _, answer = _ask(self.erp_port, "GET", path, headers=headers)
            body = json.loads(answer)
            rows += body["value"]
            path = "/data/" + str(body.get("@odata.nextLink", "")).partition("/data/")[2]
            path = "" if path == "/data/" else path
        return rows

    def items(self, count: int, company: str = "usmf") -> list[str]:
        """Numbers of items with stock, as many as are wanted, if there are so many."""
        return list(dict.fromkeys(row["ItemNumber"] for row in self.rows(company)))[:count]

    def get(self, path: str, port: int | None = None, **headers: str) -> tuple[int, str]:
        """Status and body of one request to the first instance, or the one at this port."""
        self.asked += path.startswith("/widgets/")
        return _ask(port or self.ports[0], "GET", path, headers={"HX-Request": "true", **headers})

    def warm(self, keys: Mapping[str, str]) -> None:
        """Have every instance read everything once. Raises RuntimeError for a page that is not there."""
        for port in self.ports:
            for path in keys.values():
                status, body = self.get(path, port)
                if status != 200:
                    raise RuntimeError(f"{path}: status {status}: {body[:500]}")


@contextmanager
def stage(
    plan: Plan,
    *,
    instances: int = 1,
    workers: int = 2,
    redis: bool = False,
    mock_options: tuple[str, ...] = (),
    hosts: str = "",
    disk_mb: int = 0,
    settings: Mapping[str, str] | None = None,
    start_instances: bool = True,
) -> Iterator[Stage]:
    """All processes, up and answering, until the end; instances that are not to be started are not up yet.

    hosts: what is in the hosts file, if there is one. disk_mb: the first instance's cache file is on a disk
    of its own of this size, where we may make one. settings: the server's, as in its environment.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="erp-widgets-")))
        said = stack.enter_context((plan.log or folder / "said").open("ab"))
        erp_port = cluster.free_port()
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("WIDGETS_")
        }
        environment |= mock_settings(erp_port, Settings.model_construct())
        environment |= {
            "WIDGETS_KEEP": json.dumps({kind: [TTL, STALE_FOR] for kind in ("on_hand", "prices")}),
            # Longer than the mock's slow answers, and short enough to see what comes of none at all.
            "WIDGETS_READ_TIMEOUT": "4",
        }
        made = Stage(
            folder,
            erp_port,
            [cluster.free_port() for _ in range(instances)],
            workers,
            environment,
            said,
            (*MOCK_OPTIONS, *mock_options),
        )
        if redis:
            made.redis_port, made.redis_password = cluster.free_port(), secrets.token_urlsafe(24)
            environment["WIDGETS_REDIS_URL"] = cluster.redis_url(
                made.redis_port, made.redis_password
            )
        environment |= settings or {}
        if hosts:
            (folder / "hosts.toml").write_text(hosts)
            environment["WIDGETS_HOSTS_FILE"] = str(folder / "hosts.toml")
        if disk_mb:
            stack.enter_context(_disk(folder / "instance-1", disk_mb))
        try:
            made.start("mock ERP")
            if redis:
                made.start("Redis")
            for number in range(instances if start_instances else 0):
                made.start(f"instance {number + 1}")
            yield made
        finally:
            stop_all(list(made.children.values()))


@contextmanager
def _disk(folder: Path, megabytes: int) -> Iterator[None]:
    folder.mkdir()
    size = f"size={megabytes}m,mode=700"
    mounted = False
    if os.geteuid() == 0:
        mount = ["mount", "-t", "tmpfs", "-o", size, "erp-widgets", str(folder)]
        with suppress(FileNotFoundError):  # there is no such command
            mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0  # noqa: S603
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S603, S607


def inventory(**params: str) -> str:
    return f"/widgets/inventory/?{urlencode(params)}"


def rss(pid: int) -> float:
    """Megabytes of memory that a process has; 0 once it has ended."""
    try:
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return resident * os.sysconf("SC_PAGE_SIZE") / 1e6


def size(path: Path) -> float:
    """Megabytes of a SQLite file with what belongs to it."""
    parts = (path, Path(f"{path}-wal"), Path(f"{path}-shm"))
    return sum(part.stat().st_size for part in parts if part.exists()) / 1e6


def metrics(made: Stage) -> float | None:
    """How many requests to widgets the instances have counted; None where they do not say."""
    total = 0.0
    for port in made.ports:
        status, body = made.get("/metrics", port)
        if status != 200:
            return None
        lines = [line for line in body.splitlines() if line.startswith("widgets_requests_total")]
        total += sum(float(line.rsplit(" ", 1)[1]) for line in lines)
    return total


def _ask(
    port: int,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    form: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """One request on a connection of its own. Raises OSError and HTTPException."""
    sent = dict(headers or {})
    data = None
    if body:
        data, sent["Content-Type"] = json.dumps(body), "application/json"
    if form:
        data, sent["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
    connection = http.client.HTTPConnection(HERE, port, timeout=30)
    try:
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
