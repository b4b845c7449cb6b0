"""The behaviour common to all stores: in memory, in a SQLite file and in PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from dagflow import (
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    DagflowEventType,
    DagflowRunAlreadyExists,
)
from dagflow.events.data import AssetObservationData, StepMaterializationData
from dagflow.events.planned import AssetMaterializationPlannedData
from dagflow.events.record import DagflowEvent, EventLogEntry
from dagflow.events.run import DagflowRun, DagflowRunStatus, RunsFilter
from dagflow.instance.memory import MemoryStore
from dagflow.instance.sql import stored_line
from dagflow.instance.store import LateStore, LinesFilter

STARTED, CANCELING = DagflowRunStatus.STARTED, DagflowRunStatus.CANCELING
SUCCESS, FAILURE = DagflowRunStatus.SUCCESS, DagflowRunStatus.FAILURE
MATERIALIZED, OBSERVED = DagflowEventType.ASSET_MATERIALIZATION, DagflowEventType.ASSET_OBSERVATION
THREADS = 6


class GrowingLog:
    """A log of a run that grows, for a store to follow."""

    def __init__(self):
        self.lines = []

    def entries(self, start=0):
        return self.lines[start:]

    def stored(self, start=0):
        return [stored_line(entry) for entry in self.lines[start:]]


def line(text, run_id="r", timestamp=0.0):
    """Build a log line with a message of user code."""
    return EventLogEntry(None, 20, text, run_id, timestamp, "beans", "cafe")


def event(event_type, run_id="r", timestamp=0.0, data=None):
    """Build a log line with an event."""
    made = DagflowEvent(
        event_type.value, "cafe", event_specific_data=data, run_id=run_id, timestamp=timestamp
    )
    return EventLogEntry.of_event(made)


def materialized(key, partition=None, run_id="r"):
    """Build a log line with a materialization."""
    data = StepMaterializationData(AssetMaterialization(key, partition=partition))
    return event(MATERIALIZED, run_id, data=data)


def observed(key):
    """Build a log line with an observation."""
    return event(OBSERVED, data=AssetObservationData(AssetObservation(key)))


def texts(store, wanted=None, **how):
    """Return the messages of the lines of a store."""
    return [kept.entry.message for kept in store.lines(wanted or LinesFilter(), **how)]


# runs


def test_times_of_a_run(store):
    """A record has the times of creation, start, last update and end."""
    store.add_run(DagflowRun("cafe", "r"), 1.0)
    store.set_status("r", STARTED, 2.0)
    store.add_tags("r", {"a": "b"}, 3.0)
    store.set_status("r", FAILURE, 4.0)

    record = store.run_record("r")
    assert (record.create_timestamp, record.start_time, record.end_time) == (1.0, 2.0, 4.0)
    assert record.update_timestamp == 4.0
    assert record.dagflow_run.tags == {"a": "b"}
    assert record.dagflow_run.status is FAILURE
    assert store.run_records(RunsFilter()) == [record]


def test_a_run_is_kept_as_it_is(store):
    """A stored run has all of its fields."""
    run = DagflowRun(
        "cafe",
        "r",
        {"ops": {"beans": {"config": {"n": [1, 2.5, None, "ü\ud800\x00"]}}}},
        STARTED,
        {"a": "1"},
        op_selection=["*beans"],
        resolved_op_selection=frozenset({"beans"}),
        asset_selection=frozenset({AssetKey(["a", "b"])}),
        step_keys_to_execute=("beans",),
        root_run_id="p",
        parent_run_id="p",
    )

    store.add_run(run, 1.0)

    assert store.run_record("r").dagflow_run == run


def test_what_is_not_there(store):
    """The record of an unknown run is None, and changes to such a run are ignored."""
    store.set_status("r", SUCCESS, 1.0)
    store.add_tags("r", {"a": "b"}, 1.0)
    store.delete_run("r")
    store.flush("r")

    assert store.run_record("r") is None
    assert store.process_of("r") is None
    assert store.lines(LinesFilter("r")) == []
    assert store.count_events("r") == {}
    assert store.dynamic_partitions("shops") == []
    assert store.wiped_before(AssetKey("water")) == 0
    assert not store.change_status("r", [STARTED], FAILURE, 1.0, line("x"))


def test_the_same_run_twice(store):
    """A duplicate id raises an error that names the id and the job of the first run."""
    store.add_run(DagflowRun("cafe", "r"), 1.0)

    with pytest.raises(DagflowRunAlreadyExists, match=r"'r'.*'cafe'"):
        store.add_run(DagflowRun("bar", "r"), 2.0)
    assert store.run_record("r").dagflow_run.job_name == "cafe"


def test_a_run_that_has_ended(store):
    """A final status does not change."""
    store.add_run(DagflowRun("cafe", "r", status=STARTED), 1.0)
    store.set_status("r", DagflowRunStatus.CANCELED, 2.0)
    store.set_status("r", FAILURE, 3.0)

    record = store.run_record("r")
    assert (record.dagflow_run.status, record.end_time) == (DagflowRunStatus.CANCELED, 2.0)


def test_a_status_is_changed_from_another(store):
    """A status changes together with a line of the log, and only from an expected status."""
    store.add_run(DagflowRun("cafe", "r", status=STARTED), 1.0)

    assert store.change_status("r", [STARTED], CANCELING, 2.0, line("stop"))
    assert not store.change_status("r", [STARTED], CANCELING, 3.0, line("stop again"))
    assert store.change_status("r", [STARTED, CANCELING], FAILURE, 4.0, line("end"))

    record = store.run_record("r")
    assert (record.dagflow_run.status, record.update_timestamp, record.end_time) == (FAILURE, 4.0, 4.0)
    assert texts(store) == ["stop", "end"]


def test_filters_of_runs(store):
    """Runs are filtered by id, job, status, tags and creation time. All given conditions must hold."""
    for number in range(4):
        tags = {"n": str(number), "size": "big" if number else "small"}
        store.add_run(DagflowRun(f"job{number % 2}", f"r{number}", tags=tags), float(number))
    store.set_status("r3", FAILURE, 9.0)

    def found(**wanted):
        ids = [record.dagflow_run.run_id for record in store.run_records(RunsFilter(**wanted))]
        assert store.count_runs(RunsFilter(**wanted)) == len(ids)
        return ids

    assert found() == ["r0", "r1", "r2", "r3"]
    assert found(run_ids=["r2", "nope"]) == ["r2"]
    assert found(job_name="job1") == ["r1", "r3"]
    assert found(statuses=[FAILURE, SUCCESS]) == ["r3"]
    assert found(tags={"n": ["1", "2"], "size": "big"}) == ["r1", "r2"]
    assert found(tags={"nope": "1"}) == []
    assert found(created_after=0.5, created_before=2.5) == ["r1", "r2"]
    assert found(job_name="job1", statuses=[FAILURE]) == ["r3"]


def test_pieces_of_runs(store):
    """Runs are read in pages from a run on, in both directions."""
    for number in range(4):
        store.add_run(DagflowRun("cafe", f"r{number}"), 1.0)

    def ids(**how):
        return [record.dagflow_run.run_id for record in store.run_records(RunsFilter(), **how)]

    assert ids(limit=2) == ["r0", "r1"]
    assert ids(limit=2, ascending=False) == ["r3", "r2"]
    assert ids(cursor="r1") == ["r2", "r3"]
    assert ids(cursor="r1", ascending=False) == ["r0"]
    assert ids(cursor="r3") == ids(cursor="nope") == ids(cursor="nope", ascending=False) == ids(limit=0) == []


def test_deleting_a_run(store):
    """A deletion removes run, log and tags, and the id can be used again."""
    store.add_run(DagflowRun("cafe", "r", tags={"a": "b"}), 1.0)
    store.add_entries([line("a"), line("other", run_id="s")])
    store.delete_run("r")
    store.add_run(DagflowRun("cafe", "r"), 2.0)

    assert texts(store) == ["other"]
    assert store.run_records(RunsFilter(tags={"a": "b"})) == []


def test_tags_from_several_threads(store):
    """No tag is lost."""
    store.add_run(DagflowRun("cafe", "r"), 1.0)
    barrier = Barrier(THREADS)

    def add(number):
        barrier.wait(10)
        for i in range(10):
            store.add_tags("r", {f"{number}-{i}": "x"}, 1.0)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(add, range(THREADS)))

    assert len(store.run_record("r").dagflow_run.tags) == THREADS * 10


@pytest.mark.parametrize("text", ["", "\x00a", "\ud800", "\x1a0000\x1a", "q'\"\n", "%s %(a)s \\0 :x", "ü"])
def test_any_characters(store, text):
    """Names, tags and partition keys with any characters are stored unchanged and found."""
    store.add_run(DagflowRun(text, text, tags={text: text}), 1.0)
    store.add_entries([materialized(AssetKey(["a", text]), text, run_id=text)])
    store.add_dynamic_partitions(text, [text, "b"])

    for wanted in (RunsFilter([text], text, tags={text: text}), RunsFilter(tags={text: ["b", text]})):
        (record,) = store.run_records(wanted)
        assert (record.dagflow_run.run_id, record.dagflow_run.job_name) == (text, text)
    assert store.materialized_partitions(AssetKey(["a", text])) == {text}
    (kept,) = store.lines(LinesFilter(text, asset_partitions=[text]))
    assert kept.entry.run_id == text
    assert store.dynamic_partitions(text) == [text, "b"]
    store.delete_dynamic_partition(text, text)
    assert store.dynamic_partitions(text) == ["b"]
    store.delete_run(text)
    assert (store.run_records(RunsFilter()), store.lines()) == ([], [])


# lines


def test_a_line_is_kept_as_it_is(store):
    """Events and messages with any characters are stored unchanged."""
    store.add_run(DagflowRun("cafe", "r"), 1.0)
    entries = [
        line('a "text"\nwith \x00, \ud800 and ü', timestamp=1.5),
        event(DagflowEventType.RUN_FAILURE, timestamp=2.5),
        materialized(AssetKey(["a/b", "ü"]), "2024"),
    ]

    store.add_entries(entries)

    assert [kept.entry for kept in store.lines()] == entries


def test_numbers_are_never_given_twice(store):
    """Ids of lines are not reused, even after the last lines were deleted."""
    store.add_run(DagflowRun("cafe", "r"), 1.0)
    store.add_entries([line("a")])
    store.add_entries([line("b")])
    assert [kept.storage_id for kept in store.lines(LinesFilter("r"))] == [1, 2]

    store.delete_run("r")
    store.add_entries([line("c")])

    assert [(kept.storage_id, kept.entry.message) for kept in store.lines()] == [(3, "c")]


def test_filters_of_lines(store):
    """Lines are filtered by run, type, asset, partition, id and time. All given conditions must hold."""
    start = DagflowEventType.STEP_START
    store.add_entries([
        line("a", timestamp=1.0),
        event(start, timestamp=2.0),
        event(start, run_id="s", timestamp=3.0),
        materialized("water", "x"),
        materialized("water", "y"),
        materialized("tea", "x"),
        observed("water"),
    ])  # fmt: skip

    def numbers(**wanted):
        return [kept.storage_id for kept in store.lines(LinesFilter(**wanted))]

    assert numbers() == [1, 2, 3, 4, 5, 6, 7]
    assert numbers(run_id="s") == [3]
    assert numbers(event_types=[start]) == [2, 3]
    assert numbers(event_types={start, OBSERVED}) == [2, 3, 7]
    assert numbers(event_types=[]) == []
    assert numbers(asset_key=AssetKey("water")) == [4, 5, 7]
    assert numbers(asset_partitions=["x", "z"]) == [4, 6]
    assert numbers(after_cursor=2, before_cursor=5) == [3, 4]
    assert numbers(after_timestamp=1.0, before_timestamp=3.0) == [2]
    assert numbers(storage_ids=[1, 7, 99]) == [1, 7]
    assert numbers(run_id="r", event_types=[MATERIALIZED], asset_key=AssetKey("water"), after_cursor=4) == [5]


def test_pieces_of_lines(store):
    """Lines are read in pages in both directions."""
    store.add_entries([line(str(number)) for number in range(5)])

    assert texts(store, limit=2) == ["0", "1"]
    assert texts(store, limit=2, ascending=False) == ["4", "3"]
    assert texts(store, LinesFilter(after_cursor=2), limit=2) == ["2", "3"]
    assert texts(store, limit=0) == []


def test_a_log_that_grows(store):
    """Each line of a followed log is read once, as soon as it is written, until the end of the run."""
    log = GrowingLog()
    store.add_run(DagflowRun("cafe", "r", status=STARTED), 1.0)
    store.follow("r", log)
    assert texts(store) == []

    log.lines.append(line("a"))
    assert texts(store) == ["a"]
    log.lines += [line("b"), event(DagflowEventType.STEP_START)]
    store.flush("r")
    store.flush("r")
    assert texts(store) == ["a", "b", ""]
    assert store.count_events("r") == {DagflowEventType.STEP_START: 1}

    log.lines.append(line("c"))
    store.set_status("r", SUCCESS, 2.0)
    assert texts(store) == ["a", "b", "", "c"]
    log.lines.append(line("after the end"))
    assert texts(store) == ["a", "b", "", "c"]


def test_logs_that_grow_in_several_threads(store):
    """No line is lost or duplicated, each log keeps its order, and ids ascend."""
    barrier = Barrier(THREADS)

    def write(number):
        run_id, log = f"r{number}", GrowingLog()
        store.add_run(DagflowRun("cafe", run_id, status=STARTED), 1.0)
        store.follow(run_id, log)
        barrier.wait(10)
        for i in range(20):
            log.lines.append(line(f"{number}-{i}", run_id))
            store.flush(run_id)
        store.set_status(run_id, SUCCESS, 2.0)
        return run_id

    with ThreadPoolExecutor(THREADS) as pool:
        ids = list(pool.map(write, range(THREADS)))

    for number, run_id in enumerate(ids):
        assert texts(store, LinesFilter(run_id)) == [f"{number}-{i}" for i in range(20)]
    found = [kept.storage_id for kept in store.lines()]
    assert found == sorted(set(found))
    assert len(found) == THREADS * 20


def test_filters_with_very_many_values(store):
    """A filter may have more values than the limit of query parameters, with any characters."""
    odd = ["%s %(a)s", "q'\"\n", "a\\'b", "nul \x00", "\ud800", ":x"]
    many = [*map(str, range(70_000)), *odd]
    for number, text in enumerate(odd, 1):
        store.add_run(DagflowRun("cafe", text, tags={"size": text}), 1.0)
        store.add_entries([materialized("water", text)])
        assert store.lines(LinesFilter(asset_partitions=many))[-1].storage_id == number

    for wanted in (RunsFilter(run_ids=many), RunsFilter(tags={"size": many})):
        assert [record.dagflow_run.run_id for record in store.run_records(wanted)] == odd
    assert len(store.lines(LinesFilter(storage_ids=range(2, 80_000)))) == len(odd) - 1


# assets


def test_assets(store):
    """Materialized, observed and planned assets are sorted; plans have no stored partitions."""
    data = AssetMaterializationPlannedData(AssetKey("c"), "x")
    planned = event(DagflowEventType.ASSET_MATERIALIZATION_PLANNED, data=data)
    store.add_entries([materialized("b", "x"), materialized("b", "y"), observed("a"), planned, line("d")])

    assert store.asset_keys() == [AssetKey("a"), AssetKey("b"), AssetKey("c")]
    assert store.materialized_partitions(AssetKey("b")) == {"x", "y"}
    assert store.materialized_partitions(AssetKey("c")) == set()
    assert store.materialized_partitions(AssetKey("a")) == set()


def test_the_number_of_lines_of_types(store):
    """Events of some types are counted up to a storage id, and not after their run was deleted."""
    store.add_run(DagflowRun("cafe", "r"), 1.0)
    store.add_entries([materialized("a"), observed("a"), materialized("b", run_id="s"), line("x")])
    assert [store.count_lines([MATERIALIZED], last) for last in (0, 1, 2, 3, 9)] == [0, 1, 1, 2, 2]

    store.delete_run("r")
    assert store.count_lines([MATERIALIZED, OBSERVED], 9) == 1


def test_wiped_assets(store):
    """A wipe hides the earlier events of one asset, not later ones or those of other assets."""
    key = AssetKey("b")
    store.add_entries([materialized(key, "x"), observed("a")])
    store.wipe_asset(key)
    store.wipe_asset(key)
    assert store.wiped_before(key) == 2
    assert store.wipes() == {key: 2}
    assert store.asset_keys() == [AssetKey("a")]
    assert store.materialized_partitions(key) == set()

    store.add_entries([materialized(key, "y")])

    assert store.asset_keys() == [AssetKey("a"), key]
    assert store.materialized_partitions(key) == {"y"}


# dynamic partitions


def test_dynamic_partitions(store):
    """Keys are stored by name, in order and without duplicates."""
    store.add_dynamic_partitions("shops", ["s2", "s1", "s2"])
    store.add_dynamic_partitions("shops", ["s1", "s3"])
    store.add_dynamic_partitions("bars", ["s1"])
    store.add_dynamic_partitions("bars", [])
    store.delete_dynamic_partition("shops", "s1")
    store.delete_dynamic_partition("shops", "nope")
    assert store.dynamic_partitions("shops") == ["s2", "s3"]

    store.add_dynamic_partitions("shops", ["s1"])

    assert store.dynamic_partitions("shops") == ["s2", "s3", "s1"]
    assert store.dynamic_partitions("bars") == ["s1"]


# the whole


def test_everything_is_forgotten(store):
    """A wipe deletes runs, lines, assets and partitions, and the store remains usable."""
    log = GrowingLog()
    store.add_run(DagflowRun("cafe", "r", tags={"a": "b"}), 1.0)
    store.follow("r", log)
    store.add_entries([materialized("water", "x", run_id="")])
    store.wipe_asset(AssetKey("water"))
    store.add_dynamic_partitions("shops", ["s"])

    store.wipe()
    log.lines.append(line("a"))

    assert (store.run_records(RunsFilter()), store.lines(), store.asset_keys()) == ([], [], [])
    assert store.dynamic_partitions("shops") == []
    assert store.wiped_before(AssetKey("water")) == 0
    store.add_run(DagflowRun("cafe", "r"), 1.0)
    assert store.count_runs(RunsFilter()) == 1


def test_a_closed_store_can_be_used_again(store):
    """The data of a closed store can be read again."""
    store.add_run(DagflowRun("cafe", "r"), 1.0)
    store.close()
    store.close()

    assert store.count_runs(RunsFilter()) == 1


# a store that is made late


def test_a_late_store_is_made_when_it_is_asked():
    """A late store is created once at the first use, and not by `close`."""
    made = []

    def make():
        made.append(MemoryStore())
        return made[-1]

    late = LateStore(make)
    late.close()
    assert made == []

    late.add_run(DagflowRun("cafe", "r"), 1.0)
    assert late.count_runs(RunsFilter()) == 1
    late.close()
    assert len(made) == 1


def test_a_late_store_in_several_threads():
    """All threads use the same store, even if several of them create one."""
    barrier = Barrier(THREADS)

    def make():
        barrier.wait(10)
        return MemoryStore()

    late = LateStore(make)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda number: late.add_run(DagflowRun("cafe", f"r{number}"), 1.0), range(THREADS)))

    assert late.count_runs(RunsFilter()) == THREADS
