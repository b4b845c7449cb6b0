"""The outputs and stored assets of a plan that the run options give a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from dagflow.call import type_check_error
from dagflow.defs.ops.definition import op_location
from dagflow.engine.load_inputs import check_value
from dagflow.engine.run_state import RunState
from dagflow.errors import CheckError
from dagflow.keys import AssetKey
from dagflow.options import RunOptions, ValueByPartition
from dagflow.plan.plan import Plan
from dagflow.plan.step import FROM_STORAGE, OutputRef, Source, Step, StepOutput, stored_ref


class GivenOutput(NamedTuple):
    """A given value, and the output that it replaces; None for an asset that no step of the run produces."""

    value: Any
    step: Step | None = None
    output: StepOutput | None = None


def given_outputs(plan: Plan, options: RunOptions) -> dict[OutputRef, GivenOutput]:
    """Return the given values of a run. Their keys are added to `options.used`.

    Raises:
        CheckError: An output is dynamic or of a mapped step, so its number of values is not known.
    """
    found: dict[OutputRef, GivenOutput] = {}
    for key, value in options.given.items():
        if isinstance(value, ValueByPartition):
            partition = plan.partitions.key
            if partition is None or partition not in value:
                continue
            targets = dict(_targets(plan, key, value[partition]))
            if targets:
                value.used.add(partition)
        else:
            targets = dict(_targets(plan, key, value))
        if targets:
            found.update(targets)
            options.used.add(key)
    return found


def _targets(plan: Plan, key: Any, value: Any) -> Iterator[tuple[OutputRef, GivenOutput]]:
    """Yield the outputs that a key of given values means, else the stored asset."""
    is_found = False
    for step in plan.steps:
        for output in step.outputs:
            if _is_meant(key, step, output):
                if output.is_dynamic or step.mapped_over is not None:
                    raise CheckError(
                        f"output '{output.name}' of step '{step.key}' cannot be given, because a dynamic "
                        "output decides the number of its values. Give the output of a step before or after."
                    )
                is_found = True
                yield OutputRef(step.key, output.name), GivenOutput(value, step, output)
    if is_found:
        return
    for step in plan.steps:
        for item in step.loads:
            for source in (item.source, *item.source.parts):
                if _is_stored(key, source):
                    assert source.asset_key is not None
                    yield stored_ref(source.asset_key), GivenOutput(value)


def _is_meant(key: Any, step: Step, output: StepOutput) -> bool:
    if key == (step.key, output.name):
        return True
    if _is_asset(key, output.asset_key):
        return True
    return key == step.key and len(step.outputs) == 1


def _is_stored(key: Any, source: Source) -> bool:
    return source.source_type == FROM_STORAGE and _is_asset(key, source.asset_key)


def _is_asset(key: Any, asset_key: AssetKey | None) -> bool:
    return asset_key is not None and (
        key == asset_key or (isinstance(key, str) and key == asset_key.to_user_string())
    )


def check_given(state: RunState, given: dict[OutputRef, GivenOutput]) -> None:
    """Check the given values against the types of their outputs, before the run has an event.

    Raises:
        DagflowTypeCheckDidNotPass: A value is not of the type.
        DagflowTypeCheckError: The check function of a type raised.
    """
    for value, step, output in given.values():
        if step is None or output is None or output.check is None:
            continue
        what = f"the given value of output '{output.name}' of step '{step.key}'"
        check = check_value(state, step, output.check, value, what)
        if not check.success:
            raise type_check_error(what, output.dagflow_type, check, op_location(step.op))
