from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from widgets.core.params import Company, Parameters, Text, describe, parse
from widgets.errors import BadParameter, Refused


class Params(Parameters):
    company: Company
    item: Text | None = Field(None, description="Item number")
    rows: int = Field(8, ge=1, le=50, description="Rows to show")
    span: Literal["1y", "2y"] = Field("1y", description="How far back")


DEFAULTS = {"company": "usmf"}


def test_the_servers_defaults_fill_what_the_address_leaves_out():
    assert parse(Params, {}, DEFAULTS).company == "usmf"
    assert parse(Params, {"company": "demf"}, DEFAULTS).company == "demf"


def test_a_company_is_the_same_in_any_case():
    assert parse(Params, {"company": "USMF"}, {}) == parse(Params, {"company": "usmf"}, {})


def test_an_untouched_form_field_counts_as_not_given():
    assert parse(Params, {"item": "", "rows": "", "company": ""}, DEFAULTS) == parse(
        Params, {}, DEFAULTS
    )


def test_what_a_host_adds_is_ignored():
    assert parse(Params, {"userlcid": "1033", "utm_source": "x"}, DEFAULTS).rows == 8


def test_leading_spaces_are_part_of_an_item_number():
    item = parse(Params, {"item": " RFI-TEST-002"}, DEFAULTS).item
    assert item == " RFI-TEST-002"


def test_trailing_blanks_are_not_since_dynamics_does_not_tell_them_apart():
    assert parse(Params, {"item": "M0013 "}, DEFAULTS).item == "M0013"


@pytest.mark.parametrize("character", ["\x00", "\n", "\x7f", "\x85", "\u202e", "\u2066"])
def test_what_turns_a_sentence_around_or_is_no_html_is_refused_and_not_repeated(character):
    with pytest.raises(BadParameter) as caught:
        parse(Params, {"item": f"a{character}b"}, DEFAULTS)
    assert character not in caught.value.message
    assert "“a\N{REPLACEMENT CHARACTER}b”" in caught.value.message


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("rows", "99", "The parameter rows must be at most 50, not “99”."),
        ("rows", "0", "The parameter rows must be at least 1, not “0”."),
        ("rows", "many", "The parameter rows must be a whole number, not “many”."),
        ("span", "3y", "The parameter span must be one of 1y or 2y, not “3y”."),
        ("company", "a-b", "The parameter company must be 1 to 4 letters or digits, not “a-b”."),
        (
            "item",
            "A*",
            "The parameter item must be written without asterisks (*), not “A*”.",
        ),
        ("item", "x" * 10_000, f"must be at most 60 characters long, not “{'x' * 40}…”."),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(name, value, sentence):
    with pytest.raises(BadParameter) as caught:
        parse(Params, {name: value}, DEFAULTS)
    assert caught.value.parameter == name
    assert caught.value.status == 400
    assert sentence in caught.value.message


def test_a_missing_parameter_is_named():
    with pytest.raises(BadParameter, match="The parameter company is missing") as caught:
        parse(Params, {}, {})
    assert caught.value.required


def test_whether_a_wrong_parameter_can_be_left_out_is_known():
    for name, defaults, required in (
        ("company", {}, True),
        ("company", DEFAULTS, False),  # the server has one of its own
        ("rows", DEFAULTS, False),
    ):
        with pytest.raises(BadParameter) as caught:
            parse(Params, {name: "?" * 99}, defaults)
        assert (caught.value.parameter, caught.value.required) == (name, required)


def test_what_a_host_has_locked_can_be_left_out():
    with pytest.raises(BadParameter) as caught:
        parse(Params, {"company": "a-b"}, {}, {"company": "usmf"})
    assert (caught.value.parameter, caught.value.required) == ("company", False)


@given(
    st.dictionaries(
        st.sampled_from([*Params.model_fields, "other"]), st.text(max_size=200), max_size=5
    )
)
def test_any_query_is_either_read_or_refused_with_a_sentence(query):
    try:
        params = parse(Params, query, DEFAULTS)
    except BadParameter as error:
        assert error.parameter in Params.model_fields
        assert error.message.endswith(".")
    else:
        assert 1 <= params.rows <= 50
        assert "*" not in (params.item or "")


def test_each_parameter_is_described_for_people():
    rows = {row["name"]: row for row in describe(Params)}
    assert rows["rows"] == {
        "name": "rows",
        "description": "Rows to show",
        "allowed": "1 to 50",
        "default": "8",
    }
    assert rows["span"]["allowed"] == "1y, 2y"
    assert rows["company"]["allowed"] == "1 to 4 letters or digits"
    assert rows["item"]["allowed"] == "text, at most 60 characters"


class Bare(Parameters):
    name: str = Field("", description="Without a limit")
    count: int = Field(0, description="Without limits")
    share: float = Field(0, ge=0, description="From one side")
    late: bool = Field(default=False, description="Yes or no")


def test_a_parameter_without_limits_is_described_too():
    assert [row["allowed"] for row in describe(Bare)] == [
        "text", "a whole number", "a number from 0", "true or false",
    ]  # fmt: skip


def test_a_locked_value_that_is_wrong_is_the_hosts_to_mend():
    with pytest.raises(Refused) as caught:
        parse(Params, {"rows": "3"}, DEFAULTS, {"span": "9y"})
    assert caught.value.code == "token-params"
    assert "9y" in caught.value.detail


def test_the_words_of_a_pattern_may_stand_at_the_field():
    class Spoken(Parameters):
        site: str | None = Field(
            None, pattern="^[0-9]+$", description="A site", json_schema_extra={"words": "digits"}
        )
        company: Company | None = Field(None, json_schema_extra={"words": "two letters"})

    assert [row["allowed"] for row in describe(Spoken)] == ["digits", "two letters"]
    with pytest.raises(BadParameter, match="site must be digits, not"):
        parse(Spoken, {"site": "x"}, {})
