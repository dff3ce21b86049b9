"""An answer of one page or of several, which are asked for, checked and kept as one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Generic, TypeVar

from widgets.errors import UpstreamInvalid
from widgets.upstream.calls import Caller
from widgets.upstream.kept import Kept
from widgets.upstream.question import Question
from widgets.upstream.reads import Outcome
from widgets.upstream.shelf import Known
from widgets.upstream.transport import Answer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pages(Generic[T]):
    """check, follow: as in `ReadThrough.get_pages`; follow is None for an answer that has one page and is
    kept as it came."""

    question: Question
    check: Callable[[object], T]
    follow: Callable[[T, str], str | None] | None = None

    def read(self, body: bytes) -> list[T]:
        """What a kept answer says, page by page. Raises what `check` raises, and UpstreamInvalid."""
        if self.follow is None:
            return [self.question.read(body, self.check)]
        return self.question.read(body, self._check_all)

    def _check_all(self, pages: object) -> list[T]:
        if not isinstance(pages, list) or not pages:
            raise UpstreamInvalid("No pages are kept.")
        return [self.check(page) for page in pages]

    def ask(
        self, caller: Caller, older: Known | None, now: Callable[[], datetime]
    ) -> tuple[Outcome, Kept, list[T]]:
        """Asks for one page after the other. They are kept as one answer, for pages of different times do not
        fit together: a row that is new on one pushes another off it.

        older: what is kept; its ETag is asked for. Raises what `Caller.ask` raises.
        """
        bodies: list[bytes] = []
        values: list[T] = []
        url: str | None = self.question.url
        given, etag = now(), ""
        while url is not None:
            question = replace(self.question, url=url)
            known_etag = older.kept.etag if older and not values else ""
            page = caller.ask(question, known_etag, partial(self._page, url))
            if page is None:
                assert older is not None  # noqa: S101  # a 304 is an answer to an ETag only
                return "revalidated", replace(older.kept, as_of=now(), failure=None), older.value
            value, body, etag, url = page
            if not values:
                given = now()
            bodies.append(body)
            values.append(value)
        if self.follow is None:
            return "miss", Kept(bodies[0], given, etag), values
        whole = b"[" + b",".join(bodies) + b"]"
        return "miss", Kept(whole, given, etag if len(bodies) == 1 else ""), values

    def _page(self, url: str, answer: Answer) -> tuple[T, bytes, str, str | None] | None:
        """What a page says, its body and ETag, and where the next one is; None: it is unchanged."""
        if answer.status == 304:
            return None
        value = self.question.read(answer.body, self.check)
        following = self.follow(value, url) if self.follow else None
        return value, answer.body, answer.headers.get("ETag", ""), following
