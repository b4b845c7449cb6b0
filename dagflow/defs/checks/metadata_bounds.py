"""`build_metadata_bounds_checks`: checks of a number in the metadata of the latest materialization."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from dagflow.absent import explains_absent
from dagflow.defs.assets.check_spec import AssetCheckSpec
from dagflow.defs.checks.definition import AssetChecksDefinition
from dagflow.defs.checks.factory import Verdict, build_checks, checked_keys
from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError, check_type, repr_of
from dagflow.events.check import AssetCheckSeverity
from dagflow.keys import AssetKey

_PLACE = "build_metadata_bounds_checks"


@explains_absent
def build_metadata_bounds_checks(
    *,
    assets: Sequence[Any],
    severity: AssetCheckSeverity = AssetCheckSeverity.WARN,
    metadata_key: str,
    min_value: float | None = None,
    max_value: float | None = None,
    exclusive_min: bool = False,
    exclusive_max: bool = False,
) -> list[AssetChecksDefinition]:
    """Build a check of each asset: a number in the metadata of its latest materialization is within bounds.

    A check fails if the asset was never materialized, or if the metadata has no such number.

    Args:
        assets: The keys or definitions of the assets.
        severity: The severity of a failed check.
        metadata_key: The name of the metadata. The name of each check is `<metadata_key>_bounds_check`.
        min_value: The smallest number. Default: no lower bound.
        max_value: The largest number. Default: no upper bound.
        exclusive_min: Whether the number must be greater than `min_value`.
        exclusive_max: Whether the number must be less than `max_value`.

    Returns:
        A list with one definition, which has the checks of all assets.

    Raises:
        DagflowInvalidDefinitionError: Both bounds are missing, or `min_value` is greater than `max_value`.
        ParameterCheckError: An argument is of the wrong type.

    Example:
        >>> from dagflow import MaterializeResult, asset, materialize
        >>> @asset
        ... def beans():
        ...     return MaterializeResult(metadata={"count": 3})
        >>> checks = build_metadata_bounds_checks(assets=[beans], metadata_key="count", min_value=5)
        >>> [found.description for found in materialize([beans, *checks]).get_asset_check_evaluations()]
        ['Value `3` is less than 5']
    """
    check_type(metadata_key, str, "metadata_key", _PLACE)
    bounds = {"min_value": min_value, "max_value": max_value}
    for name, bound in bounds.items():
        if bound is not None and (not isinstance(bound, (int, float)) or bound != bound):
            raise ParameterCheckError(
                f"parameter '{name}' of {_PLACE} must be a number, not {repr_of(bound)}"
            )
    check_type(exclusive_min, bool, "exclusive_min", _PLACE)
    check_type(exclusive_max, bool, "exclusive_max", _PLACE)
    if min_value is None and max_value is None:
        raise DagflowInvalidDefinitionError(
            f"{_PLACE} for '{metadata_key}' has no bounds: at least one of 'min_value' and 'max_value' must "
            "be set"
        )
    if min_value is not None and max_value is not None and min_value > max_value:
        raise DagflowInvalidDefinitionError(
            f"{_PLACE} for '{metadata_key}': 'min_value' {min_value} must not be greater than 'max_value' "
            f"{max_value}"
        )

    def judge(context: Any, key: AssetKey) -> Verdict:
        latest = context.instance.get_latest_materialization_event(key)
        if latest is None:
            return Verdict(False, "Asset has not been materialized")
        metadata = latest.asset_materialization.metadata
        if metadata_key not in metadata:
            return Verdict(False, f"Metadata key `{metadata_key}` not found")
        value = metadata[metadata_key].value
        if not isinstance(value, (int, float)) or value != value:
            return Verdict(False, f"Value `{value}` is not a number")
        if min_value is not None and (value <= min_value if exclusive_min else value < min_value):
            return Verdict(False, f"Value `{value}` is less than {_or_equal(exclusive_min)}{min_value}")
        if max_value is not None and (value >= max_value if exclusive_max else value > max_value):
            return Verdict(False, f"Value `{value}` is greater than {_or_equal(exclusive_max)}{max_value}")
        return Verdict(True, f"Value `{value}` is within range")

    limits = []
    if min_value is not None:
        limits.append(f"greater than {_or_equal(not exclusive_min)}{min_value}")
    if max_value is not None:
        limits.append(f"less than {_or_equal(not exclusive_max)}{max_value}")
    description = (
        f"Checks that the latest materialization has metadata value `{metadata_key}` {' and '.join(limits)}"
    )
    name = re.sub(r"\W", "_", metadata_key, flags=re.ASCII) + "_bounds_check"
    specs = [AssetCheckSpec(name, asset=key, description=description) for key in checked_keys(assets, _PLACE)]
    return build_checks(specs, "asset_check", [spec.key for spec in specs], severity, judge)


def _or_equal(included: bool) -> str:
    return "or equal to " if included else ""
