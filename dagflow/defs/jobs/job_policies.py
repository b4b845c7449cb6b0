"""The backfill policy of a job of assets, and the checks of its automation condition."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dagflow.errors import DagflowInvalidDefinitionError

if TYPE_CHECKING:
    from dagflow.defs.assets.definition import AssetsDefinition
    from dagflow.defs.conditions.condition import AutomationCondition
    from dagflow.partitions.backfill import BackfillPolicy


def backfill_policy_of(parts: Iterable[AssetsDefinition], place: str) -> BackfillPolicy:
    """Return the backfill policy of a job: the one of its partitioned assets with the fewest partitions.

    An asset without a policy counts as `BackfillPolicy.multi_run(1)`, as does a job without such assets.

    Args:
        parts: The definitions of its assets.
        place: The job, for a warning that its assets have different policies.
    """
    from dagflow.partitions.backfill import BackfillPolicy  # imported lazily: few projects have one

    one_each = BackfillPolicy.multi_run(1)
    policies = {
        part.backfill_policy or one_each
        for part in parts
        if any(spec.partitions_def is not None for spec in part.specs)
    }
    limits = [policy.max_partitions_per_run for policy in policies]
    if len(policies) > 1:
        import warnings

        warnings.warn(
            f"{place} materializes assets with varying BackfillPolicies: "
            f"{', '.join(sorted(map(repr, policies)))}. It has the one with the fewest partitions in a run.",
            UserWarning,
            stacklevel=3,
        )
    limited = [limit for limit in limits if limit is not None]
    if limited:
        return BackfillPolicy.multi_run(min(limited))
    return BackfillPolicy.single_run() if policies else one_each


def check_config_of_backfill(policy: BackfillPolicy, config: Any, place: str) -> None:
    """Raise if each partition has its own config, and one run of a backfill makes several partitions.

    Raises:
        DagflowInvalidDefinitionError: It does.
    """
    from dagflow.defs.jobs.partitioned import PartitionedConfig  # imported lazily: few jobs have one

    if not isinstance(config, PartitionedConfig):
        return
    if policy.max_partitions_per_run != 1:
        raise DagflowInvalidDefinitionError(
            f"{place} has a PartitionedConfig, and its assets have {policy}. A run of several partitions has "
            "one config: set backfill_policy=BackfillPolicy.multi_run(1), or give a config for all partitions"
        )


def check_condition(condition: AutomationCondition, config: Any, place: str, *, is_partitioned: bool) -> None:
    """Raise if an automation condition does not fit a job.

    Raises:
        DagflowInvalidDefinitionError: The config depends on the partition, or the condition is not
            about the root assets of the job.
    """
    if config is not None and is_partitioned:
        raise DagflowInvalidDefinitionError(
            f"{place} has both an automation_condition and partitioned run config, which the runs of a "
            "condition do not get: remove one of them"
        )
    if not _is_about_roots(condition):
        raise DagflowInvalidDefinitionError(
            f"{place} has an automation_condition that does not evaluate against the job's root assets: wrap "
            "it, as in AutomationCondition.any_job_root_assets_match(...)"
        )


def _is_about_roots(condition: AutomationCondition) -> bool:
    from dagflow.defs.conditions.quantifiers import JobRootsCondition

    return isinstance(condition, JobRootsCondition) or any(map(_is_about_roots, condition.children))
