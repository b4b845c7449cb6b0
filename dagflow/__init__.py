"""dagflow: write a data pipeline as ops, graphs, jobs and assets, and run it inside a test.

Every public name stands here. A name that few runs need is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagflow.call import check_dagflow_type
from dagflow.config.choice import (
    BoolSource,
    Enum,
    EnumValue,
    IntSource,
    Noneable,
    ScalarUnion,
    Selector,
    StringSource,
)
from dagflow.config.field import (
    Array,
    Field,
    Map,
    Permissive,
    Shape,
)
from dagflow.context.init import InitExecutorContext, InitLoggerContext, InitResourceContext
from dagflow.context.io import InputContext, OutputContext
from dagflow.context.op import AssetExecutionContext, OpExecutionContext
from dagflow.defs.assets.decorator import asset
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.spec import AssetDep, AssetIn, AssetSpec, SourceAsset
from dagflow.defs.executors.builtin import (
    DaskExecutor,
    Executor,
    InProcessExecutor,
    MultiprocessExecutor,
    dask_executor,
    in_process_executor,
    multi_or_in_process_executor,
    multiprocess_executor,
)
from dagflow.defs.executors.definition import ExecutorDefinition, ExecutorRequirement, executor
from dagflow.defs.graphs.decorator import graph
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.graphs.wiring import (
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    GraphIn,
    GraphOut,
    InputMapping,
    MultiDependencyDefinition,
    NodeInvocation,
    OutputMapping,
)
from dagflow.defs.hooks.definition import (
    HookDefinition,
    HookExecutionResult,
    event_list_hook,
    failure_hook,
    success_hook,
)
from dagflow.defs.jobs.decorator import job
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.loggers.definition import (
    LoggerDefinition,
    colored_console_logger,
    default_loggers,
    json_console_logger,
    logger,
)
from dagflow.defs.ops.definition import OpDefinition, op
from dagflow.defs.ops.ports import DynamicOut, In, Out
from dagflow.defs.parts.configured import ConfigMapping, config_mapping, configured
from dagflow.defs.parts.retry import (
    Backoff,
    Jitter,
    RetryPolicy,
)
from dagflow.defs.resources.definition import (
    ResourceDefinition,
    make_values_resource,
    resource,
)
from dagflow.defs.resources.io_managers import (
    InputManagerDefinition,
    IOManagerDefinition,
    fs_io_manager,
    input_manager,
    io_manager,
    mem_io_manager,
)
from dagflow.errors import (
    CheckError,
    DagflowAssetCheckFailedError,
    DagflowConfigMappingFunctionError,
    DagflowError,
    DagflowExecutionHandleOutputError,
    DagflowExecutionInterruptedError,
    DagflowExecutionLoadInputError,
    DagflowExecutionStepExecutionError,
    DagflowExecutionStepNotFoundError,
    DagflowHomeNotSetError,
    DagflowImportError,
    DagflowInvalidAssetKey,
    DagflowInvalidConfigDefinitionError,
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvalidMetadata,
    DagflowInvalidObservationError,
    DagflowInvalidPropertyError,
    DagflowInvalidPythonicConfigDefinitionError,
    DagflowInvalidSubsetError,
    DagflowInvariantViolationError,
    DagflowMaxRetriesExceededError,
    DagflowResourceFunctionError,
    DagflowRunAlreadyExists,
    DagflowRunNotFoundError,
    DagflowSerializationError,
    DagflowStepOutputNotFoundError,
    DagflowSubprocessError,
    DagflowTypeCheckDidNotPass,
    DagflowTypeCheckError,
    DagflowTypeLoadingError,
    DagflowUnknownPartitionError,
    DagflowUnknownResourceError,
    DagflowUnmetExecutorRequirementsError,
    DagflowUserCodeExecutionError,
    ElementCheckError,
    HookExecutionError,
    ParameterCheckError,
)
from dagflow.events.record import DagflowEvent, EventLogEntry
from dagflow.events.run import (
    DagflowRun,
    DagflowRunStatus,
    RunRecord,
    RunsFilter,
)
from dagflow.events.types import DagflowEventType
from dagflow.events.user import (
    AssetMaterialization,
    AssetObservation,
    DataVersion,
    DynamicOutput,
    ExpectationResult,
    Failure,
    MaterializeResult,
    Output,
    RetryRequested,
)
from dagflow.instance.instance import DagflowInstance
from dagflow.instance.records import EventLogRecord, EventRecordsFilter
from dagflow.io.manager import InputManager, IOManager
from dagflow.io.memory import InMemoryIOManager
from dagflow.keys import (
    AssetCheckKey,
    AssetKey,
    NodeHandle,
)
from dagflow.metadata.value import (
    BoolMetadataValue,
    DagflowAssetMetadataValue,
    DagflowRunMetadataValue,
    FloatMetadataValue,
    IntMetadataValue,
    JsonMetadataValue,
    MarkdownMetadataValue,
    MetadataValue,
    NotebookMetadataValue,
    NullMetadataValue,
    PathMetadataValue,
    PythonArtifactMetadataValue,
    TextMetadataValue,
    TimestampMetadataValue,
    UrlMetadataValue,
)
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.keys import Partition, PartitionKeyRange, TimeWindow
from dagflow.runs.in_process import (
    materialize,
    materialize_to_memory,
    validate_run_config,
)
from dagflow.runs.results import ExecuteInProcessResult
from dagflow.types.annotations import (
    make_python_type_usable_as_dagflow_type,
    usable_as_dagflow_type,
)
from dagflow.types.kinds import (
    DagflowType,
    PythonObjectDagflowType,
    TypeCheck,
    TypeCheckContext,
)
from dagflow.types.loaders import (
    DagflowTypeLoader,
    DagflowTypeLoaderContext,
    dagflow_type_loader,
)

if TYPE_CHECKING:
    from typing import Dict, List, Optional, Set, Tuple, TypeAlias  # noqa: UP035 - to a type checker they are

    from dagflow._util import file_relative_path
    from dagflow.config.model import Config, PermissiveConfig
    from dagflow.config.objects import EnvVar, RunConfig
    from dagflow.config.yaml import config_from_files, config_from_pkg_resources, config_from_yaml_strings
    from dagflow.context.hook import HookContext
    from dagflow.context.log import DagflowLogManager, get_dagflow_logger
    from dagflow.defs.assets.with_resources import with_resources
    from dagflow.defs.jobs.asset_job import define_asset_job
    from dagflow.defs.jobs.partitioned import (
        PartitionedConfig,
        daily_partitioned_config,
        dynamic_partitioned_config,
        hourly_partitioned_config,
        monthly_partitioned_config,
        partitioned_config,
        static_partitioned_config,
        weekly_partitioned_config,
    )
    from dagflow.defs.jobs.run_request import RunRequest
    from dagflow.defs.project.definitions import Definitions
    from dagflow.defs.project.repository import RepositoryDefinition, repository
    from dagflow.defs.resources.classes import (
        ConfigurableResource,
        ConfigurableResourceFactory,
        IAttachDifferentObjectToOpContext,
        PartialResource,
        ResourceDependency,
    )
    from dagflow.defs.resources.definition import ResourceParam
    from dagflow.events.check import AssetCheckEvaluation, AssetCheckResult, AssetCheckSeverity
    from dagflow.events.error_info import SerializableErrorInfo
    from dagflow.events.stored import deserialize_value, serialize_value
    from dagflow.executors.reconstructable import (
        ReconstructableJob,
        build_reconstructable_job,
        reconstructable,
    )
    from dagflow.invocation.build import build_asset_context, build_init_resource_context, build_op_context
    from dagflow.invocation.hook import build_hook_context
    from dagflow.invocation.io import build_input_context, build_output_context
    from dagflow.invocation.logger import build_init_logger_context
    from dagflow.invocation.resources import build_resources
    from dagflow.io.model import (
        ConfigurableIOManager,
        ConfigurableIOManagerFactory,
        ConfigurableLegacyIOManagerAdapter,
        FilesystemIOManager,
    )
    from dagflow.metadata.code import (
        CodeReferencesMetadataValue,
        LocalFileCodeReference,
        UrlCodeReference,
    )
    from dagflow.metadata.normalize import MetadataEntry
    from dagflow.metadata.table import (
        TableColumn,
        TableColumnConstraints,
        TableColumnDep,
        TableColumnLineage,
        TableConstraints,
        TableRecord,
        TableSchema,
    )
    from dagflow.metadata.value import (
        DagflowJobMetadataValue,
        PoolMetadataValue,
        TableColumnLineageMetadataValue,
        TableMetadataValue,
        TableSchemaMetadataValue,
    )
    from dagflow.partitions.calendar import (
        DailyPartitionsDefinition,
        HourlyPartitionsDefinition,
        MonthlyPartitionsDefinition,
        WeeklyPartitionsDefinition,
    )
    from dagflow.partitions.dynamic import DynamicPartitionsDefinition
    from dagflow.partitions.loading import partition_loading_context
    from dagflow.partitions.mapping import (
        AllPartitionMapping,
        IdentityPartitionMapping,
        LastPartitionMapping,
        PartitionMapping,
        SpecificPartitionsPartitionMapping,
        StaticPartitionMapping,
        TimeWindowPartitionMapping,
    )
    from dagflow.partitions.multi import MultiPartitionKey, MultiPartitionsDefinition
    from dagflow.partitions.static import StaticPartitionsDefinition
    from dagflow.partitions.time_window import TimeWindowPartitionsDefinition
    from dagflow.runs.by_executor import execute_job
    from dagflow.runs.job_result import JobExecutionResult
    from dagflow.runs.reexecution import ReexecutionOptions

    Nothing: TypeAlias = None
else:
    from types import NoneType as Nothing

    from dagflow.types.annotations import Dict, List, Optional, Set, Tuple

Int = int
Float = float
String = str
Bool = bool

_LATE = {
    "file_relative_path": "dagflow._util",
    "ReexecutionOptions": "dagflow.runs.reexecution",
    "JobExecutionResult": "dagflow.runs.job_result",
    "reconstructable": "dagflow.executors.reconstructable",
    "build_reconstructable_job": "dagflow.executors.reconstructable",
    "execute_job": "dagflow.runs.by_executor",
    "ReconstructableJob": "dagflow.executors.reconstructable",
    "partition_loading_context": "dagflow.partitions.loading",
    "RepositoryDefinition": "dagflow.defs.project.repository",
    "repository": "dagflow.defs.project.repository",
    "RunRequest": "dagflow.defs.jobs.run_request",
    "AssetCheckEvaluation": "dagflow.events.check",
    "AssetCheckResult": "dagflow.events.check",
    "AssetCheckSeverity": "dagflow.events.check",
    "deserialize_value": "dagflow.events.stored",
    "serialize_value": "dagflow.events.stored",
    "Config": "dagflow.config.model",
    "ConfigurableIOManager": "dagflow.io.model",
    "ConfigurableIOManagerFactory": "dagflow.io.model",
    "ConfigurableLegacyIOManagerAdapter": "dagflow.io.model",
    "ConfigurableResource": "dagflow.defs.resources.classes",
    "ConfigurableResourceFactory": "dagflow.defs.resources.classes",
    "EnvVar": "dagflow.config.objects",
    "IAttachDifferentObjectToOpContext": "dagflow.defs.resources.classes",
    "PartialResource": "dagflow.defs.resources.classes",
    "PermissiveConfig": "dagflow.config.model",
    "ResourceDependency": "dagflow.defs.resources.classes",
    "ResourceParam": "dagflow.defs.resources.definition",
    "RunConfig": "dagflow.config.objects",
    "build_resources": "dagflow.invocation.resources",
    "with_resources": "dagflow.defs.assets.with_resources",
    "CodeReferencesMetadataValue": "dagflow.metadata.code",
    "DagflowJobMetadataValue": "dagflow.metadata.value",
    "LocalFileCodeReference": "dagflow.metadata.code",
    "MetadataEntry": "dagflow.metadata.normalize",
    "PoolMetadataValue": "dagflow.metadata.value",
    "TableColumn": "dagflow.metadata.table",
    "TableColumnConstraints": "dagflow.metadata.table",
    "TableColumnDep": "dagflow.metadata.table",
    "TableColumnLineage": "dagflow.metadata.table",
    "TableColumnLineageMetadataValue": "dagflow.metadata.value",
    "TableConstraints": "dagflow.metadata.table",
    "TableMetadataValue": "dagflow.metadata.value",
    "TableRecord": "dagflow.metadata.table",
    "TableSchema": "dagflow.metadata.table",
    "TableSchemaMetadataValue": "dagflow.metadata.value",
    "UrlCodeReference": "dagflow.metadata.code",
    "AssetRecordsFilter": "dagflow.instance.records",
    "CapturedLogs": "dagflow.instance.captured_logs",
    "DagflowStorageError": "dagflow.errors",
    "InstanceRef": "dagflow.instance.home",
    "RunStats": "dagflow.instance.stats",
    "StepEventStatus": "dagflow.instance.stats",
    "StepStats": "dagflow.instance.stats",
    "instance_for_test": "dagflow.testing",
    "PartitionedConfig": "dagflow.defs.jobs.partitioned",
    "daily_partitioned_config": "dagflow.defs.jobs.partitioned",
    "dynamic_partitioned_config": "dagflow.defs.jobs.partitioned",
    "hourly_partitioned_config": "dagflow.defs.jobs.partitioned",
    "monthly_partitioned_config": "dagflow.defs.jobs.partitioned",
    "partitioned_config": "dagflow.defs.jobs.partitioned",
    "static_partitioned_config": "dagflow.defs.jobs.partitioned",
    "weekly_partitioned_config": "dagflow.defs.jobs.partitioned",
    "Definitions": "dagflow.defs.project.definitions",
    "define_asset_job": "dagflow.defs.jobs.asset_job",
    "AllPartitionMapping": "dagflow.partitions.mapping",
    "DailyPartitionsDefinition": "dagflow.partitions.calendar",
    "DynamicPartitionsDefinition": "dagflow.partitions.dynamic",
    "HourlyPartitionsDefinition": "dagflow.partitions.calendar",
    "IdentityPartitionMapping": "dagflow.partitions.mapping",
    "LastPartitionMapping": "dagflow.partitions.mapping",
    "MonthlyPartitionsDefinition": "dagflow.partitions.calendar",
    "MultiPartitionKey": "dagflow.partitions.multi",
    "MultiPartitionsDefinition": "dagflow.partitions.multi",
    "PartitionMapping": "dagflow.partitions.mapping",
    "SpecificPartitionsPartitionMapping": "dagflow.partitions.mapping",
    "StaticPartitionMapping": "dagflow.partitions.mapping",
    "StaticPartitionsDefinition": "dagflow.partitions.static",
    "TimeWindowPartitionMapping": "dagflow.partitions.mapping",
    "TimeWindowPartitionsDefinition": "dagflow.partitions.time_window",
    "WeeklyPartitionsDefinition": "dagflow.partitions.calendar",
    "DagflowLogManager": "dagflow.context.log",
    "HookContext": "dagflow.context.hook",
    "build_hook_context": "dagflow.invocation.hook",
    "build_init_logger_context": "dagflow.invocation.logger",
    "get_dagflow_logger": "dagflow.context.log",
    "config_from_files": "dagflow.config.yaml",
    "config_from_pkg_resources": "dagflow.config.yaml",
    "config_from_yaml_strings": "dagflow.config.yaml",
    "FilesystemIOManager": "dagflow.io.model",
    "SerializableErrorInfo": "dagflow.events.error_info",
    "build_asset_context": "dagflow.invocation.build",
    "build_init_resource_context": "dagflow.invocation.build",
    "build_input_context": "dagflow.invocation.io",
    "build_op_context": "dagflow.invocation.build",
    "build_output_context": "dagflow.invocation.io",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module 'dagflow' has no attribute '{name}'")
    from importlib import import_module

    value = getattr(import_module(_LATE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE})


__all__ = [
    "AllPartitionMapping",
    "Any",
    "Array",
    "AssetCheckEvaluation",
    "AssetCheckKey",
    "AssetCheckResult",
    "AssetCheckSeverity",
    "AssetDep",
    "AssetExecutionContext",
    "AssetIn",
    "AssetKey",
    "AssetMaterialization",
    "AssetObservation",
    "AssetRecordsFilter",
    "AssetSpec",
    "AssetsDefinition",
    "Backoff",
    "Bool",
    "BoolMetadataValue",
    "BoolSource",
    "CapturedLogs",
    "CheckError",
    "CodeReferencesMetadataValue",
    "Config",
    "ConfigMapping",
    "ConfigurableIOManager",
    "ConfigurableIOManagerFactory",
    "ConfigurableLegacyIOManagerAdapter",
    "ConfigurableResource",
    "ConfigurableResourceFactory",
    "DagflowAssetCheckFailedError",
    "DagflowAssetMetadataValue",
    "DagflowConfigMappingFunctionError",
    "DagflowError",
    "DagflowEvent",
    "DagflowEventType",
    "DagflowExecutionHandleOutputError",
    "DagflowExecutionInterruptedError",
    "DagflowExecutionLoadInputError",
    "DagflowExecutionStepExecutionError",
    "DagflowExecutionStepNotFoundError",
    "DagflowHomeNotSetError",
    "DagflowImportError",
    "DagflowInstance",
    "DagflowInvalidAssetKey",
    "DagflowInvalidConfigDefinitionError",
    "DagflowInvalidConfigError",
    "DagflowInvalidDefinitionError",
    "DagflowInvalidInvocationError",
    "DagflowInvalidMetadata",
    "DagflowInvalidObservationError",
    "DagflowInvalidPropertyError",
    "DagflowInvalidPythonicConfigDefinitionError",
    "DagflowInvalidSubsetError",
    "DagflowInvariantViolationError",
    "DagflowJobMetadataValue",
    "DagflowLogManager",
    "DagflowMaxRetriesExceededError",
    "DagflowResourceFunctionError",
    "DagflowRun",
    "DagflowRunAlreadyExists",
    "DagflowRunMetadataValue",
    "DagflowRunNotFoundError",
    "DagflowRunStatus",
    "DagflowSerializationError",
    "DagflowStepOutputNotFoundError",
    "DagflowStorageError",
    "DagflowSubprocessError",
    "DagflowType",
    "DagflowTypeCheckDidNotPass",
    "DagflowTypeCheckError",
    "DagflowTypeLoader",
    "DagflowTypeLoaderContext",
    "DagflowTypeLoadingError",
    "DagflowUnknownPartitionError",
    "DagflowUnknownResourceError",
    "DagflowUnmetExecutorRequirementsError",
    "DagflowUserCodeExecutionError",
    "DailyPartitionsDefinition",
    "DaskExecutor",
    "DataVersion",
    "Definitions",
    "DependencyDefinition",
    "Dict",
    "DynamicCollectDependencyDefinition",
    "DynamicOut",
    "DynamicOutput",
    "DynamicPartitionsDefinition",
    "ElementCheckError",
    "Enum",
    "EnumValue",
    "EnvVar",
    "EventLogEntry",
    "EventLogRecord",
    "EventRecordsFilter",
    "ExecuteInProcessResult",
    "Executor",
    "ExecutorDefinition",
    "ExecutorRequirement",
    "ExpectationResult",
    "Failure",
    "Field",
    "FilesystemIOManager",
    "Float",
    "FloatMetadataValue",
    "GraphDefinition",
    "GraphIn",
    "GraphOut",
    "HookContext",
    "HookDefinition",
    "HookExecutionError",
    "HookExecutionResult",
    "HourlyPartitionsDefinition",
    "IAttachDifferentObjectToOpContext",
    "IOManager",
    "IOManagerDefinition",
    "IdentityPartitionMapping",
    "In",
    "InMemoryIOManager",
    "InProcessExecutor",
    "InitExecutorContext",
    "InitLoggerContext",
    "InitResourceContext",
    "InputContext",
    "InputManager",
    "InputManagerDefinition",
    "InputMapping",
    "InstanceRef",
    "Int",
    "IntMetadataValue",
    "IntSource",
    "Jitter",
    "JobDefinition",
    "JobExecutionResult",
    "JsonMetadataValue",
    "LastPartitionMapping",
    "List",
    "LocalFileCodeReference",
    "LoggerDefinition",
    "Map",
    "MarkdownMetadataValue",
    "MaterializeResult",
    "MetadataEntry",
    "MetadataValue",
    "MonthlyPartitionsDefinition",
    "MultiDependencyDefinition",
    "MultiPartitionKey",
    "MultiPartitionsDefinition",
    "MultiprocessExecutor",
    "NodeHandle",
    "NodeInvocation",
    "Noneable",
    "NotebookMetadataValue",
    "Nothing",
    "NullMetadataValue",
    "OpDefinition",
    "OpExecutionContext",
    "Optional",
    "Out",
    "Output",
    "OutputContext",
    "OutputMapping",
    "ParameterCheckError",
    "PartialResource",
    "Partition",
    "PartitionKeyRange",
    "PartitionMapping",
    "PartitionedConfig",
    "PartitionsDefinition",
    "PathMetadataValue",
    "Permissive",
    "PermissiveConfig",
    "PoolMetadataValue",
    "PythonArtifactMetadataValue",
    "PythonObjectDagflowType",
    "ReconstructableJob",
    "ReexecutionOptions",
    "RepositoryDefinition",
    "ResourceDefinition",
    "ResourceDependency",
    "ResourceParam",
    "RetryPolicy",
    "RetryRequested",
    "RunConfig",
    "RunRecord",
    "RunRequest",
    "RunStats",
    "RunsFilter",
    "ScalarUnion",
    "Selector",
    "SerializableErrorInfo",
    "Set",
    "Shape",
    "SourceAsset",
    "SpecificPartitionsPartitionMapping",
    "StaticPartitionMapping",
    "StaticPartitionsDefinition",
    "StepEventStatus",
    "StepStats",
    "String",
    "StringSource",
    "TableColumn",
    "TableColumnConstraints",
    "TableColumnDep",
    "TableColumnLineage",
    "TableColumnLineageMetadataValue",
    "TableConstraints",
    "TableMetadataValue",
    "TableRecord",
    "TableSchema",
    "TableSchemaMetadataValue",
    "TextMetadataValue",
    "TimeWindow",
    "TimeWindowPartitionMapping",
    "TimeWindowPartitionsDefinition",
    "TimestampMetadataValue",
    "Tuple",
    "TypeCheck",
    "TypeCheckContext",
    "UrlCodeReference",
    "UrlMetadataValue",
    "WeeklyPartitionsDefinition",
    "asset",
    "build_asset_context",
    "build_hook_context",
    "build_init_logger_context",
    "build_init_resource_context",
    "build_input_context",
    "build_op_context",
    "build_output_context",
    "build_reconstructable_job",
    "build_resources",
    "check_dagflow_type",
    "colored_console_logger",
    "config_from_files",
    "config_from_pkg_resources",
    "config_from_yaml_strings",
    "config_mapping",
    "configured",
    "dagflow_type_loader",
    "daily_partitioned_config",
    "dask_executor",
    "default_loggers",
    "define_asset_job",
    "deserialize_value",
    "dynamic_partitioned_config",
    "event_list_hook",
    "execute_job",
    "executor",
    "failure_hook",
    "file_relative_path",
    "fs_io_manager",
    "get_dagflow_logger",
    "graph",
    "hourly_partitioned_config",
    "in_process_executor",
    "input_manager",
    "instance_for_test",
    "io_manager",
    "job",
    "json_console_logger",
    "logger",
    "make_python_type_usable_as_dagflow_type",
    "make_values_resource",
    "materialize",
    "materialize_to_memory",
    "mem_io_manager",
    "monthly_partitioned_config",
    "multi_or_in_process_executor",
    "multiprocess_executor",
    "op",
    "partition_loading_context",
    "partitioned_config",
    "reconstructable",
    "repository",
    "resource",
    "serialize_value",
    "static_partitioned_config",
    "success_hook",
    "usable_as_dagflow_type",
    "validate_run_config",
    "weekly_partitioned_config",
    "with_resources",
]
