"""The pytest plugin, found by entry point: the fixtures of `WidgetContract`. Loads what it needs when a
test needs it, since it is there in every run of pytest in this environment."""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from widgets.contract.stage import Stage
    from widgets.contract.subject import Subject


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each rule for each widget of the class."""
    if "contract_rule" not in metafunc.fixturenames:
        return
    from widgets.contract.rule import rules  # noqa: PLC0415
    from widgets.site.factory import find_widgets  # noqa: PLC0415
    from widgets.site.upstreams import SOURCES  # noqa: PLC0415

    try:
        rules()
    except ImportError as error:
        raise pytest.UsageError(f"{error}. Get it: pip install 'erp-widgets[contract]'.") from None
    wanted = getattr(metafunc.cls, "widget", "")
    metafunc.parametrize("contract_rule", rules().values(), ids=list(rules()))
    names = [wanted] if wanted else [each.slug for each in find_widgets(SOURCES).values()]
    metafunc.parametrize("contract_name", names, scope="module")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says so where the HTML was looked at with less than is meant."""
    reports = [each for some in terminalreporter.stats.values() for each in some]
    if any("[valid-html-" in str(getattr(each, "nodeid", "")) for each in reports):
        from widgets.contract.checker import NO_JAVA, has_java  # noqa: PLC0415

        if not has_java():
            terminalreporter.write_line(NO_JAVA)


@pytest.fixture(scope="session")
def contract_browser() -> "Iterator[Browser]":
    """A real Chromium. Playwright starts once in a process, so other tests use this one too."""
    from widgets.contract.looking import chromium  # noqa: PLC0415

    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def contract_environment() -> dict[str, str]:
    """Settings of upstreams that a package brings; override it to start a stand-in of yours."""
    return {}


@pytest.fixture(scope="module")
def contract_stage(
    request: pytest.FixtureRequest, contract_environment: dict[str, str]
) -> "Iterator[Stage]":
    """The application over a mock ERP, served to a browser."""
    from widgets.contract.stage import standing  # noqa: PLC0415

    with standing(contract_environment) as stage:
        params = [getattr(item, "callspec", None) for item in request.session.items]
        named = [each.params.get("contract_name") for each in params if each]
        stage.chosen = list(dict.fromkeys(name for name in named if name in stage.subjects))
        yield stage


@pytest.fixture
def contract_subject(
    request: pytest.FixtureRequest,
    contract_stage: "Stage",
    contract_name: str,
    contract_browser: "Browser",
) -> "Iterator[Subject]":
    """The widget that is looked at. Errors are made on purpose meanwhile, and none is logged."""
    for name, more in request.cls.more.items():
        contract_stage.subject(name).more = more
    subject = contract_stage.subject(contract_name)
    subject.browser = contract_browser
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    yield subject
    logging.disable(before)
