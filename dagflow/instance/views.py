"""The parts of an instance under the names of Dagster's storages: thin views without data of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from dagflow.errors import CheckError
from dagflow.instance.checks import EventLogStorage
from dagflow.instance.stats import run_stats, step_stats

if TYPE_CHECKING:
    from dagflow.events.record import EventLogEntry
    from dagflow.events.run import DagflowRun, RunRecord, RunsFilter
    from dagflow.events.types import DagflowEventType
    from dagflow.instance.captured_logs import CapturedLogPaths
    from dagflow.instance.stats import RunStats, StepStats
    from dagflow.keys import AssetKey


class _Instance(Protocol):
    """The part of an instance that the views use. Its module imports this one."""

    def add_run(self, run: DagflowRun) -> DagflowRun: ...
    def has_run(self, run_id: str) -> bool: ...
    def get_run_by_id(self, run_id: str) -> DagflowRun | None: ...
    def get_runs(
        self, filters: RunsFilter | None, cursor: str | None, limit: int | None, ascending: bool
    ) -> list[DagflowRun]: ...
    def get_run_records(
        self, filters: RunsFilter | None, limit: int | None, cursor: str | None, ascending: bool
    ) -> list[RunRecord]: ...
    def get_runs_count(self, filters: RunsFilter | None) -> int: ...
    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None: ...
    def delete_run(self, run_id: str) -> None: ...
    def captured_log_paths(self, run_id: str, file_key: str) -> CapturedLogPaths: ...


class EventLogView(EventLogStorage):
    """The event log of an instance. `DagflowInstance.event_log_storage` returns it."""

    __slots__ = ()

    def get_logs_for_run(
        self,
        run_id: str,
        cursor: str | None = None,
        of_type: DagflowEventType | Collection[DagflowEventType] | None = None,
        limit: int | None = None,
        ascending: bool = True,
    ) -> list[EventLogEntry]:
        """Return the lines of the log of a run. Arguments as in `DagflowInstance.get_records_for_run`.

        Example:
            >>> from dagflow import DagflowInstance
            >>> DagflowInstance.ephemeral().event_log_storage.get_logs_for_run("unknown")
            []
        """
        page = self.get_records_for_run(run_id, cursor, of_type, limit, ascending)
        return [record.event_log_entry for record in page.records]

    def get_latest_materialization_events(
        self, asset_keys: Iterable[AssetKey]
    ) -> dict[AssetKey, EventLogEntry | None]:
        """Return the last materialization of each asset, None for an asset without one."""
        return {key: self.get_latest_materialization_event(key) for key in asset_keys}

    def get_stats_for_run(self, run_id: str) -> RunStats:
        """Return statistics of a run: its steps, materializations and times."""
        return run_stats(self._store, run_id)

    def get_step_stats_for_run(self, run_id: str, step_keys: Sequence[str] | None = None) -> list[StepStats]:
        """Return statistics of the steps of a run, in the order in which they began."""
        return step_stats(self._store, run_id, step_keys)


class RunStorage:
    """The runs of an instance. `DagflowInstance.run_storage` returns it.

    Example:
        >>> from dagflow import DagflowInstance
        >>> DagflowInstance.ephemeral().run_storage.get_runs()
        []
    """

    __slots__ = ("_instance",)

    def __init__(self, instance: _Instance) -> None:
        self._instance = instance

    def add_run(self, dagflow_run: DagflowRun) -> DagflowRun:
        """Store a new run and return it."""
        return self._instance.add_run(dagflow_run)

    def has_run(self, run_id: str) -> bool:
        """Return whether this run is stored."""
        return self._instance.has_run(run_id)

    def get_runs(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        ascending: bool = False,
    ) -> list[DagflowRun]:
        """Return runs, the newest first. Arguments as in `DagflowInstance.get_runs`."""
        return self._instance.get_runs(filters, cursor, limit, ascending)

    def get_run_ids(
        self, filters: RunsFilter | None = None, cursor: str | None = None, limit: int | None = None
    ) -> list[str]:
        """Return the ids of runs, the newest first."""
        return [run.run_id for run in self.get_runs(filters, cursor, limit)]

    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        *,
        ascending: bool = False,
        cursor: str | None = None,
    ) -> list[RunRecord]:
        """Return records of runs, with their times, the newest first."""
        return self._instance.get_run_records(filters, limit, cursor, ascending)

    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        """Return the number of runs."""
        return self._instance.get_runs_count(filters)

    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        """Add tags to a run and overwrite existing keys."""
        self._instance.add_run_tags(run_id, new_tags)

    def delete_run(self, run_id: str) -> None:
        """Delete a run and its log. An unknown run is ignored."""
        self._instance.delete_run(run_id)


class CapturedLogData(NamedTuple):
    """A part of the captured output of a process.

    Attributes:
        log_key: The key of the output.
        stdout: What it printed; None if nothing is captured under this key.
        stderr: Its errors, likewise.
        cursor: The end of the part in both files, for the next call.
    """

    log_key: list[str]
    stdout: bytes | None
    stderr: bytes | None
    cursor: str


class ComputeLogManager:
    """The captured output of the runs of an instance. `DagflowInstance.compute_log_manager` returns it.

    A log key is a list of the run id, "compute_logs" and the file key of the LOGS_CAPTURED event.

    Example:
        >>> from dagflow import DagflowInstance
        >>> manager = DagflowInstance.ephemeral().compute_log_manager
        >>> manager.get_log_data(manager.build_log_key_for_run("unknown", "brew")).stdout is None
        True
    """

    __slots__ = ("_instance",)

    def __init__(self, instance: _Instance) -> None:
        self._instance = instance

    def build_log_key_for_run(self, run_id: str, step_key: str) -> list[str]:
        """Return the log key of a step, or of the file key of a LOGS_CAPTURED event."""
        return [run_id, "compute_logs", step_key]

    def is_capture_complete(self, log_key: Sequence[str]) -> bool:
        """Return whether the run of the captured output has ended."""
        run = self._instance.get_run_by_id(_parts(log_key)[0])
        return run is not None and run.is_finished

    def get_log_data(
        self, log_key: Sequence[str], cursor: str | None = None, max_bytes: int | None = None
    ) -> CapturedLogData:
        """Return captured output.

        Args:
            log_key: The log key.
            cursor: The `cursor` of the part before.
            max_bytes: The maximum size of the part of each file.

        Raises:
            CheckError: The log key or the cursor is invalid.
        """
        paths = self._instance.captured_log_paths(*_parts(log_key))
        starts = (cursor or "0:0").split(":")
        if len(starts) != 2 or not all(start.isdigit() for start in starts):
            raise CheckError(f"the cursor {cursor!r} of captured output is not that of get_log_data")
        parts = [_part(path, int(start), max_bytes) for path, start in zip(paths, starts, strict=True)]
        ends = [int(start) + len(part or b"") for start, part in zip(starts, parts, strict=True)]
        return CapturedLogData(list(log_key), parts[0], parts[1], f"{ends[0]}:{ends[1]}")


def _parts(log_key: Sequence[str]) -> tuple[str, str]:
    """Return the run id and the file key of a log key."""
    if isinstance(log_key, str) or len(log_key) != 3 or log_key[1] != "compute_logs":
        raise CheckError(
            f'the log key {log_key!r} is not a list of a run id, "compute_logs" and a file key; '
            "build_log_key_for_run makes one"
        )
    return log_key[0], log_key[2]


def _part(path: str, start: int, size: int | None) -> bytes | None:
    try:
        with open(path, "rb") as file:
            file.seek(start)
            return file.read(size)
    except FileNotFoundError:  # nothing was captured there
        return None
