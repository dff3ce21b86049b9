"""Who is compared: our server and the peers, each in its own processes over the same mock ERP.

with mock_erp() as erp_url, contestant("dash", erp_url) as served: ...
"""

import os
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.chaos.stage import MOCK_OPTIONS
from bench.comparing import NotComparable
from tools import cluster
from widgets.site.serve import gunicorn_command, mock_settings, stop_all
from widgets.site.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PEERS_ENVIRONMENT = ROOT / ".venv-peers"
OURS = "erp-widgets"
# The ways in which a page has ours: the tag around its frame, the tag that makes its frame, the frame alone.
TAG, ALONE, IFRAME = f"{OURS}, tag", f"{OURS}, tag alone", f"{OURS}, iframe"
BARE = "bare HTML"  # see `bench.floor`
WORKERS = 2


class MissingPeers(NotComparable):
    """The environment of the peers is not there. The message says how to make it."""


@dataclass(frozen=True, slots=True)
class Served:
    """address: of what is asked for. pid: the process of which all that serve it are children."""

    address: str
    pid: int


@dataclass(frozen=True, slots=True)
class Contestant:
    """command: what serves it on a port, by the Python that has it. path: of what is framed.

    drawn: JavaScript that is true once the bars of the chart are there; `find(selector)` is all elements
    in the frame, those in shadow trees too, `isShown(element)` whether it takes any room, and
    `painted(canvas)` whether anything is on a canvas. bars: the same for bars that are there before, which
    the chart takes the place of.
    chart_files: a regular expression for the addresses of the chart library alone, where it has its own.
    """

    command: Callable[[int], Sequence[str]]
    path: str
    drawn: str
    bars: str = ""
    chart_files: str = ""


def _file(name: str) -> str:
    return str(ROOT / "bench/peers" / name)


def _ours(port: int) -> list[str]:
    return gunicorn_command(cluster.HERE, port, WORKERS, access_log=False)


def _dash(port: int) -> list[str]:
    # Threads, as we have them: a page asks for a dozen files at once.
    return [
        "-m", "gunicorn", "bench.peers.dash_app:server", "--bind", f"{cluster.HERE}:{port}",
        "--workers", str(WORKERS), "--worker-class", "gthread", "--threads", "16", "--reuse-port",
        "--log-level", "warning",
    ]  # fmt: skip


def _panel(port: int) -> list[str]:
    # Without --reuse-sessions and --num-procs, which its pages also offer: with either, Panel 1.9 names its
    # style sheets by an address of its makers' server, and a page then waits for the internet.
    return [
        "-m", "panel", "serve", _file("panel_app.py"), "--address", cluster.HERE,
        "--port", str(port), "--allow-websocket-origin", f"{cluster.HERE}:{port}",
        "--warm", "--log-level", "error",
    ]  # fmt: skip


def _streamlit(port: int) -> list[str]:
    return [
        "-m", "streamlit", "run", _file("streamlit_app.py"), "--server.address", cluster.HERE,
        "--server.port", str(port), "--server.headless", "true", "--browser.gatherUsageStats", "false",
        "--server.fileWatcherType", "none", "--client.toolbarMode", "viewer",
        "--server.enableWebsocketCompression", "true",
    ]  # fmt: skip


def _shiny(port: int) -> list[str]:
    # One process: a session of Shiny lives in the process that it began in.
    return [
        "-m", "uvicorn", "bench.peers.shiny_app:app", "--host", cluster.HERE, "--port", str(port),
        "--log-level", "warning",
    ]  # fmt: skip


DRAWING = 'find("svg rect, svg path").some((each) => each.closest("figure") && isShown(each))'
"""JavaScript: the drawing that comes with our HTML is to be seen."""
_PLOTLY_BARS = 'find(".js-plotly-plot .bars .point path").length > 0'
CONTESTANTS: Mapping[str, Contestant] = {
    OURS: Contestant(
        _ours, "/widgets/inventory/?site=1", _PLOTLY_BARS, DRAWING, r"/vendor/plotly\.js"
    ),
    "dash": Contestant(_dash, "/", _PLOTLY_BARS),
    # Bokeh says itself when every view has drawn what it has.
    "panel": Contestant(
        _panel,
        "/panel_app",
        'window.Bokeh?.documents[0]?.is_idle && find("canvas").some(painted)',
    ),
    "streamlit": Contestant(
        _streamlit,
        "/?embed=true",
        'find(".vega-embed .mark-rect path").length > 0 || find(".vega-embed canvas").some(painted)',
    ),
    "shiny": Contestant(_shiny, "/", _PLOTLY_BARS),
}
PEERS = tuple(name for name in CONTESTANTS if name != OURS)


def require_peers() -> None:
    """Raises MissingPeers."""
    if not (PEERS_ENVIRONMENT / "made.stamp").exists():
        raise MissingPeers("The peers are not installed. Install them with `make peers`.")


@contextmanager
def mock_erp() -> Iterator[str]:
    """The address of a mock ERP, until the end."""
    port = cluster.free_port()
    # Its world stands still, so that every contestant shows the same.
    child = cluster.mock_erp(port, *MOCK_OPTIONS)
    try:
        cluster.wait_until(partial(cluster.mock_is_up, port), [child])
        yield f"http://{cluster.HERE}:{port}"
    finally:
        stop_all([child])


@contextmanager
def contestant(name: str, erp_url: str, *, log: Path | None = None) -> Iterator[Served]:
    """One of CONTESTANTS, with the address to frame, up and answering until the end.

    log: where it says what was asked of it (ours alone). Raises MissingPeers, ServeError where it ends by
    itself or does not answer.
    """
    who = CONTESTANTS[name]
    if name != OURS:
        require_peers()
    port = cluster.free_port()
    address = f"http://{cluster.HERE}:{port}{who.path}"
    python = Path(sys.executable) if name == OURS else PEERS_ENVIRONMENT / "bin/python"
    with tempfile.TemporaryDirectory(prefix="erp-widgets-") as folder:
        command = [str(python), *who.command(port)]
        if log:
            command += ["--access-logfile", str(log)]
        # Not in our own folder, whose gunicorn.conf.py every gunicorn would read.
        child = cluster.start(name, command, _environment(name, erp_url, folder), Path(folder))
        try:
            cluster.wait_until(partial(_answers, address), [child])
            yield Served(address, child.process.pid)
        finally:
            stop_all([child])


def _environment(name: str, erp_url: str, folder: str) -> dict[str, str]:
    plain = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("WIDGETS_", "GUNICORN_", "STREAMLIT_", "BOKEH_", "DASH_"))
    }
    if name == OURS:
        erp_port = int(erp_url.rpartition(":")[2])
        own = mock_settings(erp_port, Settings.model_construct())
        return {**plain, **own, "WIDGETS_CACHE_FILE": f"{folder}/reads.sqlite"}
    # So long that no peer ever waits for the ERP while it is measured: we do, where our data is older.
    own = {"BENCH_ERP_URL": erp_url, "BENCH_KEEP": "3600", "PYTHONPATH": str(ROOT), "HOME": folder}
    return {**plain, **own}


def _answers(address: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=10) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
