"""RunLog: the only writer of a run's events.

An event is kept as a small tuple of numbers, so that Python's cyclic collector has nothing to follow. It
becomes a `DagflowEvent` when the events are read. `dagflow.engine.record` describes and decodes the tuple.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from dagflow.events.levels import LOG_LEVELS
from dagflow.events.record import DagflowEvent, EventLogEntry
from dagflow.events.types import ASSET_EVENTS, CODE, LEVELS, TYPES_BY_CODE, DagflowEventType
from dagflow.instance.store import StoredLine, stored_key

if TYPE_CHECKING:
    import logging

    from dagflow.engine.provenance import RunVersions
    from dagflow.engine.record import Record
    from dagflow.events.run import DagflowRun
    from dagflow.instance.instance import DagflowInstance
    from dagflow.plan.plan import Plan

_VALUES = [event_type.value for event_type in TYPES_BY_CODE]
USER_LINE = -1
"""The code of a line that user code logged, which is not an event."""
NO_STEP = -1
"""The step index of an event of the whole run."""
_BEGINNINGS = (CODE[DagflowEventType.STEP_START], CODE[DagflowEventType.STEP_RESTARTED])

_new = object.__new__
_set_source = DagflowEvent._source.__set__  # type: ignore[attr-defined] # noqa: SLF001 - the class's own slots
_set_record = DagflowEvent._record.__set__  # noqa: SLF001
_set_value = DagflowEvent.event_type_value.__set__  # type: ignore[attr-defined]
_set_step_key = DagflowEvent.step_key.__set__  # type: ignore[union-attr]
_SETTERS = [(name, getattr(DagflowEvent, name).__set__) for name in DagflowEvent.field_names()]


def _no_instance() -> None:
    """Return None: the run is not in memory."""


Observer = Callable[[DagflowEvent], None]


class RunLog:
    """The events of one run, in the order in which they happened.

    Attributes:
        plan: The plan that runs; a record's step index is a position in it.
        run: The run.
        records: All records. Invariant: records are appended, never changed.
        unconfirmed: Ids of the records of events that user code logged in an attempt that failed, or before
            an output that failed. The log of the instance has them, the events of the run do not.
        observers: Called with each event as it happens.
        instance: Returns the instance of a run in memory, None otherwise, or if it is gone.
        observer_raised: Whether an observer raised. Then the run ends, and observers receive no last events.
        loggers: The Python loggers that the run config names; they receive the lines of user code.
        handlers: The Python handlers of the instance, which receive the same lines.
        level: The lowest level of the lines of user code; the others are dropped.
        is_of_worker: Whether it is the log of one attempt, and another process has the log of the run.
    """

    is_of_worker: ClassVar[bool] = False

    __slots__ = (
        "_now",
        "_storage_ids",
        "_versions",
        "handlers",
        "instance",
        "level",
        "loggers",
        "observer_raised",
        "observers",
        "pid",
        "plan",
        "records",
        "run",
        "unconfirmed",
    )

    plan: Plan
    run: DagflowRun
    pid: int

    def __init__(
        self, plan: Plan, run: DagflowRun, now: Callable[[], float], observers: Sequence[Observer] = ()
    ) -> None:
        self.plan = plan
        self.run = run
        self.records: list[Record] = []
        self.unconfirmed: set[int] = set()
        self.observers: Sequence[Observer] = observers
        self.loggers: Sequence[logging.Logger] = ()
        self.handlers: Sequence[logging.Handler] = ()
        self.level: int = LOG_LEVELS["DEBUG"]
        self.observer_raised: bool = False
        self.instance: Callable[[], DagflowInstance | None] = _no_instance
        self._versions: RunVersions | None = None
        self._storage_ids: list[int] = []
        self.pid = os.getpid()
        self._now = now

    def append(self, code: int, step: int = NO_STEP, attempt: int = 0, payload: Any = None) -> Record:
        """Append an event of this process, with the current time."""
        record = (code, self._now(), step, attempt, payload)
        self.records.append(record)
        if self.observers and code >= 0:
            self._notify(self.event_of(record))
        return record

    def _notify(self, event: DagflowEvent) -> None:
        try:
            for observer in self.observers:
                observer(event)
        except BaseException:
            self.observer_raised, self.observers = True, ()
            raise

    def append_streamed(self, code: int, moment: float, step: int, attempt: int, payload: Any) -> Record:
        """Append an event or a line of another process.

        Args:
            code: The code of the type, or `USER_LINE`.
            moment: The time in that process.
            step: The index of the step.
            attempt: The attempt.
            payload: A `StreamedEvent`, or the level and message of a line.
        """
        record = (code, moment, step, attempt, payload)
        self.records.append(record)
        if self.observers and code >= 0:
            self._notify(self.event_of(record))
        return record

    def append_line(self, level: int, text: str, step: int, attempt: int) -> None:
        """Append a line that is not an event."""
        self.records.append((USER_LINE, self._now(), step, attempt, (level, text)))

    def versions(self) -> RunVersions:
        """Return the data versions of the inputs of all materializations of a run in memory."""
        if self._versions is None:
            from dagflow.engine.provenance import RunVersions  # few runs read the tags of their events

            self._versions = RunVersions(self)
        return self._versions

    def storage_id(self, position: int) -> int:
        """Return the storage id of the event of a record, in the instance of a run in memory."""
        instance = self.instance()
        if instance is None:
            return position + 1
        if position >= len(self._storage_ids):
            self._storage_ids = instance.storage_ids(self.run.run_id)
        return self._storage_ids[position]

    def records_of(self, step: int, attempt: int) -> list[Record]:
        """Return the events of the last attempt of a step, from its start."""
        found = []
        for record in reversed(self.records):
            if record[2] == step and record[3] == attempt and record[0] >= 0:
                if id(record) not in self.unconfirmed:
                    found.append(record)
                if record[0] in _BEGINNINGS:
                    break
        return found[::-1]

    def events(self) -> list[DagflowEvent]:
        """Return all events, without the lines of user code."""
        keys: list[str | None] = [*(step.key for step in self.plan.steps), None]  # -1 is the last: None
        found: list[DagflowEvent] = []
        add = found.append
        records = self.records
        if self.unconfirmed:
            records = [record for record in records if id(record) not in self.unconfirmed]
        for record in records:
            code = record[0]
            if code < 0:
                continue
            event = _new(DagflowEvent)
            _set_source(event, self)
            _set_record(event, record)
            _set_value(event, _VALUES[code])
            _set_step_key(event, keys[record[2]])
            add(event)
        return found

    def event_of(self, record: Record) -> DagflowEvent:
        """Return the event of a record."""
        event = _new(DagflowEvent)
        _set_source(event, self)
        _set_record(event, record)
        return event

    def entries(self, start: int = 0) -> list[EventLogEntry]:
        """Return the lines of the instance's log from record `start`: events and lines of user code."""
        return [
            EventLogEntry.of_event(self.event_of(record)) if record[0] >= 0 else self._line(record)
            for record in self.records[start:]
        ]

    def user_lines(self) -> list[EventLogEntry]:
        """Return the lines of user code, at all levels."""
        return [self._line(record) for record in self.records if record[0] < 0]

    def stored(self, start: int = 0) -> list[StoredLine]:
        """Return the same lines in the form in which a store keeps them."""
        return [self._stored(record) for record in self.records[start:]]

    def _stored(self, record: Record) -> StoredLine:
        from dagflow.engine.record import StreamedEvent
        from dagflow.events.stored import as_json  # imported lazily: only stored runs use it

        code, moment, step, _, payload = record
        step_key = self.plan.steps[step].key if step >= 0 else None
        if code < 0:
            level, text = payload
            return StoredLine(moment, level, step_key, None, None, None, text)
        event_type = TYPES_BY_CODE[code]
        event = self.whole_event_of(record)
        key, partition = (stored_key(event), event.partition) if event_type in ASSET_EVENTS else (None, None)
        body = payload.body if isinstance(payload, StreamedEvent) else as_json(event)
        return StoredLine(moment, LEVELS[event_type], step_key, event_type.value, key, partition, body)

    def whole_event_of(self, record: Record) -> DagflowEvent:
        """Return the event of a record with all fields decoded."""
        from dagflow.engine.record import FIELDS, StreamedEvent, decode, message_of

        event = self.event_of(record)
        if not isinstance(record[4], StreamedEvent):
            decoded = decode(self, record)
            values = {"event_specific_data": decoded[0], "message": message_of(self, record, decoded)}
            for name, set_field in _SETTERS:
                set_field(event, values[name] if name in values else FIELDS[name](self, record))
        return event

    def _line(self, record: Record) -> EventLogEntry:
        level, text = record[4]
        step_key = self.plan.steps[record[2]].key if record[2] >= 0 else None
        return EventLogEntry(None, level, text, self.run.run_id, record[1], step_key, self.run.job_name, None)

    def field(self, record: Record, name: str) -> Any:
        """Return a field of the event of a record (see `dagflow.events.record.EventSource`)."""
        from dagflow.engine.record import (
            FIELDS,
            StreamedEvent,
        )  # imported lazily: most runs do not read events

        if isinstance(record[4], StreamedEvent):
            return getattr(record[4].event, name)
        return FIELDS[name](self, record)


class LogSink:
    """The receiver of the lines that user code logs in one attempt of a step.

    Args:
        log: The log of the run.
        step: The index of the step, `NO_STEP` for the run.
        attempt: The attempt, 0 for the run.
    """

    __slots__ = ("_attempt", "_log", "_step")

    def __init__(self, log: RunLog, step: int, attempt: int) -> None:
        self._log = log
        self._step = step
        self._attempt = attempt

    @property
    def loggers(self) -> Sequence[logging.Logger]:
        """The Python loggers that also receive the lines."""
        return self._log.loggers

    @property
    def handlers(self) -> Sequence[logging.Handler]:
        """The Python handlers that also receive the lines."""
        return self._log.handlers

    @property
    def level(self) -> int:
        """The lowest level of the lines."""
        return self._log.level

    def __call__(self, level: int, text: str) -> None:
        self._log.append_line(level, text, self._step, self._attempt)


class LoggersOnly(LogSink):
    """The receiver of lines that the log of the run already has: only Python's loggers receive them."""

    def __call__(self, level: int, text: str) -> None:
        """Append nothing."""
