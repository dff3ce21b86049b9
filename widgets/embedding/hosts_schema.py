"""The entries of the hosts file, each value checked by itself, and what is said of a wrong one."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt

from widgets.embedding.hosts import Access
from widgets.embedding.origins import checked_origin

USUAL = "usual"  # among the origins: those that the platform usually frames from
_ID = r"^[a-z0-9][a-z0-9-]{0,39}$"
_KEY_ID = r"^[A-Za-z0-9._-]{1,64}$"
_VARIABLE = r"^[A-Z_][A-Z0-9_]*$"
_PATTERNS = {
    # Not repeated, since it may be the secret itself.
    _VARIABLE: "must be the name of an environment variable in capitals, not the secret",
    _ID: "an id is 1 to 40 small letters, digits and -",
    _KEY_ID: "an id of a key is 1 to 64 letters, digits, dots, - and _",
}


def _day_or_moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time.max, UTC)  # a day is meant with its last second
    raise ValueError("must be a day or a moment, such as 2027-02-01, without quotes")


def _as_in_an_address(value: object) -> str:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise ValueError("must be a text in quotes or a whole number, as the parameter has it")


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class KeyEntry(Table):
    id: Annotated[str, Field(pattern=_KEY_ID)]
    secret_env: Annotated[str, Field(pattern=_VARIABLE)] | None = None
    secret_file: str | None = None
    not_after: Annotated[Any, BeforeValidator(_day_or_moment)] = None
    revoked: bool = False


def _checked(origin: str) -> str:
    return USUAL if origin == USUAL else checked_origin(origin)


class HostEntry(Table):
    name: Annotated[str, Field(min_length=1, max_length=80)]
    platform: Literal["web", "dynamics365", "teams", "sharepoint", "salesforce", "mcp"] = "web"
    origins: list[Annotated[str, AfterValidator(_checked)]] | None = None
    widgets: list[str] | None = None
    locked: dict[str, Annotated[str, BeforeValidator(_as_in_an_address)]] = Field(
        default_factory=dict
    )
    access: Access = "token"
    rate_limit: Annotated[StrictInt, Field(ge=1, le=1_000_000)] | None = None
    keys: list[KeyEntry] = Field(default_factory=list)


class HostsFile(Table):
    default: str | None = None
    hosts: dict[Annotated[str, Field(pattern=_ID)], HostEntry]


def in_words(item: Any) -> str:
    """What is wrong, from an error of pydantic's."""
    context = item.get("ctx", {})
    kinds = {
        "missing": "is missing",
        "extra_forbidden": "there is no such setting",
        "string_type": "must be a text in quotes",
        "list_type": "must be a list in square brackets",
        "dict_type": "must be a table",
        "model_type": "must be a table",
        "int_type": "must be a whole number",
        "bool_type": "must be true or false",
        "bool_parsing": "must be true or false",
        "literal_error": "must be {expected}",
        "greater_than_equal": "must be at least {ge}",
        "less_than_equal": "must be at most {le}",
        "string_too_short": "must not be empty",
        "string_too_long": "must have at most {max_length} characters",
        "string_pattern_mismatch": _PATTERNS.get(context.get("pattern"), ""),
        "value_error": "{error}",
    }
    return kinds.get(item["type"], "").format(**context) or str(item["msg"])
