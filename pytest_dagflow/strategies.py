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
