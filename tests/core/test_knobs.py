"""Parameters as controls of a form."""

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal

import pytest
from pydantic import BeforeValidator, Field

from widgets.core import Company, Parameters, Text
from widgets.core.knobs import Knob, knobs


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


Several = Annotated[
    list[Literal["A", "B", "C"]],
    BeforeValidator(lambda v: v.split(",") if isinstance(v, str) else v),
]


class Params(Parameters):
    company: Company
    site: Text | None = Field(None, description="Site")
    rows: int = Field(8, ge=1, le=50, description="Rows")
    weight: Decimal | None = Field(
        None, gt=0, description="Weight", json_schema_extra={"unit": "kg"}
    )
    period: Literal["7", "30"] = Field("30", description="Days")
    colour: Colour = Field(Colour.RED, description="Colour")
    closed: bool = Field(False, description="Closed ones too")
    since: date | None = Field(None, description="From this day")
    symbols: Several = Field([], max_length=2, description="Which")
    order: Text = Field(description="Order")


def made(given: dict[str, str] | None = None, locked: tuple[str, ...] = ()) -> dict[str, Knob]:
    return {knob.name: knob for knob in knobs(Params, given or {}, {"company": "usmf"}, locked)}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("company", "text"),
        ("site", "text"),
        ("rows", "number"),
        ("weight", "number"),
        ("period", "choice"),
        ("colour", "choice"),
        ("closed", "choice"),
        ("since", "date"),
        ("symbols", "several"),
    ],
)
def test_each_kind_of_parameter_has_its_control(name, kind):
    assert made()[name].kind == kind


def test_there_is_one_for_each_parameter_in_their_order():
    assert list(made()) == list(Params.model_fields)


def test_what_a_control_knows():
    found = made()
    assert (found["rows"].least, found["rows"].most, found["rows"].whole) == (1, 50, True)
    assert (found["weight"].least, found["weight"].whole, found["weight"].unit) == (0, False, "kg")
    assert found["site"].longest == 60
    assert found["period"].options == ("7", "30")
    assert found["colour"].options == ("red", "blue")
    assert found["closed"].options == ("true", "false")
    assert found["symbols"].options == ("A", "B", "C")
    assert found["rows"].usual == "8"
    assert found["company"].usual == "usmf"
    assert found["rows"].description == "Rows"


def test_only_what_has_no_default_anywhere_is_needed():
    assert {name for name, knob in made().items() if knob.required} == {"order"}


def test_a_value_that_cannot_be_used_is_kept_and_told():
    found = made({"rows": "99", "site": "1", "symbols": "A, C"})
    assert found["rows"].value == "99"
    assert found["rows"].complaint == "The parameter rows must be at most 50, not “99”."
    assert (found["site"].value, found["site"].complaint) == ("1", "")
    assert found["symbols"].chosen == ("A", "C")


def test_what_its_host_has_set_is_locked():
    found = made({"site": "1"}, locked=("site",))
    assert [name for name, knob in found.items() if knob.locked] == ["site"]


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("rows", "", "number"),
        ("rows", "999", "number"),  # wrong, and still a number that can be corrected
        ("rows", "-2.5", "number"),
        ("rows", "many", "text"),
        ("rows", "1_0", "text"),
        ("weight", "1e3", "number"),
        ("since", "", "date"),
        ("since", "2026-11-24", "date"),
        ("since", "2026-02-30", "text"),
        ("since", "20261124", "text"),
        ("site", "7", "text"),
    ],
)
def test_a_field_is_of_a_type_that_can_show_its_value(name, value, field):
    assert made({name: value})[name].field == field
