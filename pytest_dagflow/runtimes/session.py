"""The hooks of a session with `--dag-runtime`: its header, the second session of both, and the reports.

`plugin.py` registers this module as a plugin in sessions with the option, also in the workers of xdist.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from pytest_dagflow.outcomes import DURING_COLLECTION, INTERRUPTED
from pytest_dagflow.report_files import json_text, write_file
from pytest_dagflow.runtime import BOTH, DAGFLOW, DAGSTER, REPORT_OPTION, Started, started_runtime
from pytest_dagflow.runtimes.comparison import Comparison, compare
from pytest_dagflow.runtimes.outcomes import Side, recorder_of
from pytest_dagflow.runtimes.report import (
    TouchedName,
    as_json,
    print_comparison,
    print_names,
    without_imports_of_used,
)
from pytest_dagflow.runtimes.second import run_second
from pytest_dagflow.runtimes.settings import Settings, settings_of
from pytest_dagflow.second_session import letters_of_second

_OUTPUT = "dag_touched"
"""The key of the used names in the output of a worker of xdist."""


@dataclass
class _Sessions:
    """The sessions of this run of pytest.

    Attributes:
        first, second: The session of this process, and the one on Dagster.
        settings: The reports.
        output: The last lines of the second session if it ended by an error.
        touched: The names that the tests imported or used and that dagflow does not have.
    """

    first: Side
    second: Side
    settings: Settings
    output: str = ""
    touched: dict[TouchedName, None] = field(default_factory=dict)

    def comparison(self, config: pytest.Config) -> Comparison | None:
        """Return the comparison of both sessions; None if there is one only."""
        return compare(self.first, self.second) if started_runtime(config).choice == BOTH else None


_KEY = pytest.StashKey[_Sessions]()


def pytest_configure(config: pytest.Config) -> None:
    """Check the reports, and record the outcomes of all tests."""
    if hasattr(config, "workerinput"):
        return
    started = started_runtime(config)
    first = Side(started.name, _version_of(started), started.import_seconds, stopped=DURING_COLLECTION)
    config.stash[_KEY] = _Sessions(first, Side(DAGSTER, stopped="it did not start"), settings_of(config))
    config.pluginmanager.register(recorder_of(first, config), "dagflow-outcomes")


def pytest_report_header(config: pytest.Config) -> str:
    """Return the runtime."""
    started = started_runtime(config)
    name = f"{started.name} {_version_of(started)}"
    return f"dag-runtime: {name}" if started.choice != BOTH else f"dag-runtime: {name}, and then {DAGSTER}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Run the tests again on Dagster, also after a `-x` or an error of the collection on dagflow.

    A test that fails on Dagster only fails the session. A Ctrl-C ends both.
    """
    config = session.config
    sessions = config.stash.get(_KEY, None)
    if sessions is None:  # a worker of xdist
        return (yield)
    sessions.first.stopped, sessions.first.is_collected = INTERRUPTED, True
    try:
        result = yield
    except (session.Interrupted, session.Failed) as error:
        sessions.first.stopped = str(error)
        _end_first(sessions, config)
        raise
    sessions.first.stopped = ""
    _end_first(sessions, config)
    found = sessions.comparison(config)
    if found is not None and not session.testsfailed:
        session.testsfailed = found.failures or int(bool(sessions.second.stopped))
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Send the used names to the controller, if this is a worker of xdist."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_OUTPUT] = [tuple(one) for one in _touched(session.config)]  # xdist sends plain values
    yield


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Receive the used names of a worker of xdist."""
    found = getattr(node, "workeroutput", {}).get(_OUTPUT, ())
    node.config.stash[_KEY].touched.update(dict.fromkeys(TouchedName(*one) for one in found))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print and write the reports."""
    sessions = config.stash[_KEY]
    sessions.touched.update(dict.fromkeys(_touched(config)))
    touched = without_imports_of_used(sessions.touched)
    found = sessions.comparison(config)
    if config.option.collectonly:
        return
    if found is not None or sessions.settings.prints_names:
        terminalreporter.section("dag-runtime")
    if found is not None:
        print_comparison(
            terminalreporter,
            sessions.first,
            sessions.second,
            found,
            sessions.output,
            verbosity=config.get_verbosity(),
        )
    if sessions.settings.prints_names:
        print_names(terminalreporter, touched)
    if sessions.settings.files:
        sides = [sessions.first] if found is None else [sessions.first, sessions.second]
        text = json_text(as_json(sides, found, touched))
        for file in sessions.settings.files:
            _write(file, text)


def _write(file: Path, text: str) -> None:
    try:
        write_file(file, text)
    except OSError as error:
        raise pytest.UsageError(f"{REPORT_OPTION}: cannot write '{file}': {error}") from error


def _end_first(sessions: _Sessions, config: pytest.Config) -> None:
    """Keep the time of the first session, and run the second one."""
    sessions.first.session_seconds = perf_counter() - started_runtime(config).since
    if started_runtime(config).choice == BOTH and not config.option.collectonly:
        with letters_of_second(config, f"{DAGSTER}: the same tests") as show:
            sessions.output = run_second(config, sessions.second, lambda outcome: show(outcome.result))


def _version_of(started: Started) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("pytest-dagflow" if started.name == DAGFLOW else DAGSTER)
    except PackageNotFoundError:  # it is on the path, and not installed
        return ""


def _touched(config: pytest.Config) -> list[TouchedName]:
    """Return the names that this process imported or used and that dagflow does not have."""
    if started_runtime(config).name != DAGFLOW:
        return []
    from dagflow.compat import touched

    root = f"{config.rootpath}{os.sep}"
    return [TouchedName(one.name, one.is_used, one.where.removeprefix(root)) for one in touched()]
