"""Every widget there is keeps the contract: docs/contract.md."""

from typing import ClassVar

import pytest

from widgets.contract import WidgetContract

pytestmark = pytest.mark.browser


class TestContract(WidgetContract):
    more: ClassVar = {
        "inventory": [
            {"item": "M0013"},
            {"search": "nothing-like-it"},
            {"item": "x" * 60},
        ],
        "order-status": [{}, {"customer": "US-012"}, {"order": "nope"}],
        "quality": [
            {"period": "90"},
            {"period": "7", "item": "D0010"},
            {"production": "nope"},
        ],
        "ticker": [
            {"symbols": "WTI,BRENT", "interval": "daily", "selected": "WTI", "range": "max"}
        ],
    }
