"""What dagflow exports: nothing becomes public by accident, and nothing public disappears by accident."""

from __future__ import annotations

import importlib.util
import inspect
from types import ModuleType

import pytest

import dagflow
import dagflow.testing
import pytest_dagflow

RUNTIME = [
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

TESTING = [
    "Causality",
    "EventList",
    "Fingerprint",
    "Graph",
    "Node",
    "OnDemand",
    "RunOptions",
    "Selection",
    "VirtualClock",
    "boundaries",
    "canonical_events",
    "causality",
    "fingerprint",
    "graph_of",
    "in_order",
    "instance_for_test",
    "interleavings",
    "observe",
    "observe_runs",
    "parse_selection",
    "resolve",
    "run_options",
    "with_plans",
]

PLUGIN = [
    "assert_before",
    "assert_check",
    "assert_event_sequence",
    "assert_failed",
    "assert_materialized",
    "assert_not_ran",
    "assert_output",
    "assert_ran",
    "assert_retried",
    "assert_same_run",
    "assert_skipped",
    "assert_succeeded",
    "chain",
    "ev",
    "par",
]

MODULES = {dagflow: RUNTIME, dagflow.testing: TESTING, pytest_dagflow: PLUGIN}
EACH = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
EVERY_NAME = pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for module, names in MODULES.items() for name in names],
    ids=lambda value: getattr(value, "__name__", value),
)


@EACH
def test_exported_names(module: ModuleType) -> None:
    """The exported names are these, each named once."""
    assert sorted(module.__all__) == MODULES[module]


@pytest.mark.parametrize("module", [dagflow, pytest_dagflow], ids=lambda module: module.__name__)
def test_nothing_else_is_public(module: ModuleType) -> None:
    """A name without an underscore that is not exported is a module or a compiler flag."""
    public = {name for name in vars(module) if not name.startswith("_")} - {"annotations", "TYPE_CHECKING"}

    assert {
        name for name in public - set(module.__all__) if not inspect.ismodule(getattr(module, name))
    } == set()


@EVERY_NAME
def test_importable_and_documented(module: ModuleType, name: str) -> None:
    """Every name can be imported, and says what it is in words of its own (Nothing is Python's NoneType)."""
    value = getattr(module, name)
    if value is type(None):
        return

    text = vars(value).get("__doc__") if inspect.isclass(value) else inspect.getdoc(value)

    assert text
    assert not text.startswith((f"{name}(", "An enumeration.")), "made by Python, not written"


@EACH
def test_dir_and_star_import(module: ModuleType) -> None:
    """`dir` and `import *` give every exported name, also those that were not used before."""
    names: dict[str, object] = {}
    exec(f"from {module.__name__} import *", names)

    assert names.keys() - {"__builtins__"} == set(module.__all__)
    assert set(module.__all__) <= set(dir(module))


@pytest.mark.parametrize("module", [dagflow, pytest_dagflow], ids=lambda module: module.__name__)
def test_misspelt_name(module: ModuleType) -> None:
    """A name that does not exist is an AttributeError that names the module."""
    with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute 'aset'"):
        _ = module.aset


def test_no_module_is_named_like_an_export() -> None:
    """`from dagflow import job` can only mean the decorator: no child of the package has an exported name."""
    children = [name for name in RUNTIME if importlib.util.find_spec(f"dagflow.{name}")]

    assert not children
