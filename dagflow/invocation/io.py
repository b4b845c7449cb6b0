"""The contexts for calling the functions of an I/O manager directly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from dagflow.context.io import InputContext, IOAccess, IOAsset, OutputContext
from dagflow.context.op import OpExecutionContext
from dagflow.context.resources import ScopedResources
from dagflow.copies import first_of
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.ops.definition import OpDefinition
from dagflow.errors import CheckError, DagflowInvalidInvocationError, check_type
from dagflow.instance.instance import DagflowInstance
from dagflow.invocation.resources import InstanceWhenAsked, Owner, OwnResources
from dagflow.keys import AssetKey, CoercibleToAssetKey
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.keys import PartitionKeyRange
from dagflow.types.annotations import resolve_type


class _DirectContext(Owner):
    """The common part of the contexts of an I/O manager that is called directly."""

    __slots__ = ()

    _kind: str

    def __init__(self, own: OwnResources | None, **attributes: Any) -> None:
        super().__init__(**attributes)
        self._own = own  # type: ignore[misc]  # a slot of the classes below

    @property
    def resources(self) -> ScopedResources:
        """The resources that the I/O manager requires."""
        return ScopedResources({} if self._own is None else self._own(), f"this context of an {self._kind}")


class DirectOutputContext(_DirectContext, OutputContext):
    """The context of an I/O manager that is called directly with an output."""

    __slots__ = ("_own",)


class DirectInputContext(_DirectContext, InputContext):
    """The context of an I/O manager that is called directly for an input."""

    __slots__ = ("_own",)


def build_output_context(
    step_key: str | None = None,
    name: str | None = None,
    definition_metadata: Mapping[str, Any] | None = None,
    run_id: str | None = None,
    mapping_key: str | None = None,
    config: Any = None,
    dagflow_type: Any = None,
    version: str | None = None,
    resource_config: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    op_def: OpDefinition | None = None,
    asset_key: CoercibleToAssetKey | None = None,
    partition_key: str | None = None,
    asset_partitions_def: PartitionsDefinition | None = None,
    asset_partition_key_range: PartitionKeyRange | None = None,
    instance: DagflowInstance | None = None,
    asset_spec: AssetSpec | None = None,
    metadata: Mapping[str, Any] | None = None,
    output_metadata: Mapping[str, Any] | None = None,
) -> DirectOutputContext:
    """Build the context for calling `handle_output` of an I/O manager directly. Attributes that were not
    given raise when they are read.

    Args:
        step_key: The step of the output.
        name: The name of the output.
        definition_metadata: The metadata of the `Out`; `metadata` is an older name.
        run_id: The run of the output; default "__EPHEMERAL_RUN_ID".
        mapping_key: The mapping key of a value of a dynamic output.
        config: The config of the output.
        dagflow_type: The type of the output, or an object that is resolved to one.
        version: The value of the attribute `version`.
        resource_config: The config of the I/O manager.
        resources: Values or definitions of the resources that the I/O manager requires. Context managers
            among them need a `with` block.
        op_def: The op of the output.
        asset_key: The asset of the output.
        partition_key: The partition of the run and of the asset.
        asset_partitions_def: The partitions of the asset.
        asset_partition_key_range: The partitions of the asset that the output holds.
        instance: The instance of the run.
        asset_spec: The spec of the asset.
        metadata: See `definition_metadata`.
        output_metadata: The metadata of the value.

    Raises:
        DagflowInvalidInvocationError: `metadata` and `definition_metadata` were both given.
        CheckError: `partition_key` and `asset_partition_key_range` were both given.

    Example:
        >>> from dagflow import build_output_context
        >>> build_output_context(step_key="brew", name="result", run_id="r").get_identifier()
        ['r', 'brew', 'result']
    """
    _check_types(
        step_key=(step_key, str),
        run_id=(run_id, str),
        mapping_key=(mapping_key, str),
        version=(version, str),
        asset_spec=(asset_spec, AssetSpec),
        output_metadata=(output_metadata, Mapping),
        partition_key=(partition_key, str),
    )
    keys = _partition_keys(partition_key, asset_partition_key_range, asset_partitions_def)
    given = _one_of(definition_metadata, metadata)
    return DirectOutputContext(
        _own(resources, instance, "build_output_context"),
        step_key=step_key,
        run_id=run_id,
        mapping_key=mapping_key,
        output_metadata=output_metadata,
        partition_key=partition_key,
        version=version,
        asset=_asset(asset_key, keys, asset_partitions_def, asset_spec),
        **_port_attributes(name, op_def, dagflow_type, given, config, resource_config, instance),
    )


def build_input_context(
    name: str | None = None,
    config: Any = None,
    definition_metadata: Mapping[str, Any] | None = None,
    upstream_output: OutputContext | None = None,
    dagflow_type: Any = None,
    resource_config: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    op_def: OpDefinition | None = None,
    step_context: OpExecutionContext | None = None,
    asset_key: CoercibleToAssetKey | None = None,
    partition_key: str | None = None,
    asset_partition_key_range: PartitionKeyRange | None = None,
    asset_partitions_def: PartitionsDefinition | None = None,
    instance: DagflowInstance | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> DirectInputContext:
    """Build the context for calling `load_input` of an I/O manager directly. Attributes that were not given
    raise when they are read.

    Args:
        name: The name of the input.
        config: The config of the input.
        definition_metadata: The metadata of the `In`; `metadata` is an older name.
        upstream_output: The output that is read.
        dagflow_type: The type of the input, or an object that is resolved to one.
        resource_config: The config of the I/O manager.
        resources: Values or definitions of the resources that the I/O manager requires. Context managers
            among them need a `with` block.
        op_def: The op that reads it.
        step_context: The context of the op that reads it.
        asset_key: The asset that is read.
        partition_key: The partition that the run is for.
        asset_partition_key_range: The partitions of the asset that are read; default: `partition_key`.
        asset_partitions_def: The partitions of the asset.
        instance: The instance of the run.
        metadata: See `definition_metadata`.

    Raises:
        DagflowInvalidInvocationError: `metadata` and `definition_metadata` were both given.

    Example:
        >>> from dagflow import build_input_context
        >>> build_input_context(name="n", asset_key="water").asset_key
        AssetKey(['water'])
    """
    _check_types(
        upstream_output=(upstream_output, OutputContext),
        partition_key=(partition_key, str),
        step_context=(step_context, OpExecutionContext),
    )
    range_key = None if asset_partition_key_range is not None else partition_key
    keys = _partition_keys(range_key, asset_partition_key_range, asset_partitions_def)
    given = _one_of(definition_metadata, metadata)
    return DirectInputContext(
        _own(resources, instance, "build_input_context"),
        upstream_output=upstream_output,
        partition_key=partition_key,
        step_context=step_context,
        asset=_asset(asset_key, keys, asset_partitions_def),
        **_port_attributes(name, op_def, dagflow_type, given, config, resource_config, instance),
    )


def _own(
    resources: Mapping[str, Any] | None, instance: DagflowInstance | None, builder: str
) -> OwnResources | None:
    return OwnResources(resources, None, InstanceWhenAsked(instance), builder) if resources else None


def _partition_keys(
    partition_key: str | None,
    key_range: PartitionKeyRange | None,
    definition: PartitionsDefinition | None,
) -> Sequence[str] | None:
    """Return the partitions of the asset; the ends of the range only, if it has no partitions definition."""
    if key_range is None:
        return None if partition_key is None else [partition_key]
    check_type(key_range, PartitionKeyRange, "asset_partition_key_range", "a context")
    if partition_key is not None:
        raise CheckError("both 'partition_key' and 'asset_partition_key_range' were given; give one of them")
    if definition is not None:
        return definition.get_partition_keys_in_range(key_range)
    return list(dict.fromkeys(key_range))


def _one_of(
    definition_metadata: Mapping[str, Any] | None, metadata: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    if definition_metadata is not None and metadata is not None:
        raise DagflowInvalidInvocationError(
            "both 'definition_metadata' and its older name 'metadata' were given; give one of them"
        )
    return metadata if definition_metadata is None else definition_metadata


def _port_attributes(
    name: str | None,
    op_def: OpDefinition | None,
    dagflow_type: Any,
    definition_metadata: Mapping[str, Any] | None,
    config: Any,
    resource_config: Mapping[str, Any] | None,
    instance: DagflowInstance | None,
) -> dict[str, Any]:
    """Check the attributes that outputs and inputs have in common, and return them."""
    _check_types(
        name=(name, str),
        op_def=(op_def, OpDefinition),
        definition_metadata=(definition_metadata, Mapping),
        resource_config=(resource_config, Mapping),
        instance=(instance, DagflowInstance),
    )
    get_instance = None if instance is None else partial(first_of, instance)
    return {
        "name": name,
        "op_def": op_def,
        "dagflow_type": None if dagflow_type is None else resolve_type(dagflow_type, "a context"),
        "definition_metadata": definition_metadata,
        "config": config,
        "access": IOAccess(get_instance, resource_config={} if resource_config is None else resource_config),
    }


def _asset(
    asset_key: CoercibleToAssetKey | None,
    partition_keys: Sequence[str] | None,
    partitions_def: PartitionsDefinition | None,
    spec: AssetSpec | None = None,
) -> IOAsset:
    """Check the facts about the asset, and return them."""
    _check_types(asset_partitions_def=(partitions_def, PartitionsDefinition))
    key = None if asset_key is None else AssetKey.from_coercible(asset_key)
    return IOAsset(key, partition_keys, partitions_def, spec)


def _check_types(**arguments: tuple[Any, type[Any]]) -> None:
    """Check each argument that was given against its class."""
    for name, (value, expected) in arguments.items():
        if value is not None:
            check_type(value, expected, name, "a context")
