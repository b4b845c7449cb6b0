"""The definitions of dagflow in code: by the names of the functions that make them, for code that is
parsed, and as live objects.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.automation.partitioned_schedule import UnresolvedPartitionedAssetScheduleDefinition
from dagflow.defs.automation.schedule import ScheduleDefinition
from dagflow.defs.automation.sensor import SensorDefinition
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.jobs.asset_job import UnresolvedAssetJobDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.project.definitions import Definitions
from dagflow.defs.project.repository import RepositoryDefinition
from dagflow.defs.resources.definition import ResourceDefinition

_PACKAGES = frozenset({"dagflow", "dagster"})
_MAKERS = frozenset(
    [
        "AssetChecksDefinition",
        "AssetSensorDefinition",
        "AssetSpec",
        "AssetsDefinition",
        "Definitions",
        "GraphDefinition",
        "JobDefinition",
        "OpDefinition",
        "RunStatusSensorDefinition",
        "ScheduleDefinition",
        "SensorDefinition",
        "SourceAsset",
        "asset",
        "asset_check",
        "asset_sensor",
        "build_schedule_from_partitioned_job",
        "define_asset_job",
        "graph",
        "graph_asset",
        "graph_multi_asset",
        "job",
        "multi_asset",
        "multi_asset_check",
        "multi_asset_sensor",
        "multi_observable_source_asset",
        "observable_source_asset",
        "op",
        "repository",
        "run_failure_sensor",
        "run_status_sensor",
        "schedule",
        "sensor",
    ]
)


def is_declaration(names: Iterable[str]) -> bool:
    """Return whether a decorator is one of dagflow, whose arguments are facts of the definition.

    Args:
        names: The full names that the decorator may have, such as `dagflow.asset`.
    """
    return any(name.partition(".")[0] in _PACKAGES for name in names)


def makes_definition(names: Iterable[str]) -> bool:
    """Return whether a function or decorator makes a definition that is a node.

    Args:
        names: The full names that the function may have, such as `dagflow.define_asset_job`.
    """
    return any(
        name.partition(".")[0] in _PACKAGES and not _MAKERS.isdisjoint(name.split(".")) for name in names
    )


def is_definition(value: object) -> bool:
    """Return whether a live value is a definition that is a node of its own, or a project of them.

    Example:
        >>> from dagflow import RetryPolicy, op
        >>> is_definition(op(lambda: 1, name="one")), is_definition(RetryPolicy())
        (True, False)
    """
    return isinstance(value, _TYPES)


def functions_of(definition: object) -> list[Any]:
    """Return the functions and classes of a live definition, those of inner ops too.

    The list is empty for any other value.
    """
    if isinstance(definition, JobDefinition):
        return functions_of(definition.graph)
    if isinstance(definition, GraphDefinition):
        inner = [one for node in definition.node_dict.values() for one in functions_of(node.definition)]
        mapping = definition.config_mapping
        return [*inner, *([mapping.config_fn] if mapping is not None else [])]
    if isinstance(definition, AssetsDefinition):
        return [] if definition.is_declaration else functions_of(definition.node_def)
    if isinstance(definition, OpDefinition):
        return [definition.body.fn]
    if isinstance(definition, SourceAsset):
        return [definition.observe_fn] if definition.observe_fn is not None else []
    if isinstance(definition, ResourceDefinition):
        resource_cls = getattr(definition, "resource_cls", None)
        own = resource_cls if resource_cls is not None else definition.resource_fn
        return [own, *(one for inner in definition.nested for one in functions_of(inner))]
    if isinstance(definition, ScheduleDefinition):
        given = (definition.function, definition.run_config_fn, definition.tags_fn)
        return [one for one in given if one is not None]
    if isinstance(definition, SensorDefinition):
        return [definition.function]
    return []


_TYPES = (
    AssetSpec,
    AssetsDefinition,
    Definitions,
    GraphDefinition,
    JobDefinition,
    OpDefinition,
    RepositoryDefinition,
    ScheduleDefinition,
    SensorDefinition,
    SourceAsset,
    UnresolvedAssetJobDefinition,
    UnresolvedPartitionedAssetScheduleDefinition,
)
