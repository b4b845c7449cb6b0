"""Strategies of hypothesis and properties for pipelines.

    from pytest_dagflow.strategies import run_configs

Import it in tests only. Nothing else of the plugin imports hypothesis.
"""

from __future__ import annotations

from pytest_dagflow.drawing.assets import BuiltAssets, asset_graphs, build_assets
from pytest_dagflow.drawing.config import InvalidRunConfig, invalid_run_configs, run_configs
from pytest_dagflow.drawing.faults import DrawnFaults, fault_plans
from pytest_dagflow.drawing.inputs import op_inputs
from pytest_dagflow.drawing.jobs import jobs
from pytest_dagflow.drawing.partitions import partition_keys, time_windows
from pytest_dagflow.drawing.programs import BuiltJob, build_job
from pytest_dagflow.drawing.selections import selections
from pytest_dagflow.properties.config_total import check_config_total
from pytest_dagflow.properties.executors import check_executors_agree
from pytest_dagflow.properties.failures import check_failure_contained
from pytest_dagflow.properties.partitions import check_partitions_independent
from pytest_dagflow.properties.repeated import check_idempotent, check_retry_safe

__all__ = [
    "BuiltAssets",
    "BuiltJob",
    "DrawnFaults",
    "InvalidRunConfig",
    "asset_graphs",
    "build_assets",
    "build_job",
    "check_config_total",
    "check_executors_agree",
    "check_failure_contained",
    "check_idempotent",
    "check_partitions_independent",
    "check_retry_safe",
    "fault_plans",
    "invalid_run_configs",
    "jobs",
    "op_inputs",
    "partition_keys",
    "run_configs",
    "selections",
    "time_windows",
]
