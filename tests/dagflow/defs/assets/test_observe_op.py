"""Tests of the op of an observable SourceAsset: what its function may return, and the observations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dagflow import (
    AssetCheckResult,
    AssetKey,
    AssetObservation,
    Config,
    ConfigurableResource,
    DataVersion,
    DataVersionsByPartition,
    ExecuteInProcessResult,
    Failure,
    MaterializeResult,
    ObserveResult,
    OpExecutionContext,
    Output,
    RetryRequested,
    SourceAsset,
    StaticPartitionsDefinition,
    observe,
)
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvalidObservationError,
    DagflowInvariantViolationError,
)

PARTS = StaticPartitionsDefinition(["a", "b"])
VERSION = "dagflow/data_version"


def river(observe_fn: Callable[..., Any], **options: Any) -> SourceAsset:
    """Return an observable source asset."""
    return SourceAsset("river", observe_fn=observe_fn, **options)


def observations(result: ExecuteInProcessResult) -> list[AssetObservation]:
    """Return the observations of a run."""
    return [event.asset_observation for event in result.get_asset_observation_events()]


def test_a_data_version_becomes_an_observation() -> None:
    """The observation precedes the output, which has no value and no HANDLED_OUTPUT."""
    result = observe([river(lambda: DataVersion("7"))])

    events = [event.event_type_value for event in result.all_events if event.step_key == "river"]
    assert events[-4:] == ["STEP_START", "ASSET_OBSERVATION", "STEP_OUTPUT", "STEP_SUCCESS"]
    assert observations(result) == [AssetObservation("river", tags={VERSION: "7"})]
    assert result.output_for_node("river") is None


def test_an_observe_result_has_metadata_and_tags() -> None:
    """An ObserveResult gives metadata and tags; without a data version there is no such tag."""
    given = ObserveResult(metadata={"level": 3}, data_version=DataVersion("7"), tags={"by": "hand"})

    (full,) = observations(observe([river(lambda: given)]))
    (empty,) = observations(observe([river(lambda: ObserveResult("river"))]))

    assert full.tags == {VERSION: "7", "by": "hand"}
    assert full.metadata["level"].value == 3
    assert (empty.tags, empty.metadata) == ({}, {})


@pytest.mark.parametrize("partition_key", [None, "a"])
def test_each_partition_gets_an_observation(partition_key: str | None) -> None:
    """DataVersionsByPartition becomes one observation for each partition, whatever the run's partition."""
    source = river(lambda: DataVersionsByPartition({"a": "1", "b": "2"}), partitions_def=PARTS)

    found = observations(observe([source], partition_key=partition_key))

    assert [(one.partition, one.tags) for one in found] == [("a", {VERSION: "1"}), ("b", {VERSION: "2"})]


@pytest.mark.parametrize(
    ("value", "partitions_def", "says"),
    [
        (1, None, "returned 1 of type 'int'"),
        (None, None, "returned None of type 'NoneType'"),
        ((DataVersion("1"),), None, "of type 'tuple'"),
        (Output(DataVersion("1")), None, "of type 'Output'"),
        (MaterializeResult(), None, "of type 'MaterializeResult'"),
        (AssetObservation("river"), None, "of type 'AssetObservation'"),
        (DataVersionsByPartition({"a": "1"}), None, "is not partitioned"),
        (DataVersion("1"), PARTS, "is partitioned"),
        (ObserveResult(), PARTS, "is partitioned"),
        (1, PARTS, "Return DataVersionsByPartition"),
    ],
)
def test_another_result_is_invalid(value: Any, partitions_def: Any, says: str) -> None:
    """The error names the asset, the function's place and the result."""
    with pytest.raises(DagflowInvalidObservationError, match=says) as caught:
        observe([river(lambda: value, partitions_def=partitions_def)])

    assert "source asset 'river'" in str(caught.value)
    assert "test_observe_op.py" in str(caught.value)


def test_a_generator_is_invalid() -> None:
    """The function must return and not yield."""

    def looks() -> Iterator[Any]:
        yield DataVersion("1")

    async def looks_later() -> Any:
        yield DataVersion("1")

    for fn in (looks, looks_later):
        with pytest.raises(DagflowInvalidObservationError, match="must not yield"):
            observe([river(fn)])


def test_an_async_function_is_awaited() -> None:
    """An async function may observe."""

    async def looks() -> DataVersion:
        return DataVersion("7")

    assert observations(observe([river(looks)]))[0].data_version == "7"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (ObserveResult("lake"), "of asset 'lake'"),
        (ObserveResult(check_results=[AssetCheckResult(passed=True, check_name="c")]), "would be lost"),
    ],
)
def test_a_result_about_something_else(value: ObserveResult, says: str) -> None:
    """A foreign key, or the results of checks that are not declared, are refused."""
    with pytest.raises(DagflowInvariantViolationError, match=says):
        observe([river(lambda: value)])


class Gauge(ConfigurableResource):
    """A resource."""

    level: str


class Depth(Config):
    """A config."""

    metres: int = 2


def test_the_function_gets_context_config_and_resources() -> None:
    """The parameters of an observing function are those of an op without inputs."""

    def looks(context: OpExecutionContext, config: Depth, gauge: Gauge) -> DataVersion:
        assert context.asset_key == AssetKey("river")
        assert context.op_def.tags == {"by": "hand"}
        return DataVersion(f"{gauge.level}:{config.metres}")

    result = observe(
        [river(looks, op_tags={"by": "hand"})],
        run_config={"ops": {"river": {"config": {"metres": 3}}}},
        resources={"gauge": Gauge(level="low")},
    )

    assert observations(result)[0].data_version == "low:3"


def test_the_function_reads_the_resources_of_its_asset() -> None:
    """The context has the resources that come with the asset."""
    source = river(lambda context: DataVersion(context.resources.gauge), resource_defs={"gauge": "low"})

    assert observations(observe([source]))[0].data_version == "low"


def test_a_parameter_that_nothing_gives() -> None:
    """A parameter that would read an asset is refused at the definition."""
    with pytest.raises(DagflowInvalidDefinitionError, match="its parameter 'lake'"):
        river(lambda lake: DataVersion(lake))


def test_the_name_of_the_op_must_be_valid() -> None:
    """A key with a slash in a part has no op name."""
    with pytest.raises(DagflowInvalidDefinitionError, match="k/q"):
        SourceAsset("k/q", observe_fn=lambda: DataVersion("1"))


def test_failures_and_retries() -> None:
    """An observing function fails and is tried again like the function of an op."""
    attempts = []

    def tries() -> DataVersion:
        attempts.append(1)
        if len(attempts) == 1:
            raise RetryRequested(max_retries=1)
        return DataVersion("1")

    def fails() -> DataVersion:
        raise Failure("dry")

    def breaks() -> DataVersion:
        raise ValueError("broken")

    assert len(observations(observe([river(tries)]))) == 1
    with pytest.raises(Failure, match="dry"):
        observe([river(fails)])
    failed = observe([river(breaks)], raise_on_error=False)
    error = failed.failure_data_for_node("river")
    assert error is not None
    assert error.error is not None
    assert error.error.cls_name == "DagflowExecutionStepExecutionError"
