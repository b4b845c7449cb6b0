"""Code of a user that must type-check: the results of decorators and runs."""

from __future__ import annotations

from typing import Any

from typing_extensions import assert_type

from dagflow import (
    AssetDep,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSelection,
    AssetSpec,
    DagflowEvent,
    DagflowInstance,
    DailyPartitionsDefinition,
    DataVersion,
    ExecuteInProcessResult,
    GraphDefinition,
    In,
    JobDefinition,
    ObserveResult,
    OpDefinition,
    OpExecutionContext,
    Out,
    ResourceDefinition,
    RetryPolicy,
    SourceAsset,
    asset,
    build_asset_context,
    build_op_context,
    graph,
    job,
    materialize,
    materialize_to_memory,
    multi_observable_source_asset,
    observable_source_asset,
    observe,
    op,
    resource,
)


@op
def bare(context: OpExecutionContext) -> int:
    """Return the input: an op whose decorator has no arguments."""
    assert_type(context.run_id, str)
    return 1


@op(
    name="with_arguments",
    ins={"n": In(int)},
    out={"result": Out(int)},
    config_schema={"by": int},
    required_resource_keys={"pump"},
    retry_policy=RetryPolicy(max_retries=2),
)
def with_arguments(context: OpExecutionContext, n: int) -> int:
    """Return the input: an op whose decorator has arguments."""
    return n * int(context.op_config["by"])


@graph
def inner() -> Any:
    """Build a graph."""
    return with_arguments(bare())


@job(resource_defs={"pump": ResourceDefinition.hardcoded_resource(3)}, tags={"team": "kitchen"})
def outer() -> None:
    """Build a job."""
    inner()


@resource(config_schema={"size": int})
def pump(context: Any) -> int:
    """Create a resource."""
    return int(context.resource_config["size"])


@asset
def water() -> int:
    """Make an asset whose decorator has no arguments."""
    return 1


@asset(key_prefix=["kitchen"], deps=[water], partitions_def=DailyPartitionsDefinition("2024-01-01"))
def tea(context: AssetExecutionContext) -> str:
    """Make an asset whose decorator has arguments."""
    return context.partition_key


assert_type(bare, OpDefinition)
assert_type(with_arguments, OpDefinition)
assert_type(inner, GraphDefinition)
assert_type(outer, JobDefinition)
assert_type(inner.to_job(), JobDefinition)
assert_type(pump, ResourceDefinition)
assert_type(water, AssetsDefinition)
assert_type(tea, AssetsDefinition)


@observable_source_asset
def river() -> DataVersion:
    """Observe an asset."""
    return DataVersion("1")


@observable_source_asset(group_name="water")
def lake() -> DataVersion:
    """Observe an asset, with arguments."""
    return DataVersion("1")


@multi_observable_source_asset(specs=[AssetSpec("well")])
def wells() -> ObserveResult:
    """Observe several assets."""
    return ObserveResult()


assert_type(river, SourceAsset)
assert_type(lake, SourceAsset)
assert_type(wells, AssetsDefinition)
assert_type(observe([river, wells]), ExecuteInProcessResult)
assert_type(tea.key, AssetKey)


def run() -> None:
    """Check the types of the results of runs."""
    with DagflowInstance.ephemeral() as instance:
        assert_type(outer.execute_in_process(instance=instance), ExecuteInProcessResult)
    result = materialize_to_memory([water, tea], partition_key="2024-01-01", raise_on_error=False)
    assert_type(result, ExecuteInProcessResult)
    assert_type(result.success, bool)
    assert_type(result.run_id, str)
    assert_type(materialize([water]), ExecuteInProcessResult)
    for event in result.all_events:
        assert_type(event, DagflowEvent)
        assert_type(event.step_key, str | None)
    op_context = build_op_context(config={"by": 2}, resources={"pump": 1})
    asset_context = build_asset_context(partition_key="2024-01-01")
    assert_type(op_context.run_id, str)
    assert_type(asset_context.partition_key, str)


def dependencies() -> None:
    """Assets are named by keys and definitions, and by nothing else."""
    AssetSpec(
        "cups", deps=["water", AssetKey("beans"), ["raw", "milk"], water, AssetSpec("sugar"), AssetDep(tea)]
    )
    AssetSpec("cups", deps=[3])  # type: ignore[list-item]
    AssetDep(3)  # type: ignore[arg-type]
    AssetSelection.assets("water", AssetKey("beans"), tea)
    AssetSelection.assets(3)  # type: ignore[arg-type]
