"""`EventLog`: the queries of an instance over the log of its runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from dagflow.errors import CheckError, check_elements, check_type, repr_of
from dagflow.events.record import EventLogEntry
from dagflow.events.types import DagflowEventType
from dagflow.instance.records import (
    AssetRecordsFilter,
    EventLogRecord,
    EventRecordsFilter,
    EventRecordsResult,
)
from dagflow.instance.store import LinesFilter, Store, StoredEntry
from dagflow.keys import AssetKey, CoercibleToAssetKey

_MATERIALIZATION = DagflowEventType.ASSET_MATERIALIZATION
_OBSERVATION = DagflowEventType.ASSET_OBSERVATION
_PLANNED = (DagflowEventType.ASSET_MATERIALIZATION_PLANNED, DagflowEventType.ASSET_CHECK_EVALUATION_PLANNED)
_SOME_TYPES = DagflowEventType | Collection[DagflowEventType] | None


class EventLog:
    """The log over all runs of an instance.

    Only the requested lines are read. With `limit` and a cursor, a log of any length can be read in pages.
    """

    __slots__ = ("_store",)

    _store: Store

    def all_logs(self, run_id: str, of_type: _SOME_TYPES = None) -> list[EventLogEntry]:
        """Return the log of a run: its events and the messages of user code, the oldest first.

        Args:
            run_id: The id of the run. The log of an unknown run is empty.
            of_type: One or several event types; default: all lines.
        """
        return [line.entry for line in self._store.lines(LinesFilter(run_id, _types(of_type)))]

    def get_records_for_run(
        self,
        run_id: str,
        cursor: str | None = None,
        of_type: _SOME_TYPES = None,
        limit: int | None = None,
        ascending: bool = True,
    ) -> EventRecordsResult:
        """Return one page of the log of a run.

        Args:
            run_id: The id of the run. The log of an unknown run is empty.
            cursor: The `cursor` of the previous page.
            of_type: One or several event types; default: all lines.
            limit: The maximum number of lines.
            ascending: Whether the oldest line comes first.
        """
        return self._page(LinesFilter(run_id, _types(of_type)), limit, cursor, ascending)

    def storage_ids(self, run_id: str) -> list[int]:
        """Return the storage ids of the lines of a run in their order, without those of planned events."""
        return [
            line.storage_id
            for line in self._store.lines(LinesFilter(run_id))
            if line.entry.dagflow_event is None or line.entry.dagflow_event.event_type not in _PLANNED
        ]

    def lines_of_types(self, types: Collection[DagflowEventType], after: int = 0) -> list[StoredEntry]:
        """Return the events of some types after a storage id, the oldest first, also those that a wipe hides;
        internal.
        """
        return self._store.lines(LinesFilter(event_types=types, after_cursor=after or None))

    def count_of_types(self, types: Collection[DagflowEventType], last: int) -> int:
        """Return the number of events of some types up to a storage id; internal."""
        return self._store.count_lines(types, last)

    def wipes(self) -> Mapping[AssetKey, int]:
        """Return what `wiped_before` returns for each asset that was wiped; internal."""
        return self._store.wipes()

    def wiped_before(self, key: AssetKey) -> int:
        """Return the storage id of the last event of an asset before it was wiped; 0 if it never was."""
        return self._store.wiped_before(key)

    def get_event_records(
        self, event_records_filter: EventRecordsFilter, limit: int | None = None, ascending: bool = False
    ) -> list[EventLogRecord]:
        """Return events of all runs, the newest first.

        Args:
            event_records_filter: The filter. With an asset, events before a wipe of the asset are left out.
            limit: The maximum number of events.
            ascending: Whether the oldest event comes first.
        """
        wanted = check_type(event_records_filter, EventRecordsFilter, "event_records_filter")
        lines = self._store.lines(self._since_wipe(wanted.lines()), checked_limit(limit), ascending)
        return [EventLogRecord(*line) for line in lines]

    def fetch_materializations(
        self,
        records_filter: CoercibleToAssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return materializations of an asset, the newest first.

        Args:
            records_filter: An asset key, or a filter.
            limit: The maximum number of records.
            cursor: The `cursor` of the previous result.
            ascending: Whether the oldest record comes first.
        """
        wanted = self._since_wipe(_asset_filter(records_filter, _MATERIALIZATION))
        return self._page(wanted, limit, cursor, ascending)

    def fetch_observations(
        self,
        records_filter: CoercibleToAssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return observations of an asset, the newest first. Parameters as in `fetch_materializations`."""
        wanted = self._since_wipe(_asset_filter(records_filter, _OBSERVATION))
        return self._page(wanted, limit, cursor, ascending)

    def _page(
        self, wanted: LinesFilter, limit: int | None, cursor: str | None, ascending: bool
    ) -> EventRecordsResult:
        if cursor:
            wanted = _from_cursor(wanted, cursor, ascending)
        limit = checked_limit(limit)
        lines = self._store.lines(wanted, None if limit is None else limit + 1, ascending)
        records = [EventLogRecord(*line) for line in lines[:limit]]
        end = str(records[-1].storage_id) if records else cursor or ""
        return EventRecordsResult(records, end, len(lines) > len(records))

    # assets

    def get_latest_materialization_event(self, asset_key: CoercibleToAssetKey) -> EventLogEntry | None:
        """Return the newest materialization of an asset since it was wiped, or None."""
        record = self.latest_materialization(AssetKey.from_coercible(asset_key))
        return None if record is None else record.event_log_entry

    def latest_materialization(self, asset_key: AssetKey) -> EventLogRecord | None:
        """Return the newest materialization of an asset since it was wiped, or None; internal."""
        return self._latest(asset_key, _MATERIALIZATION)

    def get_latest_data_version_record(self, key: CoercibleToAssetKey) -> EventLogRecord | None:
        """Return the event with the current data version of an asset: the last materialization, else the last
        observation, else None.
        """
        asset_key = AssetKey.from_coercible(key)
        return self._latest(asset_key, _MATERIALIZATION) or self._latest(asset_key, _OBSERVATION)

    def _latest(self, key: AssetKey, event_type: DagflowEventType) -> EventLogRecord | None:
        wanted = self._since_wipe(LinesFilter(event_types=(event_type,), asset_key=key))
        lines = self._store.lines(wanted, limit=1, ascending=False)
        return EventLogRecord(*lines[0]) if lines else None

    def _since_wipe(self, wanted: LinesFilter) -> LinesFilter:
        """Return a filter without the events of its asset that a wipe hides."""
        wiped = 0 if wanted.asset_key is None else self._store.wiped_before(wanted.asset_key)
        return wanted._replace(after_cursor=max(wiped, wanted.after_cursor or 0)) if wiped else wanted

    def get_asset_keys(self) -> list[AssetKey]:
        """Return the keys of the assets with a materialization or observation in the log."""
        return self._store.asset_keys()

    def all_asset_keys(self) -> list[AssetKey]:
        """Return the keys of the assets with a materialization or observation in the log."""
        return self.get_asset_keys()

    def has_asset_key(self, asset_key: CoercibleToAssetKey) -> bool:
        """Return whether the log has a materialization or observation of an asset."""
        return self.get_latest_data_version_record(asset_key) is not None


def _types(of_type: _SOME_TYPES) -> Collection[DagflowEventType] | None:
    if of_type is None:
        return None
    if isinstance(of_type, DagflowEventType):
        return (of_type,)
    return check_elements(of_type, DagflowEventType, "of_type")


def checked_limit(limit: int | None) -> int | None:
    """Return `limit` if it is a valid maximum number of results. None means all.

    Raises:
        ParameterCheckError: The limit is not an integer.
        CheckError: The limit is less than 0.
    """
    if limit is not None and check_type(limit, int, "limit") < 0:
        raise CheckError(f"parameter 'limit' must be 0 or more, or None for all, not {limit}")
    return limit


def _asset_filter(
    wanted: CoercibleToAssetKey | AssetRecordsFilter, event_type: DagflowEventType
) -> LinesFilter:
    if isinstance(wanted, AssetRecordsFilter):
        return wanted.lines(event_type)
    return LinesFilter(event_types=(event_type,), asset_key=AssetKey.from_coercible(wanted))


def _from_cursor(wanted: LinesFilter, cursor: str, ascending: bool) -> LinesFilter:
    try:
        number = int(cursor)
    except ValueError:
        raise CheckError(
            f"{repr_of(cursor)} is not a cursor: use the 'cursor' of an earlier result"
        ) from None
    if ascending:
        return wanted._replace(after_cursor=max(number, wanted.after_cursor or 0))
    before = wanted.before_cursor
    return wanted._replace(before_cursor=number if before is None else min(number, before))
