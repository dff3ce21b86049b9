"""How a request shows who we are. A credential is put on a request just before it is sent: a cache hit
needs none, and no key, stored answer or error can hold one."""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote, urlencode

import requests

from widgets.errors import UpstreamRefused, UpstreamUnavailable
from widgets.upstream.answers import excerpt, note, retry_after, sentence
from widgets.upstream.transport import Answer, BadAnswer, NoAnswer

_MARGIN = (
    60.0  # seconds before its end at which a token is renewed; a fifth of its life if that is less
)
_LIFETIME = 300.0  # seconds that a token is used whose end was not told
_PAUSE = 5.0  # seconds for which a failure to get a token is repeated to all, without asking again
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

    def redact(self, text: str) -> str:
        """The text without our secrets."""


class Anonymous:
    """No credential at all: the upstream is open, or a proxy on the way adds what it wants."""

    identity = "anonymous"

    def apply(self, request: requests.PreparedRequest) -> None:
        """Leaves the request as it is."""

    def renew(self, _request: requests.PreparedRequest) -> bool:
        return False

    def redact(self, text: str) -> str:
        return text


@dataclass(frozen=True, slots=True)
class QueryKey:
    """A key that the upstream wants in the query string (Alpha Vantage's `apikey`)."""

    parameter: str
    value: str = field(repr=False)

    @property
    def identity(self) -> str:
        return f"key in {self.parameter}"

    def apply(self, request: requests.PreparedRequest) -> None:
        url = str(request.url)
        request.url = f"{url}{'&' if '?' in url else '?'}{urlencode({self.parameter: self.value})}"

    def renew(self, _request: requests.PreparedRequest) -> bool:
        return False

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
    value: str = field(repr=False)
    renew_at: float  # by the Bearer's clock


class Bearer:
    """One bearer token for all threads: fetched when first needed, by one thread while the others wait,
    and renewed before it expires.

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

    def __repr__(self) -> str:
        return f"Bearer({self._client!r})"

    def apply(self, request: requests.PreparedRequest) -> None:
        request.headers["Authorization"] = f"Bearer {self._current().value}"

    def renew(self, request: requests.PreparedRequest) -> bool:
        with self._lock:
            token = self._token
            # Another thread may have renewed it since this request was sent.
            if token and request.headers.get("Authorization") == f"Bearer {token.value}":
                self._token = None
        return True

    def redact(self, text: str) -> str:
        token = self._token
        return hide(hide(text, self._client.client_secret), token.value if token else "")

    def _current(self) -> _Token:
        token = self._token
        if token and self._clock() < token.renew_at:
            return token
        with self._lock:
            now = self._clock()
            if self._token and now < self._token.renew_at:
                return self._token
            if self._failure and now < self._ask_again:
                raise _copy(self._failure)
            try:
                self._token = self._fetch()
            except (UpstreamRefused, UpstreamUnavailable) as error:
                self._failure, self._ask_again = error, now + _PAUSE
                raise _copy(error) from None
            self._failure = None
            return self._token

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
            raise self._unavailable(detail, retry_after(answer.headers) or 30)
        try:
            return _token(answer.body, asked)
        except ValueError as error:
            raise self._unavailable(f"no token in the answer: {error}") from None

    def _unavailable(self, detail: str, seconds: int = 30) -> UpstreamUnavailable:
        return UpstreamUnavailable(
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
    return _Token(value, asked + lifetime - min(_MARGIN, lifetime / 5))


def _copy(
    failure: UpstreamRefused | UpstreamUnavailable,
) -> UpstreamRefused | UpstreamUnavailable:
    """An error object for each who raises it: whoever catches one may add to it."""
    if isinstance(failure, UpstreamUnavailable):
        return UpstreamUnavailable(
            failure.message, retry_after=failure.retry_after, detail=failure.detail
        )
    return UpstreamRefused(failure.message, detail=failure.detail)


def hide(text: str, secret: str) -> str:
    """The text without the secret, as it is and as it is written in a URL or a form."""
    if not secret:
        return text
    for written in {secret, quote(secret), quote(secret, safe=""), urlencode({"": secret})[1:]}:
        text = text.replace(written, _HIDDEN)
    return text
