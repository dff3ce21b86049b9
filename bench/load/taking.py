"""What a server takes, as the system has it: time until it answers, memory for who looked, processor time."""

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bench.chaos.stage import Stage, rss
from bench.comparing import Figures, NotComparable
from bench.load.asking import ask
from tools import cluster
from widgets.site.serve import START_WITHIN, Child, require_alive, stop_all

_NUMBER = 99  # of an instance that is started beside the others, only to see how long it takes


def start_up(made: Stage, path: str, workers: int) -> Figures:
    """Seconds from the spawn of a server that has nothing kept to its first frame with data in it."""
    shutil.rmtree(made.folder / f"instance-{_NUMBER}", ignore_errors=True)
    port = cluster.free_port()
    children: list[Child] = []
    started = time.perf_counter()
    try:
        children.append(
            cluster.instance(
                _NUMBER, port, workers, made.environment, made.folder, complaints=made.said
            )
        )
        while not _answers(f"http://{cluster.HERE}:{port}{path}"):
            require_alive(children)
            if time.perf_counter() - started > START_WITHIN:
                raise NotComparable(f"no answer of a new server within {START_WITHIN:.0f} s")
            time.sleep(0.01)
        return {"first frame": time.perf_counter() - started}
    finally:
        stop_all(children)


def _answers(url: str) -> bool:
    with suppress(OSError):
        return ask(url, {}).status == 200
    return False


def idle(made: Stage, url: str, headers: Callable[[], dict[str, str]], viewers: int) -> Figures:
    """Kilobytes by which the workers have grown for each of so many viewers, who look once, each on a
    connection of their own, and go.

    headers: what the next viewer sends.
    """
    before = resident(made)
    for _ in range(viewers):
        status = ask(url, headers()).status
        if status != 200:
            raise NotComparable(f"{url}: status {status}")
    return {"each viewer": max(0.0, resident(made) - before) * 1000 / viewers}


def resident(made: Stage) -> float:
    """Megabytes of all workers."""
    return sum(rss(pid) for pid in made.worker_pids())


def processor(pid: int) -> float:
    """Seconds of processor time that a process and all that it has started have taken so far."""
    ticks, parents = {}, {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):  # it has ended meanwhile
            # The name, in brackets, may have anything in it.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            parents[int(entry.name)] = int(fields[1])
            ticks[int(entry.name)] = int(fields[11]) + int(fields[12])
    found = {pid}
    while more := {each for each, parent in parents.items() if parent in found} - found:
        found |= more
    return sum(ticks.get(each, 0) for each in found) / os.sysconf("SC_CLK_TCK")
