"""Start and stop the resources of a run, and log the events about that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagflow.context.init import InitResourceContext
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.engine.log import NO_STEP
from dagflow.engine.run_state import RunState
from dagflow.errors import DagflowError
from dagflow.events.types import CODE, DagflowEventType

_T = DagflowEventType
_INIT_STARTED, _INIT_SUCCESS = CODE[_T.RESOURCE_INIT_STARTED], CODE[_T.RESOURCE_INIT_SUCCESS]
_INIT_FAILURE, _ENGINE_EVENT = CODE[_T.RESOURCE_INIT_FAILURE], CODE[_T.ENGINE_EVENT]


def start_resources(state: RunState) -> bool:
    """Start the resources. Return whether all started; otherwise `state.error` is the error."""
    keys = state.plan.resource_keys
    if not keys:
        return True
    only = state.plan.only_step
    step = NO_STEP if only is None else only
    clock = state.options.clock
    state.log.append(_INIT_STARTED, step)
    started = clock.now()

    def context(definition: ResourceDefinition, config: Any, needs: Mapping[str, Any]) -> InitResourceContext:
        return InitResourceContext(
            config, needs, state.get_instance, definition, state.run, state.current_log
        )

    faults = state.options.faults
    definitions = state.job.resource_defs if faults is None else faults.resource_definitions(state)
    try:
        state.resources.start(keys, definitions, context, state.plan.resource_configs)
    except DagflowError as error:
        state.error = error
        state.log.append(_INIT_FAILURE, step, payload=_own_error_info(error))
        return False
    if faults is not None:
        faults.resources_started(state)
    classes = {key: type(value) for key, value in state.resources.values.items()}
    state.log.append(_INIT_SUCCESS, step, payload=(classes, clock.now() - started))
    return True


def stop_resources(state: RunState) -> None:
    """Stop all resources. A failed teardown is logged. The first interrupt is raised at the end."""
    only = state.plan.only_step
    step = NO_STEP if only is None else only
    interrupts = []
    for key, error in state.resources.stop():
        state.log.append(_ENGINE_EVENT, step, payload=(key, error_info(error)))
        if not isinstance(error, Exception):
            interrupts.append(error)
    if interrupts:
        raise interrupts[0]


def _own_error_info(error: BaseException) -> Any:
    from dagflow.events.error_info import own_error  # imported lazily: only failures use it

    return error_info(own_error(error))


def error_info(error: BaseException | None) -> Any:
    """Return the record of an exception, None for None."""
    from dagflow.events.error_info import SerializableErrorInfo  # imported lazily: only failures use it

    return None if error is None else SerializableErrorInfo.from_exception(error)
