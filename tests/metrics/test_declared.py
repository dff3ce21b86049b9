"""What is declared, so that it is right over several processes and no label grows without end."""

import pytest
from prometheus_client import Gauge
from prometheus_client.metrics import MetricWrapperBase

from widgets import metrics

DECLARED = [each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)]
# A label with as many values as there are viewers, orders or addresses would fill the memory.
BOUNDED = {"widget", "host", "state", "layer", "upstream", "outcome", "what", "storage"}


@pytest.mark.parametrize("metric", DECLARED, ids=lambda each: each._name)
def test_each_metric_is_named_and_labelled_as_the_others(metric):
    assert metric._name.startswith("widgets_")
    assert metric._documentation
    assert set(metric._labelnames) <= BOUNDED | {"version", "python"}
    if isinstance(metric, Gauge):
        assert metric._multiprocess_mode in ("mostrecent", "livesum")
