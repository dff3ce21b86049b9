"""Reading other systems: the read-through and its parts, the records, one module a source.

    read_through = ReadThrough(path)                     # one for each process, long-lived
    reads: list[Read] = []
    erp: Erp = Dynamics(config, read_through, scope="host and its locks", log=reads.append)
    erp.order_lines("usmf", "000002")

Works in a shell, a test or a job as in the server: there is no Flask in here.
"""

from widgets.upstream.dynamics import Dynamics
from widgets.upstream.dynamics_config import DynamicsConfig
from widgets.upstream.health import Health, UpstreamHealth
from widgets.upstream.json_upstream import JsonConfig, JsonUpstream
from widgets.upstream.market import Market, MarketConfig
from widgets.upstream.reads import Keep, Read
from widgets.upstream.readthrough import ReadThrough
from widgets.upstream.records import (
    Customer,
    ExchangeRate,
    Invoice,
    OnHand,
    OrderLine,
    OrderStatus,
    Price,
    PriceHistory,
    Product,
    QualityOrder,
    QualityResult,
    QualityStatus,
    SalesOrder,
)
from widgets.upstream.sources import Erp, MarketData
from widgets.upstream.transport import Limits

__all__ = [
    "Customer",
    "Dynamics",
    "DynamicsConfig",
    "Erp",
    "ExchangeRate",
    "Health",
    "Invoice",
    "JsonConfig",
    "JsonUpstream",
    "Keep",
    "Limits",
    "Market",
    "MarketConfig",
    "MarketData",
    "OnHand",
    "OrderLine",
    "OrderStatus",
    "Price",
    "PriceHistory",
    "Product",
    "QualityOrder",
    "QualityResult",
    "QualityStatus",
    "Read",
    "ReadThrough",
    "SalesOrder",
    "UpstreamHealth",
]
