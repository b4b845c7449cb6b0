"""`DagflowInstance`: the API for stored runs, logs, assets and dynamic partitions, over a store."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagflow import _doors
from dagflow.errors import (
    DagflowInvariantViolationError,
    ParameterCheckError,
    check_elements,
    check_optional,
    check_type,
)
from dagflow.events.record import DagflowEvent, EventLogEntry
from dagflow.events.run import DagflowRun, DagflowRunStatus, RunRecord, RunsFilter, checked_tags
from dagflow.events.types import DagflowEventType
from dagflow.events.user import AssetMaterialization, AssetObservation
from dagflow.instance.event_log import checked_limit
from dagflow.instance.memory import MemoryStore
from dagflow.instance.store import LateStore, RunLines, Store
from dagflow.instance.stored_partitions import StoredPartitions
from dagflow.keys import AssetCheckKey, AssetKey, CoercibleToAssetKey, describe_job
from dagflow.options import current_options

if TYPE_CHECKING:
    from dagflow.config.objects import RunConfig
    from dagflow.events.check import AssetCheckEvaluation
    from dagflow.instance.captured_logs import CapturedLogPaths, CapturedLogs
    from dagflow.instance.checks import AssetCheckExecutionRecord
    from dagflow.instance.home import InstanceRef
    from dagflow.instance.stats import RunStats, StepStats
    from dagflow.instance.views import ComputeLogManager, EventLogView, RunStorage

_root_lock = threading.Lock()


class DagflowInstance(StoredPartitions):
    """The storage of runs, logs, assets and dynamic partitions. As a context manager it disposes of itself.

    Create one with `ephemeral()` (in memory), `get()` (the home of the environment) or `local_temp()` (a
    folder).

    Example:
        >>> with DagflowInstance.ephemeral() as instance:
        ...     instance.get_runs_count()
        0
    """

    __slots__ = ("__dict__", "__weakref__", "_finalizer", "_ref", "_root", "is_ephemeral")

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
        """Create an instance in memory. Its data ends with this object.

        Args:
            tempdir: The folder for files; default: a temporary one, created at the first file and removed
                with the instance.
            preload, settings: Legacy arguments, which must be None or empty.

        Raises:
            ParameterCheckError: An argument is of the wrong type, or a legacy argument is given.
        """
        for name, value in (("preload", preload), ("settings", settings)):
            if value:
                raise ParameterCheckError(
                    f"parameter '{name}' of DagflowInstance.ephemeral has no effect, so it must be None or "
                    f"empty, not {value!r}. For settings, use DagflowInstance.local_temp(overrides=...)."
                )
        check_optional(tempdir, (str, os.PathLike), "tempdir", "DagflowInstance.ephemeral")
        return DagflowInstance(MemoryStore(), is_ephemeral=True, root_directory=tempdir)

    @staticmethod
    def get() -> DagflowInstance:
        """Open the instance of the home folder, given by the environment variable DAGFLOW_HOME.

        Its `dagflow.yaml` may name another storage. Logs a warning if processes ended before their runs; see
        `recover`.

        Raises:
            DagflowHomeNotSetError: DAGFLOW_HOME is not set.
            DagflowInvariantViolationError: It is not the absolute path of a folder, or the file is not YAML.
            DagflowInvalidConfigError: The settings are invalid.
            DagflowStorageError: The storage cannot be read.
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
        """Open an instance that is stored in a folder.

        Args:
            tempdir: The folder; default: a temporary one, removed with the instance.
            overrides: Settings, as in a `dagflow.yaml`.

        Raises:
            DagflowInvalidConfigError: The settings are invalid.
            DagflowInvariantViolationError: A required variable is not set, or a folder cannot be created.

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
    def from_ref(instance_ref: InstanceRef) -> DagflowInstance:
        """Return the instance of a `ref()`. Its storage is opened at the first use."""

        def store() -> Store:
            from dagflow.instance.sql import SqlStore  # imports SQLAlchemy, which few steps need

            return SqlStore(instance_ref.url)

        late: Any = LateStore(store)
        return DagflowInstance(
            late, is_ephemeral=False, root_directory=instance_ref.root_directory, ref=instance_ref
        )

    def ref(self) -> InstanceRef:
        """Return the location of this instance, with which another process can open it.

        Raises:
            DagflowInvariantViolationError: The instance is in memory.
        """
        if self._ref is None:
            raise DagflowInvariantViolationError(
                "an ephemeral instance is in the memory of one process, and another cannot open it. Use "
                "DagflowInstance.get(), DagflowInstance.local_temp() or instance_for_test()."
            )
        return self._ref

    @property
    def is_persistent(self) -> bool:
        """True if the data outlives this object."""
        return not self.is_ephemeral

    @property
    def root_directory(self) -> str:
        """The folder for files."""
        root = self._root
        return self._make_root() if root is None else root

    def _make_root(self) -> str:
        with _root_lock:  # else two threads could create two folders, and one would never be removed
            if self._root is None:
                self._root, remove = _temporary_folder()
                self._remove_at_end(self._root, remove)
            return self._root

    def _remove_at_end(self, folder: str, remove: Callable[..., None]) -> None:
        import weakref

        self._finalizer = weakref.finalize(self, remove, folder, ignore_errors=True)

    @property
    def python_logs(self) -> Mapping[str, Any]:
        """The setting of this name, which applies to the logs of runs; empty by default."""
        return {} if self._ref is None else self._ref.python_logs

    def storage_directory(self) -> str:
        """Return the folder for the values of I/O managers."""
        if self._ref is not None:
            return self._ref.storage_directory
        import os

        return os.path.join(self.root_directory, "storage")

    def dispose(self) -> None:
        """Close the storage and remove the temporary folder, if any. The instance can still be used, unless
        that folder was its storage.
        """
        self._store.close()
        if self._finalizer is not None:
            self._finalizer()
            self._finalizer = None
            if self._ref is None:
                self._root = None

    def __copy__(self) -> DagflowInstance:
        return self

    def __deepcopy__(self, memo: Any) -> DagflowInstance:
        return self

    def __reduce__(self) -> Any:
        """Return the location of a stored instance, for a pickle. Raise for an instance in memory."""
        return DagflowInstance.from_ref, (self.ref(),)

    def __enter__(self) -> DagflowInstance:
        return self

    def __exit__(self, *_: object) -> None:
        self.dispose()

    # runs

    def has_run(self, run_id: str) -> bool:
        """Return whether this run is stored."""
        return self._store.run_record(run_id) is not None

    def get_run_by_id(self, run_id: str) -> DagflowRun | None:
        """Return the run, or None if it is unknown."""
        record = self._store.run_record(run_id)
        return None if record is None else record.dagflow_run

    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> list[RunRecord]:
        """Return records of runs, with their times, the newest first.

        Args:
            filters: The filter; default: all runs.
            limit: The maximum number of runs.
            cursor: A run id: only runs after this run.
            ascending: Whether the oldest run comes first.
        """
        return self._store.run_records(_wanted(filters), checked_limit(limit), cursor, ascending)

    def get_runs(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        ascending: bool = False,
    ) -> list[DagflowRun]:
        """Return runs, the newest first. Parameters as in `get_run_records`."""
        return [record.dagflow_run for record in self.get_run_records(filters, limit, cursor, ascending)]

    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        """Return the number of runs."""
        return self._store.count_runs(_wanted(filters))

    def delete_run(self, run_id: str) -> None:
        """Delete a run and its log. An unknown run is ignored."""
        self._store.delete_run(run_id)

    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        """Add tags to a run and overwrite existing keys."""
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
        """Store a run of a job, not started yet.

        Args:
            job_def: The job.
            run_id: A UUID as a string.
            run_config: The config of the run.
            tags: Tags of the run. They override the tags of the job.
            parent_run_id: The run that this one re-executes.
            root_run_id: The first run of the chain of re-executions.

        Raises:
            CheckError: The id is not a UUID.
            DagflowRunAlreadyExists: The id is already used.
        """
        return _doors.create_run(self, job_def, run_id, run_config, tags, parent_run_id, root_run_id)

    def add_run(self, run: DagflowRun, now: float | None = None) -> DagflowRun:
        """Store a new run, which was not created for a job of this process, and return it.

        Args:
            run: The run.
            now: The time of its creation; default: the present.

        Raises:
            ParameterCheckError: The argument is not a run.
            DagflowRunAlreadyExists: Its id is already used.

        Example:
            >>> instance = DagflowInstance.ephemeral()
            >>> instance.has_run(instance.add_run(DagflowRun("cafe")).run_id)
            True
        """
        check_type(run, DagflowRun, "run")
        self._store.add_run(run, current_options().clock.now() if now is None else now)
        return run

    def set_run_status(self, run_id: str, status: DagflowRunStatus, now: float) -> None:
        """Change the status of a run; internal."""
        self._store.set_status(run_id, status, now)

    def get_run_stats(self, run_id: str) -> RunStats:
        """Return statistics of a run: its steps, materializations and times."""
        from dagflow.instance.stats import run_stats

        return run_stats(self._store, run_id)

    def get_run_step_stats(self, run_id: str, step_keys: Collection[str] | None = None) -> list[StepStats]:
        """Return statistics of the steps of a run, in the order in which they began.

        Args:
            run_id: The id of the run.
            step_keys: The keys of the steps; default: all steps that began or were skipped.
        """
        from dagflow.instance.stats import step_stats

        return step_stats(self._store, run_id, step_keys)

    def recover(self) -> list[str]:
        """Mark runs as failed whose process on this host ended before the run did, with a RUN_FAILURE event.

        Returns:
            The ids of these runs, the oldest first.
        """
        from dagflow.instance.recovery import recover

        return recover(self._store, current_options().clock.now())

    def cancel_run(self, run_id: str) -> bool:
        """Cancel a run: at once if it has not started, else by an interrupt (SIGTERM) of its process.

        Returns:
            False if the run had already ended.

        Raises:
            DagflowRunNotFoundError: The run is unknown.
            DagflowInvariantViolationError: The run is in progress in this process, on another host, or in a
                process of another user.
        """
        from dagflow.instance.recovery import cancel

        return cancel(self._store, run_id, current_options().clock.now())

    def report_canceled(self, run: DagflowRun, now: float) -> bool:
        """Mark a run as canceled, with a RUN_CANCELED event, unless it has ended; internal. Returns whether
        the status was changed.
        """
        from dagflow.instance.recovery import report_canceled

        return report_canceled(self._store, run, now)

    # the log

    def follow(self, run_id: str, lines: RunLines) -> None:
        """Store all lines of a run, including future ones; internal."""
        self._store.follow(run_id, lines)

    def flush(self, run_id: str) -> None:
        """Store the lines that a run has written so far, so that other processes can read them; internal."""
        self._store.flush(run_id)

    def report_planned(
        self, run: DagflowRun, planned: Sequence[tuple[str, AssetKey, str | None]], now: float
    ) -> None:
        """Store which assets a run plans to materialize, as (step key, asset key, partition); internal."""
        from dagflow.events.planned import AssetMaterializationPlannedData

        place = describe_job(run.job_name)
        events = [
            DagflowEvent(
                DagflowEventType.ASSET_MATERIALIZATION_PLANNED.value,
                run.job_name,
                event_specific_data=AssetMaterializationPlannedData(key, partition),
                message=f'{place} intends to materialize asset "{key.to_user_string()}"',
                step_key=step_key,
                run_id=run.run_id,
                timestamp=now,
            )
            for step_key, key, partition in planned
        ]
        if events:
            self._store.add_entries([EventLogEntry.of_event(event) for event in events])

    def report_planned_checks(
        self, run: DagflowRun, planned: Sequence[tuple[str, AssetCheckKey, Sequence[str]]], now: float
    ) -> None:
        """Store which checks a run plans to evaluate, as (step key, check key, partitions); internal."""
        from dagflow.events.planned import AssetCheckEvaluationPlanned

        place = describe_job(run.job_name)
        events = [
            DagflowEvent(
                DagflowEventType.ASSET_CHECK_EVALUATION_PLANNED.value,
                run.job_name,
                event_specific_data=AssetCheckEvaluationPlanned(
                    key.asset_key, key.name, _subset_of(partitions) if partitions else None
                ),
                message=f"{place} intends to evaluate the asset check '{key.to_user_string()}'",
                step_key=step_key,
                run_id=run.run_id,
                timestamp=now,
            )
            for step_key, key, partitions in planned
        ]
        if events:
            self._store.add_entries([EventLogEntry.of_event(event) for event in events])

    def report_runless_asset_event(
        self, asset_event: AssetMaterialization | AssetObservation | AssetCheckEvaluation
    ) -> None:
        """Store a materialization, observation or check evaluation that happened outside of any run."""
        from dagflow.events.check import AssetCheckEvaluation
        from dagflow.events.data import AssetObservationData, StepMaterializationData

        check_type(asset_event, (AssetMaterialization, AssetCheckEvaluation), "asset_event")
        data: Any = asset_event
        if isinstance(asset_event, AssetObservation):
            data = AssetObservationData(asset_event)
        elif isinstance(asset_event, AssetMaterialization):
            data = StepMaterializationData(asset_event, [])
        event = DagflowEvent(
            asset_event.becomes,
            "RUNLESS",
            event_specific_data=data,
            run_id="",
            timestamp=current_options().clock.now(),
        )
        self._store.add_entries([EventLogEntry.of_event(event)])

    # assets

    @property
    def event_log_storage(self) -> EventLogView:
        """The event log, with the queries over the executions of asset checks."""
        from dagflow.instance.views import EventLogView

        return EventLogView(self._store)

    @property
    def run_storage(self) -> RunStorage:
        """The stored runs."""
        from dagflow.instance.views import RunStorage

        return RunStorage(self)

    @property
    def compute_log_manager(self) -> ComputeLogManager:
        """The captured output of the steps."""
        from dagflow.instance.views import ComputeLogManager

        return ComputeLogManager(self)

    def get_latest_asset_check_evaluation_record(
        self, asset_check_key: AssetCheckKey
    ) -> AssetCheckExecutionRecord | None:
        """Return the last execution of an asset check, None if it was never planned.

        Args:
            asset_check_key: The check.

        Raises:
            ParameterCheckError: The argument is not an AssetCheckKey.
        """
        check_type(asset_check_key, AssetCheckKey, "asset_check_key")
        history = self.event_log_storage.get_asset_check_execution_history(asset_check_key, 1)
        return history[0] if history else None

    def wipe_assets(self, asset_keys: Sequence[CoercibleToAssetKey]) -> None:
        """Hide all materializations and observations of assets up to now."""
        for key in check_elements(asset_keys, object, "asset_keys"):
            self._store.wipe_asset(AssetKey.from_coercible(key))  # type: ignore[arg-type] # checked there

    def captured_log_paths(self, run_id: str, file_key: str) -> CapturedLogPaths:
        """Return the paths of captured stdout and stderr, for the `file_key` of a LOGS_CAPTURED event."""
        from dagflow.instance.captured_logs import captured_log_paths

        return captured_log_paths(self.storage_directory(), run_id, file_key)

    def captured_logs(self, run_id: str, step_key: str) -> CapturedLogs:
        """Read the captured stdout and stderr of a step, of all attempts in order. Empty if not captured."""
        from dagflow.instance.captured_logs import captured_logs

        entries = self.all_logs(run_id, DagflowEventType.LOGS_CAPTURED)
        events = [entry.get_dagflow_event() for entry in entries]
        return captured_logs(self.storage_directory(), run_id, step_key, events)

    def wipe(self) -> None:
        """Delete everything (runs, the log, assets, dynamic partitions) except files."""
        self._store.wipe()

    def __repr__(self) -> str:
        return f"<DagflowInstance, {'ephemeral' if self.is_ephemeral else self._root}>"


def _subset_of(partition_keys: Sequence[str]) -> Any:
    from dagflow.partitions.subset import DefaultPartitionsSubset  # imported lazily: few runs use it

    return DefaultPartitionsSubset(partition_keys)


def _wanted(filters: RunsFilter | None) -> RunsFilter:
    return RunsFilter() if filters is None else check_type(filters, RunsFilter, "filters")


def _temporary_folder() -> tuple[str, Callable[..., None]]:
    """Create a folder. Returns its path and a function that removes it."""
    import shutil
    import tempfile

    return tempfile.mkdtemp(prefix="dagflow-"), shutil.rmtree
