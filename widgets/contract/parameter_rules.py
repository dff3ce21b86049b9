"""Rules about what an address may ask for."""

import re
from collections.abc import Iterator, Mapping

from hypothesis import HealthCheck, Phase, given, settings

from widgets.contract import html
from widgets.contract.queries import neighbours, queries
from widgets.contract.rule import rule
from widgets.contract.subject import EXAMPLE, Subject
from widgets.core.params import complaint, describe, parse
from widgets.errors import BadParameter, Refused

ODD = (
    "x" * 10_000, "\x00", "a\nb", "\u202etxt", "-1", "0", "99999999999", "no-such-value", "*",
    "1.5", "2026-13-45", "nan", "true", "é", "'", ",,",
)  # fmt: skip
"""Values of which most parameters refuse some."""

TRIES = 40


@rule("module")
def parameters_are_described(subject: Subject) -> Iterator[str]:
    """Every parameter says what it means and what it may be.

    The gallery's knobs and the documentation are made from it, and whoever embeds the widget has nothing
    else.

    Mend: give the parameter `Field(description=…)`, and where it has a pattern, the pattern in words with
    `json_schema_extra={"words": …}`.
    """
    params = subject.widget.view_function.params
    for row in describe(params):
        if not row["description"].strip():
            yield f"the parameter {row['name']} has no description"
        if row["allowed"].startswith("in the form"):
            yield f"what the parameter {row['name']} may be is a pattern, which nobody can read"
    for name, value in params.model_config.items():
        if name == "extra" and value != "ignore":
            yield "Params refuses or keeps names that it does not know, and hosts add their own"


@rule("module")
def wrong_values_are_refused(subject: Subject) -> Iterator[str]:
    """Every parameter has an end to what it takes, and what it does not take is a 400 that names it.

    An address is written by anybody. What is not refused here is looked for in the upstream, and kept.

    Mend: give text a type that ends: `Text`, `Words`, `Company`, or `Field(max_length=…)`; give a number `ge`
    and `le`.
    """
    model = subject.widget.view_function.params
    for name in model.model_fields:
        refused = [value for value in ODD if complaint(model, name, value) is not None]
        for value, of in ((ODD[0], "10,000 letters"), ("\x00", "a control character")):
            if value not in refused:
                yield f"the parameter {name} takes {of}"
        for value in ODD:
            asked = subject.stage.asked.total()
            page = subject.query({**subject.example, name: value})
            said = html.words(page.document.find(".//section"))
            if page.status == 500:
                yield f"{name}={value[:20]!r} ends in an error{page.failure}"
            elif value in refused and page.status != 400:
                yield f"{name}={value[:20]!r} is wrong and is answered with {page.status}"
            elif value in refused and asked != subject.stage.asked.total():
                yield f"{name}={value[:20]!r} is refused, but only after an upstream was asked"
            elif value in refused and name not in said:
                yield f"{name}={value[:20]!r} is refused, and the page does not name {name}: {said}"


@rule("module")
def any_query_is_answered(subject: Subject) -> Iterator[str]:
    """Whatever an address asks, the answer is a page of the widget: 200 or 404 if its parameters are right,
    400 that names one if one is not, never a 500. One parameter of the example may be anything that Params
    takes.

    Combinations that nobody thought of are asked for by the first host that builds addresses by program.

    Mend: the address is named. Look at what the view function does with it, with `widgets show`; raise
    NotFound for what there is not, and check parameters that exclude each other in a `model_validator` of
    Params, what one may be in its type.
    """
    model = subject.widget.view_function.params
    for query in neighbours(model, subject.example):
        if fault := "; ".join(_faults(subject, query)):
            yield f"{subject.address(query)} {fault}"
            return
    faults: list[str] = []

    @settings(
        max_examples=TRIES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(queries(model, subject.example))
    def ask(query: Mapping[str, str]) -> None:
        fault = "; ".join(_faults(subject, query))
        if fault:
            faults.append(f"{subject.address(query)} {fault}")
            raise AssertionError(fault)

    try:
        ask()
    except AssertionError:
        yield faults[-1]  # the smallest that it found


def _faults(subject: Subject, query: Mapping[str, str]) -> Iterator[str]:
    page = subject.query(query)
    model = subject.widget.view_function.params
    said = html.words(page.document.find(".//section"))
    try:
        parse(model, query, {"company": "usmf"})
    except (BadParameter, Refused):
        if page.status != 400:
            yield f"is wrong and is answered with {page.status}"
    else:
        changed = [
            name for name in model.model_fields if query.get(name) != subject.example.get(name)
        ]
        if page.status == 400 and len(changed) <= 1:
            yield f"is right by Params and is answered with 400: {said[:100]}"
    if page.status == 400 and not any(
        re.search(rf"\b{name}\b", said) for name in model.model_fields
    ):
        yield f"is answered with 400, and the page does not name a parameter: {said[:100]}"
    if page.status not in (200, 400, 404):
        yield f"is answered with {page.status}{page.failure}"
    always = set(html.structure(subject.pages[EXAMPLE].document))  # which another rule tells
    yield from (fault for fault in html.structure(page.document) if fault not in always)
