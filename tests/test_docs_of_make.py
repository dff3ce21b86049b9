"""What the documentation says of `make`, of the chaos bench and of the proxy is so."""

import re
import shlex

from bench.chaos import __main__ as chaos
from bench.chaos.fault_list import FAULTS
from tests.conftest import ROOT
from tests.test_docs import DOCUMENTS, blocks, rows


def make_targets() -> set[str]:
    found = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.M)
    assert found
    return set(found[1].split())


def test_every_make_command_that_is_shown_is_there_and_each_is_in_the_help():
    makefile = (ROOT / "Makefile").read_text()
    assert set(re.findall(r'@echo "make (\S+) ', makefile)) == make_targets() - {"help"}
    for path in DOCUMENTS:
        shown = re.findall(r"(?:^ {4}|`)make ([a-z-]+)", path.read_text(), re.M)
        assert set(shown) <= make_targets(), path


def test_every_way_to_run_the_chaos_bench_that_is_shown_is_one():
    shown = [
        given
        for path in DOCUMENTS
        for given in re.findall(r"bench-chaos ARGS='([^']+)'", path.read_text())
    ]
    assert shown
    for given in shown:
        assert chaos.options(shlex.split(given))


def test_every_scenario_of_the_chaos_bench_is_in_its_table():
    table = rows(ROOT / "docs/scaling.md", "Scenario")
    assert [name.strip("`") for name in table] == list(chaos.SCENARIOS)
    assert f"each of {len(FAULTS)} faults" in table["`faults`"]


def test_the_nginx_that_is_shown_does_what_the_one_that_runs_does():
    (block,) = blocks(ROOT / "docs/scaling.md", "nginx")
    shown, run = (
        {line.strip() for line in text.splitlines() if line.strip().endswith(";")}
        for text in (block, (ROOT / "tools/nginx.conf").read_text())
    )
    own = re.compile(r"(server|listen|server_name|ssl_certificate|ssl_certificate_key) ")
    assert {line for line in shown if not own.match(line)} <= run
    within = run - {line for line in run if re.match(r"(listen|add_header X-Instance) ", line)}
    assert {line for line in within if line.startswith(("proxy_", "keepalive"))} - shown == {
        "proxy_temp_path proxy;"
    }
