"""The materializations of a run in memory, as the targets of its checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagflow.engine.log import RunLog
from dagflow.events.check import AssetCheckEvaluationTargetMaterializationData
from dagflow.events.types import CODE, DagflowEventType
from dagflow.events.user import AssetMaterialization
from dagflow.instance.records import EventLogRecord
from dagflow.keys import AssetKey
from dagflow.plan.step import Step

if TYPE_CHECKING:
    from dagflow.instance.instance import DagflowInstance

_MATERIALIZATION = CODE[DagflowEventType.ASSET_MATERIALIZATION]


def target_of(record: EventLogRecord) -> AssetCheckEvaluationTargetMaterializationData:
    """Return the materialization in a record as the target of a check."""
    return AssetCheckEvaluationTargetMaterializationData(record.storage_id, record.run_id, record.timestamp)


class Materializations:
    """The materializations of a run, by asset.

    Args:
        log: The log of the run.
        get_instance: Returns the instance, which is in memory.
    """

    def __init__(self, log: RunLog, get_instance: Callable[[], DagflowInstance]) -> None:
        self._log = log
        self._get_instance = get_instance
        self._read = 0  # the records of the log that are in _counts
        self._counts: dict[AssetKey, int] = {}
        self._lines: dict[AssetKey, list[EventLogRecord]] = {}

    def count(self, key: AssetKey) -> int:
        """Return how many times an asset was materialized so far."""
        log, counts = self._log, self._counts
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
            run_id = self._log.run.run_id
            wanted = DagflowEventType.ASSET_MATERIALIZATION
            for record in self._get_instance().get_records_for_run(run_id, of_type=wanted).records:
                if record.asset_key is not None:
                    self._lines.setdefault(record.asset_key, []).append(record)
        lines = self._lines.get(key, ())
        return target_of(lines[count - 1]) if len(lines) >= count else None


def _asset_key(step: Step, payload: Any) -> AssetKey:
    if isinstance(payload, AssetMaterialization):
        return payload.asset_key
    key: AssetKey | None = step.outputs[payload[0]].asset_key
    assert key is not None
    return key
