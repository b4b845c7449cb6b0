"""The resolution of upstream assets that are named by the last part of their key, or by their table, only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition, spec_of
from dagflow.errors import DagflowInvalidDefinitionError, repr_of
from dagflow.keys import AssetKey
from dagflow.tags import system_tag_spellings


class ShortNames:
    """The assets by group and last part of their key.

    A key of one part that no asset has is a short name. It stands for the only other asset of the same group
    whose key ends with that part. An unknown key of an AssetDep with a table name in its metadata stands for
    the asset with the same table name.

    Args:
        known: All assets by key.
    """

    __slots__ = ("_by_name", "_by_table", "_known", "_readers")

    def __init__(self, known: Mapping[AssetKey, AnyAsset]) -> None:
        self._known: Mapping[AssetKey, AnyAsset] = known
        self._by_name: dict[tuple[str, str], list[AssetKey]] | None = None
        self._by_table: dict[str, list[AssetKey]] | None = None
        self._readers: dict[AssetsDefinition, tuple[Collection[str], Mapping[AssetKey, str]]] = {}

    def keys_read_by(self, asset: AssetsDefinition) -> Mapping[str, AssetKey]:
        """Return the keys that the inputs of an asset read, by name, with short names resolved."""
        keys = asset.keys_by_input_name
        for key in keys.values():
            if key not in self._known:
                return {name: self.resolve(key, asset) for name, key in keys.items()}
        return keys

    def candidates(self, key: AssetKey, asset: AssetsDefinition) -> list[AssetKey]:
        """Return the other assets in the groups of an asset whose key ends with the one part of `key`."""
        if len(key.path) != 1:
            return []
        if self._by_name is None:
            self._by_name = {}
            for known, owner in self._known.items():
                name = spec_of(owner, known).shown_group, known.path[-1]
                self._by_name.setdefault(name, []).append(known)
        return [
            found
            for group in self._groups_and_tables(asset)[0]
            for found in self._by_name.get((group, key.path[0]), ())
            if self._known[found] is not asset
        ]

    def resolve(self, key: AssetKey, reader: AnyAsset) -> AssetKey:
        """Return the key that `key` stands for in `reader`: the same key, unless it is a short name.

        Raises:
            DagflowInvalidDefinitionError: Several assets have the table name that the reader depends on.
        """
        if key in self._known or not isinstance(reader, AssetsDefinition):
            return key
        table = self._groups_and_tables(reader)[1].get(key)
        if table is not None:
            key = self._asset_of_table(table, reader) or key
        candidates = self.candidates(key, reader)
        return candidates[0] if len(candidates) == 1 else key

    def _groups_and_tables(self, reader: AssetsDefinition) -> tuple[Collection[str], Mapping[AssetKey, str]]:
        """Return the groups of the assets of a definition, and the tables that its dependencies name."""
        found = self._readers.get(reader)
        if found is None:
            tables = {
                dep.asset_key: table
                for spec in reader.specs
                for dep in spec.deps
                if dep.metadata and (table := _table_name(dep.metadata)) is not None
            }
            groups = dict.fromkeys(spec.shown_group for spec in reader.specs)
            found = self._readers[reader] = groups.keys(), tables
        return found

    def _asset_of_table(self, table: str, reader: AssetsDefinition) -> AssetKey | None:
        if self._by_table is None:
            self._by_table = {}
            for key, asset in self._known.items():
                name = _table_name(spec_of(asset, key).metadata)
                if name is not None:
                    self._by_table.setdefault(name, []).append(key)
        found = [key for key in self._by_table.get(table, ()) if self._known[key] is not reader]
        if len(found) > 1:
            names = " and ".join(f"'{key.to_user_string()}'" for key in found)
            raise DagflowInvalidDefinitionError(
                f"{repr_of(reader)} depends on the asset of table '{table}', which {names} have in their "
                f"metadata. "
                "Give the key of one of them."
            )
        return found[0] if found else None


def _table_name(metadata: Mapping[str, Any]) -> str | None:
    if not metadata:
        return None
    values = (metadata[name] for name in system_tag_spellings("table_name") if name in metadata)
    value = next(values, None)
    return getattr(value, "value", value)
