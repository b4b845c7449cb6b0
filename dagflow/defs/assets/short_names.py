"""The resolution of upstream assets that are named by the last part of their key only."""

from __future__ import annotations

from collections.abc import Mapping

from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition
from dagflow.defs.assets.spec import AssetSpec, SourceAsset
from dagflow.keys import AssetKey


class ShortNames:
    """The assets by group and last part of their key.

    A key of one part that no asset has is a short name. It stands for the only other asset of the same group
    whose key ends with that part.

    Args:
        known: All assets by key.
    """

    __slots__ = ("_by_name", "_known")

    def __init__(self, known: Mapping[AssetKey, AnyAsset]) -> None:
        self._known: Mapping[AssetKey, AnyAsset] = known
        self._by_name: dict[tuple[str, str], list[AssetKey]] | None = None

    def keys_read_by(self, asset: AssetsDefinition) -> Mapping[str, AssetKey]:
        """Return the keys that the inputs of an asset read, by name, with short names resolved."""
        keys = asset.keys_by_input_name
        if all(key in self._known for key in keys.values()):
            return keys
        return {name: self.resolve(key, asset) for name, key in keys.items()}

    def candidates(self, key: AssetKey, asset: AssetsDefinition) -> list[AssetKey]:
        """Return the other assets in the groups of an asset whose key ends with the one part of `key`."""
        if len(key.path) != 1:
            return []
        if self._by_name is None:
            self._by_name = {}
            for known, owner in self._known.items():
                self._by_name.setdefault((_group_of(owner, known), known.path[-1]), []).append(known)
        groups = dict.fromkeys(spec.group_name for spec in asset.specs)
        return [
            found
            for group in groups
            for found in self._by_name.get((group, key.path[0]), ())
            if self._known[found] is not asset
        ]

    def resolve(self, key: AssetKey, reader: AnyAsset) -> AssetKey:
        """Return the key that `key` stands for in `reader`: the same key, unless it is a short name."""
        if key in self._known or not isinstance(reader, AssetsDefinition):
            return key
        candidates = self.candidates(key, reader)
        return candidates[0] if len(candidates) == 1 else key


def _group_of(asset: AnyAsset, key: AssetKey) -> str:
    if isinstance(asset, AssetsDefinition):
        return asset.specs_by_key[key].group_name
    spec: AssetSpec = asset.spec if isinstance(asset, SourceAsset) else asset
    return spec.group_name
