"""Everything that is counted, in one place; `/metrics` shows it to Prometheus.

With several workers the counts add up where PROMETHEUS_MULTIPROC_DIR was set before this was imported;
gunicorn.conf.py sees to that, and `processes` reads them together. Gauges are "mostrecent" or "livesum":
no other kind is kept right when a worker is replaced. docs/metrics.md is made from this.
"""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

# A second series for each, which says nothing that the start time does not; several workers have none.
disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
_AGES = (1, 5, 15, 30, 60, 120, 300, 900, 3600, 4 * 3600, 86_400)

REQUESTS = Counter(
    "widgets_requests",
    "Requests to widgets. layer: `page` was answered from the page cache, `render` was rendered.",
    ["widget", "host", "state", "layer"],
)
REQUEST_SECONDS = Histogram(
    "widgets_request_seconds", "Time to answer a request", ["widget", "layer"], buckets=_SECONDS
)
DATA_AGE_SECONDS = Histogram(
    "widgets_data_age_seconds", "Age of the oldest figure on a page", ["widget"], buckets=_AGES
)
READS = Counter(
    "widgets_reads",
    "Reads. outcome: `hit` was fresh, `miss` was asked for, `revalidated` still held, `refreshing` is asked "
    "for meanwhile, `stale` could not be. layer: `memory`, `storage` or `upstream` had the answer.",
    ["upstream", "outcome", "layer"],
)
READ_AS_OF = Gauge(
    "widgets_read_as_of_timestamp_seconds",
    "When the answer was given that was shown last",
    ["upstream", "what"],
    multiprocess_mode="mostrecent",
)
UPSTREAM_REQUESTS = Counter(
    "widgets_upstream_requests",
    "Requests sent to upstreams. outcome: a status class such as `2xx`, `304`, `timeout`, `no-answer`, "
    "`unreadable`; `kept-away` was not sent, since the upstream is left alone for a while.",
    ["upstream", "outcome"],
)
UPSTREAM_SECONDS = Histogram(
    "widgets_upstream_request_seconds",
    "Time of a request to an upstream",
    ["upstream"],
    buckets=_SECONDS,
)
BREAKER_OPEN = Gauge(
    "widgets_upstream_breaker_open",
    "1 while the upstream is left alone",
    ["upstream"],
    multiprocess_mode="mostrecent",
)
STORAGE_ERRORS = Counter(
    "widgets_storage_errors", "Failures of the cache; upstreams were asked instead", ["storage"]
)
PAGES_KEPT = Gauge("widgets_pages_kept", "Finished pages in memory", multiprocess_mode="livesum")
PAGE_BYTES = Gauge("widgets_page_bytes", "Bytes of finished pages", multiprocess_mode="livesum")
WORKERS = Gauge("widgets_workers", "Server processes that are alive", multiprocess_mode="livesum")
STARTED = Gauge(
    "widgets_start_time_seconds", "When this server started", multiprocess_mode="mostrecent"
)
BUILD = Gauge(
    "widgets_build_info",
    "Always 1; the labels say what is running",
    ["version", "python"],
    multiprocess_mode="mostrecent",
)

# Once for each server: workers are forked after this.
STARTED.set_to_current_time()
try:
    _VERSION = version("erp-widgets")
except PackageNotFoundError:  # pragma: no cover - run from files that nobody installed
    _VERSION = "unknown"
BUILD.labels(_VERSION, platform.python_version()).set(1)
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    WORKERS.set(1)  # this process is all there is
