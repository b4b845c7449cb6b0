"""The state of one test session, kept in the stash of its config."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

import pytest

from pytest_dagflow import hooks
from pytest_dagflow.hook_calls import failing_test, implementations, redacted
from pytest_dagflow.options import DEFINITIONS, Options, read_options

if TYPE_CHECKING:
    from dagflow import DagflowEvent


@dataclass
class SelectionResult:
    """The result of a selection. It is made where tests are collected: under xdist in each worker.

    Attributes:
        error: The message of an error in the selection, which ends the session; empty if there is no error.
        summary: The lines of the report about the selection.
        explanations: The lines of `--dag-explain`.
        tests: The number of collected tests.
        dropped: The ids of the tests that the selection would drop; only under `--dag-shadow`.
        is_nothing_changed: Whether no test was kept, because nothing changed.
    """

    error: str = ""
    summary: list[str] = field(default_factory=list)
    explanations: list[str] = field(default_factory=list)
    tests: int = 0
    dropped: list[str] = field(default_factory=list)
    is_nothing_changed: bool = False


class DagSession:
    """One test session.

    Attributes:
        options: The options of the session.
        now: The start time of the session, in seconds since the epoch. The workers of xdist use the time of
            the controller, so that all of them collect the same partition keys.
        selection: The result of the selection; None until the tests are collected.
        is_selection_received: Whether a worker of xdist sent `selection`. Only true on the controller.
        skipped_seconds: The seconds of waits for retries that the finished tests skipped.
        item: The test that runs now, None between tests.
        notes: The notes of tests about what has no effect, each once, for the end of the session.
        project: The definitions of the project in a list, after they were loaded; empty before.
        usage_error: The usage error of a worker of xdist, which cannot end the session itself.
    """

    def __init__(self, options: Options, now: float) -> None:
        self.options = options
        self.now = now
        self.selection: SelectionResult | None = None
        self.is_selection_received = False
        self.skipped_seconds = 0.0
        self.item: pytest.Item | None = None
        self.notes: dict[str, None] = {}
        self.project: list[object] = []
        self.usage_error: str = ""


_KEY = pytest.StashKey[DagSession]()
_configs: list[pytest.Config] = []
"""The configs of the sessions of this process that have not ended; pytester runs one inside another."""


def start_session(config: pytest.Config) -> DagSession:
    """Create the session: read the options and the time."""
    now = worker_input_of(config).get("dag_now") or time.time()
    session = DagSession(read_options(config), now)
    config.stash[_KEY] = session
    _configs.append(config)
    return session


@contextmanager
def running(item: pytest.Item) -> Iterator[None]:
    """Set the test that runs in this block."""
    session = session_of(item.config)
    session.item = item
    try:
        yield
    finally:
        session.item = None


def current_config() -> pytest.Config | None:
    """Return the config of the session that runs now; None outside of pytest."""
    return _configs[-1] if _configs else None


def is_verbose() -> bool:
    """Return whether messages are shown in full: with `-vv`."""
    config = current_config()
    return config is not None and config.get_verbosity() >= 2


def shown_event(event: DagflowEvent) -> DagflowEvent:
    """Return an event as the message of an assertion may show it: as `pytest_dagflow_redact` replaces it.

    Raises:
        pytest.fail.Exception: The hook raised, or returned something else.
    """
    config = current_config()
    if config is None:
        return event
    with failing_test():
        return redacted(config, event)


def end_session(config: pytest.Config) -> None:
    """Forget the config of a session."""
    if config in _configs:
        _configs.remove(config)


def session_of(config: pytest.Config) -> DagSession:
    """Return the session of a config."""
    return config.stash[_KEY]


def worker_input_of(config: pytest.Config) -> dict[str, Any]:
    """Return the values that the controller of xdist sent to this worker; an empty dict outside a worker."""
    sent: dict[str, Any] = getattr(config, "workerinput", {})
    return sent


def fill_worker_input(config: pytest.Config, worker_input: dict[str, Any]) -> None:
    """Add the time to the values that the controller of xdist sends to a worker."""
    worker_input["dag_now"] = session_of(config).now


def send_selection(config: pytest.Config, selection: SelectionResult) -> None:
    """Store the result of the selection, and send it to the controller of xdist if this is a worker."""
    session_of(config).selection = selection
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output["dag_selection"] = vars(selection)


def add_note(config: pytest.Config, note: str) -> None:
    """Print a note once at the end of the session, also from a worker of xdist."""
    session_of(config).notes[note] = None


@contextmanager
def refusing_in_worker(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Let a usage error of this block end the session. A worker of xdist runs no test and sends the error."""
    try:
        yield
    except pytest.UsageError as error:
        if not worker_input_of(config):
            raise
        session_of(config).usage_error = str(error)
        items.clear()


def raise_received(config: pytest.Config) -> None:
    """Raise the usage error that workers of xdist sent.

    Raises:
        pytest.UsageError: There is one.
    """
    error = session_of(config).usage_error
    if error and not worker_input_of(config):
        raise pytest.UsageError(error)


def send_results(config: pytest.Config) -> None:
    """Send notes, skipped seconds and a usage error to the controller, if this is a worker of xdist."""
    output = getattr(config, "workeroutput", None)
    if output is not None:
        session = session_of(config)
        output["dag_notes"] = list(session.notes)
        output["dag_skipped_seconds"] = session.skipped_seconds
        output["dag_usage_error"] = session.usage_error


def receive_results(config: pytest.Config, worker_output: dict[str, Any]) -> None:
    """Add the results of a worker of xdist to those of the controller.

    All workers send the same selection, so that of the first one counts.
    """
    session = session_of(config)
    selection = worker_output.get("dag_selection")
    if selection and session.selection is None:
        session.selection = SelectionResult(**selection)
        session.is_selection_received = True
    session.notes.update(dict.fromkeys(worker_output.get("dag_notes", ())))
    session.skipped_seconds += worker_output.get("dag_skipped_seconds", 0.0)
    session.usage_error = session.usage_error or worker_output.get("dag_usage_error", "")


def print_notes(reporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the notes of the session."""
    for note in session_of(config).notes:
        reporter.write_line(f"dagflow: {note}")


def cache_file(config: pytest.Config, name: str) -> Path | None:
    """Return the path of a file of dagflow in pytest's cache; None if there is no such folder."""
    cache = getattr(config, "cache", None)  # absent under -p no:cacheprovider
    try:
        return None if cache is None else cache.mkdir("dagflow") / name
    except OSError:  # it cannot be created
        return None


def load_project_definitions(config: pytest.Config) -> object:
    """Return the definitions of the project: from the hook, or else from the ini file.

    A function is called, and its result is returned. Each session loads the definitions once.

    Returns:
        None if neither the hook nor the ini file names definitions.

    Raises:
        pytest.UsageError: The value of the ini key is invalid, or cannot be imported; or the hook raised.
    """
    session = session_of(config)
    if not session.project:
        session.project.append(_load_definitions(config, session.options.definitions))
    return session.project[0]


def _load_definitions(config: pytest.Config, target: str) -> object:
    for one in implementations(hooks.pytest_dagflow_definitions, config):
        found = one.call(config=config)
        if found is not None:
            return _call_function(found, str(one))
    if not target:
        return None
    module_name, colon, attribute = target.partition(":")
    if not (module_name and colon and attribute):
        raise pytest.UsageError(f"ini key '{DEFINITIONS}' must be 'package.module:attribute', not '{target}'")
    import importlib

    try:
        found = importlib.import_module(module_name)
        for name in attribute.split("."):
            found = getattr(found, name)
    except Exception as error:
        raise pytest.UsageError(
            f"ini key '{DEFINITIONS}': cannot load '{target}': {type(error).__name__}: {error}"
        ) from error
    return _call_function(found, f"ini key '{DEFINITIONS}': cannot call '{target}'")


def _call_function(value: object, where: str) -> object:
    """Return the result of a function, any other value itself. A definition can be called, but is none."""
    is_lazy = hasattr(value, "load_fn")  # the function of @definitions
    if not isinstance(value, FunctionType | MethodType | partial) and not is_lazy:
        return value
    try:
        return value()  # type: ignore[operator]
    except Exception as error:
        raise pytest.UsageError(f"{where}: {type(error).__name__}: {error}") from error
