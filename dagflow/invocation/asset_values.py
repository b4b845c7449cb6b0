"""AssetValueLoader: the stored values of assets, loaded without a run."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any

from dagflow._util import UNSET
from dagflow.context.io import InputContext, IOAccess, IOAsset, OutputContext
from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition, io_manager_key_of, spec_of
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.defs.resources.needs import needed_keys
from dagflow.defs.resources.requirements import IO_MANAGER, Requirement, check_role
from dagflow.errors import (
    CheckError,
    DagflowHomeNotSetError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowUnknownPartitionError,
    check_optional,
    repr_of,
)
from dagflow.event_loop import refuse_coroutine
from dagflow.instance.instance import DagflowInstance
from dagflow.invocation.resources import check_config_keys, start_missing
from dagflow.keys import AssetKey, CoercibleToAssetKey, nearest_key
from dagflow.metadata.normalize import normalize_metadata
from dagflow.partitions.keys import PartitionKeyRange
from dagflow.resources import StartedResources
from dagflow.types.annotations import resolve_type
from dagflow.types.kinds import Any as AnyType


class AssetValueLoader:
    """Loads the stored values of assets by their I/O managers. `Definitions.get_asset_value_loader` makes it.

    An I/O manager is started when the first value needs it. The end of a `with` block stops all of them.

    Example:
        >>> from dagflow import DagflowInstance, Definitions, asset, materialize
        >>> @asset
        ... def water():
        ...     return 1
        >>> with DagflowInstance.ephemeral() as instance:
        ...     _ = materialize([water], instance=instance)
        ...     with Definitions([water]).get_asset_value_loader(instance) as loader:
        ...         loader.load_asset_value("water")
        1
    """

    __slots__ = ("_assets", "_configs", "_instance", "_resources", "_started")

    def __init__(
        self,
        assets: Mapping[AssetKey, AnyAsset],
        resources: Mapping[str, ResourceDefinition],
        instance: DagflowInstance | None = None,
    ) -> None:
        self._assets = assets
        self._resources = resources
        self._instance = check_optional(instance, DagflowInstance, "instance", "a loader of asset values")
        self._started = StartedResources()
        self._configs: dict[str, Any] = {}

    def share(self, values: Mapping[str, Any]) -> None:
        """Use the started resources of a run, which the run stops. Internal."""
        self._started.values.update(values)

    def load_asset_value(
        self,
        asset_key: CoercibleToAssetKey,
        *,
        python_type: type[Any] | None = None,
        partition_key: str | None = None,
        partition_key_range: PartitionKeyRange | None = None,
        input_definition_metadata: Mapping[str, Any] | None = None,
        resource_config: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Any:
        """Load the stored value of an asset.

        Args:
            asset_key: The key. A string is a key of one part.
            python_type: The type that the I/O manager finds in its context. The value is not checked.
            partition_key: The partition whose value is loaded.
            partition_key_range: A range of partitions. The result is a dict by partition key, if there are
                several.
            input_definition_metadata: The metadata of the input that the I/O manager finds in its context.
            resource_config: The config of resources, as `{key: {"config": ...}}`. A started resource keeps
                its config.
            metadata: The older name of `input_definition_metadata`.

        Raises:
            CheckError: No definition has this key, both `partition_key` and `partition_key_range` or both
                names of the metadata are given, the asset has no partitions to make a range of, or the
                resource is not an I/O manager.
            DagflowInvalidInvocationError: The asset has no such partition.
            DagflowInvalidConfigError: The config of a resource is missing or invalid.
            DagflowInvalidDefinitionError: The I/O manager is missing.
        """
        key = AssetKey.from_coercible(asset_key)
        asset = self._assets.get(key)
        if asset is None:
            raise CheckError(
                f"no value of asset '{key.to_user_string()}' can be loaded, because no definition has this "
                f"key.{nearest_key(key, self._assets)}"
            )
        if metadata is not None and input_definition_metadata is not None:
            raise CheckError(
                "both 'input_definition_metadata' and its older name 'metadata' are given to load asset "
                f"'{key.to_user_string()}'. Give one of them."
            )
        metadata = input_definition_metadata if metadata is None else metadata
        partitions = self._partitions(key, asset, partition_key, partition_key_range)
        context = self._context(key, asset, partitions, python_type, metadata, resource_config)
        manager_key = io_manager_key_of(asset, key)
        manager = self._started.values[manager_key]
        if not hasattr(manager, "load_input"):
            raise CheckError(
                f"the resource '{manager_key}' should load asset '{key.to_user_string()}', but "
                f"{repr_of(manager)} of type '{type(manager).__name__}' has no method 'load_input'. Give it "
                "an IOManager."
            )
        value = manager.load_input(context)
        refuse_coroutine(value, f"load_input of the I/O manager '{manager_key}'")
        return value

    def _partitions(
        self, key: AssetKey, asset: AnyAsset, one: str | None, several: PartitionKeyRange | None
    ) -> list[str] | None:
        """Return the partitions to load, None if no partition is given."""
        if one is not None and several is not None:
            raise CheckError(
                f"both 'partition_key' and 'partition_key_range' are given for asset "
                f"'{key.to_user_string()}'. Give one of them."
            )
        check_optional(one, str, "partition_key", "load_asset_value")
        check_optional(several, PartitionKeyRange, "partition_key_range", "load_asset_value")
        partitions_def = spec_of(asset, key).partitions_def
        if several is not None:
            if partitions_def is None:
                raise CheckError(
                    f"asset '{key.to_user_string()}' has no partitions, so 'partition_key_range' has no "
                    "meaning for it"
                )
            keys: list[str] = partitions_def.get_partition_keys_in_range(
                several, dynamic_partitions_store=self._get_instance()
            )
            return keys
        if one is None:
            return None
        if partitions_def is not None:  # else the value may be from a time when the asset had partitions
            try:
                partitions_def.validate_partition_key(one, dynamic_partitions_store=self._get_instance())
            except DagflowUnknownPartitionError as error:
                raise DagflowInvalidInvocationError(
                    f"no value of asset '{key.to_user_string()}' can be loaded: {error}"
                ) from None
        return [one]

    def _context(
        self,
        key: AssetKey,
        asset: AnyAsset,
        partitions: list[str] | None,
        python_type: type[Any] | None,
        metadata: Mapping[str, Any] | None,
        resource_config: Mapping[str, Any] | None,
    ) -> InputContext:
        """Start the I/O manager of an asset, and return the context with which it loads the value."""
        name, manager_key = key.to_user_string(), io_manager_key_of(asset, key)
        normalize_metadata(metadata, f"the input of asset '{name}'")  # only checks
        access = self._start(manager_key, name, resource_config)
        spec = spec_of(asset, key)
        op_def, output_name, dagflow_type = None, key.path[-1], None
        if isinstance(asset, AssetsDefinition):
            output_name = asset.output_names[key]
            dagflow_type = asset.node_def.outs[output_name].dagflow_type
            if asset.is_observable:  # its function returns no value, but something else has stored one
                dagflow_type = AnyType
            op_def = asset.node_def if isinstance(asset.node_def, OpDefinition) else None
        upstream = OutputContext(
            name=output_name,
            step_key="none",
            op_def=op_def,
            dagflow_type=dagflow_type,
            definition_metadata=spec.metadata,
            config=None,
            access=access._replace(resource_config={}),
            asset=IOAsset(key, partitions, spec.partitions_def, spec),
        )
        return InputContext(
            name=None,
            op_def=None,
            dagflow_type=AnyType if python_type is None else resolve_type(python_type, f"asset '{name}'"),
            definition_metadata=metadata,
            config=None,
            access=access,
            asset=IOAsset(key, partitions, spec.partitions_def, spec),
            upstream_output=upstream,
            partition_key=partitions[0] if partitions and len(partitions) == 1 else None,
        )

    def _start(self, manager_key: str, name: str, resource_config: Mapping[str, Any] | None) -> IOAccess:
        """Start an I/O manager and the resources that it needs, unless they are started."""
        if manager_key not in self._resources:
            raise DagflowInvalidDefinitionError(
                f"io manager with key '{manager_key}' required by asset '{name}' was not provided. Please "
                f"provide it in 'resources'. The keys are {sorted(self._resources)}."
            )
        check_role(Requirement(manager_key, f"asset '{name}'", role=IO_MANAGER), self._resources[manager_key])
        if check_optional(resource_config, Mapping, "resource_config", "load_asset_value"):
            check_config_keys(resource_config or {}, self._resources, "resource_config")
        self._configs.update(
            start_missing(self._started, [manager_key], self._resources, resource_config, self._get_instance)
        )
        needed = needed_keys(self._resources[manager_key], self._resources)
        resources = {key: self._started.values[key] for key in needed}
        config = self._configs.get(manager_key, UNSET)
        return IOAccess(self._get_instance, resources, {} if config is UNSET else config)

    def _get_instance(self) -> DagflowInstance:
        if self._instance is None:
            try:
                self._instance = DagflowInstance.get()
            except DagflowHomeNotSetError:
                self._instance = DagflowInstance.ephemeral()
        return self._instance

    def __enter__(self) -> AssetValueLoader:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        failures = self._started.stop()
        self._started = StartedResources()
        if failures:
            raise failures[0][1]

    def __del__(self) -> None:
        started: StartedResources | None = getattr(self, "_started", None)
        if started is not None:
            started.stop()
