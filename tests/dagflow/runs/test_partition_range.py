"""Runs for a range of partitions, which two tags name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dagflow import (
    AssetExecutionContext,
    CheckError,
    DagflowInstance,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    DailyPartitionsDefinition,
    DynamicPartitionsDefinition,
    FilesystemIOManager,
    InMemoryIOManager,
    IOManager,
    MaterializeResult,
    MultiPartitionsDefinition,
    PartitionKeyRange,
    StaticPartitionsDefinition,
    TimeWindow,
    WeeklyPartitionsDefinition,
    asset,
    build_asset_context,
    execute_job,
    job,
    materialize,
    op,
    reconstructable,
)

REGIONS = StaticPartitionsDefinition(["a", "b", "c", "d"])
DAYS = DailyPartitionsDefinition("2023-12-31", end_date="2024-01-28")
WEEKS = WeeklyPartitionsDefinition("2023-12-31", end_date="2024-01-28")


def tags_of(start: str, end: str) -> dict[str, str]:
    """Return the tags of a run for a range of partitions."""
    return {"dagflow/asset_partition_range_start": start, "dagflow/asset_partition_range_end": end}


def run(start: str, end: str, *assets: Any, manager: Any = None, **options: Any) -> Any:
    """Materialize a range of partitions."""
    resources = {"io_manager": manager or InMemoryIOManager()}
    return materialize(assets, tags=tags_of(start, end), resources=resources, **options)


def stored(result: Any, step: str) -> dict[str | None, dict[str, Any]]:
    """Return the metadata of each stored partition of a step."""
    return {
        each.partition: {key: value.value for key, value in each.metadata.items()}
        for each in result.asset_materializations_for_node(step)
    }


def seen_in(partitions_def: Any, read: Any, start: str, end: str, **options: Any) -> Any:
    """Return what a function reads of the context of an asset in a run for a range."""
    seen = []

    @asset(partitions_def=partitions_def)
    def shops(context: AssetExecutionContext) -> int:
        try:
            seen.append(read(context))
        except Exception as error:
            seen.append(type(error))
        return 1

    run(start, end, shops, **options)
    return seen[0]


@asset(partitions_def=REGIONS)
def shops(context: AssetExecutionContext) -> int:
    context.add_asset_metadata({"all": 1})
    context.add_asset_metadata({"one": 2}, partition_key="b")
    return 5


@asset(partitions_def=REGIONS)
def sales(shops: int) -> int:
    return shops


@asset
def total(shops: Any) -> Any:
    return shops


@asset(partitions_def=DAYS)
def daily() -> int:
    return 1


@asset(partitions_def=WEEKS)
def weekly(context: AssetExecutionContext, daily: Any) -> int:
    return len(context.asset_partition_keys_for_input("daily"))


def test_a_materialization_for_each_partition() -> None:
    """Each partition has one materialization, with the metadata of all and its own, and one planned event."""
    with DagflowInstance.ephemeral() as instance:
        result = run("b", "c", shops, sales, instance=instance)

        assert stored(result, "shops") == {"b": {"all": 1, "one": 2}, "c": {"all": 1}}
        assert stored(result, "sales") == {"b": {}, "c": {}}
        assert instance.get_materialized_partitions(sales.key) == {"b", "c"}
        planned = [
            entry.dagflow_event.partition
            for entry in instance.all_logs(result.run_id)
            if entry.dagflow_event is not None
            and entry.dagflow_event.event_type_value == "ASSET_MATERIALIZATION_PLANNED"
        ]
    assert planned == ["b", "c", "b", "c"]
    for count, name in ((2, "STEP_OUTPUT"), (2, "HANDLED_OUTPUT"), (4, "ASSET_MATERIALIZATION")):
        assert len(result.filter_events(lambda event, name=name: event.event_type_value == name)) == count


READS: dict[str, tuple[Any, Any, Any]] = {
    "has_partition_key": (lambda context: context.has_partition_key, False, False),
    "has_partition_key_range": (lambda context: context.has_partition_key_range, True, True),
    "partition_key": (lambda context: context.partition_key, DagflowInvariantViolationError, "b"),
    "partition_keys": (lambda context: list(context.partition_keys), ["b", "c"], ["b"]),
    "partition_key_range": (
        lambda context: context.partition_key_range,
        PartitionKeyRange("b", "c"),
        PartitionKeyRange("b", "b"),
    ),
    "key_for_output": (lambda context: context.asset_partition_key_for_output(), CheckError, "b"),
    "keys_for_output": (
        lambda context: list(context.asset_partition_keys_for_output()),
        ["b", "c"],
        ["b"],
    ),
    "range_for_output": (
        lambda context: context.asset_partition_key_range_for_output(),
        PartitionKeyRange("b", "c"),
        PartitionKeyRange("b", "b"),
    ),
    "window_for_output": (
        lambda context: context.asset_partitions_time_window_for_output(),
        ValueError,
        ValueError,
    ),
}


@pytest.mark.parametrize(("read", "of_two", "of_one"), READS.values(), ids=READS)
def test_the_context_of_the_asset(read: Any, of_two: Any, of_one: Any) -> None:
    """The context has all partitions of the range; a range of one has a partition key too."""
    assert seen_in(REGIONS, read, "b", "c") == of_two
    assert seen_in(REGIONS, read, "b", "b") == of_one


@pytest.mark.parametrize(
    "read",
    [
        lambda context: context.partition_time_window,
        lambda context: context.asset_partitions_time_window_for_output(),
    ],
)
def test_the_time_window_of_a_range(read: Any) -> None:
    """The time window of a range is that from its first to its last partition."""
    first, last = (DAYS.time_window_for_partition_key(key) for key in ("2024-01-02", "2024-01-04"))

    assert seen_in(DAYS, read, "2024-01-02", "2024-01-04") == TimeWindow(first.start, last.end)


def test_a_range_of_two_dimensions() -> None:
    """A range of two dimensions has all pairs of both ranges."""
    grid = MultiPartitionsDefinition({"day": DAYS, "region": REGIONS})

    keys = seen_in(grid, lambda context: list(context.partition_keys), "2024-01-02|b", "2024-01-03|c")
    assert keys == ["2024-01-02|b", "2024-01-02|c", "2024-01-03|b", "2024-01-03|c"]


def test_a_range_of_dynamic_partitions() -> None:
    """The keys of a range of dynamic partitions are those of the instance."""
    with DagflowInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("regions", ["x", "y", "z"])
        keys = seen_in(
            DynamicPartitionsDefinition(name="regions"),
            lambda context: list(context.partition_keys),
            "y",
            "z",
            instance=instance,
        )
    assert keys == ["y", "z"]


class Recorder(IOManager):
    """An I/O manager that records the partitions of its contexts."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}

    def note(self, name: str, context: Any) -> None:
        """Record the partitions of a context."""
        assert not context.has_partition_key
        with pytest.raises(CheckError):
            context.partition_key  # noqa: B018
        if not context.has_asset_partitions:
            self.seen[name] = None
            return
        keys = list(context.asset_partition_keys)
        if len(keys) > 1:
            with pytest.raises(CheckError):
                context.asset_partition_key  # noqa: B018
            with pytest.raises(CheckError):
                context.get_asset_identifier()
        self.seen[name] = (len(keys), tuple(context.asset_partition_key_range))

    def handle_output(self, context: Any, obj: Any) -> None:
        self.note(context.step_key, context)
        context.add_output_metadata({"stored": 1})

    def load_input(self, context: Any) -> int:
        self.note(f"{context.step_key if hasattr(context, 'step_key') else 'input'} {context.name}", context)
        return 1


def test_the_contexts_of_an_io_manager() -> None:
    """An output of a range is stored once; an input reads the upstream partitions after mapping."""
    manager = Recorder()
    result = run("2023-12-31", "2024-01-07", daily, weekly, manager=manager, selection=[weekly])

    assert manager.seen == {
        "input daily": (14, ("2023-12-31", "2024-01-13")),
        "weekly": (2, ("2023-12-31", "2024-01-07")),
    }
    assert result.output_for_node("weekly") == 14
    assert stored(result, "weekly") == {"2023-12-31": {"stored": 1}, "2024-01-07": {"stored": 1}}


def test_an_asset_without_partitions_in_the_same_run() -> None:
    """An unpartitioned asset reads all partitions, and has one materialization without partition."""
    manager = Recorder()
    result = run("b", "c", shops, total, manager=manager)

    assert manager.seen == {"shops": (2, ("b", "c")), "input shops": (4, ("a", "d")), "total": None}
    assert list(stored(result, "total")) == [None]


def test_a_dependency_that_is_not_loaded() -> None:
    """A dependency without value stands for the partitions of the range."""
    seen = []

    @asset(partitions_def=REGIONS, deps=[shops])
    def report(context: AssetExecutionContext) -> MaterializeResult:
        seen.append(context.asset_partition_keys_for_input("shops"))
        return MaterializeResult(metadata={"rows": 1})

    result = run("b", "c", shops, report, selection=[report])
    assert seen == [["b", "c"]]
    assert stored(result, "report") == {"b": {"rows": 1}, "c": {"rows": 1}}


def test_values_in_memory() -> None:
    """A value in memory is that of each partition of the range, for later runs too."""
    manager = InMemoryIOManager()

    assert run("b", "c", shops, sales, manager=manager).output_for_node("sales") == 5
    single = materialize(
        [shops, sales], selection=[sales], partition_key="c", resources={"io_manager": manager}
    )
    assert single.output_for_node("sales") == 5


def test_values_in_files(tmp_path: Path) -> None:
    """A manager of files stores a range of one partition only."""
    manager = FilesystemIOManager(base_dir=tmp_path)
    with pytest.raises(CheckError, match="this run stores 2 partitions of asset 'daily'"):
        run("2024-01-02", "2024-01-03", daily, manager=manager)
    run("2024-01-02", "2024-01-02", daily, manager=manager)

    assert (tmp_path / "daily" / "2024-01-02").is_file()


@pytest.mark.parametrize(
    ("tags", "key", "error", "message"),
    [
        ({"dagflow/asset_partition_range_start": "b"}, None, DagflowInvariantViolationError, "one end"),
        ({"dagflow/asset_partition_range_end": "b"}, None, DagflowInvariantViolationError, "one end"),
        (tags_of("b", "c"), "b", DagflowInvariantViolationError, "also for the partition 'b'"),
        (
            {**tags_of("b", "c"), "dagflow/partition": "d"},
            None,
            DagflowInvariantViolationError,
            "also for the partition 'd'",
        ),
        (tags_of("b", "z"), None, DagflowInvalidInvocationError, "'z'"),
        (tags_of("c", "b"), None, DagflowInvalidInvocationError, "it has no partitions"),
    ],
)
def test_wrong_ranges(tags: Any, key: Any, error: type[Exception], message: str) -> None:
    """A range that cannot be is refused before a run is stored."""
    with DagflowInstance.ephemeral() as instance:
        with pytest.raises(error, match=message):
            materialize([shops], tags=tags, partition_key=key, instance=instance)
        assert instance.get_runs() == []


def test_a_wrong_range_of_days() -> None:
    """A range of days with an unknown end is refused."""
    with pytest.raises(DagflowInvalidInvocationError, match="'2025-01-01'"):
        run("2024-01-02", "2025-01-01", daily)


def test_tags_without_partitions() -> None:
    """The tags have no meaning for assets without partitions."""
    water = asset(name="water")(lambda: 1)

    assert list(stored(run("b", "c", water), "water")) == [None]


def test_metadata_of_another_partition() -> None:
    """Metadata of a partition outside of the range is refused."""

    @asset(partitions_def=REGIONS)
    def wrong(context: AssetExecutionContext) -> None:
        context.add_asset_metadata({"x": 1}, partition_key="d")

    with pytest.raises(
        DagflowInvariantViolationError, match=r"metadata was added to partition 'd' .*'b'.*'c'"
    ):
        run("b", "c", wrong)


def test_metadata_after_the_output() -> None:
    """Metadata of a partition after its output is refused."""

    @asset(partitions_def=REGIONS)
    def late(context: AssetExecutionContext) -> Any:
        yield MaterializeResult()
        context.add_asset_metadata({"x": 1}, partition_key="b")

    with pytest.raises(DagflowInvariantViolationError, match="already been yielded"):
        run("b", "c", late)


def test_a_direct_call() -> None:
    """A direct call with a range takes metadata of its partitions."""
    with build_asset_context(partition_key_range=PartitionKeyRange("b", "c")) as context:
        assert shops(context) == 5


@op
def look(context: Any) -> list[str]:
    """Return the partitions of the run."""
    return list(context.partition_keys)


@job(partitions_def=REGIONS)
def visit() -> None:
    """Look at the partitions."""
    look()


def test_a_job_with_partitions() -> None:
    """The ops of a partitioned job read the partitions of the range."""
    assert visit.execute_in_process(tags=tags_of("b", "d")).output_for_node("look") == ["b", "c", "d"]


def test_a_range_in_other_processes(tmp_path: Path) -> None:
    """Steps in other processes read the partitions of the range too."""
    with DagflowInstance.local_temp(str(tmp_path)) as instance:
        result = execute_job(reconstructable(visit), instance=instance, tags=tags_of("b", "c"))
        with result:
            assert result.output_for_node("look") == ["b", "c"]
