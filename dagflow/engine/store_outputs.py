"""Store outputs with I/O managers, and load them again."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from types import CoroutineType, GeneratorType
from typing import Any

from dagflow._util import has_class, is_double
from dagflow.call import user_code
from dagflow.context.io import InputContext, IOAccess, IOAsset, OutputContext
from dagflow.copies import first_of
from dagflow.defs.assets.ports import MATERIALIZED, AssetOutput
from dagflow.defs.parts.function import location
from dagflow.engine.run_state import RunState
from dagflow.errors import (
    CheckError,
    DagflowExecutionHandleOutputError,
    DagflowInvariantViolationError,
    repr_of,
)
from dagflow.events.user import AssetMaterialization, AssetObservation
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue
from dagflow.plan.step import OutputKey, Step, StepOutput
from dagflow.plan.surroundings import PartitionsOfRun
from dagflow.types.kinds import Any as AnyType


def store(
    state: RunState,
    step: Step,
    output: StepOutput,
    value: Any,
    mapping_key: str | None,
    metadata: Mapping[str, Any],
    write: Callable[[AssetMaterialization], None],
) -> dict[str, MetadataValue]:
    """Store an output with its I/O manager.

    Args:
        state: The run.
        step: The step of the output.
        output: The output.
        value: The value.
        mapping_key: The mapping key of a value of a dynamic output.
        metadata: The metadata of the value.
        write: Appends an event of the I/O manager to the log of the run.

    Returns:
        The metadata that the I/O manager logged.

    Raises:
        DagflowExecutionHandleOutputError: The I/O manager raised.
        DagflowInvariantViolationError: It returned or yielded something else than materializations and
            metadata, or metadata in two places.
    """
    assert output.manager_key is not None
    place = f"output '{output.name}' of step '{step.key}'"
    manager = manager_of(state, output.manager_key, "handle_output", place)
    context = output_context(state, step, output, mapping_key, metadata)
    context.write_events_with(_WriterOf(write))
    yielded: list[Any] = []
    with user_code(
        lambda error: DagflowExecutionHandleOutputError(
            f"the I/O manager '{output.manager_key}' raised {type(error).__name__} while it stored {place}",
            user_exception=error,
            step_key=step.key,
            output_name=output.name,
        )
    ):
        result = manager.handle_output(context, value)
        if type(result) is GeneratorType:
            yielded += _items_of(result)
        elif result is not None and not is_double(result):  # a double returns doubles
            yielded.append(result)
    logged = dict(context.consume_logged_metadata())
    written: list[AssetMaterialization] = []
    for item in yielded:
        if has_class(item, AssetMaterialization) and not has_class(item, AssetObservation):
            written.append(item)
        elif isinstance(item, Mapping):
            logged.update(normalize_metadata(item, place))
        else:
            raise _not_an_event(item, output.manager_key, manager, place, is_returned=item is result)
    for item in written:
        if logged and item.metadata:
            raise DagflowInvariantViolationError(
                f"the I/O manager '{output.manager_key}' yielded a materialization of asset "
                f"'{item.asset_key.to_user_string()}' with metadata for {place}, and logged other metadata "
                "by context.add_output_metadata or a dict. Give all metadata in one place."
            )
        write(_with_metadata(item, logged) if logged else item)
    return logged


def _items_of(generator: Generator[Any, None, Any]) -> Iterator[Any]:
    """Yield what a generator yields, and then its result."""
    result = yield from generator
    if result is not None:
        yield result


def _not_an_event(
    item: object, key: str, manager: object, place: str, *, is_returned: bool
) -> DagflowInvariantViolationError:
    if isinstance(item, CoroutineType):
        item.close()  # so that Python does not warn that it was never awaited
    verb, rule = ("returned", "return None, one") if is_returned else ("yielded", "yield")
    function = getattr(type(manager), "handle_output", None)
    plural = "AssetMaterialization or a dict" if is_returned else "AssetMaterializations and dicts"
    return DagflowInvariantViolationError(
        f"the I/O manager '{key}' {verb} {item!r:.200} for {place}. Its "
        f"handle_output ({location(function)}) may {rule} {plural} of metadata only."
    )


def _with_metadata(
    written: AssetMaterialization, logged: Mapping[str, MetadataValue]
) -> AssetMaterialization:
    """Return a materialization that an I/O manager yielded, with the metadata that it logged."""
    return type(written)(written.asset_key, written.description, logged, written.partition, written.tags)


def output_context(
    state: RunState,
    step: Step,
    output: StepOutput,
    mapping_key: str | None,
    output_metadata: Mapping[str, Any] | None = None,
    run_id: str | None = None,
) -> OutputContext:
    """Return the context of an output of a step of this run, or of the run `run_id`."""
    asset = output.asset
    metadata: Mapping[str, Any] = output.definition.metadata
    if asset is not None:  # an op in a graph of assets has metadata of its own
        metadata = {**metadata, **asset.spec.metadata}
    manager_key = output.definition.io_manager_key
    is_observed = asset is not None and asset.event != MATERIALIZED  # something else has stored it
    return OutputContext(
        name=output.name,
        op_def=step.op,
        dagflow_type=AnyType if is_observed else output.dagflow_type,
        asset=None if asset is None else _asset_of(asset, state.plan.partitions),
        definition_metadata=metadata,
        config=output.config,
        access=access_of(state, step, manager_key),
        step_key=step.key,
        run_id=run_id or state.run.run_id,
        mapping_key=mapping_key,
        output_metadata=output_metadata,
        partition_key=state.plan.partition_key,
    )


def load_output(state: RunState, key: OutputKey) -> Any:
    """Load an output of this run with its I/O manager; return None for an output of type Nothing."""
    step_key, name, mapping_key = key
    step = state.plan.step_by_key(step_key)
    output = step.output_by_name[name]
    if output.manager_key is None:
        return None
    stored = output_context(state, step, output, mapping_key)
    asset = output.asset
    context = InputContext(
        name=name,
        op_def=step.op,
        dagflow_type=output.dagflow_type,
        definition_metadata={},
        config=None,
        access=access_of(state, step, output.manager_key),
        asset=None if asset is None else _asset_of(asset, state.plan.partitions),
        upstream_output=stored,
        partition_key=state.plan.partition_key,
    )
    manager = manager_of(state, output.manager_key, "load_input", f"output '{name}' of step '{step_key}'")
    return manager.load_input(context)


def manager_of(state: RunState, key: str, method: str, place: str) -> Any:
    """Return the I/O manager with a key.

    Raises:
        CheckError: The resource is not an I/O manager.
    """
    manager = state.resources.values[key]
    if not hasattr(manager, method):
        raise CheckError(
            f"the resource '{key}' should handle {place}, but {repr_of(manager)} of type "
            f"'{type(manager).__name__}' "
            f"has no method '{method}'. Give it an IOManager."
        )
    return manager


class _LogOf(partial[Any]):
    """A function that returns the log of a step. A pickle has the log instead of the run."""

    def __reduce__(self) -> tuple[Any, ...]:
        return partial, (first_of, self())


class _WriterOf(partial[None]):
    """A function that appends an event to the log of a run. A pickle has None instead."""

    def __reduce__(self) -> tuple[Any, ...]:
        return first_of, (None,)


def access_of(state: RunState, step: Step, manager_key: str) -> IOAccess:
    """Return the objects of the run that an I/O manager can use for a step."""
    keys = state.job.resource_defs[manager_key].required_resource_keys
    return IOAccess(
        state.get_instance,
        {key: state.resources.values[key] for key in keys},
        state.plan.resource_configs.get(manager_key) or None,
        _LogOf(state.log_of, step),
    )


def _asset_of(asset: AssetOutput, partitions: PartitionsOfRun) -> IOAsset:
    keys = partitions.keys if asset.partitions_def is not None and partitions.keys else None
    return IOAsset(asset.key, keys, asset.partitions_def, asset.spec)
