"""Tests of the tables of absent names and arguments against the installed Dagster."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

import dagflow
from dagflow.absent_names import ARGUMENTS, TOPICS

reference = pytest.importorskip("dagster", reason="it is not installed: pip install -e '.[differential]'")

NOT_FOR_USERS = {
    *("JobExecutionResult", "ExecuteInProcessResult", "HookContext", "InitResourceContext", "RunRecord"),
    *("InputContext", "OutputContext", "OpExecutionContext", "AssetExecutionContext", "DagflowLogManager"),
    *("DagflowInstance", "DagflowRun", "DagflowTypeLoaderContext", "RepositoryDefinition", "JobDefinition"),
    *("AssetsDefinition", "AutomationContext", "EvaluateAutomationConditionsResult"),
}
"""Classes that only the library itself builds."""

INTERNAL = {
    ("AssetValueLoader", "assets_defs_by_key"): "get_asset_value_loader makes the object",
    ("DagflowType", "kind"): "the kind of a built-in type",
    ("GraphDefinition", "composition_fn"): "set by the decorator",
    ("GraphDefinition", "input_assets"): "set by the functions that make assets of graphs",
    ("GraphDefinition", "node_input_source_assets"): "set by the functions that make assets of graphs",
    ("InputManagerDefinition", "resource_fn"): "@input_manager makes the object",
    ("MultiAssetSensorEvaluationContext", "code_location_origin"): "the address of a server with the code",
    ("RunFailureSensorContext", "_cm_scope_entered"): "private",
    ("RunFailureSensorContext", "_resources"): "private",
    ("RunStatusSensorContext", "_cm_scope_entered"): "private",
    ("RunStatusSensorContext", "_resources"): "private",
    ("ScalarUnion", "_key"): "private",
    ("SensorEvaluationContext", "code_location_origin"): "the address of a server with the code",
    ("SourceAsset", "_required_resource_keys"): "private",
    ("deserialize_value", "whitelist_map"): "a table of the reference's own classes",
    ("custom_path_fs_io_manager", "init_context"): "it is called by a run",
    ("fs_io_manager", "init_context"): "it is called by a run",
    ("local_file_manager", "init_context"): "it is called by a run",
    ("mem_io_manager", "_"): "it is called by a run",
    ("repository", "_component_tree"): "private",
    ("repository", "_top_level_resources"): "private",
    ("serialize_value", "whitelist_map"): "a table of the reference's own classes",
}
"""Arguments that users do not give."""


def renamed(name: str) -> str:
    """Return a name of Dagster as it is in dagflow."""
    return name.replace("dagster", "dagflow").replace("Dagster", "Dagflow")


def parameters_of(value: Any) -> set[str] | None:
    """Return the names of the parameters of a callable; None if it has no signature or takes any keyword."""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return None
    named = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
    return {renamed(name) for name, parameter in signature.parameters.items() if parameter.kind in named}


def public_names() -> Iterator[tuple[str, Any]]:
    """Yield each public name of the reference as it is in dagflow, with its value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in dir(reference):
            if not name.startswith("_"):
                yield renamed(name), getattr(reference, name)


def test_every_public_name_is_here_or_explained() -> None:
    """Each public name of Dagster is a name of dagflow, or is in the table; the table has no other names."""
    explained = {name for topic in TOPICS for name in topic.names}
    names = {name for name, _ in public_names()}

    assert names - {*dagflow.__all__} == explained


def test_every_argument_is_here_or_explained() -> None:
    """Each argument of a public function or class of Dagster is one of dagflow's, or is in the table."""
    missing = []
    for name, value in public_names():
        if name not in dagflow.__all__ or name in NOT_FOR_USERS or not callable(value):
            continue
        theirs, ours = parameters_of(value), parameters_of(getattr(dagflow, name))
        if theirs is None or not ours:
            continue
        explained = {argument for argument, row in ARGUMENTS.items() if name in row.owners.split()}
        missing += [
            (name, argument) for argument in theirs - ours - explained if (name, argument) not in INTERNAL
        ]

    assert not missing
