"""Counts of several processes as one, whatever becomes of the processes."""

import fcntl
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector

from widgets.metrics import processes


def write(folder: Path, kind: str, pid: int, value: float, stamp: float = 0.0, label: str = "a"):
    """A file as a process leaves it."""
    file = MmapedDict(str(folder / f"{kind}_{pid}.db"))
    whole = "level" if kind.startswith("gauge") else "things"
    name = {"counter": "things_total", "histogram": "things_bucket"}.get(kind, whole)
    labels = {"name": label} | ({"le": "1.0"} if kind == "histogram" else {})
    key = mmap_key(whole, name, list(labels), list(labels.values()), "What they are")
    file.write_value(key, value, stamp)
    file.close()


def samples(folder: Path) -> dict[tuple[str, str], float]:
    found = MultiProcessCollector(None, str(folder)).collect()
    return {
        (sample.name, sample.labels.get("name", "")): sample.value
        for metric in found
        for sample in metric.samples
    }


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.db"))


def test_counts_of_the_dead_are_kept_in_one_file(tmp_path):
    for pid in (1, 2, 3):
        write(tmp_path, "counter", pid, 10 * pid)
        write(tmp_path, "histogram", pid, pid)
    dead = {1, 2}
    processes.bury(tmp_path, dead)
    assert dead == set()
    assert files(tmp_path) == [
        *("counter_3.db", "counter_merged.db"),
        *("histogram_3.db", "histogram_merged.db"),
    ]
    assert samples(tmp_path)["things_total", "a"] == 60
    assert samples(tmp_path)["things_bucket", "a"] == 6


def test_a_worker_that_dies_a_thousand_times_leaves_as_many_files_as_one(tmp_path):
    for pid in range(1, 1001):
        write(tmp_path, "counter", pid, 1, label=f"{pid % 3}")
        write(tmp_path, "gauge_mostrecent", pid, pid, stamp=pid)
        write(tmp_path, "gauge_livesum", pid, 1)
        processes.bury(tmp_path, {pid})
    assert files(tmp_path) == ["counter_merged.db", "gauge_mostrecent_merged.db"]
    assert sum(path.stat().st_size for path in tmp_path.glob("*.db")) < 4096
    found = samples(tmp_path)
    assert sum(value for (name, _), value in found.items() if name == "things_total") == 1000
    assert found["level", "a"] == 1000


def test_the_newest_of_each_label_is_kept_whoever_wrote_it_and_lives(tmp_path):
    write(tmp_path, "gauge_mostrecent", 1, 111, stamp=20.0)
    write(tmp_path, "gauge_mostrecent", 2, 222, stamp=10.0)
    write(tmp_path, "gauge_mostrecent", 2, 333, stamp=10.0, label="b")
    write(tmp_path, "gauge_mostrecent", 3, 0, stamp=0.0, label="b")  # never set
    processes.bury(tmp_path, {1})
    processes.bury(tmp_path, {2})
    assert samples(tmp_path) == {("level", "a"): 111, ("level", "b"): 333}
    write(tmp_path, "gauge_mostrecent", 4, 444, stamp=30.0)
    assert samples(tmp_path)["level", "a"] == 444


def test_gauges_of_the_living_go_with_the_dead(tmp_path):
    write(tmp_path, "gauge_livesum", 1, 5)
    write(tmp_path, "gauge_livesum", 2, 7)
    processes.bury(tmp_path, {1})
    assert samples(tmp_path)["level", "a"] == 7


def test_nothing_is_merged_while_somebody_reads_and_it_is_done_the_next_time(tmp_path):
    write(tmp_path, "counter", 1, 3)
    write(tmp_path, "counter", 2, 4)
    dead = {1}
    with processes._lock(tmp_path, fcntl.LOCK_SH, patience=0):
        processes.bury(tmp_path, dead)
    assert dead == {1}
    assert files(tmp_path) == ["counter_1.db", "counter_2.db"]
    dead.add(2)
    processes.bury(tmp_path, dead)
    assert files(tmp_path) == ["counter_merged.db"]
    assert samples(tmp_path)["things_total", "a"] == 7


def test_a_file_that_was_cut_off_while_it_was_made_harms_nothing(tmp_path, caplog):
    write(tmp_path, "counter", 1, 3)
    (tmp_path / "counter_2.db").touch()
    with caplog.at_level(logging.WARNING):
        processes.bury(tmp_path, {1, 2})
    assert "counter_2.db cannot be read" in caplog.text
    assert samples(tmp_path)["things_total", "a"] == 3


def test_a_folder_that_is_gone_ends_nothing(tmp_path, caplog):
    processes.bury(tmp_path / "none", {1})
    assert "were not merged" in caplog.text


def test_a_look_waits_for_a_merge_but_not_for_ever(tmp_path, monkeypatch):
    write(tmp_path, "counter", 1, 3)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    with processes._lock(tmp_path, fcntl.LOCK_EX, patience=0):
        (metric,) = processes.collect()
    assert metric.samples[0].value == 3


def test_a_look_is_taken_again_while_a_worker_makes_its_files(tmp_path, monkeypatch):
    write(tmp_path, "counter", 1, 3)
    new = tmp_path / "counter_2.db"
    new.touch()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setattr("time.sleep", lambda _: new.write_bytes(bytes(64)))
    (metric,) = processes.collect()
    assert metric.samples[0].value == 3


def test_a_file_that_stays_unreadable_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "counter_2.db").touch()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    with pytest.raises(processes._UNREADABLE):
        processes.collect()


def test_one_process_counts_for_itself():
    environment = {k: v for k, v in os.environ.items() if k != "PROMETHEUS_MULTIPROC_DIR"}
    code = (
        "from widgets import metrics; from widgets.metrics import processes; "
        "metrics.REQUESTS.labels('w', 'h', 'ok', 'page').inc(); "
        "print(processes.exposition('')[0].decode())"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert 'widgets_requests_total{host="h",layer="page",state="ok",widget="w"} 1.0' in said
    assert "widgets_workers 1.0" in said
    assert "_created" not in said


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8"),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
        ),
    ],
)
def test_it_speaks_what_is_asked_for(accept, content_type):
    body, said = processes.exposition(accept)
    assert said == content_type
    assert body.endswith(b"# EOF\n") == ("openmetrics" in accept)
