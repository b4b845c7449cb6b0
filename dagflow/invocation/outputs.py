"""The outputs in the result of a direct call."""

from __future__ import annotations

from typing import Any

from dagflow._util import UNSET
from dagflow.asset_results import is_check_result
from dagflow.call import emit_result
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.ports import NO_PORTS, AssetPorts
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.ports import OutputDefinition
from dagflow.errors import DagflowUserCodeExecutionError, ParameterCheckError, repr_of


def outputs_of(definition: OpDefinition | AssetsDefinition, returned: Any) -> dict[str, Any]:
    """Return the values in the result of a direct call, by the name of the output.

    The result may be a value, a tuple, an Output, a MaterializeResult or another result object, a generator
    of them, or a coroutine. A dynamic output has a dict by mapping key. The result of a check is whether it
    passed. An output without a value is left out.

    Args:
        definition: The op, asset or check that was called.
        returned: The result of the call.

    Raises:
        ParameterCheckError: `definition` is not an op, and no asset or check that an op makes.
        DagflowInvariantViolationError: The result does not match the outputs.
        Exception: The error that a generator or coroutine raised.

    Example:
        >>> from dagflow import Out, Output, op
        >>> @op(out={"hot": Out(), "cold": Out()})
        ... def split():
        ...     yield Output(90, "hot")
        ...     yield Output(4, "cold")
        >>> outputs_of(split, split())
        {'hot': 90, 'cold': 4}
    """
    op, ports = _op_of(definition)
    found: dict[str, Any] = {}

    def emit(output: OutputDefinition, value: Any, given: Any = None) -> None:
        if output.name in ports.checks or is_check_result(value):
            found[output.name] = value.passed
        elif output.is_dynamic:
            found.setdefault(output.name, {})[given.mapping_key] = value
        elif value is not UNSET and not output.dagflow_type.is_nothing:
            found[output.name] = value

    try:
        emit_result(op, op.name, returned, emit, lambda event: None, ports)
    except DagflowUserCodeExecutionError as error:
        raise error.user_exception from error.user_exception.__cause__
    return found


def _op_of(definition: object) -> tuple[OpDefinition, AssetPorts]:
    if isinstance(definition, OpDefinition):
        return definition, NO_PORTS
    if isinstance(definition, AssetsDefinition) and not definition.is_declaration:
        node_def = definition.node_def
        if isinstance(node_def, OpDefinition):
            return node_def, AssetPorts(definition.outputs, definition.check_specs_by_output_name)
    raise ParameterCheckError(
        f"outputs_of takes the op, asset or check that was called, not {repr_of(definition)} of type "
        f"'{type(definition).__name__}'"
    )
