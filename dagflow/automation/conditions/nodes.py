"""The compiled form of a condition: a tree of nodes, each with the function that evaluates it.

A condition is compiled once for each graph of assets. What one evaluation knows about one asset, check or job
with a condition is a `Root`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from dagflow.automation.conditions.entities import Edge, Entity, EntityKey, Slots
from dagflow.automation.conditions.histories import Histories, History
from dagflow.defs.assets.asset_graph import AssetGraph
from dagflow.defs.conditions.builtin import BuiltinCondition
from dagflow.defs.conditions.condition import AutomationCondition
from dagflow.defs.conditions.operators import NewlyTrueCondition, SinceCondition
from dagflow.defs.conditions.rules import RuleCondition
from dagflow.instance.instance import DagflowInstance

State = Slots | str | None | list[Any]
"""The memory of a node: a set of slots, a version, or the memory of an own condition."""
StateKey = tuple[str, str]
"""The id of a node, and the text of the entity that it was evaluated for."""


class Step(NamedTuple):
    """The result of a node in the trace of a root. Its operands are the steps before it, from `start` on.

    Attributes:
        node: The node, or the edge to the dependency whose condition is the only operand.
        entity: The entity that it was evaluated for.
        true: The slots for which it is true.
        candidates: The slots that were asked for.
        start: The position in the trace at which the steps of its operands begin.
    """

    node: Node | Edge
    entity: Entity
    true: Slots
    candidates: Slots
    start: int


class Facts(Protocol):
    """The facts that conditions ask for: an evaluation, as far as conditions use it.

    Attributes:
        graph: The graph of the assets.
        instance: The instance with the log.
        moment: The time of the evaluation.
        histories: The history of all assets and checks.
        requested: The slots that are requested so far, by entity.
        previous_event_id: The storage id of the latest event that the previous evaluation saw.
        previous_time: The time of the previous evaluation, in seconds since the epoch.
    """

    graph: AssetGraph
    instance: DagflowInstance
    moment: datetime
    histories: Histories
    requested: dict[Entity, Slots]
    previous_event_id: int
    previous_time: float

    def entity(self, key: EntityKey) -> Entity:
        """Return an asset, a check or a job."""
        ...

    def all_slots(self, entity: Entity) -> Slots:
        """Return the existing slots of an entity."""
        ...

    def mapped_slots(self, edge: Edge) -> dict[str | None, Slots]:
        """Return the known upstream slots of downstream slots of an edge, to read and to extend."""
        ...

    def history(self, entity: Entity) -> History:
        """Return the history of an asset or check."""
        ...

    def edges_of(self, node: Node, entity: Entity) -> list[Edge]:
        """Return the edges to the entities that a condition of an entity is about."""
        ...

    def downstream_nodes(self, node: Node, entity: Entity) -> list[Node]:
        """Return the conditions that `any_downstream_conditions` asks about an asset."""
        ...

    def inner_node(self, condition: AutomationCondition, parent: Node) -> Node:
        """Return the compiled form of a condition that an own condition evaluates."""
        ...

    def previously_requested(self, entity: Entity) -> Slots:
        """Return the slots for which the condition of an entity was true at the previous evaluation."""
        ...

    def has_other_partitions(self, entity: Entity) -> bool:
        """Return whether an entity had other partitions at the previous evaluation."""
        ...

    def tick_of(self, cron_schedule: str, cron_timezone: str) -> float:
        """Return the latest tick of a cron expression up to now, in seconds since the epoch."""
        ...

    def true_of_kind(self, kind: str, entity: Entity, slots: Slots) -> Slots:
        """Return those of some slots for which a condition without operands is true."""
        ...


class Root:
    """The evaluation of the condition of one asset, check or job.

    Attributes:
        evaluation: The facts of the whole evaluation.
        entity: The asset, check or job.
        is_first: Whether it was not evaluated before.
        before: The states of the previous evaluation.
        states: The states for the next evaluation.
        trace: The fields of the `Step` of each node, each behind its operands. One flat list costs the
            garbage collector less than many tuples.
        asked: The entities for which the conditions of their dependents are being evaluated.
    """

    __slots__ = ("asked", "before", "entity", "evaluation", "is_first", "states", "trace")

    def __init__(self, evaluation: Facts, entity: Entity, before: dict[StateKey, State] | None) -> None:
        self.evaluation: Facts = evaluation
        self.entity: Entity = entity
        self.is_first: bool = before is None
        self.before: dict[StateKey, State] = before or {}
        self.states: dict[StateKey, State] = {}
        self.trace: list[Any] = []
        self.asked: set[Entity] = set()


Run = Callable[["Node", Entity, Root, Slots], Slots]
"""A function that returns those of some slots for which a node is true."""


class Node:
    """A condition with the function that evaluates it.

    Attributes:
        condition: The condition.
        id: An id that depends on the kind of the condition and its position, but not on labels.
        children: The nodes of its operands.
        run: The function.
        remembers: Whether it or an operand has a state, so that it is evaluated for no slots too.
    """

    __slots__ = ("children", "condition", "id", "remembers", "run")

    def __init__(
        self, condition: AutomationCondition, node_id: str, children: Sequence[Node], run: Run
    ) -> None:
        self.condition: Any = condition
        self.id: str = node_id
        self.children: Sequence[Node] = children
        self.run: Run = run
        self.remembers: bool = not isinstance(condition, BuiltinCondition) or (
            isinstance(condition, (SinceCondition, NewlyTrueCondition, RuleCondition))
            or getattr(condition, "kind", None) in _REMEMBERING
            or any(child.remembers for child in children)
        )


_REMEMBERING = ("code_version_changed", "ANY_DOWNSTREAM_CONDITIONS")
"""The kinds of leaves with a state."""


def compiled(
    condition: AutomationCondition,
    find: Callable[[AutomationCondition], Run],
    parent: str = "",
    index: int = 0,
) -> Node:
    """Return the node of a condition.

    Args:
        condition: The condition.
        find: Returns the function that evaluates a condition.
        parent: The id of the node around it.
        index: Its number among the operands of that node.
    """
    name = f"{parent}/{index}/{type(condition).__name__}/{getattr(condition, 'kind', '')}"
    node_id = hashlib.blake2b(name.encode(), digest_size=6).hexdigest()
    run = find(condition)
    parts = [
        compiled(part, find, node_id, position) for position, part in enumerate(condition.inner_conditions())
    ]
    return Node(condition, node_id, parts, run)


def evaluate(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return those of some slots for which a node is true, and append the result to the trace.

    Without slots, the operands of a node that remembers nothing are not evaluated.
    """
    trace = root.trace
    start = len(trace)
    true = node.run(node, entity, root, candidates) if candidates or node.remembers else candidates
    trace += (node, entity, true, candidates, start)
    return true
