"""Every fault of an upstream in turn, under load: whoever could be shown data is shown it, with its age and
the reason; whoever must not be is not; and soon after the fault all is fresh again."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.chaos.crowd import EVERY, Answer, Crowd, crowd, fresh, spread
from bench.chaos.fault_list import FAULTS, Fault
from bench.chaos.plan import Plan, Report
from bench.chaos.stage import TTL, Stage, inventory, stage
from bench.figures import Must, Row, tell

PARTS = tuple(fault.name for fault in FAULTS)
# What is older than fresh is shown for so long without a word, while it is asked for anew.
UNSAID = TTL + 4 * TTL
SLACK = 3.0  # seconds for requests under way and for pages that tell whole seconds
_NOTICE = re.compile(r"\S.*\S\. What you see is \d+ (?:second|minute|hour|day)s? old\.")


@dataclass(frozen=True, slots=True)
class Met:
    """What came of one fault that was on from `begin` to `end`.

    truth: digest of what each key says while all is well. back: seconds after which the last key was fresh
    again; None if one was not. calls: that the upstream got.
    """

    fault: Fault
    truth: dict[str, str]
    begin: float
    end: float
    back: float | None
    answers: list[Answer]
    calls: int


def faults(plan: Plan) -> Report:
    # Small pages, so that sites need several calls each.
    with stage(plan, mock_options=("--page-size", "40")) as made:
        keys = {f"item {item}": inventory(item=item) for item in made.items(14)}
        keys |= {f"site {site}": inventory(site=site, rows="50") for site in "1234"}
        keys |= {f"prices {s}": f"/widgets/ticker/?symbols={s}" for s in ("COPPER", "WTI")}
        made.warm(keys)
        report = Report()
        with crowd(spread(keys, made.roots, plan.viewers)) as seen:
            seen.wait_until_all_look()
            truth = {each.key: each.digest for each in seen.read() if each.state == "ok"}
            for fault in FAULTS:
                if plan.wants(fault.name):
                    tell(fault.name)
                    met = _meet(made, seen, fault, truth, plan)
                    report.rows.append(_row(met))
                    report.musts += _musts(met)
        report.musts.append(seen.must())
        return report


def _meet(made: Stage, seen: Crowd, fault: Fault, truth: dict[str, str], plan: Plan) -> Met:
    """One fault: it begins, lasts, ends, and is got over."""
    made.control("DELETE", "log")
    begin = time.time()
    made.control("POST", "fault", **fault.body())
    time.sleep(plan.lasting(12))
    end = time.time()
    made.control("DELETE", "fault")
    seen.wait_until_fresh(end, plan.recovery)
    answers = seen.between(begin, time.time())
    return Met(fault, truth, begin, end, _back(answers, truth, end), answers, len(made.calls()))


def _back(answers: Sequence[Answer], truth: dict[str, str], since: float) -> float | None:
    first: dict[str, float] = {}
    for answer in answers:
        if answer.ended >= since and fresh([answer], since):
            first.setdefault(answer.key, answer.ended - since)
    return max(first.values()) if first and first.keys() >= truth.keys() else None


def _row(met: Met) -> Row:
    answers = met.answers
    stale = [answer for answer in answers if answer.state == "stale"]
    ages = [answer.ended - answer.as_of for answer in answers if answer.as_of and not answer.failed]
    return {
        "fault": met.fault.name,
        "answers": len(answers),
        "errors": sum(answer.failed for answer in answers),
        "stale %": round(100 * len(stale) / max(len(answers), 1)),
        "oldest s": round(max(ages, default=0)),
        "slowest s": round(max((answer.seconds for answer in answers), default=0), 2),
        "back after s": -1 if met.back is None else round(met.back, 1),
        "calls": met.calls,
    }


def _musts(met: Met) -> list[Must]:
    shown = [answer for answer in met.answers if not answer.failed]
    worded = [answer for answer in shown if answer.state == "stale" and answer.status == 200]
    wordless = [a for a in worded if not (_NOTICE.fullmatch(a.notice) and a.as_of)]
    unsaid = [a for a in shown if a.state == "ok" and a.ended - a.as_of > UNSAID + SLACK]
    wrong = [a for a in shown if a.digest != met.truth.get(a.key, a.digest)]
    within = met.fault.rest + TTL + EVERY
    back = met.back is not None and met.back <= within
    looked_at = [
        ("a stale page says its age and why", wordless),
        (f"nothing older than {UNSAID:.0f} s is shown as if it were fresh", unsaid),
        ("no page says anything else than before", wrong),
    ]
    return [
        _refused(met) if met.fault.refused else _kept(met),
        *(Must(f"{met.fault.name}: {what}", not bad, _some(bad)) for what, bad in looked_at),
        Must(
            f"{met.fault.name}: all is fresh again within {within:.0f} s",
            back,
            "not at all" if met.back is None else f"{met.back:.1f} s",
        ),
    ]


def _kept(met: Met) -> Must:
    """All of it was read before, an instant ago, so everybody can be shown something."""
    errors = [answer for answer in met.answers if answer.failed]
    return Must(f"{met.fault.name}: nobody gets an error", not errors, _some(errors))


def _refused(met: Met) -> Must:
    """Once what was fresh at the beginning is not any more, nobody is shown anything."""
    hit = [a for a in met.answers if not a.key.startswith("prices") and a.ended < met.end]
    late = met.begin + TTL + SLACK
    wrong = [a for a in hit if a.state == "stale" or (a.at > late and not a.failed)]
    what = f"{met.fault.name}: what is refused is not shown, not as old data either"
    return Must(what, not wrong, _some(wrong))


def _some(answers: Sequence[Answer]) -> str:
    """How many, and what the first is like."""
    if not answers:
        return "none"
    first = answers[0]
    how = f"{first.status} {first.state} {first.code} {first.notice}".strip()
    return f"{len(answers)}, such as {first.key}: {how}"
