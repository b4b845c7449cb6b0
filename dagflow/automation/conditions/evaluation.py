"""One evaluation of the conditions of a graph of assets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone

from dagflow.automation.conditions.cursor import AutomationCursor, States
from dagflow.automation.conditions.entities import NO_SLOTS, ONLY, Edge, Entity, EntityKey, Slots
from dagflow.automation.conditions.histories import NO_HISTORY, Histories, History
from dagflow.automation.conditions.leaves import check_scope
from dagflow.automation.conditions.nodes import Node, Root, evaluate
from dagflow.automation.conditions.program import Program
from dagflow.defs.assets.asset_graph import AssetGraph
from dagflow.defs.conditions.condition import AutomationCondition
from dagflow.defs.conditions.leaves import leaf
from dagflow.errors import DagflowUserCodeExecutionError
from dagflow.instance.instance import DagflowInstance
from dagflow.partitions.cadence import ZonedCadence, zone_named
from dagflow.partitions.cron import cadence_of


class Evaluation:
    """One evaluation. Its methods are called inside the partition loading context of its time.

    Args:
        program: The entities and their conditions.
        instance: The instance with the log.
        moment: The time, with a time zone.
        cursor: The cursor of the previous evaluation; None for the first one.

    Attributes:
        histories: The history of all assets and checks.
        requested: The slots that are requested, by entity. What always runs together is requested together.
        program, graph, instance, moment: The arguments, and the graph of the program.
        time: The time, in seconds since the epoch.
        is_first: Whether there is no previous evaluation.
        roots: The evaluations of the entities so far, in order.
        own: The slots for which the condition of each of these entities is true.
        previous_event_id: The storage id of the latest event that the previous evaluation saw.
        previous_time: The time of the previous evaluation, in seconds since the epoch.
    """

    def __init__(
        self,
        program: Program,
        instance: DagflowInstance,
        moment: datetime,
        cursor: AutomationCursor | None = None,
    ) -> None:
        self.program: Program = program
        self.graph: AssetGraph = program.graph
        self.instance: DagflowInstance = instance
        self.moment: datetime = moment
        self.time: float = moment.timestamp()
        self.histories: Histories = Histories(instance, program.partitioned)
        self.requested: dict[Entity, Slots] = {}
        self.roots: list[Root] = []
        self.own: list[Slots] = []
        self.is_first: bool = cursor is None
        self.previous_event_id: int = 0 if cursor is None else cursor.event_id
        self.previous_time: float = 0.0 if cursor is None else cursor.evaluation_time
        self._partitions: Mapping[str, str] = {} if cursor is None else cursor.partitions
        self._requested: Mapping[str, Slots] = {}
        self._states: States = {}
        if cursor is not None:
            self._requested, self._states = cursor.restored(self._find)
        known = self.histories
        self._history: dict[Entity, History] = {
            program.entities[key]: known.of(key) for key in known.keys if key in program.entities
        }
        self._slots: dict[Entity, Slots] = {}
        self._mapped: dict[Edge, dict[str | None, Slots]] = {}
        self._ticks: dict[tuple[str, str], float] = {}

    def _find(self, text: str) -> Entity | None:
        return self.program.by_text.get(text)

    # what conditions ask

    def all_slots(self, entity: Entity) -> Slots:
        """Return the existing slots of an entity."""
        definition = entity.partitions_def
        if definition is None:
            return ONLY
        slots = self._slots.get(entity)
        if slots is None:
            slots = self._slots[entity] = frozenset(definition.get_partition_keys())
        return slots

    def mapped_slots(self, edge: Edge) -> dict[str | None, Slots]:
        """Return the known upstream slots of downstream slots of an edge, to read and to extend."""
        return self._mapped.setdefault(edge, {})

    def history(self, entity: Entity) -> History:
        """Return the history of an asset or check."""
        return self._history.get(entity, NO_HISTORY)

    def entity(self, key: EntityKey) -> Entity:
        """Return an asset, a check or a job.

        Raises:
            DagflowInvalidDefinitionError: The key is unknown.
        """
        return self.program.entity(key)

    def inner_node(self, condition: AutomationCondition, parent: Node) -> Node:
        """Return the compiled form of a condition that an own condition evaluates."""
        return self.program.inner_node(condition, parent)

    def edges_of(self, node: Node, entity: Entity) -> list[Edge]:
        """Return the edges to the dependencies, checks or assets that a condition of an entity is about."""
        return self.program.edges_of(node, entity)

    def downstream_nodes(self, node: Node, entity: Entity) -> list[Node]:
        """Return the conditions that `any_downstream_conditions` asks about an asset."""
        return self.program.downstream_nodes(node, entity)

    def previously_requested(self, entity: Entity) -> Slots:
        """Return the slots for which the condition of an entity was true at the previous evaluation."""
        return self._requested.get(entity.text, NO_SLOTS)

    def has_other_partitions(self, entity: Entity) -> bool:
        """Return whether an entity had other partitions at the previous evaluation."""
        before = self._partitions.get(entity.text)
        return before is not None and before != self.program.identities[entity.text]

    def tick_of(self, cron_schedule: str, cron_timezone: str) -> float:
        """Return the latest tick of a cron expression up to now, in seconds since the epoch."""
        key = cron_schedule, cron_timezone
        found = self._ticks.get(key)
        if found is None:
            cadence = ZonedCadence(cadence_of(cron_schedule), zone_named(cron_timezone))
            latest = cadence.floor(cadence.utc(self.time))
            found = self._ticks[key] = latest.replace(tzinfo=timezone.utc).timestamp()
        return found

    def true_of_kind(self, kind: str, entity: Entity, slots: Slots) -> Slots:
        """Return those of some slots for which a condition without operands is true."""
        root = Root(self, entity, {})
        return evaluate(self.program.node(leaf(kind)), entity, root, slots)

    # the evaluation

    def evaluate(self, entity: Entity, condition: AutomationCondition) -> None:
        """Evaluate a condition for an entity, and request the slots for which it is true.

        Raises:
            DagflowUserCodeExecutionError: The condition could not be evaluated.
        """
        root = Root(self, entity, self._states.get(entity.text))
        node = self.program.node(condition)
        try:
            if entity.job is not None:
                check_scope(node, entity.job.name)
            true = evaluate(node, entity, root, self.all_slots(entity))
        except Exception as error:
            raise DagflowUserCodeExecutionError(
                f"Error while evaluating conditions for {entity.key.to_user_string()}: {error}",
                user_exception=error,
            ) from error
        self.roots.append(root)
        self.own.append(true)
        if true:
            self.requested[entity] = self.requested.get(entity, NO_SLOTS) | true
            for key in entity.sibling_keys:
                sibling = self.program.entities[key]
                self.requested[sibling] = self.requested.get(sibling, NO_SLOTS) | true

    def requested_slots(self, key: EntityKey) -> Slots:
        """Return the requested slots of an entity. An unknown key has none."""
        entity = self.program.entities.get(key)
        return NO_SLOTS if entity is None else self.requested.get(entity, NO_SLOTS)

    def cursor(self) -> AutomationCursor:
        """Return the cursor for the next evaluation."""
        return AutomationCursor.of(
            self.time,
            max(self.histories.last_event_id, self.previous_event_id),
            self.program.identities,
            {root.entity.text: own for root, own in zip(self.roots, self.own, strict=True)},
            {root.entity.text: root.states for root in self.roots},
            self._find,
        )
