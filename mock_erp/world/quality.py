"""What the quality department finds: about 93 in 100 pass, save in a bad week and for two bad items."""

import random

from mock_erp.world.state import QualityOrder, TestResult

# Test -> (target, tolerance) in hundredths of the test's unit.
_TESTS = {"Impedance": (800, 40), "FreqResponse": (9000, 300), "Weight": (1250, 60)}
_VISUAL = "Visual"

BAD_ITEMS = ("D0010", "E0003")
# The bad period: these days before the clock's start, the first included and the last not.
BAD_PERIOD_DAYS = (34, 27)

_FAIL_USUALLY = 0.03
_FAIL_IN_BAD_PERIOD = 0.35
_FAIL_BAD_ITEM = 0.5


def inspect(
    rng: random.Random, order: QualityOrder, in_bad_period: bool
) -> tuple[str, tuple[TestResult, ...]]:
    """The order's status and one result for each test. It fails where one of its tests fails."""
    chance = _FAIL_IN_BAD_PERIOD if in_bad_period else _FAIL_USUALLY
    if order.production.row.item.number in BAD_ITEMS:
        chance = max(chance, _FAIL_BAD_ITEM)
    names = (*rng.sample(sorted(_TESTS), rng.randint(1, 3)), _VISUAL)
    failing = rng.choice(names) if rng.random() < chance else None
    results = tuple(
        _result(rng, 10 * position, name, passed=name != failing)
        for position, name in enumerate(names, start=1)
    )
    return ("Pass" if failing is None else "Fail"), results


def _result(rng: random.Random, sequence: int, name: str, *, passed: bool) -> TestResult:
    if name == _VISUAL:
        outcome = "Good" if passed else rng.choice(("Scratch", "Dent", "Colour"))
        return TestResult(sequence, name, 0, outcome, passed)
    target, tolerance = _TESTS[name]
    deviation = rng.uniform(0, 0.9) if passed else rng.uniform(1.1, 2.5)
    value = round(target + rng.choice((-1, 1)) * deviation * tolerance)
    return TestResult(sequence, name, value, "", passed)
