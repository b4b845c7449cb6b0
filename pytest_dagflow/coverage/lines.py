"""The hooks of a session with `--dag-cov-lines`: each line that coverage.py records has the name of its node.

`plugin.py` registers this module as a plugin of its own in sessions with the option, so that other sessions
neither load it nor call it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from pytest_dagflow.coverage.line_contexts import SEVERAL, LineContexts, SessionWatch, problem_of
from pytest_dagflow.imports import when_loaded
from pytest_dagflow.options import COV_LINES
from pytest_dagflow.session import add_note, worker_input_of

_ERROR = "dag_cov_lines_error"
_CONTEXTS = pytest.StashKey[LineContexts]()
_PROBLEM = pytest.StashKey[str]()


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Find the coverage.py that measures this process. pytest-cov has started it by now.

    Raises:
        pytest.UsageError: None runs, or it cannot have contexts.
    """
    from coverage import Coverage

    config, measuring = session.config, Coverage.current()
    is_worker = bool(worker_input_of(config))
    if measuring is None:
        problem = _UNMEASURED_WORKER if is_worker else _UNMEASURED_SESSION
    else:
        problem = problem_of(measuring)
    if problem and is_worker:
        config.stash[_PROBLEM] = problem  # the controller shows it
    elif problem:
        raise pytest.UsageError(f"{COV_LINES}: {problem}.")
    elif measuring is not None:
        config.stash[_CONTEXTS] = LineContexts(
            measuring, threading.get_ident(), partial(add_note, config, _OVERLAP)
        )


_SUBPROCESS = (
    "Write 'patch = subprocess' into [run] of the file .coveragerc ([tool.coverage.run] of pyproject.toml)"
)
_UNMEASURED_SESSION = (
    "no coverage.py measures this process. Start the tests by 'coverage run -m pytest --dag-cov-lines', or "
    "with pytest-cov by 'pytest --cov --dag-cov-lines'"
)
_UNMEASURED_WORKER = f"no coverage.py measures the workers of xdist. Use pytest-cov, or: {_SUBPROCESS}"
_OVERLAP = (
    f"{COV_LINES}: nodes ran at once in threads. The context of their lines names each, as in "
    f"'asset a{SEVERAL}asset b', because coverage.py has one context for all threads."
)
_UNMEASURED = f"{COV_LINES}: steps ran in processes that coverage.py does not measure. {_SUBPROCESS}."


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Watch the nodes that a test and its fixtures run."""
    contexts = item.config.stash.get(_CONTEXTS, None)
    if contexts is None:
        return (yield)
    contexts.settle()
    with ExitStack() as stack:

        def start() -> None:
            from dagflow.testing import default_options

            watch = SessionWatch(contexts, partial(_note_worker, item.config))
            stack.enter_context(default_options(watch=watch))

        with when_loaded(start):
            return (yield)


def _note_worker(config: pytest.Config) -> None:
    if not (os.environ.get("COVERAGE_PROCESS_CONFIG") or os.environ.get("COVERAGE_PROCESS_START")):
        add_note(config, _UNMEASURED)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Receive the problem of a worker of xdist."""
    problem = getattr(node, "workeroutput", {}).get(_ERROR)
    if problem:
        node.config.stash[_PROBLEM] = problem


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Send the problem of a worker of xdist to the controller, which ends the session with it.

    Raises:
        pytest.UsageError: A worker could not have contexts.
    """
    config = session.config
    problem = config.stash.get(_PROBLEM, "")
    if worker_input_of(config):
        config.workeroutput[_ERROR] = problem  # type: ignore[attr-defined]
        yield
        return
    yield
    if problem := config.stash.get(_PROBLEM, ""):
        raise pytest.UsageError(f"{COV_LINES}: {problem}.")
