"""One call to an upstream: breaker, credential, exchange, one more try where that is safe, and what the
answer means."""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import requests

from widgets import metrics
from widgets.errors import Throttled, UpstreamUnavailable
from widgets.upstream import answers
from widgets.upstream.breaker import Breaker
from widgets.upstream.question import Question
from widgets.upstream.reads import Upstream
from widgets.upstream.transport import Adapter, Answer, BadAnswer, Limits, NoAnswer, fetch

R = TypeVar("R")

_PASSING = frozenset((502, 503, 504))  # a gateway's trouble, which is often over at once
_JITTER = (0.05, 0.25)
"""Seconds before the second try, so that those who failed together do not meet again."""


class Caller:
    """See the module. Safe to share between threads."""

    def __init__(self, adapter: Adapter, limits: Limits, breaker: Breaker) -> None:
        self._adapter = adapter
        self._limits = limits
        self._breaker = breaker

    def ask(self, question: Question, etag: str, read: Callable[[Answer], R]) -> R:
        """What `read` makes of the answer: 304 where there is an `etag`, or else 200 and JSON.

        Raises the error that any other answer stands for, or none at all, or that `read` raises.
        """
        upstream = question.upstream
        calm = self._breaker.admit(upstream)
        try:
            answer = self._send(question, etag, again=calm)
            if answer.status != 304 or not etag:
                answers.check_status(answer, upstream.called, question.what, plain=upstream.plain)
                answers.check_type(answer, upstream.called, question.what)
            result = read(answer)
        except Throttled as error:
            self._breaker.throttled(upstream, error.retry_after, error.message)
            raise
        except UpstreamUnavailable as error:
            rest = self._breaker.failed(upstream, error.message)
            error.retry_after = max(error.retry_after, round(rest))
            raise
        except Exception:  # whatever we make of it, it was an answer
            self._breaker.answered(upstream)
            raise
        self._breaker.answered(upstream)
        return result

    def fetch(self, request: requests.PreparedRequest) -> Answer:
        """One exchange, for a token. Raises NoAnswer and BadAnswer."""
        return fetch(self._adapter, request, self._limits)

    def _send(self, question: Question, etag: str, *, again: bool) -> Answer:
        """The answer, to the second try where the first failed in passing; a question changes nothing at the
        upstream, so it may be put twice. Not after a timeout: that would double what is slow already."""
        end = time.monotonic() + self._limits.total
        for last in (True,) if not again else (False, True):
            try:
                answer = self._signed(question, etag, end)
            except NoAnswer as error:
                if last or error.timed_out:
                    message = answers.sentence(question.upstream.called, "is not answering")
                    raise UpstreamUnavailable(message, retry_after=1, detail=str(error)) from None
            else:
                if last or answer.status not in _PASSING or "Retry-After" in answer.headers:
                    break
            time.sleep(random.uniform(*_JITTER))  # noqa: S311  # no secret
        return answer

    def _signed(self, question: Question, etag: str, end: float) -> Answer:
        """One exchange; one more if the credential has to be renewed."""
        credential = question.upstream.credential
        request = question.request(etag)
        credential.apply(request)
        answer = self._exchange(question.upstream, request, end)
        if answer.status == 401 and credential.renew(request):
            request = question.request(etag)
            credential.apply(request)
            answer = self._exchange(question.upstream, request, end)
        if answer.status != 401:
            credential.accepted(request)
        return answer

    def _exchange(
        self, upstream: Upstream, request: requests.PreparedRequest, end: float
    ) -> Answer:
        outcome = "unreadable"
        started = time.perf_counter()
        try:
            # A second try, or one with a new token, has what is left of the time of the first.
            left = replace(self._limits, total=max(0.1, end - time.monotonic()))
            answer = fetch(self._adapter, request, left)
            outcome = "304" if answer.status == 304 else f"{answer.status // 100}xx"
            outcome = "429" if answer.status == 429 else outcome
            return answer
        except NoAnswer as error:
            outcome = "timeout" if error.timed_out else "no-answer"
            raise
        except BadAnswer as error:
            raise answers.unreadable(upstream.called, "its answer", detail=str(error)) from None
        finally:
            metrics.UPSTREAM_REQUESTS.labels(upstream.name, outcome).inc()
            metrics.UPSTREAM_SECONDS.labels(upstream.name).observe(time.perf_counter() - started)
