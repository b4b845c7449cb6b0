"""The recorder of coverage: which items a run or a tick exercises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dagflow import (
    AssetCheckResult,
    AssetIn,
    AssetKey,
    AssetOut,
    AssetSpec,
    Config,
    DagflowInstance,
    DailyPartitionsDefinition,
    DynamicOut,
    DynamicOutput,
    Field,
    In,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    Nothing,
    Out,
    Output,
    RetryPolicy,
    ScheduleDefinition,
    SensorDefinition,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    asset_check,
    build_schedule_context,
    build_sensor_context,
    failure_hook,
    graph,
    graph_asset,
    job,
    materialize,
    materialize_to_memory,
    multi_asset,
    op,
    success_hook,
)
from dagflow.testing import CoverageRecorder, VirtualClock, graph_of, observe_ticks, run_options


class Kitchen:
    """A recorder, and the missed items of the nodes that it knows."""

    def __init__(self, *definitions: Any) -> None:
        self.recorder = CoverageRecorder(graph_of(*definitions))

    def add(self, result: Any) -> Kitchen:
        """Add a run."""
        self.recorder.add_run(result, "test_it")
        return self

    def missed(self, *denominators: str) -> dict[str, list[str]]:
        """Return the missed items of denominators, by name of the node."""
        found: dict[str, list[str]] = {}
        for miss in self.recorder.coverage.misses():
            if miss.denominator in denominators:
                found.setdefault(miss.node.name, []).extend(miss.labels)
        return found

    def percent(self, denominator: str) -> float:
        """Return the covered share of a denominator."""
        return self.recorder.coverage.counts()[denominator].percent


@asset
def water() -> int:
    """Return one."""
    return 1


@asset
def tea(water: int) -> int:
    """Return two."""
    return water + 1


def test_a_run_exercises_nodes_outputs_and_edges() -> None:
    """A run of two assets exercises both nodes, their outputs, and the edge between them."""
    kitchen = Kitchen(water, tea).add(materialize_to_memory([water, tea]))

    assert kitchen.missed("nodes", "outputs", "edges") == {}
    assert kitchen.missed("failures") == {"tea": ["fails"], "water": ["fails"]}
    (node,) = (one for one in kitchen.recorder.coverage.nodes.values() if one.name == "tea")
    assert (node.runs, node.tests) == (1, {"test_it"})


def test_a_stubbed_node_did_not_run() -> None:
    """A given value exercises neither the node that it replaces nor the edge from it."""
    with run_options(given={"water": 3}):
        kitchen = Kitchen(water, tea).add(materialize_to_memory([water, tea]))

    assert kitchen.missed("nodes", "edges") == {"tea": ["from asset water"], "water": ["runs"]}


def test_a_skipped_node_did_not_run() -> None:
    """After a failure the nodes downstream are skipped, and nothing of them counts."""

    @asset
    def broken() -> int:
        raise ValueError

    @asset
    def after(broken: int) -> int:
        return broken

    kitchen = Kitchen(broken, after).add(materialize_to_memory([broken, after], raise_on_error=False))

    assert kitchen.missed("nodes", "edges", "failures") == {"after": ["runs", "from asset broken", "fails"]}
    assert kitchen.missed("outputs")["broken"] == ["result given"]


def test_another_definition_with_the_same_key_is_another_node() -> None:
    """A double of a test, with the key of a node, does not exercise the node."""

    @asset(name="water")
    def double() -> int:
        return 5

    kitchen = Kitchen(water, tea).add(materialize_to_memory([double, tea]))

    assert kitchen.missed("nodes") == {"water": ["runs"]}


def test_a_value_from_storage_passes_an_edge(tmp_path: Any) -> None:
    """An asset that reads its upstream from the storage of an earlier run exercises the edge."""
    kitchen = Kitchen(water, tea)
    with DagflowInstance.ephemeral() as instance:
        materialize([water], instance=instance)
        kitchen.add(materialize([water, tea], selection=[tea], instance=instance))

    assert kitchen.missed("edges") == {}
    assert kitchen.missed("nodes") == {"water": ["runs"]}


def test_edges_that_only_order() -> None:
    """An edge without value counts if both ends ran in one run, or if nothing makes the upstream asset."""

    @asset(deps=[water, AssetSpec("sea")])
    def report() -> None:
        pass

    kitchen = Kitchen(water, report).add(materialize_to_memory([report]))
    assert kitchen.missed("edges") == {"report": ["from asset water"]}

    kitchen.add(materialize_to_memory([water, report]))
    assert kitchen.missed("edges") == {}


def test_branches_and_dynamic_outputs() -> None:
    """An optional output counts given and not given; a dynamic output with values and without."""

    @op(out={"hot": Out(int, is_required=False), "cold": Out(int, is_required=False)})
    def sort(is_hot: bool) -> Iterator[Output[int]]:
        yield Output(1, "hot" if is_hot else "cold")

    @op(out=DynamicOut(int))
    def cups(number: int) -> Iterator[DynamicOutput[int]]:
        for index in range(number):
            yield DynamicOutput(index, mapping_key=str(index))

    @op
    def wash(cup: int) -> int:
        return cup

    @graph
    def bar(is_hot: bool, number: int) -> None:
        sort(is_hot)
        cups(number).map(wash)

    made = bar.to_job()
    kitchen = Kitchen(made)
    kitchen.add(made.execute_in_process(input_values={"is_hot": True, "number": 2}))
    assert kitchen.missed("branches") == {
        "bar:sort": ["hot not given", "cold given"],
        "bar:cups": ["result not given"],
    }
    assert kitchen.missed("nodes", "edges") == {}

    kitchen.add(made.execute_in_process(input_values={"is_hot": False, "number": 0}))
    assert kitchen.missed("branches") == {}


def test_ends_of_retries_and_hooks() -> None:
    """A retry counts by its end, and a hook after it was called."""
    failures: list[int] = []

    @success_hook
    def cheer(context: Any) -> None:
        pass

    @failure_hook
    def alarm(context: Any) -> None:
        pass

    @op(retry_policy=RetryPolicy(max_retries=1))
    def flaky() -> None:
        if failures:
            raise ValueError(failures.pop())

    @job(hooks={cheer, alarm})
    def day() -> None:
        flaky()

    kitchen = Kitchen(day)
    assert kitchen.add(day.execute_in_process()).missed("retries", "hooks") == {
        "day:flaky": ["succeeds after a retry", "fails after the last retry", "alarm"]
    }

    failures[:] = [1]
    kitchen.add(day.execute_in_process())
    assert kitchen.missed("retries") == {"day:flaky": ["fails after the last retry"]}

    failures[:] = [1, 2]
    kitchen.add(day.execute_in_process(raise_on_error=False))
    assert kitchen.missed("retries", "hooks", "failures") == {}


def test_the_policy_of_a_job_and_of_a_graph_node() -> None:
    """The retry policy of a node and the hooks around it count, in a graph too."""

    @success_hook
    def cheer(context: Any) -> None:
        pass

    @op
    def brew() -> int:
        return 1

    @graph
    def machine() -> int:
        return brew.with_retry_policy(RetryPolicy(max_retries=2))()

    @job(op_retry_policy=RetryPolicy(max_retries=1))
    def cafe() -> None:
        machine.with_hooks({cheer})()
        brew.alias("last")()

    kitchen = Kitchen(cafe)

    assert set(kitchen.missed("retries")) == {"cafe:machine.brew", "cafe:last"}
    assert kitchen.missed("hooks") == {"cafe:machine.brew": ["cheer"]}
    assert kitchen.add(cafe.execute_in_process()).missed("hooks", "nodes") == {}


def test_checks_count_passed_and_failed() -> None:
    """Each result of a check is an item, for a check of its own and for one of an asset."""
    results = [True, False]

    @asset_check(asset=water)
    def clean(water: int) -> AssetCheckResult:
        return AssetCheckResult(passed=results.pop())

    kitchen = Kitchen(water, clean).add(materialize_to_memory([water, clean]))
    assert kitchen.missed("checks") == {"water:clean": ["passes"]}

    kitchen.add(materialize_to_memory([water, clean]))
    assert kitchen.missed("checks", "edges") == {}


def test_partitions_of_every_kind() -> None:
    """Static keys count each, time windows as the first and a later one, dimensions each for itself."""
    towns = StaticPartitionsDefinition(["bath", "york"])
    days = DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01")

    @asset(partitions_def=towns)
    def by_town() -> None:
        pass

    @asset(partitions_def=days)
    def by_day() -> None:
        pass

    @asset(partitions_def=MultiPartitionsDefinition({"town": towns, "day": days}))
    def by_both() -> None:
        pass

    kitchen = Kitchen(by_town, by_day, by_both)
    kitchen.add(materialize_to_memory([by_town], partition_key="bath"))
    kitchen.add(materialize_to_memory([by_day], partition_key="2024-01-20"))
    key = MultiPartitionKey({"town": "york", "day": "2024-01-01"})
    kitchen.add(materialize_to_memory([by_both], partition_key=key))

    assert kitchen.missed("partitions") == {
        "by_town": ["york"],
        "by_day": ["the first partition"],
        "by_both": ["day: a later partition", "town: bath"],
    }


def test_partitions_of_a_job() -> None:
    """The partitions of a job of ops are items of the job."""

    @op
    def brew() -> None:
        pass

    @job(partitions_def=StaticPartitionsDefinition(["a", "b"]))
    def cafe() -> None:
        brew()

    kitchen = Kitchen(cafe).add(cafe.execute_in_process(partition_key="b"))

    assert kitchen.missed("partitions") == {"cafe": ["a"]}


def test_config_fields_count_with_another_value_than_the_default() -> None:
    """A default is no test of a field; a value is, at any depth."""

    class Recipe(Config):
        cups: int
        sugar: int = 0

    @op(config_schema={"oven": {"heat": Field(int, default_value=200), "fan": bool}})
    def bake() -> None:
        pass

    @op
    def brew(config: Recipe) -> None:
        pass

    @job
    def cafe() -> None:
        bake()
        brew()

    def config(heat: int, **recipe: int) -> dict[str, Any]:
        oven = {"oven": {"heat": heat, "fan": True}}
        return {"ops": {"bake": {"config": oven}, "brew": {"config": recipe}}}

    kitchen = Kitchen(cafe).add(cafe.execute_in_process(config(200, cups=1)))
    assert kitchen.missed("config") == {"cafe:bake": ["oven.heat"], "cafe:brew": ["sugar"]}

    kitchen.add(cafe.execute_in_process(config(180, cups=1, sugar=2)))
    assert kitchen.missed("config") == {}


def test_the_assets_of_one_op_share_its_step() -> None:
    """Each asset has its own output, and only the first has the failure of the step."""

    @multi_asset(outs={"cup": AssetOut(), "plate": AssetOut(is_required=False)})
    def table() -> Iterator[Output[int]]:
        yield Output(1, "cup")

    kitchen = Kitchen(table).add(materialize_to_memory([table]))

    assert kitchen.missed("branches", "failures") == {"cup": ["fails"], "plate": ["plate given"]}


def test_an_asset_of_a_graph_and_the_ops_inside() -> None:
    """The asset ran if the op that gives its output ran; the ops are nodes too."""

    @op
    def boil() -> int:
        return 1

    @op
    def pour(number: int) -> int:
        return number

    @graph_asset
    def soup() -> int:
        return pour(boil())

    kitchen = Kitchen(soup).add(materialize_to_memory([soup]))

    assert kitchen.missed("nodes", "outputs", "edges") == {}
    assert kitchen.recorder.coverage.counts()["nodes"].total == 3


def test_an_op_in_the_job_of_a_test_is_the_same_op() -> None:
    """A job that a test makes exercises the node of the same function, but not its edges."""

    @op
    def beans() -> int:
        return 1

    @op(ins={"wait": In(Nothing)})
    def brew() -> None:
        pass

    @job
    def cafe() -> None:
        brew(wait=beans())

    @job
    def alone() -> None:
        brew.alias("trial")()

    kitchen = Kitchen(cafe).add(alone.execute_in_process())

    assert kitchen.missed("nodes", "edges") == {"cafe:beans": ["runs"], "cafe:brew": ["from op beans"]}
    assert kitchen.add(cafe.execute_in_process()).missed("nodes", "edges") == {}


def test_ticks_of_schedules_and_sensors() -> None:
    """An evaluated tick counts, also one whose function raises."""

    def look(context: Any) -> None:
        raise ValueError("dark")

    @op
    def brew() -> None:
        pass

    @job
    def cafe() -> None:
        brew()

    daily = ScheduleDefinition("daily", cron_schedule="@daily", job=cafe)
    eye = SensorDefinition("eye", evaluation_fn=look, job=cafe)
    kitchen = Kitchen(daily, eye)
    assert kitchen.missed("schedules", "sensors") == {"daily": ["tick"], "eye": ["tick"]}

    with observe_ticks(kitchen.recorder.add_tick):
        daily.evaluate_tick(build_schedule_context())
        with pytest.raises(ValueError, match="dark"):
            eye.evaluate_tick(build_sensor_context())

    assert kitchen.missed("schedules", "sensors") == {}


def test_an_external_asset_is_no_node() -> None:
    """An asset that is only read has no items; the edge from it counts after a load."""
    sea = SourceAsset("sea")

    @asset(ins={"sea": AssetIn(key=AssetKey("sea"))})
    def salt(sea: int) -> int:
        return sea

    with run_options(given={"sea": 1}):
        kitchen = Kitchen(sea, salt).add(materialize_to_memory([salt, sea]))

    assert kitchen.recorder.coverage.counts()["nodes"] == (1, 1)
    assert kitchen.missed("edges") == {"salt": ["from asset sea"]}


def test_a_comment_leaves_a_definition_out() -> None:
    """A definition with the comment in its header has no items; a comment in the body is no header."""

    @asset
    def left_out() -> int:  # dag: no cover
        return 1

    @asset
    def counted() -> str:
        # dag: no cover
        return "# dag: no cover"

    kitchen = Kitchen(left_out, counted)

    assert [node.name for node in kitchen.recorder.coverage.nodes.values()] == ["counted"]
    assert list(kitchen.recorder.coverage.excluded.values()) == ["asset left_out"]


def test_the_line_of_a_definition_is_that_of_its_def() -> None:
    """The place of a node is its `def`, behind its decorators."""
    (node,) = Kitchen(tea).recorder.coverage.nodes.values()

    with open(node.file, encoding="utf-8") as file:
        assert file.readlines()[node.line - 1].startswith("def tea(")


def test_retries_wait_in_no_time() -> None:
    """The recorder works with the clock of a test."""

    @op(retry_policy=RetryPolicy(max_retries=1, delay=60))
    def flaky(context: Any) -> None:
        if not context.retry_number:
            raise ValueError

    @job
    def day() -> None:
        flaky()

    with run_options(clock=VirtualClock()):
        kitchen = Kitchen(day).add(day.execute_in_process())

    assert kitchen.missed("retries") == {"day:flaky": ["fails after the last retry"]}
