"""The key prefixes and the group that a loader gives to definitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition
from dagflow.defs.assets.spec import DEFAULT_GROUP, AssetSpec
from dagflow.errors import DagflowInvalidDefinitionError, check_elements, check_optional, check_texts
from dagflow.keys import AssetKey

Prefix = str | Sequence[str]
"""The first part or parts of a key."""


def with_prefixes(
    assets: list[AnyAsset],
    group_name: str | None,
    key_prefix: Prefix | None,
    source_key_prefix: Prefix | None,
) -> list[AnyAsset]:
    """Return assets with a group and prefixes. An asset that does not change is returned itself.

    Args:
        assets: The loaded assets.
        group_name: The group of all of them.
        key_prefix: The prefix of assets that are computed, and of dependencies on them.
        source_key_prefix: The prefix of the other assets, and of dependencies on them.

    Raises:
        ParameterCheckError: A prefix or the group has the wrong type.
        DagflowInvalidDefinitionError: An asset has a group already.
    """
    check_texts("a loader of assets", group_name=group_name)
    check_prefix(key_prefix, "key_prefix", "a loader of assets")
    check_prefix(source_key_prefix, "source_key_prefix", "a loader of assets")
    keys: dict[AssetKey, AssetKey] = {}
    for asset in assets:
        if isinstance(asset, AssetsDefinition):
            keys.update(renamed(asset.keys, key_prefix))
        else:
            keys.update(renamed([asset.key], source_key_prefix))
    if not keys and group_name is None:
        return assets
    return [_changed(asset, keys, group_name) for asset in assets]


def check_prefix(prefix: Prefix | None, parameter: str, place: str) -> None:
    """Raise if a key prefix is neither a string nor a list of strings.

    Raises:
        ParameterCheckError, ElementCheckError: It is so.
    """
    check_optional(prefix, (str, Sequence), parameter, place)
    if prefix is not None and not isinstance(prefix, str):
        check_elements(prefix, str, parameter)


def renamed(keys: Iterable[AssetKey], prefix: Prefix | None) -> dict[AssetKey, AssetKey]:
    """Return the keys with a prefix, by the present keys; an empty dict without a prefix."""
    return {key: key.with_prefix(prefix) for key in keys} if prefix else {}


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
    return spec.replace_attributes(
        key=keys.get(spec.key, spec.key),
        deps=[dep.with_key(keys) for dep in spec.deps],
        group_name=spec.group_name if group_name is None else group_name,
    )
