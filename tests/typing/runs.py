"""Code of a user that must type-check: runs of jobs and graphs, reading of instances and contexts.

The lines that ignore an error misspell a name: a type checker reports an ignored error that does not occur.
"""

from __future__ import annotations

import logging
from typing import Any

from typing_extensions import assert_type

import dagflow
from dagflow import (
    AssetExecutionContext,
    AssetKey,
    AssetSpec,
    ConfigurableResource,
    DagflowEvent,
    DagflowInstance,
    DagflowLogManager,
    DagflowRun,
    DagflowTypeLoaderContext,
    DailyPartitionsDefinition,
    Definitions,
    EventLogEntry,
    ExecuteInProcessResult,
    HookContext,
    InitExecutorContext,
    InitLoggerContext,
    InitResourceContext,
    InputContext,
    InputManagerDefinition,
    IOManagerDefinition,
    JobDefinition,
    JobExecutionResult,
    LoggerDefinition,
    NodeHandle,
    OpExecutionContext,
    OutputContext,
    PartitionsDefinition,
    RepositoryDefinition,
    ResourceDefinition,
    RunConfig,
    RunRecord,
    RunRequest,
    RunsFilter,
    TimeWindow,
    TypeCheckContext,
    asset,
    build_asset_context,
    build_init_resource_context,
    build_input_context,
    build_op_context,
    build_output_context,
    build_resources,
    define_asset_job,
    deserialize_value,
    execute_job,
    graph,
    in_process_executor,
    input_manager,
    io_manager,
    job,
    logger,
    op,
    reconstructable,
    repository,
    resource,
    validate_run_config,
)
from dagflow.testing import EventList, canonical_events, instance_for_test, interleavings


@op
def beans() -> int:
    return 1


@graph
def kitchen() -> Any:
    return beans()


@job
def cafe() -> None:
    beans()


@asset
def water() -> int:
    return 1


def run() -> None:
    """Check the types of the result of a run in this process."""
    result = cafe.execute_in_process()
    assert_type(result, ExecuteInProcessResult)
    assert_type(result.get_job_success_event(), DagflowEvent)
    assert_type(result.job_def, JobDefinition)
    assert_type(result.dagflow_run, DagflowRun)
    assert_type(result.events_for_node("beans"), EventList)
    assert_type(kitchen.execute_in_process(), ExecuteInProcessResult)
    assert_type(kitchen.to_job(name="shop").execute_in_process(), ExecuteInProcessResult)
    assert_type(kitchen.alias("second").to_job(), JobDefinition)
    assert_type(kitchen.alias("second").execute_in_process(), ExecuteInProcessResult)
    assert_type(cafe.get_subset(op_selection=["beans"]), JobDefinition)
    assert_type(cafe.with_top_level_resources({}), JobDefinition)
    assert_type(cafe.run_request_for_partition("2024-01-01"), RunRequest)
    assert_type(define_asset_job("jam", [water]).resolve(asset_graph=[water]), JobDefinition)
    _ = result.sucess  # type: ignore[attr-defined]
    result.output_for_nod("beans")  # type: ignore[attr-defined]
    cafe.execute_in_proces()  # type: ignore[attr-defined]
    cafe.execute_in_process(partition="2024-01-01")  # type: ignore[call-arg]
    cafe.execute_in_process(run_config=RunConfig(ops={"beans": {}}))
    cafe.execute_in_process(run_config="beans.yaml")  # type: ignore[arg-type]
    cafe.execute_in_process(instance="ephemeral")  # type: ignore[arg-type]
    _ = kitchen.execute_in_process().sucess  # type: ignore[attr-defined]
    kitchen.to_job().execute_in_proces()  # type: ignore[attr-defined]
    _ = kitchen.alias("second").to_job().nam  # type: ignore[attr-defined]
    dagflow.materialise([water])  # type: ignore[attr-defined]


def remember() -> None:
    """Check the types of the returned values of an instance."""
    with instance_for_test() as instance:
        assert_type(instance, DagflowInstance)
    created = instance.create_run_for_job(cafe)
    assert_type(created, DagflowRun)
    assert_type(instance.get_runs(RunsFilter()), list[DagflowRun])
    assert_type(instance.get_run_records(), list[RunRecord])
    assert_type(instance.get_run_by_id(created.run_id), DagflowRun | None)
    assert_type(instance.all_logs(created.run_id), list[EventLogEntry])
    assert_type(instance.get_latest_materialization_event(AssetKey("water")), EventLogEntry | None)
    ran = execute_job(reconstructable(lambda: cafe), instance)
    assert_type(ran, JobExecutionResult)
    _ = ran.sucess  # type: ignore[attr-defined]
    _ = created.runid  # type: ignore[attr-defined]
    instance.get_run(created.run_id)  # type: ignore[attr-defined]


def read_op(context: OpExecutionContext) -> None:
    """Check the types of the attributes of an op's context."""
    assert_type(context.log, DagflowLogManager)
    assert_type(context.instance, DagflowInstance)
    assert_type(context.run, DagflowRun)
    assert_type(context.job_def, JobDefinition)
    assert_type(context.op_handle, NodeHandle)
    assert_type(context.op_config, Any)
    assert_type(context.resources.pump, Any)
    context.log.infos("misspelt")  # type: ignore[attr-defined]
    context.instance.get_run("id")  # type: ignore[attr-defined]
    _ = context.ressources  # type: ignore[attr-defined]


def read_asset(context: AssetExecutionContext) -> None:
    """Check the types of the attributes of an asset's context."""
    assert_type(context.log, DagflowLogManager)
    assert_type(context.asset_key, AssetKey)
    assert_type(context.partition_time_window, TimeWindow)
    context.log.warnings("misspelt")  # type: ignore[attr-defined]
    _ = context.assetkey  # type: ignore[attr-defined]


def read_others(
    given: InitResourceContext,
    hook: HookContext,
    loaded: InputContext,
    stored: OutputContext,
    checked: TypeCheckContext,
    configured: DagflowTypeLoaderContext,
    started: InitExecutorContext,
    logging_context: InitLoggerContext,
) -> None:
    """Check the types of the attributes of other contexts."""
    assert_type(given.log, DagflowLogManager)
    assert_type(given.instance, DagflowInstance)
    assert_type(hook.instance, DagflowInstance)
    assert_type(hook.log, DagflowLogManager)
    assert_type(loaded.log, DagflowLogManager)
    assert_type(loaded.instance, DagflowInstance)
    assert_type(loaded.step_context, OpExecutionContext)
    assert_type(loaded.upstream_output, OutputContext | None)
    assert_type(loaded.asset_partitions_time_window, TimeWindow)
    assert_type(stored.asset_partitions_def, PartitionsDefinition)
    assert_type(checked.log, logging.Logger)
    assert_type(configured.log, DagflowLogManager)
    assert_type(started.instance, DagflowInstance)
    assert_type(logging_context.logger_def, LoggerDefinition)
    given.log.infos("misspelt")  # type: ignore[attr-defined]
    hook.instance.get_run("id")  # type: ignore[attr-defined]
    _ = stored.asset_partition  # type: ignore[attr-defined]
    configured.log.infos("misspelt")  # type: ignore[attr-defined]


class Kettle(ConfigurableResource[Any]):
    def boil(self) -> None:
        assert_type(self.get_resource_context(), InitResourceContext)
        _ = self.get_resource_context().run_ident  # type: ignore[attr-defined]


@resource
def pump(context: InitResourceContext) -> int:
    return 3


@io_manager(config_schema={"room": str})
def shelf(context: InitResourceContext) -> Any: ...


@input_manager
def door(context: InputContext) -> int:
    return 3


@logger
def quiet(context: InitLoggerContext) -> logging.Logger:
    return logging.Logger("quiet")


@repository
def shop() -> list[Any]:
    return [cafe]


def definitions() -> None:
    """Check the types of the returned values of decorators and builders."""
    assert_type(pump, ResourceDefinition)
    assert_type(shelf, IOManagerDefinition)
    assert_type(door, InputManagerDefinition)
    assert_type(quiet, LoggerDefinition)
    assert_type(shop, RepositoryDefinition)
    assert_type(Definitions(assets=[water]).get_job_def("jam"), JobDefinition)
    assert_type(pump.configured({}), ResourceDefinition)
    assert_type(in_process_executor.name, str)
    read_op(build_op_context())
    read_asset(build_asset_context())
    assert_type(build_op_context().log, DagflowLogManager)
    assert_type(build_asset_context().instance, DagflowInstance)
    assert_type(build_init_resource_context().log, DagflowLogManager)
    assert_type(build_input_context().log, DagflowLogManager)
    assert_type(build_output_context().log, DagflowLogManager)
    with build_resources({"pump": pump}) as resources:
        assert_type(resources.pump, Any)
    assert_type(validate_run_config(cafe), dict[str, Any])
    assert_type(deserialize_value("{}", AssetKey), AssetKey)
    assert_type(water.specs, list[AssetSpec])
    days = DailyPartitionsDefinition("2024-01-01")
    assert_type(days.time_window_for_partition_key("2024-01-01"), TimeWindow)
    build_op_context().log.infos("misspelt")  # type: ignore[attr-defined]
    pump.configure({})  # type: ignore[attr-defined]


def orders() -> None:
    """Check the types of the results of interleavings, and of the two forms of canonical events."""
    for order, result in interleavings(cafe):
        assert_type(order, tuple[str, ...])
        assert_type(result, ExecuteInProcessResult)
        assert_type(canonical_events(result), list[dict[str, object]])
        assert_type(canonical_events(result, "lines"), list[str])
    for _, success in interleavings(lambda: cafe.execute_in_process().success, mode="pct", seed=1):
        assert_type(success, bool)
    interleavings(1)  # type: ignore[call-overload]
