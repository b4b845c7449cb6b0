"""The names and attributes of the nodes of a graph: what a selection can name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from dagflow.defs.assets.check_spec import AssetCheckSpec
from dagflow.defs.assets.definition import AssetsDefinition, spec_of
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.graphs.content import Node
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.defs.resources.requirements import RESOURCE, Requirement
from dagflow.defs.selections.terms import PARTITIONS
from dagflow.keys import AssetKey
from dagflow.partitions.definition import PartitionsDefinition

Attributes = dict[str, frozenset[str]]

OF_ASSET: Final = ("group", "kind", "owner")
"""The attributes that a check has from its asset."""


def graph_inside(definition: Any) -> GraphDefinition | None:
    """Return the graph that makes assets; None if an op makes them, or nothing does."""
    if not isinstance(definition, AssetsDefinition) or definition.is_declaration:
        return None
    node_def = definition.node_def
    return node_def if isinstance(node_def, GraphDefinition) else None


def step_names(definition: Any) -> tuple[str, ...]:
    """Return the name of the op or graph of assets or checks; nothing if no run executes them."""
    node_def = _node_def(definition)
    return () if node_def is None else (node_def.name,)


def _node_def(definition: Any) -> OpDefinition | GraphDefinition | None:
    if isinstance(definition, SourceAsset):
        return definition.node_def
    is_run = isinstance(definition, AssetsDefinition) and not definition.is_declaration
    return definition.node_def if is_run else None


def _tags(tags: Mapping[str, str]) -> frozenset[str]:
    return frozenset([f"{key}={value}" if value else key for key, value in tags.items()])


def op_attributes(op: OpDefinition, tags: Mapping[str, str]) -> Attributes:
    """Return the attributes of an op with these tags."""
    return {
        "op": frozenset({op.name}),
        "tag": _tags(tags),
        "resource": _resources(op.all_requirements()),
    }


def _resources(needs: Iterable[Requirement]) -> frozenset[str]:
    """Return the keys of resources, without the default I/O manager, which nearly all nodes have."""
    return frozenset(
        need.key for need in needs if need.role == RESOURCE or need.key != DEFAULT_IO_MANAGER_KEY
    )


def node_attributes(node: Node, path: str) -> Attributes:
    """Return the attributes of a node of a graph, with its path."""
    definition = node.definition
    names = frozenset({definition.name, node.name, path})
    if isinstance(definition, OpDefinition):
        return {**op_attributes(definition, node.tags), "op": names}
    return {"graph": names, "tag": _tags(node.tags)}


def _partitions(definition: PartitionsDefinition | None) -> list[str]:
    """Return the words for partitions in a selection."""
    if definition is None:
        return ["none"]
    return [word for word, cls in PARTITIONS.items() if isinstance(definition, cls)]


def _is_materializable(definition: Any) -> bool:
    return isinstance(definition, AssetsDefinition) and definition.is_materializable


def check_attributes(definition: AssetsDefinition, spec: AssetCheckSpec) -> Attributes:
    """Return the attributes of a check, without those of its asset."""
    return {
        "check": frozenset({spec.name, spec.key.to_user_string()}),
        "tag": _tags(definition.node_def.tags),
        **_run_attributes(definition),
    }


def _run_attributes(definition: Any) -> Attributes:
    """Return the name and the resources of the op or graph of assets or checks."""
    node_def = _node_def(definition)
    if node_def is None:
        return {}
    if isinstance(definition, SourceAsset):
        needs = frozenset(definition.observe_resource_keys)
    else:
        needs = _resources(definition.own_requirements())
    kind = "op" if isinstance(node_def, OpDefinition) else "graph"
    return {kind: frozenset({node_def.name}), "resource": needs}


def asset_attributes(definition: Any, key: AssetKey) -> Attributes:
    """Return the attributes of one asset of a definition."""
    spec, node_def = spec_of(definition, key), _node_def(definition)
    tags = dict(spec.tags) if node_def is None else {**node_def.tags, **spec.tags}
    text = frozenset({key.to_user_string()})
    return {
        "key": text,
        "asset": text,
        "group": frozenset({spec.shown_group}),
        "tag": _tags(tags),
        "kind": frozenset(spec.kinds),
        "owner": frozenset(spec.owners),
        "partitions": frozenset(_partitions(spec.partitions_def)),
        "is": frozenset({"materializable" if _is_materializable(definition) else "external"}),
        **_run_attributes(definition),
    }
