"""The load as a scenario sees it: start viewers, read what they see while they look, end them."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.figures import Must
from tools.cluster import start

EVERY = 2.0  # seconds between two looks of one viewer; a tenth of a real frame's 30, and less


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who looks at one widget. key: what scenarios call it. headers: such as a token."""

    key: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request. at: when it was sent, seconds since 1970. status: 0 where no answer came;
    `code` says why. state, as_of, digest: of the page that the viewer then looks at, which after a 304 or
    no answer is the one from before. notice: what a page that came now says about its age."""

    key: str
    at: float
    seconds: float
    status: int
    state: str
    as_of: float
    notice: str
    code: str
    digest: str

    @property
    def ended(self) -> float:
        return self.at + self.seconds

    @property
    def failed(self) -> bool:
        return self.status == 0 or self.status >= 400


class Crowd:
    """Viewers that look. keys: what at least one of them looks at. answers: all that was read so far.
    texts: what pages say, by digest."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, keys: frozenset[str]) -> None:
        self.keys = keys
        self.answers: list[Answer] = []
        self.texts: dict[str, str] = {}
        self.processor = 0.0  # share of one core that the load took
        self.late = 0.0  # seconds, 99th percentile, by which viewers woke too late
        self._process = process
        self._out = out
        self._read_to = 0

    def read(self) -> list[Answer]:
        """All that was seen so far."""
        if not self._out.exists():
            return self.answers
        with self._out.open("rb") as file:
            file.seek(self._read_to)
            for line in file:
                if not line.endswith(b"\n"):
                    break  # it is being written
                self._read_to += len(line)
                self._take(json.loads(line))
        return self.answers

    def _take(self, seen: object) -> None:
        match seen:
            case list():
                self.answers.append(Answer(*seen))
            case {"digest": str(digest), "text": str(text)}:
                self.texts[digest] = text
            case {"processor": float(processor), "late": float(late)}:
                self.processor, self.late = processor, late

    def between(self, begin: float, end: float) -> list[Answer]:
        return [answer for answer in self.read() if begin <= answer.at < end]

    def wait(self, enough: Callable[[list[Answer]], bool], seconds: float) -> bool:
        """Wait until what was seen is enough, or for so many seconds; and whether it was."""
        latest = time.monotonic() + seconds
        while not enough(self.read()):
            if time.monotonic() > latest:
                return False
            time.sleep(0.1)
        return True

    def wait_until_all_look(self) -> None:
        """Until each key was looked at once."""
        self.wait(lambda answers: self.keys <= {answer.key for answer in answers}, 30)

    def wait_until_fresh(self, since: float, within: float) -> bool:
        """Until each key was seen with what was read since then; and whether that came in time."""
        return self.wait(lambda answers: self.keys <= fresh(answers, since), within)

    def finish(self) -> None:
        """Wait until a load that ends by itself has ended."""
        self._process.wait()
        self.read()

    def stop(self) -> None:
        self._process.terminate()
        self.finish()

    def must(self) -> Must:
        """The load itself must not be what is measured."""
        seen = (
            f"{self.processor:.0%} of a core, 99 % of looks at most {self.late * 1000:.0f} ms late"
        )
        return Must(
            "the load is not the bottleneck", self.processor < 0.8 and self.late < 0.5, seen
        )


@contextmanager
def crowd(viewers: Sequence[Viewer]) -> Iterator[Crowd]:
    """Viewers that look from here on until the end."""
    looking = [
        {"number": number, "key": each.key, "url": each.url, "headers": dict(each.headers)}
        for number, each in enumerate(viewers)
    ]
    keys = frozenset(each.key for each in viewers)
    with _running({"viewers": looking, "every": EVERY}, keys) as made:
        yield made


@contextmanager
def runners(addresses: Iterable[str], connections: int) -> Iterator[Crowd]:
    """Connections that go through the addresses once, as fast as they are answered."""
    with tempfile.TemporaryDirectory(prefix="erp-widgets-") as name:
        path = Path(name) / "addresses"
        with path.open("w") as file:
            file.writelines(f"{address}\n" for address in addresses)
        spec = {"addresses": str(path), "connections": connections}
        with _running(spec, frozenset()) as made:
            yield made


@contextmanager
def _running(spec: Mapping[str, object], keys: frozenset[str]) -> Iterator[Crowd]:
    with tempfile.TemporaryDirectory(prefix="erp-widgets-") as name:
        out, file = Path(name) / "seen", Path(name) / "spec"
        file.write_text(json.dumps({**spec, "out": str(out)}))
        process = start("load", [sys.executable, "-m", "bench.chaos.viewers", str(file)]).process
        made = Crowd(process, out, keys)
        try:
            yield made
            made.stop()
        finally:
            process.kill()
            process.wait()


def fresh(answers: Iterable[Answer], since: float) -> set[str]:
    """The keys for which somebody has seen what was read since then. Pages tell whole seconds."""
    return {answer.key for answer in answers if not answer.failed and answer.as_of >= int(since)}


def spread(keys: Mapping[str, str], roots: Sequence[str], count: int) -> list[Viewer]:
    """So many viewers, evenly over the keys (name to path) and the servers' addresses."""
    names = list(keys)
    return [
        Viewer(
            names[n % len(names)],
            roots[(n // len(names)) % len(roots)] + keys[names[n % len(names)]],
        )
        for n in range(count)
    ]
