"""The context and the result of a condition: `AutomationContext` and `AutomationResult`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timezone

from dagflow.automation.conditions.entities import NO_SLOTS, EntityKey, Slots
from dagflow.automation.conditions.nodes import Node, Root, evaluate
from dagflow.automation.conditions.view import AssetGraphView, EntitySubset, checked_subset
from dagflow.defs.assets.asset_graph import AssetGraph
from dagflow.defs.conditions.condition import AutomationCondition
from dagflow.errors import check_elements, check_optional, check_type
from dagflow.partitions.definition import PartitionsDefinition


class AutomationContext:
    """The facts that the method `evaluate` of an own condition gets.

    Example:
        >>> from dagflow import AssetSpec, AutomationCondition, AutomationResult, DagflowInstance
        >>> from dagflow import Definitions, evaluate_automation_conditions
        >>> class OnWeekdays(AutomationCondition):
        ...     def evaluate(self, context: AutomationContext) -> AutomationResult:
        ...         is_weekend = context.evaluation_time.isoweekday() > 5
        ...         found = context.get_empty_subset() if is_weekend else context.candidate_subset
        ...         return AutomationResult(context, true_subset=found)
        >>> defs = Definitions([AssetSpec("tea", automation_condition=OnWeekdays())])
        >>> saturday = datetime(2024, 6, 1, tzinfo=timezone.utc)
        >>> with DagflowInstance.ephemeral() as instance:
        ...     evaluate_automation_conditions(defs, instance, evaluation_time=saturday).total_requested
        0
    """

    __slots__ = ("_view", "candidate_slots", "condition", "entity", "node", "root", "state")

    def __init__(self, node: Node, root: Root, entity: EntityKey, candidates: Slots) -> None:
        self.node: Node = node
        self.root: Root = root
        self.condition: AutomationCondition = node.condition
        self._view: AssetGraphView = AssetGraphView(root.evaluation)
        self.entity = self._view.entity(entity)
        self.candidate_slots: Slots = candidates
        before = root.before.get((node.id, self.entity.text))
        self.state: Sequence[Slots | str | None] | None = before if isinstance(before, list) else None

    @property
    def key(self) -> EntityKey:
        """The key of the asset, check or job."""
        return self.entity.key

    @property
    def partitions_def(self) -> PartitionsDefinition | None:
        """The partitions of the asset, check or job."""
        return self.entity.partitions_def

    @property
    def candidate_subset(self) -> EntitySubset:
        """The partitions that the condition is asked for."""
        return EntitySubset(self._view, self.key, self.candidate_slots)

    def get_empty_subset(self) -> EntitySubset:
        """Return the empty subset: the condition is false for all partitions."""
        return EntitySubset(self._view, self.key, NO_SLOTS)

    @property
    def evaluation_time(self) -> datetime:
        """The time of the evaluation."""
        return self.root.evaluation.moment

    @property
    def previous_evaluation_time(self) -> datetime | None:
        """The time of the previous evaluation; None at the first one."""
        if self.root.is_first:
            return None
        return datetime.fromtimestamp(self.root.evaluation.previous_time, timezone.utc)

    @property
    def previous_true_subset(self) -> EntitySubset | None:
        """The partitions for which the condition was true at the previous evaluation; None at the first."""
        return self._remembered(0)

    @property
    def previous_candidate_subset(self) -> EntitySubset | None:
        """The partitions that the previous evaluation asked for; None at the first one."""
        return self._remembered(1)

    @property
    def cursor(self) -> str | None:
        """The cursor of the result of the condition at the previous evaluation."""
        found = None if self.state is None else self.state[2]
        return found if isinstance(found, str) else None

    @property
    def asset_graph_view(self) -> AssetGraphView:
        """The assets, their partitions and their history at the time of the evaluation."""
        return self._view

    @property
    def asset_graph(self) -> AssetGraph:
        """The assets and checks, with their dependencies."""
        return self._view.asset_graph

    @property
    def log(self) -> logging.Logger:
        """A logger for messages of the condition."""
        return logging.getLogger(f"dagflow.automation.{type(self.condition).__name__}")

    def _remembered(self, position: int) -> EntitySubset | None:
        slots = None if self.state is None else self.state[position]
        if not isinstance(slots, frozenset):
            return None
        return EntitySubset(self._view, self.key, slots & self.root.evaluation.all_slots(self.entity))

    def __repr__(self) -> str:
        return f"<AutomationContext of '{self.key.to_user_string()}'>"


class AutomationResult:
    """The result of a condition: the partitions for which it is true.

    Args:
        context: The context of the condition.
        true_subset: The partitions, a subset of `context.candidate_subset`.
        cursor: A string that `context.cursor` has at the next evaluation.
        child_results: The results of conditions in this one.

    Raises:
        CheckError: An argument has the wrong type, or the subset belongs to another asset.
    """

    __slots__ = ("_child_results", "condition", "context", "cursor", "true_subset")

    def __init__(
        self,
        context: AutomationContext,
        true_subset: EntitySubset,
        cursor: str | None = None,
        child_results: Sequence[AutomationResult] | None = None,
    ) -> None:
        self.context: AutomationContext = check_type(
            context, AutomationContext, "context", "an AutomationResult"
        )
        self.true_subset: EntitySubset = checked_subset(true_subset, context.key, "'true_subset'")
        self.cursor: str | None = check_optional(cursor, str, "cursor", "an AutomationResult")
        given = () if child_results is None else child_results
        self._child_results: Sequence[AutomationResult] = check_elements(
            given, AutomationResult, "child_results"
        )
        self.condition: AutomationCondition = context.condition

    @property
    def key(self) -> EntityKey:
        """The key of the asset, check or job."""
        return self.context.key

    @property
    def child_results(self) -> Sequence[AutomationResult]:
        """The results of the conditions in this one."""
        return self._child_results

    def __repr__(self) -> str:
        label = self.condition.get_label() or self.condition.name
        return f"<AutomationResult of {label}: {self.true_subset!r}>"


def evaluate_in(condition: AutomationCondition, context: AutomationContext) -> AutomationResult:
    """Evaluate a condition of dagflow inside an own condition.

    Args:
        condition: The condition.
        context: The context of the own condition.

    Raises:
        ParameterCheckError: The context has another type.
    """
    check_type(context, AutomationContext, "context", "AutomationCondition.evaluate")
    node = context.root.evaluation.inner_node(condition, context.node)
    root = context.root
    start = len(root.trace)
    true = evaluate(node, context.entity, root, context.candidate_slots)
    del root.trace[start:]
    inner = AutomationContext(node, root, context.key, context.candidate_slots)
    return AutomationResult(inner, EntitySubset(context.asset_graph_view, context.key, true))
