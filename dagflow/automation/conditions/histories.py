"""The history of assets and checks in the log of an instance.

An evaluation reads the lines of the log behind those that an earlier evaluation of the instance has read. A
slot is the partition key of a partitioned asset, and None for an asset without partitions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

from dagflow.automation.conditions.entities import EntityKey
from dagflow.events.check import AssetCheckEvaluation
from dagflow.events.record import DagflowEvent
from dagflow.events.run import DagflowRun, DagflowRunStatus
from dagflow.events.types import DagflowEventType
from dagflow.instance.instance import DagflowInstance
from dagflow.instance.store import StoredEntry
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.tags import system_tag_spellings

_MATERIALIZED = DagflowEventType.ASSET_MATERIALIZATION
_OBSERVED = DagflowEventType.ASSET_OBSERVATION
_PLANNED = DagflowEventType.ASSET_MATERIALIZATION_PLANNED
_CHECK_PLANNED = DagflowEventType.ASSET_CHECK_EVALUATION_PLANNED
_TYPES = (_MATERIALIZED, _OBSERVED, _PLANNED, _CHECK_PLANNED, DagflowEventType.ASSET_CHECK_EVALUATION)
_VERSION_TAGS = system_tag_spellings("data_version")
_FAILED = (DagflowRunStatus.FAILURE,)


class Update(NamedTuple):
    """A materialization, an observation or the evaluation of a check.

    Attributes:
        storage_id: The storage id of its line in the log.
        run_id: The id of its run, "" outside of runs.
        timestamp: Its time, in seconds since the epoch.
        slot: The partition, or None.
        version: The version of the data, or None.
        passed: Whether a check passed; None if it is not the evaluation of a check.
    """

    storage_id: int
    run_id: str
    timestamp: float
    slot: str | None
    version: str | None = None
    passed: bool | None = None


class History:
    """The events of an asset or a check since it was wiped.

    Attributes:
        updates: All updates, the oldest first: materializations, or evaluations of the check.
        latest: The latest update of each slot.
        observations: All observations, the oldest first.
        planned: The storage id and the run of the latest plan of each slot.
    """

    __slots__ = ("latest", "observations", "planned", "updates")

    def __init__(self) -> None:
        self.updates: list[Update] = []
        self.latest: dict[str | None, Update] = {}
        self.observations: list[Update] = []
        self.planned: dict[str | None, tuple[int, str]] = {}

    def updates_after(self, storage_id: int) -> list[Update]:
        """Return the updates after a storage id, the newest first."""
        return _after(self.updates, storage_id)

    def observations_after(self, storage_id: int) -> list[Update]:
        """Return the observations after a storage id, the newest first."""
        return _after(self.observations, storage_id)

    def versions(self, before: int | None = None, *, with_observations: bool) -> dict[str | None, str | None]:
        """Return the version of the data of each slot: of its latest materialization, else observation.

        Args:
            before: Only events up to this storage id count; default: all.
            with_observations: Whether observations count.
        """
        found: dict[str | None, str | None] = {}
        for events in (self.observations if with_observations else (), self.updates):
            for event in events:
                if before is None or event.storage_id <= before:
                    found[event.slot] = event.version
        return found

    def copy(self) -> History:
        """Return a copy, to which events can be added."""
        copy = History()
        copy.updates, copy.latest = self.updates.copy(), self.latest.copy()
        copy.observations, copy.planned = self.observations.copy(), self.planned.copy()
        return copy


NO_HISTORY = History()
"""The history of an asset without events."""


class _Reading(NamedTuple):
    """The histories in the log of an instance up to one of its lines. Nothing in it changes.

    Attributes:
        partitioned: The keys of the assets and checks that have partitions.
        wipes: The storage id of the last event of each wiped asset before it was wiped.
        by_key: The histories.
        last: The storage id of the last event.
        size: The number of events, also of those that are hidden by a wipe.
    """

    partitioned: frozenset[EntityKey]
    wipes: Mapping[AssetKey, int]
    by_key: Mapping[AssetKey | AssetCheckKey, History]
    last: int = 0
    size: int = 0

    def is_valid(
        self, instance: DagflowInstance, partitioned: frozenset[EntityKey], wipes: Mapping[AssetKey, int]
    ) -> bool:
        """Return whether the events up to `last` are still these. Runs can be deleted, and a database can
        store an event after one with a higher id.
        """
        return (self.partitioned, self.wipes) == (partitioned, wipes) and (
            self.size == instance.count_of_types(_TYPES, self.last)
        )

    def with_lines(self, lines: Sequence[StoredEntry]) -> _Reading:
        """Return the histories with the next lines."""
        by_key, new = dict(self.by_key), set()
        for storage_id, entry in lines:
            event = entry.dagflow_event
            assert event is not None, "lines of these types have an event"
            key: AssetKey | AssetCheckKey | None = event.asset_key or event.asset_check_key
            if key is None:
                continue
            asset_key = key.asset_key if isinstance(key, AssetCheckKey) else key
            if storage_id <= self.wipes.get(asset_key, 0):
                continue
            if key not in new:
                by_key[key] = by_key.get(key, NO_HISTORY).copy()
                new.add(key)
            _add(by_key[key], storage_id, entry.run_id, entry.timestamp, event, key in self.partitioned)
        return self._replace(by_key=by_key, last=lines[-1].storage_id, size=self.size + len(lines))


_readings: WeakKeyDictionary[DagflowInstance, _Reading] = WeakKeyDictionary()
"""The last reading of each instance. The next one reads only the lines behind it."""


def _read(instance: DagflowInstance, partitioned: frozenset[EntityKey]) -> _Reading:
    """Return the histories in the log of an instance."""
    wipes = instance.wipes()
    reading = _readings.get(instance)
    if reading is None or not reading.is_valid(instance, partitioned, wipes):
        reading = _Reading(partitioned, wipes, {})
    lines = instance.lines_of_types(_TYPES, reading.last)
    if lines:
        reading = reading.with_lines(lines)
    _readings[instance] = reading
    return reading


class Histories:
    """The histories of all assets and checks, and the runs in them.

    Args:
        instance: The instance.
        partitioned: The keys of the assets and checks that have partitions.

    Attributes:
        last_event_id: The storage id of the latest event of an asset or check; 0 without one.
    """

    __slots__ = ("_by_key", "_instance", "_runs", "last_event_id")

    def __init__(self, instance: DagflowInstance, partitioned: Collection[EntityKey]) -> None:
        reading = _read(instance, frozenset(partitioned))
        self._instance = instance
        self._by_key: Mapping[AssetKey | AssetCheckKey, History] = reading.by_key
        self._runs: dict[str, DagflowRun | None] = {}
        self.last_event_id: int = reading.last

    @property
    def keys(self) -> Collection[AssetKey | AssetCheckKey]:
        """The keys of the assets and checks with a history."""
        return self._by_key.keys()

    def of(self, key: AssetKey | AssetCheckKey) -> History:
        """Return the history of an asset or check."""
        return self._by_key.get(key, NO_HISTORY)

    def run(self, run_id: str) -> DagflowRun | None:
        """Return a run; None if it is unknown."""
        if run_id not in self._runs:
            self._runs[run_id] = self._instance.get_run_by_id(run_id) if run_id else None
        return self._runs[run_id]

    def in_progress(self, history: History) -> set[str | None]:
        """Return the slots that a run in progress plans to update and has not updated yet."""
        found = set()
        for slot, (storage_id, run_id) in history.planned.items():
            run = self.run(run_id)
            if run is not None and not run.is_finished and not _updated_by(history, slot, storage_id, run_id):
                found.add(slot)
        return found

    def failed(self, history: History) -> set[str | None]:
        """Return the slots whose latest execution failed, without a later update."""
        found = set()
        for slot, (storage_id, run_id) in history.planned.items():
            latest = history.latest.get(slot)
            run = self.run(run_id)
            if (
                run is not None
                and run.status in _FAILED
                and (latest is None or latest.storage_id < storage_id)
            ):
                found.add(slot)
        return found

    def last_run(self, history: History, slot: str | None) -> DagflowRun | None:
        """Return the run of the latest update of a slot; None without one."""
        latest = history.latest.get(slot)
        return None if latest is None else self.run(latest.run_id)


def has_tags(run: DagflowRun | None, keys: Collection[str] | None, values: Mapping[str, str] | None) -> bool:
    """Return whether a run has tags with some keys, and tags with some values."""
    return (
        run is not None
        and all(key in run.tags for key in keys or ())
        and all(run.tags.get(key) == value for key, value in (values or {}).items())
    )


def _updated_by(history: History, slot: str | None, after: int, run_id: str) -> bool:
    latest = history.latest.get(slot)
    return latest is not None and latest.run_id == run_id and latest.storage_id > after


def _after(events: list[Update], storage_id: int) -> list[Update]:
    found = []
    for event in reversed(events):
        if event.storage_id <= storage_id:
            break
        found.append(event)
    return found


def _add(
    history: History,
    storage_id: int,
    run_id: str,
    timestamp: float,
    event: DagflowEvent,
    is_partitioned: bool,
) -> None:
    """Add an event to the history of its asset or check. Events without a partition do not count for an
    asset with partitions.
    """
    event_type, data = event.event_type, event.event_specific_data
    if event_type is _CHECK_PLANNED:
        subset = data.partitions_subset
        slots = subset.get_partition_keys() if is_partitioned and subset is not None else [None]
        for one in slots:
            history.planned[one] = storage_id, run_id
        return
    slot = getattr(data, "partition", None) if is_partitioned else None
    if is_partitioned and slot is None:
        return
    if event_type is _PLANNED:
        history.planned[slot] = storage_id, run_id
    elif isinstance(data, AssetCheckEvaluation):
        update = Update(storage_id, run_id, timestamp, slot, passed=data.passed)
        history.updates.append(update)
        history.latest[slot] = update
    elif event_type is _MATERIALIZED:
        update = Update(storage_id, run_id, timestamp, slot, _version(event.materialization.tags))
        history.updates.append(update)
        history.latest[slot] = update
    else:
        version = _version(event.asset_observation.tags)
        history.observations.append(Update(storage_id, run_id, timestamp, slot, version))


def _version(tags: Mapping[str, str] | None) -> str | None:
    for name in _VERSION_TAGS:
        if tags and name in tags:
            return tags[name]
    return None
