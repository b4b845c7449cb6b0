"""The outputs of direct calls, for their observers."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from dagflow._util import UNSET
from dagflow.context.call_state import CallState
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.ops.definition import OpDefinition, op_location
from dagflow.defs.ops.ports import OutputDefinition
from dagflow.events.asset_result import AssetResult
from dagflow.events.user import DynamicOutput, Output
from dagflow.metadata.normalize import normalize_metadata
from dagflow.observers import ObservedOutput, report_output
from dagflow.plan.node_label import label_of_definition, label_of_key

_numbers = count(1)


def report_of_call(
    number: int,
    op: OpDefinition,
    assets_def: AssetsDefinition | None,
    output: OutputDefinition,
    value: Any,
    given: Any,
    state: CallState | None,
) -> int:
    """Call the observers with an output of a direct call.

    Args:
        number: The number of the call; 0 before its first output.
        op: The op.
        assets_def: The assets or checks of the op; None for another op.
        output: The output.
        value: Its value.
        given: The wrapper of the value; None for a bare value.
        state: The state behind the context; None without a context.

    Returns:
        The number of the call.
    """
    number = number or next(_numbers)
    name = output.name
    mapping_key = given.mapping_key if isinstance(given, DynamicOutput) else None
    has_value = value is not UNSET and (not output.dagflow_type.is_nothing or _is_check(assets_def, name))
    shown = value if has_value else None
    metadata = _metadata(op, name, mapping_key, given, state)
    label = _label(op, assets_def, name)
    report_output(ObservedOutput(label, "", "", name, mapping_key, shown, has_value, metadata, number))
    return number


def _is_check(assets_def: AssetsDefinition | None, output: str) -> bool:
    return assets_def is not None and output in assets_def.check_specs_by_output_name


def _label(op: OpDefinition, assets_def: AssetsDefinition | None, output: str) -> str:
    if assets_def is not None and output in assets_def.outputs:
        return label_of_key(assets_def.outputs[output].key)
    if assets_def is not None and output in assets_def.check_specs_by_output_name:
        return label_of_key(assets_def.check_specs_by_output_name[output].key)
    return label_of_definition(op, assets_def)


def _metadata(
    op: OpDefinition, output: str, mapping_key: str | None, given: Any, state: CallState | None
) -> Mapping[str, Any]:
    """Return the metadata in the wrapper of a value, and that which the context added to the output."""
    found: Mapping[str, Any] = {}
    if isinstance(given, AssetResult):
        found = given.normalized_metadata()
    elif isinstance(given, (Output, DynamicOutput)):
        found = given.metadata
    added = None if state is None else state.output_metadata.get((output, mapping_key))
    if not added:
        return found
    return {**found, **normalize_metadata(added, f"output '{output}' of {op_location(op)}")}
