"""What this test session has seen so far, kept in the stash of its config."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_dagflow.options import DEFINITIONS, Options, read_options


@dataclass
class Outcome:
    """What became of a selection. Made where tests are collected: under xdist in each worker.

    Attributes:
        error: A mistake in the selection, which ends the session as a usage error; empty if there is none.
        lines: What the report says of the selection.
        explained: Why each test was kept or dropped, if that was asked for.
    """

    error: str = ""
    lines: list[str] = field(default_factory=list)
    explained: list[str] = field(default_factory=list)


@dataclass
class DagSession:
    """One test session.

    Attributes:
        options: What the user asked for.
        now: The time at which the session began, in seconds since the epoch. The workers of xdist have that
            of the controller, so that all collect the same partition keys.
        outcome: What became of the selection; None until the tests are collected.
        was_told: Whether a worker of xdist told the outcome, because this is the controller.
    """

    options: Options
    now: float
    outcome: Outcome | None = None
    was_told: bool = False


_KEY = pytest.StashKey[DagSession]()


def start(config: pytest.Config) -> DagSession:
    """Begin the session: read the options and the time."""
    now = worker_input(config).get("dag_now") or time.time()
    session = DagSession(read_options(config), now)
    config.stash[_KEY] = session
    return session


def session_of(config: pytest.Config) -> DagSession:
    """The session that was begun with this config."""
    return config.stash[_KEY]


def worker_input(config: pytest.Config) -> dict[str, Any]:
    """What the controller of xdist told this worker; empty where this is no worker."""
    given: dict[str, Any] = getattr(config, "workerinput", {})
    return given


def prepare_worker(config: pytest.Config, worker_input: dict[str, Any]) -> None:
    """On the controller of xdist: tell a worker that is about to start what time it is."""
    worker_input["dag_now"] = session_of(config).now


def send_outcome(config: pytest.Config, outcome: Outcome) -> None:
    """Keep the outcome of the selection, and let the controller of xdist know it."""
    session_of(config).outcome = outcome
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output["dag_outcome"] = vars(outcome)


def take_outcome(config: pytest.Config, worker_output: dict[str, Any]) -> None:
    """On the controller of xdist: keep the outcome that the first worker sends. All of them have the same."""
    sent = worker_output.get("dag_outcome")
    session = session_of(config)
    if sent and session.outcome is None:
        session.outcome = Outcome(**sent)
        session.was_told = True


def project_definitions(config: pytest.Config) -> object:
    """Give the definitions of the project: from the hook, or else from the ini file.

    Returns:
        None where neither names any.

    Raises:
        pytest.UsageError: The ini key is there, and what it names is not.
    """
    found: object = config.hook.pytest_dagflow_definitions(config=config)
    target = session_of(config).options.definitions
    if found is not None or not target:
        return found
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
    return found
