"""The rules of the older form of automation conditions: `AutoMaterializeRule`, and the filter of updates."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from dagflow.defs.conditions.builtin import BuiltinCondition
from dagflow.defs.conditions.leaves import check_cron
from dagflow.errors import ElementCheckError, ParameterCheckError, check_optional, check_type, repr_of
from dagflow.values import Constant


class AutoMaterializeDecisionType(Enum):
    """The effect of a rule: the asset is materialized, or it is not although another rule says so."""

    MATERIALIZE = "MATERIALIZE"
    SKIP = "SKIP"
    DISCARD = "DISCARD"


_KINDS: dict[str, tuple[str, str]] = {
    "materialize_on_missing": ("MATERIALIZE", "materialization is missing"),
    "materialize_on_parent_updated": (
        "MATERIALIZE",
        "upstream data has changed since latest materialization",
    ),
    "materialize_on_cron": (
        "MATERIALIZE",
        "not materialized since last cron schedule tick of '{cron_schedule}' (timezone: {timezone})",
    ),
    "materialize_on_required_for_freshness": (
        "MATERIALIZE",
        "required to meet this or downstream asset's freshness policy",
    ),
    "skip_on_parent_missing": ("SKIP", "waiting on upstream data to be present"),
    "skip_on_parent_outdated": ("SKIP", "waiting on upstream data to be up to date"),
    "skip_on_required_but_nonexistent_parents": ("SKIP", "required parent partitions do not exist"),
    "skip_on_backfill_in_progress": ("SKIP", "targeted by an in-progress backfill"),
    "skip_on_run_in_progress": ("SKIP", "in-progress run for asset"),
    "skip_on_not_all_parents_updated": ("SKIP", "waiting on upstream data to be updated"),
    "skip_on_not_all_parents_updated_since_cron": (
        "SKIP",
        "waiting until all upstream assets have updated since the last cron schedule tick of "
        "'{cron_schedule}' (timezone: {timezone})",
    ),
    "discard_on_max_materializations_exceeded": (
        "DISCARD",
        "exceeds {limit} materialization(s) per minute",
    ),
}
"""The decision and the description of each kind of rule."""
_ARGUMENTS: dict[str, set[str]] = {
    "materialize_on_parent_updated": {"updated_parent_filter"},
    "materialize_on_cron": {"cron_schedule", "timezone", "all_partitions"},
    "skip_on_backfill_in_progress": {"all_partitions"},
    "skip_on_not_all_parents_updated": {"require_update_for_all_parent_partitions"},
    "skip_on_not_all_parents_updated_since_cron": {"cron_schedule", "timezone"},
    "discard_on_max_materializations_exceeded": {"limit"},
}
"""The names of the arguments of those kinds that have some."""


class AutoMaterializeAssetPartitionsFilter(Constant):
    """A filter of the updates of dependencies, for `AutoMaterializeRule.materialize_on_parent_updated`.

    Args:
        latest_run_required_tags: Tags of the run of an update that counts; None if all count.

    Raises:
        CheckError: The tags are not a dict of strings.

    Example:
        >>> AutoMaterializeAssetPartitionsFilter({"kind": "full"}).description
        "latest run includes required tags: {'kind': 'full'}"
    """

    __slots__ = ("latest_run_required_tags",)

    latest_run_required_tags: Mapping[str, str] | None

    def __init__(self, latest_run_required_tags: Mapping[str, str] | None) -> None:
        place = "an AutoMaterializeAssetPartitionsFilter"
        tags = check_optional(latest_run_required_tags, Mapping, "latest_run_required_tags", place)
        for pair in (tags or {}).items():
            if not all(isinstance(text, str) for text in pair):
                raise ElementCheckError(f"the tags of {place} must be strings, but one is {repr_of(pair)}")
        self._set(latest_run_required_tags=None if tags is None else dict(tags))

    @property
    def description(self) -> str:
        """A sentence for people."""
        return f"latest run includes required tags: {self.latest_run_required_tags}"


class AutoMaterializeRule(Constant):
    """A rule of an AutoMaterializePolicy. Create one with the static methods.

    Raises:
        ParameterCheckError: The kind of rule is unknown.

    Example:
        >>> rule = AutoMaterializeRule.materialize_on_cron("0 9 * * *")
        >>> rule.decision_type.value, rule.arguments["cron_schedule"]
        ('MATERIALIZE', '0 9 * * *')
    """

    __slots__ = ("arguments", "kind")
    _names = ("kind", "arguments")

    kind: str
    arguments: Mapping[str, Any]

    def __init__(self, kind: str, arguments: Mapping[str, Any]) -> None:
        if kind not in _KINDS:
            raise ParameterCheckError(
                f"there is no AutoMaterializeRule {repr_of(kind)}: use the static methods of the class"
            )
        check_type(arguments, Mapping, "arguments", "an AutoMaterializeRule")
        names = _ARGUMENTS.get(kind, set())
        if set(arguments) != names:
            raise ParameterCheckError(
                f"the AutoMaterializeRule {repr_of(kind)} has the arguments {sorted(names)}, not "
                f"{repr_of(arguments)}"
            )
        self._set(kind=kind, arguments=dict(arguments))

    @property
    def decision_type(self) -> AutoMaterializeDecisionType:
        """The effect of the rule."""
        return AutoMaterializeDecisionType(_KINDS[self.kind][0])

    @property
    def description(self) -> str:
        """A sentence for people."""
        text = _KINDS[self.kind][1].format_map(self.arguments)
        updates = self.arguments.get("updated_parent_filter")
        return text if updates is None else f"{text} and matches filter '{updates.description}'"

    @staticmethod
    def materialize_on_missing() -> AutoMaterializeRule:
        """Return the rule to materialize an asset that was never materialized."""
        return AutoMaterializeRule("materialize_on_missing", {})

    @staticmethod
    def materialize_on_parent_updated(
        updated_parent_filter: AutoMaterializeAssetPartitionsFilter | None = None,
    ) -> AutoMaterializeRule:
        """Return the rule to materialize an asset after its dependencies.

        Args:
            updated_parent_filter: The updates that count; default: all.

        Raises:
            ParameterCheckError: The filter is something else.
        """
        place = "materialize_on_parent_updated"
        check_optional(
            updated_parent_filter, AutoMaterializeAssetPartitionsFilter, "updated_parent_filter", place
        )
        return AutoMaterializeRule(place, {"updated_parent_filter": updated_parent_filter})

    @staticmethod
    def materialize_on_cron(
        cron_schedule: str, timezone: str = "UTC", all_partitions: bool = False
    ) -> AutoMaterializeRule:
        """Return the rule to materialize an asset after each tick.

        Args:
            cron_schedule: The ticks, as a cron expression of five fields.
            timezone: The IANA name of the zone of the expression.
            all_partitions: Whether all partitions are materialized, and not only the latest one.

        Raises:
            ParameterCheckError: An argument is invalid.
        """
        check_cron(cron_schedule, timezone, "materialize_on_cron")
        check_type(all_partitions, bool, "all_partitions", "materialize_on_cron")
        return AutoMaterializeRule(
            "materialize_on_cron",
            {"cron_schedule": cron_schedule, "timezone": timezone, "all_partitions": all_partitions},
        )

    @staticmethod
    def materialize_on_required_for_freshness() -> AutoMaterializeRule:
        """Return the rule to materialize an asset that a freshness policy needs."""
        return AutoMaterializeRule("materialize_on_required_for_freshness", {})

    @staticmethod
    def skip_on_parent_missing() -> AutoMaterializeRule:
        """Return the rule to wait for missing dependencies."""
        return AutoMaterializeRule("skip_on_parent_missing", {})

    @staticmethod
    def skip_on_parent_outdated() -> AutoMaterializeRule:
        """Return the rule to wait for dependencies that are older than their own dependencies."""
        return AutoMaterializeRule("skip_on_parent_outdated", {})

    @staticmethod
    def skip_on_required_but_nonexistent_parents() -> AutoMaterializeRule:
        """Return the rule to leave out partitions whose dependencies have no such partitions."""
        return AutoMaterializeRule("skip_on_required_but_nonexistent_parents", {})

    @staticmethod
    def skip_on_backfill_in_progress(all_partitions: bool = False) -> AutoMaterializeRule:
        """Return the rule to wait for a backfill.

        Args:
            all_partitions: Whether a backfill of other partitions counts too.

        Raises:
            ParameterCheckError: The argument is not a bool.
        """
        check_type(all_partitions, bool, "all_partitions", "skip_on_backfill_in_progress")
        return AutoMaterializeRule("skip_on_backfill_in_progress", {"all_partitions": all_partitions})

    @staticmethod
    def skip_on_run_in_progress() -> AutoMaterializeRule:
        """Return the rule to wait for a run of the asset."""
        return AutoMaterializeRule("skip_on_run_in_progress", {})

    @staticmethod
    def skip_on_not_all_parents_updated(
        require_update_for_all_parent_partitions: bool = False,
    ) -> AutoMaterializeRule:
        """Return the rule to wait until all dependencies are updated.

        Args:
            require_update_for_all_parent_partitions: Whether all partitions of a dependency must be updated.

        Raises:
            ParameterCheckError: The argument is not a bool.
        """
        name = "require_update_for_all_parent_partitions"
        check_type(require_update_for_all_parent_partitions, bool, name, "skip_on_not_all_parents_updated")
        return AutoMaterializeRule(
            "skip_on_not_all_parents_updated", {name: require_update_for_all_parent_partitions}
        )

    @staticmethod
    def skip_on_not_all_parents_updated_since_cron(
        cron_schedule: str, timezone: str = "UTC"
    ) -> AutoMaterializeRule:
        """Return the rule to wait until all dependencies are updated after a tick.

        Args:
            cron_schedule: The ticks, as a cron expression of five fields.
            timezone: The IANA name of the zone of the expression.

        Raises:
            ParameterCheckError: An argument is invalid.
        """
        kind = "skip_on_not_all_parents_updated_since_cron"
        check_cron(cron_schedule, timezone, kind)
        return AutoMaterializeRule(kind, {"cron_schedule": cron_schedule, "timezone": timezone})


class RuleCondition(BuiltinCondition):
    """A rule as an automation condition."""

    __slots__ = ("rule",)
    _names = ("rule", "label")

    rule: AutoMaterializeRule

    def __init__(self, rule: AutoMaterializeRule, label: str | None = None) -> None:
        self._set_all(label, rule=check_type(rule, AutoMaterializeRule, "rule", "a RuleCondition"))

    @property
    def name(self) -> str:
        """The name of the condition: the kind of the rule."""
        return self.rule.kind

    @property
    def description(self) -> str:
        """A sentence for people."""
        return self.rule.description
