"""The freshness policy of many assets: `apply_freshness_policy`."""

from __future__ import annotations

from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.conditions.freshness import FreshnessPolicy
from dagflow.errors import check_type


def apply_freshness_policy(
    spec: AssetSpec, policy: FreshnessPolicy, overwrite_existing: bool = True
) -> AssetSpec:
    """Return a copy of a spec with a freshness policy.

    Args:
        spec: The spec.
        policy: The policy.
        overwrite_existing: Whether the policy replaces one that the spec has.

    Raises:
        ParameterCheckError: An argument is of the wrong type.

    Example:
        >>> from datetime import timedelta
        >>> from dagflow import map_asset_specs
        >>> daily = FreshnessPolicy.time_window(timedelta(days=1))
        >>> specs = map_asset_specs(lambda spec: apply_freshness_policy(spec, daily), [AssetSpec("cups")])
        >>> specs[0].freshness_policy == daily
        True
    """
    place = "apply_freshness_policy"
    check_type(spec, AssetSpec, "spec", place)
    check_type(policy, FreshnessPolicy, "policy", place)
    check_type(overwrite_existing, bool, "overwrite_existing", place)
    is_kept = spec.freshness_policy is not None and not overwrite_existing
    return spec if is_kept else spec.replace_attributes(freshness_policy=policy)
