"""Nothing is dropped in silence: each argument of a public constructor or function that cannot mean anything
is refused, with an error of dagflow.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

import dagflow
from dagflow import errors

ERRORS = tuple(
    value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)
)


class Strange:
    """An object that is no argument of any function."""


STRANGE = Strange()


@dagflow.op
def one():
    return 1


@dagflow.graph
def a_graph():
    return one()


@dagflow.job
def a_job():
    one()


@dagflow.job(partitions_def=dagflow.StaticPartitionsDefinition(["a", "b"]))
def partitioned_job():
    one()


@dagflow.asset
def an_asset():
    return 1


def function(context):
    return None


KEY = dagflow.AssetKey("a")
STATIC = dagflow.StaticPartitionsDefinition(["a", "b"])
DAY, HOUR = {"start_date": "2024-01-01"}, {"start_date": "2024-01-01-00:00"}

# the smallest valid arguments
CALLS: dict[str, dict[str, Any]] = {
    "AddDynamicPartitionsRequest": {"partitions_def_name": "d", "partition_keys": ["a"]},
    "AllPartitionMapping": {},
    "Array": {"inner_type": int},
    "AssetCheckEvaluation": {"asset_key": KEY, "check_name": "c", "passed": True},
    "AssetCheckResult": {"passed": True},
    "AssetCheckSpec": {"name": "c", "asset": "a"},
    "AssetDep": {"asset": "a"},
    "AssetIn": {},
    "AssetKey": {"path": "a"},
    "AssetMaterialization": {"asset_key": "a"},
    "AssetObservation": {"asset_key": "a"},
    "AssetRecordsFilter": {"asset_key": KEY},
    "AssetOut": {},
    "AssetSensorDefinition": {
        "name": "s",
        "asset_key": KEY,
        "job_name": None,
        "asset_materialization_fn": function,
    },
    "AssetSpec": {"key": "a"},
    "AssetsDefinition": {"node_def": one, "keys_by_output_name": {"result": KEY}},
    "AutoMaterializeAssetPartitionsFilter": {"latest_run_required_tags": None},
    "AutoMaterializePolicy": {"rules": {dagflow.AutoMaterializeRule.materialize_on_missing()}},
    "AutoMaterializeRule": {"kind": "materialize_on_missing", "arguments": {}},
    "BackfillPolicy": {},
    "BoolMetadataValue": {"value": True},
    "CodeReferencesMetadataValue": {"code_references": []},
    "ConfigMapping": {"config_fn": lambda config: {}},
    "DagflowAssetMetadataValue": {"asset_key": KEY},
    "DagflowJobMetadataValue": {"job_name": "j", "location_name": "l"},
    "DagflowRun": {"job_name": "j"},
    "DagflowRunMetadataValue": {"run_id": "x"},
    "DagflowType": {"type_check_fn": lambda context, value: True, "name": "T"},
    "DailyPartitionsDefinition": DAY,
    "DaskExecutor": {},
    "DataProvenance": {
        "code_version": "1",
        "input_data_versions": {},
        "input_storage_ids": {},
        "is_user_provided": False,
    },
    "DataVersion": {"value": "x"},
    "DataVersionsByPartition": {"data_versions_by_partition": {}},
    "Definitions": {},
    "DeleteDynamicPartitionsRequest": {"partitions_def_name": "d", "partition_keys": ["a"]},
    "DependencyDefinition": {"node": "n"},
    "DynamicOut": {},
    "DynamicOutput": {"value": 1, "mapping_key": "k"},
    "DynamicPartitionsDefinition": {"name": "d"},
    "Enum": {"name": "E", "enum_values": [dagflow.EnumValue("a")]},
    "EnumValue": {"config_value": "a"},
    "EventRecordsFilter": {"event_type": dagflow.DagflowEventType.RUN_START},
    "ExecutorDefinition": {"name": "e"},
    "ExpectationResult": {"success": True},
    "Failure": {},
    "Field": {"config": int},
    "FloatMetadataValue": {"value": 1.0},
    "GraphDefinition": {"name": "g", "node_defs": [one]},
    "HookDefinition": {"name": "h", "hook_fn": lambda context, events: dagflow.HookExecutionResult("h")},
    "HourlyPartitionsDefinition": HOUR,
    "In": {},
    "InProcessExecutor": {},
    "IntMetadataValue": {"value": 1},
    "JobDefinition": {"graph_def": a_graph},
    "JsonMetadataValue": {"data": {}},
    "LegacyFreshnessPolicy": {"maximum_lag_minutes": 3},
    "LocalFileCodeReference": {"file_path": "x"},
    "LoggerDefinition": {"logger_fn": lambda context: None},
    "Map": {"key_type": str, "inner_type": int},
    "MarkdownMetadataValue": {},
    "MaterializeResult": {},
    "MonthlyPartitionsDefinition": DAY,
    "MultiAssetSensorDefinition": {
        "name": "s",
        "monitored_assets": [KEY],
        "job_name": None,
        "asset_materialization_fn": function,
    },
    "MultiPartitionKey": {"keys_by_dimension": {"a": "b"}},
    "MultiPartitionsDefinition": {"partitions_defs": {"x": STATIC, "y": STATIC}},
    "MultiprocessExecutor": {},
    "NodeInvocation": {"name": "n"},
    "Noneable": {"inner_type": int},
    "NotebookMetadataValue": {"path": "x"},
    "ObserveResult": {},
    "OpDefinition": {"compute_fn": one.compute_fn, "name": "o"},
    "Out": {},
    "Output": {"value": 1},
    "PathMetadataValue": {"path": "x"},
    "PoolMetadataValue": {"pool": "x"},
    "PythonArtifactMetadataValue": {"module": "m", "name": "n"},
    "PythonObjectDagflowType": {"python_type": int},
    "ReexecutionOptions": {"parent_run_id": "x"},
    "RepositoryDefinition": {"name": "r", "jobs": {}},
    "ResourceDefinition": {"resource_fn": function},
    "RetryPolicy": {},
    "RetryRequested": {},
    "RunConfig": {},
    "RunRequest": {},
    "RunStatusSensorDefinition": {
        "name": "s",
        "run_status": dagflow.DagflowRunStatus.SUCCESS,
        "run_status_sensor_fn": function,
    },
    "RunsFilter": {},
    "ScalarUnion": {"scalar_type": int, "non_scalar_schema": {"x": int}},
    "ScheduleDefinition": {"name": "s", "cron_schedule": "@daily", "job": a_job},
    "ScheduleEvaluationContext": {"instance_ref": None, "scheduled_execution_time": None},
    "Selector": {"fields": {"x": int}},
    "SensorDefinition": {"name": "s", "evaluation_fn": function},
    "SensorEvaluationContext": {"instance_ref": None},
    "SensorResult": {},
    "Shape": {"fields": {"x": int}},
    "SkipReason": {},
    "SourceAsset": {"key": "a"},
    "SpecificPartitionsPartitionMapping": {"partition_keys": ["a"]},
    "StaticPartitionMapping": {"downstream_partition_keys_by_upstream_partition_key": {"a": "b"}},
    "StaticPartitionsDefinition": {"partition_keys": ["a"]},
    "TableColumn": {"name": "x"},
    "TableColumnConstraints": {},
    "TableColumnDep": {"asset_key": "a", "column_name": "b"},
    "TableColumnLineage": {"deps_by_column": {}},
    "TableConstraints": {"other": []},
    "TableMetadataValue": {"records": [dagflow.TableRecord({"x": 1})]},
    "TableRecord": {"data": {}},
    "TableSchema": {"columns": []},
    "TextMetadataValue": {},
    "TimeWindowPartitionMapping": {},
    "TimeWindowPartitionsDefinition": {
        "start": "2024-01-01",
        "fmt": "%Y-%m-%d",
        "cron_schedule": "0 0 * * *",
    },
    "TimestampMetadataValue": {"value": 1.0},
    "TypeCheck": {"success": True},
    "UrlCodeReference": {"url": "x"},
    "UrlMetadataValue": {},
    "WeeklyPartitionsDefinition": DAY,
    "apply_freshness_policy": {
        "spec": dagflow.AssetSpec("a"),
        "policy": dagflow.FreshnessPolicy.time_window(timedelta(hours=1)),
    },
    "build_asset_check_context": {},
    "build_asset_context": {},
    "build_column_schema_change_checks": {"assets": ["a"]},
    "build_hook_context": {},
    "build_init_logger_context": {},
    "build_init_resource_context": {},
    "build_input_context": {},
    "build_last_update_freshness_checks": {"assets": ["a"], "lower_bound_delta": timedelta(1)},
    "build_metadata_bounds_checks": {"assets": ["a"], "metadata_key": "k", "min_value": 1},
    "build_multi_asset_sensor_context": {
        "monitored_assets": [KEY],
        "definitions": dagflow.Definitions(),
    },
    "build_op_context": {},
    "build_output_context": {},
    "build_resources": {"resources": {}},
    "build_schedule_context": {},
    "build_schedule_from_partitioned_job": {"job": partitioned_job, "cron_schedule": "@daily"},
    "build_sensor_context": {},
    "build_sensor_for_freshness_checks": {"freshness_checks": []},
    "build_time_partition_freshness_checks": {"assets": ["a"], "deadline_cron": "0 0 * * *"},
    "create_repository_using_definitions_args": {"name": "r"},
    "config_from_files": {"config_files": []},
    "config_from_pkg_resources": {"pkg_resource_defs": []},
    "config_from_yaml_strings": {"yaml_strings": []},
    "define_asset_job": {"name": "j"},
    "instance_for_test": {},
    "load_asset_checks_from_modules": {"modules": []},
    "load_assets_from_modules": {"modules": []},
    "load_definitions_from_modules": {"modules": []},
    "materialize": {"assets": [an_asset]},
    "materialize_to_memory": {"assets": [an_asset]},
    "validate_run_config": {"job_def": a_job},
    "with_resources": {"definitions": [an_asset], "resource_defs": {}},
}


def of_window(start, end):
    return {}


def of_key(key):
    return {}


def load(context, config):
    return config


def on_events(context, event_list):
    return dagflow.HookExecutionResult("h")


def compose():
    return one()


def compose_job():
    one()


def nothing():
    return []


# decorators: the arguments, and the function that is decorated
DECORATORS: dict[str, tuple[dict[str, Any], Any]] = {
    "asset": ({}, nothing),
    "asset_check": ({"asset": "a"}, nothing),
    "asset_sensor": ({"asset_key": KEY}, function),
    "config_mapping": ({}, of_key),
    "daily_partitioned_config": (DAY, of_window),
    "dagflow_type_loader": ({"config_schema": int}, load),
    "dynamic_partitioned_config": ({"partition_fn": lambda now: ["a"]}, of_key),
    "event_list_hook": ({}, on_events),
    "executor": ({"name": "e"}, function),
    "failure_hook": ({"name": "h"}, function),
    "graph": ({}, compose),
    "graph_asset": ({}, compose),
    "graph_multi_asset": ({"outs": {"result": dagflow.AssetOut()}}, compose),
    "hourly_partitioned_config": (HOUR, of_window),
    "input_manager": ({}, function),
    "io_manager": ({}, function),
    "job": ({}, compose_job),
    "logger": ({}, function),
    "monthly_partitioned_config": (DAY, of_window),
    "multi_asset_check": ({"specs": []}, nothing),
    "multi_asset_sensor": ({"monitored_assets": [KEY]}, function),
    "op": ({}, nothing),
    "partitioned_config": ({"partitions_def": STATIC}, of_key),
    "repository": ({}, nothing),
    "resource": ({}, function),
    "run_failure_sensor": ({}, function),
    "run_status_sensor": ({"run_status": dagflow.DagflowRunStatus.SUCCESS}, function),
    "schedule": ({"cron_schedule": "@daily", "job": a_job}, function),
    "sensor": ({}, function),
    "static_partitioned_config": ({"partition_keys": ["a"]}, of_key),
    "success_hook": ({}, function),
    "usable_as_dagflow_type": ({}, Strange),
    "weekly_partitioned_config": (DAY, of_window),
}

# arguments that are not checked at once
ANY = {
    # a value of the user
    "DynamicOutput": {"value"},
    "EnumValue": {"python_value"},
    "In": {"default_value"},
    "MaterializeResult": {"value"},
    "Output": {"value"},
    "SourceAsset": {"io_manager_def"},
    "asset": {"io_manager_def"},
    # a class or an object that stands for a type
    "AssetIn": {"dagflow_type"},
    "DagflowType": {"typing_type"},
    # config, checked with the schema of the definition that is called or run
    "DagflowRun": {"run_config"},
    "RunRequest": {"run_config"},
    "ScheduleDefinition": {"run_config"},
    "build_asset_check_context": {"asset_config"},
    "build_asset_context": {"asset_config"},
    "graph_asset": {"config"},
    "graph_multi_asset": {"config"},
    "build_init_logger_context": {"logger_config"},
    "build_init_resource_context": {"config"},
    "build_op_context": {"op_config", "config"},
    # passed on to the I/O manager unchanged
    "build_input_context": {"config", "definition_metadata", "metadata", "resource_config"},
    "build_output_context": {
        "config",
        "definition_metadata",
        "metadata",
        "resource_config",
        "output_metadata",
    },
    # resolved against the assets of Definitions
    "define_asset_job": {"selection"},
    # set by dagflow only
    "HookDefinition": {"decorated_fn", "parameters"},
    "JobDefinition": {"asset_layer"},
    "OpDefinition": {"owner"},
    "ResourceDefinition": {"resource_type"},
}


def parameters(target: Any) -> list[inspect.Parameter]:
    try:
        signature = inspect.signature(target)
    except ValueError:
        signature = inspect.signature(target.__init__)
    return [
        p
        for p in signature.parameters.values()
        if p.name != "self" and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]


def strange_values(parameter: inspect.Parameter) -> list[Any]:
    """Return meaningless objects: one of no known class, and collections of it where one is expected."""
    annotation = str(parameter.annotation)
    values: list[Any] = [STRANGE]
    if any(
        word in annotation
        for word in ("Sequence", "Iterable", "Collection", "set", "list", "tuple", "Coercible")
    ):
        values += [[STRANGE], (STRANGE,)]
    if "Mapping" in annotation:
        values.append({STRANGE: STRANGE})
    return values


def call(name: str, arguments: dict[str, Any], decorated: Any) -> None:
    made = getattr(dagflow, name)(**arguments)
    if decorated is not None:
        made(decorated)
    elif name in ("build_resources", "instance_for_test"):
        made.__enter__()


def everything() -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield each function of the tables: its name, valid arguments, and the function that it decorates."""
    yield from ((name, arguments, None) for name, arguments in CALLS.items())
    yield from ((name, arguments, decorated) for name, (arguments, decorated) in DECORATORS.items())


CASES = [
    pytest.param(name, arguments, decorated, parameter, id=f"{name}-{parameter.name}")
    for name, arguments, decorated in everything()
    for parameter in parameters(getattr(dagflow, name))
    if not parameter.name.startswith("_") and parameter.name not in ANY.get(name, ())
]


@pytest.mark.parametrize(("name", "arguments", "decorated", "parameter"), CASES)
def test_a_meaningless_argument_is_refused(name, arguments, decorated, parameter):
    """An object of no known class, alone or in a collection, raises an error of dagflow at once."""
    for value in strange_values(parameter):
        with pytest.raises(ERRORS):
            call(name, {**arguments, parameter.name: value}, decorated)


@pytest.mark.parametrize(("name", "arguments", "decorated"), list(everything()))
def test_the_arguments_of_the_tables_are_valid(name, arguments, decorated):
    """Without the meaningless argument nothing is raised."""
    call(name, arguments, decorated)
