"""A rule of the contract: a function that looks at a widget and says what is wrong; and how that is told."""

import importlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from widgets.contract.subject import Subject

Check = Callable[["Subject"], Iterator[str]]
Place = Literal["module", "template"]

MODULES = ("parameter_rules", "page_rules", "escaping_rules", "browser_rules", "keyboard_rules")


MOST = 8
"""Faults of one rule that are told."""


@dataclass(frozen=True, slots=True)
class Rule:
    """name: as in the report. says: what holds. why: for whom. mend: what to do where it does not hold.
    place: the file to look at first. check: yields a sentence for each fault."""

    name: str
    says: str
    why: str
    mend: str
    place: Place
    check: Check


def rule(place: Place) -> Callable[[Check], Check]:
    """Declare a rule. Its docstring has three paragraphs: what holds, why, and `Mend: …`."""

    def declare(check: Check) -> Check:
        told = inspect.cleandoc(check.__doc__ or "").split("\n\n")
        says, why, mend = [" ".join(part.split()) for part in told]
        name = check.__name__.replace("_", "-")
        _declared.append(Rule(name, says, why, mend.removeprefix("Mend: "), place, check))
        return check

    return declare


_declared: list[Rule] = []


@cache
def rules() -> dict[str, Rule]:
    """Every rule, by name. What checks need is loaded now, not before."""
    for module in MODULES:
        importlib.import_module(f"widgets.contract.{module}")
    return {each.name: each for each in _declared}


def told(subject: "Subject", rule: Rule, faults: Sequence[str]) -> list[str]:
    """A line for each fault, where to look and what to do. What is wrong in several pages is said once."""
    pages: dict[str, list[str]] = {}
    for fault in faults:
        page, _, wrong = fault.partition(": ")
        pages.setdefault(wrong or fault, []).append(page if wrong else "")
    lines = []
    for wrong, found in pages.items():
        page, *others = dict.fromkeys(found)
        many = f" and {len(others)} other pages" if len(others) > 1 else ""
        also = f" and {others[0]}" if len(others) == 1 else many
        lines.append(f"- {page}{also}: {wrong}" if page else f"- {wrong}")
    more = [f"- and {len(lines) - MOST} more"] if len(lines) > MOST else []
    return [*lines[:MOST], *more, f"Where: {subject.file(rule.place)}", f"Mend: {rule.mend}"]
