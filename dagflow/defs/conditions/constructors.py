"""The static constructors of automation conditions: the base of `AutomationCondition`.

The building blocks are classes of modules above this one. `_doors` imports them when one is first built.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from dagflow import _doors
from dagflow.keys import CoercibleToAssetKey

if TYPE_CHECKING:
    Builtin = _doors.BuiltinCondition
    Condition = _doors.AutomationCondition


class Constructors:
    """The conditions that can be built by name. In a description, "updated" means materialized."""

    __slots__ = ()

    @staticmethod
    def missing() -> Builtin:
        """Return the condition that the asset was never updated."""
        return _doors.leaf("missing")

    @staticmethod
    def run_in_progress() -> Builtin:
        """Return the condition that a run of the asset is in progress."""
        return _doors.leaf("run_in_progress")

    @staticmethod
    def backfill_in_progress() -> Builtin:
        """Return the condition that a backfill of the asset is in progress."""
        return _doors.leaf("backfill_in_progress")

    @staticmethod
    def in_progress() -> Builtin:
        """Return the condition that a run or a backfill of the asset is in progress."""
        either = Constructors.run_in_progress() | Constructors.backfill_in_progress()
        return either.with_label("in_progress")

    @staticmethod
    def execution_failed() -> Builtin:
        """Return the condition that the latest run of the asset failed."""
        return _doors.leaf("execution_failed")

    @staticmethod
    def newly_updated() -> Builtin:
        """Return the condition that the asset was updated since the previous evaluation."""
        return _doors.leaf("newly_updated")

    @staticmethod
    def newly_requested() -> Builtin:
        """Return the condition that the previous evaluation requested the asset."""
        return _doors.leaf("newly_requested")

    @staticmethod
    def newly_missing() -> Builtin:
        """Return the condition that the asset became missing since the previous evaluation."""
        return Constructors.missing().newly_true().with_label("newly_missing")

    @staticmethod
    def initial_evaluation() -> Builtin:
        """Return the condition that the asset is evaluated for the first time."""
        return _doors.leaf("initial_evaluation")

    @staticmethod
    def code_version_changed() -> Builtin:
        """Return the condition that the code version differs from that of the previous evaluation."""
        return _doors.leaf("code_version_changed")

    @staticmethod
    def data_version_changed() -> Builtin:
        """Return the condition that the data version differs from that of the previous evaluation."""
        return _doors.leaf("data_version_changed")

    @staticmethod
    def will_be_requested() -> Builtin:
        """Return the condition that the same evaluation requests the asset."""
        return _doors.leaf("will_be_requested")

    @staticmethod
    def executed_with_root_target() -> Builtin:
        """Return the condition that the latest run of a dependency had the evaluated asset as a target."""
        return _doors.leaf("executed_with_root_target")

    @staticmethod
    def check_passed() -> Builtin:
        """Return the condition that the latest evaluation of the check passed."""
        return _doors.leaf("check_passed")

    @staticmethod
    def check_failed() -> Builtin:
        """Return the condition that the latest evaluation of the check did not pass."""
        return _doors.leaf("check_failed")

    @staticmethod
    def freshness_passed() -> Builtin:
        """Return the condition that the asset is fresh."""
        return _doors.leaf("freshness_passed")

    @staticmethod
    def freshness_warned() -> Builtin:
        """Return the condition that the freshness policy of the asset warns."""
        return _doors.leaf("freshness_warned")

    @staticmethod
    def freshness_failed() -> Builtin:
        """Return the condition that the asset is stale."""
        return _doors.leaf("freshness_failed")

    @staticmethod
    def any_downstream_conditions() -> Builtin:
        """Return the condition that the condition of a downstream asset holds for the asset."""
        return _doors.leaf("ANY_DOWNSTREAM_CONDITIONS")

    @staticmethod
    def cron_tick_passed(cron_schedule: str, cron_timezone: str = "UTC") -> Builtin:
        """Return the condition that a tick passed since the previous evaluation.

        Args:
            cron_schedule: The ticks, as a cron expression of five fields.
            cron_timezone: The IANA name of the zone of the expression.

        Raises:
            ParameterCheckError: The expression or the zone is invalid.

        Example:
            >>> from dagflow import AutomationCondition
            >>> AutomationCondition.cron_tick_passed("@daily").name
            'cron_tick_passed(cron_schedule=@daily, cron_timezone=UTC)'
        """
        return _doors.CronTickPassed(cron_schedule, cron_timezone)

    @staticmethod
    def in_latest_time_window(lookback_delta: timedelta | None = None) -> Builtin:
        """Return the condition that the partition is the latest complete one.

        Args:
            lookback_delta: The duration before the end of that window, within which partitions match too.

        Raises:
            ParameterCheckError: The duration is not a timedelta.

        Example:
            >>> from dagflow import AutomationCondition
            >>> AutomationCondition.in_latest_time_window().description
            'Within latest time window'
        """
        return _doors.latest_time_window(lookback_delta)

    @staticmethod
    def executed_with_tags(
        *, tag_keys: Set[str] | None = None, tag_values: Mapping[str, str] | None = None
    ) -> Builtin:
        """Return the condition that the latest run of the asset has tags.

        Args:
            tag_keys: Keys of tags that the run has, with any value.
            tag_values: Tags that the run has.

        Raises:
            CheckError: An argument is of the wrong type.

        Example:
            >>> from dagflow import AutomationCondition
            >>> AutomationCondition.executed_with_tags(tag_values={"kind": "full"}).name
            'executed_with_tags(tag_values={kind:full})'
        """
        return _doors.HasRunTags("executed_with_tags", tag_keys, tag_values)

    @staticmethod
    def any_new_update_has_run_tags(
        *, tag_keys: Set[str] | None = None, tag_values: Mapping[str, str] | None = None
    ) -> Builtin:
        """Return the condition that a run that updated the asset since the previous evaluation has tags.

        Args:
            tag_keys: Keys of tags that the run has, with any value.
            tag_values: Tags that the run has.

        Raises:
            CheckError: An argument is of the wrong type.
        """
        return _doors.HasRunTags("any_new_update_has_run_tags", tag_keys, tag_values)

    @staticmethod
    def all_new_updates_have_run_tags(
        *, tag_keys: Set[str] | None = None, tag_values: Mapping[str, str] | None = None
    ) -> Builtin:
        """Return the condition that all runs that updated the asset since the previous evaluation have tags.

        Args:
            tag_keys: Keys of tags that the runs have, with any value.
            tag_values: Tags that the runs have.

        Raises:
            CheckError: An argument is of the wrong type.
        """
        return _doors.HasRunTags("all_new_updates_have_run_tags", tag_keys, tag_values)

    @staticmethod
    def any_deps_match(condition: Condition) -> _doors.DepsCondition:
        """Return the condition that a partition of some dependency matches a condition.

        Args:
            condition: The condition of the dependencies.

        Raises:
            ParameterCheckError: It is not an AutomationCondition.

        Example:
            >>> from dagflow import AutomationCondition
            >>> AutomationCondition.any_deps_match(AutomationCondition.missing()).name
            'ANY_DEPS_MATCH'
        """
        return _doors.DepsCondition(condition, "ANY")

    @staticmethod
    def all_deps_match(condition: Condition) -> _doors.DepsCondition:
        """Return the condition that each dependency has a partition that matches a condition.

        Args:
            condition: The condition of the dependencies.

        Raises:
            ParameterCheckError: It is not an AutomationCondition.
        """
        return _doors.DepsCondition(condition, "ALL")

    @staticmethod
    def any_checks_match(condition: Condition, blocking_only: bool = False) -> _doors.ChecksCondition:
        """Return the condition that some check of the asset matches a condition.

        Args:
            condition: The condition of the checks.
            blocking_only: Whether only blocking checks count.

        Raises:
            ParameterCheckError: An argument is of the wrong type.
        """
        return _doors.ChecksCondition(condition, "ANY", blocking_only)

    @staticmethod
    def all_checks_match(condition: Condition, blocking_only: bool = False) -> _doors.ChecksCondition:
        """Return the condition that all checks of the asset match a condition.

        Args:
            condition: The condition of the checks.
            blocking_only: Whether only blocking checks count.

        Raises:
            ParameterCheckError: An argument is of the wrong type.
        """
        return _doors.ChecksCondition(condition, "ALL", blocking_only)

    @staticmethod
    def any_job_root_assets_match(condition: Condition) -> Builtin:
        """Return the condition that some root asset of a job matches a condition.

        Args:
            condition: The condition of the root assets.

        Raises:
            ParameterCheckError: It is not an AutomationCondition.
        """
        return _doors.job_roots(condition, "ANY")

    @staticmethod
    def all_job_root_assets_match(condition: Condition) -> Builtin:
        """Return the condition that all root assets of a job match a condition.

        Args:
            condition: The condition of the root assets.

        Raises:
            ParameterCheckError: It is not an AutomationCondition.
        """
        return _doors.job_roots(condition, "ALL")

    @staticmethod
    def asset_matches(key: CoercibleToAssetKey, condition: Condition) -> Builtin:
        """Return the condition that another asset matches a condition.

        Args:
            key: The key of the other asset.
            condition: Its condition.

        Raises:
            CheckError: An argument is of the wrong type.

        Example:
            >>> from dagflow import AutomationCondition
            >>> AutomationCondition.asset_matches(["bar", "cups"], AutomationCondition.missing()).name
            'bar/cups'
        """
        return _doors.AssetMatches(key, condition)

    @staticmethod
    def any_deps_updated() -> _doors.DepsCondition:
        """Return the condition that a dependency was updated, or will be, without the asset itself."""
        new = Constructors.newly_updated() & ~Constructors.executed_with_root_target()
        updated = new.with_label("newly_updated_without_root") | Constructors.will_be_requested()
        return Constructors.any_deps_match(updated).with_label("any_deps_updated")

    @staticmethod
    def any_deps_missing() -> _doors.DepsCondition:
        """Return the condition that a dependency is missing, and will not be requested."""
        missing = Constructors.missing() & ~Constructors.will_be_requested()
        return Constructors.any_deps_match(missing).with_label("any_deps_missing")

    @staticmethod
    def any_deps_in_progress() -> _doors.DepsCondition:
        """Return the condition that a run or a backfill of a dependency is in progress."""
        return Constructors.any_deps_match(Constructors.in_progress()).with_label("any_deps_in_progress")

    @staticmethod
    def all_deps_blocking_checks_passed() -> _doors.DepsCondition:
        """Return the condition that all blocking checks of all dependencies passed, or will be requested."""
        passed = Constructors.check_passed() | Constructors.will_be_requested()
        blocking = Constructors.all_checks_match(passed, blocking_only=True)
        of_deps = Constructors.all_deps_match(blocking.with_label("all_blocking_checks_passed"))
        return of_deps.with_label("all_deps_blocking_checks_passed")

    @staticmethod
    def all_deps_updated_since_cron(cron_schedule: str, cron_timezone: str = "UTC") -> _doors.DepsCondition:
        """Return the condition that all dependencies were updated since the latest tick, or will be.

        Args:
            cron_schedule: The ticks, as a cron expression of five fields.
            cron_timezone: The IANA name of the zone of the expression.

        Raises:
            ParameterCheckError: The expression or the zone is invalid.
        """
        tick = Constructors.cron_tick_passed(cron_schedule, cron_timezone)
        updated = Constructors.newly_updated().since(tick) | Constructors.will_be_requested()
        label = f"all_deps_updated_since_cron({cron_schedule}, {cron_timezone})"
        return Constructors.all_deps_match(updated).with_label(label)

    @staticmethod
    @cache  # the evaluation compiles one object once
    def eager() -> _doors.AndCondition:
        """Return the condition to update the asset soon after its dependencies.

        Example:
            >>> from dagflow import AutomationCondition
            >>> [part.get_label() or part.name for part in AutomationCondition.eager().children]
            ['in_latest_time_window', 'SINCE', 'NOT', 'NOT', 'NOT']
        """
        wanted = Constructors.newly_missing() | Constructors.any_deps_updated()
        return (
            _doors.AndCondition.of(
                Constructors.in_latest_time_window(),
                wanted.since_last_handled(),
                ~Constructors.any_deps_missing(),
                ~Constructors.any_deps_in_progress(),
                ~Constructors.in_progress(),
            )
        ).with_label("eager")

    @staticmethod
    @cache  # the evaluation compiles one object once
    def on_missing() -> _doors.AndCondition:
        """Return the condition to update the asset when it is missing and its dependencies are not."""
        missing = Constructors.missing().newly_true().since_last_handled()
        return _doors.AndCondition.of(
            Constructors.in_latest_time_window(),
            missing.with_label("missing_since_last_handled"),
            ~Constructors.any_deps_missing(),
        ).with_label("on_missing")

    @staticmethod
    def on_cron(cron_schedule: str, cron_timezone: str = "UTC") -> _doors.AndCondition:
        """Return the condition to update the asset after each tick, as soon as its dependencies are updated.

        Args:
            cron_schedule: The ticks, as a cron expression of five fields.
            cron_timezone: The IANA name of the zone of the expression.

        Raises:
            ParameterCheckError: The expression or the zone is invalid.

        Example:
            >>> from dagflow import AutomationCondition
            >>> AutomationCondition.on_cron("@daily").get_label()
            'on_cron(@daily, UTC)'
        """
        return _doors.AndCondition.of(
            Constructors.in_latest_time_window(),
            Constructors.cron_tick_passed(cron_schedule, cron_timezone).since_last_handled(),
            Constructors.all_deps_updated_since_cron(cron_schedule, cron_timezone),
        ).with_label(f"on_cron({cron_schedule}, {cron_timezone})")
