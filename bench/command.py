"""What the commands of the benchmarks have in common."""

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.comparing import Findings, NotComparable
from widgets.site.serve import ServeError

RESULTS = Path(__file__).with_name("results")
"""Where `python -m bench` has each benchmark write its JSON."""


def bare_parser(module: str, about: str | None) -> argparse.ArgumentParser:
    """For the command `python -m MODULE`, without any option. about: its docstring."""
    return argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def parser(name: str, about: str | None, *, rounds: int) -> argparse.ArgumentParser:
    """Options that each benchmark has. rounds: how many there are where nobody says."""
    made = bare_parser(f"bench.{name}", about)
    made.add_argument("--rounds", type=_count, default=rounds, help="(%(default)s)")
    made.add_argument("--quick", action="store_true", help="few and short rounds: does it run?")
    made.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return made


def parse(made: argparse.ArgumentParser, arguments: Sequence[str] | None) -> argparse.Namespace:
    """What is given, and as `command` how to say it again, without where the figures went."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    given = made.parse_args(words)
    said = [made.prog]
    while words:
        word = words.pop(0)
        if word == "--json":
            words.pop(0)
        elif not word.startswith("--json="):
            said.append(shlex.quote(word))
    given.command = " ".join(said)
    return given


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text} is none: give 1 or more")
    return count


def run(given: argparse.Namespace, compare: Callable[[], Findings]) -> int:
    """Compare, print what was found, and write it down; `given` is from `parse`. The status that the command
    ends with: 1 for a target that is missed, and where nothing can be compared."""

    def work() -> int:
        findings = compare()
        findings.run = {"command": given.command, "rounds": given.rounds, "quick": given.quick}
        sys.stdout.write(f"{findings.text()}\n")
        sys.stdout.flush()
        if given.json:
            findings.write(given.json)
        return 0 if findings.holds else 1

    return ended(work)


def ended(work: Callable[[], int]) -> int:
    """The status of `work`. What whoever runs it can mend is said in a line, and is status 1."""
    try:
        return work()
    except (NotComparable, ServeError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
