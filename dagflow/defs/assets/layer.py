"""AssetLayer: the asset facts of the nodes of a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dagflow.defs.assets.definition import AnyAsset, AssetInput, AssetOutput, AssetsDefinition
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.keys import AssetKey

if TYPE_CHECKING:
    from dagflow.partitions.definition import PartitionsDefinition

NodePath = tuple[str, ...]
"""The names of the nodes from the graph of the job down to an op."""


class AssetLayer:
    """The assets that the ops of a job store and read, and all assets of the job.

    A node path leads to an op at any depth, so an op inside a graph can store an asset, and an op can store
    several.

    Args:
        known: Every asset by key, including the assets that are only read.

    Attributes:
        definitions: The AssetsDefinition that an op belongs to, by node path.
        outputs: The AssetOutput by node path and output name. Always: the same paths as `definitions`.
        inputs: The AssetInput by node path and input name. Always: the same paths as `definitions`.
    """

    __slots__ = ("definitions", "inputs", "known", "outputs")

    def __init__(self, known: Mapping[AssetKey, AnyAsset]) -> None:
        self.known: Mapping[AssetKey, AnyAsset] = known
        self.outputs: dict[NodePath, Mapping[str, AssetOutput]] = {}
        self.inputs: dict[NodePath, Mapping[str, AssetInput]] = {}
        self.definitions: dict[NodePath, AssetsDefinition] = {}

    def add(
        self,
        path: NodePath,
        definition: AssetsDefinition,
        outputs: Mapping[str, AssetOutput],
        inputs: Mapping[str, AssetInput],
    ) -> None:
        """Add the asset facts of an op.

        Args:
            path: The node path of the op.
            definition: The AssetsDefinition that the op belongs to.
            outputs: The assets that the op stores, by output name.
            inputs: The assets that the op reads, by input name.
        """
        self.definitions[path], self.outputs[path], self.inputs[path] = definition, outputs, inputs

    @property
    def keys(self) -> dict[AssetKey, tuple[NodePath, str]]:
        """The node path and output name of each asset that the job stores, by key."""
        return {
            output.key: (path, name)
            for path, outputs in self.outputs.items()
            for name, output in outputs.items()
        }

    def io_manager_key(self, key: AssetKey) -> str:
        """Return the key of the resource that stores an asset."""
        asset = self.known.get(key)
        if isinstance(asset, AssetsDefinition):
            return asset.io_manager_key_for(key)
        return DEFAULT_IO_MANAGER_KEY if asset is None else asset.io_manager_key

    def partitions_def(self, key: AssetKey) -> PartitionsDefinition | None:
        """Return the partitions of an asset, None if it is unknown or not partitioned."""
        asset = self.known.get(key)
        if isinstance(asset, AssetsDefinition):
            return asset.specs_by_key[key].partitions_def
        return None if asset is None else asset.partitions_def

    def spec(self, key: AssetKey) -> AssetSpec | None:
        """Return the facts about an asset, None if it is unknown."""
        asset = self.known.get(key)
        if isinstance(asset, AssetsDefinition):
            return asset.specs_by_key[key]
        return asset.spec if isinstance(asset, SourceAsset) else asset
