"""`DagflowInstance`: what is remembered of runs, assets and dynamic partitions, over a store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagflow import _doors
from dagflow.errors import DagflowInvariantViolationError, check_elements, check_type
from dagflow.events.record import DagflowEvent, EventLogEntry
from dagflow.events.run import DagflowRun, DagflowRunStatus, RunRecord, RunsFilter, checked_tags
from dagflow.events.types import DagflowEventType
from dagflow.events.user import AssetMaterialization, AssetObservation
from dagflow.instance.event_log import EventLog, checked_limit
from dagflow.instance.memory import MemoryStore
from dagflow.instance.store import LateStore, RunLines, Store
from dagflow.keys import AssetKey, CoercibleToAssetKey
from dagflow.options import current_options

if TYPE_CHECKING:
    from dagflow.config.objects import RunConfig
    from dagflow.instance.captured_logs import CapturedLogPaths, CapturedLogs
    from dagflow.instance.home import InstanceRef
    from dagflow.instance.stats import RunStats, StepStats

_making_roots = threading.Lock()


class DagflowInstance(EventLog):
    """What is remembered of runs, assets and dynamic partitions. Usable as a context manager, which disposes
    of it.

    Made by `ephemeral()`, which remembers in memory, by `get()`, for the home that the environment names, or
    by `local_temp()`, for a folder.

    Example:
        >>> with DagflowInstance.ephemeral() as instance:
        ...     instance.get_runs_count()
        0
    """

    __slots__ = ("__weakref__", "_finalizer", "_ref", "_root", "is_ephemeral")

    def __init__(
        self,
        store: Store,
        *,
        is_ephemeral: bool,
        root_directory: str | None = None,
        ref: InstanceRef | None = None,
    ) -> None:
        self._store = store
        self.is_ephemeral: bool = is_ephemeral
        self._root = root_directory
        self._ref = ref
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

    @staticmethod
    def get() -> DagflowInstance:
        """The instance of the home that the environment variable DAGFLOW_HOME names, which is there for every
        process that asks. A `dagflow.yaml` in it may name another storage. Runs that their processes left
        behind are logged as a hint; see `recover`.

        Raises:
            DagflowHomeNotSetError: No home is named.
            DagflowInvariantViolationError: It is no absolute path, or no folder, or its settings no YAML.
            DagflowInvalidConfigError: Its settings cannot be.
            DagflowStorageError: Its storage cannot be read.
        """
        from dagflow.instance.home import home_folder, ref_of_home
        from dagflow.instance.recovery import lost_runs

        instance = DagflowInstance.from_ref(ref_of_home(home_folder()))
        lost = [run.run_id for run, _ in lost_runs(instance._store)]  # noqa: SLF001 - its own
        if lost:
            import logging

            logging.getLogger("dagflow").warning(
                "The processes of %d run(s) ended before the runs did: %s. DagflowInstance.get().recover() "
                "marks such runs as failed.",
                len(lost),
                ", ".join(lost[:10]),
            )
        return instance

    @staticmethod
    def local_temp(tempdir: str | None = None, overrides: Mapping[str, Any] | None = None) -> DagflowInstance:
        """An instance that remembers in a folder.

        Args:
            tempdir: The folder; default: a temporary one, removed with the instance.
            overrides: Settings, as in a `dagflow.yaml`.

        Raises:
            DagflowInvalidConfigError: The settings cannot be.
            DagflowInvariantViolationError: A variable that they need is not set, or a folder cannot be made.

        Example:
            >>> with DagflowInstance.local_temp() as instance:
            ...     instance.is_persistent
            True
        """
        from dagflow.instance.home import ref_in

        if tempdir is not None:
            return DagflowInstance.from_ref(ref_in(tempdir, overrides or {}))
        folder, remove = _temporary_folder()
        try:
            instance = DagflowInstance.from_ref(ref_in(folder, overrides or {}))
        except BaseException:
            remove(folder, ignore_errors=True)
            raise
        instance._remove_at_end(folder, remove)  # noqa: SLF001 - its own
        return instance

    @staticmethod
    def from_ref(ref: InstanceRef) -> DagflowInstance:
        """The stored instance that a `ref()` was taken of, here or in another process. It opens nothing
        before it is asked something.
        """

        def store() -> Store:
            from dagflow.instance.sql import SqlStore  # imports SQLAlchemy, which few steps need

            return SqlStore(ref.url)

        late: Any = LateStore(store)
        return DagflowInstance(late, is_ephemeral=False, root_directory=ref.root_directory, ref=ref)

    def ref(self) -> InstanceRef:
        """Where this instance is, as a small value that other processes understand.

        Raises:
            DagflowInvariantViolationError: It remembers in memory.
        """
        if self._ref is None:
            raise DagflowInvariantViolationError(
                "an ephemeral instance is in the memory of one process, and another cannot open it. Use "
                "DagflowInstance.get(), DagflowInstance.local_temp() or instance_for_test()."
            )
        return self._ref

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
        with _making_roots:  # else two threads would make two folders, and one of them would be lost
            if self._root is None:
                self._root, remove = _temporary_folder()
                self._remove_at_end(self._root, remove)
            return self._root

    def _remove_at_end(self, folder: str, remove: Callable[..., None]) -> None:
        import weakref

        self._finalizer = weakref.finalize(self, remove, folder, ignore_errors=True)

    def storage_directory(self) -> str:
        """The folder for what I/O managers store."""
        if self._ref is not None:
            return self._ref.storage_directory
        import os

        return os.path.join(self.root_directory, "storage")

    def dispose(self) -> None:
        """Close what is open, and remove the temporary folder, if there is one; a folder that was given
        stays. The instance can go on being used, unless it remembered in that temporary folder.
        """
        self._store.close()
        if self._finalizer is not None:
            self._finalizer()
            self._finalizer = None
            if self._ref is None:
                self._root = None

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
        return self._store.run_records(_wanted(filters), checked_limit(limit), cursor, ascending)

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
        return self._store.count_runs(_wanted(filters))

    def delete_run(self, run_id: str) -> None:
        """Forget a run and its log; one that it does not know is no error."""
        self._store.delete_run(run_id)

    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        """Put tags over those of a run."""
        self._store.add_tags(run_id, checked_tags(new_tags), current_options().clock.now())

    def create_run_for_job(
        self,
        job_def: _doors.JobDefinition,
        run_id: str | None = None,
        run_config: Mapping[str, Any] | RunConfig | None = None,
        tags: Mapping[str, Any] | None = None,
        parent_run_id: str | None = None,
        root_run_id: str | None = None,
    ) -> DagflowRun:
        """Store a run of a job that has not started.

        Args:
            job_def: The job.
            run_id: A UUID as a string.
            run_config: The config of the run.
            tags: Tags of the run, over those of the job.
            parent_run_id: The run that this one repeats, if it is a re-execution.
            root_run_id: The first run of that chain of re-executions.

        Raises:
            CheckError: The id is no UUID.
            DagflowRunAlreadyExists: It knows the id already.
        """
        return _doors.create_run(self, job_def, run_id, run_config, tags, parent_run_id, root_run_id)

    def add_run(self, run: DagflowRun, now: float) -> None:
        """Keep a new run; for dagflow itself.

        Raises:
            DagflowRunAlreadyExists: It knows the id already.
        """
        self._store.add_run(run, now)

    def set_run_status(self, run_id: str, status: DagflowRunStatus, now: float) -> None:
        """Write down where a run stands; for dagflow itself."""
        self._store.set_status(run_id, status, now)

    def get_run_stats(self, run_id: str) -> RunStats:
        """A run in numbers: steps, materializations, moments."""
        from dagflow.instance.stats import run_stats

        return run_stats(self._store, run_id)

    def get_run_step_stats(self, run_id: str, step_keys: Collection[str] | None = None) -> list[StepStats]:
        """The steps of a run in numbers, in the order in which they began.

        Args:
            run_id: The run.
            step_keys: Which steps; default: all that began or were skipped.
        """
        from dagflow.instance.stats import step_stats

        return step_stats(self._store, run_id, step_keys)

    def recover(self) -> list[str]:
        """Let each run that is under way in a process of this host that is gone end as failed, with a
        RUN_FAILURE event that says so. Nothing else changes.

        Returns:
            The ids of these runs, the oldest first.
        """
        from dagflow.instance.recovery import recover

        return recover(self._store, current_options().clock.now())

    def cancel_run(self, run_id: str) -> bool:
        """End a run before its time. One that has not begun is canceled at once; the process of one that is
        under way is interrupted (SIGTERM), and the run ends as canceled when that is done.

        Returns:
            False if the run had ended already.

        Raises:
            DagflowRunNotFoundError: It knows no such run.
            DagflowInvariantViolationError: The run is under way in this process, on another host, or in a
                process of another user.
        """
        from dagflow.instance.recovery import cancel

        return cancel(self._store, run_id, current_options().clock.now())

    def report_canceled(self, run: DagflowRun, now: float) -> bool:
        """Let a run end as canceled, with a RUN_CANCELED event, unless it has ended already; for dagflow
        itself. Returns whether it did.
        """
        from dagflow.instance.recovery import report_canceled

        return report_canceled(self._store, run, now)

    # the log

    def follow(self, run_id: str, lines: RunLines) -> None:
        """Keep the lines of a run, those to come included; for dagflow itself."""
        self._store.follow(run_id, lines)

    def flush(self, run_id: str) -> None:
        """Put what a run has written so far where others can read it; for dagflow itself."""
        self._store.flush(run_id)

    def report_planned(
        self, run: DagflowRun, planned: Sequence[tuple[str, AssetKey, str | None]], now: float
    ) -> None:
        """Write down which assets a run is going to make: step key, asset key and partition of each. For
        dagflow itself.
        """
        from dagflow.events.planned import AssetMaterializationPlannedData

        events = [
            DagflowEvent(
                DagflowEventType.ASSET_MATERIALIZATION_PLANNED.value,
                run.job_name,
                event_specific_data=AssetMaterializationPlannedData(key, partition),
                message=f'{run.job_name} intends to materialize asset "{key.to_user_string()}"',
                step_key=step_key,
                run_id=run.run_id,
                timestamp=now,
            )
            for step_key, key, partition in planned
        ]
        if events:
            self._store.add_entries([EventLogEntry.of_event(event) for event in events])

    def report_runless_asset_event(self, asset_event: AssetMaterialization | AssetObservation) -> None:
        """Write down that an asset was written or observed outside of any run."""
        check_type(asset_event, AssetMaterialization, "asset_event")
        from dagflow.events.data import AssetObservationData, StepMaterializationData

        observed = isinstance(asset_event, AssetObservation)
        kind = DagflowEventType.ASSET_OBSERVATION if observed else DagflowEventType.ASSET_MATERIALIZATION
        data = AssetObservationData(asset_event) if observed else StepMaterializationData(asset_event, [])  # type: ignore[arg-type]
        event = DagflowEvent(
            kind.value,
            "RUNLESS",
            event_specific_data=data,
            run_id="",
            timestamp=current_options().clock.now(),
        )
        self._store.add_entries([EventLogEntry.of_event(event)])

    # assets

    def wipe_assets(self, asset_keys: Sequence[CoercibleToAssetKey]) -> None:
        """Forget what was materialized of assets."""
        for key in check_elements(asset_keys, object, "asset_keys"):
            self._store.wipe_asset(AssetKey.from_coercible(key))  # type: ignore[arg-type] # which looks at it

    def captured_log_paths(self, run_id: str, file_key: str) -> CapturedLogPaths:
        """The two files for what is printed in a run, by the `file_key` of a LOGS_CAPTURED event."""
        from dagflow.instance.captured_logs import captured_log_paths

        return captured_log_paths(self.storage_directory(), run_id, file_key)

    def captured_logs(self, run_id: str, step_key: str) -> CapturedLogs:
        """What a step printed to stdout and stderr, in all of its attempts one after the other; empty where
        nothing was captured.

        Args:
            run_id: The run.
            step_key: The step.
        """
        from dagflow.instance.captured_logs import captured_logs

        entries = self.all_logs(run_id, DagflowEventType.LOGS_CAPTURED)
        events = [entry.get_dagflow_event() for entry in entries]
        return captured_logs(self.storage_directory(), run_id, step_key, events)

    def wipe(self) -> None:
        """Forget everything: runs, the log, assets, dynamic partitions. Files stay."""
        self._store.wipe()

    # dynamic partitions

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Register keys of dynamic partitions; those that are there already stay where they are."""
        check_type(partitions_def_name, str, "partitions_def_name")
        keys = check_elements(partition_keys, str, "partition_keys")
        self._store.add_dynamic_partitions(partitions_def_name, keys)

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        """The keys of dynamic partitions; an unknown name has none."""
        return self._store.dynamic_partitions(check_type(partitions_def_name, str, "partitions_def_name"))

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Whether a key is registered."""
        return partition_key in self.get_dynamic_partitions(partitions_def_name)

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Take a key away; one that is not there is no error."""
        self._store.delete_dynamic_partition(partitions_def_name, partition_key)

    def __repr__(self) -> str:
        return f"<DagflowInstance, {'ephemeral' if self.is_ephemeral else self._root}>"


def _wanted(filters: RunsFilter | None) -> RunsFilter:
    return RunsFilter() if filters is None else check_type(filters, RunsFilter, "filters")


def _temporary_folder() -> tuple[str, Callable[..., None]]:
    """A new folder, and what removes it."""
    import shutil
    import tempfile

    return tempfile.mkdtemp(prefix="dagflow-"), shutil.rmtree
