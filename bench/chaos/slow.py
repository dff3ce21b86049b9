"""A slow upstream does not slow a page that is kept: the same load, with and without a delay, in turns."""

import time

from bench.chaos.crowd import crowd, spread
from bench.chaos.fault_list import STOCK
from bench.chaos.plan import Plan, Report
from bench.chaos.stage import TTL, inventory, stage
from bench.figures import Must, milliseconds

DELAY = 3.0  # seconds


def slow(plan: Plan) -> Report:
    """Turns are longer than the delay, and after one the calls that it still holds are waited for."""
    turn = max(1.0, plan.lasting(80) / 8)
    spans: list[tuple[bool, float, float]] = []
    with stage(plan) as made:
        keys = {item: inventory(item=item) for item in made.items(20)}
        made.warm(keys)
        with crowd(spread(keys, made.roots, plan.viewers)) as seen:
            time.sleep(min(turn, TTL))  # every connection is made, every worker has what it keeps
            for number in range(8):
                delayed = bool(number % 2)
                if delayed:
                    made.control("POST", "fault", match=STOCK, kind="delay", delay=DELAY)
                begin = time.time()
                time.sleep(turn)
                spans.append((delayed, begin, time.time()))
                if delayed:
                    made.control("DELETE", "fault")
                    time.sleep(min(turn, DELAY + 1))
        times = {
            delayed: [
                answer.seconds
                for each, begin, end in spans
                if each is delayed
                for answer in seen.between(begin, end)
            ]
            for delayed in (False, True)
        }
    without, under = (milliseconds(times[delayed], 0.99) for delayed in (False, True))
    failed = sum(answer.failed for answer in seen.answers)
    return Report(
        rows=[
            {
                "upstream": f"{DELAY:.0f} s slower" if delayed else "as usual",
                "answers": len(times[delayed]),
                "p50 ms": milliseconds(times[delayed], 0.5),
                "p99 ms": milliseconds(times[delayed], 0.99),
                "slowest ms": milliseconds(times[delayed], 1),
            }
            for delayed in (False, True)
        ],
        musts=[
            Must(
                "99 % of answers are less than twice as slow under a slow upstream",
                under < 2 * without,
                f"{under} ms against {without} ms",
            ),
            Must("nobody gets an error", not failed, f"{failed} of {len(seen.answers)}"),
            seen.must(),
        ],
    )
