"""The assets and checks that the outputs of an op give, and the assets that its inputs read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from dagflow.defs.assets.spec import AssetSpec
from dagflow.keys import AssetKey
from dagflow.partitions.definition import PartitionsDefinition

if TYPE_CHECKING:
    from dagflow.defs.assets.check_spec import AssetCheckSpec
    from dagflow.partitions.mapping import PartitionMapping


class AssetExecutionType(Enum):
    """The way in which the function of an AssetsDefinition treats its assets."""

    OBSERVATION = "OBSERVATION"
    UNEXECUTABLE = "UNEXECUTABLE"
    MATERIALIZATION = "MATERIALIZATION"


MATERIALIZED = "ASSET_MATERIALIZATION"
OBSERVED = "ASSET_OBSERVATION"


class AssetOutput:
    """The asset that one output of an op stores or observes. It owns all facts about that asset in a run.

    Attributes:
        key: The key of the asset.
        spec: The other facts.
        event: The type of the event that the output becomes; None if the function yields the event itself.
        partitions_def: The partitions of the asset, None if it is not partitioned.
    """

    __slots__ = ("event", "key", "partitions_def", "spec")

    def __init__(self, spec: AssetSpec, event: str | None = MATERIALIZED) -> None:
        self.key: AssetKey = spec.key
        self.spec: AssetSpec = spec
        self.event: str | None = event
        self.partitions_def: PartitionsDefinition | None = spec.partitions_def

    def partition_of(self, run_partition: str | None) -> str | None:
        """Return the partition of the asset that a run for `run_partition` stores."""
        return None if self.partitions_def is None else run_partition

    def __repr__(self) -> str:
        return f"AssetOutput({self.key!r})"


class AssetInput:
    """The asset that one input of an op reads.

    Attributes:
        key: The key of that asset.
        partition_mapping: Maps the partition of the run to partitions of that asset; None: the default.
        partitions_def: The partitions of the assets that the op stores, None if they are not partitioned.
    """

    __slots__ = ("key", "partition_mapping", "partitions_def")

    def __init__(
        self,
        key: AssetKey,
        partition_mapping: PartitionMapping | None = None,
        partitions_def: PartitionsDefinition | None = None,
    ) -> None:
        self.key: AssetKey = key
        self.partition_mapping: PartitionMapping | None = partition_mapping
        self.partitions_def: PartitionsDefinition | None = partitions_def

    def __repr__(self) -> str:
        return f"AssetInput({self.key!r})"


class AssetPorts(NamedTuple):
    """The assets and checks that an op shall give.

    Attributes:
        outputs: The asset of each output that stores one, by output name.
        checks: The check of each output that gives the result of one, by output name.
        passes_check_results: Whether the result of a check is a plain value, because another op of the graph
            gives the result.
        other_checks: The checks of the op that the run does not select, by output name.
    """

    outputs: Mapping[str, AssetOutput]
    checks: Mapping[str, AssetCheckSpec]
    passes_check_results: bool = False
    other_checks: Mapping[str, AssetCheckSpec] = {}

    @property
    def are_observed(self) -> bool:
        """Whether the op only looks at its assets, so that each required output must be given."""
        return any(output.event == OBSERVED for output in self.outputs.values())


NO_PORTS = AssetPorts({}, {})
