"""AssetCatalog: all assets and checks of a project or run, by key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagflow._util import has_class
from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition
from dagflow.defs.assets.observed_source import observing, original_of
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.parts.function import location
from dagflow.defs.resources.requirements import IO_MANAGER
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, ParameterCheckError, repr_of
from dagflow.keys import AssetCheckKey, AssetKey


class AssetCatalog:
    """All assets and checks by key.

    Args:
        assets: AssetsDefinitions, and SourceAssets or AssetSpecs for assets that are only read.

    Attributes:
        assets: The definition of each asset. Without a computation: its SourceAsset or spec. An observable
            SourceAsset has the definition that observes it.
        checks: The definition that evaluates each check.
        has_no_cycle: True after a job of all definitions was found to have no cycle: then no part has one.

    Raises:
        ParameterCheckError: `assets` is not a sequence.
        CheckError: An element is not an asset.
        DagflowInvalidDefinitionError: Two assets or two checks have one key.
    """

    __slots__ = ("_definitions", "_io_manager_keys", "assets", "checks", "has_no_cycle")

    def __init__(self, assets: Any) -> None:
        if isinstance(assets, (str, Mapping, AssetsDefinition)) or not isinstance(
            assets, (Sequence, set, frozenset)
        ):
            raise ParameterCheckError(
                f"parameter 'assets' must be a list of assets, not {repr_of(assets)} of type "
                f"'{type(assets).__name__}'"
            )
        self.assets: dict[AssetKey, AnyAsset] = {}
        self.checks: dict[AssetCheckKey, AssetsDefinition] = {}
        self.has_no_cycle: bool = False
        self._definitions: list[AnyAsset] | None = None
        self._io_manager_keys: frozenset[str] | None = None
        for asset in assets:
            if has_class(asset, AssetsDefinition):  # a double of a definition has no function
                self._add_definition(asset)
            elif has_class(asset, SourceAsset) or has_class(asset, AssetSpec):
                self._add(asset.key, observing(asset))
            else:
                raise CheckError(
                    f"parameter 'assets' holds {repr_of(asset)} of type '{type(asset).__name__}', which is "
                    "not an asset. Use functions decorated with @asset, SourceAssets and AssetSpecs."
                )

    def definitions(self) -> list[AnyAsset]:
        """Return the definitions of all assets and checks, each once."""
        if self._definitions is None:
            self._definitions = list(dict.fromkeys([*self.assets.values(), *self.checks.values()]))
        return self._definitions

    def io_manager_keys(self) -> frozenset[str]:
        """Return the keys of the I/O managers that the definitions need."""
        if self._io_manager_keys is None:
            self._io_manager_keys = frozenset(
                need.key
                for asset in self.definitions()
                for need in asset.own_requirements()
                if need.role == IO_MANAGER
            )
        return self._io_manager_keys

    def _add_definition(self, asset: AssetsDefinition) -> None:
        if asset.is_declaration:
            for spec in asset.specs_by_key.values():
                self._add(spec.key, spec)
            return
        for key in asset.keys_by_output_name.values():
            self._add(key, asset)
        for check in asset.check_specs_by_output_name.values():
            other = self.checks.setdefault(check.key, asset)
            if other is not asset:
                raise DagflowInvalidDefinitionError(
                    f"Duplicate check: '{check.key.to_user_string()}' is a check of {place_of(other)} and of "
                    f"{place_of(asset)}. Give one of them another name."
                )

    def _add(self, key: AssetKey, asset: AnyAsset) -> None:
        other = self.assets.setdefault(key, asset)
        if other is not asset and not _is_same_source(other, asset):
            raise DagflowInvalidDefinitionError(
                f"Duplicate asset key: {repr_of(key)} is the key of {place_of(other)} and of "
                f"{place_of(asset)}. Give one of them another key."
            )


def _is_same_source(one: AnyAsset, other: AnyAsset) -> bool:
    """Return whether two assets are equal declarations."""
    one, other = original_of(one), original_of(other)
    return isinstance(other, (AssetSpec, SourceAsset)) and one == other


def place_of(asset: AnyAsset) -> str:
    """Return the file and line of the function of an asset, or the repr of an asset that is only read."""
    if not isinstance(asset, AssetsDefinition) or asset.is_declaration:
        return repr(asset)
    node_def = asset.node_def
    if isinstance(node_def, OpDefinition):
        return location(node_def.body.fn)
    fn = node_def.composition_fn if isinstance(node_def, GraphDefinition) else None
    return repr(asset) if fn is None else location(fn)
