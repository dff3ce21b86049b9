"""Which Dynamics 365 Finance & Operations environment is read, as whom, and within which bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from widgets.upstream.reads import Keep, Kind, checked_url


@dataclass(frozen=True, slots=True)
class DynamicsConfig:
    """Where a Dynamics environment is and how we sign in there.

    base_url: the environment ("https://contoso.operations.dynamics.com"), without "/data".
    token_url: "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token".
    client_id: "" for no sign-in at all, for an environment behind a proxy that adds it.
    token_scope: "" stands for "{base_url}/.default".
    entity_sets: other names for entity sets, by their standard names.
    ttls: other times to keep answers, by kind of read.
    state: added to the upstream's name, of one that plays a part: " (slow)".
    max_pages, max_rows, max_seconds: bounds of one read over all its pages.

    Raises ValueError for an address that is none.
    """

    base_url: str
    token_url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    token_scope: str = ""
    entity_sets: Mapping[str, str] = field(default_factory=dict)
    ttls: Mapping[Kind, Keep] = field(default_factory=dict)
    state: str = ""
    max_pages: int = 20
    max_rows: int = 50_000
    max_seconds: float = 20.0

    def __post_init__(self) -> None:
        checked_url("base_url", self.base_url)
        if self.client_id:
            checked_url("token_url", self.token_url)
