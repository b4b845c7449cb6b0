"""The I/O manager that keeps values in memory, by reference."""

from __future__ import annotations

from typing import Any

from dagflow.context.io import InputContext, OutputContext, reads_nothing
from dagflow.errors import DagflowInvariantViolationError
from dagflow.io.manager import IOManager
from dagflow.keys import AssetKey


class InMemoryIOManager(IOManager):
    """The I/O manager that keeps values in memory, without copies.

    Attributes:
        values: The values by (run id, step key, output name), and mapping key if there is one.
        assets: The last value of each asset by (key, partition). Later runs with this object load it.
    """

    def __init__(self) -> None:
        self.values: dict[tuple[str, ...], Any] = {}
        self.assets: dict[tuple[AssetKey, str | None], Any] = {}

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Store `obj`."""
        self.values[tuple(context.get_identifier())] = obj
        if context.has_asset_key:
            keys = context.asset_partition_keys if context.has_asset_partitions else [None]
            self.assets.update({(context.asset_key, key): obj for key in keys})

    def load_input(self, context: InputContext) -> Any:
        """Return the value of an input.

        Returns:
            The value; a dict of values by partition key for several partitions of an asset; None for no
            partitions. With `allow_missing_partitions` in the metadata of the input, partitions without a
            value are left out. None for an output of type Nothing.
        """
        upstream = context.upstream_output
        if upstream is not None:
            identifier = tuple(upstream.get_identifier())
            if identifier in self.values:
                return self.values[identifier]
        if reads_nothing(context):
            return None
        if not context.has_asset_key:
            raise DagflowInvariantViolationError(
                f"the in-memory I/O manager holds no value for input '{context.name}'. Values in memory do "
                "not outlive the I/O manager that keeps them: pass one InMemoryIOManager object to both, "
                "or store in files."
            )
        if not context.has_asset_partitions:
            return self._asset(context.asset_key, None)
        keys = wanted = context.asset_partition_keys
        if context.definition_metadata.get("allow_missing_partitions"):
            wanted = [key for key in keys if (context.asset_key, key) in self.assets]
        values = {key: self._asset(context.asset_key, key) for key in wanted}
        return values if len(keys) > 1 else next(iter(values.values()), None)

    def _asset(self, asset_key: AssetKey, partition: str | None) -> Any:
        if (asset_key, partition) not in self.assets:
            of_partition = f", partition '{partition}'," if partition is not None else ""
            raise DagflowInvariantViolationError(
                "the in-memory I/O manager holds no value of asset "
                f"'{asset_key.to_user_string()}'{of_partition} because no run with this I/O manager has "
                "materialized it. Run it in the same call, or use an I/O manager that outlives a run: pass "
                "one InMemoryIOManager object to both runs, or store in files."
            )
        return self.assets[asset_key, partition]
