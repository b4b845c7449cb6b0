"""What an instance keeps its memory in, and which lines of the log it can ask for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dagflow.events.record import EventLogEntry
from dagflow.events.run import DagflowRun, DagflowRunStatus, RunRecord, RunsFilter
from dagflow.events.types import DagflowEventType
from dagflow.keys import AssetKey

if TYPE_CHECKING:
    from dagflow.processes import Process


class StoredEntry(NamedTuple):
    """A line of the log with its number, which grows over all runs of the store."""

    storage_id: int
    entry: EventLogEntry


class StoredLine(NamedTuple):
    """A line of the log in the form in which it is kept outside of this process.

    Attributes:
        timestamp: Seconds since the epoch.
        level: As in Python's logging.
        step_key: The step that it belongs to.
        event_type: The value of the event's type; None: user code logged a text.
        asset_key: The asset that the event is about, as `AssetKey.to_string` writes it.
        partition: The partition that it is about.
        body: The event as JSON (`DagflowEvent.to_dict`), or the text.
    """

    timestamp: float
    level: int
    step_key: str | None
    event_type: str | None
    asset_key: str | None
    partition: str | None
    body: str


class RunLines(Protocol):
    """The log of a run that may still be growing: its lines are made when somebody reads them."""

    def entries(self, start: int = 0) -> Sequence[EventLogEntry]:
        """The lines from `start` on."""

    def stored(self, start: int = 0) -> Sequence[StoredLine]:
        """The lines from `start` on, to be kept outside of this process."""


class LinesFilter(NamedTuple):
    """Which lines of the log are wanted; what is None does not matter.

    Times are seconds since the epoch; cursors are storage ids, which are themselves left out.
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

    def admits(self, line: StoredEntry) -> bool:
        """Whether a line is wanted."""
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
            and (self.after_cursor is None or number > self.after_cursor)
            and (self.before_cursor is None or number < self.before_cursor)
            and (self.after_timestamp is None or moment > self.after_timestamp)
            and (self.before_timestamp is None or moment < self.before_timestamp)
            and (self.storage_ids is None or number in self.storage_ids)
        )


EVERY_LINE = LinesFilter()


class Store(Protocol):
    """Runs, the lines of their logs, and keys of dynamic partitions. Each method is one step, so that several
    threads can use it at once.
    """

    def add_run(self, run: DagflowRun, now: float) -> None:
        """Keep a new run. Raises DagflowRunAlreadyExists."""

    def set_status(self, run_id: str, status: DagflowRunStatus, now: float) -> None:
        """Write down where a run stands; one that has ended stays as it ended. With STARTED it belongs to
        this process from now on; with its end its log is complete.
        """

    def change_status(
        self,
        run_id: str,
        expected: Collection[DagflowRunStatus],
        status: DagflowRunStatus,
        now: float,
        entry: EventLogEntry,
    ) -> bool:
        """Let a run stand elsewhere, and add a line to its log, if it stands where it is expected to. Returns
        whether it did.
        """

    def add_tags(self, run_id: str, tags: Mapping[str, str], now: float) -> None:
        """Put tags over those of a run; one that is not here is no error."""

    def run_record(self, run_id: str) -> RunRecord | None:
        """A run, None if it is not here."""

    def run_records(
        self, wanted: RunsFilter, limit: int | None = None, cursor: str | None = None, ascending: bool = True
    ) -> list[RunRecord]:
        """Runs, the oldest first or, not `ascending`, the newest; those after the run whose id is `cursor`,
        and none after one that is not here.
        """

    def count_runs(self, wanted: RunsFilter) -> int:
        """How many runs there are."""

    def process_of(self, run_id: str) -> Process | None:
        """The process to which a run belongs; None if it has not begun, or is kept in memory."""

    def delete_run(self, run_id: str) -> None:
        """Forget a run and its log."""

    def follow(self, run_id: str, lines: RunLines) -> None:
        """Keep the lines of a run, those to come included."""

    def flush(self, run_id: str) -> None:
        """Put what a followed run has written so far where others can read it, and where it stays."""

    def add_entries(self, entries: Sequence[EventLogEntry]) -> None:
        """Keep lines that come from no run under way."""

    def lines(
        self, wanted: LinesFilter = EVERY_LINE, limit: int | None = None, ascending: bool = True
    ) -> list[StoredEntry]:
        """Lines, in the order in which they were written or, not `ascending`, the newest first."""

    def count_events(self, run_id: str) -> dict[DagflowEventType, int]:
        """How many events of each type a run has; a type without any is left out."""

    def asset_keys(self) -> list[AssetKey]:
        """The assets of which a materialization or observation is here that was not wiped, in order."""

    def materialized_partitions(self, key: AssetKey) -> set[str]:
        """The partitions of an asset that were materialized since it was wiped."""

    def wipe_asset(self, key: AssetKey) -> None:
        """Forget what was written of an asset so far."""

    def wiped_before(self, key: AssetKey) -> int:
        """The line up to which an asset was wiped; 0 if it never was."""

    def dynamic_partitions(self, name: str) -> list[str]:
        """The keys of dynamic partitions, in the order in which they were added."""

    def add_dynamic_partitions(self, name: str, keys: Sequence[str]) -> None:
        """Put keys of dynamic partitions behind those that are there."""

    def delete_dynamic_partition(self, name: str, key: str) -> None:
        """Take a key of dynamic partitions away; one that is not here is no error."""

    def wipe(self) -> None:
        """Forget everything."""

    def close(self) -> None:
        """Let go of what is open outside of this process. The store can go on being used."""


class LateStore:
    """A store that is made when it is first asked for something; then it is that store.

    Args:
        make: Makes it, and opens nothing: two threads may both make one, of which one is used. A lock would
            be held for ever in a child that is forked meanwhile.
    """

    def __init__(self, make: Callable[[], Store]) -> None:
        self._make = make

    def close(self) -> None:
        """Let go of what is open, if it was made."""
        store = self.__dict__.get("store")
        if store is not None:
            store.close()

    def __getattr__(self, name: str) -> Any:
        # reached only for what stands not here: the methods of the store
        store = self.__dict__.get("store")
        if store is None:
            store = self.__dict__.setdefault("store", self._make())
        return getattr(store, name)
