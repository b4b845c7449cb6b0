"""The interface of a store, in which an instance keeps its data, and the filter of log lines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dagflow.events.record import DagflowEvent, EventLogEntry
from dagflow.events.run import DagflowRun, DagflowRunStatus, RunRecord, RunsFilter
from dagflow.events.types import CHECK_EVENTS, DagflowEventType
from dagflow.keys import AssetCheckKey, AssetKey

if TYPE_CHECKING:
    from dagflow.processes import Process


class StoredEntry(NamedTuple):
    """A line of the log with its storage id, which ascends over all runs of the store."""

    storage_id: int
    entry: EventLogEntry


class StoredLine(NamedTuple):
    """A line of the log in the form that is stored outside of this process.

    Attributes:
        timestamp: Seconds since the epoch.
        level: The level as a number, as in Python's logging.
        step_key: The key of the step; None for a line of the whole run.
        event_type: The value of the event's type; None for a message of user code.
        asset_key: The asset or check of the event, as `stored_key` returns it; None without one.
        partition: The partition key of the event; None without a partition.
        body: The event as JSON (`DagflowEvent.to_dict`), or the message.
    """

    timestamp: float
    level: int
    step_key: str | None
    event_type: str | None
    asset_key: str | None
    partition: str | None
    body: str


class RunLines(Protocol):
    """The log of a run that may still grow. Its lines are built when they are read."""

    def entries(self, start: int = 0) -> Sequence[EventLogEntry]:
        """Return the lines from position `start` on; the first line has position 0."""

    def stored(self, start: int = 0) -> Sequence[StoredLine]:
        """Return the lines from position `start` on in their stored form."""


class LinesFilter(NamedTuple):
    """A filter of log lines. A line passes if it fulfils each condition that is not None.

    Timestamps are seconds since the epoch, and cursors are storage ids. Lines at a cursor or at a timestamp
    itself do not pass. A line without an event fails the conditions on event types, asset, check and
    partitions.
    """

    run_id: str | None = None
    event_types: Collection[DagflowEventType] | None = None
    asset_key: AssetKey | None = None
    asset_partitions: Collection[str] | None = None
    after_cursor: int | None = None
    before_cursor: int | None = None
    after_timestamp: float | None = None
    before_timestamp: float | None = None
    storage_ids: Collection[int] | None = None
    check_key: AssetCheckKey | None = None

    def admits(self, line: StoredEntry) -> bool:
        """Return whether a line passes the filter."""
        event = line.entry.dagflow_event
        number, moment = line.storage_id, line.entry.timestamp
        return (
            (self.run_id is None or line.entry.run_id == self.run_id)
            and (self.event_types is None or (event is not None and event.event_type in self.event_types))
            and (self.asset_key is None or (event is not None and event.asset_key == self.asset_key))
            and (
                self.asset_partitions is None
                or (event is not None and event.partition in self.asset_partitions)
            )
            and (self.check_key is None or (event is not None and event.asset_check_key == self.check_key))
            and (self.after_cursor is None or number > self.after_cursor)
            and (self.before_cursor is None or number < self.before_cursor)
            and (self.after_timestamp is None or moment > self.after_timestamp)
            and (self.before_timestamp is None or moment < self.before_timestamp)
            and (self.storage_ids is None or number in self.storage_ids)
        )


EVERY_LINE = LinesFilter()


def stored_key(event: DagflowEvent) -> str | None:
    """Return the asset of an event, or else its check, as a string; None if it has neither."""
    if event.event_type in CHECK_EVENTS:
        check_key = event.asset_check_key
        return None if check_key is None else check_key.to_db_string()
    asset_key = event.asset_key
    return None if asset_key is None else asset_key.to_string()


class Store(Protocol):
    """The storage of runs, log lines and dynamic partitions. Each method is atomic and thread-safe.

    `now` is the current time in seconds since the epoch. A method that changes an unknown run does nothing.
    """

    def add_run(self, run: DagflowRun, now: float) -> None:
        """Store a new run, with the tags that it has.

        Raises:
            DagflowRunAlreadyExists: The store has a run with this id.
        """

    def set_status(self, run_id: str, status: DagflowRunStatus, now: float) -> None:
        """Change the status of a run, unless the run has ended.

        The status STARTED makes this process the process of the run. A final status stores the rest of the
        log of the run, and ends `follow`.
        """

    def change_status(
        self,
        run_id: str,
        expected: Collection[DagflowRunStatus],
        status: DagflowRunStatus,
        now: float,
        entry: EventLogEntry,
    ) -> bool:
        """Change the status of a run and append a line to its log, if its status is one of `expected`.

        Returns:
            Whether the status was changed and the line appended; False if the run is unknown.
        """

    def add_tags(self, run_id: str, tags: Mapping[str, str], now: float) -> None:
        """Add tags to a run and overwrite existing keys. An unknown run is ignored."""

    def run_record(self, run_id: str) -> RunRecord | None:
        """Return the record of a run, or None if the run is unknown."""

    def run_records(
        self, wanted: RunsFilter, limit: int | None = None, cursor: str | None = None, ascending: bool = True
    ) -> list[RunRecord]:
        """Return runs, the oldest first, or the newest first if not `ascending`.

        Args:
            wanted: The filter.
            limit: The maximum number of runs; None for no limit.
            cursor: A run id. Only runs that follow this run in the chosen order are returned. If the run is
                unknown, the list is empty.
            ascending: Whether the oldest run comes first.
        """

    def count_runs(self, wanted: RunsFilter) -> int:
        """Return the number of runs that match a filter."""

    def process_of(self, run_id: str) -> Process | None:
        """Return the process that executes a run.

        None if the run is unknown or has not started, or the store is in memory.
        """

    def delete_run(self, run_id: str) -> None:
        """Delete a run and its log."""

    def follow(self, run_id: str, lines: RunLines) -> None:
        """Register the log of a run, whose present and future lines this store stores.

        A store in memory reads them at each access. Other stores read them at `flush` and at the end.
        """

    def flush(self, run_id: str) -> None:
        """Store the lines that a followed run has written so far, so that other processes can read them.

        It does nothing if this process does not follow the run.
        """

    def add_entries(self, entries: Sequence[EventLogEntry]) -> None:
        """Append lines that are not in a followed log, for example from code outside of a run."""

    def lines(
        self, wanted: LinesFilter = EVERY_LINE, limit: int | None = None, ascending: bool = True
    ) -> list[StoredEntry]:
        """Return the lines that pass a filter, including the lines that `wipe_asset` hides.

        Args:
            wanted: The filter.
            limit: The maximum number of lines; None for no limit.
            ascending: Whether the oldest line comes first.
        """

    def count_lines(self, types: Collection[DagflowEventType], last: int) -> int:
        """Return the number of events of some types with a storage id up to `last`."""

    def count_events(self, run_id: str) -> dict[DagflowEventType, int]:
        """Return the number of events of a run by event type. Types without events are omitted."""

    def asset_keys(self) -> list[AssetKey]:
        """Return the sorted keys of the assets of events since they were wiped, also of planned ones."""

    def materialized_partitions(
        self, key: AssetKey, after: int | None = None, before: int | None = None
    ) -> set[str]:
        """Return the keys of the partitions of an asset that were materialized since it was wiped.

        Args:
            key: The asset.
            after: Only materializations with a higher storage id count.
            before: Only materializations with a lower storage id count.
        """

    def wipe_asset(self, key: AssetKey) -> None:
        """Hide the present events of an asset from `asset_keys` and `materialized_partitions`.

        The lines stay in the store. `lines` returns them, unless its filter starts at `wiped_before`.
        """

    def wiped_before(self, key: AssetKey) -> int:
        """Return the id of the last line that is hidden by a wipe of an asset, or 0 if it was never wiped."""

    def wipes(self) -> dict[AssetKey, int]:
        """Return `wiped_before` of each asset that was wiped."""

    def dynamic_partitions(self, name: str) -> list[str]:
        """Return the keys of the dynamic partitions definition `name`, in the order of their addition.

        The list is empty if the name is unknown.
        """

    def add_dynamic_partitions(self, name: str, keys: Sequence[str]) -> None:
        """Append keys to the dynamic partitions definition `name`. Existing keys are ignored."""

    def delete_dynamic_partition(self, name: str, key: str) -> None:
        """Delete a key of the dynamic partitions definition `name`. An unknown key is ignored."""

    def wipe(self) -> None:
        """Delete all runs, log lines and dynamic partitions."""

    def close(self) -> None:
        """Close files and connections. The store can still be used, and opens them again."""


class LateStore:
    """A proxy that creates its store at the first call of a method, and forwards all calls to it.

    Args:
        make: A function that creates the store and opens nothing. Two threads may both call it; one result is
            used. (A lock could be held during a fork, and would never be released in the child.)
    """

    def __init__(self, make: Callable[[], Store]) -> None:
        self._make = make

    def close(self) -> None:
        """Close the store, if it was created."""
        store = self.__dict__.get("store")
        if store is not None:
            store.close()

    def __getattr__(self, name: str) -> Any:
        # only called for names that this class does not define: the methods of the store
        store = self.__dict__.get("store")
        if store is None:
            store = self.__dict__.setdefault("store", self._make())
        return getattr(store, name)
