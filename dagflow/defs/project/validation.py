"""The check that the partitions of assets fit the mappings of their dependencies. No run needs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dagflow.defs.assets.catalog import AssetCatalog, place_of
from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition, spec_of
from dagflow.defs.assets.short_names import ShortNames
from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.keys import AssetKey
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.mapping import PartitionMapping
from dagflow.partitions.multi_mapping import default_mapping


def check_partitions(catalog: AssetCatalog) -> None:
    """Raise if partitions are invalid, or a partition mapping cannot connect those of two assets.

    Args:
        catalog: All assets and checks.

    Raises:
        DagflowInvalidDefinitionError: Two partitions of an asset have the same key, or a mapping does not
            fit. The message names the assets.
    """
    for key, asset in catalog.assets.items():
        definition = spec_of(asset, key).partitions_def
        if definition is None:
            continue
        try:
            definition.validate_partition_definition()
        except DagflowInvalidDefinitionError as error:
            raise DagflowInvalidDefinitionError(
                f"partitions of asset '{key.to_user_string()}': {error}"
            ) from None
    checked: set[tuple[int, int, int]] = set()
    for link in partition_links(catalog):
        identity = id(link.own), id(link.other), id(link.mapping)
        if identity not in checked:
            checked.add(identity)  # the catalog keeps these objects
            _check(link)


class PartitionLink(NamedTuple):
    """A dependency of an asset on a partitioned asset.

    Attributes:
        asset: The definition of the asset that depends on the other.
        key: Its key.
        own: Its partitions; None if it is not partitioned.
        upstream: The key of the other asset.
        other: The partitions of the other asset.
        mapping: The mapping that is given for the dependency, or None.
    """

    asset: AnyAsset
    key: AssetKey
    own: PartitionsDefinition | None
    upstream: AssetKey
    other: PartitionsDefinition
    mapping: PartitionMapping | None


def partition_links(catalog: AssetCatalog) -> Iterator[PartitionLink]:
    """Yield each dependency of an asset on a partitioned asset.

    Args:
        catalog: All assets and checks.
    """
    partitions = {key: spec_of(asset, key).partitions_def for key, asset in catalog.assets.items()}
    if all(definition is None for definition in partitions.values()):
        return
    names = ShortNames(catalog.assets)
    for key, asset in catalog.assets.items():
        for written, mapping in _dependencies(asset, key):
            upstream = names.resolve(written, asset)
            other = partitions.get(upstream)
            if other is not None:
                yield PartitionLink(asset, key, partitions[key], upstream, other, mapping)


def _check(link: PartitionLink) -> None:
    try:
        fitting = link.mapping or default_mapping(link.own, link.other)
        if fitting is not None:
            fitting.validate_partition_mapping(link.other, link.own)
    except Exception as error:
        ends = f"'{link.key.to_user_string()}' to '{link.upstream.to_user_string()}'"
        raise DagflowInvalidDefinitionError(
            f"Invalid partition mapping from {ends} ({place_of(link.asset)}): {error}"
        ) from error


def _dependencies(asset: AnyAsset, key: AssetKey) -> Iterator[tuple[AssetKey, PartitionMapping | None]]:
    """Yield the key of each asset that an asset depends on, and the mapping that is given for it."""
    of_definition = asset.partition_mappings if isinstance(asset, AssetsDefinition) else {}
    for dep in spec_of(asset, key).deps:
        yield dep.asset_key, dep.partition_mapping or of_definition.get(dep.asset_key)
