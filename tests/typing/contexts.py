"""Code of a user that must type-check: the attributes of contexts, by inference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from typing_extensions import assert_type

from dagflow import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DagflowInstance,
    DagflowLogManager,
    DagflowRun,
    HookContext,
    InitExecutorContext,
    InitResourceContext,
    InputContext,
    JobDefinition,
    OpDefinition,
    OpExecutionContext,
    OutputContext,
    PartitionKeyRange,
    TimeWindow,
)


def of_an_op(context: OpExecutionContext) -> None:
    """Check the run, job, op, instance and log of an op's context."""
    assert_type(context.log, DagflowLogManager)
    assert_type(context.instance, DagflowInstance)
    assert_type(context.run, DagflowRun)
    assert_type(context.dagflow_run, DagflowRun)
    assert_type(context.run_id, str)
    assert_type(context.job_def, JobDefinition)
    assert_type(context.op_def, OpDefinition)
    assert_type(context.retry_number, int)
    assert_type(context.run_tags, Mapping[str, str])
    assert_type(context.partition_key_range, PartitionKeyRange)
    assert_type(context.partition_time_window, TimeWindow)
    assert_type(context.get_tag("team"), str | None)
    context.log.inof("spilt")  # type: ignore[attr-defined]
    context.instance.get_runz()  # type: ignore[attr-defined]


def of_an_asset(context: AssetExecutionContext) -> None:
    """Check the asset of an asset's context, too."""
    assert_type(context.log, DagflowLogManager)
    assert_type(context.assets_def, AssetsDefinition)
    assert_type(context.asset_key, AssetKey)
    assert_type(context.op_execution_context, OpExecutionContext)


def of_others(
    hook: HookContext,
    resource: InitResourceContext,
    executor: InitExecutorContext,
    output: OutputContext,
    loaded: InputContext,
) -> None:
    """Check the log and instance of hook, resource, executor and I/O manager contexts."""
    assert_type(hook.log, DagflowLogManager)
    assert_type(hook.instance, DagflowInstance)
    assert_type(resource.log, DagflowLogManager)
    assert_type(resource.instance, DagflowInstance)
    assert_type(executor.instance, DagflowInstance)
    assert_type(output.log, DagflowLogManager)
    assert_type(output.instance, DagflowInstance)
    assert_type(output.asset_partitions_time_window, TimeWindow)
    assert_type(loaded.log, DagflowLogManager)
    assert_type(loaded.asset_partition_keys, Sequence[str])
