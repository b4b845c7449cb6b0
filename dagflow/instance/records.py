"""The filters and the records of the queries over the log of an instance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dagflow.errors import check_elements, check_optional, check_type
from dagflow.events.record import EventLogEntry
from dagflow.events.types import DagflowEventType
from dagflow.events.user import AssetMaterialization
from dagflow.instance.store import LinesFilter
from dagflow.keys import AssetKey
from dagflow.values import Constant


class EventRecordsFilter(Constant):
    """A filter of the events of the log. A field that is None is no condition.

    Timestamps are seconds since the epoch. Cursors are storage ids, and exclusive.

    Raises:
        ParameterCheckError, ElementCheckError: An argument, or an element of it, has the wrong type.
    """

    __slots__ = (
        "after_cursor",
        "after_timestamp",
        "asset_key",
        "asset_partitions",
        "before_cursor",
        "before_timestamp",
        "event_type",
        "storage_ids",
    )

    event_type: DagflowEventType
    asset_key: AssetKey | None
    asset_partitions: Sequence[str] | None
    after_cursor: int | None
    before_cursor: int | None
    after_timestamp: float | None
    before_timestamp: float | None
    storage_ids: Sequence[int] | None

    def __init__(
        self,
        event_type: DagflowEventType,
        asset_key: AssetKey | None = None,
        asset_partitions: Sequence[str] | None = None,
        after_cursor: int | None = None,
        before_cursor: int | None = None,
        after_timestamp: float | None = None,
        before_timestamp: float | None = None,
        storage_ids: Sequence[int] | None = None,
    ) -> None:
        self._set(
            event_type=event_type,
            asset_key=asset_key,
            asset_partitions=asset_partitions,
            after_cursor=after_cursor,
            before_cursor=before_cursor,
            after_timestamp=after_timestamp,
            before_timestamp=before_timestamp,
            storage_ids=storage_ids,
        )
        check_type(self.event_type, DagflowEventType, "event_type")
        check_optional(self.asset_key, AssetKey, "asset_key")
        check_optional(self.after_cursor, int, "after_cursor")
        check_optional(self.before_cursor, int, "before_cursor")
        _check_shared(self)

    def lines(self) -> LinesFilter:
        """Convert to the filter that a store takes."""
        return LinesFilter(
            None, (self.event_type,), self.asset_key, self.asset_partitions, self.after_cursor,
            self.before_cursor, self.after_timestamp, self.before_timestamp, self.storage_ids,
        )  # fmt: skip


class AssetRecordsFilter(Constant):
    """A filter of the materializations or observations of an asset. A field that is None is no condition.

    Timestamps are seconds since the epoch. `after_storage_id` and `before_storage_id` are exclusive.

    Raises:
        ParameterCheckError, ElementCheckError: An argument, or an element of it, has the wrong type.
    """

    __slots__ = (
        "after_storage_id",
        "after_timestamp",
        "asset_key",
        "asset_partitions",
        "before_storage_id",
        "before_timestamp",
        "storage_ids",
    )

    asset_key: AssetKey
    asset_partitions: Sequence[str] | None
    after_timestamp: float | None
    before_timestamp: float | None
    after_storage_id: int | None
    before_storage_id: int | None
    storage_ids: Sequence[int] | None

    def __init__(
        self,
        asset_key: AssetKey,
        asset_partitions: Sequence[str] | None = None,
        after_timestamp: float | None = None,
        before_timestamp: float | None = None,
        after_storage_id: int | None = None,
        before_storage_id: int | None = None,
        storage_ids: Sequence[int] | None = None,
    ) -> None:
        self._set(
            asset_key=asset_key,
            asset_partitions=asset_partitions,
            after_timestamp=after_timestamp,
            before_timestamp=before_timestamp,
            after_storage_id=after_storage_id,
            before_storage_id=before_storage_id,
            storage_ids=storage_ids,
        )
        check_type(self.asset_key, AssetKey, "asset_key")
        check_optional(self.after_storage_id, int, "after_storage_id")
        check_optional(self.before_storage_id, int, "before_storage_id")
        _check_shared(self)

    def lines(self, event_type: DagflowEventType) -> LinesFilter:
        """Convert to the filter that a store takes, for events of one type."""
        return LinesFilter(
            None, (event_type,), self.asset_key, self.asset_partitions, self.after_storage_id,
            self.before_storage_id, self.after_timestamp, self.before_timestamp, self.storage_ids,
        )  # fmt: skip


def _check_shared(wanted: EventRecordsFilter | AssetRecordsFilter) -> None:
    check_elements(wanted.asset_partitions or (), str, "asset_partitions")
    check_elements(wanted.storage_ids or (), int, "storage_ids")
    check_optional(wanted.after_timestamp, (int, float), "after_timestamp")
    check_optional(wanted.before_timestamp, (int, float), "before_timestamp")


class EventLogRecord(NamedTuple):
    """A line of the log with its storage id."""

    storage_id: int
    event_log_entry: EventLogEntry

    @property
    def asset_key(self) -> AssetKey | None:
        """The asset of the event, or None."""
        event = self.event_log_entry.dagflow_event
        return None if event is None else event.asset_key

    @property
    def partition_key(self) -> str | None:
        """The partition of the event, or None."""
        event = self.event_log_entry.dagflow_event
        return None if event is None else event.partition

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        """The materialization in the event, or None if it is another event."""
        return self.event_log_entry.asset_materialization

    @property
    def run_id(self) -> str:
        """The id of the run that wrote the line, or "" if it was written outside of a run."""
        return self.event_log_entry.run_id

    @property
    def timestamp(self) -> float:
        """The time of the line, in seconds since the epoch."""
        return self.event_log_entry.timestamp


class EventRecordsResult(NamedTuple):
    """One page of the log: its records, the cursor for the next page, and whether there are more."""

    records: Sequence[EventLogRecord]
    cursor: str
    has_more: bool
