"""`python -m widgets.contract [NAME]`: every rule for one widget, or for all, as a report."""

import logging
import os
import signal
import sys
import time
from contextlib import ExitStack
from types import FrameType

from playwright.sync_api import Browser

from widgets.contract.checker import NO_JAVA, has_java
from widgets.contract.looking import chromium
from widgets.contract.rule import rules, told
from widgets.contract.stage import StageError, standing
from widgets.contract.subject import Subject
from widgets.core.widget import DeclarationError
from widgets.site.settings import SettingsError

_leaving: list[int] = []
"""The status to end with, once a signal has come."""


def run(names: list[str]) -> int:
    """`main`, or once a signal has come its status, whatever went wrong after it."""
    try:
        status = main(names)
    except BaseException:
        if not _leaving:
            raise
    return _leaving[0] if _leaving else status


def main(names: list[str]) -> int:
    """0 if all is well, 1 if a rule is broken, 2 if it cannot be looked at."""
    try:
        return hold_against(names)
    except DeclarationError as error:
        _say(f"  failed  declared\n          - {error}")
        return 1
    except (StageError, SettingsError) as error:
        _say(f"Error: {error}")
        return 2


def end_in_order() -> None:
    """SIGTERM and a terminal that is closed end this as its own end does: with nothing left behind. A signal
    that somebody has had ignored, as nohup does, stays so.

    What is raised here is lost where it meets a callback of the garbage collector, of which Hypothesis has
    one: then the rule that is looked at is the last.
    """

    def leave(number: int, _frame: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)  # once is enough
        _leaving.append(128 + number)
        sys.exit(128 + number)

    signals = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    for each in signals:
        if signal.getsignal(each) is signal.SIG_DFL:
            signal.signal(each, leave)


def hold_against(names: list[str], browser: Browser | None = None) -> int:
    """Report on the widgets of these names, or on every one. browser: one that is there already.

    Raises StageError, DeclarationError and SettingsError where nothing can be looked at.
    """
    started = time.monotonic()
    failed = 0
    with ExitStack() as stack:
        stage = stack.enter_context(standing())
        subjects = [stage.subject(name) for name in names or stage.subjects]
        stage.chosen = [subject.widget.slug for subject in subjects]
        browser = browser or stack.enter_context(chromium())
        for subject in subjects:
            subject.browser = browser
            failed += _report(subject)
    if not has_java():
        _say(NO_JAVA)
    ok = len(rules()) * len(subjects) - failed
    seconds = time.monotonic() - started
    _say(f"{ok} ok, {failed} failed, {seconds:.0f} seconds. docs/contract.md has each rule.")
    return 1 if failed else 0


def _report(subject: Subject) -> int:
    """How many rules are broken."""
    _say(f"{subject.widget.slug}: {subject.widget.title}")
    failed = 0
    for rule in rules().values():
        faults = list(rule.check(subject))
        if _leaving:
            sys.exit(_leaving[0])
        _say(f"  {'failed' if faults else 'ok':8}{rule.name}")
        failed += bool(faults)
        for line in told(subject, rule, faults) if faults else ():
            _say(f"          {line}")
    return failed


def _say(line: str) -> None:
    """Raises SystemExit where nobody reads on, as after `| head -1`: there is no more to do then."""
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still in the buffer has somewhere to go when Python ends, which would else complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # errors are made on purpose
    end_in_order()
    sys.exit(run(sys.argv[1:]))
