"""A store in memory, private to one instance."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from operator import attrgetter

from dagflow.errors import DagflowRunAlreadyExists
from dagflow.events.record import EventLogEntry
from dagflow.events.run import DagflowRun, DagflowRunStatus, RunRecord, RunsFilter
from dagflow.events.types import DagflowEventType
from dagflow.instance.store import EVERY_LINE, LinesFilter, RunLines, StoredEntry
from dagflow.keys import AssetKey, describe_job

_KNOWN = (
    DagflowEventType.ASSET_MATERIALIZATION,
    DagflowEventType.ASSET_OBSERVATION,
    DagflowEventType.ASSET_MATERIALIZATION_PLANNED,
)


class _KeptRun:
    """A run with its times, in seconds since the epoch."""

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
    """A store that keeps everything in dicts.

    Attributes:
        runs: The runs by id, in the order in which they were added.
        written: The lines collected so far, with their ids. Invariant: ids ascend and are never reused, even
            after a run is deleted.
        followed: By run id, the log of the run and the number of its lines that are already in `written`.
    """

    __slots__ = ("_last", "_number", "dynamic", "followed", "lock", "runs", "wiped", "written")

    def __init__(self) -> None:
        self.lock: threading.RLock = threading.RLock()
        self.runs: dict[str, _KeptRun] = {}
        self.written: list[StoredEntry] = []
        self.followed: dict[str, tuple[RunLines, int]] = {}
        self.wiped: dict[AssetKey, int] = {}
        self.dynamic: dict[str, list[str]] = {}
        self._number = self._last = 0

    def add_run(self, run: DagflowRun, now: float) -> None:
        """Store a new run. Raises DagflowRunAlreadyExists."""
        with self.lock:
            if run.run_id in self.runs:
                raise DagflowRunAlreadyExists(
                    f"this instance already has a run with the id '{run.run_id}' (of "
                    f"{describe_job(self.runs[run.run_id].run.job_name)}). Omit 'run_id', or use "
                    "another UUID."
                )
            self._number += 1
            self.runs[run.run_id] = _KeptRun(self._number, run, now)

    def set_status(self, run_id: str, status: DagflowRunStatus, now: float) -> None:
        """Change the status of a run, unless the run has ended."""
        with self.lock:
            kept = self.runs.get(run_id)
            if kept is not None and not kept.run.is_finished:  # None: it was deleted while it ran
                self._set(kept, status, now)

    def _set(self, kept: _KeptRun, status: DagflowRunStatus, now: float) -> None:
        if kept.run.status is not status:
            kept.run = kept.run.with_changes(status=status)
        kept.updated = now
        if status is DagflowRunStatus.STARTED:
            kept.started = now
        elif kept.run.is_finished:
            kept.ended = now

    def change_status(
        self,
        run_id: str,
        expected: Collection[DagflowRunStatus],
        status: DagflowRunStatus,
        now: float,
        entry: EventLogEntry,
    ) -> bool:
        """Change the status of a run and append a line to its log, if its status is one of `expected`."""
        with self.lock:
            self._read_off()
            kept = self.runs.get(run_id)
            if kept is None or kept.run.status not in expected:
                return False
            self._set(kept, status, now)
            self._add(entry)
            return True

    def add_tags(self, run_id: str, tags: Mapping[str, str], now: float) -> None:
        """Add tags to a run and overwrite existing keys. An unknown run is ignored."""
        with self.lock:
            kept = self.runs.get(run_id)
            if kept is not None:
                kept.run = kept.run.with_changes(tags={**kept.run.tags, **tags})
                kept.updated = now

    def run_record(self, run_id: str) -> RunRecord | None:
        """Return the record of a run, or None if the run is unknown."""
        with self.lock:
            kept = self.runs.get(run_id)
            return None if kept is None else kept.record()

    def run_records(
        self, wanted: RunsFilter, limit: int | None = None, cursor: str | None = None, ascending: bool = True
    ) -> list[RunRecord]:
        """Return runs, the oldest first, or the newest first if not `ascending`."""
        with self.lock:
            every = list(self.runs.values())
            after = None if cursor is None else self.runs.get(cursor)
        if cursor is not None and after is None:
            return []
        if not ascending:
            every.reverse()
        if after is not None:
            every = every[every.index(after) + 1 :]
        found = [kept.record() for kept in every if wanted.admits(kept.run, kept.created)]
        return found[:limit]

    def count_runs(self, wanted: RunsFilter) -> int:
        """Return the number of runs that match a filter."""
        return len(self.run_records(wanted))

    def process_of(self, run_id: str) -> None:
        """Return None, because all runs belong to this process."""

    def delete_run(self, run_id: str) -> None:
        """Delete a run and its log."""
        with self.lock:
            self._read_off()
            self.runs.pop(run_id, None)
            self.followed.pop(run_id, None)
            self.written = [line for line in self.written if line.entry.run_id != run_id]

    def follow(self, run_id: str, lines: RunLines) -> None:
        """Store all lines of a run, including future ones."""
        with self.lock:
            self.followed[run_id] = (lines, 0)

    def flush(self, run_id: str) -> None:
        """Do nothing, because each read of this store first collects the new lines of the runs."""

    def add_entries(self, entries: Sequence[EventLogEntry]) -> None:
        """Store lines that do not come from a run in progress."""
        with self.lock:
            self._read_off()
            for entry in entries:
                self._add(entry)

    def lines(
        self, wanted: LinesFilter = EVERY_LINE, limit: int | None = None, ascending: bool = True
    ) -> list[StoredEntry]:
        """Return lines, the oldest first, or the newest first if not `ascending`."""
        with self.lock:
            self._read_off()
            every = self.written[self._position(wanted.after_cursor or 0) :]
        ordered = every if ascending else reversed(every)
        found = (line for line in ordered if wanted.admits(line))
        return list(found if limit is None else islice(found, limit))

    def count_lines(self, types: Collection[DagflowEventType], last: int) -> int:
        """Return the number of events of some types with a storage id up to `last`."""
        with self.lock:
            self._read_off()
            events = [line.entry.dagflow_event for line in self.written[: self._position(last)]]
        return sum(event is not None and event.event_type in types for event in events)

    def _position(self, last: int) -> int:
        """Return the number of lines with a storage id up to `last`."""
        return bisect_right(self.written, last, key=attrgetter("storage_id"))

    def count_events(self, run_id: str) -> dict[DagflowEventType, int]:
        """Return the number of events of a run by event type."""
        events = (line.entry.dagflow_event for line in self.lines(LinesFilter(run_id)))
        return dict(Counter(event.event_type for event in events if event is not None))

    def asset_keys(self) -> list[AssetKey]:
        """Return the sorted keys of the assets of events since they were wiped, also of planned ones."""
        keys = set()
        for line in self.lines(LinesFilter(event_types=_KNOWN)):
            event = line.entry.dagflow_event
            key = None if event is None else event.asset_key
            if key is not None and line.storage_id > self.wiped_before(key):
                keys.add(key)
        return sorted(keys)

    def materialized_partitions(
        self, key: AssetKey, after: int | None = None, before: int | None = None
    ) -> set[str]:
        """Return the partitions of an asset that were materialized since the asset was wiped."""
        after = max(after or 0, self.wiped_before(key))
        wanted = LinesFilter(event_types=_KNOWN[:1], asset_key=key, after_cursor=after, before_cursor=before)
        events = (line.entry.dagflow_event for line in self.lines(wanted))
        keys = (event.partition for event in events if event is not None)
        return {key for key in keys if key is not None}

    def wipe_asset(self, key: AssetKey) -> None:
        """Hide all events of an asset up to now."""
        with self.lock:
            self._read_off()
            self.wiped[key] = self._last

    def wiped_before(self, key: AssetKey) -> int:
        """Return the id of the last line that is hidden by a wipe of an asset, or 0 if it was never wiped."""
        with self.lock:
            return self.wiped.get(key, 0)

    def wipes(self) -> dict[AssetKey, int]:
        """Return `wiped_before` of each asset that was wiped."""
        with self.lock:
            return dict(self.wiped)

    def dynamic_partitions(self, name: str) -> list[str]:
        """Return the keys of dynamic partitions, in the order in which they were added."""
        with self.lock:
            return list(self.dynamic.get(name, ()))

    def add_dynamic_partitions(self, name: str, keys: Sequence[str]) -> None:
        """Append keys of dynamic partitions. Existing keys are ignored."""
        with self.lock:
            self.dynamic[name] = list(dict.fromkeys([*self.dynamic.get(name, ()), *keys]))

    def delete_dynamic_partition(self, name: str, key: str) -> None:
        """Delete a key of dynamic partitions. An unknown key is ignored."""
        with self.lock:
            self.dynamic[name] = [known for known in self.dynamic.get(name, ()) if known != key]

    def wipe(self) -> None:
        """Delete everything."""
        with self.lock:
            self._read_off()
            for kept in (self.runs, self.written, self.followed, self.wiped, self.dynamic):
                kept.clear()

    def close(self) -> None:
        """Do nothing, because a store in memory has no open connection."""

    def _add(self, entry: EventLogEntry) -> None:
        self._last += 1
        self.written.append(StoredEntry(self._last, entry))

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
