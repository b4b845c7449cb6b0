"""The table of the private names of Dagster that projects and integration packages import.

A row has the module in Dagster, the module of dagflow, and the names; `theirs=ours` if a name differs. `*`
has all names of the module of dagflow. Public names need no row: each module has all of them. Nothing here
imports the modules of dagflow; that happens when a name is used.
"""

from __future__ import annotations

from dagflow.compat.spellings import as_dagflow

VERSION = "1.13.29"
"""The release of Dagster whose API dagflow has. Packages compare it with the release that they need."""

ROWS = (
    ("dagster", "dagflow.compat.warning_classes",
     "BetaWarning ConfigArgumentWarning PreviewWarning SupersessionWarning deprecation_warning"),
    ("dagster", "dagflow.compat.functions", "default_system_loggers"),
    ("dagster._annotations", "dagflow.compat.marks", "*"),
    ("dagster._check", "dagflow.compat.checking", "*"),
    ("dagster._check.functions", "dagflow.compat.checking", "*"),
    ("dagster._config", "dagflow.compat.config", "process_config validate_config resolve_to_config_type"),
    ("dagster._config", "dagflow.config.scalar", "ConfigType"),
    ("dagster._config.config_type", "dagflow.config.scalar", "ConfigType"),
    ("dagster._config.errors", "dagflow.config.evaluation_errors",
     "DagsterEvaluationErrorReason EvaluationError"),
    ("dagster._config.field_utils", "dagflow.config.objects", "IntEnvVar"),
    ("dagster._config.pythonic_config", "dagflow.compat.config", "infer_schema_from_config_class"),
    ("dagster._core.asset_graph_view.asset_graph_view", "dagflow.automation.conditions.view",
     "AssetGraphView"),
    ("dagster._core.asset_graph_view.entity_subset", "dagflow.automation.conditions.view", "EntitySubset"),
    ("dagster._core.definitions", "dagflow.defs.ops.ports", "InputDefinition OutputDefinition"),
    ("dagster._core.definitions.asset_checks.asset_check_evaluation", "dagflow.events.check",
     "AssetCheckEvaluationTargetMaterializationData"),
    ("dagster._core.definitions.asset_checks.asset_check_evaluation", "dagflow.events.planned",
     "AssetCheckEvaluationPlanned"),
    ("dagster._core.definitions.assets.definition.asset_spec", "dagflow.defs.assets.ports",
     "AssetExecutionType"),
    ("dagster._core.definitions.assets.graph.asset_graph", "dagflow.defs.assets.asset_graph", "AssetGraph"),
    ("dagster._core.definitions.assets.graph.asset_graph", "dagflow.defs.assets.asset_nodes", "AssetNode"),
    ("dagster._core.definitions.auto_materialize_policy", "dagflow.defs.conditions.auto_materialize",
     "AutoMaterializePolicyType"),
    ("dagster._core.definitions.auto_materialize_rule_evaluation", "dagflow.defs.conditions.rules",
     "AutoMaterializeDecisionType"),
    ("dagster._core.definitions.backfill_policy", "dagflow.partitions.backfill", "BackfillPolicyType"),
    ("dagster._core.definitions.data_version", "dagflow.compat.tags",
     "CODE_VERSION_TAG DATA_VERSION_IS_USER_PROVIDED_TAG DATA_VERSION_TAG INPUT_DATA_VERSION_TAG_PREFIX "
     "INPUT_EVENT_POINTER_TAG_PREFIX NULL_EVENT_POINTER"),
    ("dagster._core.definitions.declarative_automation.legacy.rule_condition",
     "dagflow.defs.conditions.rules", "RuleCondition"),
    ("dagster._core.definitions.declarative_automation.operators", "dagflow.defs.conditions.operators",
     "NewlyTrueCondition SinceCondition"),
    ("dagster._core.definitions.decorators", "dagflow", ""),
    ("dagster._core.definitions.dependency", "dagflow.defs.graphs.content", "Node"),
    ("dagster._core.definitions.events", "dagflow.automation.conditions.view", "AssetKeyPartitionKey"),
    ("dagster._core.definitions.events", "dagflow.compat.types",
     "CoercibleToAssetKey CoercibleToAssetKeyPrefix"),
    ("dagster._core.definitions.freshness", "dagflow.defs.conditions.freshness",
     "CronFreshnessPolicy TimeWindowFreshnessPolicy"),
    ("dagster._core.definitions.freshness_policy", "dagflow.defs.conditions.legacy_freshness",
     "FreshnessMinutes"),
    ("dagster._core.definitions.input", "dagflow.defs.ops.ports", "InputDefinition"),
    ("dagster._core.definitions.metadata", "dagflow.compat.types",
     "ArbitraryMetadataMapping MetadataMapping MetadataUserInput RawMetadataMapping RawMetadataValue "
     "normalize_metadata"),
    ("dagster._core.definitions.metadata", "dagflow.metadata.table_set", "TableMetadataSet"),
    ("dagster._core.definitions.node_definition", "dagflow.defs.ops.node", "NodeDefinition"),
    ("dagster._core.definitions.output", "dagflow.defs.ops.ports", "OutputDefinition"),
    ("dagster._core.definitions.partitions.schedule_type", "dagflow.partitions.cadence", "ScheduleType"),
    ("dagster._core.definitions.partitions.subset", "dagflow.partitions.subset", "DefaultPartitionsSubset"),
    ("dagster._core.definitions.partitions.subset", "dagflow.partitions.window_subset",
     "TimeWindowPartitionsSubset"),
    ("dagster._core.definitions.partitions.utils.multi", "dagflow.partitions.multi",
     "PartitionDimensionDefinition"),
    ("dagster._core.definitions.resource_annotation", "dagflow.defs.resources.definition",
     "TreatAsResourceParam=RESOURCE_MARK"),
    ("dagster._core.definitions.resource_definition", "dagflow.compat.functions",
     "dagster_maintained_resource=as_maintained"),
    ("dagster._core.definitions.result", "dagflow.events.asset_result", "AssetResult"),
    ("dagster._core.definitions.run_config_schema", "dagflow.defs.jobs.run_config", "RunConfigSchema"),
    ("dagster._core.definitions.run_request", "dagflow.automation.sensor_data", "DagsterRunReaction"),
    ("dagster._core.definitions.schedule_definition", "dagflow.automation.schedule_tick",
     "ScheduleExecutionData"),
    ("dagster._core.definitions.sensor_definition", "dagflow.automation.sensor_data", "SensorExecutionData"),
    ("dagster._core.definitions.sensor_definition", "dagflow.defs.automation.sensor", "SensorType"),
    ("dagster._core.definitions.timestamp", "dagflow.partitions.keys", "TimestampWithTimezone"),
    ("dagster._core.definitions.unresolved_asset_job_definition", "dagflow.defs.jobs.asset_job",
     "UnresolvedAssetJobDefinition"),
    ("dagster._core.definitions.utils", "dagflow.compat.types", "DEFAULT_IO_MANAGER_KEY DEFAULT_OUTPUT"),
    ("dagster._core.events", "dagflow.events.data",
     "AssetObservationData AssetWipedData ComputeLogsCaptureData EngineEventData HandledOutputData "
     "HookErroredData JobCanceledData LoadedInputData RunEnqueuedData RunFailureReason "
     "StepExpectationResultData StepMaterializationData"),
    ("dagster._core.events", "dagflow.events.planned", "AssetMaterializationPlannedData"),
    ("dagster._core.events", "dagflow.events.record", "JobFailureData"),
    ("dagster._core.events", "dagflow.events.types",
     "ALERT_EVENTS ASSET_EVENTS FAILURE_EVENTS HOOK_EVENTS STEP_EVENTS"),
    ("dagster._core.errors", "dagflow", ""),
    ("dagster._core.execution.api", "dagflow", ""),
    ("dagster._core.execution.context.compute", "dagflow", ""),
    ("dagster._core.execution.execution_result", "dagflow.runs.results", "ExecutionResult"),
    ("dagster._core.execution.plan.handle", "dagflow.keys", "StepHandle"),
    ("dagster._core.execution.plan.inputs", "dagflow.events.data", "StepInputData"),
    ("dagster._core.execution.plan.objects", "dagflow.events.data",
     "ErrorSource StepFailureData StepRetryData StepSuccessData TypeCheckData UserFailureData"),
    ("dagster._core.execution.plan.outputs", "dagflow.events.data", "StepOutputData StepOutputHandle"),
    ("dagster._core.execution.plan.step", "dagflow.events.record", "StepKind"),
    ("dagster._core.execution.plan.utils", "dagflow.events.user", "RetryRequestedFromPolicy"),
    ("dagster._core.executor.child_process_executor", "dagflow.errors", "ChildProcessCrashException"),
    ("dagster._core.instance.types", "dagflow.partitions.keys", "DynamicPartitionsStore"),
    ("dagster._core.instance_for_test", "dagflow", ""),
    ("dagster._core.selector.subset_selector", "dagflow.defs.jobs.content", "AssetSelectionData"),
    ("dagster._core.storage.asset_check_execution_record", "dagflow.instance.checks",
     "AssetCheckExecutionRecord AssetCheckExecutionRecordStatus"),
    ("dagster._core.storage.branching.branching_io_manager", "dagflow.io.branching", "BranchingIOManager"),
    ("dagster._core.storage.dagster_run", "dagflow", ""),
    ("dagster._core.storage.db_io_manager", "dagflow.io.db",
     "DbClient DbIOManager DbTypeHandler TablePartitionDimension TableSlice escape_sql_string_literal "
     "static_where_clause"),
    ("dagster._core.storage.event_log.base", "dagflow.instance.checks",
     "AssetCheckSummaryRecord EventLogStorage"),
    ("dagster._core.storage.file_manager", "dagflow.compat.files", "TempfileManager check_file_like_obj"),
    ("dagster._core.storage.file_manager", "dagflow.io.file_manager", "FileManager LocalFileManager"),
    ("dagster._core.storage.fs_io_manager", "dagflow", ""),
    ("dagster._core.storage.io_manager", "dagflow.compat.functions",
     "dagster_maintained_io_manager=as_maintained"),
    ("dagster._core.storage.tags", "dagflow.compat.tags", "*"),
    ("dagster._core.storage.upath_io_manager", "dagflow.compat.types", "is_dict_type"),
    ("dagster._core.test_utils", "dagflow.compat.tools",
     "create_run_for_test create_test_asset_job environ ignore_warning new_cwd raise_exception_on_warnings"),
    ("dagster._core.test_utils", "dagflow.compat.times", "freeze_time"),
    ("dagster._core.types.dagster_type", "dagflow.compat.types",
     "TypeHintInferredDagsterType resolve_dagster_type"),
    ("dagster._core.utils", "dagflow.compat.functions",
     "coerce_valid_log_level make_new_run_id parse_env_var"),
    ("dagster._record", "dagflow.compat.records", "*"),
    ("dagster._serdes", "dagflow", ""),
    ("dagster._time", "dagflow.compat.times",
     "add_absolute_time create_datetime datetime_from_timestamp get_current_datetime "
     "get_current_datetime_midnight get_current_timestamp get_timezone parse_time_string "
     "utc_datetime_from_naive"),
    ("dagster._utils", "dagflow.compat.files", "ensure_dir ensure_file mkdir_p safe_tempfile_path"),
    ("dagster._utils", "dagflow.compat.functions", "PICKLE_PROTOCOL dict_without_keys"),
    ("dagster._utils.backoff", "dagflow.compat.functions", "backoff"),
    ("dagster._utils.cached_method", "dagflow.compat.functions", "cached_method"),
    ("dagster._utils.env", "dagflow.compat.tools", "environ"),
    ("dagster._utils.error", "dagflow.compat.functions", "serializable_error_info_from_exc_info"),
    ("dagster._utils.log", "dagflow", ""),
    ("dagster._utils.merger", "dagflow.compat.functions", "deep_merge_dicts merge_dicts"),
    ("dagster._utils.security", "dagflow.compat.functions", "non_secure_md5_hash_str"),
    ("dagster._utils.test", "dagflow.compat.tools", "wrap_op_in_graph wrap_op_in_graph_and_execute"),
    ("dagster._utils.warnings", "dagflow.compat.warning_classes", "*"),
    ("dagster.components", "dagflow", ""),
    ("dagster.components.lib.sql_component.sql_client", "dagflow.compat.types", "SQLClient"),
    ("dagster.preview", "dagflow", ""),
    ("dagster.version", "dagflow.compat.paths", "__version__=VERSION"),
    ("dagster_shared", "dagflow", ""),
    ("dagster_shared.check", "dagflow.compat.checking", "*"),
    ("dagster_shared.check.functions", "dagflow.compat.checking", "*"),
    ("dagster_shared.record", "dagflow.compat.records", "*"),
    ("dagster_shared.seven", "dagflow.compat.files", "get_system_temp_directory"),
    ("dagster_shared.utils.cached_method", "dagflow.compat.functions", "cached_method"),
    ("dagster_shared.utils.warnings", "dagflow.compat.warning_classes", "*"),
    ("dagster_shared.version", "dagflow.compat.paths", "__version__=VERSION"),
)  # fmt: skip

PUBLIC_MODULES = frozenset({"components", "deprecated", "preview", "version"})
"""The modules directly below `dagster` whose names do not begin with an underscore."""


def _sources() -> dict[str, dict[str, str]]:
    modules: dict[str, dict[str, str]] = {}
    for module, place, names in ROWS:
        row = modules.setdefault(module, {})
        for name in names.split():
            theirs, _, ours = name.partition("=")
            row[theirs] = place if name == "*" else f"{place}:{ours or as_dagflow(theirs)}"
    return modules


MODULES = _sources()
"""The names of each module of the table, each with the module and the name in dagflow; `*`: a module."""

PACKAGES = frozenset(
    ".".join(parts[:length])
    for parts in (module.split(".") for module in MODULES)
    for length in range(1, len(parts) + 1)
)
"""The modules of the table, and the packages that they are in."""

EVERYWHERE = {name: source for row in MODULES.values() for name, source in row.items() if name[0] not in "*_"}
"""All names of the table. Names move from module to module between releases, so each module has them."""
