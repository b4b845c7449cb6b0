"""The sets and levels of event types."""

from __future__ import annotations

import logging

from dagflow import DagflowEventType
from dagflow.events import types


def names(kinds: frozenset[DagflowEventType]) -> set[str]:
    """Return the names of the types."""
    return {kind.name for kind in kinds}


def test_sets_of_types() -> None:
    """Each type is in the sets of the owners in its row."""
    assert names(types.STEP_EVENTS) == {
        "STEP_START", "STEP_OUTPUT", "STEP_INPUT", "STEP_SUCCESS", "STEP_SKIPPED", "STEP_FAILURE",
        "STEP_UP_FOR_RETRY", "STEP_RESTARTED", "ASSET_MATERIALIZATION", "ASSET_OBSERVATION",
        "STEP_EXPECTATION_RESULT", "HANDLED_OUTPUT", "LOADED_INPUT", "OBJECT_STORE_OPERATION",
        "ASSET_CHECK_EVALUATION",
    }  # fmt: skip
    assert names(types.ASSET_EVENTS) == {
        "ASSET_MATERIALIZATION", "ASSET_MATERIALIZATION_PLANNED", "ASSET_OBSERVATION",
        "ASSET_CHECK_EVALUATION", "ASSET_CHECK_EVALUATION_PLANNED", "ASSET_WIPED",
        "ASSET_FAILED_TO_MATERIALIZE", "FRESHNESS_STATE_CHANGE",
    }  # fmt: skip
    assert names(types.HOOK_EVENTS) == {"HOOK_COMPLETED", "HOOK_ERRORED", "HOOK_SKIPPED"}
    assert names(types.ALERT_EVENTS) == {"ALERT_START", "ALERT_SUCCESS", "ALERT_FAILURE"}
    assert names(types.RUN_EVENTS) == {
        "RUN_ENQUEUED", "RUN_DEQUEUED", "RUN_STARTING", "RUN_START", "RUN_SUCCESS", "RUN_FAILURE",
        "RUN_CANCELING", "RUN_CANCELED", "RUN_SUSPENDED", "RUN_RESUMED",
    }  # fmt: skip
    assert names(types.FAILURE_EVENTS) == {"STEP_FAILURE", "RUN_FAILURE", "RUN_CANCELED"}


def test_levels() -> None:
    """A type is logged as an error if it reports a failure, otherwise as debug."""
    errors = {"STEP_FAILURE", "RUN_FAILURE", "RUN_CANCELED", "RESOURCE_INIT_FAILURE", "HOOK_ERRORED"}

    assert names(types.ERROR_LEVEL_EVENTS) == errors
    assert {kind.name for kind, level in types.LEVELS.items() if level == logging.ERROR} == errors
    assert set(types.LEVELS.values()) == {logging.DEBUG, logging.ERROR}


def test_types_with_the_same_data() -> None:
    """`types_with` returns all types with a data class."""
    assert [kind.name for kind in types.types_with("EngineEventData")] == [
        "STEP_WORKER_STARTING", "STEP_WORKER_STARTED", "RESOURCE_INIT_STARTED", "RESOURCE_INIT_SUCCESS",
        "RESOURCE_INIT_FAILURE", "ENGINE_EVENT",
    ]  # fmt: skip
