"""The only ways up: functions and classes of higher layers that lower layers use, each resolved at first use.

A definition can be called, a job can run itself, and an instance can store a run of a job. The code for this
lies in higher layers, and imports point down only. A lower module calls `_doors.invoke(...)`, or names a
class in an annotation, as `_doors.JobDefinition`. Type checkers read `_doors.pyi`, which imports the real
names. A test holds table and stub equal.
"""

from importlib import import_module
from typing import Any

DOORS = {
    "AndCondition": "dagflow.defs.conditions.operators",
    "AssetMatches": "dagflow.defs.conditions.quantifiers",
    "AssetSelection": "dagflow.defs.selections.definition",
    "AssetValueLoader": "dagflow.invocation.asset_values",
    "AutoMaterializePolicy": "dagflow.defs.conditions.auto_materialize",
    "AutomationCondition": "dagflow.defs.conditions.condition",
    "AutomationContext": "dagflow.automation.conditions.context",
    "AutomationResult": "dagflow.automation.conditions.context",
    "BuiltinCondition": "dagflow.defs.conditions.builtin",
    "ChecksCondition": "dagflow.defs.conditions.quantifiers",
    "CronTickPassed": "dagflow.defs.conditions.leaves",
    "DagflowLogManager": "dagflow.context.log",
    "DepsCondition": "dagflow.defs.conditions.quantifiers",
    "ExecuteInProcessResult": "dagflow.runs.results",
    "HasRunTags": "dagflow.defs.conditions.leaves",
    "IOManagerDefinition": "dagflow.defs.resources.io_managers",
    "InitResourceContext": "dagflow.context.init",
    "JobDefinition": "dagflow.defs.jobs.definition",
    "NewlyTrueCondition": "dagflow.defs.conditions.operators",
    "NotCondition": "dagflow.defs.conditions.operators",
    "OpDefinition": "dagflow.defs.ops.definition",
    "OrCondition": "dagflow.defs.conditions.operators",
    "RepositoryDefinition": "dagflow.defs.project.repository",
    "RunFailureSensorContext": "dagflow.automation.run_status_context",
    "ScheduleEvaluationContext": "dagflow.automation.schedule_context",
    "ScheduleExecutionData": "dagflow.automation.schedule_tick",
    "ScopedResources": "dagflow.context.resources",
    "SinceCondition": "dagflow.defs.conditions.operators",
    "SensorEvaluationContext": "dagflow.automation.sensor_context",
    "SensorExecutionData": "dagflow.automation.sensor_data",
    "build_builtin": "dagflow.io.builtin",
    "build_init_resource_context": "dagflow.invocation.build",
    "create_run": "dagflow.runs.launch",
    "evaluate_in": "dagflow.automation.conditions.context",
    "evaluate_schedule": "dagflow.automation.schedule_tick",
    "evaluate_sensor": "dagflow.automation.sensor_tick",
    "execute_in_process": "dagflow.runs.in_process",
    "invoke": "dagflow.invocation.invoke",
    "invoke_asset_sensor": "dagflow.automation.asset_tick",
    "invoke_condition_sensor": "dagflow.automation.condition_tick",
    "invoke_hook": "dagflow.invocation.hook",
    "invoke_logger": "dagflow.invocation.logger",
    "job_roots": "dagflow.defs.conditions.quantifiers",
    "latest_time_window": "dagflow.defs.conditions.leaves",
    "leaf": "dagflow.defs.conditions.leaves",
    "invoke_multi_asset_sensor": "dagflow.automation.multi_asset_tick",
    "invoke_run_status_sensor": "dagflow.automation.run_status_tick",
    "invoke_schedule": "dagflow.automation.call",
    "invoke_sensor": "dagflow.automation.call",
    "repository_of": "dagflow.defs.project.repository",
    "storable_class": "dagflow.defs.conditions.stored",
    "subset_of": "dagflow.runs.in_process",
}
"""The module of each name."""


def __getattr__(name: str) -> Any:
    module = DOORS.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(module), name)
    return value
