"""Conditions that combine others: and, or, not, since, newly_true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from dagflow import _doors
from dagflow.defs.conditions.builtin import BuiltinCondition
from dagflow.defs.conditions.condition import AutomationCondition
from dagflow.errors import CheckError, ParameterCheckError, check_elements, check_type, repr_of

_Self = TypeVar("_Self", bound="CombinedCondition")
_Change = Callable[[AutomationCondition], AutomationCondition]


class CombinedCondition(BuiltinCondition):
    """A condition that passes `allow` and `ignore` on to the conditions in it."""

    __slots__ = ()

    def with_parts(self: _Self, change: _Change) -> _Self:
        """Return a copy with changed operands."""
        raise NotImplementedError

    def allow(self: _Self, selection: _doors.AssetSelection) -> _Self:
        """Return a copy in which all conditions about dependencies and checks consider only some of them.

        Args:
            selection: An AssetSelection of those that count.

        Raises:
            ParameterCheckError: It is not an AssetSelection.
        """
        return self.with_parts(lambda part: part.allow(selection) if hasattr(part, "allow") else part)

    def ignore(self: _Self, selection: _doors.AssetSelection) -> _Self:
        """Return a copy in which all conditions about dependencies and checks ignore some of them.

        Args:
            selection: An AssetSelection of those that do not count.

        Raises:
            ParameterCheckError: It is not an AssetSelection.
        """
        return self.with_parts(lambda part: part.ignore(selection) if hasattr(part, "ignore") else part)


class ListCondition(CombinedCondition):
    """The base of `&` and `|`."""

    __slots__ = ("operands",)
    _names = ("operands", "label")

    operands: tuple[AutomationCondition, ...]

    def __init__(self, operands: Sequence[AutomationCondition], label: str | None = None) -> None:
        parts = check_elements(operands, AutomationCondition, "operands")
        self._set_all(label, operands=tuple(parts))

    @classmethod
    def of(cls: type[_List], *conditions: AutomationCondition) -> _List:
        """Return the combination of conditions. Those of the same class without a label are resolved.

        Raises:
            ElementCheckError: An operand is not an AutomationCondition.
        """
        parts: list[AutomationCondition] = []
        for condition in check_elements(conditions, AutomationCondition, "operands"):
            if isinstance(condition, cls) and condition.label is None:
                parts += condition.operands
            else:
                parts.append(condition)
        return cls(parts)

    @property
    def children(self) -> list[AutomationCondition]:
        """The conditions that it combines."""
        return list(self.operands)

    def with_parts(self: _List, change: _Change) -> _List:
        """Return a copy with changed operands."""
        return self.with_changes(operands=[change(part) for part in self.operands])


_List = TypeVar("_List", bound=ListCondition)


class AndCondition(ListCondition):
    """The condition that all conditions are true."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The name of the condition."""
        return "AND"

    @property
    def description(self) -> str:
        """A sentence for people."""
        return "All of"

    def without(self, condition: AutomationCondition) -> AndCondition:
        """Return a copy without one of the operands.

        Args:
            condition: The operand.

        Raises:
            ParameterCheckError: It is not an operand.
            CheckError: Fewer than two operands would be left.

        Example:
            >>> eager = AutomationCondition.eager()
            >>> len(eager.without(~AutomationCondition.any_deps_missing()).children)
            4
        """
        left = [part for part in self.operands if part != condition]
        if len(left) == len(self.operands):
            names = ", ".join(part.get_label() or part.name for part in self.operands)
            raise ParameterCheckError(
                f"parameter 'condition' of without is {repr_of(condition)}, which is not an operand. The "
                f"operands are {names}."
            )
        if len(left) < 2:
            raise CheckError("without leaves fewer than two operands. Use the operand itself instead.")
        return self.with_changes(operands=left)


class OrCondition(ListCondition):
    """The condition that at least one condition is true."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The name of the condition."""
        return "OR"

    @property
    def description(self) -> str:
        """A sentence for people."""
        return "Any of"


class NotCondition(CombinedCondition):
    """The condition that another one is false."""

    __slots__ = ("operand",)
    _names = ("operand", "label")

    operand: AutomationCondition

    def __init__(self, operand: AutomationCondition, label: str | None = None) -> None:
        self._set_all(label, operand=check_type(operand, AutomationCondition, "operand", "~"))

    @property
    def name(self) -> str:
        """The name of the condition."""
        return "NOT"

    @property
    def description(self) -> str:
        """A sentence for people."""
        return "Not"

    @property
    def children(self) -> list[AutomationCondition]:
        """The condition that is false."""
        return [self.operand]

    def with_parts(self, change: _Change) -> NotCondition:
        """Return a copy with a changed operand."""
        return self.with_changes(operand=change(self.operand))


class SinceCondition(CombinedCondition):
    """The condition that one condition became true after another one was true."""

    __slots__ = ("reset_condition", "trigger_condition")
    _names = ("trigger_condition", "reset_condition", "label")

    trigger_condition: AutomationCondition
    reset_condition: AutomationCondition

    def __init__(
        self,
        trigger_condition: AutomationCondition,
        reset_condition: AutomationCondition,
        label: str | None = None,
    ) -> None:
        trigger = check_type(trigger_condition, AutomationCondition, "trigger_condition", "since")
        reset = check_type(reset_condition, AutomationCondition, "reset_condition", "since")
        self._set_all(label, trigger_condition=trigger, reset_condition=reset)

    @property
    def name(self) -> str:
        """The name of the condition."""
        return "SINCE"

    @property
    def children(self) -> list[AutomationCondition]:
        """The condition that became true, and the other one."""
        return [self.trigger_condition, self.reset_condition]

    def with_parts(self, change: _Change) -> SinceCondition:
        """Return a copy with changed operands."""
        return self.with_changes(
            trigger_condition=change(self.trigger_condition), reset_condition=change(self.reset_condition)
        )


class NewlyTrueCondition(BuiltinCondition):
    """The condition that another one is true, and was not at the previous evaluation."""

    __slots__ = ("operand",)
    _names = ("operand", "label")

    operand: AutomationCondition

    def __init__(self, operand: AutomationCondition, label: str | None = None) -> None:
        self._set_all(label, operand=check_type(operand, AutomationCondition, "operand", "newly_true"))

    @property
    def name(self) -> str:
        """The name of the condition."""
        return "NEWLY_TRUE"

    @property
    def children(self) -> list[AutomationCondition]:
        """The condition that became true."""
        return [self.operand]
