"""What every widget keeps, ours or a package's, checked by a real server, a real browser and a mock ERP.

    from widgets.contract import WidgetContract

    class TestContract(WidgetContract):
        widget = "reorder-list"

`erp-widgets widgets check reorder-list` says the same without a test. docs/contract.md has each rule. Needs
the dependency group: pip install 'erp-widgets[contract]'. Nothing of the server imports this.
"""

from widgets.contract.suite import WidgetContract

__all__ = ["WidgetContract"]
