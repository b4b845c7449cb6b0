"""A store in memory, private to one instance."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from dagflow.errors import DagflowRunAlreadyExists
from dagflow.events.record import EventLogEntry
from dagflow.events.run import DagflowRun, DagflowRunStatus, RunRecord, RunsFilter
from dagflow.instance.store import RunLines, StoredEntry


class _KeptRun:
    """A run with its times."""

    __slots__ = ("created", "ended", "number", "run", "started", "updated")

    def __init__(self, number: int, run: DagflowRun, now: float) -> None:
        self.number = number
        self.run = run
        self.created = self.updated = now
        self.started: float | None = None
        self.ended: float | None = None

    def record(self) -> RunRecord:
        return RunRecord(self.number, self.run, self.created, self.updated, self.started, self.ended)


class MemoryStore:
    """Keeps everything in dicts.

    Attributes:
        runs: By id, in the order in which they were added.
        lines: Every line that was read off so far, with its number. Always: numbers grow, and none is given
            twice, even when a run is deleted.
        followed: The logs of runs, each with how many of its lines stand in `lines` already.
    """

    __slots__ = ("_last", "_number", "dynamic", "followed", "lines", "lock", "runs", "wiped")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.runs: dict[str, _KeptRun] = {}
        self.lines: list[StoredEntry] = []
        self.followed: dict[str, tuple[RunLines, int]] = {}
        self.wiped: dict[str, int] = {}
        self.dynamic: dict[str, list[str]] = {}
        self._number = self._last = 0

    def add_run(self, run: DagflowRun, now: float) -> None:
        """Keep a new run. Raises DagflowRunAlreadyExists."""
        with self.lock:
            if run.run_id in self.runs:
                raise DagflowRunAlreadyExists(
                    f"this instance already has a run with the id '{run.run_id}' (of job "
                    f"'{self.runs[run.run_id].run.job_name}'). Leave 'run_id' away, or use another UUID."
                )
            self._number += 1
            self.runs[run.run_id] = _KeptRun(self._number, run, now)

    def set_status(self, run_id: str, status: DagflowRunStatus, now: float) -> None:
        """Write down where a run stands."""
        with self.lock:
            kept = self.runs.get(run_id)
            if kept is None:  # it was deleted while it ran
                return
            if kept.run.status is not status:
                kept.run = kept.run.with_changes(status=status)
            kept.updated = now
            if status is DagflowRunStatus.STARTED:
                kept.started = now
            elif kept.run.is_finished:
                kept.ended = now

    def add_tags(self, run_id: str, tags: Mapping[str, str], now: float) -> None:
        """Put tags over those of a run; one that is not here is no error."""
        with self.lock:
            kept = self.runs.get(run_id)
            if kept is not None:
                kept.run = kept.run.with_changes(tags={**kept.run.tags, **tags})
                kept.updated = now

    def run_record(self, run_id: str) -> RunRecord | None:
        """A run, None if it is not here."""
        with self.lock:
            kept = self.runs.get(run_id)
            return None if kept is None else kept.record()

    def run_records(self, wanted: RunsFilter) -> list[RunRecord]:
        """Runs, the oldest first."""
        with self.lock:
            return [kept.record() for kept in self.runs.values() if wanted.admits(kept.run, kept.created)]

    def delete_run(self, run_id: str) -> None:
        """Forget a run and its log."""
        with self.lock:
            self._read_off()
            self.runs.pop(run_id, None)
            self.followed.pop(run_id, None)
            self.lines = [line for line in self.lines if line.entry.run_id != run_id]

    def follow(self, run_id: str, lines: RunLines) -> None:
        """Keep the lines of a run, those to come included."""
        with self.lock:
            self.followed[run_id] = (lines, 0)

    def flush(self, run_id: str) -> None:
        """Nothing: nobody else reads this store, and it reads the log of a run itself."""

    def add_entry(self, entry: EventLogEntry) -> None:
        """Keep one line that comes from no run under way."""
        with self.lock:
            self._read_off()
            self._add(entry)

    def entries(self, run_id: str | None = None) -> list[StoredEntry]:
        """All lines, or those of one run, in the order in which they were written."""
        with self.lock:
            self._read_off()
            return [line for line in self.lines if run_id is None or line.entry.run_id == run_id]

    def wipe_asset(self, key: str, storage_id: int) -> None:
        """Forget what was materialized of an asset up to a line."""
        with self.lock:
            self.wiped[key] = storage_id

    def wiped_before(self, key: str) -> int:
        """The line up to which an asset was wiped; 0 if it never was."""
        with self.lock:
            return self.wiped.get(key, 0)

    def last_storage_id(self) -> int:
        """The number of the newest line."""
        with self.lock:
            self._read_off()
            return self._last

    def dynamic_partitions(self, name: str) -> list[str]:
        """The keys of dynamic partitions, in the order in which they were added."""
        with self.lock:
            return list(self.dynamic.get(name, ()))

    def add_dynamic_partitions(self, name: str, keys: Sequence[str]) -> None:
        """Put keys of dynamic partitions behind those that are there."""
        with self.lock:
            self.dynamic[name] = list(dict.fromkeys([*self.dynamic.get(name, ()), *keys]))

    def delete_dynamic_partition(self, name: str, key: str) -> None:
        """Take a key of dynamic partitions away; one that is not here is no error."""
        with self.lock:
            self.dynamic[name] = [known for known in self.dynamic.get(name, ()) if known != key]

    def _add(self, entry: EventLogEntry) -> None:
        self._last += 1
        self.lines.append(StoredEntry(self._last, entry))

    def _read_off(self) -> None:
        for run_id, (lines, read) in list(self.followed.items()):
            new = lines.entries(read)
            for entry in new:
                self._add(entry)
            kept = self.runs.get(run_id)
            if kept is not None and kept.run.is_finished:
                del self.followed[run_id]
            else:
                self.followed[run_id] = (lines, read + len(new))
