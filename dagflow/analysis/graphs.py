"""Definitions as a graph of names, for tools that select, count or draw: nodes, edges and attributes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from dagflow.analysis.attributes import (
    OF_ASSET,
    asset_attributes,
    check_attributes,
    graph_inside,
    node_attributes,
    op_attributes,
    step_names,
)
from dagflow.defs.assets.asset_graph import AssetGraph
from dagflow.defs.assets.definition import AssetsDefinition, spec_of
from dagflow.defs.assets.short_names import ShortNames
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.automation.sensor import SensorDefinition
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.jobs.asset_job import UnresolvedAssetJobDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.project.automation import SCHEDULES, AnySchedule, assets_of, jobs_of, targets_of
from dagflow.defs.project.definitions import Definitions
from dagflow.defs.project.repository import RepositoryDefinition
from dagflow.errors import DagflowError, ParameterCheckError, repr_of
from dagflow.keys import ANONYMOUS_JOB_PREFIX, ASSET_JOB_NAME, AssetCheckKey, AssetKey
from dagflow.selection.graph import Graph
from dagflow.selection.graph import Node as GraphNode

_Attributes = dict[str, frozenset[str]]


def graph_of(*definitions: Any, strict: bool = True) -> Graph:
    """Build the graph of the nodes and edges of definitions, for example to resolve selections.

    Args:
        definitions: Jobs, graphs, ops, assets, schedules and sensors, which count as what they start, and
            `Definitions` and repositories, which count as all that they hold. A job of `define_asset_job`
            selects from the assets among the arguments. A definition that occurs twice on one level is one
            node.
        strict: Whether a fault is an error. If not, a project with a fault is replaced by its parts, and any
            other definition with a fault is left out.

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
    builder = _Builder(strict)
    # a whole project first: it adds its jobs with its resources, and the jobs alone are then known
    distinct = {id(definition): definition for definition in definitions}
    automations = [one for one in distinct.values() if isinstance(one, _AUTOMATIONS)]
    distinct.update({id(one): one for one in (*assets_of(automations), *jobs_of(automations))})
    found = sorted(distinct.values(), key=lambda one: not isinstance(one, _PROJECTS))
    for definition in found:
        if strict:
            _add(builder, definition, found)
        else:
            found += _add_without_faults(builder, definition, found)
    return builder.graph()


def _add(builder: _Builder, definition: Any, found: Iterable[Any]) -> None:
    """Add a definition, or a job that selects from the assets among all definitions."""
    if not isinstance(definition, UnresolvedAssetJobDefinition):
        builder.add(definition)
    elif id(definition) not in builder.known_jobs:
        assets = [one for one in found if isinstance(one, _ASSETS)]
        builder.add(definition.resolve(assets), definition)


def _add_without_faults(builder: _Builder, definition: Any, found: Iterable[Any]) -> list[Any]:
    """Add a definition, or return the parts of it to add instead, because it has a fault."""
    try:
        _add(builder, definition, found)
    except DagflowError:
        if isinstance(definition, Definitions):
            assets = [*definition.assets, *definition.asset_checks]
            return [*assets, *definition.jobs, *definition.schedules, *definition.sensors]
    return []


def has_graph(value: object) -> bool:
    """Return whether `graph_of` takes a value: a job, a graph, an op, an asset, a schedule, a sensor, or a
    project of them.

    Example:
        >>> from dagflow import Definitions
        >>> has_graph(Definitions()), has_graph("water")
        (True, False)
    """
    jobs = (JobDefinition, UnresolvedAssetJobDefinition)
    return isinstance(value, (*_ASSETS, *_PROJECTS, *_AUTOMATIONS, *jobs, GraphDefinition, OpDefinition))


def _added_sensors(project: Definitions) -> list[SensorDefinition]:
    """Return the sensor that dagflow adds to a project; nothing if the project does not load as a whole."""
    given = {one.name for one in project.sensors}
    try:
        return [one for one in project.resolve_automations()[1] if one.name not in given]
    except DagflowError:
        return []


_ASSETS = (AssetsDefinition, SourceAsset, AssetSpec)
_AUTOMATIONS = (*SCHEDULES, SensorDefinition)
_PROJECTS = (Definitions, RepositoryDefinition)
_Automation = AnySchedule | SensorDefinition
_FindAssets = Callable[[], AssetGraph]


class _Builder:
    """The nodes and edges so far. An asset is one node, even if several jobs run it.

    Args:
        strict: Whether a selection that cannot be resolved is an error.
    """

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.nodes: dict[str, GraphNode] = {}
        self.edges: list[tuple[str, str]] = []
        # node ids and definitions; several if modules define the same key
        self.assets: dict[AssetKey, list[tuple[str, Any]]] = {}
        self.checks: dict[AssetCheckKey, list[tuple[str, Any]]] = {}
        # the ids of all nodes inside an asset, by its node id
        self.inner: dict[str, list[str]] = {}
        self.reads: list[tuple[AssetKey, str, Any]] = []
        self.name_counts: dict[str, int] = {}
        # the ids of the jobs that are added: as a user wrote them, and with the resources of their project
        self.known_jobs: set[int] = set()
        # schedules and sensors, each with the jobs of its project by name, and with the assets of its project
        self.automations: list[tuple[_Automation, Mapping[str, JobDefinition], _FindAssets]] = []
        # values of attributes that nodes may have or not
        self.known: dict[str, set[str]] = {}

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
        elif isinstance(definition, _AUTOMATIONS):
            self.automations.append((definition, {}, self._assets_without_project))
        else:
            raise ParameterCheckError(
                "graph_of takes jobs, graphs, ops, assets, schedules, sensors, Definitions and repositories, "
                f"not {repr_of(definition)} of type '{type(definition).__name__}'"
            )

    def _project(self, project: Definitions | RepositoryDefinition) -> None:
        """Add all that a project holds. The job of all assets adds nothing to its assets."""
        automations: list[Any]
        if isinstance(project, Definitions):
            assets: list[Any] = project.all_assets()
            jobs = project.resolve_all_job_defs()
            origins = {job.name: job for job in project.all_jobs()}
            automations, resources = [*project.schedules, *project.sensors], project.resources
            automations += _added_sensors(project)
            find_assets: _FindAssets = project.resolve_asset_graph
        else:
            checks = project.asset_checks_defs_by_key.values()
            assets = [
                *project.assets_defs_by_key.values(), *project.source_assets_by_key.values(), *checks
            ]  # fmt: skip
            jobs, origins = project.get_all_jobs(), {}
            automations = [*project.schedule_defs, *project.sensor_defs]
            resources, find_assets = project.get_top_level_resources(), lambda: project.asset_graph
        self._know("resource", resources or ())
        by_name = {job.name: job for job in jobs}
        self.automations += [(automation, by_name, find_assets) for automation in automations]
        for asset in dict.fromkeys(assets):
            self.add(asset)
        for job in jobs:
            if job.name != ASSET_JOB_NAME and id(origins.get(job.name)) not in self.known_jobs:
                self.add(job, origins.get(job.name))

    def _job(self, job: JobDefinition, wholes: tuple[Any, ...]) -> None:
        self.known_jobs.update(map(id, wholes))
        name = "" if job.name.startswith(ANONYMOUS_JOB_PREFIX) else job.name  # no user wrote that name
        self._know("job", [name] * bool(name))
        if job.asset_layer is not None:
            for asset in dict.fromkeys(job.asset_layer.definitions.values()):
                self._asset(asset, name, wholes)
        else:
            attributes = {"job": frozenset({job.name})}
            self._nodes(job.graph, self._unique_name(job.name), "", None, attributes, wholes)

    def graph(self) -> Graph:
        """Return the graph of all added definitions."""
        self._connect_assets()
        self._connect_automations()
        automations = {id(automation): automation for automation, *_ in self.automations}
        return Graph(self.nodes.values(), self.edges, self.known, automations.values())

    def _know(self, attribute: str, values: Iterable[str]) -> None:
        self.known.setdefault(attribute, set()).update(values)

    def _unique_name(self, name: str) -> str:
        count = self.name_counts[name] = self.name_counts.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"

    def _op(self, op: OpDefinition) -> None:
        node_id = f"op:{self._unique_name(f'op:{op.name}').removeprefix('op:')}"
        self.nodes[node_id] = GraphNode(node_id, (op.name,), op_attributes(op, op.tags), None, op, ())

    def _nodes(
        self,
        graph: GraphDefinition,
        root_name: str,
        prefix: str,
        parent: str | None,
        inherited: Mapping[str, frozenset[str]],
        wholes: tuple[Any, ...],
        tops: Collection[str] = (),
    ) -> None:
        """Add the nodes of a graph, and the nodes inside them.

        A node in an inner graph has its own name too, unless it is in `tops`, the names of the top level.
        """
        parents = graph.parents
        tops = tops if prefix else graph.node_dict.keys()
        for name, node in graph.node_dict.items():
            path = prefix + name
            node_id = f"{root_name}:{path}"
            attributes = {**inherited, **node_attributes(node, path)}
            names = (path,) if name in tops else (path, name)
            self.nodes[node_id] = GraphNode(node_id, names, attributes, parent, node.definition, wholes)
            self.inner.setdefault(root_name, []).append(node_id)
            if isinstance(node.definition, GraphDefinition):
                inner = {**inherited, "graph": inherited.get("graph", frozenset()) | {node.definition.name}}
                self._nodes(node.definition, root_name, f"{path}.", node_id, inner, wholes, tops)
            self.edges += [(f"{root_name}:{prefix}{parent}", node_id) for parent in parents[name]]

    def _asset(self, definition: Any, job: str, wholes: tuple[Any, ...]) -> None:
        """Add the nodes of an asset, or add its job to them. `job` is empty for an asset without a job.

        A selected part of a definition adds the nodes of this part, as nodes of the whole definition.
        """
        in_job = {"job": frozenset({job})} if job else {}
        whole = definition.whole if isinstance(definition, AssetsDefinition) else definition
        keys = sorted(definition.keys) if isinstance(definition, AssetsDefinition) else [definition.key]
        for key in keys:
            known = self.assets.setdefault(key, [])
            if self._is_known(known, whole, in_job, wholes):
                continue
            text = key.to_user_string()
            node_id = f"asset:{self._unique_name(f'asset:{text}').removeprefix('asset:')}"
            known.append((node_id, whole))
            attributes = {**asset_attributes(whole, key), **in_job}
            names = tuple(dict.fromkeys((text, *step_names(whole))))
            self.nodes[node_id] = GraphNode(node_id, names, attributes, None, whole, wholes, key)
            self.reads += [(dep.asset_key, node_id, whole) for dep in spec_of(whole, key).deps]
            graph = graph_inside(whole)
            if graph is not None:
                inherited = {"graph": frozenset({graph.name}), **in_job}
                self._nodes(graph, node_id, f"{graph.name}.", node_id, inherited, wholes)
        if isinstance(definition, AssetsDefinition):
            self._checks(definition, in_job, wholes)

    def _checks(self, definition: AssetsDefinition, in_job: _Attributes, wholes: tuple[Any, ...]) -> None:
        """Add the nodes of the checks of a definition, or add its job to them."""
        whole = definition.whole
        for spec in definition.check_specs:
            known = self.checks.setdefault(spec.key, [])
            if self._is_known(known, whole, in_job, wholes):
                continue
            text = spec.key.to_user_string()
            node_id = f"check:{self._unique_name(f'check:{text}').removeprefix('check:')}"
            known.append((node_id, whole))
            attributes = {**check_attributes(whole, spec), **in_job}
            steps = () if whole.has_keys else step_names(whole)
            names = tuple(dict.fromkeys((text, *steps)))
            self.nodes[node_id] = GraphNode(node_id, names, attributes, None, whole, wholes, spec.key)
            deps = {spec.asset_key: None, **dict.fromkeys(dep.asset_key for dep in spec.additional_deps)}
            if whole.is_of_checks:  # also the assets whose values the function of the check gets
                ins = whole.node_def.ins
                read = whole.keys_by_input_name.items()
                deps.update({key: None for name, key in read if not ins[name].dagflow_type.is_nothing})
            self.reads += [(key, node_id, whole) for key in deps]

    def _is_known(
        self,
        known: Iterable[tuple[str, Any]],
        definition: Any,
        in_job: _Attributes,
        wholes: tuple[Any, ...],
    ) -> bool:
        """Return whether a definition is among those of a key. Its node is then also part of the job."""
        found = next((node_id for node_id, other in known if other is definition), None)
        if found is None:
            return False
        for node_id in [found, *self.inner.get(found, ())]:
            node = self.nodes[node_id]
            jobs = in_job.get("job", frozenset()).union(node.attributes.get("job", ()))
            attributes = {**node.attributes, **({"job": jobs} if jobs else {})}
            self.nodes[node_id] = node._replace(attributes=attributes, part_of=(*node.part_of, *wholes))
        return True

    def _connect_assets(self) -> None:
        """Add the edges of assets and checks, and to each check what belongs to its asset."""
        names = ShortNames({key: found[0][1] for key, found in self.assets.items()})
        gates: dict[str, list[str]] = {}  # the blocking checks of each asset, by node id
        for found in self.checks.values():
            for check_id, definition in found:
                key = self.nodes[check_id].key
                assert isinstance(key, AssetCheckKey)
                spec = next(spec for spec in definition.check_specs if spec.key == key)
                of_asset = self.assets.get(names.resolve(key.asset_key, definition), [])
                for asset_id, _ in _nearest_first(of_asset, definition):
                    self._add_attributes_of_asset(check_id, asset_id)
                    if spec.blocking:
                        gates.setdefault(asset_id, []).append(check_id)
        for key, reader, definition in self.reads:
            for upstream, _ in _nearest_first(
                self.assets.get(names.resolve(key, definition), []), definition
            ):
                self.edges.append((upstream, reader))
                if isinstance(self.nodes[reader].key, AssetKey):
                    self.edges += [
                        (check_id, reader)
                        for check_id in gates.get(upstream, ())
                        if self.nodes[check_id].definition is not definition
                    ]

    def _connect_automations(self) -> None:
        """Add the names of schedules and sensors to the nodes that they start."""
        if not self.automations:
            return
        nodes_of: dict[object, list[str]] = {}  # by the id of a job, and by its name
        for node in self.nodes.values():
            for key in (*map(id, node.part_of), *node.attributes.get("job", ())):
                nodes_of.setdefault(key, []).append(node.id)
        for automation, jobs, find_assets in self.automations:
            attribute = "sensor" if isinstance(automation, SensorDefinition) else "schedule"
            self._know(attribute, [automation.name])
            started = self._selected_by(automation, find_assets)
            for target in targets_of(automation):
                # the job as the project runs it, and as a user wrote it
                known = [job for job in (jobs.get(target.job_name), target.job) if job is not None]
                keys: list[object] = [*map(id, known)] or [target.job_name]
                started += [node_id for key in keys for node_id in nodes_of.get(key, ())]
            for node_id in dict.fromkeys(started):
                node = self.nodes[node_id]
                names = frozenset({automation.name}).union(node.attributes.get(attribute, ()))
                self.nodes[node_id] = node._replace(
                    attributes={**node.attributes, attribute: names}, part_of=(*node.part_of, automation)
                )

    def _selected_by(self, automation: _Automation, find_assets: _FindAssets) -> list[str]:
        """Return the ids of the nodes that a sensor selects by an AssetSelection."""
        selection = automation.asset_selection if isinstance(automation, SensorDefinition) else None
        if selection is None:
            return []
        try:
            assets = find_assets()
            keys, checks = selection.resolve(assets, True), selection.resolve_checks(assets, True)
        except DagflowError:
            if self.strict:
                raise
            return []
        found = [pair for key in keys for pair in self.assets.get(key, ())]
        found += [pair for key in checks for pair in self.checks.get(key, ())]
        return [one for node_id, _ in found for one in (node_id, *self.inner.get(node_id, ()))]

    def _assets_without_project(self) -> AssetGraph:
        """Return the graph of one definition of each asset and check."""
        found = [pairs[0][1] for pairs in (*self.assets.values(), *self.checks.values())]
        return Definitions(list(dict.fromkeys(found))).resolve_asset_graph()

    def _add_attributes_of_asset(self, check_id: str, asset_id: str) -> None:
        check, asset = self.nodes[check_id], self.nodes[asset_id]
        more = {
            name: frozenset(asset.attributes.get(name, ())).union(check.attributes.get(name, ()))
            for name in OF_ASSET
        }
        self.nodes[check_id] = check._replace(attributes={**check.attributes, **more})


def _nearest_first(found: list[tuple[str, Any]], reader: Any) -> Iterator[tuple[str, Any]]:
    """Yield the assets in the module of the reader, or all assets with the key if that module has none."""
    own = [pair for pair in found if _module(pair[1]) == _module(reader)]
    yield from own or found


def _module(definition: Any) -> str | None:
    fn = getattr(definition, "__wrapped__", None)
    return getattr(fn, "__module__", None)
