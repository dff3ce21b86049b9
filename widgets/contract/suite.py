"""The contract as tests: a class to inherit from."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import pytest

if TYPE_CHECKING:
    from widgets.contract.rule import Rule
    from widgets.contract.subject import Subject


class WidgetContract:
    """widget: its name, as in its address; "" for every widget there is.
    more: for a widget's name, other parameters than the example's that are looked at, too."""

    widget: ClassVar[str] = ""
    more: ClassVar[Mapping[str, Sequence[Mapping[str, str]]]] = {}

    def test_contract(self, contract_subject: "Subject", contract_rule: "Rule") -> None:
        """One rule of docs/contract.md."""
        from widgets.contract.rule import told  # noqa: PLC0415 - pytest loads this class in every run
        from widgets.contract.stage import StageError  # noqa: PLC0415

        try:
            faults = list(contract_rule.check(contract_subject))
        except StageError as error:
            pytest.fail(str(error), pytrace=False)
        if faults:
            lines = "\n  ".join(told(contract_subject, contract_rule, faults))
            pytest.fail(f"{contract_rule.says}\n  {lines}", pytrace=False)
