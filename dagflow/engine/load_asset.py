"""`context.load_asset_value`: the stored value of an asset, loaded while a step runs."""

from __future__ import annotations

from typing import Any

from dagflow import _doors
from dagflow.engine.run_state import RunState
from dagflow.errors import CheckError, DagflowInvariantViolationError
from dagflow.keys import AssetKey, CoercibleToAssetKey, nearest_key
from dagflow.plan.step import OutputKey, OutputRef, stored_ref


def load_asset_value(
    state: RunState,
    asset_key: CoercibleToAssetKey,
    python_type: type[Any] | None,
    partition_key: str | None,
) -> Any:
    """Load the value of an asset of the job by its I/O manager.

    Args:
        state: The state of the run.
        asset_key: The asset.
        python_type: The type that the I/O manager finds in its context.
        partition_key: The partition whose value is loaded.

    Raises:
        CheckError: The job has no asset with this key.
        DagflowInvariantViolationError: The values of this run are in memory, and the asset has none so far.
        DagflowInvalidInvocationError: The asset has no such partition.
    """
    key = AssetKey.from_coercible(asset_key)
    layer = state.job.asset_layer
    if layer is None or key not in layer.known:
        known = {} if layer is None else layer.known
        raise CheckError(
            f"load_asset_value: no asset of {state.job.describe_target()} has the key "
            f"'{key.to_user_string()}'.{nearest_key(key, known)} Add its definition, or a SourceAsset with "
            "this key."
        )
    output = _output_of(state, key)
    if output is not None and output in state.given:
        return state.given[output]
    if stored_ref(key) in state.given:
        return state.given[stored_ref(key)]
    if layer.io_manager_key(key) in state.in_memory:
        if output is None or output not in state.values:
            raise DagflowInvariantViolationError(
                f"load_asset_value: asset '{key.to_user_string()}' has no value yet. This run keeps values "
                "in memory, and no step has stored one so far. Add the asset to 'deps', so that its step "
                "comes first."
            )
        return state.values[output]
    with _doors.AssetValueLoader(layer.known, state.job.resource_defs, state.get_instance()) as loader:
        loader.share(state.resources.values)
        return loader.load_asset_value(key, python_type=python_type, partition_key=partition_key)


def _output_of(state: RunState, key: AssetKey) -> OutputKey | None:
    """Return the output of this run that stores an asset, None if no step of the run makes it."""
    for step in state.plan.steps:
        for output in step.outputs:
            if output.asset_key == key:
                return OutputRef(step.key, output.name)
    return None
