"""The records of the evaluations of asset checks in the log of an instance, and the queries over them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from dagflow.errors import check_elements, check_type
from dagflow.events.check import AssetCheckEvaluation
from dagflow.events.record import EventLogEntry
from dagflow.events.types import CHECK_EVENTS, DagflowEventType
from dagflow.instance.event_log import EventLog, checked_limit
from dagflow.instance.store import LinesFilter, Store, StoredEntry
from dagflow.keys import AssetCheckKey

_PAGE = 100  # lines that are read at once, the newest first


class AssetCheckExecutionRecordStatus(Enum):
    """The status of one execution of a check. It stays PLANNED if the step gave no result."""

    PLANNED = "PLANNED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class AssetCheckExecutionRecord(NamedTuple):
    """One execution of a check: in a run that planned it, or reported outside of runs.

    Attributes:
        key: The check.
        id: The storage id of its first line in the log. The ids of later executions are higher.
        run_id: The id of the run, "" if the evaluation was reported outside of a run.
        status: Whether it passed; PLANNED without a result.
        event: The line of the evaluation; the line of the plan without a result.
        create_timestamp: The time of the first line, in seconds since the epoch.
        partition: The checked partition, None without one or for several.
    """

    key: AssetCheckKey
    id: int
    run_id: str
    status: AssetCheckExecutionRecordStatus
    event: EventLogEntry
    create_timestamp: float
    partition: str | None = None

    @property
    def evaluation(self) -> AssetCheckEvaluation | None:
        """The evaluation, None without a result."""
        data = self.event.get_dagflow_event().event_specific_data
        return data if isinstance(data, AssetCheckEvaluation) else None


class AssetCheckSummaryRecord(NamedTuple):
    """The last execution of a check, and the last one with a result."""

    asset_check_key: AssetCheckKey
    last_check_execution_record: AssetCheckExecutionRecord | None
    last_run_id: str | None
    last_completed_check_execution_record: AssetCheckExecutionRecord | None

    @property
    def last_completed_run_id(self) -> str | None:
        """The id of the run of the last execution with a result."""
        record = self.last_completed_check_execution_record
        return None if record is None else record.run_id


_PLANNED = AssetCheckExecutionRecordStatus.PLANNED


class EventLogStorage(EventLog):
    """The event log with the queries over the executions of checks.

    Example:
        >>> from dagflow import AssetCheckEvaluation, AssetKey, DagflowInstance
        >>> with DagflowInstance.ephemeral() as instance:
        ...     instance.report_runless_asset_event(AssetCheckEvaluation(AssetKey("beans"), "fresh", True))
        ...     key = AssetCheckKey(AssetKey("beans"), "fresh")
        ...     history = instance.event_log_storage.get_asset_check_execution_history(key, limit=5)
        >>> [record.status.name for record in history]
        ['SUCCEEDED']
    """

    __slots__ = ()

    def __init__(self, store: Store) -> None:
        self._store = store

    def get_asset_check_execution_history(
        self,
        check_key: AssetCheckKey,
        limit: int,
        cursor: int | None = None,
        status: Collection[AssetCheckExecutionRecordStatus] | None = None,
        partition_filter: str | None = None,
    ) -> list[AssetCheckExecutionRecord]:
        """Return the executions of a check since its asset was wiped, the newest first.

        Args:
            check_key: The check.
            limit: The maximum number of records.
            cursor: Only records with a lower id.
            status: Only records with one of these statuses; default: all.
            partition_filter: Only records of this partition; default: all.

        Raises:
            ParameterCheckError, CheckError: An argument is invalid.
        """
        check_type(check_key, AssetCheckKey, "check_key")
        wanted_status = (
            None if status is None else check_elements(status, AssetCheckExecutionRecordStatus, "status")
        )
        maximum = checked_limit(limit)
        found: list[AssetCheckExecutionRecord] = []
        if maximum == 0:
            return found
        for record in self._records(check_key):
            if (
                (cursor is None or record.id < cursor)
                and (wanted_status is None or record.status in wanted_status)
                and (partition_filter is None or record.partition == partition_filter)
            ):
                found.append(record)
                if len(found) == maximum:
                    break
        return found

    def get_latest_asset_check_execution_by_key(
        self, check_keys: Sequence[AssetCheckKey], partition_filter: str | None = None
    ) -> dict[AssetCheckKey, AssetCheckExecutionRecord]:
        """Return the last execution of each check that was ever planned or evaluated.

        Args:
            check_keys: The checks.
            partition_filter: Only executions of this partition; default: all.
        """
        found = {}
        for key in check_elements(check_keys, AssetCheckKey, "check_keys"):
            history = self.get_asset_check_execution_history(key, 1, partition_filter=partition_filter)
            if history:
                found[key] = history[0]
        return found

    def get_asset_check_summary_records(
        self, asset_check_keys: Sequence[AssetCheckKey]
    ) -> dict[AssetCheckKey, AssetCheckSummaryRecord]:
        """Return the last execution, and the last one with a result, of each check.

        Args:
            asset_check_keys: The checks. One that was never planned has a summary without records.
        """
        found = {}
        for key in check_elements(asset_check_keys, AssetCheckKey, "asset_check_keys"):
            last: AssetCheckExecutionRecord | None = None
            completed: AssetCheckExecutionRecord | None = None
            for record in self._records(key):
                last = last or record
                if record.status is not _PLANNED:
                    completed = record
                    break
            found[key] = AssetCheckSummaryRecord(key, last, None if last is None else last.run_id, completed)
        return found

    def _records(self, key: AssetCheckKey) -> Iterator[AssetCheckExecutionRecord]:
        """Yield the executions of a check, the newest first.

        The lines are read backwards. An evaluation belongs to the plan of its run, which comes before it in
        the log. So a record is complete when the line of its plan is read.
        """
        evaluations: dict[str, StoredEntry] = {}  # the last one of each run whose plan is not read yet
        waiting: list[AssetCheckExecutionRecord] = []  # complete, but an older evaluation may be newer
        for line in self._lines(key):
            entry = line.entry
            event = entry.get_dagflow_event()
            if event.event_type is DagflowEventType.ASSET_CHECK_EVALUATION:
                if entry.run_id:
                    evaluations.setdefault(entry.run_id, line)
                    continue
                waiting.append(_record(key, line, line))
            else:
                waiting.append(_record(key, line, evaluations.pop(entry.run_id, line)))
            if not evaluations:
                yield from waiting
                waiting = []
        waiting += [_record(key, line, line) for line in evaluations.values()]  # evaluated without a plan
        yield from sorted(waiting, key=lambda record: -record.id)

    def _lines(self, key: AssetCheckKey) -> Iterator[StoredEntry]:
        """Yield the lines about a check since its asset was wiped, the newest first."""
        wanted = LinesFilter(
            event_types=CHECK_EVENTS, check_key=key, after_cursor=self._store.wiped_before(key.asset_key)
        )
        while True:
            lines = self._store.lines(wanted, _PAGE, ascending=False)
            yield from lines
            if len(lines) < _PAGE:
                return
            wanted = wanted._replace(before_cursor=lines[-1].storage_id)


def _record(key: AssetCheckKey, first: StoredEntry, last: StoredEntry) -> AssetCheckExecutionRecord:
    """Return the record of an execution.

    Args:
        key: The check.
        first: The line of the plan, or of an evaluation without a plan.
        last: The line of the evaluation, or of the plan without a result.
    """
    data = last.entry.get_dagflow_event().event_specific_data
    if isinstance(data, AssetCheckEvaluation):
        passed = data.passed
        status = (
            AssetCheckExecutionRecordStatus.SUCCEEDED if passed else AssetCheckExecutionRecordStatus.FAILED
        )
        partition = data.partition
    else:
        keys = [] if data.partitions_subset is None else list(data.partitions_subset.get_partition_keys())
        status, partition = _PLANNED, keys[0] if len(keys) == 1 else None
    return AssetCheckExecutionRecord(
        key, first.storage_id, first.entry.run_id, status, last.entry, first.entry.timestamp, partition
    )
