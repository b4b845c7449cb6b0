"""`build_time_partition_freshness_checks`: checks that the last complete partition of an asset exists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dagflow.absent import explains_absent
from dagflow.defs.checks.definition import AssetChecksDefinition
from dagflow.defs.checks.factory import Verdict
from dagflow.defs.checks.freshness import Deadlines, build_freshness_checks, evidence, last_update, now
from dagflow.errors import CheckError, check_type
from dagflow.events.check import AssetCheckSeverity
from dagflow.instance.records import AssetRecordsFilter
from dagflow.keys import AssetKey
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition

if TYPE_CHECKING:
    from dagflow.instance.instance import DagflowInstance

_PLACE = "build_time_partition_freshness_checks"


@explains_absent
def build_time_partition_freshness_checks(
    *,
    assets: Sequence[Any],
    deadline_cron: str,
    timezone: str = "UTC",
    severity: AssetCheckSeverity = AssetCheckSeverity.WARN,
    blocking: bool = False,
) -> list[AssetChecksDefinition]:
    """Build a check of each asset: its partition that was complete at the latest deadline exists.

    A partition exists after a materialization or observation. A later partition does not count instead.

    Args:
        assets: The keys or definitions of assets that are partitioned by time, each once.
        deadline_cron: The deadlines, as a cron expression.
        timezone: The IANA name of the time zone of `deadline_cron`.
        severity: The severity of a failed check.
        blocking: Whether the assets that depend on these wait for the checks.

    Returns:
        A list with one definition, which has the checks of all assets. Their name is `freshness_check`. A run
        of it raises CheckError if an asset is not partitioned by time.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        CheckError: An asset is named twice, or `deadline_cron` is invalid.
        DagflowInvalidDefinitionError: There is no such time zone.

    Example:
        >>> from dagflow import AssetSpec, DailyPartitionsDefinition, Definitions
        >>> days = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-03")
        >>> checks = build_time_partition_freshness_checks(assets=["beans"], deadline_cron="0 9 * * *")
        >>> project = Definitions([AssetSpec("beans", partitions_def=days)], asset_checks=checks)
        >>> result = project.get_implicit_global_asset_job_def().execute_in_process()
        >>> found = result.get_asset_check_evaluations()[0]
        >>> found.passed, "2024-01-02" in found.description
        (False, True)
    """
    deadlines = Deadlines(deadline_cron, check_type(timezone, str, "timezone", _PLACE), _PLACE)
    params = {"timezone": timezone, "deadline_cron": deadline_cron}

    def judge(context: Any, key: AssetKey) -> Verdict:
        deadline, following = deadlines.around(now())
        expected = _partitions_of(context, key).get_last_partition_key(deadline)
        if expected is None:
            metadata = evidence(params, latest_cron_tick=deadline, fresh_until=following)
            return Verdict(True, "Asset is currently fresh, since no partition is expected yet.", metadata)
        if _exists(context.instance, key, expected):
            metadata = evidence(params, latest_cron_tick=deadline, fresh_until=following)
            text = f"Asset is currently fresh, since partition {expected} has been observed/materialized."
            return Verdict(True, text, metadata)
        updated = last_update(context.instance, key)
        metadata = evidence(params, latest_cron_tick=deadline, last_updated=updated)
        if updated is None and not context.instance.has_asset_key(key):
            text = (
                "The asset has never been observed/materialized. We currently expect partition "
                f"{expected} to have arrived."
            )
        else:
            text = f"Asset is overdue. We expected partition {expected} to have arrived, and it has not."
        return Verdict(False, text, metadata)

    return build_freshness_checks(assets, _PLACE, params, severity, blocking, judge)


def _partitions_of(context: Any, key: AssetKey) -> TimeWindowPartitionsDefinition:
    step = context.op_execution_context
    names = {own: name for name, own in step.assets_def.keys_by_input_name.items()}
    definition = step.asset_partitions_def_for_input(names[key])
    if not isinstance(definition, TimeWindowPartitionsDefinition):
        raise CheckError(
            f"asset '{key.to_user_string()}' has {definition!r}, which is not a "
            f"TimeWindowPartitionsDefinition, so a check of {_PLACE} has no partition to expect. Use "
            "build_last_update_freshness_checks."
        )
    return definition


def _exists(instance: DagflowInstance, key: AssetKey, partition: str) -> bool:
    wanted = AssetRecordsFilter(key, asset_partitions=[partition])
    return bool(
        instance.fetch_materializations(wanted, limit=1).records
        or instance.fetch_observations(wanted, limit=1).records
    )
