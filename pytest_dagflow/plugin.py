"""The pytest hooks of this plugin. Each hook calls the module that implements it.

A hook imports what only some sessions need: those that have imported the runtime, that mark a test, or that
use an option. A session of pytest that uses nothing of this plugin loads fifteen small modules.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

import pytest

from pytest_dagflow import hooks, imports, registration, runtime
from pytest_dagflow import session as dag_session
from pytest_dagflow.fixtures import declared
from pytest_dagflow.markers import registry
from pytest_dagflow.reports import observed
from pytest_dagflow.selecting import runs_of_tests
from pytest_dagflow.selecting.outside import session as reads

pytest.register_assert_rewrite("pytest_dagflow.assertions")
_REDIRECT = "DAG_AGAINST_REDIRECT"
"""The variable of `pytest_dagflow.against.redirect`, which only sessions on a revision import."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    registration.add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register hooks and fixtures; prepare imports and markers before pytest imports a file of the user."""
    imports.install_finder()
    if _REDIRECT in os.environ:
        from pytest_dagflow.against.redirect import install_from_environment

        install_from_environment()
    registry.install_markers()
    pluginmanager.add_hookspecs(hooks)
    # as a module, because pytest scans all installed distributions for each string in `pytest_plugins`
    pluginmanager.register(declared, declared.__name__)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Choose the runtime and record what the project reads, before pytest imports a file of the user."""
    runtime.start_runtime(early_config)
    reads.start_watching(early_config)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Let a second session leave selections and reports to the first one, before plugins read its options."""
    if config.getoption("dag_against_part") is not None:
        from pytest_dagflow.against.part import leave_reports_to_first

        leave_reports_to_first(config)


def pytest_configure(config: pytest.Config) -> None:
    """Start the session, with the hooks of an option only if it is used."""
    runtime.start_runtime(config)  # if this plugin was loaded by a conftest
    runtime.leave_reports_to_first(config)
    reads.start_watching(config)
    registry.register_markers(config)
    session = dag_session.start_session(config)
    config.pluginmanager.register(runs_of_tests.Reports(config), "dagflow-reports")
    if config.get_verbosity() > 0:
        from pytest_dagflow.reports.progress import Progress, shows_progress

        if shows_progress(config):
            config.pluginmanager.register(
                Progress(sys.stdout.fileno(), sys.stdout.encoding), "dagflow-progress"
            )
    if session.options.is_selecting:
        config.pluginmanager.import_plugin("pytest_dagflow.selecting.select")
    if session.options.coverage:
        config.pluginmanager.import_plugin("pytest_dagflow.coverage.session")
    if session.options.html is not None:
        config.pluginmanager.import_plugin("pytest_dagflow.timelines.session")
    if session.options.cov_lines:
        config.pluginmanager.import_plugin("pytest_dagflow.coverage.lines")
    if session.options.smoke:
        config.pluginmanager.import_plugin("pytest_dagflow.items.smoke")
    if session.options.against is not None:
        config.pluginmanager.import_plugin("pytest_dagflow.against.session")
    if session.options.against_part is not None:
        config.pluginmanager.import_plugin("pytest_dagflow.against.part")
    if config.getoption("dag_run"):
        config.pluginmanager.import_plugin("pytest_dagflow.against.runs")
    if session.options.mutates:
        config.pluginmanager.import_plugin("pytest_dagflow.mutating.mutate")
    if session.options.mutant is not None:
        config.pluginmanager.import_plugin("pytest_dagflow.mutating.mutant")
    if session.options.runtime_part is not None:
        config.pluginmanager.import_plugin("pytest_dagflow.runtimes.part")
    elif session.options.runtime:
        config.pluginmanager.import_plugin("pytest_dagflow.runtimes.session")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the imports and markers of other sessions as they were."""
    imports.remove_finder()
    dag_session.end_session(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Create one test for each partition key and each executor."""
    if registry.is_marked(metafunc.definition):
        from pytest_dagflow.markers import executors, partitions

        partitions.parametrize_partitions(metafunc)
        executors.parametrize_executors(metafunc)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Check the markers of the collected tests."""
    report = yield
    if any(isinstance(node, pytest.Item) and registry.is_marked(node) for node in report.result or ()):
        from pytest_dagflow.markers.items import check_markers

        check_markers(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Remember the tests before any selection of them."""
    if runtime.is_dagflow_loaded(config):
        from pytest_dagflow.selecting.recording import remember_collected

        remember_collected(config, items)
    yield


def pytest_collection_finish(session: pytest.Session) -> None:
    """Remember the versions of the files with which the tests run."""
    if runtime.is_dagflow_loaded(session.config):
        from pytest_dagflow.selecting.recording import remember_sources

        remember_sources(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Send the time to a worker of xdist."""
    dag_session.fill_worker_input(node.config, node.workerinput)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Receive the selection, the record, the skipped seconds and the notes of a worker of xdist."""
    from pytest_dagflow.selecting.recording import receive_record

    worker_output = getattr(node, "workeroutput", {})
    dag_session.receive_results(node.config, worker_output)
    receive_record(node.config, worker_output)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Set the variables of a test, record its nodes, keep its runs, skip its waits, and stop at a Ctrl-C."""
    with ExitStack() as stack:
        if registry.is_marked(item):
            from pytest_dagflow.markers.env import set_variables

            set_variables(item, stack)
        stack.enter_context(dag_session.running(item))

        has_receivers = item.config.hook.pytest_dagflow_event.get_hookimpls()

        def prepare_runs() -> None:
            from pytest_dagflow.markers import executors
            from pytest_dagflow.markers import time as real_time
            from pytest_dagflow.reports import interrupts

            interrupts.stop_pytest(stack)
            real_time.skip_waits(item, stack)
            executors.use_executor(item, stack)
            if has_receivers:
                from pytest_dagflow.fixtures.events import sending_events

                stack.enter_context(sending_events(item))

        with (
            reads.reads_of_test(item),
            runs_of_tests.recording_nodes(item),
            observed.keeping_runs(item),
            imports.when_loaded(prepare_runs),
        ):
            return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a marker that needs another runtime."""
    runtime.check_item(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Check the conditions of a test after all of its examples."""
    outcome = yield
    if imports.is_runtime_loaded():
        from pytest_dagflow.fixtures.faults import check_conditions

        check_conditions(item)
    return outcome


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, object, object]:
    """Fail a test once for all that had no effect."""
    if not imports.is_runtime_loaded():
        return (yield)
    from pytest_dagflow.fixtures.strict import one_failure

    with one_failure():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Keep the runs of a fixture of a wider scope for the report of each test that uses it."""
    __tracebackhide__ = True
    with observed.keeping_runs_of_fixture(fixturedef, request):
        return (yield)


def pytest_fixture_post_finalizer(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
    """Free the runs of a fixture."""
    observed.forget_fixture(fixturedef, request.config)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record the nodes of fixtures, add the runs to the report, and stop at a Ctrl-C."""
    if not imports.is_runtime_loaded():
        return (yield)
    from pytest_dagflow.fixtures import strict
    from pytest_dagflow.reports import failure, interrupts

    failure.prepare_report(item, call)
    outcome = yield
    strict.note_outcome(item, outcome)
    runs_of_tests.add_nodes(item, observed.nodes_of_fixtures(item))
    failure.add_section(item, outcome)
    if call.excinfo is not None:
        interrupts.check_raised(item, call.excinfo)
    return outcome


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Save the record before xdist sends the output of a worker, and raise the error that one sent."""
    config = session.config
    is_controller = config.pluginmanager.hasplugin("dsession")
    if runtime.is_dagflow_loaded(config) or (is_controller and not runtime.runs_on_dagster(config)):
        from pytest_dagflow.selecting import parsed_modules, recording

        recording.save_record(session.config)
        parsed_modules.save_parsed_modules(session.config)
    dag_session.send_results(session.config)
    yield
    dag_session.raise_received(config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the seconds of skipped waits, the notes, and the tests of failed steps that were written."""
    session = dag_session.session_of(config)
    if session.skipped_seconds:
        from pytest_dagflow.markers.time import print_skipped

        print_skipped(terminalreporter, session.skipped_seconds)
    dag_session.print_notes(terminalreporter, config)
    if session.options.save_failed is not None:
        from pytest_dagflow.reports.saved import print_saved

        print_saved(terminalreporter, config)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_exception_interact(
    node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any]
) -> Generator[None, object, object]:
    """Let the debugger of --pdb open in the frame of the user, not in that of the engine."""
    if not (node.config.getoption("usepdb", False) and imports.is_runtime_loaded()):
        return (yield)
    from pytest_dagflow.reports.debugger import in_user_frame

    with in_user_frame(call):
        return (yield)
