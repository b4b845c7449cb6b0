"""What an instance keeps its memory in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from dagflow.events.record import EventLogEntry
from dagflow.events.run import DagflowRun, DagflowRunStatus, RunRecord, RunsFilter


class StoredEntry(NamedTuple):
    """A line of the log with its number, which grows over all runs of the store."""

    storage_id: int
    entry: EventLogEntry


class RunLines(Protocol):
    """The log of a run that may still be growing: its lines are made when somebody reads them."""

    def entries(self, start: int = 0) -> Sequence[EventLogEntry]:
        """The lines from `start` on."""


class Store(Protocol):
    """Runs, the lines of their logs, and keys of dynamic partitions. Safe to use from several threads."""

    def add_run(self, run: DagflowRun, now: float) -> None:
        """Keep a new run. Raises DagflowRunAlreadyExists."""

    def set_status(self, run_id: str, status: DagflowRunStatus, now: float) -> None:
        """Write down where a run stands."""

    def replace_run(self, run: DagflowRun, now: float) -> None:
        """Write down a run that changed."""

    def run_record(self, run_id: str) -> RunRecord | None:
        """A run, None if it is not here."""

    def run_records(self, wanted: RunsFilter) -> list[RunRecord]:
        """Runs, the oldest first."""

    def delete_run(self, run_id: str) -> None:
        """Forget a run and its log."""

    def follow(self, run_id: str, lines: RunLines) -> None:
        """Keep the lines of a run, those to come included."""

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

    def set_dynamic_partitions(self, name: str, keys: Sequence[str]) -> None:
        """Write down the keys of dynamic partitions."""
