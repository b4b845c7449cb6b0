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
    "AssetCheckKey",
    "AssetDep",
    "AssetExecutionContext",
    "AssetIn",
    "AssetKey",
    "AssetMaterialization",
    "AssetObservation",
    "AssetSpec",
    "AssetsDefinition",
    "Backoff",
    "Bool",
    "BoolMetadataValue",
    "BoolSource",
    "CheckError",
    "CodeReferencesMetadataValue",
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
    "DagflowStepOutputNotFoundError",
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
    "EventLogEntry",
    "EventLogRecord",
    "EventRecordsFilter",
    "ExecuteInProcessResult",
    "ExecutorDefinition",
    "ExpectationResult",
    "Failure",
    "Field",
    "FilesystemIOManager",
    "Float",
    "FloatMetadataValue",
    "GraphDefinition",
    "GraphIn",
    "GraphOut",
    "HookExecutionError",
    "HourlyPartitionsDefinition",
    "IOManager",
    "IOManagerDefinition",
    "IdentityPartitionMapping",
    "In",
    "InMemoryIOManager",
    "InitResourceContext",
    "InputContext",
    "InputManager",
    "InputManagerDefinition",
    "InputMapping",
    "Int",
    "IntMetadataValue",
    "IntSource",
    "Jitter",
    "JobDefinition",
    "JsonMetadataValue",
    "LastPartitionMapping",
    "List",
    "LocalFileCodeReference",
    "Map",
    "MarkdownMetadataValue",
    "MaterializeResult",
    "MetadataEntry",
    "MetadataValue",
    "MonthlyPartitionsDefinition",
    "MultiDependencyDefinition",
    "MultiPartitionKey",
    "MultiPartitionsDefinition",
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
    "Partition",
    "PartitionKeyRange",
    "PartitionMapping",
    "PartitionedConfig",
    "PartitionsDefinition",
    "PathMetadataValue",
    "Permissive",
    "PoolMetadataValue",
    "PythonArtifactMetadataValue",
    "PythonObjectDagflowType",
    "ResourceDefinition",
    "RetryPolicy",
    "RetryRequested",
    "RunRecord",
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
    "build_init_resource_context",
    "build_input_context",
    "build_op_context",
    "build_output_context",
    "check_dagflow_type",
    "dagflow_type_loader",
    "daily_partitioned_config",
    "dynamic_partitioned_config",
    "fs_io_manager",
    "graph",
    "hourly_partitioned_config",
    "in_process_executor",
    "input_manager",
    "io_manager",
    "job",
    "make_python_type_usable_as_dagflow_type",
    "make_values_resource",
    "materialize",
    "materialize_to_memory",
    "mem_io_manager",
    "monthly_partitioned_config",
    "multi_or_in_process_executor",
    "multiprocess_executor",
    "op",
    "partitioned_config",
    "resource",
    "static_partitioned_config",
    "usable_as_dagflow_type",
    "validate_run_config",
    "weekly_partitioned_config",
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


def test_no_module_is_named_like_an_export() -> None:
    """`from dagflow import job` can only mean the decorator: no child of the package has an exported name."""
    children = [name for name in RUNTIME if importlib.util.find_spec(f"dagflow.{name}")]

    assert not children
