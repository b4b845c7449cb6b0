"""The hooks of a session with `--dag-cov`.

`plugin.py` registers this module as a plugin of its own in sessions with the option, so that other sessions
neither load it nor call it.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pytest_dagflow.coverage.collect import CollectedCoverage
from pytest_dagflow.coverage.result import CoverageResult, judge
from pytest_dagflow.coverage.settings import Settings, read_settings
from pytest_dagflow.coverage.write import write_reports
from pytest_dagflow.session import worker_input_of

_SETTINGS = pytest.StashKey[Settings]()
_COLLECTED = pytest.StashKey[CollectedCoverage]()
_RESULT = pytest.StashKey[CoverageResult]()


def pytest_configure(config: pytest.Config) -> None:
    """Check the options, so that an invalid one ends the session at once.

    Raises:
        pytest.UsageError: An option is invalid.
    """
    config.stash[_COLLECTED] = CollectedCoverage()
    if not _is_worker(config):
        config.stash[_SETTINGS] = read_settings(config)


def _is_worker(config: pytest.Config) -> bool:
    return bool(worker_input_of(config))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Read the graph of all collected tests, before a selection drops some of them.

    Raises:
        pytest.UsageError: The definitions of the project cannot be loaded, or the base is of another project.
    """
    config = session.config
    collected = config.stash[_COLLECTED]
    try:
        collected.start(config, items)
        if not _is_worker(config):
            _check_base(config)
    except pytest.UsageError as error:
        if not _is_worker(config) and not session.testsfailed:  # an import error comes first
            raise
        collected.error = str(error)
    yield


def _check_base(config: pytest.Config) -> None:
    settings = config.stash[_SETTINGS]
    coverage = config.stash[_COLLECTED].merged(settings.shards)
    if settings.base is not None and settings.base.nodes and not coverage.shares_nodes_with(settings.base):
        own = (
            f"the {len(coverage.nodes)} nodes of this one"
            if coverage.nodes
            else "this one, which has no node"
        )
        raise pytest.UsageError(
            f"--dag-cov-base: '{settings.base_path}' is of another project: its {len(settings.base.nodes)} "
            f"nodes and {own} have no name in common. Name a JSON report of this project, as "
            "--dag-cov-base=PATH, or leave the option out"
        )


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Receive the coverage of a worker of xdist."""
    node.config.stash[_COLLECTED].receive(getattr(node, "workeroutput", {}))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Send the coverage of a worker, or write the reports and fail the session below a threshold.

    Raises:
        pytest.UsageError: A worker could not read the graph, or the base is of another project.
    """
    config = session.config
    if _is_worker(config):
        config.stash[_COLLECTED].send(config.workeroutput)  # type: ignore[attr-defined]
        yield
        return
    yield
    result = result_of(config)
    if result is None:
        if session.testsfailed:  # the summary has the reason
            return
        raise pytest.UsageError(config.stash[_COLLECTED].error)
    is_ended = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    if is_ended and result.failures:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    """Observe no more runs."""
    config.stash[_COLLECTED].stop()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """Print the report, or the reason why there is none if failed tests end the session."""
    if _is_worker(config):
        return
    result = result_of(config)
    if result is not None:
        from pytest_dagflow.coverage.formats.terminal import print_result

        print_result(terminalreporter, result, is_whole=config.stash[_SETTINGS].is_shown)
    elif exitstatus:
        terminalreporter.section("dag coverage")
        terminalreporter.write_line(f"no coverage: {config.stash[_COLLECTED].error}", red=True)


def report_paths(config: pytest.Config) -> list[Path]:
    """Return the files of the reports."""
    return [path for _, path in config.stash[_SETTINGS].files]


def result_of(config: pytest.Config) -> CoverageResult | None:
    """Return the result of the session; None after an error in the graph.

    The first call, after all workers ended, writes the reports.
    """
    settings, collected = config.stash[_SETTINGS], config.stash[_COLLECTED]
    if collected.received and not collected.error:
        try:
            _check_base(config)
        except pytest.UsageError as error:
            collected.error = str(error)
    if collected.error:
        return None
    if _RESULT not in config.stash:
        result = config.stash[_RESULT] = judge(collected.merged(settings.shards), settings)
        result.failures += write_reports(result, settings, config)
    return config.stash[_RESULT]
