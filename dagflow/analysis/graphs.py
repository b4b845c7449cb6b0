"""Definitions as a graph of names, for tools that select, count or draw: nodes, edges and attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.layer import AssetLayer
from dagflow.defs.assets.short_names import ShortNames
from dagflow.defs.assets.spec import AssetSpec, SourceAsset
from dagflow.defs.graphs.content import Node
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.errors import ParameterCheckError, repr_of
from dagflow.keys import AssetKey
from dagflow.selection.tree import Graph
from dagflow.selection.tree import Node as GraphNode

_Attributes = dict[str, frozenset[str]]


def graph_of(*definitions: Any) -> Graph:
    """Build the graph of the nodes and edges of definitions, for example to resolve selections.

    Args:
        definitions: Jobs, graphs, ops, assets. A definition that occurs twice on one level is one node.

    Returns:
        The graph. Ids are the paths of the nodes ("cafe:machine.brew", "asset:shop/cup", "op:beans").

    Raises:
        ParameterCheckError: An argument is not such a definition.

    Example:
        >>> from dagflow import job, op
        >>> from dagflow.testing import graph_of
        >>> @op
        ... def beans():
        ...     return 1
        >>> @op
        ... def brew(n):
        ...     return n
        >>> @job
        ... def cafe():
        ...     brew(beans())
        >>> graph = graph_of(cafe)
        >>> [node.names[0] for node in graph.nodes], len(graph.edges)
        (['beans', 'brew'], 1)
    """
    builder = _Builder()
    for definition in dict.fromkeys(definitions):
        builder.add(definition)
    return builder.graph()


class _Builder:
    """The nodes and edges so far. An asset is one node, even if several jobs run it."""

    def __init__(self) -> None:
        self.nodes: dict[str, GraphNode] = {}
        self.edges: list[tuple[str, str]] = []
        # node ids and definitions; several if modules define the same key
        self.assets: dict[AssetKey, list[tuple[str, Any]]] = {}
        self.reads: list[tuple[AssetKey, str, Any]] = []
        self.name_counts: dict[str, int] = {}

    def add(self, definition: Any) -> None:
        if isinstance(definition, JobDefinition):
            if definition.asset_layer is not None:
                self._asset_job(definition, definition.asset_layer)
            else:
                root_name = self._unique_name(definition.name)
                self._nodes(
                    definition.graph, root_name, "", None, {"job": frozenset({definition.name})}, definition
                )
        elif isinstance(definition, GraphDefinition):
            root_name = self._unique_name(definition.name)
            self._nodes(definition, root_name, "", None, {"graph": frozenset({definition.name})}, definition)
        elif isinstance(definition, OpDefinition):
            self._op(definition)
        elif isinstance(definition, (AssetsDefinition, SourceAsset, AssetSpec)):
            self._asset(definition, None)
        else:
            raise ParameterCheckError(
                f"graph_of takes jobs, graphs, ops and assets, not {repr_of(definition)} of type "
                f"'{type(definition).__name__}'"
            )

    def graph(self) -> Graph:
        """Return the graph of all added definitions."""
        names = ShortNames({key: found[0][1] for key, found in self.assets.items()})
        for key, reader, definition in self.reads:
            found = self.assets.get(names.resolve(key, definition), [])
            for upstream, _ in _nearest_first(found, definition):
                self.edges.append((upstream, reader))
        return Graph(self.nodes.values(), self.edges)

    def _unique_name(self, name: str) -> str:
        count = self.name_counts[name] = self.name_counts.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"

    def _op(self, op: OpDefinition) -> None:
        node_id = f"op:{self._unique_name(f'op:{op.name}').removeprefix('op:')}"
        self.nodes[node_id] = GraphNode(node_id, (op.name,), _op_attributes(op, op.tags), None, op, ())

    def _nodes(
        self,
        graph: GraphDefinition,
        root_name: str,
        prefix: str,
        parent: str | None,
        inherited: Mapping[str, frozenset[str]],
        whole: Any,
    ) -> None:
        parents = graph.parents
        for name, node in graph.node_dict.items():
            path = prefix + name
            node_id = f"{root_name}:{path}"
            attributes = {**inherited, **_node_attributes(node)}
            names = (path,) if path == name else (path, name)
            self.nodes[node_id] = GraphNode(node_id, names, attributes, parent, node.definition, (whole,))
            if isinstance(node.definition, GraphDefinition):
                inner = {**inherited, "graph": inherited.get("graph", frozenset()) | {node.definition.name}}
                self._nodes(node.definition, root_name, f"{path}.", node_id, inner, whole)
            self.edges += [(f"{root_name}:{prefix}{parent}", node_id) for parent in parents[name]]

    def _asset_job(self, job: JobDefinition, layer: AssetLayer) -> None:
        for assets_def in dict.fromkeys(layer.definitions.values()):
            self._asset(assets_def, job)

    def _asset(self, definition: Any, job: JobDefinition | None) -> None:
        keys = sorted(definition.keys) if isinstance(definition, AssetsDefinition) else [definition.key]
        for key in keys:
            known = self.assets.setdefault(key, [])
            found = next((node_id for node_id, other in known if other is definition), None)
            whole = () if job is None else (job,)
            if found is not None:
                node = self.nodes[found]
                jobs = node.attributes.get("job", frozenset())
                attributes = {**node.attributes, **({"job": frozenset({*jobs, job.name})} if job else {})}
                self.nodes[found] = node._replace(attributes=attributes, part_of=(*node.part_of, *whole))
                continue
            text = key.to_user_string()
            node_id = f"asset:{self._unique_name(f'asset:{text}').removeprefix('asset:')}"
            known.append((node_id, definition))
            attributes = {
                **_asset_attributes(definition, key),
                **({"job": frozenset({job.name})} if job else {}),
            }
            names = tuple(dict.fromkeys((text, *_step_names(definition))))
            self.nodes[node_id] = GraphNode(node_id, names, attributes, None, definition, whole)
            if isinstance(definition, AssetsDefinition):
                self.reads += [(read, node_id, definition) for read in definition.keys_by_input_name.values()]
            else:
                spec = definition.spec if isinstance(definition, SourceAsset) else definition
                self.reads += [(dep.asset_key, node_id, definition) for dep in spec.deps]


def _nearest_first(found: list[tuple[str, Any]], reader: Any) -> Iterator[tuple[str, Any]]:
    """Yield the assets in the module of the reader, or all assets with the key if that module has none."""
    own = [pair for pair in found if _module(pair[1]) == _module(reader)]
    yield from own or found


def _module(definition: Any) -> str | None:
    fn = getattr(definition, "__wrapped__", None)
    return getattr(fn, "__module__", None)


def _step_names(definition: Any) -> tuple[str, ...]:
    return (definition.node_def.name,) if isinstance(definition, AssetsDefinition) else ()


def _tags(tags: Mapping[str, str]) -> frozenset[str]:
    return frozenset({*tags, *(f"{key}={value}" for key, value in tags.items())})


def _op_attributes(op: OpDefinition, tags: Mapping[str, str]) -> _Attributes:
    return {
        "op": frozenset({op.name}),
        "tag": _tags(tags),
        "resource": op.required_resource_keys,
    }


def _node_attributes(node: Node) -> _Attributes:
    definition = node.definition
    if isinstance(definition, OpDefinition):
        return {**_op_attributes(definition, node.tags), "op": frozenset({definition.name, node.name})}
    return {"graph": frozenset({definition.name, node.name}), "tag": _tags(node.tags)}


def _asset_attributes(definition: Any, key: AssetKey) -> _Attributes:
    if isinstance(definition, AssetsDefinition):
        spec = definition.specs_by_key[key]
        op = definition.node_def
        tags = {**op.tags, **spec.tags}
        more = {"op": frozenset({op.name}), "resource": op.required_resource_keys}
    else:
        spec = definition.spec if isinstance(definition, SourceAsset) else definition
        tags, more = dict(spec.tags), {}
    text = frozenset({key.to_user_string()})
    return {
        "key": text,
        "asset": text,
        "group": frozenset({spec.group_name}),
        "tag": _tags(tags),
        "kind": frozenset(spec.kinds),
        "owner": frozenset(spec.owners),
        **more,
    }
