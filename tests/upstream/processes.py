"""Work in processes of its own, all at the same moment; nothing of it outlives the test."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

PATIENCE = 40  # seconds for a process to start and do its work: only a hang takes so long
SPAWN = multiprocessing.get_context("spawn")

Results = Any  # a queue that takes whatever a process found out


@contextmanager
def started(
    work: Callable[..., None], *arguments: object, processes: int = 1, beside: int = 0
) -> Iterator[tuple["Queue[Any]", Barrier]]:
    """The processes, each doing `work(results, barrier, *arguments)`: where they put what they found, and
    where they meet. beside: how many more meet there, such as the test itself."""
    results: Queue[Any] = SPAWN.Queue()
    barrier = SPAWN.Barrier(processes + beside)
    all_of_them = [
        SPAWN.Process(target=work, args=(results, barrier, *arguments)) for _ in range(processes)
    ]
    for process in all_of_them:
        process.start()
    try:
        yield results, barrier
    finally:
        for process in all_of_them:
            process.join(PATIENCE)
            process.kill()
        results.close()
        results.join_thread()


def run(work: Callable[..., None], *arguments: object, processes: int = 1) -> list[Any]:
    """What each of the processes put into its queue."""
    with started(work, *arguments, processes=processes) as (results, _):
        return [results.get(timeout=PATIENCE) for _ in range(processes)]
