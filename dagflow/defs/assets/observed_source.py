"""The AssetsDefinition that a job runs to observe a SourceAsset."""

from __future__ import annotations

from collections.abc import Iterator

from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition
from dagflow.defs.assets.ports import AssetExecutionType
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.resources.requirements import Requirement


class ObservedSource(AssetsDefinition):
    """The asset of an observable SourceAsset, and the op that observes it.

    Args:
        source: The SourceAsset, with a function that observes it.
    """

    __slots__ = ("source",)

    def __init__(self, source: SourceAsset) -> None:
        self.source: SourceAsset = source
        super().__init__(
            node_def=source.op,
            keys_by_output_name={"result": source.key},
            specs=[source.spec],
            resource_defs=source.resource_defs,
            partitions_def=source.partitions_def,
            execution_type=AssetExecutionType.OBSERVATION,
        )

    @property
    def event_of_outputs(self) -> str | None:
        """None: the function of the op yields the observations itself."""
        return None

    def own_requirements(self) -> Iterator[Requirement]:
        """Return the resources that the op and the readers of the asset need."""
        yield from self.source.own_requirements()
        yield from super().own_requirements()


def observing(asset: AnyAsset) -> AnyAsset:
    """Return the definition that observes an observable SourceAsset; another asset itself.

    It is always the same object for one SourceAsset.
    """
    if not isinstance(asset, SourceAsset) or not asset.is_observable:
        return asset
    if asset.observing is None:
        asset.observing = ObservedSource(asset)
    found: ObservedSource = asset.observing
    return found


def definition_of(asset: AnyAsset) -> AssetsDefinition:
    """Return the definition of an asset. An asset that is only read gets one that only declares it."""
    found = observing(asset)
    if isinstance(found, AssetsDefinition):
        return found
    return AssetsDefinition(specs=[found.spec if isinstance(found, SourceAsset) else found])


def original_of(asset: AnyAsset) -> AnyAsset:
    """Return the SourceAsset that a definition observes; another asset itself."""
    return asset.source if isinstance(asset, ObservedSource) else asset
