"""The widget keeps the contract that every widget keeps, over the mock ERP and in a real browser."""

from typing import ClassVar

from widgets.contract import WidgetContract


class TestContract(WidgetContract):
    widget = "contoso-parcels"
    more: ClassVar = {
        "contoso-parcels": [{"customer": "nobody"}, {"customer": "US-007", "rows": "50"}]
    }
