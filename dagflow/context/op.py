"""The context of an op or asset while its function runs.

`OpExecutionContext` and `AssetExecutionContext` are two views of one `CallState`, so that they agree, in a
run and in a direct call. `dagflow.context.availability` names the attributes that a direct call lacks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagflow.context.current import context_of_step
from dagflow.context.user_code import CallContext
from dagflow.errors import (
    CheckError,
    DagflowInvalidPropertyError,
    DagflowInvariantViolationError,
)
from dagflow.keys import AssetCheckKey, AssetKey, CoercibleToAssetKey

if TYPE_CHECKING:
    from dagflow.defs.assets.definition import AssetsDefinition
    from dagflow.partitions.definition import PartitionsDefinition
    from dagflow.partitions.keys import PartitionKeyRange, TimeWindow


class StepContext(CallContext):
    """The common part of OpExecutionContext and AssetExecutionContext. Created by dagflow, or by the
    `build_*_context` functions.
    """

    __slots__ = ()

    @property
    def op_execution_context(self) -> OpExecutionContext:
        """The same context as an OpExecutionContext."""
        return OpExecutionContext(self._state)

    @property
    def has_assets_def(self) -> bool:
        """True if an asset runs."""
        return self._state.assets_def is not None

    @property
    def assets_def(self) -> AssetsDefinition:
        """The asset that runs."""
        return self._asset("assets_def")

    @property
    def asset_key(self) -> AssetKey:
        """The key of the asset that runs.

        Raises:
            DagflowInvariantViolationError: The function makes several assets.
        """
        keys = self._asset("asset_key").whole.keys
        if len(keys) != 1:
            raise DagflowInvariantViolationError(
                f"op '{self.op_def.name}' has {len(keys)} assets, so its context has no single asset_key; "
                "use selected_asset_keys, or asset_key_for_output(...)"
            )
        return next(iter(keys))

    def _asset(self, attribute: str) -> AssetsDefinition:
        self._state.require(attribute)
        if self._state.assets_def is None:
            raise DagflowInvalidPropertyError(
                f"op '{self.op_def.name}' does not have an assets definition, so it has no '{attribute}'"
            )
        return self._state.assets_def

    @property
    def asset_keys(self) -> set[AssetKey]:
        """The keys of all assets that the function can produce; empty for a plain op."""
        self._state.require("asset_keys")
        return set() if self._state.assets_def is None else self._state.assets_def.whole.keys

    @property
    def selected_asset_keys(self) -> set[AssetKey]:
        """The keys of the assets that this step produces; empty for a plain op."""
        self._state.require("selected_asset_keys")
        return set() if self._state.assets_def is None else self._state.assets_def.keys

    @property
    def selected_output_names(self) -> set[str]:
        """The names of the outputs that this step produces."""
        self._state.require("selected_output_names")
        step = self._state.step
        if step is None:  # a direct call
            part = self._state.assets_def
            if part is not None and part.is_subset:
                return {*part.outputs, *part.check_specs_by_output_name}
            return set(self.op_def.outs)
        return {output.name for output in step.outputs if output.is_selected}

    @property
    def selected_asset_check_keys(self) -> set[AssetCheckKey]:
        """The keys of the asset checks that this step evaluates; empty for a plain op."""
        self._state.require("selected_asset_check_keys")
        return set() if self._state.assets_def is None else self._state.assets_def.check_keys

    @property
    def is_subset(self) -> bool:
        """True if the run selects only some of the assets and checks that the function can produce."""
        self._state.require("is_subset")
        return self._state.assets_def is not None and self._state.assets_def.is_subset

    def asset_key_for_output(self, output_name: str = "result") -> AssetKey:
        """Return the asset key of an output."""
        keys = {} if self._state.assets_def is None else self._state.assets_def.keys_by_output_name
        if output_name not in keys:
            raise CheckError(f"output '{output_name}' of op '{self.op_def.name}' is not an asset")
        return keys[output_name]

    def output_for_asset_key(self, asset_key: AssetKey) -> str:
        """Return the name of the output of an asset."""
        keys = {} if self._state.assets_def is None else self._state.assets_def.keys_by_output_name
        for name, own in keys.items():
            if own == asset_key:
                return name
        raise CheckError(f"op '{self.op_def.name}' makes no asset '{asset_key.to_user_string()}'")

    def asset_key_for_input(self, input_name: str) -> AssetKey:
        """Return the key of the asset that an input reads."""
        key = self._asset_read_by(input_name)
        if key is None:
            raise CheckError(f"input '{input_name}' of op '{self.op_def.name}' reads no asset")
        return key

    def _asset_read_by(self, input_name: str) -> AssetKey | None:
        state = self._state
        if state.step is not None and state.asset_layer is not None:
            inputs = state.asset_layer.inputs.get(state.step.path, {})
            if input_name in inputs:
                return inputs[input_name].key
        return None if state.assets_def is None else state.assets_def.keys_by_input_name.get(input_name)

    def asset_partitions_def_for_output(self, output_name: str = "result") -> PartitionsDefinition:
        """Return the partitions definition of the asset of an output.

        Raises:
            DagflowInvariantViolationError: The asset is not partitioned.
        """
        return self._partitions_of_output(output_name, DagflowInvariantViolationError)

    def _partitions_of_output(self, output_name: str, error: type[Exception]) -> PartitionsDefinition:
        key = self.asset_key_for_output(output_name)
        definition = self.assets_def.outputs[output_name].partitions_def
        if definition is None:
            raise error(
                f"asset '{key.to_user_string()}' is not partitioned: give it a partitions_def, or read no "
                "partition"
            )
        return definition

    def asset_partition_key_for_output(self, output_name: str = "result") -> str:
        """Return the partition of the asset of an output.

        Raises:
            CheckError: The asset is not partitioned, or the run is for several partitions.
        """
        self._partitions_of_output(output_name, CheckError)
        several = self._state.run.partition_key_range
        if several is not None and several.start != several.end:
            raise CheckError(
                f"output '{output_name}' has the partitions '{several.start}' to '{several.end}' in this "
                "run, so it has no single key. Read asset_partition_keys_for_output."
            )
        return self.partition_key

    def asset_partition_keys_for_output(self, output_name: str = "result") -> Sequence[str]:
        """Return the partitions of the asset of an output.

        Raises:
            DagflowInvariantViolationError: The asset is not partitioned.
        """
        self.asset_partitions_def_for_output(output_name)
        return self.partition_keys

    def asset_partition_key_range_for_output(self, output_name: str = "result") -> PartitionKeyRange:
        """Return the partitions of the asset of an output, as a range.

        Raises:
            CheckError: The asset is not partitioned.
        """
        self._partitions_of_output(output_name, CheckError)
        return self.partition_key_range

    def asset_partitions_time_window_for_output(self, output_name: str = "result") -> TimeWindow:
        """Return the start and end of the partition of the asset of an output.

        Raises:
            ValueError: The output is not an asset that is partitioned by time.
        """
        assets_def = self._state.assets_def
        output = None if assets_def is None else assets_def.outputs.get(output_name)
        definition = None if output is None else output.partitions_def
        if not hasattr(definition, "time_window_for_partition_key"):
            raise ValueError(
                f"output '{output_name}' of op '{self.op_def.name}' is not an asset with partitions by "
                "time, so it has no time window"
            )
        first, last = self.partition_key_range
        from dagflow.partitions.keys import TimeWindow  # imported lazily: only partitions use it

        return TimeWindow(self.window_of(definition, first).start, self.window_of(definition, last).end)

    def asset_partitions_def_for_input(self, input_name: str) -> PartitionsDefinition:
        """Return the partitions definition of the asset that an input reads."""
        key = self.asset_key_for_input(input_name)
        layer = self._state.asset_layer
        definition = None if layer is None else layer.partitions_def(key)
        if definition is None:
            raise CheckError(
                f"asset '{key.to_user_string()}', which input '{input_name}' reads, is not partitioned"
            )
        return definition

    def asset_partition_keys_for_input(self, input_name: str) -> Sequence[str]:
        """Return the partitions of the asset that an input reads, or that a dependency stands for."""
        upstream_def = self.asset_partitions_def_for_input(input_name)
        step, layer = self._state.step, self._state.asset_layer
        if step is None or layer is None:
            raise CheckError(f"input '{input_name}' reads no partition, because there is no run")
        item = next(item for item in step.inputs if item.name == input_name)
        if item.partition_keys is None and item.dagflow_type.is_nothing:
            from dagflow.partitions.multi_mapping import keys_read  # imported lazily: only partitions use it

            asset = layer.inputs[step.path][input_name]
            own_def, mapping = asset.partitions_def, asset.partition_mapping
            own_keys = self.partition_keys if own_def is not None else []
            return list(keys_read(own_keys, own_def, upstream_def, mapping, None, self.instance))
        if item.partition_keys is None:
            raise CheckError(f"input '{input_name}' reads no partition of its asset in this run")
        return list(item.partition_keys)

    def asset_partition_key_for_input(self, input_name: str) -> str:
        """Return the only partition of the asset that an input reads."""
        keys = self.asset_partition_keys_for_input(input_name)
        if len(keys) != 1:
            raise CheckError(f"input '{input_name}' reads {len(keys)} partitions of its asset, not one")
        return keys[0]

    def asset_partition_key_range_for_input(self, input_name: str) -> PartitionKeyRange:
        """Return the partitions of the asset that an input reads, as a range.

        Raises:
            CheckError: They are not one range.
        """
        definition = self.asset_partitions_def_for_input(input_name)
        keys = self.asset_partition_keys_for_input(input_name)
        from dagflow.partitions.definition import range_of  # imported lazily: only partitions use it

        return range_of(keys, definition, f"input '{input_name}'", self.instance)

    def asset_partitions_time_window_for_input(self, input_name: str = "result") -> TimeWindow:
        """Return the time window from the first to the last partition of the asset that an input reads.

        Raises:
            ValueError: The input does not read an asset that is partitioned by time.
            CheckError: The partitions are not one range.
        """
        key, layer = self._asset_read_by(input_name), self._state.asset_layer
        definition = None if layer is None or key is None else layer.partitions_def(key)
        if not hasattr(definition, "time_window_for_partition_key"):
            raise ValueError(
                f"input '{input_name}' of op '{self.op_def.name}' reads no asset with partitions by time, so "
                "it has no time window"
            )
        first, last = self.asset_partition_key_range_for_input(input_name)
        from dagflow.partitions.keys import TimeWindow  # imported lazily: only partitions use it

        return TimeWindow(self.window_of(definition, first).start, self.window_of(definition, last).end)

    def load_asset_value(
        self,
        asset_key: CoercibleToAssetKey,
        *,
        python_type: type[Any] | None = None,
        partition_key: str | None = None,
    ) -> Any:
        """Load the stored value of an asset of the job by its I/O manager.

        Args:
            asset_key: The key. A string is a key of one part.
            python_type: The type that the I/O manager finds in its context. The value is not checked.
            partition_key: The partition whose value is loaded.

        Raises:
            CheckError: The job has no asset with this key.
            DagflowInvalidInvocationError: The asset has no such partition.
            DagflowInvalidPropertyError: There is no run.

        Example:
            >>> from dagflow import asset, materialize_to_memory
            >>> @asset
            ... def water():
            ...     return 3
            >>> @asset(deps=[water])
            ... def tea(context):
            ...     return context.load_asset_value("water") + 1
            >>> materialize_to_memory([water, tea]).output_for_node("tea")
            4
        """
        self._state.require("load_asset_value")
        return self._state.load_asset_value(asset_key, python_type, partition_key)


class OpExecutionContext(StepContext):
    """The context of an op: the first parameter of its function, if that is named `context`."""

    __slots__ = ()
    __dagflow_context__ = "op"

    @staticmethod
    def get() -> OpExecutionContext:
        """Return the context of the step that runs now, for code without a `context` parameter.

        Raises:
            DagflowInvariantViolationError: No step runs now.

        Example:
            >>> from dagflow import job, op
            >>> @op
            ... def brew():
            ...     return OpExecutionContext.get().job_name
            >>> @job
            ... def cafe():
            ...     brew()
            >>> cafe.execute_in_process().output_for_node("brew")
            'cafe'
        """
        found: OpExecutionContext = context_of_step("op", "OpExecutionContext")
        return found

    def __repr__(self) -> str:
        return f"<OpExecutionContext of {self._state.op_def or 'no op'}>"


class AssetExecutionContext(StepContext):
    """The context of an asset: the first parameter of its function, if that is named `context`."""

    __slots__ = ()
    __dagflow_context__ = "asset"

    @staticmethod
    def get() -> AssetExecutionContext:
        """Return the context of the step that runs now, for code without a `context` parameter.

        Raises:
            DagflowInvariantViolationError: No step runs now, or the step is of a check.

        Example:
            >>> from dagflow import asset, materialize_to_memory
            >>> @asset
            ... def water():
            ...     return AssetExecutionContext.get().asset_key.to_user_string()
            >>> materialize_to_memory([water]).output_for_node("water")
            'water'
        """
        found: AssetExecutionContext = context_of_step("asset", "AssetExecutionContext")
        return found

    def add_asset_metadata(
        self,
        metadata: Mapping[str, Any],
        asset_key: CoercibleToAssetKey | None = None,
        partition_key: str | None = None,
    ) -> None:
        """Add metadata to the materialization of an asset.

        Args:
            metadata: Values by name.
            asset_key: The asset; optional if the function produces one asset.
            partition_key: The partition; must be a partition of the run. Default: all of them.

        Raises:
            DagflowInvariantViolationError: The function does not produce this asset, or not this partition.
        """
        keys = self.assets_def.keys_by_output_name
        key = self.asset_key if asset_key is None else AssetKey.from_coercible(asset_key)
        output = next((name for name, own in keys.items() if own == key), None)
        if output is None:
            raise DagflowInvariantViolationError(
                f"metadata was added to asset '{key.to_user_string()}', which '{self.op_def.name}' does not "
                "make"
            )
        run = self._state.run
        if partition_key is not None and partition_key != run.partition_key:
            if run.partition_key_range is None or partition_key not in self.partition_keys:
                of_run = run.partition_key_range or run.partition_key
                raise DagflowInvariantViolationError(
                    f"metadata was added to partition '{partition_key}' of asset '{key.to_user_string()}', "
                    f"but this run is for {of_run!r}"
                )
            self._state.add_asset_metadata(metadata, output, partition_key)
            return
        if self._state.merges_output_metadata:
            self._state.add_asset_metadata(metadata, output)
        else:  # a direct call has no materialization, so the output has the metadata
            self._state.add_output_metadata(metadata, output, None)

    def __repr__(self) -> str:
        return f"<AssetExecutionContext of {self._state.assets_def or 'no asset'}>"
