"""One GET to an upstream: of what, where, and how it is made and its answer read."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import requests

from widgets.upstream import answers
from widgets.upstream.reads import Keep, Upstream

T = TypeVar("T")

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": "erp-widgets",
}


@dataclass(frozen=True, slots=True)
class Question:
    """See the module. url: without the credential; request_id: whose request it is for."""

    upstream: Upstream
    url: str
    what: str
    keep: Keep
    request_id: str | None

    def request(self, etag: str) -> requests.PreparedRequest:
        headers = dict(_HEADERS)
        if self.request_id and _REQUEST_ID.fullmatch(self.request_id):
            headers["X-Request-ID"] = self.request_id
        if etag:
            headers["If-None-Match"] = etag
        return requests.Request("GET", self.url, headers=headers).prepare()

    def read(self, body: bytes, check: Callable[[object], T]) -> T:
        return check(answers.decode(body, self.upstream.called, self.what))
