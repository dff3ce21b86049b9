"""The read-through: one GET in, one checked answer out, from the cache where that is fresh enough.

requests-cache keeps the answers (its storage, its serializer, its expiry); when an answer is fresh, asked
for again or shown stale is decided here. `CachedSession` cannot: its stale-if-error also covers 401, 403,
404 and 429 and has no bound, its filter deletes the good answer when a bad one comes, a 304 does not
renew an answer's time, and its keys leave out who asked.
"""

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Generic, TypeVar

import requests

from widgets.errors import NotFound, UpstreamInvalid, UpstreamUnavailable, WidgetError
from widgets.upstream import answers
from widgets.upstream.cooldown import Cooldowns, Throttled
from widgets.upstream.credentials import Bearer, Client
from widgets.upstream.question import Question
from widgets.upstream.reads import Asking, Keep, Outcome, Read, Upstream, cache_key
from widgets.upstream.storage import Kept, Storage
from widgets.upstream.transport import Adapter, Answer, BadAnswer, Limits, NoAnswer, fetch

T = TypeVar("T")
A = TypeVar("A")
logger = logging.getLogger(__name__)

_AT_ONCE = 6  # calls that one page may make side by side
_TELL_EVERY = 60.0  # seconds between two log lines about the same trouble
_SKEW = 5.0  # seconds by which an answer may seem to come from the future


class ReadThrough:
    """The long-lived part of reading: connections, cache, tokens, cool-downs, threads. One for each
    process; what is made before a fork is left behind in the child, which starts with its own.

    path: the SQLite file of the cache; `storage.prepare` makes it, once, before processes fork.
    ca_file: see `transport.Adapter`.
    clock: seconds since 1970; tests give their own.
    """

    def __init__(
        self,
        path: Path,
        *,
        limits: Limits | None = None,
        ca_file: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = Path(path)
        self._limits = limits or Limits()
        self._ca_file = ca_file
        self._clock = clock
        self._left_behind: list[object] = []
        self._start()
        start_in_child = weakref.WeakMethod(self._start_in_child)

        def after_fork() -> None:
            start = start_in_child()
            if start is not None:
                start()

        os.register_at_fork(after_in_child=after_fork)

    @property
    def storage_errors(self) -> int:
        """How often the cache file failed in this process; the upstream was asked instead."""
        return self._storage.errors

    def get(
        self,
        upstream: Upstream,
        url: str,
        *,
        what: str,
        keep: Keep,
        check: Callable[[object], T],
        asking: Asking,
        background: bool = False,
    ) -> T:
        """Reads `url` and returns what `check` makes of the parsed JSON.

        what: what is read, for people ("SalesOrderLines").
        check: raises UpstreamInvalid or UpstreamUnavailable for an answer that is not to be used, and so
            not to be kept. It is also applied to what comes out of the cache.
        background: see `Read`.

        Raises UpstreamRefused (401, 403, a redirect to a login), NotFound (404), and UpstreamUnavailable
        or UpstreamInvalid if there is also no kept answer young enough to be shown instead.
        """
        started = time.perf_counter()
        key = cache_key(upstream, asking.scope, url)
        question = Question(upstream, url, what, keep, asking.request_id)
        because = None
        outcome: Outcome
        found = self._find(key, question, check)
        age = self._clock() - found.kept.as_of.timestamp() if found else 0.0
        if found and age < keep.ttl:
            outcome = "hit"
        else:
            try:
                outcome, found = self._ask(key, question, check, found)
            except NotFound:
                self._storage.drop(key)
                raise
            except (UpstreamUnavailable, UpstreamInvalid) as error:
                if not found or age >= keep.ttl + keep.stale_for:
                    raise
                outcome, because = "stale", answers.fragment(error.message)
                self._tell(question, error)
        if asking.log:
            seconds = time.perf_counter() - started
            as_of = found.kept.as_of
            asking.log(Read(upstream.name, what, as_of, outcome, because, seconds, background))
        return found.value

    def each(self, ask: Callable[[A], T], items: Iterable[A]) -> list[T]:
        """`ask` of each item, several at once, in the items' order. The first error is raised after all
        are done, so that what did arrive is in the cache. Must not be called from within `ask`."""
        futures: list[Future[T]] = [self._threads().submit(ask, item) for item in items]
        wait(futures)
        return [future.result() for future in futures]

    def bearer(self, client: Client, called: str) -> Bearer:
        """The one token that all who sign in as this client share."""
        with self._lock:
            credential = self._bearers.get(client)
            if credential is None:
                credential = self._bearers[client] = Bearer(client, self._fetch, called)
            return credential

    def purge(self) -> None:
        """Removes from the cache what nobody may be shown any more. Happens now and then by itself."""
        self._storage.purge()

    def close(self) -> None:
        """Ends the threads and closes the connections that this object made."""
        if self._pool is not None:
            self._pool.shutdown()
        self._adapter.close()
        self._storage.close()

    def _start(self) -> None:
        self._lock = threading.Lock()
        self._adapter = Adapter(self._ca_file)
        self._storage = Storage(self._path)
        self._cooldowns = Cooldowns()
        self._told: dict[tuple[str, str], float] = {}
        self._bearers: dict[Client, Bearer] = {}
        self._pool: ThreadPoolExecutor | None = None

    def _start_in_child(self) -> None:
        # A socket or SQLite connection that came through a fork must be neither used nor closed here
        # (sqlite.org/howtocorrupt.html, 2.6), and a lock may be held for ever by a thread left behind.
        self._left_behind.append((self._adapter, self._storage.connection(), self._pool))
        self._start()

    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="upstream")
            return self._pool

    def _find(
        self, key: str, question: Question, check: Callable[[object], T]
    ) -> "_Found[T] | None":
        """What the cache has, if it still makes sense: a newer version of us may expect other data, and
        whoever can write the file can write anything."""
        kept = self._storage.get(key)
        if kept is None or kept.as_of.timestamp() > self._clock() + _SKEW:
            return None
        try:
            return _Found(kept, question.read(kept.body, check))
        except WidgetError:
            return None

    def _ask(
        self,
        key: str,
        question: Question,
        check: Callable[[object], T],
        found: "_Found[T] | None",
    ) -> "tuple[Outcome, _Found[T]]":
        """Asks the upstream and keeps its answer. A single flight for each key would go around this."""
        upstream = question.upstream
        self._cooldowns.check(upstream.base_url)
        outcome: Outcome = "miss"
        try:
            answer = self._ask_upstream(question, found.kept.etag if found else "")
            if answer.status == 304 and found:
                outcome = "revalidated"
                body, value, etag = found.kept.body, found.value, found.kept.etag
            else:
                answers.check_status(answer, upstream.called, question.what)
                answers.check_type(answer, upstream.called, question.what)
                body, etag = answer.body, answer.headers.get("ETag", "")
                value = question.read(body, check)
        except WidgetError as error:
            if isinstance(error, Throttled):
                self._cooldowns.start(upstream.base_url, error.retry_after, error.message)
            # The one way out for what an upstream wrote: shortened, and without our secrets.
            detail = answers.note(upstream.credential.redact(error.detail))
            error.detail = f"{detail} (GET {question.url})"
            raise
        now = datetime.fromtimestamp(self._clock(), UTC)
        kept = Kept(body, now, etag)
        keep = question.keep
        self._storage.put(key, kept, now + timedelta(seconds=keep.ttl + keep.stale_for))
        return outcome, _Found(kept, value)

    def _ask_upstream(self, question: Question, etag: str) -> Answer:
        """The answer. An upstream that gives none, or no sign-in to it, is left alone for a while."""
        upstream = question.upstream
        try:
            answer = self._send(question, etag)
        except UpstreamUnavailable as error:
            rest = self._cooldowns.fail(upstream.base_url, error.message)
            error.retry_after = max(error.retry_after, rest)
            raise
        except WidgetError:
            self._cooldowns.end(upstream.base_url)
            raise
        self._cooldowns.end(upstream.base_url)
        return answer

    def _send(self, question: Question, etag: str) -> Answer:
        """One exchange; one more if the credential has to be renewed."""
        credential = question.upstream.credential
        request = question.request(etag)
        credential.apply(request)
        answer = self._exchange(question.upstream, request)
        if answer.status == 401 and credential.renew(request):
            request = question.request(etag)
            credential.apply(request)
            answer = self._exchange(question.upstream, request)
        return answer

    def _exchange(self, upstream: Upstream, request: requests.PreparedRequest) -> Answer:
        try:
            return self._fetch(request)
        except NoAnswer as error:
            message = answers.sentence(upstream.called, "is not answering")
            raise UpstreamUnavailable(message, retry_after=1, detail=str(error)) from None
        except BadAnswer as error:
            raise answers.unreadable(upstream.called, "its answer", detail=str(error)) from None

    def _tell(self, question: Question, error: WidgetError) -> None:
        """Logs that stale data is shown: once a minute for each trouble, not for each read."""
        trouble = (question.upstream.base_url, error.message)
        now = time.monotonic()
        if now >= self._told.get(trouble, now):
            self._told[trouble] = now + _TELL_EVERY
            logger.warning(
                "%s %s: stale data is shown: %s", question.request_id, question.what, error.detail
            )

    def _fetch(self, request: requests.PreparedRequest) -> Answer:
        return fetch(self._adapter, request, self._limits)


@dataclass(frozen=True, slots=True)
class _Found(Generic[T]):
    """An answer that is kept, and what it says."""

    kept: Kept
    value: T
