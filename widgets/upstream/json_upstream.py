"""A system of your own that gives plain JSON, read as the ERP is: one call for all who look, bounded ages,
what is kept while it fails, a breaker.

    class Carrier(JsonUpstream):
        ttl = 60
        stale_for = 3600

    carrier.read("/parcels", list[Parcel], order="001524")

Where it is, and as whom it is asked, is in the settings alone.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, ClassVar, Self, TypeVar, overload

from pydantic import TypeAdapter

from widgets.errors import NotFound, UpstreamInvalid
from widgets.upstream import answers
from widgets.upstream.credentials import Anonymous, Client, QueryKey
from widgets.upstream.header_key import HeaderKey
from widgets.upstream.json_targets import Values, filled
from widgets.upstream.reads import Asking, Keep, Log, Read, Upstream, checked_url
from widgets.upstream.readthrough import ReadThrough
from widgets.upstream.wire import validated

A = TypeVar("A")
T = TypeVar("T")
U = TypeVar("U", bound="JsonUpstream")
Check = Callable[[object], object]
Ask = Callable[[str, str, str, Check], object]
"""(what is read, where, the shape that is wanted, its check) → the parsed JSON."""
Each = Callable[[Callable[[Any], Any], Iterable[Any]], list[Any]]
"""(what reads, of what) → what each of them is; see `ReadThrough.each`."""

_MOST = 30
"""Digits before or behind the point; more are a mistake, and would take all memory to write."""


class JsonUpstream:
    """One page's view of such a system. A subclass says which: `Carrier` is `[carrier]` in the settings.

    ttl: seconds for which an answer is fresh. stale_for: seconds after that for which it may be shown, with
    its age, while there is no newer. called: what it is called in a sentence; "" makes that of the name.
    sample: made-up answers by path, as for `answering`. They are what a server over made-up data shows while
    the settings do not say where the upstream is, so that gallery, tests and contract have something to show.
    """

    ttl: ClassVar[float] = 60
    stale_for: ClassVar[float] = 3600
    called: ClassVar[str] = ""
    sample: ClassVar[Mapping[str, object]] = {}
    name: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", cls.__name__)
        cls.name = words.strip("_").lower().replace("_", "-")
        cls.called = cls.__dict__.get("called") or f"the {cls.name.replace('-', ' ')}"
        for seconds in (cls.ttl, cls.stale_for):
            if not (isinstance(seconds, int | float) and 0 <= seconds <= 366 * 86_400):
                raise TypeError(
                    f"ttl and stale_for are seconds, from 0 to a year; not {seconds!r}."
                )

    def __init__(self, ask: Ask, each: Each | None = None) -> None:
        self._ask = ask
        self._each = each or (lambda read, items: [read(item) for item in items])

    @overload
    def read(self, path: str, schema: type[T], /, **values: Values) -> T: ...
    @overload
    def read(self, path: str, schema: Any, /, **values: Values) -> Any: ...
    def read(self, path: str, schema: Any, /, **values: Values) -> Any:
        """What is at this path, as `schema`: any type that pydantic can check, such as a dataclass or a list
        of them. What the schema does not have is left out.

        path: below the upstream's address: "/parcels/{parcel}". values: one for each name in braces, which it
        replaces; the others are the query. None is left out. Write no value into the path yourself: it
        could lead elsewhere, and the path is what metrics call the read.

        Raises NotFound for what is not there, UpstreamInvalid for an answer that does not fit the schema, and
        the other errors of `widgets.errors`, as reads of the ERP do; BadParameter for a value that cannot be
        asked for; ValueError for a path that is none.
        """
        adapter = _adapter(schema)
        target = filled(path, values)

        def check(data: object) -> object:
            _check_size(data, self.called, path)
            validated(adapter, data, self.called, path)
            return data

        data = self._ask(path, target, _shape(schema), check)
        # Anew each time: what is kept is shared, and whoever asked may change what they are given.
        return validated(adapter, data, self.called, path)

    def each(self, read: Callable[[A], T], items: Iterable[A]) -> list[T]:
        """What `read` reads of each item here, several at once, in the items' order. The first error is
        raised after all are done. Must not be called from within `read`.

        carrier.each(lambda number: carrier.read("/parcels/{number}", Parcel, number=number), numbers)
        """
        return self._each(read, items)

    @classmethod
    def keep(cls) -> Keep:
        return Keep(cls.ttl, cls.stale_for)

    @classmethod
    def answering(cls, content: Mapping[str, object]) -> Self:
        """A stand-in for a test, which asks nobody. content: by the path, with its query or without, what
        JSON is there, or the error to raise. What is not in it is NotFound.

            Carrier.answering({"/parcels": [{"number": "P1"}], "/parcels/P2": NotFound("…")})
        """

        return cls(_stand_in(cls, content, lambda _read: None))


@dataclass(frozen=True, slots=True)
class JsonConfig:
    """Where such an upstream is, and how we show who we are. Raises ValueError for an address that is none.

    base_url: "https://api.contoso.com/v1", which every path is below.
    state: added to the upstream's name, as in DynamicsConfig.
    """

    base_url: str
    key: Anonymous | QueryKey | HeaderKey | Client = field(default_factory=Anonymous)
    state: str = ""

    def __post_init__(self) -> None:
        checked_url("url", self.base_url)
        if re.search(r"[?#]", self.base_url):
            raise ValueError("url must be without ? and #")

    @property
    def secret(self) -> str:
        """What nobody may see of the key; "": there is none."""
        match self.key:
            case QueryKey(value=secret) | HeaderKey(value=secret) | Client(client_secret=secret):
                return secret
        return ""


def through(
    kind: type[U], config: JsonConfig, read_through: ReadThrough, asking: Asking, keep: Keep
) -> U:
    """An upstream of this kind, for whoever is asking; cheap to make."""
    base = config.base_url.rstrip("/")
    key = config.key
    credential = read_through.bearer(key, kind.called) if isinstance(key, Client) else key
    upstream = Upstream(f"{kind.name}{config.state}", kind.called, base, credential, plain=True)

    def ask(what: str, target: str, shape: str, check: Check) -> object:
        # Who wants another shape of the same is not shown what fits, nor told what is wrong, for this one.
        scope = json.dumps([asking.scope, shape])
        return read_through.get(
            upstream,
            f"{base}{target}",
            what=what,
            keep=keep,
            check=check,
            asking=replace(asking, scope=scope),
        )

    return kind(ask, partial(read_through.each, upstream))


def sampled(kind: type[JsonUpstream], log: Log) -> JsonUpstream:
    """One of this kind that has its `sample`, as if that had just been read."""
    return kind(_stand_in(kind, kind.sample, log))


def _stand_in(kind: type[JsonUpstream], content: Mapping[str, object], log: Log) -> Ask:
    def ask(what: str, target: str, _shape: str, check: Check) -> object:
        found = [content[at] for at in (target, target.partition("?")[0], what) if at in content]
        if not found:
            message = answers.sentence(kind.called, f"has no such record in {what}")
            raise NotFound(message, detail=target)
        if isinstance(found[0], Exception):
            raise found[0]
        # Through text, so that it is what JSON can hold.
        data = check(answers.decode(json.dumps(found[0]).encode(), kind.called, what))
        # The same for a while and on every server, as what is kept is: frame and partial say one age.
        now = datetime.now(UTC).timestamp()
        at = datetime.fromtimestamp(now - now % kind.ttl if kind.ttl else now, UTC)
        ends = at + timedelta(seconds=kind.ttl)
        key = f"sample of {kind.name} {target}"
        log(Read(kind.name, what, at, "miss", None, 0.0, key, kind.keep(), ends, "upstream"))
        return data

    return ask


@lru_cache(maxsize=256)
def _adapter(schema: Any) -> TypeAdapter[Any]:
    return TypeAdapter(schema)


def _shape(schema: Any) -> str:
    """A name for the schema that is the same in every process."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(schema))


def _check_size(data: object, called: str, what: str) -> None:
    """Raises UpstreamInvalid for numbers and texts that no page could show, in whatever field."""
    left = [data]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += value.keys()
            left += value.values()
        elif isinstance(value, list):
            left += value
        elif isinstance(value, Decimal):
            _, digits, exponent = value.as_tuple()
            if max(value.adjusted(), -int(exponent), len(digits)) > _MOST:
                raise _unshowable(called, what, f"the number {value:.3e}")
        elif isinstance(value, int) and value and math.log10(abs(value)) > _MOST:
            raise _unshowable(called, what, "a whole number of too many digits")
        elif isinstance(value, str) and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise _unshowable(called, what, f"half a character ({error.reason})") from None


def _unshowable(called: str, what: str, detail: str) -> UpstreamInvalid:
    return answers.unreadable(called, what, detail=detail)
