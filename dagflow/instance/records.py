"""What people ask the log of an instance for, and the records that they get."""

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
    """Which events of the log are wanted; what is None does not matter.

    Times are seconds since the epoch; cursors are storage ids, which are themselves left out.

    Raises:
        ParameterCheckError, ElementCheckError: An argument, or an element of it, is of the wrong type.
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
        """The same, as a store is asked."""
        return LinesFilter(
            None, (self.event_type,), self.asset_key, self.asset_partitions, self.after_cursor,
            self.before_cursor, self.after_timestamp, self.before_timestamp, self.storage_ids,
        )  # fmt: skip


class AssetRecordsFilter(Constant):
    """Which materializations or observations of an asset are wanted; what is None does not matter.

    Times are seconds since the epoch; the ids after and before which they stand are themselves left out.

    Raises:
        ParameterCheckError, ElementCheckError: An argument, or an element of it, is of the wrong type.
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
        """The same, for events of a type, as a store is asked."""
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
    """A line of the log with its number."""

    storage_id: int
    event_log_entry: EventLogEntry

    @property
    def asset_key(self) -> AssetKey | None:
        """The asset that it is about."""
        event = self.event_log_entry.dagflow_event
        return None if event is None else event.asset_key

    @property
    def partition_key(self) -> str | None:
        """The partition that it is about."""
        event = self.event_log_entry.dagflow_event
        return None if event is None else event.partition

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        """What was materialized, if this is such a line."""
        return self.event_log_entry.asset_materialization

    @property
    def run_id(self) -> str:
        """The run that wrote it; "" if none did."""
        return self.event_log_entry.run_id

    @property
    def timestamp(self) -> float:
        """When it was written, in seconds since the epoch."""
        return self.event_log_entry.timestamp


class EventRecordsResult(NamedTuple):
    """Some lines of the log, a cursor to go on from, and whether there are more."""

    records: Sequence[EventLogRecord]
    cursor: str
    has_more: bool
