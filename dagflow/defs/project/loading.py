"""Assets, jobs and Definitions from the variables of modules; `modules` has the search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from dagflow.defs.assets.catalog import place_of
from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.automation.sensor import SensorDefinition
from dagflow.defs.executors.definition import ExecutorDefinition
from dagflow.defs.jobs.asset_job import UnresolvedAssetJobDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.project.automation import SCHEDULES, by_name
from dagflow.defs.project.definitions import Definitions
from dagflow.defs.project.loading_checks import checks_among
from dagflow.defs.project.modules import (
    Found,
    calling_module,
    found_in,
    imported_package,
    modules_in,
    modules_of,
)
from dagflow.defs.project.prefixes import with_prefixes
from dagflow.errors import DagflowInvalidDefinitionError, check_type
from dagflow.keys import AssetKey

if TYPE_CHECKING:
    from dagflow.defs.conditions.auto_materialize import AutoMaterializePolicy
    from dagflow.defs.conditions.condition import AutomationCondition
    from dagflow.defs.conditions.legacy_freshness import LegacyFreshnessPolicy
    from dagflow.partitions.backfill import BackfillPolicy

_ASSETS = (AssetsDefinition, SourceAsset, AssetSpec)
_JOBS = (JobDefinition, UnresolvedAssetJobDefinition)


def load_assets_from_modules(
    modules: Iterable[ModuleType],
    group_name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    *,
    automation_condition: AutomationCondition | None = None,
    backfill_policy: BackfillPolicy | None = None,
    source_key_prefix: str | Sequence[str] | None = None,
    include_specs: bool = False,
    legacy_freshness_policy: LegacyFreshnessPolicy | None = None,
    auto_materialize_policy: AutoMaterializePolicy | None = None,
) -> list[AnyAsset]:
    """Return the assets that are variables of modules.

    Args:
        modules: The modules.
        group_name: The group of all these assets. None of them may have a group.
        key_prefix: Put before the key of each asset that is computed, and before the dependencies on it.
        source_key_prefix: Put before the key of each asset that is only read, and before the dependencies on
            it.
        include_specs: Whether AssetSpecs count as assets.
        automation_condition: The condition of all these assets, except SourceAssets. It replaces their own.
        backfill_policy: The backfill policy of all assets that are computed. It replaces their own.
        legacy_freshness_policy: The freshness policy of all assets that are computed, in its older form.
        auto_materialize_policy: The older form of `automation_condition`.

    Returns:
        The assets in the order of the modules, each once.

    Raises:
        ParameterCheckError: `modules` is not a list of modules, or another argument has the wrong type.
        DagflowInvalidDefinitionError: Two assets have one key, or an asset has a group and `group_name` is
            given.

    Example:
        >>> from types import ModuleType
        >>> cafe = ModuleType("cafe")
        >>> cafe.beans = SourceAsset("beans")
        >>> load_assets_from_modules([cafe], source_key_prefix="farm")
        [SourceAsset(AssetKey(['farm', 'beans']))]
    """
    kinds = _ASSETS if check_type(include_specs, bool, "include_specs") else (AssetsDefinition, SourceAsset)
    assets = _assets(found_in(modules_of(modules), kinds))
    changed = with_prefixes(assets, group_name, key_prefix, source_key_prefix)
    policies = (automation_condition, auto_materialize_policy, legacy_freshness_policy, backfill_policy)
    if any(policy is not None for policy in policies):
        from dagflow.defs.project.policies import with_policies  # few projects set them for all assets

        changed = with_policies(changed, *policies)
    return changed


def load_assets_from_current_module(
    group_name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    *,
    automation_condition: AutomationCondition | None = None,
    backfill_policy: BackfillPolicy | None = None,
    source_key_prefix: str | Sequence[str] | None = None,
    include_specs: bool = False,
    legacy_freshness_policy: LegacyFreshnessPolicy | None = None,
    auto_materialize_policy: AutoMaterializePolicy | None = None,
) -> list[AnyAsset]:
    """Return the assets that are variables of the module that calls this function, so far.

    Arguments and errors as in `load_assets_from_modules`.
    """
    return load_assets_from_modules(
        [calling_module()],
        group_name,
        key_prefix,
        automation_condition=automation_condition,
        backfill_policy=backfill_policy,
        source_key_prefix=source_key_prefix,
        include_specs=include_specs,
        legacy_freshness_policy=legacy_freshness_policy,
        auto_materialize_policy=auto_materialize_policy,
    )


def load_assets_from_package_module(
    package_module: ModuleType,
    group_name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    *,
    automation_condition: AutomationCondition | None = None,
    backfill_policy: BackfillPolicy | None = None,
    source_key_prefix: str | Sequence[str] | None = None,
    include_specs: bool = False,
    legacy_freshness_policy: LegacyFreshnessPolicy | None = None,
    auto_materialize_policy: AutoMaterializePolicy | None = None,
) -> list[AnyAsset]:
    """Return the assets that are variables of a package or of a module in it, at any depth.

    All these modules are imported. Other arguments and errors as in `load_assets_from_modules`.

    Args:
        package_module: The package.

    Raises:
        AttributeError: The module is not a package.
    """
    return load_assets_from_modules(
        modules_in(package_module),
        group_name,
        key_prefix,
        automation_condition=automation_condition,
        backfill_policy=backfill_policy,
        source_key_prefix=source_key_prefix,
        include_specs=include_specs,
        legacy_freshness_policy=legacy_freshness_policy,
        auto_materialize_policy=auto_materialize_policy,
    )


def load_assets_from_package_name(
    package_name: str,
    group_name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    *,
    backfill_policy: BackfillPolicy | None = None,
    source_key_prefix: str | Sequence[str] | None = None,
    include_specs: bool = False,
    legacy_freshness_policy: LegacyFreshnessPolicy | None = None,
    auto_materialize_policy: AutoMaterializePolicy | None = None,
) -> list[AnyAsset]:
    """Return the assets that are variables of a package or of a module in it; the package is imported.

    Arguments and errors as in `load_assets_from_package_module`.

    Args:
        package_name: The name of the package, with dots.

    Raises:
        ModuleNotFoundError: There is no such package.
    """
    return load_assets_from_package_module(
        imported_package(package_name),
        group_name,
        key_prefix,
        backfill_policy=backfill_policy,
        source_key_prefix=source_key_prefix,
        include_specs=include_specs,
        legacy_freshness_policy=legacy_freshness_policy,
        auto_materialize_policy=auto_materialize_policy,
    )


def load_definitions_from_modules(
    modules: Iterable[ModuleType],
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: ExecutorDefinition | None = None,
) -> Definitions:
    """Return the assets, checks, jobs, schedules and sensors that are variables of modules, as Definitions.

    Resources, executors, loggers and Definitions that are variables are ignored.

    Args:
        modules: The modules.
        resources: Resource definitions or values by key.
        loggers: Logger definitions by name, for the jobs without loggers.
        executor: The executor of the jobs without an executor.

    Raises:
        ParameterCheckError: `modules` is not a list of modules.
        DagflowInvalidDefinitionError: Two assets have one key, or two schedules or sensors have one name.
    """
    found = found_in(modules_of(modules), (*_ASSETS, *_JOBS, *SCHEDULES, SensorDefinition))
    by_name(one.value for one in found if isinstance(one.value, (*SCHEDULES, SensorDefinition)))
    return Definitions(
        _assets([one for one in found if isinstance(one.value, _ASSETS)]),
        schedules=[one.value for one in found if isinstance(one.value, SCHEDULES)],
        sensors=[one.value for one in found if isinstance(one.value, SensorDefinition)],
        jobs=[one.value for one in found if isinstance(one.value, _JOBS)],
        resources=resources,
        loggers=loggers,
        executor=executor,
        asset_checks=checks_among(found),
    )


def load_definitions_from_module(
    module: ModuleType,
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: ExecutorDefinition | None = None,
) -> Definitions:
    """Return the assets, checks and jobs of a module; see `load_definitions_from_modules`."""
    return load_definitions_from_modules([module], resources, loggers, executor)


def load_definitions_from_current_module(
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: ExecutorDefinition | None = None,
) -> Definitions:
    """Return the assets, checks and jobs that are variables of the module that calls this function, so far.

    Arguments and errors as in `load_definitions_from_modules`.
    """
    return load_definitions_from_modules([calling_module()], resources, loggers, executor)


def load_definitions_from_package_module(
    package_module: ModuleType,
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: ExecutorDefinition | None = None,
) -> Definitions:
    """Return the assets, checks and jobs that are variables of a package or of a module in it, at any depth.

    Other arguments and errors as in `load_definitions_from_modules`.

    Args:
        package_module: The package. All its modules are imported.

    Raises:
        AttributeError: The module is not a package.
    """
    return load_definitions_from_modules(modules_in(package_module), resources, loggers, executor)


def load_definitions_from_package_name(
    package_name: str,
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: ExecutorDefinition | None = None,
) -> Definitions:
    """Return the assets, checks and jobs that are variables of a package or of a module in it.

    Arguments and errors as in `load_definitions_from_package_module`.

    Args:
        package_name: The name of the package, with dots. It is imported.

    Raises:
        ModuleNotFoundError: There is no such package.
    """
    return load_definitions_from_package_module(imported_package(package_name), resources, loggers, executor)


def _assets(found: Iterable[Found]) -> list[AnyAsset]:
    """Return the assets, without definitions of checks alone. Of equal AssetSpecs only the first is returned.

    Raises:
        DagflowInvalidDefinitionError: Two assets have one key.
    """
    owners: dict[AssetKey, Found] = {}
    assets: list[AnyAsset] = []
    for one in found:
        asset = one.value
        keys = asset.keys if isinstance(asset, AssetsDefinition) else {asset.key}
        if not keys:
            continue
        for key in keys:
            other = owners.setdefault(key, one)
            if other is one or (isinstance(asset, AssetSpec) and asset == other.value):
                continue
            raise DagflowInvalidDefinitionError(
                f"Asset key {key.to_user_string()} is defined multiple times: by {_described(other)} and by "
                f"{_described(one)}. Give one of them another key."
            )
        if all(owners[key] is one for key in keys):
            assets.append(asset)
    return assets


def _described(found: Found) -> str:
    asset = found.value
    at = f" ({place_of(asset)})" if isinstance(asset, AssetsDefinition) else ""
    return f"{found.place}{at}"
