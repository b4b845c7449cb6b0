"""`launch`: the order of the checks before a run, for every function that runs something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dagflow import (
    DagflowInstance,
    StaticPartitionsDefinition,
    asset,
    execute_job,
    in_process_executor,
    job,
    materialize_to_memory,
    op,
    reconstructable,
    static_partitioned_config,
)
from dagflow.errors import (
    CheckError,
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    DagflowUnknownPartitionError,
)
from dagflow.runs.launch import checked_id

asked: list[str] = []


@op(config_schema=str)
def grow(context: Any) -> Any:
    """Return the config and the partition of the run."""
    return context.op_config, context.partition_key


@static_partitioned_config(["north", "south"])
def by_region(partition_key: str) -> Any:
    """Return the config of a partition, and note the call."""
    asked.append(partition_key)
    return {"ops": {"grow": {"config": partition_key}}}


@job(config=by_region, executor_def=in_process_executor)
def garden() -> None:
    """Run one partitioned op."""
    grow()


Launch = Callable[[DagflowInstance, "str | None", Any], Any]


def _in_process(instance: DagflowInstance, partition: str | None, run_config: Any) -> Any:
    return garden.execute_in_process(run_config, instance, partition)


def _by_executor(instance: DagflowInstance, partition: str | None, run_config: Any) -> Any:
    tags = {} if partition is None else {"dagflow/partition": partition}
    return execute_job(reconstructable(garden), instance, run_config, tags)


def _by_tag(instance: DagflowInstance, partition: str | None, run_config: Any) -> Any:
    tags = {} if partition is None else {"dagflow/partition": partition}
    return garden.execute_in_process(run_config, instance, tags=tags)


@pytest.fixture(params=[_in_process, _by_executor, _by_tag], ids=["in process", "by executor", "by tag"])
def run(request: pytest.FixtureRequest) -> Launch:
    """Return a function that runs the job, for each way to run it."""
    chosen: Launch = request.param
    return chosen


@pytest.fixture
def instance() -> Iterator[DagflowInstance]:
    """Return a new instance."""
    asked.clear()
    with DagflowInstance.ephemeral() as made:
        yield made


@pytest.mark.parametrize("given", [None, {"ops": {"grow": {"config": "given"}}}])
def test_an_unknown_partition_reaches_no_user_code(
    run: Launch, instance: DagflowInstance, given: Any
) -> None:
    """The error comes before the call of the user's config function and before the run."""
    with pytest.raises(DagflowUnknownPartitionError, match="'nope'"):
        run(instance, "nope", given)

    assert asked == []
    assert instance.get_runs() == []


def test_the_tag_of_a_partition_selects_it(instance: DagflowInstance) -> None:
    """The partition tag of a run of assets is checked, and is the partition of the context and the events."""

    @asset(partitions_def=StaticPartitionsDefinition(["north", "south"]))
    def harvest(context: Any) -> str:
        return str(context.partition_key)

    tags = {"dagflow/partition": "south"}
    result = materialize_to_memory([harvest], instance=instance, tags=tags)

    assert result.asset_value("harvest") == "south"
    assert result.get_asset_materialization_events()[0].partition == "south"
    with pytest.raises(DagflowUnknownPartitionError, match="'west'"):
        materialize_to_memory([harvest], tags={"dagflow/partition": "west"})


def test_half_a_range_of_partitions_is_refused(instance: DagflowInstance) -> None:
    """The tag of one end of a range raises an error instead of a run without a partition."""
    with pytest.raises(
        DagflowInvariantViolationError, match=r"'dagflow/asset_partition_range_start' names one"
    ):
        garden.execute_in_process(instance=instance, tags={"dagflow/asset_partition_range_start": "north"})

    assert instance.get_runs() == []


def test_the_config_of_a_partition(run: Launch, instance: DagflowInstance) -> None:
    """The config function is called once, and the run stores its result."""
    result = run(instance, "south", None)

    assert asked == ["south"]
    assert result.success
    (stored,) = instance.get_runs()
    assert stored.run_config == {"ops": {"grow": {"config": "south"}}}
    assert stored.tags["dagflow/partition"] == "south"


def test_wrong_config_makes_no_run(run: Launch, instance: DagflowInstance) -> None:
    """The config is checked before the run is created."""
    with pytest.raises(DagflowInvalidConfigError):
        run(instance, None, {"ops": {"grow": {"config": 3}}})

    assert instance.get_runs() == []


def test_wrong_tags_make_no_run(instance: DagflowInstance) -> None:
    """The tags are checked before the run is created."""
    given = {"ops": {"grow": {"config": "given"}}}
    with pytest.raises(DagflowInvalidDefinitionError):
        garden.execute_in_process(given, instance, tags={"t": object()})
    with pytest.raises(DagflowInvalidDefinitionError):
        execute_job(reconstructable(garden), instance, given, {"t": object()})

    assert instance.get_runs() == []


def test_ids_of_runs() -> None:
    """A new id is a UUID; a given id must be one."""
    new = checked_id(None)

    assert checked_id(new) == new
    assert new != checked_id(None)
    with pytest.raises(CheckError, match="must be a UUID"):
        checked_id("nope")
