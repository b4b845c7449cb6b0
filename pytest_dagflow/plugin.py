"""The hooks of pytest that this plugin takes part in. Each passes on to the module that does the work."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_dagflow import hooks, markers, options, record, report, selection
from pytest_dagflow import session as dag_session

pytest_plugins: list[str] = ["pytest_dagflow.fixtures"]

pytest.register_assert_rewrite("pytest_dagflow.assertions")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the options."""
    options.add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Offer the hooks, and the markers before any file of the user is read."""
    markers.install()
    pluginmanager.add_hookspecs(hooks)


def pytest_configure(config: pytest.Config) -> None:
    """Begin the session."""
    markers.register(config)
    dag_session.start(config)
    selection.check_texts(config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Show the selection."""
    return selection.header(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Check the markers, and make one test for each partition key."""
    markers.check_nodes(metafunc)
    markers.parametrize_partitions(metafunc)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Keep the tests that touch the selected nodes."""
    selection.narrow(session, items)


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Show what the selection selected."""
    return selection.report(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist what time it is."""
    dag_session.prepare_worker(node.config, node.workerinput)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear from a worker of xdist what it selected and what ran."""
    dag_session.take_outcome(node.config, getattr(node, "workeroutput", {}))
    record.take(node.config, getattr(node, "workeroutput", {}))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note what runs in a test."""
    with record.watched(item), report.watched(item):
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Note the runs of a test whose fixtures were the first to need the runtime."""
    report.watch(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note which tests did not pass, and tell what ran in those that failed."""
    report.prepare(item, call)
    outcome = yield
    record.note_report(item.config, outcome)
    report.add_section(item, outcome)
    return outcome


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Keep the record, and fail for a mistake in the selection that only a worker of xdist could see."""
    record.save(session.config)
    yield
    selection.raise_mistake(session.config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show, under xdist, what the selection selected."""
    selection.report_late(terminalreporter, config)
