"""The base of the conditions of dagflow itself: `BuiltinCondition`."""

from __future__ import annotations

from typing import Any, TypeVar

from dagflow.defs.conditions.condition import AutomationCondition
from dagflow.errors import check_optional
from dagflow.values import Constant

_Self = TypeVar("_Self", bound="BuiltinCondition")


class BuiltinCondition(AutomationCondition, Constant):
    """A condition that is compared by value, and may have a label. The last parameter is the label."""

    __slots__ = ("label",)

    label: str | None

    @property
    def is_serializable(self) -> bool:
        """Whether `serialize_value` can store it: if it can store all of its operands."""
        return all(part.is_serializable for part in self.inner_conditions())

    def get_label(self) -> str | None:
        """Return the label, None without one."""
        return self.label

    def with_label(self: _Self, label: str | None) -> _Self:
        """Return a copy with another label.

        Args:
            label: A short name for people; None removes it.

        Raises:
            ParameterCheckError: The label is not a string.

        Example:
            >>> AutomationCondition.missing().with_label("gone").get_label()
            'gone'
        """
        return self.with_changes(label=check_optional(label, str, "label", "an AutomationCondition"))

    def _set_all(self, label: Any, **fields: Any) -> None:
        self._set(label=check_optional(label, str, "label", "an AutomationCondition"), **fields)
