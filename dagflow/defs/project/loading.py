"""Assets, jobs and Definitions from the variables of modules.

A module is searched in the sorted order of its names. Lists in it are searched too, tuples and dicts are not.
An error that a module raises when it is imported reaches the caller unchanged.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from operator import itemgetter
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.defs.assets.catalog import place_of
from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition
from dagflow.defs.assets.dependency import AssetDep
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import DEFAULT_GROUP, AssetSpec
from dagflow.defs.automation.sensor import SensorDefinition
from dagflow.defs.executors.definition import ExecutorDefinition
from dagflow.defs.jobs.asset_job import UnresolvedAssetJobDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.project.automation import SCHEDULES, by_name
from dagflow.defs.project.definitions import Definitions
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    ParameterCheckError,
    check_optional,
    check_texts,
    check_type,
    repr_of,
)
from dagflow.keys import AssetKey

if TYPE_CHECKING:
    from dagflow.defs.conditions.auto_materialize import AutoMaterializePolicy
    from dagflow.defs.conditions.condition import AutomationCondition
    from dagflow.defs.conditions.legacy_freshness import LegacyFreshnessPolicy
    from dagflow.partitions.backfill import BackfillPolicy

_ASSETS = (AssetsDefinition, SourceAsset, AssetSpec)
_JOBS = (JobDefinition, UnresolvedAssetJobDefinition)
_Prefix = str | Sequence[str]


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
    assets = _assets(_found(_modules(modules), kinds))
    changed = _with_attributes(assets, group_name, key_prefix, source_key_prefix)
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
        [_caller()],
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
        _package(package_module),
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
        _imported(package_name),
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
    """Return the assets, jobs, schedules and sensors that are variables of modules, as Definitions.

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
    found = _found(_modules(modules), (*_ASSETS, *_JOBS, *SCHEDULES, SensorDefinition))
    by_name(one.value for one in found if isinstance(one.value, (*SCHEDULES, SensorDefinition)))
    return Definitions(
        _assets([one for one in found if isinstance(one.value, _ASSETS)]),
        schedules=[one.value for one in found if isinstance(one.value, SCHEDULES)],
        sensors=[one.value for one in found if isinstance(one.value, SensorDefinition)],
        jobs=[one.value for one in found if isinstance(one.value, _JOBS)],
        resources=resources,
        loggers=loggers,
        executor=executor,
    )


def load_definitions_from_module(
    module: ModuleType,
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: ExecutorDefinition | None = None,
) -> Definitions:
    """Return the assets and jobs that are variables of a module; see `load_definitions_from_modules`."""
    return load_definitions_from_modules([module], resources, loggers, executor)


def load_definitions_from_current_module(
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: ExecutorDefinition | None = None,
) -> Definitions:
    """Return the assets and jobs that are variables of the module that calls this function, so far.

    Arguments and errors as in `load_definitions_from_modules`.
    """
    return load_definitions_from_modules([_caller()], resources, loggers, executor)


def load_definitions_from_package_module(
    package_module: ModuleType,
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: ExecutorDefinition | None = None,
) -> Definitions:
    """Return the assets and jobs that are variables of a package or of a module in it, at any depth.

    Other arguments and errors as in `load_definitions_from_modules`.

    Args:
        package_module: The package. All its modules are imported.

    Raises:
        AttributeError: The module is not a package.
    """
    return load_definitions_from_modules(_package(package_module), resources, loggers, executor)


def load_definitions_from_package_name(
    package_name: str,
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: ExecutorDefinition | None = None,
) -> Definitions:
    """Return the assets and jobs that are variables of a package or of a module in it.

    Arguments and errors as in `load_definitions_from_package_module`.

    Args:
        package_name: The name of the package, with dots. It is imported.

    Raises:
        ModuleNotFoundError: There is no such package.
    """
    return load_definitions_from_package_module(_imported(package_name), resources, loggers, executor)


class _Found(NamedTuple):
    """A definition, and the first variable that has it, as "module.name"."""

    value: Any
    place: str


def _modules(modules: Iterable[ModuleType]) -> list[ModuleType]:
    if not isinstance(modules, Iterable):
        raise ParameterCheckError(
            f"parameter 'modules' must be a list of modules, not {repr_of(modules)}. Write [module] for one "
            "module."
        )
    found = list(modules)
    for module in found:
        check_type(module, ModuleType, "modules")
    return found


def _caller() -> ModuleType:
    """Return the module of the nearest caller outside of dagflow."""
    frame = sys._getframe(1)  # noqa: SLF001 - Python's own, much faster than inspect.stack
    while frame.f_back is not None and f"{frame.f_globals.get('__name__')}.".startswith("dagflow."):
        frame = frame.f_back
    name = frame.f_globals.get("__name__")
    module = sys.modules.get(name) if isinstance(name, str) else None
    if module is None or module.__dict__ is not frame.f_globals:
        raise CheckError(
            f"the code at {frame.f_code.co_filename}:{frame.f_lineno} is not in a module, so its definitions "
            "cannot be collected. Give them to Definitions(...) yourself."
        )
    return module


def _imported(package_name: str) -> ModuleType:
    check_texts("a loader of a package", package_name=package_name)
    return import_module(package_name)


def _package(package: ModuleType) -> Iterator[ModuleType]:
    """Yield a package and all modules in it, at any depth."""
    check_type(package, ModuleType, "package_module")
    if not hasattr(package, "__path__"):
        raise AttributeError(
            f"module '{package.__name__}' is not a package: it has no '__path__'. Use the loader for modules."
        )
    yield package
    for entry in iter_modules(package.__path__, f"{package.__name__}."):
        module = import_module(entry.name)
        if entry.ispkg:
            yield from _package(module)
        else:
            yield module


def _found(modules: Iterable[ModuleType], classes: tuple[type[Any], ...]) -> list[_Found]:
    """Return the definitions in modules, each once."""
    found: dict[int, _Found] = {}
    for module in modules:
        for name, value in sorted(vars(module).items(), key=itemgetter(0)):
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, classes):
                    found.setdefault(id(one), _Found(one, f"{module.__name__}.{name}"))
    return list(found.values())


def _assets(found: Iterable[_Found]) -> list[AnyAsset]:
    """Return the assets. Of equal AssetSpecs only the first is returned.

    Raises:
        DagflowInvalidDefinitionError: Two assets have one key.
    """
    owners: dict[AssetKey, _Found] = {}
    assets: list[AnyAsset] = []
    for one in found:
        asset = one.value
        keys = asset.keys if isinstance(asset, AssetsDefinition) else {asset.key}
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


def _described(found: _Found) -> str:
    asset = found.value
    at = f" ({place_of(asset)})" if isinstance(asset, AssetsDefinition) else ""
    return f"{found.place}{at}"


def _with_attributes(
    assets: list[AnyAsset],
    group_name: str | None,
    key_prefix: _Prefix | None,
    source_key_prefix: _Prefix | None,
) -> list[AnyAsset]:
    """Return assets with a group and prefixes. An asset that does not change is returned itself."""
    check_texts("a loader of assets", group_name=group_name)
    check_optional(key_prefix, (str, Sequence), "key_prefix", "a loader of assets")
    check_optional(source_key_prefix, (str, Sequence), "source_key_prefix", "a loader of assets")
    keys: dict[AssetKey, AssetKey] = {}
    for asset in assets:
        own, prefix = (
            (asset.keys, key_prefix)
            if isinstance(asset, AssetsDefinition)
            else ({asset.key}, source_key_prefix)
        )
        if prefix:
            keys.update({key: key.with_prefix(prefix) for key in own})
    if not keys and group_name is None:
        return assets
    return [_changed(asset, keys, group_name) for asset in assets]


def _changed(asset: AnyAsset, keys: Mapping[AssetKey, AssetKey], group_name: str | None) -> AnyAsset:
    if isinstance(asset, AssetsDefinition):
        specs = {key: _changed_spec(spec, keys, group_name) for key, spec in asset.specs_by_key.items()}
        return asset.with_specs(specs, keys)
    if isinstance(asset, AssetSpec):
        return _changed_spec(asset, keys, group_name)
    return asset.with_spec(_changed_spec(asset.spec, keys, group_name))


def _changed_spec(spec: AssetSpec, keys: Mapping[AssetKey, AssetKey], group_name: str | None) -> AssetSpec:
    if group_name is not None and spec.shown_group != DEFAULT_GROUP:
        raise DagflowInvalidDefinitionError(
            f"asset '{spec.key.to_user_string()}' has the group '{spec.group_name}', so the loader cannot "
            f"give it the group '{group_name}'. Leave out one of them."
        )
    deps = [
        AssetDep(keys[dep.asset_key], partition_mapping=dep.partition_mapping, metadata=dep.metadata)
        if dep.asset_key in keys
        else dep
        for dep in spec.deps
    ]
    return spec.replace_attributes(
        key=keys.get(spec.key, spec.key),
        deps=deps,
        group_name=spec.group_name if group_name is None else group_name,
    )
