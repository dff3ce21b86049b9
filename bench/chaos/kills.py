"""Processes are killed and a disk fills up under load: no request fails but those that were under way in a
process that was killed, and afterwards the counters say what the viewers counted."""

import os
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.chaos.crowd import Answer, Crowd, crowd, spread
from bench.chaos.plan import Plan, Report
from bench.chaos.stage import TTL, Stage, inventory, metrics, stage
from bench.figures import Must, tell

AT_ONCE = 0.25  # seconds within which a kill is done, as far as the viewers can tell


@dataclass(frozen=True, slots=True)
class Blow:
    """strike: breaks something and mends it again; it is given the stage and the seconds that it stays
    broken. Says what it did."""

    name: str
    strike: Callable[[Stage, float], str]
    kills_server: bool = False  # requests that are under way in it may fail


def kills(plan: Plan) -> Report:
    report = Report()
    alone = [blow for blow in ALONE if plan.wants(blow.name)]
    shared = [blow for blow in SHARED if plan.wants(blow.name)]
    if alone:
        with stage(plan, disk_mb=16, settings={"WIDGETS_CACHE_MB": "8"}) as made:
            _suffer(made, alone, plan, report)
    if shared:
        with stage(plan, instances=2, redis=True) as made:
            _suffer(made, shared, plan, report)
    return report


def _suffer(made: Stage, blows: list[Blow], plan: Plan, report: Report) -> None:
    """One blow after the other, while the viewers look."""
    seconds = plan.lasting(12)
    keys = {item: inventory(item=item) for item in made.items(20)}
    made.warm(keys)
    under_way = 0
    with crowd(spread(keys, made.roots, plan.viewers)) as seen:
        seen.wait_until_all_look()
        for blow in blows:
            tell(blow.name)
            begin = time.time()
            did = blow.strike(made, seconds)
            back = seen.wait_until_fresh(time.time(), plan.recovery)
            met = seen.between(begin - 30, time.time())
            struck = [
                answer for answer in met if answer.at <= begin + AT_ONCE and begin <= answer.ended
            ]
            under_way += len(struck)
            failed = [answer for answer in met if answer.failed and answer.ended >= begin]
            excused = struck if blow.kills_server else []
            unexpected = [answer for answer in failed if answer not in excused]
            report.rows.append(
                {
                    "broken": blow.name,
                    "answers": sum(answer.at >= begin for answer in met),
                    "under way": len(struck),
                    "failed": len(failed),
                    "stale %": _share(met, begin),
                    "done": did,
                }
            )
            report.musts += [
                Must(
                    f"{blow.name}: nothing fails that was not under way",
                    not unexpected,
                    _some(unexpected),
                ),
                Must(f"{blow.name}: afterwards all is fresh again", back, "yes" if back else "no"),
            ]
    report.musts += [_counted(made, seen, under_way), seen.must()]


def _counted(made: Stage, seen: Crowd, under_way: int) -> Must:
    what = f"/metrics of {len(made.ports)} counts what the viewers counted"
    counted = metrics(made)
    if counted is None:
        return Must(what, None, "there is no /metrics")
    answered = sum(answer.status > 0 for answer in seen.answers) + made.asked
    # What was under way in a process that was killed may have been counted and not sent, or sent again.
    holds = abs(counted - answered) <= under_way
    return Must(
        what,
        holds,
        f"{counted:,.0f} counted, {answered:,} answered, {under_way} under way at a kill",
    )


def _share(met: list[Answer], begin: float) -> int:
    after = [answer for answer in met if answer.at >= begin]
    return round(100 * sum(answer.state == "stale" for answer in after) / max(len(after), 1))


def _some(answers: list[Answer]) -> str:
    if not answers:
        return "none"
    first = answers[0]
    return f"{len(answers)}, such as {first.key}: {first.status} {first.state} {first.code}"


# --- What is done to them.


def _kill_worker(made: Stage, seconds: float) -> str:
    first, *others = made.worker_pids()
    os.kill(first, signal.SIGKILL)
    latest = time.monotonic() + 20
    while (len(made.worker_pids()) <= len(others) or first in made.worker_pids()) and (
        time.monotonic() < latest
    ):
        time.sleep(0.05)
    time.sleep(seconds)
    return f"{len(made.worker_pids())} workers again"


def _kill_erp(made: Stage, seconds: float) -> str:
    made.kill("mock ERP")
    time.sleep(max(seconds, TTL + 1 if seconds > TTL else 0))
    made.start("mock ERP")
    return f"started again after {seconds:.0f} s"


def _kill_redis(made: Stage, seconds: float) -> str:
    made.kill("Redis")
    time.sleep(seconds)
    made.start("Redis")
    return f"started again, empty, after {seconds:.0f} s"


def _fill_disk(made: Stage, seconds: float) -> str:
    """Fill the disk of the cache file; where it is not one of its own, forbid the server larger files."""
    folder = made.folder / "instance-1"
    if os.path.ismount(folder):
        filler = folder / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError as error:
                did = f"a disk of its own: {error.strerror}"
        time.sleep(seconds)
        filler.unlink()
        return did
    processes = [made.children["instance 1"].process.pid, *made.worker_pids()]
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    for pid in processes:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, hard))
    time.sleep(seconds)
    for pid in processes:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
    return "a limit to the size of files"


ALONE = (
    Blow("worker", _kill_worker, kills_server=True),
    Blow("mock-erp", _kill_erp),
    Blow("full-disk", _fill_disk),
)
SHARED = (Blow("redis", _kill_redis),)
PARTS = tuple(blow.name for blow in (*ALONE, *SHARED))
