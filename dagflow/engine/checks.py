"""The evaluations of asset checks, their targets, and the end of a step whose blocking check failed.

The target of an evaluation is the latest materialization of the asset at that time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dagflow.defs.assets.check_spec import AssetCheckSpec
from dagflow.defs.ops.definition import op_location
from dagflow.engine.materializations import Materializations, target_of
from dagflow.engine.record import StreamedEvent
from dagflow.engine.run_state import RunState
from dagflow.errors import DagflowAssetCheckFailedError
from dagflow.events.check import AssetCheckEvaluation, AssetCheckResult
from dagflow.events.stored import as_json
from dagflow.plan.step import OutputRef, Step


def evaluation_of(state: RunState, spec: AssetCheckSpec, result: AssetCheckResult) -> AssetCheckEvaluation:
    """Return the evaluation that a result of a check becomes."""
    evaluation = AssetCheckEvaluation(
        spec.asset_key,
        spec.name,
        result.passed,
        result.metadata,
        None,
        result.severity,
        result.description,
        spec.blocking,
        None if spec.partitions_def is None else state.plan.partition_key,
    )
    if not state.log.is_of_worker:  # else the parent, whose log has all materializations, adds the target
        _add_target(state, evaluation)
    return evaluation


def with_target(state: RunState, streamed: StreamedEvent) -> StreamedEvent:
    """Return the event of an evaluation in a worker, with the materialization that was checked.

    Args:
        state: The state of the run in its parent process.
        streamed: The event.
    """
    event = streamed.event
    evaluation: AssetCheckEvaluation = event.asset_check_evaluation_data
    if evaluation.blocking is None:  # logged by user code
        return streamed
    _add_target(state, evaluation)
    return StreamedEvent(as_json(event))


def _add_target(state: RunState, evaluation: AssetCheckEvaluation) -> None:
    instance, key = state.get_instance(), evaluation.asset_key
    if instance.is_ephemeral:
        made = state.materializations
        if made is None:
            made = state.materializations = Materializations(state.log, state.get_instance)
        count = made.count(key)
        if count:  # found when it is read, because an instance in memory has no storage ids before that
            evaluation.find_target(lambda: made.target(key, count))
            return
    record = instance.latest_materialization(key)
    target = None if record is None else target_of(record)
    evaluation.find_target(lambda: target)


def blocked_by(step: Step, failed: Sequence[AssetCheckEvaluation]) -> DagflowAssetCheckFailedError:
    """Return the error of a step whose blocking checks failed.

    Args:
        step: The step.
        failed: The evaluations that did not pass.
    """
    lines = "\n".join(
        f"  {one.asset_key.to_user_string()}: {one.check_name}"
        + (f" ({one.description})" if one.description else "")
        for one in failed
    )
    count = f"{len(failed)} blocking asset check{'s' if len(failed) > 1 else ''}"
    return DagflowAssetCheckFailedError(
        f"{count} failed with severity ERROR in step '{step.key}', {op_location(step.op)}, so the "
        f"assets downstream do not run:\n{lines}"
    )


def warn_of_missing(state: RunState, step: Step, attempt: int, absent: Collection[OutputRef]) -> None:
    """Log a warning for each blocking check without a result, because it does not stop its dependents.

    Args:
        state: The state of the run.
        step: The step of the checks, which succeeded.
        attempt: The number of the attempt.
        absent: The outputs that the step did not produce.
    """
    if not state.plan.dependents[step.index]:
        return
    for output in step.outputs:
        spec = output.check_spec
        if spec is None or not spec.blocking or not output.is_selected:
            continue
        if OutputRef(step.key, output.name) in absent:
            key = spec.key.to_user_string()
            state.log_of(step, attempt).warning(
                f"the blocking check '{key}' emitted no result in step '{step.key}', so what depends on "
                f"asset '{spec.asset_key.to_user_string()}' runs. Yield its AssetCheckResult, in "
                f"{op_location(step.op)}."
            )
