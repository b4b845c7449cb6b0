"""RunLog: the one writer of a run's events.

An event is kept as a small tuple of numbers (so that Python's cyclic collector has nothing to follow) and
becomes a `DagflowEvent` when somebody reads it; `dagflow.engine.render` works out its fields.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.events.record import (
    ASSET_EVENTS,
    ERROR_LEVEL_EVENTS,
    DagflowEvent,
    DagflowEventType,
    EventLogEntry,
)
from dagflow.instance.store import StoredLine

if TYPE_CHECKING:
    import logging

    from dagflow.events.data import EngineEventData
    from dagflow.events.run import DagflowRun
    from dagflow.plan.plan import Plan

Record = tuple[int, float, int, int, Any]
"""Code of the type, seconds since the epoch, index of the step (-1: none), attempt (0: none), payload by
type.
"""

_TYPES = list(DagflowEventType)
_VALUES = [kind.value for kind in _TYPES]
CODE = {kind: code for code, kind in enumerate(_TYPES)}
USER_LINE = -1  # a line that user code logged: no event
NO_STEP = -1
_BEGINNINGS = (CODE[DagflowEventType.STEP_START], CODE[DagflowEventType.STEP_RESTARTED])

_new = object.__new__
_set_source = DagflowEvent._source.__set__  # type: ignore[attr-defined] # noqa: SLF001 - the class's own slots
_set_record = DagflowEvent._record.__set__  # type: ignore[attr-defined] # noqa: SLF001
_set_value = DagflowEvent.event_type_value.__set__  # type: ignore[attr-defined]
_set_step_key = DagflowEvent.step_key.__set__  # type: ignore[union-attr]
_SETTERS = [(name, getattr(DagflowEvent, name).__set__) for name in DagflowEvent._names()]  # noqa: SLF001

Observer = Callable[[DagflowEvent], None]


class Told:
    """The payload of an event that happened in another process: the whole event, as the JSON that came from
    there, read when somebody asks for it.
    """

    __slots__ = ("_event", "body")

    def __init__(self, body: str) -> None:
        self.body: str = body
        self._event: DagflowEvent | None = None

    @property
    def event(self) -> DagflowEvent:
        """The event."""
        if self._event is None:
            import json  # only a run with worker processes is told of events

            self._event = DagflowEvent.from_dict(json.loads(self.body))
        return self._event


class Said(NamedTuple):
    """The payload of an event by which an executor speaks: its message and its data."""

    message: str
    content: EngineEventData


class RunLog:
    """The events of one run, in the order in which they happened.

    Attributes:
        plan: The plan that runs; a record's step index is a position in it.
        run: The run.
        records: All records. Always: appended to, never changed.
        unconfirmed: Ids of the records of events that user code logged in an attempt that then failed, or
            took back. The instance's log has them, the events of the run do not.
        observers: Called with each event as it happens.
        is_refused: Whether an observer raised. That ends the run; none is told of its end.
        loggers: The Python loggers that the run config names; they get what user code logs.
    """

    __slots__ = (
        "_now",
        "is_refused",
        "loggers",
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
        self.is_refused: bool = False
        self.pid = os.getpid()
        self._now = now

    def append(self, code: int, step: int = NO_STEP, attempt: int = 0, payload: Any = None) -> Record:
        """Write down that something happened, now."""
        record = (code, self._now(), step, attempt, payload)
        self.records.append(record)
        if self.observers and code >= 0:
            self._show(self.event_of(record))
        return record

    def _show(self, event: DagflowEvent) -> None:
        try:
            for observer in self.observers:
                observer(event)
        except BaseException:
            self.is_refused, self.observers = True, ()
            raise

    def take(self, code: int, moment: float, step: int, attempt: int, payload: Any) -> Record:
        """Write down what happened in another process at `moment`: an event, with `Told` as its payload, or a
        line, with its level and text.
        """
        record = (code, moment, step, attempt, payload)
        self.records.append(record)
        if self.observers and code >= 0:
            self._show(self.event_of(record))
        return record

    def append_line(self, level: int, text: str, step: int, attempt: int) -> None:
        """Write down a line that is no event."""
        self.records.append((USER_LINE, self._now(), step, attempt, (level, text)))

    def records_of(self, step: int, attempt: int) -> list[Record]:
        """The events of the last attempt at a step, from its beginning on."""
        found = []
        for record in reversed(self.records):
            if record[2] == step and record[3] == attempt and record[0] >= 0:
                if id(record) not in self.unconfirmed:
                    found.append(record)
                if record[0] in _BEGINNINGS:
                    break
        return found[::-1]

    def events(self) -> list[DagflowEvent]:
        """All events; lines of user code are no events."""
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
        """The event that a record stands for."""
        event = _new(DagflowEvent)
        _set_source(event, self)
        _set_record(event, record)
        return event

    def entries(self, start: int = 0) -> list[EventLogEntry]:
        """The lines of the instance's log from record `start` on: events, and what user code logged."""
        return [
            EventLogEntry.of_event(self.event_of(record)) if record[0] >= 0 else self._line(record)
            for record in self.records[start:]
        ]

    def stored(self, start: int = 0) -> list[StoredLine]:
        """The same lines, to be kept outside of this process."""
        return [self._stored(record) for record in self.records[start:]]

    def _stored(self, record: Record) -> StoredLine:
        from dagflow.events.stored import as_json  # only who keeps events needs it

        code, moment, step, _, payload = record
        step_key = self.plan.steps[step].key if step >= 0 else None
        if code < 0:
            level, text = payload
            return StoredLine(moment, level, step_key, None, None, None, text)
        kind = _TYPES[code]
        level = 40 if kind in ERROR_LEVEL_EVENTS else 10
        event = self.whole_event_of(record)
        key, partition = (event.asset_key, event.partition) if kind in ASSET_EVENTS else (None, None)
        body = payload.body if isinstance(payload, Told) else as_json(event)
        key_text = None if key is None else key.to_string()
        return StoredLine(moment, level, step_key, kind.value, key_text, partition, body)

    def whole_event_of(self, record: Record) -> DagflowEvent:
        """The event that a record stands for, with all of its fields worked out."""
        event = self.event_of(record)
        if not isinstance(record[4], Told):
            from dagflow.engine.render import FIELDS

            kind = _TYPES[record[0]]
            for name, set_field in _SETTERS:
                set_field(event, FIELDS[name](self, record, kind))
        return event

    def _line(self, record: Record) -> EventLogEntry:
        level, text = record[4]
        step_key = self.plan.steps[record[2]].key if record[2] >= 0 else None
        return EventLogEntry(None, level, text, self.run.run_id, record[1], step_key, self.run.job_name, None)

    def field(self, record: Record, name: str) -> Any:
        """The field `name` of the event that `record` stands for (see
        `dagflow.events.record.EventSource`).
        """
        if isinstance(record[4], Told):
            return getattr(record[4].event, name)
        from dagflow.engine.render import FIELDS  # only who reads events needs it

        return FIELDS[name](self, record, _TYPES[record[0]])


class Lines:
    """Takes what user code logs at one place of a run.

    Args:
        log: The log of the run.
        step: The index of the step, `NO_STEP` outside of one.
        attempt: The attempt, 0 outside of one.
    """

    __slots__ = ("_attempt", "_log", "_step")

    def __init__(self, log: RunLog, step: int, attempt: int) -> None:
        self._log = log
        self._step = step
        self._attempt = attempt

    @property
    def loggers(self) -> Sequence[logging.Logger]:
        """The Python loggers that get it too."""
        return self._log.loggers

    def __call__(self, level: int, text: str) -> None:
        self._log.append_line(level, text, self._step, self._attempt)


class KnownLines(Lines):
    """For lines that the log of the run has already: Python's loggers get them, it does not."""

    def __call__(self, level: int, text: str) -> None:
        """Nothing."""
