"""Definitions as a graph of names, for tools that select, count or draw: nodes, edges and attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dagflow.defs.assets.check_spec import AssetCheckSpec
from dagflow.defs.assets.definition import AssetsDefinition, spec_of
from dagflow.defs.assets.short_names import ShortNames
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.graphs.content import Node
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.jobs.asset_job import UnresolvedAssetJobDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.project.definitions import Definitions
from dagflow.defs.project.repository import RepositoryDefinition
from dagflow.defs.resources.requirements import RESOURCE
from dagflow.defs.selections.terms import PARTITIONS
from dagflow.errors import ParameterCheckError, repr_of
from dagflow.keys import ASSET_JOB_NAME, AssetKey
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.selection.tree import Graph
from dagflow.selection.tree import Node as GraphNode

_Attributes = dict[str, frozenset[str]]


def graph_of(*definitions: Any) -> Graph:
    """Build the graph of the nodes and edges of definitions, for example to resolve selections.

    Args:
        definitions: Jobs, graphs, ops, assets, and `Definitions` and repositories, which count as all that
            they hold. A job of `define_asset_job` selects from the assets among the arguments. A definition
            that occurs twice on one level is one node.

    Returns:
        The graph. Ids are the paths of the nodes ("cafe:machine.brew", "asset:shop/cup", "op:beans").

    Raises:
        ParameterCheckError: An argument is not such a definition.
        DagflowInvalidDefinitionError: The jobs of a `Definitions` conflict or lack resources, or a job of
            `define_asset_job` selects an asset that is not among the arguments.

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
    # a whole project first: it adds its jobs with its resources, and the jobs alone are then known
    distinct = {id(definition): definition for definition in definitions}
    found = sorted(distinct.values(), key=lambda one: not isinstance(one, _PROJECTS))
    for definition in found:
        if not isinstance(definition, UnresolvedAssetJobDefinition):
            builder.add(definition)
        elif id(definition) not in builder.known_jobs:
            assets = [one for one in found if isinstance(one, _ASSETS)]
            builder.add(definition.resolve(assets), definition)
    return builder.graph()


def has_graph(value: object) -> bool:
    """Return whether `graph_of` takes a value: a job, a graph, an op, an asset or a project of them.

    Example:
        >>> from dagflow import Definitions
        >>> has_graph(Definitions()), has_graph("water")
        (True, False)
    """
    jobs = (JobDefinition, UnresolvedAssetJobDefinition)
    return isinstance(value, (*_ASSETS, *_PROJECTS, *jobs, GraphDefinition, OpDefinition))


_ASSETS = (AssetsDefinition, SourceAsset, AssetSpec)
_PROJECTS = (Definitions, RepositoryDefinition)


class _Builder:
    """The nodes and edges so far. An asset is one node, even if several jobs run it."""

    def __init__(self) -> None:
        self.nodes: dict[str, GraphNode] = {}
        self.edges: list[tuple[str, str]] = []
        # node ids and definitions; several if modules define the same key
        self.assets: dict[AssetKey, list[tuple[str, Any]]] = {}
        self.reads: list[tuple[AssetKey, str, Any]] = []
        self.name_counts: dict[str, int] = {}
        # the ids of the jobs that are added: as a user wrote them, and with the resources of their project
        self.known_jobs: set[int] = set()

    def add(self, definition: Any, origin: Any = None) -> None:
        """Add a definition.

        Args:
            definition: The definition.
            origin: For a job of a project: the job without the resources of the project.
        """
        if isinstance(definition, _PROJECTS):
            self._project(definition)
        elif isinstance(definition, JobDefinition):
            if id(definition) not in self.known_jobs:
                self._job(definition, (definition,) if origin is None else (definition, origin))
        elif isinstance(definition, GraphDefinition):
            root_name = self._unique_name(definition.name)
            attributes = {"graph": frozenset({definition.name})}
            self._nodes(definition, root_name, "", None, attributes, (definition,))
        elif isinstance(definition, OpDefinition):
            self._op(definition)
        elif isinstance(definition, _ASSETS):
            self._asset(definition, "", ())
        else:
            raise ParameterCheckError(
                f"graph_of takes jobs, graphs, ops, assets, Definitions and repositories, not "
                f"{repr_of(definition)} "
                f"of type '{type(definition).__name__}'"
            )

    def _project(self, project: Definitions | RepositoryDefinition) -> None:
        """Add the assets and jobs of a project. The job of all assets adds nothing to its assets."""
        if isinstance(project, Definitions):
            assets: list[Any] = [*project.assets, *project.asset_checks]
            jobs = project.resolve_all_job_defs()
            origins = {job.name: job for job in project.jobs}
        else:
            assets = [*project.assets_defs_by_key.values(), *project.source_assets_by_key.values()]
            jobs, origins = project.get_all_jobs(), {}
        for asset in dict.fromkeys(assets):
            self.add(asset)
        for job in jobs:
            if job.name != ASSET_JOB_NAME and id(origins.get(job.name)) not in self.known_jobs:
                self.add(job, origins.get(job.name))

    def _job(self, job: JobDefinition, wholes: tuple[Any, ...]) -> None:
        self.known_jobs.update(map(id, wholes))
        if job.asset_layer is not None:
            for asset in dict.fromkeys(job.asset_layer.definitions.values()):
                self._asset(asset, job.name, wholes)
        else:
            attributes = {"job": frozenset({job.name})}
            self._nodes(job.graph, self._unique_name(job.name), "", None, attributes, wholes)

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
        wholes: tuple[Any, ...],
    ) -> None:
        parents = graph.parents
        for name, node in graph.node_dict.items():
            path = prefix + name
            node_id = f"{root_name}:{path}"
            attributes = {**inherited, **_node_attributes(node, path)}
            names = (path,) if path == name else (path, name)
            self.nodes[node_id] = GraphNode(node_id, names, attributes, parent, node.definition, wholes)
            if isinstance(node.definition, GraphDefinition):
                inner = {**inherited, "graph": inherited.get("graph", frozenset()) | {node.definition.name}}
                self._nodes(node.definition, root_name, f"{path}.", node_id, inner, wholes)
            self.edges += [(f"{root_name}:{prefix}{parent}", node_id) for parent in parents[name]]

    def _asset(self, definition: Any, job: str, wholes: tuple[Any, ...]) -> None:
        """Add the nodes of an asset, or add its job to them. `job` is empty for an asset without a job."""
        in_job = {"job": frozenset({job})} if job else {}
        keys = sorted(definition.keys) if isinstance(definition, AssetsDefinition) else [definition.key]
        for key in keys:
            known = self.assets.setdefault(key, [])
            found = next((node_id for node_id, other in known if other is definition), None)
            if found is not None:
                node = self.nodes[found]
                jobs = in_job.get("job", frozenset()).union(node.attributes.get("job", ()))
                attributes = {**node.attributes, **({"job": jobs} if jobs else {})}
                self.nodes[found] = node._replace(attributes=attributes, part_of=(*node.part_of, *wholes))
                continue
            text = key.to_user_string()
            node_id = f"asset:{self._unique_name(f'asset:{text}').removeprefix('asset:')}"
            known.append((node_id, definition))
            attributes = {**_asset_attributes(definition, key), **in_job}
            names = tuple(dict.fromkeys((text, *_step_names(definition))))
            self.nodes[node_id] = GraphNode(node_id, names, attributes, None, definition, wholes)
            spec = spec_of(definition, key)
            self.reads += [(dep.asset_key, node_id, definition) for dep in spec.deps]
        if isinstance(definition, AssetsDefinition):
            self._checks(definition, in_job, wholes)

    def _checks(self, definition: AssetsDefinition, in_job: _Attributes, wholes: tuple[Any, ...]) -> None:
        """Add the nodes of the checks of a definition, or add its job to them."""
        for spec in definition.check_specs:
            text = spec.key.to_user_string()
            node_id = f"check:{text}"
            node = self.nodes.get(node_id)
            if node is not None:
                jobs = in_job.get("job", frozenset()).union(node.attributes.get("job", ()))
                attributes = {**node.attributes, **({"job": jobs} if jobs else {})}
                self.nodes[node_id] = node._replace(attributes=attributes, part_of=(*node.part_of, *wholes))
                continue
            attributes = {**_check_attributes(definition, spec), **in_job}
            steps = () if definition.has_keys else _step_names(definition)
            names = tuple(dict.fromkeys((text, *steps)))
            self.nodes[node_id] = GraphNode(node_id, names, attributes, None, definition, wholes)
            deps = (spec.asset_key, *(dep.asset_key for dep in spec.additional_deps))
            self.reads += [(key, node_id, definition) for key in deps]


def _nearest_first(found: list[tuple[str, Any]], reader: Any) -> Iterator[tuple[str, Any]]:
    """Yield the assets in the module of the reader, or all assets with the key if that module has none."""
    own = [pair for pair in found if _module(pair[1]) == _module(reader)]
    yield from own or found


def _module(definition: Any) -> str | None:
    fn = getattr(definition, "__wrapped__", None)
    return getattr(fn, "__module__", None)


def _step_names(definition: Any) -> tuple[str, ...]:
    is_run = isinstance(definition, AssetsDefinition) and not definition.is_declaration
    return (definition.node_def.name,) if is_run else ()


def _tags(tags: Mapping[str, str]) -> frozenset[str]:
    return frozenset([f"{key}={value}" if value else key for key, value in tags.items()])


def _op_attributes(op: OpDefinition, tags: Mapping[str, str]) -> _Attributes:
    return {
        "op": frozenset({op.name}),
        "tag": _tags(tags),
        "resource": op.required_resource_keys,
    }


def _node_attributes(node: Node, path: str) -> _Attributes:
    definition = node.definition
    names = frozenset({definition.name, node.name, path})
    if isinstance(definition, OpDefinition):
        return {**_op_attributes(definition, node.tags), "op": names}
    return {"graph": names, "tag": _tags(node.tags)}


def _partitions(definition: PartitionsDefinition | None) -> list[str]:
    """Return the words for partitions in a selection."""
    if definition is None:
        return ["none"]
    return [word for word, cls in PARTITIONS.items() if isinstance(definition, cls)]


def _is_materializable(definition: Any) -> bool:
    return isinstance(definition, AssetsDefinition) and definition.is_materializable


def _check_attributes(definition: AssetsDefinition, spec: AssetCheckSpec) -> _Attributes:
    needs = {need.key for need in definition.own_requirements() if need.role == RESOURCE}
    return {
        "check": frozenset({spec.name, spec.key.to_user_string()}),
        "op": frozenset({definition.node_def.name}),
        "tag": _tags(definition.node_def.tags),
        "resource": frozenset(needs),
    }


def _asset_attributes(definition: Any, key: AssetKey) -> _Attributes:
    spec, more = spec_of(definition, key), {}
    tags = dict(spec.tags)
    if isinstance(definition, AssetsDefinition) and not definition.is_declaration:
        needs = {need.key for need in definition.own_requirements() if need.role == RESOURCE}
        tags = {**definition.node_def.tags, **tags}
        more = {"op": frozenset({definition.node_def.name}), "resource": frozenset(needs)}
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
        **more,
    }
