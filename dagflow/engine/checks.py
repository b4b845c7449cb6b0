"""The evaluations of asset checks, their targets, and the end of a step whose blocking check failed.

The target of an evaluation is the latest materialization of the asset at that time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dagflow.defs.assets.check_spec import AssetCheckSpec
from dagflow.defs.ops.definition import op_location
from dagflow.engine.record import StreamedEvent
from dagflow.engine.run_state import RunState
from dagflow.errors import DagflowAssetCheckFailedError
from dagflow.events.check import (
    AssetCheckEvaluation,
    AssetCheckEvaluationTargetMaterializationData,
    AssetCheckResult,
)
from dagflow.events.stored import as_json
from dagflow.events.types import CODE, DagflowEventType
from dagflow.events.user import AssetMaterialization
from dagflow.instance.records import EventLogRecord
from dagflow.keys import AssetKey
from dagflow.plan.step import Step

_MATERIALIZATION = CODE[DagflowEventType.ASSET_MATERIALIZATION]


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
            made = state.materializations = Materializations(state)
        count = made.count(key)
        if count:  # found when it is read, because an instance in memory has no storage ids before that
            evaluation.find_target(lambda: made.target(key, count))
            return
    record = instance.latest_materialization(key)
    target = None if record is None else _target(record)
    evaluation.find_target(lambda: target)


def _target(record: EventLogRecord) -> AssetCheckEvaluationTargetMaterializationData:
    return AssetCheckEvaluationTargetMaterializationData(record.storage_id, record.run_id, record.timestamp)


class Materializations:
    """The materializations of a run, by asset.

    Args:
        state: The state of the run, whose instance is in memory.
    """

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._read = 0  # the records of the log that are in _counts
        self._counts: dict[AssetKey, int] = {}
        self._lines: dict[AssetKey, list[EventLogRecord]] = {}

    def count(self, key: AssetKey) -> int:
        """Return how many times an asset was materialized so far."""
        log, counts = self._state.log, self._counts
        records = log.records
        for position in range(self._read, len(records)):
            code, _, step, _, payload = records[position]
            if code == _MATERIALIZATION:
                made = _asset_key(log.plan.steps[step], payload)
                counts[made] = counts.get(made, 0) + 1
        self._read = len(records)
        return counts.get(key, 0)

    def target(self, key: AssetKey, count: int) -> AssetCheckEvaluationTargetMaterializationData | None:
        """Return a materialization of an asset as the target of a check, None if the run was deleted.

        Args:
            key: The asset.
            count: The number of the materialization, from 1.
        """
        if len(self._lines.get(key, ())) < count:
            self._lines = {}
            run_id = self._state.run.run_id
            wanted = DagflowEventType.ASSET_MATERIALIZATION
            for record in self._state.get_instance().get_records_for_run(run_id, of_type=wanted).records:
                if record.asset_key is not None:
                    self._lines.setdefault(record.asset_key, []).append(record)
        lines = self._lines.get(key, ())
        return _target(lines[count - 1]) if len(lines) >= count else None


def _asset_key(step: Step, payload: Any) -> AssetKey:
    if isinstance(payload, AssetMaterialization):
        return payload.asset_key
    key: AssetKey | None = step.outputs[payload[0]].asset_key
    assert key is not None
    return key


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
