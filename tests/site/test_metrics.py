"""`/metrics` of real servers: right with several workers, whatever becomes of them."""

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_metrics

from tests.conftest import MockErp, widget_server
from tests.site.gunicorns import Gunicorn, gunicorn

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
REQUESTS = "widgets_requests_total"


@pytest.fixture
def server(tmp_path):
    with gunicorn(tmp_path, WIDGETS_DEMO="yes") as server:
        yield server


def samples(server: Gunicorn) -> dict[str, float]:
    """The sum over all labels of each sample but those of histograms' buckets."""
    answer = server.get("/metrics")
    assert answer.status_code == 200
    found: dict[str, float] = {}
    for family in plain_metrics(answer.text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0) + sample.value
    return found


def wait_for(server: Gunicorn, count: int, *, gone: int) -> None:
    """Until the worker that is gone was replaced by one that is ready."""
    for _ in range(400):
        if gone not in server.workers() and samples(server)["widgets_workers"] == count:
            return
        time.sleep(0.05)
    pytest.fail("the worker was not replaced")


def count(server: Gunicorn, times: int) -> set[int]:
    """The workers that counted."""
    return {server.get("/try/count").json()["pid"] for _ in range(times)}


def test_the_counts_of_all_workers_add_up(server):
    counted = 0
    pids: set[int] = set()
    while len(pids) < 2:
        pids |= count(server, 10)
        counted += 10
        assert counted < 500
    found = samples(server)
    assert found[REQUESTS] == found["widgets_request_seconds_count"] == counted
    assert found["widgets_pages_kept"] == 10  # 5 in each
    assert found["widgets_workers"] == 2
    assert found["widgets_build_info"] == 1
    assert abs(found["widgets_start_time_seconds"] - time.time()) < 60


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_counts_stay_when_workers_end(server, how):
    """Also when they end again and again, and then without more and more files."""
    counted = 0
    for _ in range(4):
        workers = server.workers()
        counted += 10
        count(server, 10)
        os.kill(workers[0], how)
        wait_for(server, 2, gone=workers[0])
        found = samples(server)
        assert found[REQUESTS] == found["widgets_request_seconds_count"] == counted
        assert found["widgets_read_as_of_timestamp_seconds"] == 1
        assert found["widgets_pages_kept"] <= 10
    # Four kinds for the parent, for each worker, and for all that ended.
    assert len(list(server.folder().glob("*.db"))) <= 4 * 4


def test_what_a_worker_counted_before_it_was_killed_in_a_request_is_there(server):
    workers = set(server.workers())
    with pytest.raises(OSError):  # noqa: PT011 - the connection breaks off, one way or another
        server.get("/try/kill")
    while workers <= set(server.workers()):
        time.sleep(0.05)
    assert samples(server)[REQUESTS] == 1


def test_a_worker_that_hangs_does_not_keep_the_other_from_being_replaced(server):
    first, second = server.workers()
    os.kill(first, signal.SIGSTOP)
    try:
        os.kill(second, signal.SIGKILL)
        for _ in range(200):
            if second not in server.workers() and len(server.workers()) == 2:
                break
            time.sleep(0.05)
        assert second not in server.workers()
    finally:
        os.kill(first, signal.SIGCONT)
    wait_for(server, 2, gone=second)


def test_open_metrics_are_there_for_whoever_wants_them(server):
    count(server, 1)
    answer = server.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert REQUESTS.removesuffix("_total") in {each.name for each in open_metrics(answer.text)}


def test_no_series_is_of_a_viewer(mock_erp: MockErp, tmp_path: Path):
    settings = mock_erp.environment() | {"WIDGETS_CACHE_FILE": str(tmp_path / "reads.sqlite")}
    with widget_server(settings, workers=2) as url:
        for path in ("inventory/?site=1&search=Mallory", "order-status/?order=Trudy", "x"):
            mock_erp.http.get(f"{url}/widgets/{path}", timeout=20)
        text = mock_erp.http.get(f"{url}/metrics", timeout=20).text
    assert "widgets_workers 2.0" in text
    labels = re.findall(r"\{.*?\}", text)
    assert labels
    assert not re.search("Mallory|Trudy|127.0.0.1", "".join(labels))


def test_where_it_counts_is_private_and_goes_with_the_server(tmp_path):
    with gunicorn(tmp_path, workers=1, WIDGETS_DEMO="yes") as server:
        folder = server.folder()
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_a_server_that_was_killed_leaves_a_folder_that_the_next_one_removes(tmp_path):
    with gunicorn(tmp_path, workers=1, WIDGETS_DEMO="yes") as server:
        left = server.folder()
        workers = server.workers()
        server.process.kill()
        server.process.wait()
        for _ in range(200):  # workers end once they see that their parent is gone
            if not any(Path(f"/proc/{pid}").exists() for pid in workers):
                break
            time.sleep(0.1)
    assert left.exists()
    os.utime(left, (1, 1))
    with gunicorn(tmp_path, workers=1, WIDGETS_DEMO="yes") as server:
        assert server.folder() != left
        assert not left.exists()


def test_a_folder_that_is_named_is_used_and_stays(tmp_path):
    folder = tmp_path / "counts"
    options = {"PROMETHEUS_MULTIPROC_DIR": str(folder), "WIDGETS_DEMO": "yes"}
    with gunicorn(tmp_path, workers=1, **options) as server:
        count(server, 3)
        assert samples(server)[REQUESTS] == 3
    assert list(folder.glob("counter_*.db"))
