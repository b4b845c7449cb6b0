"""The common part of all evaluations of a graph of assets: its entities, their order, compiled conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from weakref import WeakKeyDictionary

from dagflow.automation.conditions import leaves, operators, quantifiers, rules
from dagflow.automation.conditions.entities import Edge, Entity, EntityKey, Slots, SlotSource, identity_of
from dagflow.automation.conditions.nodes import Node, Run, compiled
from dagflow.automation.conditions.own import own_condition
from dagflow.defs.assets.asset_graph import AssetGraph
from dagflow.defs.assets.asset_nodes import AssetNode
from dagflow.defs.conditions.condition import AutomationCondition
from dagflow.defs.conditions.leaves import CronTickPassed, HasRunTags, InLatestTimeWindow, Leaf
from dagflow.defs.conditions.operators import (
    AndCondition,
    NewlyTrueCondition,
    NotCondition,
    OrCondition,
    SinceCondition,
)
from dagflow.defs.conditions.quantifiers import (
    AssetMatches,
    ChecksCondition,
    DepsCondition,
    JobRootsCondition,
    SelectingCondition,
)
from dagflow.defs.conditions.rules import RuleCondition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.keys import AssetCheckKey, AssetJobKey, AssetKey

_RUNS: Mapping[type, Run] = {
    AndCondition: operators.all_of,
    OrCondition: operators.any_of,
    NotCondition: operators.negation,
    SinceCondition: operators.since,
    NewlyTrueCondition: operators.newly_true,
    CronTickPassed: leaves.cron_tick_passed,
    InLatestTimeWindow: leaves.in_latest_time_window,
    DepsCondition: quantifiers.some_or_all,
    ChecksCondition: quantifiers.some_or_all,
    JobRootsCondition: quantifiers.some_or_all,
    AssetMatches: quantifiers.other_asset,
    RuleCondition: rules.rule,
}
"""The functions of conditions of each class. Those of `Leaf` and `HasRunTags` depend on their kind."""


def run_of(condition: AutomationCondition) -> Run:
    """Return the function that evaluates a condition."""
    if isinstance(condition, (Leaf, HasRunTags)):
        if condition.kind == "ANY_DOWNSTREAM_CONDITIONS":
            return quantifiers.any_downstream
        return leaves.LEAVES[condition.kind]
    return _RUNS.get(type(condition), own_condition)


class DistantEdge(Edge):
    """The dependency on an asset behind virtual assets, by the edges between them."""

    __slots__ = ("path",)

    def __init__(self, path: Sequence[Edge]) -> None:
        super().__init__(path[0].down, path[-1].up)
        self.path: Sequence[Edge] = path

    def upstream(self, slots: Slots, source: SlotSource) -> Slots:
        """Return the existing upstream slots that downstream slots depend on."""
        for edge in self.path:
            slots = edge.upstream(slots, source)
        return slots

    def downstream(self, upstream: Slots, slots: Slots, source: SlotSource) -> Slots:
        """Return those of some downstream slots that depend on at least one of some upstream slots."""
        asked = [slots]
        for edge in self.path[:-1]:
            asked.append(edge.upstream(asked[-1], source))
        for edge, own in zip(reversed(self.path), reversed(asked), strict=True):
            upstream = edge.downstream(upstream, own, source)
        return upstream


class Program:
    """The entities of a graph of assets, and the compiled form of their conditions.

    Args:
        graph: The graph.
        jobs: The jobs with an automation condition.

    Attributes:
        graph: The graph.
        entities: The entities by key.
        ordered: The entities, each behind those that it depends on.
        partitioned: The keys of the entities with partitions.
        by_text: The entities by their text.
        identities: The identity of the partitions of each entity, by its text.
    """

    def __init__(self, graph: AssetGraph, jobs: Sequence[JobDefinition] = ()) -> None:
        self.graph: AssetGraph = graph
        self.entities: dict[EntityKey, Entity] = {}
        self._nodes: dict[int, Node] = {}
        self._edges: dict[tuple[int, Entity], list[Edge]] = {}
        self._inner: dict[tuple[int, str], Node] = {}
        self._downstream: dict[tuple[int, Entity], list[Node]] = {}
        self._add_assets(graph)
        for job in jobs:
            self._add_job(job)
        self.ordered: list[Entity] = list(self._sorted())
        self.partitioned: set[EntityKey] = {
            key for key, entity in self.entities.items() if entity.partitions_def is not None
        }
        self.by_text: dict[str, Entity] = {entity.text: entity for entity in self.entities.values()}
        self.identities: dict[str, str] = {
            text: identity_of(entity.partitions_def) for text, entity in self.by_text.items()
        }

    def _add_assets(self, graph: AssetGraph) -> None:
        entities = self.entities
        for key, asset in graph.asset_nodes.items():
            entities[key] = Entity(key, asset)
        for check_key, check in graph.check_nodes.items():
            entities[check_key] = Entity(check_key, check)
        for key, asset in graph.asset_nodes.items():
            entity = entities[key]
            for parent in asset.parents:
                mapping = asset.partition_mappings.get(parent.key)
                entity.parents[parent.key] = Edge(entity, entities[parent.key], mapping)
            for check in asset.checks:
                entity.checks[check.key] = Edge(entity, entities[check.key])
        for check_key, check in graph.check_nodes.items():
            entity = entities[check_key]
            mappings = {dep.asset_key: dep.partition_mapping for dep in check.spec.additional_deps}
            for parent_key in (check_key.asset_key, *mappings):
                entity.parents[parent_key] = Edge(entity, entities[parent_key], mappings.get(parent_key))
        for entity in entities.values():
            assert entity.node is not None
            if not getattr(entity.node.definition, "can_subset", True):
                siblings = entity.node.execution_set_entity_keys
                entity.sibling_keys = [key for key in sorted(siblings, key=str) if key != entity.key]

    def _add_job(self, job: JobDefinition) -> None:
        key = AssetJobKey(job.name)
        entity = self.entities[key] = Entity(key, None, job)
        layer = job.asset_layer
        assert layer is not None, "only a job of assets has a condition"
        own = {self.graph.asset_nodes[one] for one in layer.selected_asset_keys}
        for node in sorted(own, key=lambda node: node.key):
            if not any(parent in own for parent in node.parents if parent is not node):
                entity.roots.append(Edge(entity, self.entities[node.key]))

    def _sorted(self) -> Iterator[Entity]:
        """Yield all entities, each check between the assets that it depends on and their dependents."""
        levels = self.graph.toposorted_asset_keys_by_level
        level_of = {key: number for number, keys in enumerate(levels) for key in keys}
        checks: dict[int, list[AssetCheckKey]] = {}
        for key, check in self.graph.check_nodes.items():
            checks.setdefault(max(level_of[one] for one in check.parent_entity_keys), []).append(key)
        for number, keys in enumerate(levels):
            yield from (self.entities[one] for one in sorted(keys))
            yield from (self.entities[one] for one in sorted(checks.get(number, ())))
        yield from (one for key, one in self.entities.items() if isinstance(key, AssetJobKey))

    def entity(self, key: AssetKey | AssetCheckKey | AssetJobKey) -> Entity:
        """Return an asset, a check or a job.

        Raises:
            DagflowInvalidDefinitionError: The key is unknown.
        """
        found = self.entities.get(key)
        if found is None:
            from dagflow._util import nearest

            known = [one.to_user_string() for one in self.entities]
            name = key.to_user_string()
            raise DagflowInvalidDefinitionError(
                f"an automation condition is about '{name}', which is not in the definitions."
                f"{nearest(name, known)}"
            )
        return found

    def node(self, condition: AutomationCondition) -> Node:
        """Return the compiled form of a condition."""
        node = self._nodes.get(id(condition))
        if node is None:  # the node keeps the condition alive, so that its id is not used again
            node = self._nodes[id(condition)] = compiled(condition, run_of)
        return node

    def inner_node(self, condition: AutomationCondition, parent: Node) -> Node:
        """Return the compiled form of a condition that an own condition evaluates."""
        key = id(condition), parent.id
        node = self._inner.get(key)
        if node is None:
            node = self._inner[key] = self.part(condition, parent)
        return node

    def part(self, condition: AutomationCondition, parent: Node, index: int = 0) -> Node:
        """Return the compiled form of a condition that is evaluated inside another one."""
        return compiled(condition, run_of, parent.id, index)

    def downstream_nodes(self, node: Node, entity: Entity) -> list[Node]:
        """Return the conditions that `any_downstream_conditions` asks about an asset."""
        key = id(node), entity
        if key not in self._downstream:
            conditions = quantifiers.downstream_conditions(entity)
            self._downstream[key] = [self.part(one, node, index) for index, one in enumerate(conditions)]
        return self._downstream[key]

    def edges_of(self, node: Node, entity: Entity) -> list[Edge]:
        """Return the edges to the dependencies, checks or assets that a condition of an entity is about."""
        key = id(node), entity
        edges = self._edges.get(key)
        if edges is None:
            edges = self._edges[key] = list(self._find_edges(node.condition, entity))
        return edges

    def _find_edges(self, condition: AutomationCondition, entity: Entity) -> Iterable[Edge]:
        if isinstance(condition, AssetMatches):
            known = entity.parents.get(condition.key)
            return [known or Edge(entity, self.entity(condition.key))]
        if isinstance(condition, JobRootsCondition):
            return entity.roots
        assert isinstance(condition, SelectingCondition)
        if isinstance(condition, ChecksCondition):
            edges = [edge for edge in entity.checks.values() if _counts(edge, condition)]
        elif isinstance(condition, DepsCondition) and condition.resolves_virtual_deps:
            edges = list(_through_virtual(entity, []))
        else:
            edges = list(entity.parents.values())
        for selection, is_wanted in ((condition.allow_selection, True), (condition.ignore_selection, False)):
            if selection is not None:
                keys: set[EntityKey] = {
                    *selection.resolve(self.graph, allow_missing=True),
                    *selection.resolve_checks(self.graph, allow_missing=True),
                }
                edges = [edge for edge in edges if (edge.up.key in keys) is is_wanted]
        return edges


def _counts(edge: Edge, condition: ChecksCondition) -> bool:
    return not condition.blocking_only or bool(getattr(edge.up.node, "blocking", False))


def _through_virtual(entity: Entity, path: list[Edge]) -> Iterator[Edge]:
    """Yield the edges to the dependencies of an entity, and behind virtual ones to their dependencies."""
    for edge in entity.parents.values():
        node = edge.up.node
        further = [*path, edge]
        if edge.up is entity or any(one.down is edge.up for one in path):
            continue
        if isinstance(node, AssetNode) and node.spec.is_virtual:
            yield from _through_virtual(edge.up, further)
        else:
            yield edge if len(further) == 1 else DistantEdge(further)


_programs: WeakKeyDictionary[AssetGraph, tuple[tuple[JobDefinition, ...], Program]] = WeakKeyDictionary()


def program_of(graph: AssetGraph, jobs: Sequence[JobDefinition]) -> Program:
    """Return the program of a graph and of jobs, which is built once."""
    found = _programs.get(graph)
    if found is None or found[0] != tuple(jobs):
        found = _programs[graph] = tuple(jobs), Program(graph, jobs)
    return found[1]
