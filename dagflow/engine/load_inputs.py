"""Load the inputs of a step from their sources, and check their types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dagflow.call import type_check_error, user_code
from dagflow.context.io import InputContext, IOAsset, OutputContext
from dagflow.context.resources import ResourcesOfType, ScopedResources
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.ops.definition import op_location
from dagflow.engine.run_state import RunState
from dagflow.engine.store_outputs import access_of, manager_of, output_context
from dagflow.errors import (
    DagflowError,
    DagflowExecutionLoadInputError,
    DagflowInvariantViolationError,
    DagflowTypeCheckError,
    DagflowTypeLoadingError,
    text_of,
)
from dagflow.event_loop import refuse_coroutine
from dagflow.events.types import CODE, DagflowEventType
from dagflow.plan.step import (
    FROM_COLLECT,
    FROM_CONFIG,
    FROM_DEFAULT,
    FROM_INPUT_VALUE,
    FROM_OUTPUT,
    FROM_OUTPUTS,
    GIVEN,
    OutputRef,
    Source,
    Step,
    StepInput,
)
from dagflow.tags import system_tag
from dagflow.types.kinds import Any as AnyType
from dagflow.types.kinds import DagflowType, TypeCheck, TypeCheckContext
from dagflow.types.loaders import DagflowTypeLoaderContext

if TYPE_CHECKING:
    from dagflow.defs.assets.spec import AssetSpec
    from dagflow.keys import AssetKey

_LOADED_INPUT = CODE[DagflowEventType.LOADED_INPUT]
_STEP_INPUT = CODE[DagflowEventType.STEP_INPUT]
_OBSERVATION = CODE[DagflowEventType.ASSET_OBSERVATION]


def load_inputs(
    state: RunState, step: Step, number: int, change: Callable[[dict[str, Any]], None] | None = None
) -> dict[str, Any]:
    """Load the values of all inputs, then check all of them. Return the values by name.

    Args:
        state: The run.
        step: The step.
        number: The number of the attempt, from 1.
        change: Changes the loaded values before they are checked; None for no change.

    Raises:
        DagflowExecutionLoadInputError: An I/O manager raised.
        DagflowTypeLoadingError: A type loader raised.
        DagflowTypeCheckDidNotPass: A value is of the wrong type.
    """
    append = state.log.append
    index = step.index
    arguments: dict[str, Any] = {}
    for position, item in enumerate(step.loads):
        source = item.source
        if (
            source.source_type == FROM_OUTPUT
            and source.manager_key in state.in_memory
            and source.ref in state.values
        ):
            arguments[item.name] = state.values[source.ref]
            append(_LOADED_INPUT, index, number, position)
        else:
            arguments[item.name] = _load(state, step, number, item, position)
    if change is not None:
        change(arguments)
    for position, item in enumerate(step.loads):
        if item.check is None:
            append(_STEP_INPUT, index, number, position)
        else:
            _check_input(state, step, number, item, position, arguments[item.name])
    return arguments


def _check_input(
    state: RunState, step: Step, number: int, item: StepInput, position: int, value: Any
) -> None:
    check = check_value(state, step, item.dagflow_type, value, f"input '{item.name}'")
    state.log.append(_STEP_INPUT, step.index, number, (position, check))
    if not check.success:
        raise type_check_error(
            f'step input "{item.name}"',
            item.dagflow_type,
            check,
            f"step '{step.key}', {op_location(step.op)}",
        )


def check_value(state: RunState, step: Step, dagflow_type: DagflowType, value: Any, what: str) -> TypeCheck:
    """Check a value against a type.

    Raises:
        DagflowTypeCheckError: The check function of the type raised.
    """
    context = TypeCheckContext(
        state.run.run_id,
        lambda: state.log_of(step),
        ResourcesOfType(lambda: state.resources.values, dagflow_type.display_name),
        dagflow_type,
    )
    try:
        return dagflow_type.type_check(context, value)
    except DagflowError:
        raise
    except Exception as error:
        raise DagflowTypeCheckError(
            f"the check of type '{dagflow_type.display_name}', made for {what} of step '{step.key}', raised "
            f"{type(error).__name__}",
            user_exception=error,
        ) from error


def _load(state: RunState, step: Step, number: int, item: StepInput, position: int) -> Any:
    source = item.source
    if source.source_type == FROM_OUTPUTS:
        values = []
        for part in source.parts:
            if part.source_type == FROM_OUTPUT and part.ref is not None and not state.has(part.ref):
                continue  # the step did not produce this output
            if part.ref is None and part.source_type not in (FROM_CONFIG, FROM_DEFAULT, FROM_INPUT_VALUE):
                continue
            values.append(_load_single(state, step, number, item, position, part))
        return values
    if source.source_type == FROM_COLLECT and source.ref is not None:
        _, _, *rest = source
        return [
            _load_single(state, step, number, item, position, Source(FROM_OUTPUT, ref, *rest))
            for ref in state.collected(source.ref)
        ]
    return _load_single(state, step, number, item, position, source)


def _load_single(
    state: RunState, step: Step, number: int, item: StepInput, position: int, source: Source
) -> Any:
    """Load the value of one source: a whole input, or an element of its list."""
    source_type = source.source_type
    if source_type == FROM_DEFAULT:
        return source.value
    if source_type == FROM_INPUT_VALUE:
        return state.input_values[source.value]
    if source_type == GIVEN:
        assert source.ref is not None
        return state.given[source.ref]
    if source_type == FROM_CONFIG:
        return _from_config(state, step, item, source)
    value: Any = None
    metadata: Mapping[str, Any] = {}
    if source_type == FROM_OUTPUT and source.manager_key in state.in_memory:
        if source.ref not in state.values:
            raise DagflowInvariantViolationError(
                f"input '{item.name}' of step '{step.key}' reads {_describe(source.ref)}, which was "
                "materialized without a value. Return the value, or read the asset through 'deps' only."
            )
        value = state.values[source.ref]
    else:
        value, metadata = _from_manager(state, step, number, item, source)
    plain = source is item.source and not metadata
    state.log.append(_LOADED_INPUT, step.index, number, position if plain else (position, source, metadata))
    return value


def _describe(ref: OutputRef | None) -> str:
    return "nothing" if ref is None else f"output '{ref.output_name}' of step '{ref.step_key}'"


def _from_config(state: RunState, step: Step, item: StepInput, source: Source) -> Any:
    loader = source.loader
    assert loader is not None
    keys = loader.required_resource_keys()
    context = DagflowTypeLoaderContext(
        resources=ScopedResources({key: state.resources.values[key] for key in keys}, "this type loader"),
        log=lambda: state.log_of(step),
        run_id=state.run.run_id,
        op_def=step.op,
        job_def=state.job,
        step_key=step.key,
    )
    with user_code(
        lambda error: DagflowTypeLoadingError(
            f"input '{item.name}' of step '{step.key}' could not be created from its config: "
            f"{text_of(error)}",
            user_exception=error,
        )
    ):
        return loader.construct_from_config_value(context, source.value)


def _from_manager(
    state: RunState, step: Step, number: int, item: StepInput, source: Source
) -> tuple[Any, Mapping[str, Any]]:
    assert source.manager_key is not None
    manager = manager_of(state, source.manager_key, "load_input", f"input '{item.name}' of step '{step.key}'")
    context = InputContext(
        name=item.name,
        op_def=step.op,
        dagflow_type=item.dagflow_type,
        definition_metadata=item.definition.metadata,
        config=item.config,
        access=access_of(state, step, source.manager_key),
        asset=None if source.asset_key is None else _asset_read(state, item, source),
        upstream_output=_upstream_context(state, step, item, source),
        partition_key=state.plan.partition_key,
        job_name=state.job.name,
    )
    with user_code(
        lambda error: DagflowExecutionLoadInputError(
            f"the I/O manager '{source.manager_key}' raised {type(error).__name__} while it loaded input "
            f"'{item.name}' of step '{step.key}'",
            user_exception=error,
            step_key=step.key,
            input_name=item.name,
        )
    ):
        value = manager.load_input(context)
    refuse_coroutine(value, f"load_input of the I/O manager '{source.manager_key}'")
    for observation in context.consume_observations():
        state.log.append(_OBSERVATION, step.index, number, observation)
    return value, context.consume_logged_metadata()


def _asset_read(state: RunState, item: StepInput, source: Source) -> IOAsset:
    """Return the asset that an input reads, with the partitions that it reads."""
    known = _asset_known(state, source)
    return IOAsset(source.asset_key, item.partition_keys, None if known is None else known.partitions_def)


def _upstream_context(state: RunState, step: Step, item: StepInput, source: Source) -> OutputContext | None:
    """Return the context of the output that an input reads, None if the output is unknown."""
    if source.ref is not None:
        producer = state.plan.step_by_key(source.ref.step_key)
        output = producer.output_by_name[source.ref.output_name]
        return output_context(
            state,
            producer,
            output,
            source.ref.mapping_key,
            run_id=state.stored.get(source.ref),
        )
    known = _asset_known(state, source)
    if source.asset_key is None or known is None:
        return None
    assert source.manager_key is not None
    access = access_of(state, step, source.manager_key)
    metadata, asset = known.metadata, _definition_known(state, source)
    if asset is not None and asset.is_materializable:
        metadata = {
            **metadata,
            system_tag("io_manager_key"): asset.get_io_manager_key_for_asset_key(source.asset_key),
        }
    return OutputContext(  # no output of this run: an asset that another run has stored
        name=source.asset_key.path[-1],
        step_key="none",
        op_def=None,
        dagflow_type=None if asset is None else _type_of(asset, source.asset_key),
        definition_metadata=metadata,
        config=None,
        access=access._replace(resource_config=access.resource_config or {}),
        asset=IOAsset(source.asset_key, None, known.partitions_def, known),
    )


def _asset_known(state: RunState, source: Source) -> AssetSpec | None:
    """Return the facts about the asset that an input reads, None if they are unknown."""
    if source.value is not None:  # an asset that the body of a graph reads
        spec: AssetSpec = getattr(source.value, "spec", source.value)
        return spec
    layer = state.job.asset_layer
    return None if layer is None or source.asset_key is None else layer.spec(source.asset_key)


def _definition_known(state: RunState, source: Source) -> AssetsDefinition | None:
    """Return the definition of the asset that an input reads, None if it is external or unknown."""
    layer, key = state.job.asset_layer, source.asset_key
    asset = source.value
    if asset is None and layer is not None and key is not None:
        asset = layer.known.get(key)
    if key is None or not isinstance(asset, AssetsDefinition) or key not in asset.output_names:
        return None
    return asset


def _type_of(asset: AssetsDefinition, key: AssetKey) -> DagflowType:
    if asset.is_observable:  # its function returns no value, but something else has stored one
        return AnyType
    return asset.node_def.outs[asset.output_names[key]].dagflow_type
