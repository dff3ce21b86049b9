"""Types for what comes over the wire: strict about what is used, silent about the rest.

Numbers are what `json.loads(…, parse_float=Decimal)` gives: int or Decimal. A number in quotes, a bool or
a NaN is an error, never a guess.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictStr, TypeAdapter, ValidationError

from widgets.errors import UpstreamInvalid
from widgets.upstream.answers import unreadable

T = TypeVar("T")

_PLACES = (
    16  # before and after the point, each: more than any quantity or amount needs, and few enough
)
# for sums and products of them to stay exact in Python's 28 digits


class Row(BaseModel):
    """A row of an upstream, under the upstream's field names (aliases). Unknown fields are stripped."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @classmethod
    def fields(cls) -> list[str]:
        """The upstream's names of exactly the fields that are used, sorted."""
        return sorted(str(field.alias) for field in cls.model_fields.values())


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"a number is expected, not {type(value).__name__}")
    number = Decimal(value)
    _, digits, exponent = number.as_tuple()
    # Without a bound, writing out the ten bytes of 1e99999999 would take all memory.
    if not isinstance(exponent, int) or exponent < -_PLACES or len(digits) + exponent > _PLACES:
        raise ValueError("a finite number of reasonable size is expected")
    return number


def _text(value: object) -> object:
    return "" if value is None else value


def _moment(value: object) -> datetime | None:
    """Dynamics has no null for a date: unset is the first of January 1900."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError(f"a date is expected, not {type(value).__name__}")
    moment = datetime.fromisoformat(value)
    if (moment.year, moment.month, moment.day) == (1900, 1, 1):
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # within a day of the first or the last there is
        raise ValueError("a date that can be worked with is expected") from None


def _day(value: object) -> date | None:
    moment = _moment(value)
    return moment.date() if moment else None


Number = Annotated[Decimal, BeforeValidator(_number)]
Key = StrictStr  # never null; leading spaces belong to it
Text = Annotated[StrictStr, BeforeValidator(_text)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Day = Annotated[date | None, BeforeValidator(_day)]


def validated(adapter: TypeAdapter[T], data: object, called: str, what: str) -> T:
    """The data as the adapter's type. Raises UpstreamInvalid that names what was read and the field."""
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        raise _invalid(error, called, what) from None


def _invalid(error: ValidationError, called: str, what: str) -> UpstreamInvalid:
    first = error.errors(include_url=False, include_context=False)[0]
    names = [part for part in first["loc"] if isinstance(part, str)]
    return unreadable(
        called,
        what,
        field=names[-1] if names else "",
        detail=f"{first['msg']} at {first['loc']}, got {str(first['input'])[:60]!r};"
        f" {error.error_count()} such in all",
    )
