"""Conditions without operands: about the asset itself, its runs, its checks and the time."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import timedelta
from functools import cache
from typing import Any

from dagflow.defs.conditions.builtin import BuiltinCondition
from dagflow.defs.conditions.durations import SerializableTimeDelta
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    ElementCheckError,
    ParameterCheckError,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.partitions.cadence import zone_named
from dagflow.partitions.cron import cadence_of

_KINDS = {
    "missing": "",
    "run_in_progress": "",
    "backfill_in_progress": "",
    "execution_failed": "",
    "newly_updated": "",
    "newly_requested": "",
    "initial_evaluation": "",
    "code_version_changed": "",
    "data_version_changed": "",
    "will_be_requested": "Will be requested this tick",
    "executed_with_root_target": "",
    "check_passed": "",
    "check_failed": "",
    "freshness_passed": "",
    "freshness_warned": "",
    "freshness_failed": "",
    "ANY_DOWNSTREAM_CONDITIONS": "Any downstream conditions",
}
"""The description of each kind of leaf without arguments."""
_LABELLED = ("freshness_passed", "freshness_warned", "freshness_failed")


class Leaf(BuiltinCondition):
    """A condition without arguments. Its kind is its name."""

    __slots__ = ("kind",)
    _names = ("kind", "label")

    kind: str

    def __init__(self, kind: str, label: str | None = None) -> None:
        if kind not in _KINDS:
            raise ParameterCheckError(f"there is no automation condition {repr_of(kind)}")
        self._set_all(label, kind=kind)

    @property
    def name(self) -> str:
        """The name of the condition."""
        return self.kind

    @property
    def description(self) -> str:
        """A sentence for people; empty if the name is enough."""
        return _KINDS[self.kind]


@cache
def leaf(kind: str) -> Leaf:
    """Return the condition of a kind.

    Example:
        >>> leaf("missing")
        Leaf(kind='missing', label=None)
    """
    return Leaf(kind, kind if kind in _LABELLED else None)


class CronTickPassed(BuiltinCondition):
    """The condition that a tick of a cron expression passed since the previous evaluation."""

    __slots__ = ("cron_schedule", "cron_timezone")
    _names = ("cron_schedule", "cron_timezone", "label")

    cron_schedule: str
    cron_timezone: str

    def __init__(self, cron_schedule: str, cron_timezone: str, label: str | None = None) -> None:
        check_cron(cron_schedule, cron_timezone, "an AutomationCondition")
        self._set_all(label, cron_schedule=cron_schedule, cron_timezone=cron_timezone)

    @property
    def name(self) -> str:
        """The name of the condition, with its arguments."""
        return f"cron_tick_passed(cron_schedule={self.cron_schedule}, cron_timezone={self.cron_timezone})"


def check_cron(cron_schedule: Any, cron_timezone: Any, place: str) -> None:
    """Check a cron expression and its zone.

    Raises:
        ParameterCheckError: One of them is invalid.
    """
    check_type(cron_schedule, str, "cron_schedule", place)
    check_type(cron_timezone, str, "cron_timezone", place)
    try:
        cadence_of(cron_schedule)
        zone_named(cron_timezone)
    except DagflowInvalidDefinitionError as error:
        raise ParameterCheckError(f"the cron schedule of {place} is invalid: {error}") from error


class InLatestTimeWindow(BuiltinCondition):
    """The condition that the partition is the latest complete one, or ends shortly before its end."""

    __slots__ = ("serializable_lookback_timedelta",)
    _names = ("serializable_lookback_timedelta", "label")

    serializable_lookback_timedelta: SerializableTimeDelta | None

    def __init__(
        self, serializable_lookback_timedelta: SerializableTimeDelta | None, label: str | None = None
    ) -> None:
        lookback = check_optional(
            serializable_lookback_timedelta, SerializableTimeDelta, "serializable_lookback_timedelta"
        )
        self._set_all(label, serializable_lookback_timedelta=lookback)

    @property
    def lookback_timedelta(self) -> timedelta | None:
        """The duration before the end of the latest window, within which partitions match."""
        lookback = self.serializable_lookback_timedelta
        return None if lookback is None else lookback.to_timedelta()

    @property
    def name(self) -> str:
        """The name of the condition, with its arguments."""
        lookback = self.lookback_timedelta
        return "in_latest_time_window" + ("" if lookback is None else f"(lookback_timedelta={lookback})")

    @property
    def description(self) -> str:
        """A sentence for people."""
        lookback = self.lookback_timedelta
        return f"Within {'' if lookback is None else f'{lookback} of the end of the '}latest time window"


def latest_time_window(lookback_delta: timedelta | None) -> InLatestTimeWindow:
    """Return the condition of `AutomationCondition.in_latest_time_window`."""
    delta = check_optional(lookback_delta, timedelta, "lookback_delta", "in_latest_time_window")
    return InLatestTimeWindow(None if delta is None else SerializableTimeDelta.from_timedelta(delta))


class HasRunTags(BuiltinCondition):
    """The condition that runs of the asset have tags: the latest one, or those since the last evaluation."""

    __slots__ = ("kind", "tag_keys", "tag_values")
    _names = ("kind", "tag_keys", "tag_values", "label")

    kind: str
    tag_keys: frozenset[str] | None
    tag_values: Mapping[str, str] | None

    def __init__(
        self,
        kind: str,
        tag_keys: Set[str] | None,
        tag_values: Mapping[str, str] | None,
        label: str | None = None,
    ) -> None:
        check_type(kind, str, "kind")
        keys = check_optional(tag_keys, Set, "tag_keys", kind)
        values = check_optional(tag_values, Mapping, "tag_values", kind)
        for text in (*(keys or ()), *(values or {}).keys(), *(values or {}).values()):
            if not isinstance(text, str):
                raise ElementCheckError(f"the tags of {kind} must be strings, but one is {repr_of(text)}")
        self._set_all(
            label,
            kind=kind,
            tag_keys=None if keys is None else frozenset(keys),
            tag_values=None if values is None else dict(values),
        )

    @property
    def name(self) -> str:
        """The name of the condition, with its arguments."""
        arguments = []
        if self.tag_keys is not None:
            arguments.append(f"tag_keys={{{','.join(sorted(self.tag_keys))}}}")
        if self.tag_values is not None:
            pairs = [f"{key}:{value}" for key, value in sorted(self.tag_values.items())]
            arguments.append(f"tag_values={{{','.join(pairs)}}}")
        return self.kind + (f"({', '.join(arguments)})" if arguments else "")
