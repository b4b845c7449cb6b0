"""`DagflowInstance`: what is remembered of runs, assets and dynamic partitions, over a store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from dagflow.errors import check_type
from dagflow.events.record import DagflowEvent, DagflowEventType, EventLogEntry
from dagflow.events.run import DagflowRun, DagflowRunStatus, RunRecord, RunsFilter
from dagflow.events.user import AssetMaterialization, AssetObservation
from dagflow.instance import _entry
from dagflow.instance.memory import MemoryStore
from dagflow.instance.store import RunLines, Store, StoredEntry
from dagflow.keys import AssetKey, CoercibleToAssetKey
from dagflow.options import current_options

_MATERIALIZATION = DagflowEventType.ASSET_MATERIALIZATION
_OBSERVATION = DagflowEventType.ASSET_OBSERVATION
_making_roots = threading.Lock()


@dataclass(frozen=True, slots=True)
class EventRecordsFilter:
    """Which lines of the log are wanted; what is None does not matter.

    Times are seconds since the epoch; cursors are storage ids, which are themselves left out.
    """

    event_type: DagflowEventType
    asset_key: AssetKey | None = None
    asset_partitions: Sequence[str] | None = None
    after_cursor: int | None = None
    before_cursor: int | None = None
    after_timestamp: float | None = None
    before_timestamp: float | None = None
    storage_ids: Sequence[int] | None = None

    def admits(self, line: StoredEntry) -> bool:
        """Whether a line is wanted."""
        event = line.entry.dagflow_event
        number, moment = line.storage_id, line.entry.timestamp
        return (
            event is not None
            and event.event_type is self.event_type
            and (self.asset_key is None or event.asset_key == self.asset_key)
            and (self.asset_partitions is None or event.partition in self.asset_partitions)
            and (self.after_cursor is None or number > self.after_cursor)
            and (self.before_cursor is None or number < self.before_cursor)
            and (self.after_timestamp is None or moment > self.after_timestamp)
            and (self.before_timestamp is None or moment < self.before_timestamp)
            and (self.storage_ids is None or number in self.storage_ids)
        )


class EventLogRecord(NamedTuple):
    """A line of the log with its number."""

    storage_id: int
    event_log_entry: EventLogEntry

    @property
    def asset_key(self) -> AssetKey | None:
        """The asset that it is about."""
        event = self.event_log_entry.dagflow_event
        return None if event is None else event.asset_key

    @property
    def partition_key(self) -> str | None:
        """The partition that it is about."""
        event = self.event_log_entry.dagflow_event
        return None if event is None else event.partition

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        """What was materialized, if this is such a line."""
        return self.event_log_entry.asset_materialization

    @property
    def run_id(self) -> str:
        """The run that wrote it; "" if none did."""
        return self.event_log_entry.run_id

    @property
    def timestamp(self) -> float:
        """When it was written, in seconds since the epoch."""
        return self.event_log_entry.timestamp


class EventRecordsResult(NamedTuple):
    """Some lines of the log, a cursor to go on from, and whether there are more."""

    records: Sequence[EventLogRecord]
    cursor: str
    has_more: bool


class DagflowInstance:
    """What is remembered of runs, assets and dynamic partitions. Usable as a context manager, which disposes
    of it.

    Made by `DagflowInstance.ephemeral()`.

    Example:
        >>> with DagflowInstance.ephemeral() as instance:
        ...     instance.get_runs_count()
        0
    """

    __slots__ = ("__weakref__", "_finalizer", "_root", "_store", "is_ephemeral")

    def __init__(self, store: Store, *, is_ephemeral: bool, root_directory: str | None = None) -> None:
        self._store = store
        self.is_ephemeral = is_ephemeral
        self._root = root_directory
        self._finalizer: Any = None

    @staticmethod
    def ephemeral(
        tempdir: str | None = None, preload: Sequence[Any] | None = None, settings: Any = None
    ) -> DagflowInstance:
        """An instance in memory that nobody else sees and that goes away with this object.

        Args:
            tempdir: The folder for files; default: a temporary one, made when the first file is written and
                removed with the instance.
            preload, settings: Legacy arguments, accepted and ignored.
        """
        return DagflowInstance(MemoryStore(), is_ephemeral=True, root_directory=tempdir)

    @property
    def is_persistent(self) -> bool:
        """Whether what it remembers outlives this object."""
        return not self.is_ephemeral

    @property
    def root_directory(self) -> str:
        """The folder for files."""
        root = self._root
        return self._make_root() if root is None else root

    def _make_root(self) -> str:
        import shutil
        import tempfile
        import weakref

        with _making_roots:  # else two threads would make two folders, and one of them would be lost
            if self._root is None:
                self._root = tempfile.mkdtemp(prefix="dagflow-")
                self._finalizer = weakref.finalize(self, shutil.rmtree, self._root, ignore_errors=True)
            return self._root

    def storage_directory(self) -> str:
        """The folder for what I/O managers store."""
        import os

        return os.path.join(self.root_directory, "storage")

    def dispose(self) -> None:
        """Remove the temporary folder, if there is one; a folder that was given stays. What is remembered in
        memory can still be read, and the instance can go on being used.
        """
        if self._finalizer is not None:
            self._finalizer()
            self._finalizer, self._root = None, None

    def __enter__(self) -> DagflowInstance:
        return self

    def __exit__(self, *_: object) -> None:
        self.dispose()

    # runs

    def has_run(self, run_id: str) -> bool:
        """Whether it knows this run."""
        return self._store.run_record(run_id) is not None

    def get_run_by_id(self, run_id: str) -> DagflowRun | None:
        """The run, None if it does not know it."""
        record = self._store.run_record(run_id)
        return None if record is None else record.dagflow_run

    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> list[RunRecord]:
        """Runs with their times, the newest first.

        Args:
            filters: Which.
            limit: How many at most.
            cursor: The id of the run after which to go on.
            ascending: The oldest first.
        """
        records = self._store.run_records(filters or RunsFilter())
        if not ascending:
            records.reverse()
        if cursor is not None:
            ids = [record.dagflow_run.run_id for record in records]
            records = records[ids.index(cursor) + 1 :] if cursor in ids else []
        return records if limit is None else records[:limit]

    def get_runs(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        ascending: bool = False,
    ) -> list[DagflowRun]:
        """Runs, the newest first. Parameters as `get_run_records`."""
        return [record.dagflow_run for record in self.get_run_records(filters, limit, cursor, ascending)]

    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        """How many runs it knows."""
        return len(self._store.run_records(filters or RunsFilter()))

    def delete_run(self, run_id: str) -> None:
        """Forget a run and its log; one that it does not know is no error."""
        self._store.delete_run(run_id)

    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        """Put tags over those of a run."""
        self._store.add_tags(run_id, new_tags, current_options().clock.now())

    def create_run_for_job(self, job_def: Any, run_id: str | None = None, **arguments: Any) -> DagflowRun:
        """Keep a run of a job that has not started.

        Args:
            job_def: The job.
            run_id: A UUID as text.
            arguments: `run_config`, `tags`.

        Raises:
            CheckError: The id is no UUID.
            DagflowRunAlreadyExists: It knows the id already.
        """
        run: DagflowRun = _entry.create_run_for_job(self, job_def, run_id=run_id, **arguments)
        return run

    def add_run(self, run: DagflowRun, now: float) -> None:
        """Keep a new run; for dagflow itself.

        Raises:
            DagflowRunAlreadyExists: It knows the id already.
        """
        self._store.add_run(run, now)

    def set_run_status(self, run_id: str, status: DagflowRunStatus, now: float) -> None:
        """Write down where a run stands; for dagflow itself."""
        self._store.set_status(run_id, status, now)

    # the log

    def follow(self, run_id: str, lines: RunLines) -> None:
        """Keep the lines of a run, those to come included; for dagflow itself."""
        self._store.follow(run_id, lines)

    def flush(self, run_id: str) -> None:
        """Put what a run has written so far where others can read it; for dagflow itself."""
        self._store.flush(run_id)

    def report_planned(
        self, run: DagflowRun, planned: Sequence[tuple[str, AssetKey]], partition: str | None, now: float
    ) -> None:
        """Write down which assets a run is going to make: step key and asset key of each. For dagflow
        itself.
        """
        from dagflow.events.data import AssetMaterializationPlannedData

        for step_key, key in planned:
            event = DagflowEvent(
                DagflowEventType.ASSET_MATERIALIZATION_PLANNED.value,
                run.job_name,
                event_specific_data=AssetMaterializationPlannedData(key, partition),
                message=f'{run.job_name} intends to materialize asset "{key.to_user_string()}"',
                step_key=step_key,
                run_id=run.run_id,
                timestamp=now,
            )
            self._store.add_entry(EventLogEntry.of_event(event))

    def report_runless_asset_event(self, asset_event: AssetMaterialization | AssetObservation) -> None:
        """Write down that an asset was written or observed outside of any run."""
        check_type(asset_event, AssetMaterialization, "asset_event")
        from dagflow.events.data import AssetObservationData, StepMaterializationData

        observed = isinstance(asset_event, AssetObservation)
        kind = _OBSERVATION if observed else _MATERIALIZATION
        data = AssetObservationData(asset_event) if observed else StepMaterializationData(asset_event, [])  # type: ignore[arg-type]
        event = DagflowEvent(
            kind.value,
            "RUNLESS",
            event_specific_data=data,
            run_id="",
            timestamp=current_options().clock.now(),
        )
        self._store.add_entry(EventLogEntry.of_event(event))

    def all_logs(
        self, run_id: str, of_type: DagflowEventType | Collection[DagflowEventType] | None = None
    ) -> list[EventLogEntry]:
        """The log of a run: events, and what user code logged, in the order in which it was written.

        Args:
            run_id: The run; an unknown one has an empty log.
            of_type: One or several types of events.
        """
        entries = [line.entry for line in self._store.entries(run_id)]
        if of_type is None:
            return entries
        wanted = {of_type} if isinstance(of_type, DagflowEventType) else set(of_type)
        return [
            entry for entry in entries if entry.dagflow_event and entry.dagflow_event.event_type in wanted
        ]

    def get_event_records(
        self, event_records_filter: EventRecordsFilter, limit: int | None = None, ascending: bool = False
    ) -> list[EventLogRecord]:
        """Lines of the log over all runs, the newest first.

        Args:
            event_records_filter: Which.
            limit: How many at most.
            ascending: The oldest first.
        """
        lines = [line for line in self._store.entries() if event_records_filter.admits(line)]
        if not ascending:
            lines.reverse()
        return [EventLogRecord(*line) for line in (lines if limit is None else lines[:limit])]

    def _fetch(
        self, kind: DagflowEventType, key: Any, limit: int, cursor: str | None, ascending: bool
    ) -> EventRecordsResult:
        start = None if cursor is None else int(cursor)
        wanted = EventRecordsFilter(
            kind,
            AssetKey.from_coercible(key),
            after_cursor=start if ascending else None,
            before_cursor=None if ascending else start,
        )
        records = self.get_event_records(wanted, limit + 1, ascending)
        return EventRecordsResult(
            records[:limit], str(records[:limit][-1].storage_id) if records else "", len(records) > limit
        )

    def fetch_materializations(
        self,
        records_filter: CoercibleToAssetKey,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Materializations of an asset, the newest first."""
        return self._fetch(_MATERIALIZATION, records_filter, limit, cursor, ascending)

    def fetch_observations(
        self,
        records_filter: CoercibleToAssetKey,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Observations of an asset, the newest first."""
        return self._fetch(_OBSERVATION, records_filter, limit, cursor, ascending)

    # assets

    def get_latest_materialization_event(self, asset_key: CoercibleToAssetKey) -> EventLogEntry | None:
        """The newest materialization of an asset, None if there is none."""
        found = self._materializations(AssetKey.from_coercible(asset_key))
        return found[-1].entry if found else None

    def get_materialized_partitions(self, asset_key: CoercibleToAssetKey) -> set[str]:
        """The partitions of an asset that were ever materialized."""
        found = self._materializations(AssetKey.from_coercible(asset_key))
        keys = (line.entry.dagflow_event.partition for line in found if line.entry.dagflow_event is not None)
        return {key for key in keys if key is not None}

    def get_asset_keys(self) -> list[AssetKey]:
        """The assets of which something is in the log."""
        keys: dict[AssetKey, None] = {}
        for line in self._store.entries():
            event = line.entry.dagflow_event
            if (
                event is not None
                and event.event_type in (_MATERIALIZATION, _OBSERVATION)
                and event.asset_key is not None
                and line.storage_id > self._store.wiped_before(event.asset_key.to_string())
            ):
                keys[event.asset_key] = None
        return sorted(keys)

    def all_asset_keys(self) -> list[AssetKey]:
        """The assets of which something is in the log."""
        return self.get_asset_keys()

    def has_asset_key(self, asset_key: CoercibleToAssetKey) -> bool:
        """Whether something of an asset is in the log."""
        return AssetKey.from_coercible(asset_key) in self.get_asset_keys()

    def wipe_assets(self, asset_keys: Sequence[CoercibleToAssetKey]) -> None:
        """Forget what was materialized of assets."""
        for key in asset_keys:
            self._store.wipe_asset(AssetKey.from_coercible(key).to_string(), self._store.last_storage_id())

    def _materializations(self, key: AssetKey) -> list[StoredEntry]:
        after = self._store.wiped_before(key.to_string())
        wanted = EventRecordsFilter(_MATERIALIZATION, key, after_cursor=after)
        return [line for line in self._store.entries() if wanted.admits(line)]

    # dynamic partitions

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Register keys of dynamic partitions; those that are there already stay where they are."""
        check_type(partitions_def_name, str, "partitions_def_name")
        if isinstance(partition_keys, str):
            check_type(partition_keys, (list, tuple), "partition_keys")
        keys = [check_type(key, str, "partition_keys") for key in partition_keys]
        self._store.add_dynamic_partitions(partitions_def_name, keys)

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        """The keys of dynamic partitions; an unknown name has none."""
        return self._store.dynamic_partitions(partitions_def_name)

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Whether a key is registered."""
        return partition_key in self._store.dynamic_partitions(partitions_def_name)

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Take a key away; one that is not there is no error."""
        self._store.delete_dynamic_partition(partitions_def_name, partition_key)

    def __repr__(self) -> str:
        return f"<DagflowInstance, {'ephemeral' if self.is_ephemeral else self._root}>"


InstanceGetter = Callable[[], DagflowInstance]
