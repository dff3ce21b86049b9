"""A key that an upstream wants in a header: `Authorization: Bearer …`, `X-Api-Key: …`."""

from dataclasses import dataclass, field

import requests

from widgets.upstream.credentials import Unchanging, fingerprint, hide


@dataclass(frozen=True, slots=True)
class HeaderKey(Unchanging):
    """header: its name. prefix: what stands before the key, such as "Bearer "; else ""."""

    header: str
    value: str = field(repr=False)
    prefix: str = ""

    @property
    def identity(self) -> str:
        return f"key {fingerprint(self.value)} in header {self.header}"

    def apply(self, request: requests.PreparedRequest) -> None:
        request.headers[self.header] = f"{self.prefix}{self.value}"

    def redact(self, text: str) -> str:
        return hide(text, self.value)
