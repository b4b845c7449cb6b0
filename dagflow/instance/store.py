"""What an instance keeps its memory in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from dagflow.events.record import EventLogEntry
from dagflow.events.run import DagflowRun, DagflowRunStatus, RunRecord, RunsFilter


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


class Store(Protocol):
    """Runs, the lines of their logs, and keys of dynamic partitions. Each method is one step, so that several
    threads can use it at once.
    """

    def add_run(self, run: DagflowRun, now: float) -> None:
        """Keep a new run. Raises DagflowRunAlreadyExists."""

    def set_status(self, run_id: str, status: DagflowRunStatus, now: float) -> None:
        """Write down where a run stands."""

    def add_tags(self, run_id: str, tags: Mapping[str, str], now: float) -> None:
        """Put tags over those of a run; one that is not here is no error."""

    def run_record(self, run_id: str) -> RunRecord | None:
        """A run, None if it is not here."""

    def run_records(self, wanted: RunsFilter) -> list[RunRecord]:
        """Runs, the oldest first."""

    def delete_run(self, run_id: str) -> None:
        """Forget a run and its log."""

    def follow(self, run_id: str, lines: RunLines) -> None:
        """Keep the lines of a run, those to come included."""

    def flush(self, run_id: str) -> None:
        """Put what a followed run has written so far where others can read it, and where it stays."""

    def add_entry(self, entry: EventLogEntry) -> None:
        """Keep one line that comes from no run under way."""

    def entries(self, run_id: str | None = None) -> list[StoredEntry]:
        """All lines, or those of one run, in the order in which they were written."""

    def wipe_asset(self, key: str, storage_id: int) -> None:
        """Forget what was materialized of an asset (key as text) up to a line."""

    def wiped_before(self, key: str) -> int:
        """The line up to which an asset was wiped; 0 if it never was."""

    def last_storage_id(self) -> int:
        """The number of the newest line."""

    def dynamic_partitions(self, name: str) -> list[str]:
        """The keys of dynamic partitions, in the order in which they were added."""

    def add_dynamic_partitions(self, name: str, keys: Sequence[str]) -> None:
        """Put keys of dynamic partitions behind those that are there."""

    def delete_dynamic_partition(self, name: str, key: str) -> None:
        """Take a key of dynamic partitions away; one that is not here is no error."""
