"""The edges into a node: the inputs that read another node, and the nodes that they only wait for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dagflow._util import UNSET
from dagflow.defs.assets.definition import AssetsDefinition, spec_of
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.graphs.wiring import DependencyDefinition, MultiDependencyDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.ports import InputDefinition
from dagflow.errors import repr_of
from dagflow.keys import AssetKey
from dagflow.selection.graph import Graph, Node


class Edge(NamedTuple):
    """An edge into a node.

    Attributes:
        input: The input of the op.
        upstream: The name of the upstream node.
        only_orders: Whether the input has no value.
        can_drop: Whether a run is possible without the edge.
        without: The value of the input without the edge, for people.
        is_partitioned: Whether the input reads partitions of an asset.
        asset: The key of the asset that it reads; empty for another edge.
        position: The position in the list of the input.
        step: The name of the node in its graph; empty for an asset or check.
    """

    input: str
    upstream: str
    only_orders: bool
    can_drop: bool
    without: str = ""
    is_partitioned: bool = False
    asset: str = ""
    position: int = 0
    step: str = ""


def edges_into(graph: Graph, node: Node, op: OpDefinition) -> Iterator[Edge]:
    """Yield the edges into the op of a node.

    Args:
        graph: The graph of the node.
        node: The node.
        op: Its op.
    """
    definition = node.definition
    if isinstance(definition, AssetsDefinition):
        yield from _edges_of_asset(graph, definition, op)
        return
    frame, step = frame_of(graph, node)
    if frame is None or step in frame.mapped_nodes:
        return
    for name, dependency in frame.wires[step].items():
        port = op.ins.get(name)
        if port is None:
            continue
        orders, can_drop, without = port.dagflow_type.is_nothing, _can_drop(port), _without(port)
        if isinstance(dependency, DependencyDefinition):
            yield Edge(name, _shown(dependency), orders, orders or can_drop, without, step=step)
        elif isinstance(dependency, MultiDependencyDefinition):
            parts = dependency.dependencies
            shown = [_shown(part) if isinstance(part, DependencyDefinition) else name for part in parts]
            if orders:
                yield Edge(name, ", ".join(shown), True, True, step=step)
                continue
            for index in range(len(parts)):
                rest = ", ".join(shown[:index] + shown[index + 1 :])
                yield Edge(name, f"[{', '.join(shown)}]", False, True, f"[{rest}]", position=index, step=step)


def frame_of(graph: Graph, node: Node) -> tuple[GraphDefinition | None, str]:
    """Return the graph definition that a node of an op is directly inside, and the name of the node there.

    Returns:
        None and "" for an asset, a check, or an op outside of a graph.
    """
    name = node.id.rpartition(":")[2].rpartition(".")[2]
    if node.parent is not None:
        around = [graph.node(node.parent).definition]
    elif isinstance(node.definition, AssetsDefinition):
        return None, ""
    else:
        around = list(node.part_of)
    for one in around:
        inner = one.graph if isinstance(one, JobDefinition) else one
        inner = inner.node_def if isinstance(inner, AssetsDefinition) else inner
        if isinstance(inner, GraphDefinition) and name in inner.node_dict:
            return inner, name
    return None, ""


def _edges_of_asset(graph: Graph, definition: AssetsDefinition, op: OpDefinition) -> Iterator[Edge]:
    made = {node.key: node.definition for node in graph.nodes if isinstance(node.key, AssetKey)}
    for name, key in definition.keys_by_input_name.items():
        port, upstream = op.ins.get(name), made.get(key)
        if port is None or upstream is None:
            continue
        orders = port.dagflow_type.is_nothing
        is_made = isinstance(upstream, AssetsDefinition) and upstream.is_materializable
        is_partitioned = spec_of(upstream, key).partitions_def is not None  # type: ignore[arg-type]
        text = key.to_user_string()
        can_drop = (is_made and orders) or (not orders and _can_drop(port))
        yield Edge(name, text, orders, can_drop, _without(port), is_partitioned, text)


def _can_drop(port: InputDefinition) -> bool:
    """Return whether a value can replace that of the edge: the default, or None if its type allows it.

    The type check of a run would find any other mutant, without a test.
    """
    return port.default_value is not UNSET or port.dagflow_type.is_any


def _without(port: InputDefinition) -> str:
    return "None" if port.default_value is UNSET else repr_of(port.default_value)


def _shown(dependency: DependencyDefinition) -> str:
    return dependency.node if dependency.output == "result" else f"{dependency.node}.{dependency.output}"
