"""How a request shows who we are. A credential is put on a request just before it is sent: a cache hit
needs none, and no key, stored answer or error can hold one."""

import copy
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import quote, urlencode

import requests

from widgets.errors import Throttled, UpstreamRefused, UpstreamUnavailable
from widgets.upstream.answers import excerpt, note, retry_after, sentence
from widgets.upstream.transport import Answer, BadAnswer, NoAnswer

_MARGIN = (
    60.0  # seconds before its end at which a token is renewed; a fifth of its life if that is less
)
_LIFETIME = 300.0  # seconds that a token is used whose end was not told
_PAUSE = 5.0  # seconds at least between a failure to get a token and the next try
_TRUSTED = 10.0  # seconds for which no other is asked for instead of one that was got after a 401
_REASON = 100  # characters of an endpoint's own words: its address must find room beside them
_HIDDEN = "[hidden]"


class Credential(Protocol):
    """identity: names whose eyes the upstream sees through; part of every cache key, never secret."""

    @property
    def identity(self) -> str: ...

    def apply(self, request: requests.PreparedRequest) -> None:
        """Puts the credential on the request. Raises UpstreamRefused or UpstreamUnavailable if there
        is none to be had."""

    def renew(self, request: requests.PreparedRequest, /) -> bool:
        """After a 401 to this request: whether to apply a new credential and ask once more."""

    def accepted(self, request: requests.PreparedRequest, /) -> None:
        """After any other answer to this request."""

    def redact(self, text: str) -> str:
        """The text without our secrets."""


class Unchanging:
    """A credential that is the same for ever, whatever is answered."""

    __slots__ = ()

    def renew(self, _request: requests.PreparedRequest) -> bool:
        return False

    def accepted(self, _request: requests.PreparedRequest) -> None:
        """Nothing is learnt from it."""


class Anonymous(Unchanging):
    """No credential at all: the upstream is open, or a proxy on the way adds what it wants."""

    identity = "anonymous"

    def apply(self, request: requests.PreparedRequest) -> None:
        """Leaves the request as it is."""

    def redact(self, text: str) -> str:
        return text


def fingerprint(secret: str) -> str:
    """Tells one key from another, and nothing else of it: what is kept for one is not shown to another."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class QueryKey(Unchanging):
    """A key that the upstream wants in the query string (Alpha Vantage's `apikey`)."""

    parameter: str
    value: str = field(repr=False)

    @property
    def identity(self) -> str:
        return f"key {fingerprint(self.value)} in {self.parameter}"

    def apply(self, request: requests.PreparedRequest) -> None:
        url = str(request.url)
        request.url = f"{url}{'&' if '?' in url else '?'}{urlencode({self.parameter: self.value})}"

    def redact(self, text: str) -> str:
        return hide(text, self.value)


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are to an OAuth 2 token endpoint (client-credentials grant, RFC 6749, 4.4)."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    token_scope: str

    @property
    def identity(self) -> str:
        return f"{self.client_id} of {self.token_url} for {self.token_scope}"


@dataclass(frozen=True, slots=True)
class _Token:
    """Times by the Bearer's clock. after_refusal: it was asked for since the one before got a 401."""

    value: str = field(repr=False)
    asked: float
    renew_at: float
    ends: float
    after_refusal: bool = False


class Bearer:
    """One bearer token for all threads: fetched when first needed, by one thread while the others wait,
    and renewed before it expires, by one thread while the others go on with the old one. That is used to its
    end where there is no new one to be had.

    send: one bounded HTTP exchange; raises NoAnswer or BadAnswer.
    called: the upstream in a sentence ("the ERP").
    clock: seconds that only grow; tests give their own.
    """

    def __init__(
        self,
        client: Client,
        send: Callable[[requests.PreparedRequest], Answer],
        called: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.identity = client.identity
        self._client = client
        self._send = send
        self._called = called
        self._clock = clock
        self._lock = threading.Lock()
        self._token: _Token | None = None
        self._failure: UpstreamRefused | UpstreamUnavailable | None = None
        self._ask_again = 0.0
        self._refused = False
        self._accepted = ""

    def __repr__(self) -> str:
        return f"Bearer({self._client!r})"

    def apply(self, request: requests.PreparedRequest) -> None:
        request.headers["Authorization"] = f"Bearer {self._current().value}"

    def renew(self, request: requests.PreparedRequest) -> bool:
        with self._lock:
            token = self._token
            # Another thread may have renewed it since this request was sent.
            if token and request.headers.get("Authorization") == f"Bearer {token.value}":
                # If a new one is refused as well it is not the token's fault: another for each read would
                # only have the sign-in service refuse us, too.
                is_new = token.after_refusal and self._clock() < token.asked + _TRUSTED
                if is_new and token.value != self._accepted:
                    return False
                self._token = None
                self._refused = True
        return True

    def accepted(self, request: requests.PreparedRequest) -> None:
        self._accepted = str(request.headers.get("Authorization", "")).removeprefix("Bearer ")

    def redact(self, text: str) -> str:
        token = self._token
        return hide(hide(text, self._client.client_secret), token.value if token else "")

    def _current(self) -> _Token:
        token, now = self._token, self._clock()
        if token and now < token.renew_at:
            return token
        if token and now < token.ends:
            if not self._lock.acquire(blocking=False):
                return token  # another thread is at it
        else:
            self._lock.acquire()
        try:
            return self._renewed()
        finally:
            self._lock.release()

    def _renewed(self) -> _Token:
        """With the lock: a new token, or the old one while that is good and there is no new one to be had."""
        token, now = self._token, self._clock()
        if token and now < token.renew_at:
            return token
        if self._failure is None or now >= self._ask_again:
            try:
                self._token = replace(self._fetch(), after_refusal=self._refused)
            except (UpstreamRefused, UpstreamUnavailable) as error:
                now = self._clock()
                told = error.retry_after if isinstance(error, Throttled) else 0
                self._failure, self._ask_again = error, now + max(_PAUSE, told)
            else:
                self._failure, self._refused = None, False
                return self._token
        if token and now < token.ends:
            return token
        # An error object for each who raises it: whoever catches one may add to it.
        failure = copy.copy(self._failure)
        if isinstance(failure, Throttled):
            failure.retry_after = max(1, round(self._ask_again - now))
        raise failure from None

    def _fetch(self) -> _Token:
        client = self._client
        request = requests.Request(
            "POST",
            client.token_url,
            headers={"Accept": "application/json"},
            data={
                "grant_type": "client_credentials",
                "client_id": client.client_id,
                "client_secret": client.client_secret,
                "scope": client.token_scope,
            },
        ).prepare()
        asked = self._clock()
        try:
            answer = self._send(request)
        except (NoAnswer, BadAnswer) as error:
            raise self._unavailable(str(error)) from None
        if answer.status != 200:
            detail = f"status {answer.status}: {_reason(answer.body)}"
            if 400 <= answer.status < 500 and answer.status not in (408, 429):
                raise UpstreamRefused(
                    sentence(self._called, "does not accept our sign-in"),
                    detail=self._detail(detail),
                )
            seconds = retry_after(answer.headers)
            if seconds is not None:
                raise self._unavailable(detail, Throttled, seconds)
            raise self._unavailable(detail)
        try:
            return _token(answer.body, asked)
        except ValueError as error:
            raise self._unavailable(f"no token in the answer: {error}") from None

    def _unavailable(
        self,
        detail: str,
        kind: type[UpstreamUnavailable] = UpstreamUnavailable,
        seconds: int = 30,
    ) -> UpstreamUnavailable:
        return kind(
            sentence(f"the sign-in service of {self._called}", "is not answering"),
            retry_after=seconds,
            detail=self._detail(detail),
        )

    def _detail(self, text: str) -> str:
        return f"{note(self.redact(text), _REASON)} (token endpoint {self._client.token_url})"


def _reason(body: bytes) -> str:
    """Why a token endpoint refuses, from its answer (RFC 6749, 5.2)."""
    try:
        data = json.loads(body)
        return f"{data['error']}: {data['error_description']}"
    except (ValueError, KeyError, TypeError):
        return excerpt(body)


def _token(body: bytes, asked: float) -> _Token:
    """Reads a token endpoint's answer (RFC 6749, 5.1). Raises ValueError; quotes nothing of the body."""
    data = json.loads(body)
    if not isinstance(data, dict):
        raise ValueError("not an object")
    value = data.get("access_token")
    if not isinstance(value, str) or not re.fullmatch(r"[\x21-\x7e]+", value):
        raise ValueError("no access_token")
    if str(data.get("token_type", "")).lower() != "bearer":
        raise ValueError("token_type is not Bearer")
    told = str(data.get("expires_in", ""))  # Entra ID's older endpoint sends it as a string
    lifetime = float(told) if re.fullmatch(r"[0-9]{1,9}", told) else _LIFETIME
    ends = asked + lifetime
    return _Token(value, asked, ends - min(_MARGIN, lifetime / 5), ends)


def hide(text: str, secret: str) -> str:
    """The text without the secret, as it is and as it is written in a URL or a form."""
    if not secret:
        return text
    for written in {secret, quote(secret), quote(secret, safe=""), urlencode({"": secret})[1:]}:
        text = text.replace(written, _HIDDEN)
    return text
