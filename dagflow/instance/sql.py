"""`SqlStore`: a store in a SQLite file or a PostgreSQL database."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy as sa

from dagflow.errors import DagflowRunAlreadyExists, DagflowSerializationError, DagflowStorageError
from dagflow.events.record import DagflowEvent, EventLogEntry
from dagflow.events.run import FINISHED, DagflowRun, DagflowRunStatus, RunRecord, RunsFilter
from dagflow.events.stored import as_json, from_dict
from dagflow.events.types import EVENT_TYPES, DagflowEventType
from dagflow.instance.database import DYNAMIC, LINES, META, OF_ASSETS, RUNS, TABLES, TAGS, WIPED, Database
from dagflow.instance.sql_filters import line_conditions, run_conditions
from dagflow.instance.store import EVERY_LINE, LinesFilter, RunLines, StoredEntry, StoredLine, stored_key
from dagflow.keys import AssetKey, describe_job
from dagflow.processes import Process, this_process

_FINISHED = [status.value for status in FINISHED]
_MATERIALIZATION = DagflowEventType.ASSET_MATERIALIZATION.value
_KNOWN = (
    _MATERIALIZATION,
    DagflowEventType.ASSET_OBSERVATION.value,
    DagflowEventType.ASSET_MATERIALIZATION_PLANNED.value,
)
_IS_KNOWN = sa.select(RUNS.c.id).where(RUNS.c.run_id == sa.bindparam("known"))
_ENTRY = (
    *(LINES.c[name] for name in ("id", "run_id", "timestamp", "level", "step_key", "event_type", "body")),
    RUNS.c.job_name,
)
_decode = json.JSONDecoder().decode


class _Followed:
    """The log of a run of this process.

    Attributes:
        lines: The log.
        pid: The id of the process that writes the log. A forked child does not write it.
        written: The number of stored lines.
        is_sure: Whether `written` is certain. It is not after a transaction that was interrupted and may have
            been committed.
    """

    __slots__ = ("is_sure", "lines", "pid", "written")

    def __init__(self, lines: RunLines) -> None:
        self.lines = lines
        self.pid = os.getpid()
        self.written = 0
        self.is_sure = True


class SqlStore:
    """A store in a SQLite file or a PostgreSQL database.

    The database is opened at the first use. `flush` stores the lines of the runs of this process; each read
    through this object flushes first.

    Args:
        url: The database URL as SQLAlchemy writes it: `sqlite:///runs.db`,
            `postgresql+psycopg://user:password@host/name`.

    Raises:
        DagflowStorageError: Raised by each method if the database cannot be read or written. The change is
            then rolled back.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self._followed: dict[str, _Followed] = {}

    # runs

    def add_run(self, run: DagflowRun, now: float) -> None:
        """Store a new run. Raises DagflowRunAlreadyExists."""
        row: dict[str, Any] = {
            "run_id": run.run_id,
            "job_name": run.job_name,
            "status": run.status.value,
            "body": as_json(run),
            "created": now,
            "updated": now,
        }
        if run.status is DagflowRunStatus.STARTED:
            row.update(started=now, **_process_columns())
        with self._database.writing() as connection:
            same = connection.execute(sa.select(RUNS.c.job_name).where(RUNS.c.run_id == run.run_id)).scalar()
            if same is not None:
                raise DagflowRunAlreadyExists(
                    f"this instance already has a run with the id '{run.run_id}' (of "
                    f"{describe_job(same)}). Omit 'run_id', or use another UUID."
                )
            connection.execute(RUNS.insert().values(row))
            _insert_tags(connection, run.run_id, run.tags)

    def set_status(self, run_id: str, status: DagflowRunStatus, now: float) -> None:
        """Change the status of a run, unless the run has ended.

        With STARTED, this process becomes the process of the run. With a final status, its log is complete.
        """
        ends = status.value in _FINISHED
        with self._database.lock:
            followed, new = self._pending(run_id) if ends else (None, ())
            with self._database.writing() as connection:
                if followed is not None:
                    self._store_lines(connection, run_id, followed, new)
                _change_status(connection, run_id, RUNS.c.status.not_in(_FINISHED), status, now)
            if ends:
                self._followed.pop(run_id, None)

    def change_status(
        self,
        run_id: str,
        expected: Collection[DagflowRunStatus],
        status: DagflowRunStatus,
        now: float,
        entry: EventLogEntry,
    ) -> bool:
        """Change the status of a run and append a line to its log, if its status is one of `expected`."""
        with self._database.lock:
            self._flush_all()
            with self._database.writing() as connection:
                condition = RUNS.c.status.in_([one.value for one in expected])
                is_changed = _change_status(connection, run_id, condition, status, now)
                if is_changed:
                    _insert_lines(connection, run_id, [stored_line(entry)])
            return is_changed

    def add_tags(self, run_id: str, tags: Mapping[str, str], now: float) -> None:
        """Add tags to a run and overwrite existing keys. An unknown run is ignored."""
        of_run = RUNS.c.run_id == run_id
        with self._database.writing() as connection:
            body = connection.execute(sa.select(RUNS.c.body).where(of_run)).scalar()
            if body is None:
                return
            run = from_dict(json.loads(body), DagflowRun)
            run = run.with_changes(tags={**run.tags, **tags})
            values = {"body": as_json(run), "updated": now}
            connection.execute(RUNS.update().where(of_run).values(values))
            connection.execute(TAGS.delete().where(TAGS.c.run_id == run_id))
            _insert_tags(connection, run_id, run.tags)

    def run_record(self, run_id: str) -> RunRecord | None:
        """Return the record of a run, or None if the run is unknown."""
        found = self.run_records(RunsFilter(run_ids=[run_id]))
        return found[0] if found else None

    def run_records(
        self, wanted: RunsFilter, limit: int | None = None, cursor: str | None = None, ascending: bool = True
    ) -> list[RunRecord]:
        """Return runs, the oldest first, or the newest first if not `ascending`."""
        number = RUNS.c.id
        query = sa.select(RUNS).where(*run_conditions(wanted)).limit(limit)
        if cursor is not None:
            start = sa.select(number).where(RUNS.c.run_id == cursor).scalar_subquery()
            query = query.where(number > start if ascending else number < start)
        query = query.order_by(number if ascending else number.desc())
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return [self._run_of(row) for row in rows]

    def count_runs(self, wanted: RunsFilter) -> int:
        """Return the number of runs that match a filter."""
        query = sa.select(sa.func.count()).select_from(RUNS).where(*run_conditions(wanted))
        with self._reading() as connection:
            return connection.execute(query).scalar_one()

    def process_of(self, run_id: str) -> Process | None:
        """Return the process of a run, or None if the run has not started."""
        columns = (RUNS.c.host, RUNS.c.pid, RUNS.c.process_start)
        with self._reading() as connection:
            row = connection.execute(sa.select(*columns).where(RUNS.c.run_id == run_id)).first()
        return None if row is None or row.pid is None else Process(*row)

    def delete_run(self, run_id: str) -> None:
        """Delete a run and its log."""
        with self._database.lock:
            with self._database.writing() as connection:
                for table in (LINES, TAGS, RUNS):
                    connection.execute(table.delete().where(table.c.run_id == run_id))
            self._followed.pop(run_id, None)

    # lines

    def follow(self, run_id: str, lines: RunLines) -> None:
        """Store all lines of a run, including future ones."""
        with self._database.lock:
            self._followed[run_id] = _Followed(lines)

    def flush(self, run_id: str) -> None:
        """Store the lines that a followed run has written so far, so that other processes can read them."""
        with self._database.lock:
            followed, new = self._pending(run_id)
            if followed is not None and new:
                with self._database.writing() as connection:
                    self._store_lines(connection, run_id, followed, new)
                followed.written += len(new)
                followed.is_sure = True

    def _pending(self, run_id: str) -> tuple[_Followed | None, Sequence[StoredLine]]:
        """Return the log of a run and its lines that are not stored. None if another process writes it."""
        followed = self._followed.get(run_id)
        if followed is None or followed.pid != os.getpid():
            return None, ()
        if not followed.is_sure:
            query = sa.select(sa.func.max(LINES.c.position)).where(LINES.c.run_id == run_id)
            with self._database.reading() as connection:
                last = connection.execute(query).scalar()
            followed.written = 0 if last is None else last + 1
            followed.is_sure = True
        return followed, followed.lines.stored(followed.written)

    def _store_lines(
        self, connection: sa.Connection, run_id: str, followed: _Followed, new: Sequence[StoredLine]
    ) -> None:
        """Store new lines of a followed run. Stop following it if another process deleted the run."""
        followed.is_sure = False
        if connection.execute(_IS_KNOWN, {"known": run_id}).first() is None:
            del self._followed[run_id]
        else:
            _insert_lines(connection, run_id, new, followed.written)

    def _flush_all(self) -> None:
        for run_id in list(self._followed):
            self.flush(run_id)

    def add_entries(self, entries: Sequence[EventLogEntry]) -> None:
        """Store lines that do not come from a run in progress."""
        with self._database.writing() as connection:
            for entry in entries:
                _insert_lines(connection, entry.run_id, [stored_line(entry)])

    def lines(
        self, wanted: LinesFilter = EVERY_LINE, limit: int | None = None, ascending: bool = True
    ) -> list[StoredEntry]:
        """Return lines, the oldest first, or the newest first if not `ascending`."""
        number = LINES.c.id
        query = (
            sa.select(*_ENTRY)
            .outerjoin_from(LINES, RUNS, LINES.c.run_id == RUNS.c.run_id)
            .where(*line_conditions(wanted))
            .order_by(number if ascending else number.desc())
            .limit(limit)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return [self._entry_of(*row) for row in rows]

    def count_lines(self, types: Collection[DagflowEventType], last: int) -> int:
        """Return the number of events of some types with a storage id up to `last`."""
        wanted = LinesFilter(event_types=types, before_cursor=last + 1)
        query = sa.select(sa.func.count()).select_from(LINES).where(*line_conditions(wanted))
        with self._reading() as connection:
            return connection.execute(query).scalar_one()

    def count_events(self, run_id: str) -> dict[DagflowEventType, int]:
        """Return the number of events of a run by event type."""
        event_type = LINES.c.event_type
        query = sa.select(event_type, sa.func.count()).group_by(event_type)
        query = query.where(LINES.c.run_id == run_id, event_type.is_not(None))
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return {EVENT_TYPES[name]: count for name, count in rows}

    # assets

    def asset_keys(self) -> list[AssetKey]:
        """Return the sorted keys of the assets of events since they were wiped, also of planned ones."""
        query = (
            sa.select(LINES.c.asset_key)
            .distinct()
            .outerjoin_from(LINES, WIPED, LINES.c.asset_key == WIPED.c.asset_key)
            .where(
                OF_ASSETS,
                LINES.c.event_type.in_(_KNOWN),
                LINES.c.id > sa.func.coalesce(WIPED.c.line, 0),
            )
        )
        with self._reading() as connection:
            return sorted(AssetKey(json.loads(key)) for key in connection.execute(query).scalars())

    def materialized_partitions(
        self, key: AssetKey, after: int | None = None, before: int | None = None
    ) -> set[str]:
        """Return the partitions of an asset that were materialized since the asset was wiped."""
        text, partition = key.to_string(), LINES.c.partition
        wiped = sa.select(WIPED.c.line).where(WIPED.c.asset_key == text).scalar_subquery()
        query = (
            sa.select(partition)
            .distinct()
            .where(
                LINES.c.asset_key == text,
                LINES.c.event_type == _MATERIALIZATION,
                partition.is_not(None),
                LINES.c.id > sa.func.coalesce(wiped, 0),
                LINES.c.id > (after or 0),
            )
        )
        if before is not None:
            query = query.where(LINES.c.id < before)
        with self._reading() as connection:
            return set(connection.execute(query).scalars())

    def wipe_asset(self, key: AssetKey) -> None:
        """Hide all events of an asset up to now."""
        text = key.to_string()
        with self._database.lock:
            self._flush_all()
            with self._database.writing() as connection:
                last = connection.execute(sa.select(sa.func.max(LINES.c.id))).scalar() or 0
                connection.execute(WIPED.delete().where(WIPED.c.asset_key == text))
                connection.execute(WIPED.insert().values(asset_key=text, line=last))

    def wiped_before(self, key: AssetKey) -> int:
        """Return the id of the last line that is hidden by a wipe of an asset, or 0 if it was never wiped."""
        query = sa.select(WIPED.c.line).where(WIPED.c.asset_key == key.to_string())
        with self._reading() as connection:
            return connection.execute(query).scalar() or 0

    def wipes(self) -> dict[AssetKey, int]:
        """Return `wiped_before` of each asset that was wiped."""
        with self._reading() as connection:
            rows = connection.execute(sa.select(WIPED.c.asset_key, WIPED.c.line)).all()
        return {AssetKey(json.loads(key)): line for key, line in rows}

    # dynamic partitions

    def dynamic_partitions(self, name: str) -> list[str]:
        """Return the keys of dynamic partitions, in the order in which they were added."""
        with self._reading() as connection:
            return _dynamic_keys(connection, name)

    def add_dynamic_partitions(self, name: str, keys: Sequence[str]) -> None:
        """Append keys of dynamic partitions. Existing keys are ignored."""
        with self._database.writing() as connection:
            known = set(_dynamic_keys(connection, name))
            new = [{"name": name, "key": key} for key in dict.fromkeys(keys) if key not in known]
            if new:
                connection.execute(DYNAMIC.insert(), new)

    def delete_dynamic_partition(self, name: str, key: str) -> None:
        """Delete a key of dynamic partitions. An unknown key is ignored."""
        with self._database.writing() as connection:
            connection.execute(DYNAMIC.delete().where(DYNAMIC.c.name == name, DYNAMIC.c.key == key))

    # the whole

    def wipe(self) -> None:
        """Delete everything."""
        with self._database.lock:
            with self._database.writing() as connection:
                for table in TABLES.sorted_tables:
                    if table is not META:
                        connection.execute(table.delete())
            self._followed.clear()

    def close(self) -> None:
        """Close the connection. The store can still be used, and opens another one."""
        self._database.close()

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._database.lock:
            with suppress(DagflowStorageError):  # the run itself raises the error about its lines
                self._flush_all()
            with self._database.reading() as connection:
                yield connection

    def _run_of(self, row: Any) -> RunRecord:
        with self._read_whole(f"run '{row.run_id}'"):
            run = from_dict(_decode(row.body), DagflowRun).with_changes(status=DagflowRunStatus(row.status))
        return RunRecord(row.id, run, row.created, row.updated, row.started, row.ended)

    def _entry_of(
        self,
        number: int,
        run_id: str,
        timestamp: float,
        level: int,
        step_key: str | None,
        event_type: str | None,
        body: str,
        job_name: str | None,
    ) -> StoredEntry:
        with self._read_whole(f"line {number}"):
            value = _decode(body)
            if event_type is not None:
                return StoredEntry(number, EventLogEntry.of_event(DagflowEvent.from_dict(value)))
        return StoredEntry(number, EventLogEntry(None, level, value, run_id, timestamp, step_key, job_name))

    @contextmanager
    def _read_whole(self, what: str) -> Iterator[None]:
        try:
            yield
        except (ValueError, DagflowSerializationError) as error:
            raise DagflowSerializationError(
                f"{what} of {self._database.name} is damaged, or of another version of dagflow: {error}"
            ) from error


def _process_columns() -> dict[str, Any]:
    host, pid, start = this_process()
    return {"host": host, "pid": pid, "process_start": start}


def _insert_tags(connection: sa.Connection, run_id: str, tags: Mapping[str, str]) -> None:
    if tags:
        rows = [{"run_id": run_id, "key": key, "value": value} for key, value in tags.items()]
        connection.execute(TAGS.insert(), rows)


def _insert_lines(
    connection: sa.Connection, run_id: str, lines: Sequence[StoredLine], start: int | None = None
) -> None:
    """Append lines. `start` is the position of the first one in the log of its run; None: not of its log."""
    rows = []
    for position, line in enumerate(lines, start or 0):
        row = line._asdict()
        row.update(run_id=run_id, position=None if start is None else position)
        if line.event_type is None:  # as JSON, because a database rejects some characters
            row["body"] = json.dumps(line.body)
        rows.append(row)
    if rows:
        connection.execute(LINES.insert(), rows)


def _change_status(
    connection: sa.Connection,
    run_id: str,
    condition: sa.ColumnElement[bool],
    status: DagflowRunStatus,
    now: float,
) -> bool:
    values: dict[str, Any] = {"status": status.value, "updated": now}
    if status is DagflowRunStatus.STARTED:
        values.update(started=now, **_process_columns())
    elif status.value in _FINISHED:
        values["ended"] = now
    query = RUNS.update().where(RUNS.c.run_id == run_id, condition).values(values)
    return connection.execute(query).rowcount > 0


def stored_line(entry: EventLogEntry) -> StoredLine:
    """Convert a line of the log to its stored form."""
    event = entry.dagflow_event
    if event is None:
        return StoredLine(entry.timestamp, entry.level, entry.step_key, None, None, None, entry.user_message)
    return StoredLine(
        entry.timestamp,
        entry.level,
        entry.step_key,
        event.event_type_value,
        stored_key(event),
        event.partition,
        as_json(event),
    )


def _dynamic_keys(connection: sa.Connection, name: str) -> list[str]:
    query = sa.select(DYNAMIC.c.key).where(DYNAMIC.c.name == name).order_by(DYNAMIC.c.id)
    return list(connection.execute(query).scalars())
