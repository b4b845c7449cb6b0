"""The stored instances: use by several threads and processes, and their capacity."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import profiles
import pytest
import sqlalchemy as sa

from dagflow import (
    DagflowEventType,
    DagflowInstance,
    DagflowSerializationError,
    DagflowStorageError,
    EventRecordsFilter,
    asset,
    job,
    materialize,
    op,
)
from dagflow.events.record import DagflowEvent
from dagflow.events.run import DagflowRun, DagflowRunStatus
from dagflow.instance.database import DYNAMIC, LINES, RUNS, Database
from dagflow.instance.sql import SqlStore
from dagflow.instance.store import LinesFilter

THREADS = 4
MANY = 50_000 if profiles.IS_QUICK else 1_000_000


@asset
def water(context):
    context.log.info("a line")
    return 1


@asset
def tea(water):
    return water + 1


@op
def beans():
    return 1


@op
def spill(context, beans):
    seen.append(len(SqlStore(context.instance.ref().url).lines()))
    raise ValueError("spilt")


@job
def cafe():
    spill(beans())


seen = []


@pytest.fixture
def over(url, tmp_path):
    """A function that opens a new instance over the same storage."""
    instances = []

    def opened():
        instances.append(DagflowInstance.local_temp(str(tmp_path), {"storage": {"url": url}}))
        return instances[-1]

    yield opened
    for instance in instances:
        instance.dispose()


def test_a_run_is_there_for_others(over):
    """Another instance over the same storage has the run, its events, assets and files."""
    result = materialize([water, tea], instance=over())

    other = over()
    assert other.get_run_by_id(result.run_id) == result.dagflow_run
    events = [entry.dagflow_event for entry in other.all_logs(result.run_id) if entry.is_dagflow_event]
    assert events[2:] == list(result.all_events)
    assert [key.to_user_string() for key in other.get_asset_keys()] == ["tea", "water"]
    assert materialize([water, tea], selection=[tea], instance=other).asset_value("tea") == 2


def test_events_are_there_after_each_step(over):
    """Other processes can read the events of finished steps during a run, and all events after it."""
    seen.clear()
    instance = over()

    result = cafe.execute_in_process(instance=instance, raise_on_error=False)

    kinds = [event.event_type_value for event in result.all_events]
    assert seen == [kinds.index("STEP_START", kinds.index("STEP_SUCCESS"))]
    assert len(over().all_logs(result.run_id)) > seen[0]
    assert over().get_run_by_id(result.run_id).tags == {"dagflow/failure_reason": "STEP_FAILURE"}
    assert over().get_run_by_id(result.run_id) == result.dagflow_run


def test_a_number_that_is_too_large(url):
    """An integer out of range raises an error with a remedy, and the store remains usable."""
    store = SqlStore(url)

    with pytest.raises(DagflowStorageError, match="use a smaller one"):
        store.lines(LinesFilter(storage_ids=[10**30]))
    assert store.lines() == []
    store.close()


def test_opening_is_lazy(tmp_path):
    """A store opens its storage at the first use."""
    path = tmp_path / "kept.db"
    store = SqlStore(f"sqlite:///{path}")
    assert not path.exists()

    assert store.lines() == []

    assert path.exists()
    store.close()


def test_several_threads(over):
    """Runs of several threads on one instance are all recorded, and every line has a unique id."""
    instance = over()
    barrier = Barrier(THREADS)

    def run(_):
        barrier.wait(10)
        return materialize([water, tea], instance=instance)

    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(run, range(THREADS)))

    assert {run.run_id for run in instance.get_runs()} == {result.run_id for result in results}
    assert {run.status for run in instance.get_runs()} == {DagflowRunStatus.SUCCESS}
    for result in results:
        logged = [entry.dagflow_event for entry in over().all_logs(result.run_id)]
        assert [event for event in logged if event is not None][2:] == list(result.all_events)
    records = instance.get_event_records(EventRecordsFilter(DagflowEventType.ASSET_MATERIALIZATION))
    assert len({record.storage_id for record in records}) == 2 * THREADS


RUN_JOBS = """
import sys
from dagflow import DagflowInstance, job, op

@op
def beans(context):
    context.log.info("a line")

@job
def cafe():
    beans()

with DagflowInstance.local_temp(sys.argv[1], {"storage": {"url": sys.argv[2]}}) as instance:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(int(sys.argv[3])):
        instance.add_dynamic_partitions("runs", [f"{sys.argv[4]}-{number}"])
        print(cafe.execute_in_process(instance=instance).run_id)
"""


def test_two_processes(start, over, url, tmp_path):
    """Two processes can run jobs on one storage at once, without lost or duplicate lines."""
    runs = 25
    processes = [start(RUN_JOBS, tmp_path, url, runs, name) for name in ("a", "b")]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    printed = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], printed

    instance = over()
    ids = [run_id for text, _ in printed for run_id in text.split()]
    assert {run.run_id for run in instance.get_runs()} == set(ids)
    assert len(instance.get_runs()) == len(ids) == 2 * runs
    lengths = {len(instance.all_logs(run_id)) for run_id in ids}
    assert len(lengths) == 1
    starts = instance.get_event_records(EventRecordsFilter(DagflowEventType.STEP_START))
    assert sorted(record.run_id for record in starts) == sorted(ids)
    assert len(instance.get_dynamic_partitions("runs")) == 2 * runs


def test_two_processes_open_a_new_storage(start, url, tmp_path):
    """Two processes can create the tables at once without errors."""
    processes = [start(RUN_JOBS, tmp_path, url, 1, name) for name in ("a", "b", "c")]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()

    printed = [process.communicate(timeout=60) for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0], printed


FORK = """
import os, sys, threading
from dagflow.events.record import EventLogEntry
from dagflow.events.run import DagflowRun, DagflowRunStatus, RunsFilter
from dagflow.instance.sql import SqlStore, stored_line

class Log:
    def __init__(self):
        self.lines = []
    def stored(self, start=0):
        return [stored_line(entry) for entry in self.lines[start:]]

def line(text, run_id):
    return EventLogEntry(None, 20, text, run_id, 0.0)

store, log = SqlStore(sys.argv[1]), Log()
store.add_run(DagflowRun("cafe", "r", status=DagflowRunStatus.STARTED), 1.0)
store.follow("r", log)
log.lines.append(line("of the parent", "r"))
is_over = threading.Event()

def write():
    while not is_over.is_set():
        store.add_entries([line("of a thread", "thread")])

thread = threading.Thread(target=write)
thread.start()
children = []
for number in range(5):
    child = os.fork()
    if child == 0:
        store.add_entries([line("of a child", "child")])
        store.flush("r")
        known = store.count_runs(RunsFilter())
        os._exit(0 if known == 1 else 1)
    children.append(child)
failed = [os.waitpid(child, 0)[1] for child in children]
is_over.set()
thread.join()
store.set_status("r", DagflowRunStatus.SUCCESS, 2.0)
store.close()
sys.exit(any(failed))
"""


def test_forks(output_of, url):
    """A child that is forked while a thread writes can use the store, and does not write the lines of its
    parent again.
    """
    output_of(FORK, url)

    store = SqlStore(url)
    found = [kept.entry.message for kept in store.lines()]
    assert found.count("of the parent") == 1
    assert found.count("of a child") == 5
    assert store.run_record("r").dagflow_run.is_success
    store.close()


def test_an_interrupt_behind_a_change(url, monkeypatch):
    """An interrupt right after a commit causes neither duplicate nor missing lines."""
    store = SqlStore(url)
    log = cafe_log()
    store.add_run(log.run, 1.0)
    store.follow(log.run.run_id, log)
    writing = Database.writing

    @contextmanager
    def interrupted(self):
        with writing(self) as connection:
            yield connection
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Database, "writing", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.flush(log.run.run_id)
    log.append_line(20, "after it", -1, 0)
    store.flush(log.run.run_id)

    assert [kept.entry for kept in store.lines()] == log.entries()
    store.close()


@pytest.mark.parametrize(
    "forget", [lambda store, run_id: store.delete_run(run_id), lambda store, _: store.wipe()]
)
def test_a_run_that_another_deletes_while_it_runs(url, forget):
    """Later lines of a run that another process deleted are not stored, neither at the next step nor at its
    end.
    """
    store, other, log = SqlStore(url), SqlStore(url), cafe_log()
    for ends in (False, True):
        store.add_run(log.run, 1.0)
        store.follow(log.run.run_id, log)
        store.flush(log.run.run_id)
        forget(other, log.run.run_id)
        log.append_line(20, "after it", -1, 0)
        if not ends:
            store.flush(log.run.run_id)
        store.set_status(log.run.run_id, DagflowRunStatus.SUCCESS, 2.0)

        assert store.lines() == []
        assert store.run_record(log.run.run_id) is None
    store.close()
    other.close()


END_OTHERS = """
    select pg_terminate_backend(pid, 10000) from pg_stat_activity
    where pid <> pg_backend_pid() and backend_type = 'client backend'
"""


@pytest.fixture
def restart(url_of):
    """The URL of a PostgreSQL storage, and a function that ends all other connections to the server."""
    url = url_of("postgres")
    database = Database(url)

    def end_others():
        with database.reading() as connection:
            connection.execute(sa.text(END_OTHERS))

    yield url, end_others
    database.close()


def test_a_server_that_was_restarted(restart):
    """The next read and the next write reconnect after a restart of the server."""
    url, end_others = restart
    store = SqlStore(url)
    for number in range(2):
        end_others()
        store.add_dynamic_partitions("shops", [f"s{number}"])
        end_others()
        assert len(store.dynamic_partitions("shops")) == number + 1
    store.close()


def test_a_server_that_was_restarted_during_a_change(restart):
    """A restart during a transaction raises an error, because its first changes are lost. The next
    transaction reconnects.
    """
    url, end_others = restart
    database = Database(url)

    def add(key, then):
        with database.writing() as connection:
            connection.execute(DYNAMIC.insert().values(name="shops", key=key))
            then()
            return connection.execute(sa.select(sa.func.count()).select_from(DYNAMIC)).scalar()

    with pytest.raises(DagflowStorageError, match="cannot be written to"):
        add("a", end_others)
    assert add("a", lambda: None) == 1
    database.close()


def cafe_log():
    """The log of a run that is not stored."""
    return materialize([water]).all_events[0].source


@pytest.mark.parametrize("body", ["{", "[]", '{"version": 99}'])
def test_a_line_that_is_damaged(tmp_path, body):
    """The error about a damaged line names the line and the file."""
    store = SqlStore(f"sqlite:///{tmp_path / 'kept.db'}")
    store.add_entries(cafe_log().entries()[:1])
    with Database(f"sqlite:///{tmp_path / 'kept.db'}").writing() as connection:
        connection.execute(LINES.update().values(body=body))

    with pytest.raises(DagflowSerializationError, match=r"line 1 .*kept\.db"):
        store.lines()
    store.close()


@pytest.mark.parametrize("damage", [{"body": "{"}, {"body": "[]"}, {"status": "SPILT"}])
def test_a_run_that_is_damaged(tmp_path, damage):
    """The error about a damaged run names the run and the file."""
    store = SqlStore(f"sqlite:///{tmp_path / 'kept.db'}")
    store.add_run(DagflowRun("cafe", "r"), 1.0)
    with Database(f"sqlite:///{tmp_path / 'kept.db'}").writing() as connection:
        connection.execute(RUNS.update().values(damage))

    with pytest.raises(DagflowSerializationError, match=r"run 'r' .*kept\.db"):
        store.run_record("r")
    store.close()


FILL = """
    insert into dagflow_lines (run_id, timestamp, level, event_type, body)
    with recursive counted(n) as (select 1 union all select n + 1 from counted where n < :count)
    select 'r', 1.0, 20, iif(n % 100, null, 'STEP_START'), iif(n % 100, '"a line"', :event) from counted
"""
READ = """
import resource, sys
from dagflow import DagflowEventType, DagflowInstance, EventRecordsFilter

with DagflowInstance.local_temp(sys.argv[1]) as instance:
    seen, cursor, has_more = 0, None, True
    while has_more:
        page = instance.get_records_for_run("r", cursor=cursor, limit=2_000)
        seen, cursor, has_more = seen + len(page.records), page.cursor, page.has_more
        if seen == 20_000:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    starts = instance.get_event_records(EventRecordsFilter(DagflowEventType.STEP_START), limit=3)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(seen, after - before, [record.storage_id for record in starts])
"""


def test_very_many_lines(output_of, lasting, tmp_path):
    """Many lines can be read in pages with constant memory."""
    lasting.get_runs()
    event = DagflowEvent("STEP_START", "cafe", step_key="beans", run_id="r", timestamp=1.0)
    engine = sa.create_engine(lasting.ref().url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        given = {"count": MANY, "event": json.dumps(event.to_dict())}
        connection.execute(sa.text(FILL), given)

    seen, kilobytes, starts = output_of(READ, tmp_path).split(maxsplit=2)

    assert int(seen) == MANY
    assert starts == f"{[MANY, MANY - 100, MANY - 200]}\n"
    assert int(kilobytes) < 10_000
