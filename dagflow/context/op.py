"""The context of an op or asset while its function runs.

`OpExecutionContext` and `AssetExecutionContext` are two views of one `Scope`, so that nothing differs
between them, nor between a run and a direct call, but what `dagflow.context.availability` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagflow.context.user_code import CallContext
from dagflow.errors import (
    CheckError,
    DagflowInvalidPropertyError,
    DagflowInvariantViolationError,
)
from dagflow.keys import AssetKey, CoercibleToAssetKey
from dagflow.partitions.keys import PartitionKeyRange, TimeWindow

if TYPE_CHECKING:
    from dagflow.defs.assets.definition import AssetsDefinition
    from dagflow.partitions.definition import PartitionsDefinition


class StepContext(CallContext):
    """What OpExecutionContext and AssetExecutionContext share. Made by dagflow, or by the `build_*_context`
    functions.
    """

    __slots__ = ()

    @property
    def op_execution_context(self) -> OpExecutionContext:
        """The context as one of an op."""
        return OpExecutionContext(self._scope)

    @property
    def has_assets_def(self) -> bool:
        """Whether an asset runs."""
        return self._scope.assets_def is not None

    @property
    def assets_def(self) -> AssetsDefinition:
        """The asset that runs."""
        return self._asset("assets_def")

    @property
    def asset_key(self) -> AssetKey:
        """The key of the asset that runs."""
        return self._asset("asset_key").key

    def _asset(self, attribute: str) -> AssetsDefinition:
        self._scope.need(attribute)
        if self._scope.assets_def is None:
            raise DagflowInvalidPropertyError(
                f"op '{self.op_def.name}' does not have an assets definition, so it has no '{attribute}'"
            )
        return self._scope.assets_def

    @property
    def asset_keys(self) -> set[AssetKey]:
        """The keys of all assets that this function can make; empty for a plain op."""
        self._scope.need("asset_keys")
        return set() if self._scope.assets_def is None else set(self._scope.assets_def.keys)

    @property
    def selected_asset_keys(self) -> set[AssetKey]:
        """The keys of the assets that this step makes; empty for a plain op."""
        self._scope.need("selected_asset_keys")
        return set() if self._scope.assets_def is None else self._scope.assets_def.keys

    @property
    def selected_output_names(self) -> set[str]:
        """The outputs that this step makes."""
        self._scope.need("selected_output_names")
        return set(self.op_def.outs)

    @property
    def is_subset(self) -> bool:
        """Whether only some of the assets of this function are made: never, one function makes one asset."""
        return False

    def asset_key_for_output(self, output_name: str = "result") -> AssetKey:
        """The key of the asset that an output is."""
        keys = {} if self._scope.assets_def is None else self._scope.assets_def.keys_by_output_name
        if output_name not in keys:
            raise CheckError(f"output '{output_name}' of op '{self.op_def.name}' is no asset")
        return keys[output_name]

    def output_for_asset_key(self, asset_key: AssetKey) -> str:
        """The output that is an asset."""
        keys = {} if self._scope.assets_def is None else self._scope.assets_def.keys_by_output_name
        for name, own in keys.items():
            if own == asset_key:
                return name
        raise CheckError(f"op '{self.op_def.name}' makes no asset '{asset_key.to_user_string()}'")

    def asset_key_for_input(self, input_name: str) -> AssetKey:
        """The key of the asset that an input reads."""
        keys = {} if self._scope.assets_def is None else self._scope.assets_def.keys_by_input_name
        if input_name not in keys:
            raise CheckError(f"input '{input_name}' of op '{self.op_def.name}' reads no asset")
        return keys[input_name]

    def asset_partitions_def_for_output(self, output_name: str = "result") -> PartitionsDefinition:
        """The partitions of the asset that an output is."""
        key = self.asset_key_for_output(output_name)
        definition = self.assets_def.outputs[output_name].partitions_def
        if definition is None:
            raise CheckError(f"asset '{key.to_user_string()}' is not partitioned")
        return definition

    def asset_partition_key_for_output(self, output_name: str = "result") -> str:
        """The partition of the asset that an output is."""
        self.asset_partitions_def_for_output(output_name)
        return self.partition_key

    def asset_partition_keys_for_output(self, output_name: str = "result") -> Sequence[str]:
        """The partitions of the asset that an output is."""
        self.asset_partitions_def_for_output(output_name)
        return self.partition_keys

    def asset_partition_key_range_for_output(self, output_name: str = "result") -> PartitionKeyRange:
        """The partitions of the asset that an output is, as a range."""
        self.asset_partitions_def_for_output(output_name)
        return self.partition_key_range

    def asset_partitions_time_window_for_output(self, output_name: str = "result") -> TimeWindow:
        """Start and end of the partition of the asset that an output is.

        Raises:
            ValueError: It is not partitioned by time.
        """
        assets_def = self._scope.assets_def
        output = None if assets_def is None else assets_def.outputs.get(output_name)
        definition = None if output is None else output.partitions_def
        if not hasattr(definition, "time_window_for_partition_key"):
            raise ValueError(
                f"output '{output_name}' of op '{self.op_def.name}' is no asset with partitions by time, so "
                "it has no time window"
            )
        return self.window_of(definition, self.partition_key)

    def asset_partitions_def_for_input(self, input_name: str) -> PartitionsDefinition:
        """The partitions of the asset that an input reads."""
        key = self.asset_key_for_input(input_name)
        definition = None if self._scope.layer is None else self._scope.layer.partitions_def(key)
        if definition is None:
            raise CheckError(
                f"asset '{key.to_user_string()}', which input '{input_name}' reads, is not partitioned"
            )
        return definition

    def asset_partition_keys_for_input(self, input_name: str) -> Sequence[str]:
        """The partitions of the asset that an input reads."""
        self.asset_partitions_def_for_input(input_name)
        step = self._scope.step
        keys = None
        if step is not None:
            keys = next(item.partition_keys for item in step.inputs if item.name == input_name)
        if not keys:
            raise CheckError(f"input '{input_name}' reads no partition of its asset in this run")
        return list(keys)

    def asset_partition_key_for_input(self, input_name: str) -> str:
        """The one partition of the asset that an input reads."""
        keys = self.asset_partition_keys_for_input(input_name)
        if len(keys) != 1:
            raise CheckError(f"input '{input_name}' reads {len(keys)} partitions of its asset, not one")
        return keys[0]

    def asset_partition_key_range_for_input(self, input_name: str) -> PartitionKeyRange:
        """The partitions of the asset that an input reads, as a range."""
        keys = self.asset_partition_keys_for_input(input_name)
        return PartitionKeyRange(keys[0], keys[-1])

    def asset_partitions_time_window_for_input(self, input_name: str = "result") -> TimeWindow:
        """From the start of the first to the end of the last partition of the asset that an input reads.

        Raises:
            ValueError: It reads no asset, or one that is not partitioned by time.
        """
        assets_def = self._scope.assets_def
        key = None if assets_def is None else assets_def.keys_by_input_name.get(input_name)
        layer = self._scope.layer
        definition = None if layer is None or key is None else layer.partitions_def(key)
        if not hasattr(definition, "time_window_for_partition_key"):
            raise ValueError(
                f"input '{input_name}' of op '{self.op_def.name}' reads no asset with partitions by time, so "
                "it has no time window"
            )
        keys = self.asset_partition_keys_for_input(input_name)
        return TimeWindow(self.window_of(definition, keys[0]).start, self.window_of(definition, keys[-1]).end)


class OpExecutionContext(StepContext):
    """The context of an op: the first parameter of its function, if that is named `context`."""

    __slots__ = ()
    __dagflow_context__ = "op"

    def __repr__(self) -> str:
        return f"<OpExecutionContext of {self._scope.op_def or 'no op'}>"


class AssetExecutionContext(StepContext):
    """The context of an asset: the first parameter of its function, if that is named `context`."""

    __slots__ = ()
    __dagflow_context__ = "asset"

    def add_asset_metadata(
        self,
        metadata: Mapping[str, Any],
        asset_key: CoercibleToAssetKey | None = None,
        partition_key: str | None = None,
    ) -> None:
        """Say something about the asset, on its materialization.

        Args:
            metadata: Values by name.
            asset_key: Which asset; may stay away where the function makes one.
            partition_key: Which partition; must be one of the run's.

        Raises:
            DagflowInvariantViolationError: The function does not make that asset, or not that partition.
        """
        keys = self.assets_def.keys_by_output_name
        key = self.assets_def.key if asset_key is None else AssetKey.from_coercible(asset_key)
        output = next((name for name, own in keys.items() if own == key), None)
        if output is None:
            raise DagflowInvariantViolationError(
                f"metadata was added to asset '{key.to_user_string()}', which '{self.op_def.name}' does not "
                "make"
            )
        if partition_key is not None and partition_key != self._scope.partition_key:
            raise DagflowInvariantViolationError(
                f"metadata was added to partition '{partition_key}' of asset '{key.to_user_string()}', but "
                f"this run is for {self._scope.partition_key!r}"
            )
        self._scope.add_output_metadata(metadata, output, None)

    def __repr__(self) -> str:
        return f"<AssetExecutionContext of {self._scope.assets_def or 'no asset'}>"
