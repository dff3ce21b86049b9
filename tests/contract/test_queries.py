"""The queries that a widget is asked: enough of them are right, so that more than refusals is looked at."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import BeforeValidator, Field

from widgets.contract.queries import neighbours, queries
from widgets.core import Company, Parameters, Text, Widget
from widgets.core.params import complaint, parse
from widgets.errors import BadParameter
from widgets.site.factory import find_widgets
from widgets.site.upstreams import SOURCES

TRIES = 100

Parts = Annotated[
    list[Text], BeforeValidator(lambda text: text.split(",") if isinstance(text, str) else text)
]


class Every(Parameters):
    """Each keyword that a JSON schema has for a value."""

    company: Company
    above: int = Field(gt=3, lt=7)
    half: Decimal = Field(ge=0, le=3, multiple_of=0.5)
    even: int = Field(gt=0, lt=10, multiple_of=2)
    share: float = Field(gt=0, lt=1)
    code: str = Field(min_length=5, max_length=6)
    shape: str = Field(pattern="^[a-z]+$", max_length=3)
    day: date
    at: datetime
    kind: Literal["a", "b"] | None = None
    wide: bool = False
    parts: Parts = Field([], max_length=2)


def asked(model: type[Parameters], example: dict[str, str]) -> list[dict[str, str]]:
    made = []

    @settings(
        max_examples=TRIES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(queries(model, example))
    def note(query):
        made.append(query)

    note()
    return made


def is_right(model: type[Parameters], query: dict[str, str]) -> bool:
    try:
        parse(model, query, {"company": "usmf"})
    except BadParameter:
        return False
    return True


def models() -> dict[str, tuple[type[Parameters], dict[str, str]]]:
    found: list[Widget] = list(find_widgets(SOURCES).values())
    return {each.slug: (each.view_function.params, each.example) for each in found}


@pytest.mark.parametrize("name", models())
def test_more_than_half_of_them_are_right_and_some_are_wrong(name: str) -> None:
    model, example = models()[name]
    right = [is_right(model, query) for query in asked(model, example)]
    assert sum(right) > len(right) / 2
    assert not all(right)


def test_each_parameter_is_varied_within_what_its_schema_allows() -> None:
    example = {
        "above": "4", "half": "0.5", "even": "2", "share": "0.5", "code": "abcde", "shape": "a",
        "day": "2026-11-20", "at": "2026-11-20T09:00:00Z",
    }  # fmt: skip
    assert is_right(Every, example)
    made = asked(Every, example)
    for name in Every.model_fields:
        values = [query[name] for query in made if name in query]
        right = [value for value in values if complaint(Every, name, value) is None]
        assert len(set(right)) > 1, name
        # The rest is what may be anything; about as much, and chance decides.
        assert len(right) > len(values) / 4, name
    assert sum(is_right(Every, query) for query in made) > len(made) / 6


def test_a_pattern_that_python_does_not_know_is_no_failure() -> None:
    class Rusty(Parameters):
        word: str = Field("a", pattern=r"^\p{L}*$", max_length=9)

    assert any(is_right(Rusty, query) and query for query in asked(Rusty, {"word": "b"}))


def test_neighbours_are_at_each_end_and_each_choice() -> None:
    example = {"rows": "4"}

    class Few(Parameters):
        rows: int = Field(8, ge=1, le=50)
        kind: Literal["a", "b"] | None = None
        wide: bool = False

    assert list(neighbours(Few, example)) == [
        {"rows": "1"},
        {"rows": "50"},
        {"rows": "4", "kind": "a"},
        {"rows": "4", "kind": "b"},
        {"rows": "4", "wide": "true"},
        {"rows": "4", "wide": "false"},
    ]
