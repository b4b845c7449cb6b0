"""Checks from the variables of modules; `modules` has the search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import ModuleType

from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.project.modules import (
    Found,
    calling_module,
    found_in,
    imported_package,
    modules_in,
    modules_of,
)
from dagflow.defs.project.prefixes import check_prefix, renamed
from dagflow.keys import AssetKey


def load_asset_checks_from_modules(
    modules: Iterable[ModuleType], asset_key_prefix: str | Sequence[str] | None = None
) -> list[AssetsDefinition]:
    """Return the checks that are variables of modules, each once.

    A check that an asset evaluates itself comes with its asset, by `load_assets_from_modules`.

    Args:
        modules: The modules.
        asset_key_prefix: Put before the keys of the checked assets, and before dependencies on assets of
            these modules. Use the `key_prefix` of the assets.

    Raises:
        ParameterCheckError: `modules` is not a list of modules, or the prefix has the wrong type.

    Example:
        >>> from types import ModuleType
        >>> from dagflow import AssetCheckResult, asset_check
        >>> @asset_check(asset="beans")
        ... def enough():
        ...     return AssetCheckResult(passed=True)
        >>> cafe = ModuleType("cafe")
        >>> cafe.enough = enough
        >>> (check,) = load_asset_checks_from_modules([cafe], asset_key_prefix="bar")
        >>> [key.to_user_string() for key in check.check_keys]
        ['bar/beans:enough']
    """
    found = found_in(modules_of(modules), (AssetsDefinition,))
    check_prefix(asset_key_prefix, "asset_key_prefix", "a loader of checks")
    checks = checks_among(found)
    targets = {key.asset_key for check in checks for key in check.check_keys}
    loaded: set[AssetKey] = targets.union(*(one.value.keys for one in found))
    keys = renamed(loaded, asset_key_prefix)
    return [check.with_specs({}, keys) for check in checks] if keys else checks


def load_asset_checks_from_current_module(
    asset_key_prefix: str | Sequence[str] | None = None,
) -> list[AssetsDefinition]:
    """Return the checks that are variables of the module that calls this function, so far.

    Arguments and errors as in `load_asset_checks_from_modules`.
    """
    return load_asset_checks_from_modules([calling_module()], asset_key_prefix)


def load_asset_checks_from_package_module(
    package_module: ModuleType, asset_key_prefix: str | Sequence[str] | None = None
) -> list[AssetsDefinition]:
    """Return the checks that are variables of a package or of a module in it, at any depth.

    All these modules are imported. Other arguments and errors as in `load_asset_checks_from_modules`.

    Args:
        package_module: The package.

    Raises:
        AttributeError: The module is not a package.
    """
    return load_asset_checks_from_modules(modules_in(package_module), asset_key_prefix)


def load_asset_checks_from_package_name(
    package_name: str, asset_key_prefix: str | Sequence[str] | None = None
) -> list[AssetsDefinition]:
    """Return the checks that are variables of a package or of a module in it; the package is imported.

    Other arguments and errors as in `load_asset_checks_from_package_module`.

    Args:
        package_name: The name of the package, with dots.

    Raises:
        ModuleNotFoundError: There is no such package.
    """
    return load_asset_checks_from_package_module(imported_package(package_name), asset_key_prefix)


def checks_among(found: Iterable[Found]) -> list[AssetsDefinition]:
    """Return the definitions of checks alone, in the order in which they were found."""
    definitions = [one.value for one in found if isinstance(one.value, AssetsDefinition)]
    return [one for one in definitions if one.has_check_keys and not one.has_keys]
