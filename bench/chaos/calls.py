"""However many look, each thing is asked for once for each time that its answer is fresh: by two workers over
one file, and by two machines over one Redis."""

import math
import time
from collections import Counter

from bench.chaos.crowd import Crowd, crowd, spread
from bench.chaos.plan import Plan, Report
from bench.chaos.stage import TTL, Stage, inventory, stage
from bench.figures import Must, milliseconds

KEYS = 20
ON_HAND = "WarehousesOnHandV2"


def calls(plan: Plan) -> Report:
    with stage(plan) as made:
        return _count(made, plan)


def calls_redis(plan: Plan) -> Report:
    with stage(plan, instances=2, redis=True) as made:
        return _count(made, plan)


def _count(made: Stage, plan: Plan) -> Report:
    keys = {item: inventory(item=item) for item in made.items(KEYS)}
    seconds = plan.lasting(60)
    made.control("DELETE", "log")
    with crowd(spread(keys, made.roots, plan.viewers)) as seen:
        # From the very first look: what nobody has read yet, all ask for together.
        seen.wait(lambda answers: len(answers) > 0, 30)
        time.sleep(seconds)
    asked = Counter(
        (call["path"], str(sorted(call["query"].items())))
        for call in made.calls()
        if call["set"] == ON_HAND
    )
    most, allowed = max(asked.values(), default=0), math.ceil(seconds / TTL) + 1
    answers = seen.answers
    failed = sum(answer.failed for answer in answers)
    return Report(
        rows=[
            {
                "instances": len(made.ports),
                "viewers": plan.viewers,
                "seconds": round(seconds),
                "answers": len(answers),
                "a second": round(len(answers) / seconds, 1),
                **latencies(seen),
                "errors": failed,
                "keys": len(asked),
                "calls": sum(asked.values()),
                "most for a key": most,
                "allowed": allowed,
            }
        ],
        musts=[
            Must(f"each key is asked for at most {allowed} times", most <= allowed, f"{most}"),
            Must("nobody gets an error", not failed, f"{failed} of {len(answers)}"),
            seen.must(),
        ],
    )


def latencies(seen: Crowd) -> dict[str, float]:
    times = [answer.seconds for answer in seen.answers]
    return {"p50 ms": milliseconds(times, 0.5), "p99 ms": milliseconds(times, 0.99)}
