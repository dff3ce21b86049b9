"""All benchmarks in one command: one table of the targets, and a file of figures each."""

import json
import subprocess
import sys

from bench import __main__ as command
from bench import page
from bench.microseconds import LIMITS
from tests.conftest import ROOT


def test_what_was_to_be_reached_is_in_one_table(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--only=microseconds", f"--json={tmp_path}"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode in (0, 1), ended.stderr
    found = json.loads((tmp_path / "microseconds.json").read_text())
    assert len(found["targets"]) == len(LIMITS)
    table = ended.stdout.rpartition("benchmark ")[2]
    for target in found["targets"]:
        assert target["what"] in table
    for figures in found["comparisons"][0]["contestants"].values():
        assert 0 < figures["each"]["median"] < 100_000


def test_a_benchmark_that_cannot_run_is_said(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(command, "RUNS", {"that_is_not_there": ["that_is_not_there"]})
    assert command.main([f"--json={tmp_path}"]) == 1
    assert "that_is_not_there could not run" in capfd.readouterr().out


def test_the_runs_of_pages_are_other_pages():
    pages = [
        (plan.networks, plan.frames)
        for module, *told in command.RUNS.values()
        if module == "page"
        for plan, _ in [page.options(told)]
    ]
    assert pages == [(["none"], [1, 6]), (["4g"], [1]), (["none"], [20])]


def test_a_quick_run_visits_pages_once(tmp_path, monkeypatch):
    ran: list[list[str]] = []

    def run(words: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append(words)
        return subprocess.CompletedProcess(words, 1)

    monkeypatch.setattr(subprocess, "run", run)
    command.main(["--quick", f"--json={tmp_path}"])
    assert [words[2] for words in ran].count("bench.page") == 1
    ran.clear()
    command.main([f"--json={tmp_path}", "--no-show"])
    assert [words[2] for words in ran].count("bench.page") == 3
