"""The `build_*_context` functions: contexts for calling definitions directly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from dagflow.context.init import InitResourceContext
from dagflow.context.io import InputContext, OutputContext
from dagflow.context.manner import DIRECT
from dagflow.context.op import AssetExecutionContext, OpExecutionContext, StepContext
from dagflow.context.scope import Scope
from dagflow.defs.op import OpDefinition
from dagflow.defs.resource import as_resources
from dagflow.errors import (
    CheckError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    check_type,
)
from dagflow.instance.instance import DagflowInstance
from dagflow.invocation.resources import OwnResources, start_resources
from dagflow.keys import AssetKey, CoercibleToAssetKey
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.keys import PartitionKeyRange

_Self = TypeVar("_Self", bound="DirectContext")


class DirectContext(StepContext):
    """What the contexts of direct calls share: resources of their own, entered by a `with` block where they
    need one.

    Attributes:
        running: The name of the definition that runs with this context now, None if none does.
    """

    __slots__ = ("_own", "op_config_given", "running")

    def __init__(self, scope: Scope, own: OwnResources | None) -> None:
        super().__init__(scope)
        self.running: str | None = None
        self.op_config_given = scope.config
        self._own = own

    @property
    def resource_values(self) -> Mapping[str, Any]:
        """The resources by key.

        Raises:
            DagflowInvariantViolationError: One of them has to be closed, and no `with` block will do so.
        """
        return self.scope.resource_values()

    def __enter__(self: _Self) -> _Self:
        if self._own is not None:
            self._own.is_entered = True
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the resources, the last first. The first error of that is raised when all are closed."""
        if self._own is not None:
            self._own.close()


class DirectOpContext(DirectContext, OpExecutionContext):
    """The context of an op that is called directly."""

    __slots__ = ()


class DirectAssetContext(DirectContext, AssetExecutionContext):
    """The context of an asset that is called directly."""

    __slots__ = ()


def build_op_context(
    resources: Mapping[str, Any] | None = None,
    op_config: Any = None,
    resources_config: Mapping[str, Any] | None = None,
    instance: DagflowInstance | None = None,
    config: Any = None,
    partition_key: str | None = None,
    partition_key_range: PartitionKeyRange | None = None,
    mapping_key: str | None = None,
    run_tags: Mapping[str, str] | None = None,
    event_loop: Any = None,
) -> DirectOpContext:
    """Build the context for calling an op directly.

    Args:
        resources: Resource values or definitions by key. Those that are context managers need a `with` block.
        op_config: The config of the op, checked when the op is called.
        resources_config: `{key: {"config": ...}}` for resource definitions.
        instance: Default: an ephemeral one.
        config: An older name of `op_config`.
        partition_key: The partition that the call is for.
        partition_key_range: The partitions that the call is for.
        mapping_key: What `get_mapping_key()` gives.
        run_tags: What `get_tag` reads.
        event_loop: Accepted for code that was written for it; an async op is awaited by its caller.

    Raises:
        DagflowInvalidInvocationError: `op_config` and `config` were both given.
        CheckError: `partition_key` and `partition_key_range` were both given.
        ParameterCheckError: `resources` is no mapping.

    Example:
        >>> from dagflow import build_op_context, op
        >>> @op
        ... def where_am_i(context):
        ...     return context.run_id
        >>> where_am_i(build_op_context())
        'EPHEMERAL'
    """
    if op_config is not None and config is not None:
        raise DagflowInvalidInvocationError(
            "both 'op_config' and its older name 'config' were given; give one of them"
        )
    return DirectOpContext(*_scope(
        resources, resources_config, instance, partition_key, partition_key_range, run_tags,
        op_config if op_config is not None else config, mapping_key,
    ))  # fmt: skip


def build_asset_context(
    resources: Mapping[str, Any] | None = None,
    resources_config: Mapping[str, Any] | None = None,
    asset_config: Any = None,
    instance: DagflowInstance | None = None,
    partition_key: str | None = None,
    partition_key_range: PartitionKeyRange | None = None,
    run_tags: Mapping[str, str] | None = None,
    event_loop: Any = None,
) -> DirectAssetContext:
    """Build the context for calling an asset directly. Parameters and errors as `build_op_context`.

    Example:
        >>> from dagflow import asset, build_asset_context
        >>> @asset
        ... def today(context):
        ...     return context.partition_key
        >>> today(build_asset_context(partition_key="2024-01-01"))
        '2024-01-01'
    """
    return DirectAssetContext(*_scope(
        resources, resources_config, instance, partition_key, partition_key_range, run_tags, asset_config,
        None,
    ))  # fmt: skip


def _scope(
    resources: Mapping[str, Any] | None,
    resources_config: Mapping[str, Any] | None,
    instance: DagflowInstance | None,
    partition_key: str | None,
    partition_key_range: PartitionKeyRange | None,
    run_tags: Mapping[str, str] | None,
    config: Any,
    mapping_key: str | None,
) -> tuple[Scope, OwnResources | None]:
    if partition_key is not None and partition_key_range is not None:
        raise CheckError("both 'partition_key' and 'partition_key_range' were given; give one of them")
    get_instance = _InstanceWhenAsked(instance)
    own = None
    if resources is not None or resources_config:
        own = OwnResources(resources, resources_config, get_instance)
    scope = Scope(
        DIRECT,
        run_id=DIRECT.run_id or "",
        resource_values=dict if own is None else own,
        get_instance=get_instance,
        config=config,
        partition_key=partition_key,
        partition_key_range=partition_key_range,
        mapping_key=mapping_key,
        run_tags=run_tags,
    )
    return scope, own


class _InstanceWhenAsked:
    """Makes an ephemeral instance when it is first asked for one, unless one was given."""

    __slots__ = ("_instance",)

    def __init__(self, instance: DagflowInstance | None) -> None:
        self._instance = instance

    def __call__(self) -> DagflowInstance:
        if self._instance is None:
            self._instance = DagflowInstance.ephemeral()
        return self._instance


def build_init_resource_context(
    config: Any = None, resources: Mapping[str, Any] | None = None, instance: DagflowInstance | None = None
) -> InitResourceContext:
    """Build the context for calling a resource function directly.

    Args:
        config: What `resource_config` gives.
        resources: Values or definitions of the resources that it reads.
        instance: Default: an ephemeral one.

    Example:
        >>> from dagflow import build_init_resource_context, resource
        >>> @resource(config_schema=int)
        ... def beans(context):
        ...     return context.resource_config * 2
        >>> beans(build_init_resource_context(config=2))
        4
    """
    get_instance = _InstanceWhenAsked(instance)
    values = _plain(resources, get_instance, "build_init_resource_context")
    return InitResourceContext(config, values, get_instance)


def _plain(resources: Mapping[str, Any] | None, get_instance: Any, builder: str) -> Mapping[str, Any]:
    """Resources for a context that cannot close any."""
    if not resources:
        return {}
    owned = start_resources(as_resources(resources, "a context"), None, get_instance)
    if owned.closers:
        owned.stop()
        raise DagflowInvariantViolationError(
            f"resources that are context managers cannot be given to {builder}: nothing would close them"
        )
    return owned.values


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
    output_metadata: Mapping[str, Any] | None = None,
    instance: DagflowInstance | None = None,
) -> OutputContext:
    """Build the context for calling `handle_output` of an I/O manager directly. What is not given raises
    when read.

    Example:
        >>> from dagflow import build_output_context
        >>> build_output_context(step_key="brew", name="result", run_id="r").get_identifier()
        ['r', 'brew', 'result']
    """
    return OutputContext(
        step_key=step_key,
        run_id=run_id,
        mapping_key=mapping_key,
        output_metadata=output_metadata,
        partition_key=partition_key,
        version=version,
        **_shared(
            name, op_def, dagflow_type, asset_key, None if partition_key is None else [partition_key],
            asset_partitions_def, definition_metadata, config, resource_config, resources, instance,
        ),
    )  # fmt: skip


def build_input_context(
    name: str | None = None,
    config: Any = None,
    definition_metadata: Mapping[str, Any] | None = None,
    upstream_output: OutputContext | None = None,
    dagflow_type: Any = None,
    resource_config: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    op_def: OpDefinition | None = None,
    asset_key: CoercibleToAssetKey | None = None,
    partition_key: str | None = None,
    asset_partition_keys: Sequence[str] | None = None,
    asset_partitions_def: PartitionsDefinition | None = None,
    instance: DagflowInstance | None = None,
) -> InputContext:
    """Build the context for calling `load_input` of an I/O manager directly. What is not given raises when
    read.

    Example:
        >>> from dagflow import build_input_context
        >>> build_input_context(name="n", asset_key="water").asset_key
        AssetKey(['water'])
    """
    keys = asset_partition_keys
    if keys is None and partition_key is not None:
        keys = [partition_key]
    return InputContext(
        upstream_output=upstream_output,
        partition_key=partition_key,
        **_shared(
            name, op_def, dagflow_type, asset_key, keys, asset_partitions_def, definition_metadata, config,
            resource_config, resources, instance,
        ),
    )  # fmt: skip


def _shared(
    name: str | None,
    op_def: OpDefinition | None,
    dagflow_type: Any,
    asset_key: CoercibleToAssetKey | None,
    partition_keys: Sequence[str] | None,
    partitions_def: PartitionsDefinition | None,
    definition_metadata: Mapping[str, Any] | None,
    config: Any,
    resource_config: Mapping[str, Any] | None,
    resources: Mapping[str, Any] | None,
    instance: DagflowInstance | None,
) -> dict[str, Any]:
    from dagflow.annotations import resolve_type

    return {
        "name": None if name is None else check_type(name, str, "name"),
        "op_def": op_def,
        "dagflow_type": None if dagflow_type is None else resolve_type(dagflow_type, "a context"),
        "asset_key": None if asset_key is None else AssetKey.from_coercible(asset_key),
        "partition_keys": partition_keys,
        "partitions_def": partitions_def,
        "definition_metadata": definition_metadata,
        "config": config,
        "resource_config": resource_config,
        "resources": _plain(resources, _InstanceWhenAsked(instance), "this builder"),
        "get_instance": None if instance is None else lambda: instance,
    }
