"""The evaluations of asset checks, and the end of a step whose blocking check failed."""

from __future__ import annotations

from collections.abc import Sequence

from dagflow.defs.assets.check_spec import AssetCheckSpec
from dagflow.defs.ops.definition import op_location
from dagflow.engine.run_state import RunState
from dagflow.errors import DagflowAssetCheckFailedError
from dagflow.events.check import AssetCheckEvaluation, AssetCheckResult
from dagflow.plan.step import Step


def evaluation_of(state: RunState, spec: AssetCheckSpec, result: AssetCheckResult) -> AssetCheckEvaluation:
    """Return the evaluation that a result of a check becomes."""
    return AssetCheckEvaluation(
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
        f"{count} failed with severity ERROR in step '{step.key}', {op_location(step.op)}, so what "
        f"depends on the checked assets does not run:\n{lines}"
    )
