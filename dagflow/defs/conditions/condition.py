"""Automation conditions: `AutomationCondition`, the base of all of them.

A condition is a value. It is kept on the spec of an asset, and a run ignores it.

    condition       this class with its operators; the base of conditions of user code
    constructors    the static constructors
    builtin         the base of the building blocks, which are compared by value
    operators       and, or, not, since, newly_true
    leaves          conditions without operands
    quantifiers     conditions about dependencies, checks and other assets
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from types import GenericAlias
from typing import Any

from dagflow import _doors
from dagflow.defs.conditions.constructors import Constructors
from dagflow.errors import check_type


class AutomationCondition(Constructors):
    """A condition under which a deployment materializes an asset, or evaluates a check.

    Create one with the static constructors, and combine conditions with `&`, `|` and `~`. User code can
    inherit from this class, with a method `evaluate`.

    Example:
        >>> soon = AutomationCondition.missing() | AutomationCondition.any_deps_updated()
        >>> [condition.name for condition in soon.children]
        ['missing', 'ANY_DEPS_MATCH']
        >>> soon.replace("missing", AutomationCondition.newly_missing()).children[0].get_label()
        'newly_missing'
    """

    __slots__ = ()
    __class_getitem__: Callable[[Any], GenericAlias] = classmethod(GenericAlias)  # type: ignore[assignment]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Refuse objects of this class itself."""
        if cls is AutomationCondition:
            raise TypeError(
                "an AutomationCondition has no constructor: use one of its static methods, such as "
                "AutomationCondition.eager()"
            )
        return super().__new__(cls)

    @property
    def name(self) -> str:
        """The name of the condition, with its arguments."""
        return type(self).__name__

    @property
    def description(self) -> str:
        """A sentence for people; empty if the name is enough."""
        return ""

    @property
    def children(self) -> Sequence[AutomationCondition]:
        """The conditions that it combines."""
        return []

    @property
    def is_serializable(self) -> bool:
        """Whether `serialize_value` can store it. Conditions of user code cannot be stored."""
        return False

    def get_label(self) -> str | None:
        """Return the label, None without one."""
        return None

    def evaluate(self, context: _doors.AutomationContext) -> _doors.AutomationResult:
        """Return the partitions for which the condition is true. A class of user code overrides this method.

        Args:
            context: The facts about the asset, and the partitions that the condition is asked for. An own
                condition can pass its context to another condition.

        Raises:
            ParameterCheckError: The context has another type.
        """
        return _doors.evaluate_in(self, context)

    def inner_conditions(self) -> Sequence[AutomationCondition]:
        """Return all conditions in it, also those that are not its children. Internal."""
        return self.children

    def get_unique_id(self, *, parent_node_unique_id: str | None = None, index: int | None = None) -> str:
        """Return an id that depends on the condition, its operands and its place, but not on labels.

        Args:
            parent_node_unique_id: The id of the condition around it.
            index: Its number among the operands of that condition.

        Example:
            >>> missing = AutomationCondition.missing()
            >>> missing.get_unique_id() == missing.with_label("gone").get_unique_id()
            True
        """
        node = _digest([parent_node_unique_id, index, type(self).__name__, self.name])
        parts = [
            part.get_unique_id(parent_node_unique_id=node, index=position)
            for position, part in enumerate(self.inner_conditions())
        ]
        return _digest([node, *parts])

    def as_auto_materialize_policy(self) -> _doors.AutoMaterializePolicy:
        """Return the condition in its older form.

        Example:
            >>> AutomationCondition.missing().as_auto_materialize_policy().to_automation_condition().name
            'missing'
        """
        return _doors.AutoMaterializePolicy.from_automation_condition(self)

    def __and__(self, other: AutomationCondition) -> _doors.AndCondition:
        return _doors.AndCondition.of(self, other)

    def __or__(self, other: AutomationCondition) -> _doors.OrCondition:
        return _doors.OrCondition.of(self, other)

    def __invert__(self) -> _doors.NotCondition:
        return _doors.NotCondition(self)

    def since(self, reset_condition: AutomationCondition) -> _doors.SinceCondition:
        """Return the condition that this one became true after another one was true.

        Args:
            reset_condition: The other condition.

        Raises:
            ParameterCheckError: It is not an AutomationCondition.

        Example:
            >>> since = AutomationCondition.missing().since(AutomationCondition.newly_updated())
            >>> since.reset_condition.name
            'newly_updated'
        """
        return _doors.SinceCondition(self, reset_condition)

    def since_last_handled(self) -> _doors.SinceCondition:
        """Return the condition that this one became true after the asset was requested or updated."""
        handled = AutomationCondition.newly_requested() | AutomationCondition.newly_updated()
        return self.since((handled | AutomationCondition.initial_evaluation()).with_label("handled"))

    def newly_true(self) -> _doors.NewlyTrueCondition:
        """Return the condition that this one is true, and was not at the previous evaluation."""
        return _doors.NewlyTrueCondition(self)

    def replace(self, old: AutomationCondition | str, new: AutomationCondition) -> AutomationCondition:
        """Return a copy in which another condition replaces each equal one.

        Operands of `&`, `|`, `~`, `since`, conditions of dependencies and of other assets are searched.

        Args:
            old: A condition, or the label or name of one.
            new: The new condition.

        Raises:
            ParameterCheckError: An argument is of the wrong type.

        Example:
            >>> eager = AutomationCondition.eager().replace("handled", AutomationCondition.newly_updated())
            >>> eager.children[1].reset_condition.name
            'newly_updated'
        """
        check_type(old, (AutomationCondition, str), "old", "AutomationCondition.replace")
        check_type(new, AutomationCondition, "new", "AutomationCondition.replace")
        is_old = old in (self.name, self.get_label()) if isinstance(old, str) else self == old
        return new if is_old else self.with_parts(lambda part: part.replace(old, new))

    def with_parts(self, change: Callable[[AutomationCondition], AutomationCondition]) -> AutomationCondition:
        """Return a copy with changed operands; itself if it has none that can be replaced. Internal."""
        return self


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
