"""`build_last_update_freshness_checks`: checks of the time since the last update of an asset."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from dagflow.absent import explains_absent
from dagflow.defs.checks.definition import AssetChecksDefinition
from dagflow.defs.checks.factory import Verdict
from dagflow.defs.checks.freshness import (
    Deadlines,
    build_freshness_checks,
    distance,
    evidence,
    last_update,
    now,
)
from dagflow.errors import check_type
from dagflow.events.check import AssetCheckSeverity
from dagflow.keys import AssetKey
from dagflow.partitions.cadence import zone_named

_PLACE = "build_last_update_freshness_checks"


@explains_absent
def build_last_update_freshness_checks(
    *,
    assets: Sequence[Any],
    lower_bound_delta: timedelta,
    deadline_cron: str | None = None,
    timezone: str = "UTC",
    severity: AssetCheckSeverity = AssetCheckSeverity.WARN,
    blocking: bool = False,
) -> list[AssetChecksDefinition]:
    """Build a check of each asset: its last update is not too long ago.

    The last update is the latest materialization or observation. Its metadata
    `dagflow/last_updated_timestamp` can name another moment. An observation without it does not count.

    Args:
        assets: The keys or definitions of the assets, each once.
        lower_bound_delta: The longest time between the last update and now, or the latest deadline.
        deadline_cron: The deadlines, as a cron expression. Default: the asset must always be fresh.
        timezone: The IANA name of the time zone of `deadline_cron`.
        severity: The severity of a failed check.
        blocking: Whether the assets that depend on these wait for the checks.

    Returns:
        A list with one definition, which has the checks of all assets. Their name is `freshness_check`.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        CheckError: An asset is named twice, or `deadline_cron` is invalid.
        DagflowInvalidDefinitionError: There is no such time zone.

    Example:
        >>> from datetime import timedelta
        >>> from dagflow import Definitions
        >>> checks = build_last_update_freshness_checks(assets=["beans"], lower_bound_delta=timedelta(days=1))
        >>> job = Definitions(asset_checks=checks).get_implicit_global_asset_job_def()
        >>> result = job.execute_in_process()
        >>> [found.description for found in result.get_asset_check_evaluations()]
        ['Asset has never been observed/materialized.']
    """
    delta = check_type(lower_bound_delta, timedelta, "lower_bound_delta", _PLACE).total_seconds()
    zone_named(check_type(timezone, str, "timezone", _PLACE))
    deadlines = None if deadline_cron is None else Deadlines(deadline_cron, timezone, _PLACE)
    params = {"timezone": timezone, "lower_bound_delta_seconds": delta}
    if deadline_cron is not None:
        params["deadline_cron"] = deadline_cron

    def judge(context: Any, key: AssetKey) -> Verdict:
        moment, updated = now(), last_update(context.instance, key)
        deadline, following = (None, None) if deadlines is None else deadlines.around(moment)
        bound = (moment if deadline is None else deadline) - delta
        is_fresh = updated is not None and updated >= bound
        fresh_until = None
        if updated is not None and is_fresh:
            fresh_until = updated + delta if following is None else following
        metadata = evidence(
            params,
            freshness_lower_bound=bound,
            latest_cron_tick=deadline,
            fresh_until=fresh_until,
            last_updated=updated,
        )
        if updated is None:
            return Verdict(False, "Asset has never been observed/materialized.", metadata)
        ago, allowed = _ago(moment - updated), distance(moment - bound)
        if is_fresh:
            text = (
                f"is currently fresh. The last update was {ago}, within the allowed time range of {allowed}."
            )
        else:
            text = (
                f"is overdue for an update. The last update was {ago}, which is past the allowed distance of "
                f"{allowed} ago."
            )
        return Verdict(is_fresh, f"Asset {text}", metadata)

    return build_freshness_checks(assets, _PLACE, params, severity, blocking, judge)


def _ago(seconds: float) -> str:
    return f"{distance(seconds)} ago" if seconds > -1 else f"{distance(-seconds)} in the future"
