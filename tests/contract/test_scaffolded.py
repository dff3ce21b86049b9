"""What `widgets new` writes keeps the contract at once, whichever read it starts from."""

import pytest

from widgets.contract.rule import rules, told
from widgets.contract.stage import standing
from widgets.site.scaffold_reads import STARTS
from widgets.site.scaffold_upstream import start_of

pytestmark = pytest.mark.browser

OWN = "an upstream of its own"
NAMES = {read: f"try-{read.replace('_', '-')}" for read in STARTS} | {OWN: "try-own"}


@pytest.fixture(scope="module")
def stage(add_widget):
    for read, name in NAMES.items():
        add_widget(name, start_of("machine-hall") if read == OWN else STARTS[read])
    with standing() as stage:
        stage.chosen = list(NAMES.values())
        yield stage


@pytest.mark.parametrize("read", NAMES)
def test_a_new_widget_keeps_every_rule(stage, contract_browser, read):
    subject = stage.subject(NAMES[read])
    subject.browser = contract_browser
    broken = [
        line
        for rule in rules().values()
        if (faults := list(rule.check(subject)))
        for line in told(subject, rule, faults)
    ]
    assert not broken, "\n".join(broken)
