"""Conditions about other assets and about checks: dependencies, checks, one asset, the roots of a job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from dagflow import _doors
from dagflow.defs.conditions.builtin import BuiltinCondition
from dagflow.defs.conditions.condition import AutomationCondition
from dagflow.errors import ParameterCheckError, check_type, repr_of
from dagflow.keys import AssetKey, CoercibleToAssetKey

_Self = TypeVar("_Self", bound="SelectingCondition")
_Change = Callable[[AutomationCondition], AutomationCondition]


class SelectingCondition(BuiltinCondition):
    """A condition about dependencies or checks, which can consider only some of them."""

    __slots__ = ("allow_selection", "ignore_selection", "operand", "quantifier")

    operand: AutomationCondition
    quantifier: str
    allow_selection: _doors.AssetSelection | None
    ignore_selection: _doors.AssetSelection | None

    @property
    def base_name(self) -> str:
        """The name of the condition without its arguments."""
        raise NotImplementedError

    def _arguments(self) -> list[str]:
        given = {"allow_selection": self.allow_selection, "ignore_selection": self.ignore_selection}
        return [f"{name}={selection}" for name, selection in given.items() if selection is not None]

    @property
    def name(self) -> str:
        """The name of the condition, with its arguments."""
        arguments = self._arguments()
        return self.base_name + (f"({','.join(arguments)})" if arguments else "")

    def inner_conditions(self) -> Sequence[AutomationCondition]:
        """Return the condition that is asked of each of them."""
        return [self.operand]

    def allow(self: _Self, selection: _doors.AssetSelection) -> _Self:
        """Return a copy that considers only selected dependencies or checks.

        Args:
            selection: An AssetSelection. A second one is added to the first.

        Raises:
            ParameterCheckError: It is not an AssetSelection.
        """
        return self.with_changes(allow_selection=_joined(self.allow_selection, selection))

    def ignore(self: _Self, selection: _doors.AssetSelection) -> _Self:
        """Return a copy that ignores selected dependencies or checks.

        Args:
            selection: An AssetSelection. A second one is added to the first.

        Raises:
            ParameterCheckError: It is not an AssetSelection.
        """
        return self.with_changes(ignore_selection=_joined(self.ignore_selection, selection))


def _joined(present: _doors.AssetSelection | None, selection: Any) -> _doors.AssetSelection:
    checked = check_type(selection, _doors.AssetSelection, "selection", "allow and ignore")
    return checked if present is None else checked | present


def _selection(selection: Any, name: str) -> _doors.AssetSelection | None:
    return None if selection is None else check_type(selection, _doors.AssetSelection, name, "a condition")


def _quantifier(quantifier: Any) -> str:
    if quantifier not in ("ANY", "ALL"):
        raise ParameterCheckError(f"parameter 'quantifier' must be 'ANY' or 'ALL', not {repr_of(quantifier)}")
    return str(quantifier)


class DepsCondition(SelectingCondition):
    """The condition that some or all dependencies match a condition."""

    __slots__ = ("resolves_virtual_deps",)
    _names = (
        "operand",
        "quantifier",
        "allow_selection",
        "ignore_selection",
        "resolves_virtual_deps",
        "label",
    )

    resolves_virtual_deps: bool

    def __init__(
        self,
        operand: AutomationCondition,
        quantifier: str,
        allow_selection: Any = None,
        ignore_selection: Any = None,
        resolves_virtual_deps: bool = False,
        label: str | None = None,
    ) -> None:
        self._set_all(
            label,
            operand=check_type(operand, AutomationCondition, "condition", "a condition of dependencies"),
            quantifier=_quantifier(quantifier),
            allow_selection=_selection(allow_selection, "allow_selection"),
            ignore_selection=_selection(ignore_selection, "ignore_selection"),
            resolves_virtual_deps=check_type(resolves_virtual_deps, bool, "value", "resolve_through_virtual"),
        )

    @property
    def base_name(self) -> str:
        """The name of the condition without its arguments."""
        return f"{self.quantifier}_DEPS_MATCH"

    def _arguments(self) -> list[str]:
        virtual = ["resolves_virtual_deps=True"] if self.resolves_virtual_deps else []
        return [*super()._arguments(), *virtual]

    @property
    def children(self) -> list[AutomationCondition]:
        """The condition of the dependencies."""
        return [self.operand]

    def resolve_through_virtual(self, value: bool = True) -> DepsCondition:
        """Return a copy that considers the dependencies of virtual dependencies instead of these.

        Args:
            value: False for a copy that considers the virtual dependencies themselves.

        Raises:
            ParameterCheckError: `value` is not a bool.

        Example:
            >>> AutomationCondition.any_deps_missing().resolve_through_virtual().name
            'ANY_DEPS_MATCH(resolves_virtual_deps=True)'
        """
        return self.with_changes(resolves_virtual_deps=value)

    def with_parts(self, change: _Change) -> DepsCondition:
        """Return a copy with a changed condition of the dependencies."""
        return self.with_changes(operand=change(self.operand))


class ChecksCondition(SelectingCondition):
    """The condition that some or all checks of the asset match a condition."""

    __slots__ = ("blocking_only",)
    _names = ("operand", "quantifier", "blocking_only", "allow_selection", "ignore_selection", "label")

    blocking_only: bool

    def __init__(
        self,
        operand: AutomationCondition,
        quantifier: str,
        blocking_only: bool,
        allow_selection: Any = None,
        ignore_selection: Any = None,
        label: str | None = None,
    ) -> None:
        self._set_all(
            label,
            operand=check_type(operand, AutomationCondition, "condition", "a condition of checks"),
            quantifier=_quantifier(quantifier),
            blocking_only=check_type(blocking_only, bool, "blocking_only", "a condition of checks"),
            allow_selection=_selection(allow_selection, "allow_selection"),
            ignore_selection=_selection(ignore_selection, "ignore_selection"),
        )

    @property
    def base_name(self) -> str:
        """The name of the condition without its arguments."""
        return f"{self.quantifier}_CHECKS_MATCH"

    def _arguments(self) -> list[str]:
        return [*(["blocking_only=True"] if self.blocking_only else []), *super()._arguments()]


class AssetMatches(BuiltinCondition):
    """The condition that another asset matches a condition."""

    __slots__ = ("key", "operand")
    _names = ("key", "operand", "label")

    key: AssetKey
    operand: AutomationCondition

    def __init__(
        self, key: CoercibleToAssetKey, operand: AutomationCondition, label: str | None = None
    ) -> None:
        self._set_all(
            label,
            key=AssetKey.from_coercible(key),
            operand=check_type(operand, AutomationCondition, "condition", "asset_matches"),
        )

    @property
    def name(self) -> str:
        """The name of the condition: the key of the asset."""
        return self.key.to_user_string()

    @property
    def children(self) -> list[AutomationCondition]:
        """The condition of the other asset."""
        return [self.operand]

    def with_parts(self, change: _Change) -> AssetMatches:
        """Return a copy with a changed condition of the other asset."""
        return self.with_changes(operand=change(self.operand))


class JobRootsCondition(BuiltinCondition):
    """The condition that some or all root assets of a job match a condition."""

    __slots__ = ("operand", "quantifier")
    _names = ("operand", "quantifier", "label")

    operand: AutomationCondition
    quantifier: str

    def __init__(self, operand: AutomationCondition, quantifier: str, label: str | None = None) -> None:
        self._set_all(
            label,
            operand=check_type(operand, AutomationCondition, "condition", "a condition of root assets"),
            quantifier=_quantifier(quantifier),
        )

    @property
    def name(self) -> str:
        """The name of the condition."""
        return f"{self.quantifier}_JOB_ROOT_ASSETS_MATCH"

    @property
    def children(self) -> list[AutomationCondition]:
        """The condition of the root assets."""
        return [self.operand]


def job_roots(operand: AutomationCondition, quantifier: str) -> JobRootsCondition:
    """Return the condition about the root assets of a job, with its usual label."""
    condition = JobRootsCondition(operand, quantifier)
    return condition.with_label(f"{condition.name.lower()}({operand.get_label() or operand.name})")
