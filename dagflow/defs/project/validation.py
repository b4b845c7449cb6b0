"""The check that the partitions of assets fit the mappings of their dependencies. No run needs it."""

from __future__ import annotations

from collections.abc import Iterator

from dagflow.defs.assets.catalog import AssetCatalog, place_of
from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition, spec_of
from dagflow.defs.assets.short_names import ShortNames
from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.keys import AssetKey
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.mapping import PartitionMapping
from dagflow.partitions.multi_mapping import default_mapping


def check_partition_mappings(catalog: AssetCatalog) -> None:
    """Raise if a partition mapping cannot connect the partitions of two assets.

    Args:
        catalog: All assets and checks.

    Raises:
        DagflowInvalidDefinitionError: A mapping does not fit. The message names both assets.
    """
    partitions = {key: spec_of(asset, key).partitions_def for key, asset in catalog.assets.items()}
    if all(definition is None for definition in partitions.values()):
        return
    names = ShortNames(catalog.assets)
    checked: set[tuple[int, int, int]] = set()
    for key, asset in catalog.assets.items():
        own = partitions[key]
        for written, mapping in _dependencies(asset, key):
            upstream = names.resolve(written, asset)
            other = partitions.get(upstream)
            identity = id(own), id(other), id(mapping)
            if other is None or identity in checked:
                continue
            checked.add(identity)  # the catalog keeps these objects
            _check(asset, own, other, mapping, f"'{key.to_user_string()}' to '{upstream.to_user_string()}'")


def _check(
    asset: AnyAsset,
    own: PartitionsDefinition | None,
    other: PartitionsDefinition,
    mapping: PartitionMapping | None,
    ends: str,
) -> None:
    try:
        fitting = mapping or default_mapping(own, other)
        if fitting is not None:
            fitting.validate_partition_mapping(other, own)
    except Exception as error:
        raise DagflowInvalidDefinitionError(
            f"Invalid partition mapping from {ends} ({place_of(asset)}): {error}"
        ) from error


def _dependencies(asset: AnyAsset, key: AssetKey) -> Iterator[tuple[AssetKey, PartitionMapping | None]]:
    """Yield the key of each asset that an asset depends on, and the mapping that is given for it."""
    of_definition = asset.partition_mappings if isinstance(asset, AssetsDefinition) else {}
    for dep in spec_of(asset, key).deps:
        yield dep.asset_key, dep.partition_mapping or of_definition.get(dep.asset_key)
