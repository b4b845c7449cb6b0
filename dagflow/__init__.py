"""dagflow: write a data pipeline as ops, graphs, jobs and assets, and run it inside a test.

The table below is the one list of public names. A name is imported when it is first used, so that `import
dagflow` costs next to nothing. Type checkers and editors read `__init__.pyi`, which is generated from this
table: `python tests/house/test_root_stub.py` writes it again.
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
    "AssetCheckKey": "dagflow.keys",
    "AssetCheckResult": "dagflow.events.check",
    "AssetCheckSeverity": "dagflow.events.check",
    "AssetDep": "dagflow.defs.assets.definition",
    "AssetExecutionContext": "dagflow.context.op",
    "AssetIn": "dagflow.defs.assets.definition",
    "AssetKey": "dagflow.keys",
    "AssetMaterialization": "dagflow.events.user",
    "AssetObservation": "dagflow.events.user",
    "AssetRecordsFilter": "dagflow.instance.records",
    "AssetSpec": "dagflow.defs.assets.definition",
    "AssetsDefinition": "dagflow.defs.assets.definition",
    "Backoff": "dagflow.defs.parts.retry",
    "Bool": "builtins:bool",
    "BoolMetadataValue": "dagflow.metadata.value",
    "BoolSource": "dagflow.config.choice",
    "CapturedLogs": "dagflow.instance.captured_logs",
    "CheckError": "dagflow.errors",
    "CodeReferencesMetadataValue": "dagflow.metadata.code",
    "Config": "dagflow.config.model",
    "ConfigMapping": "dagflow.defs.parts.configured",
    "ConfigurableIOManager": "dagflow.io.model",
    "ConfigurableIOManagerFactory": "dagflow.io.model",
    "ConfigurableLegacyIOManagerAdapter": "dagflow.io.model",
    "ConfigurableResource": "dagflow.defs.resources.classes",
    "ConfigurableResourceFactory": "dagflow.defs.resources.classes",
    "DagflowAssetCheckFailedError": "dagflow.errors",
    "DagflowAssetMetadataValue": "dagflow.metadata.value",
    "DagflowConfigMappingFunctionError": "dagflow.errors",
    "DagflowError": "dagflow.errors",
    "DagflowEvent": "dagflow.events.record",
    "DagflowEventType": "dagflow.events.types",
    "DagflowExecutionHandleOutputError": "dagflow.errors",
    "DagflowExecutionInterruptedError": "dagflow.errors",
    "DagflowExecutionLoadInputError": "dagflow.errors",
    "DagflowExecutionStepExecutionError": "dagflow.errors",
    "DagflowExecutionStepNotFoundError": "dagflow.errors",
    "DagflowHomeNotSetError": "dagflow.errors",
    "DagflowImportError": "dagflow.errors",
    "DagflowInstance": "dagflow.instance.instance",
    "DagflowInvalidAssetKey": "dagflow.errors",
    "DagflowInvalidConfigDefinitionError": "dagflow.errors",
    "DagflowInvalidConfigError": "dagflow.errors",
    "DagflowInvalidDefinitionError": "dagflow.errors",
    "DagflowInvalidInvocationError": "dagflow.errors",
    "DagflowInvalidMetadata": "dagflow.errors",
    "DagflowInvalidObservationError": "dagflow.errors",
    "DagflowInvalidPropertyError": "dagflow.errors",
    "DagflowInvalidPythonicConfigDefinitionError": "dagflow.errors",
    "DagflowInvalidSubsetError": "dagflow.errors",
    "DagflowInvariantViolationError": "dagflow.errors",
    "DagflowJobMetadataValue": "dagflow.metadata.value",
    "DagflowLogManager": "dagflow.context.log",
    "DagflowMaxRetriesExceededError": "dagflow.errors",
    "DagflowResourceFunctionError": "dagflow.errors",
    "DagflowRun": "dagflow.events.run",
    "DagflowRunAlreadyExists": "dagflow.errors",
    "DagflowRunMetadataValue": "dagflow.metadata.value",
    "DagflowRunNotFoundError": "dagflow.errors",
    "DagflowRunStatus": "dagflow.events.run",
    "DagflowSerializationError": "dagflow.errors",
    "DagflowStepOutputNotFoundError": "dagflow.errors",
    "DagflowStorageError": "dagflow.errors",
    "DagflowSubprocessError": "dagflow.errors",
    "DagflowType": "dagflow.types.kinds",
    "DagflowTypeCheckDidNotPass": "dagflow.errors",
    "DagflowTypeCheckError": "dagflow.errors",
    "DagflowTypeLoader": "dagflow.types.loaders",
    "DagflowTypeLoaderContext": "dagflow.types.loaders",
    "DagflowTypeLoadingError": "dagflow.errors",
    "DagflowUnknownPartitionError": "dagflow.errors",
    "DagflowUnknownResourceError": "dagflow.errors",
    "DagflowUnmetExecutorRequirementsError": "dagflow.errors",
    "DagflowUserCodeExecutionError": "dagflow.errors",
    "DailyPartitionsDefinition": "dagflow.partitions.calendar",
    "DaskExecutor": "dagflow.defs.executors.builtin",
    "DataVersion": "dagflow.events.user",
    "Definitions": "dagflow.defs.project.definitions",
    "DependencyDefinition": "dagflow.defs.graphs.wiring",
    "Dict": "dagflow.types.annotations",
    "DynamicCollectDependencyDefinition": "dagflow.defs.graphs.wiring",
    "DynamicOut": "dagflow.defs.ops.ports",
    "DynamicOutput": "dagflow.events.user",
    "DynamicPartitionsDefinition": "dagflow.partitions.dynamic",
    "ElementCheckError": "dagflow.errors",
    "Enum": "dagflow.config.choice",
    "EnumValue": "dagflow.config.choice",
    "EnvVar": "dagflow.config.objects",
    "EventLogEntry": "dagflow.events.record",
    "EventLogRecord": "dagflow.instance.records",
    "EventRecordsFilter": "dagflow.instance.records",
    "ExecuteInProcessResult": "dagflow.runs.results",
    "Executor": "dagflow.defs.executors.builtin",
    "ExecutorDefinition": "dagflow.defs.executors.definition",
    "ExecutorRequirement": "dagflow.defs.executors.definition",
    "ExpectationResult": "dagflow.events.user",
    "Failure": "dagflow.events.user",
    "Field": "dagflow.config.field",
    "FilesystemIOManager": "dagflow.io.model",
    "Float": "builtins:float",
    "FloatMetadataValue": "dagflow.metadata.value",
    "GraphDefinition": "dagflow.defs.graphs.definition",
    "GraphIn": "dagflow.defs.graphs.wiring",
    "GraphOut": "dagflow.defs.graphs.wiring",
    "HookContext": "dagflow.context.hook",
    "HookDefinition": "dagflow.defs.hooks.definition",
    "HookExecutionError": "dagflow.errors",
    "HookExecutionResult": "dagflow.defs.hooks.definition",
    "HourlyPartitionsDefinition": "dagflow.partitions.calendar",
    "IAttachDifferentObjectToOpContext": "dagflow.defs.resources.classes",
    "IOManager": "dagflow.io.manager",
    "IOManagerDefinition": "dagflow.defs.resources.io_managers",
    "IdentityPartitionMapping": "dagflow.partitions.mapping",
    "In": "dagflow.defs.ops.ports",
    "InMemoryIOManager": "dagflow.io.memory",
    "InProcessExecutor": "dagflow.defs.executors.builtin",
    "InitExecutorContext": "dagflow.context.init",
    "InitLoggerContext": "dagflow.context.init",
    "InitResourceContext": "dagflow.context.init",
    "InputContext": "dagflow.context.io",
    "InputManager": "dagflow.io.manager",
    "InputManagerDefinition": "dagflow.defs.resources.io_managers",
    "InputMapping": "dagflow.defs.graphs.wiring",
    "InstanceRef": "dagflow.instance.home",
    "Int": "builtins:int",
    "IntMetadataValue": "dagflow.metadata.value",
    "IntSource": "dagflow.config.choice",
    "Jitter": "dagflow.defs.parts.retry",
    "JobDefinition": "dagflow.defs.jobs.definition",
    "JobExecutionResult": "dagflow.runs.job_result",
    "JsonMetadataValue": "dagflow.metadata.value",
    "LastPartitionMapping": "dagflow.partitions.mapping",
    "List": "dagflow.types.annotations",
    "LocalFileCodeReference": "dagflow.metadata.code",
    "LoggerDefinition": "dagflow.defs.loggers.definition",
    "Map": "dagflow.config.field",
    "MarkdownMetadataValue": "dagflow.metadata.value",
    "MaterializeResult": "dagflow.events.user",
    "MetadataEntry": "dagflow.metadata.normalize",
    "MetadataValue": "dagflow.metadata.value",
    "MonthlyPartitionsDefinition": "dagflow.partitions.calendar",
    "MultiDependencyDefinition": "dagflow.defs.graphs.wiring",
    "MultiPartitionKey": "dagflow.partitions.multi",
    "MultiPartitionsDefinition": "dagflow.partitions.multi",
    "MultiprocessExecutor": "dagflow.defs.executors.builtin",
    "NodeHandle": "dagflow.keys",
    "NodeInvocation": "dagflow.defs.graphs.wiring",
    "Noneable": "dagflow.config.choice",
    "NotebookMetadataValue": "dagflow.metadata.value",
    "Nothing": "types:NoneType",
    "NullMetadataValue": "dagflow.metadata.value",
    "OpDefinition": "dagflow.defs.ops.definition",
    "OpExecutionContext": "dagflow.context.op",
    "Optional": "dagflow.types.annotations",
    "Out": "dagflow.defs.ops.ports",
    "Output": "dagflow.events.user",
    "OutputContext": "dagflow.context.io",
    "OutputMapping": "dagflow.defs.graphs.wiring",
    "ParameterCheckError": "dagflow.errors",
    "PartialResource": "dagflow.defs.resources.classes",
    "Partition": "dagflow.partitions.keys",
    "PartitionKeyRange": "dagflow.partitions.keys",
    "PartitionMapping": "dagflow.partitions.mapping",
    "PartitionedConfig": "dagflow.defs.jobs.partitioned",
    "PartitionsDefinition": "dagflow.partitions.definition",
    "PathMetadataValue": "dagflow.metadata.value",
    "Permissive": "dagflow.config.field",
    "PermissiveConfig": "dagflow.config.model",
    "PoolMetadataValue": "dagflow.metadata.value",
    "PythonArtifactMetadataValue": "dagflow.metadata.value",
    "PythonObjectDagflowType": "dagflow.types.kinds",
    "ReconstructableJob": "dagflow.executors.reconstructable",
    "ReexecutionOptions": "dagflow.runs.reexecution",
    "RepositoryDefinition": "dagflow.defs.project.repository",
    "ResourceDefinition": "dagflow.defs.resources.definition",
    "ResourceDependency": "dagflow.defs.resources.classes",
    "ResourceParam": "dagflow.defs.resources.definition",
    "RetryPolicy": "dagflow.defs.parts.retry",
    "RetryRequested": "dagflow.events.user",
    "RunConfig": "dagflow.config.objects",
    "RunRecord": "dagflow.events.run",
    "RunRequest": "dagflow.defs.jobs.run_request",
    "RunStats": "dagflow.instance.stats",
    "RunsFilter": "dagflow.events.run",
    "ScalarUnion": "dagflow.config.choice",
    "Selector": "dagflow.config.choice",
    "SerializableErrorInfo": "dagflow.events.error_info",
    "Set": "dagflow.types.annotations",
    "Shape": "dagflow.config.field",
    "SourceAsset": "dagflow.defs.assets.definition",
    "SpecificPartitionsPartitionMapping": "dagflow.partitions.mapping",
    "StaticPartitionMapping": "dagflow.partitions.mapping",
    "StaticPartitionsDefinition": "dagflow.partitions.static",
    "StepEventStatus": "dagflow.instance.stats",
    "StepStats": "dagflow.instance.stats",
    "String": "builtins:str",
    "StringSource": "dagflow.config.choice",
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
    "TextMetadataValue": "dagflow.metadata.value",
    "TimeWindow": "dagflow.partitions.keys",
    "TimeWindowPartitionMapping": "dagflow.partitions.mapping",
    "TimeWindowPartitionsDefinition": "dagflow.partitions.time_window",
    "TimestampMetadataValue": "dagflow.metadata.value",
    "Tuple": "dagflow.types.annotations",
    "TypeCheck": "dagflow.types.kinds",
    "TypeCheckContext": "dagflow.types.kinds",
    "UrlCodeReference": "dagflow.metadata.code",
    "UrlMetadataValue": "dagflow.metadata.value",
    "WeeklyPartitionsDefinition": "dagflow.partitions.calendar",
    "asset": "dagflow.defs.assets.decorator",
    "build_asset_context": "dagflow.invocation.build",
    "build_hook_context": "dagflow.invocation.hook",
    "build_init_logger_context": "dagflow.invocation.logger",
    "build_init_resource_context": "dagflow.invocation.build",
    "build_input_context": "dagflow.invocation.io",
    "build_op_context": "dagflow.invocation.build",
    "build_output_context": "dagflow.invocation.io",
    "build_reconstructable_job": "dagflow.executors.reconstructable",
    "build_resources": "dagflow.invocation.resources",
    "check_dagflow_type": "dagflow.call",
    "colored_console_logger": "dagflow.defs.loggers.definition",
    "config_from_files": "dagflow.config.yaml",
    "config_from_pkg_resources": "dagflow.config.yaml",
    "config_from_yaml_strings": "dagflow.config.yaml",
    "config_mapping": "dagflow.defs.parts.configured",
    "configured": "dagflow.defs.parts.configured",
    "dagflow_type_loader": "dagflow.types.loaders",
    "daily_partitioned_config": "dagflow.defs.jobs.partitioned",
    "dask_executor": "dagflow.defs.executors.builtin",
    "default_loggers": "dagflow.defs.loggers.definition",
    "define_asset_job": "dagflow.defs.jobs.asset_job",
    "deserialize_value": "dagflow.events.stored",
    "dynamic_partitioned_config": "dagflow.defs.jobs.partitioned",
    "event_list_hook": "dagflow.defs.hooks.definition",
    "execute_job": "dagflow.runs.by_executor",
    "executor": "dagflow.defs.executors.definition",
    "failure_hook": "dagflow.defs.hooks.definition",
    "file_relative_path": "dagflow._util",
    "fs_io_manager": "dagflow.defs.resources.io_managers",
    "get_dagflow_logger": "dagflow.context.log",
    "graph": "dagflow.defs.graphs.decorator",
    "hourly_partitioned_config": "dagflow.defs.jobs.partitioned",
    "in_process_executor": "dagflow.defs.executors.builtin",
    "input_manager": "dagflow.defs.resources.io_managers",
    "instance_for_test": "dagflow.testing",
    "io_manager": "dagflow.defs.resources.io_managers",
    "job": "dagflow.defs.jobs.decorator",
    "json_console_logger": "dagflow.defs.loggers.definition",
    "logger": "dagflow.defs.loggers.definition",
    "make_python_type_usable_as_dagflow_type": "dagflow.types.annotations",
    "make_values_resource": "dagflow.defs.resources.definition",
    "materialize": "dagflow.runs.in_process",
    "materialize_to_memory": "dagflow.runs.in_process",
    "mem_io_manager": "dagflow.defs.resources.io_managers",
    "monthly_partitioned_config": "dagflow.defs.jobs.partitioned",
    "multi_or_in_process_executor": "dagflow.defs.executors.builtin",
    "multiprocess_executor": "dagflow.defs.executors.builtin",
    "op": "dagflow.defs.ops.definition",
    "partition_loading_context": "dagflow.partitions.loading",
    "partitioned_config": "dagflow.defs.jobs.partitioned",
    "reconstructable": "dagflow.executors.reconstructable",
    "repository": "dagflow.defs.project.repository",
    "resource": "dagflow.defs.resources.definition",
    "serialize_value": "dagflow.events.stored",
    "static_partitioned_config": "dagflow.defs.jobs.partitioned",
    "success_hook": "dagflow.defs.hooks.definition",
    "usable_as_dagflow_type": "dagflow.types.annotations",
    "validate_run_config": "dagflow.runs.in_process",
    "weekly_partitioned_config": "dagflow.defs.jobs.partitioned",
    "with_resources": "dagflow.defs.assets.with_resources",
}
"""The module of each public name; `module:name` if the module has it under another name."""

__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> object:
    source = _EXPORTS.get(name)
    if source is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, _, inner = source.partition(":")
    value = globals()[name] = getattr(import_module(module), inner or name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
