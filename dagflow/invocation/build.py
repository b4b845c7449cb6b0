"""The `build_*_context` functions: contexts for calling definitions directly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dagflow.config.read import read_config
from dagflow.context.availability import DIRECT
from dagflow.context.call_state import Scope
from dagflow.context.init import InitResourceContext
from dagflow.context.op import AssetExecutionContext, OpExecutionContext, StepContext
from dagflow.context.resources import ScopedResources
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.errors import (
    CheckError,
    DagflowInvalidInvocationError,
    check_texts,
    check_type,
)
from dagflow.event_loop import EventLoop
from dagflow.instance.instance import DagflowInstance
from dagflow.invocation.resources import InstanceWhenAsked, Owner, OwnResources
from dagflow.partitions.keys import PartitionKeyRange


class ExecutionProperties(NamedTuple):
    """What a context of a direct call was told in the last call.

    Attributes: `user_events` (those that were logged), `output_metadata` (by output; by mapping key below
    that for a dynamic one).
    """

    user_events: Sequence[Any]
    output_metadata: Mapping[str, Mapping[str, Any]]


class DirectContext(Owner, StepContext):
    """What the contexts of direct calls share.

    Attributes:
        running: The name of the definition that runs with this context now, None if none does.
        op_config_given: The config, as the builder got it.
    """

    __slots__ = ("_own", "_resources_config", "op_config_given", "running")

    def __init__(
        self, scope: Scope, own: OwnResources | None, resources_config: Mapping[str, Any] | None
    ) -> None:
        super().__init__(scope)
        self.running: str | None = None
        self.op_config_given = scope.config
        self._own = own
        self._resources_config = resources_config

    @property
    def is_bound(self) -> bool:
        """Whether a definition runs with this context now."""
        return self.running is not None

    @property
    def execution_properties(self) -> ExecutionProperties:
        """What was logged, and what was said of outputs, in the call that runs now or in the last one."""
        by_output: dict[str, dict[str, Any]] = {}
        for (name, mapping_key), metadata in self.scope.metadata.items():
            if mapping_key is None:
                by_output[name] = metadata
            else:
                by_output.setdefault(name, {})[mapping_key] = metadata
        return ExecutionProperties(self.get_events(), by_output)

    @property
    def resource_values(self) -> Mapping[str, Any]:
        """The resources by key.

        Raises:
            DagflowInvariantViolationError: One of them has to be closed, and no `with` block will do so.
        """
        return self.scope.resource_values()

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The run config of a run that does what this call does."""
        self.scope.need("run_config")
        config: dict[str, Any] = {"resources": dict(self._resources_config or {})}
        if self.op_config_given is not None:
            config["ops"] = {self.op_def.name: {"config": self.op_config_given}}
        return config


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
        event_loop: Where async resources live; the caller awaits an async op on it.

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
        op_config if op_config is not None else config, mapping_key, event_loop, "build_op_context",
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
        None, event_loop, "build_asset_context",
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
    event_loop: Any,
    builder: str,
) -> tuple[Scope, OwnResources | None, Mapping[str, Any] | None]:
    check_texts("a context", partition_key=partition_key, mapping_key=mapping_key)
    if partition_key_range is not None:
        check_type(partition_key_range, PartitionKeyRange, "partition_key_range", "a context")
    if instance is not None:
        check_type(instance, DagflowInstance, "instance", "a context")
    if run_tags is not None:
        check_type(run_tags, Mapping, "run_tags", "a context")
    if resources_config is not None:
        check_type(resources_config, Mapping, "resources_config", "a context")
    if partition_key is not None and partition_key_range is not None:
        raise CheckError("both 'partition_key' and 'partition_key_range' were given; give one of them")
    get_instance = InstanceWhenAsked(instance)
    if resources_config:
        _check_keys(resources_config, resources)
    own = None
    if resources is not None:
        loop = None if event_loop is None else EventLoop(event_loop)
        own = OwnResources(resources, resources_config, get_instance, builder, loop)
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
    return scope, own, resources_config


def _check_keys(resources_config: Mapping[str, Any], resources: Mapping[str, Any] | None) -> None:
    """Refuse config of resources that are not there; what there is for the others is checked with them."""
    from dagflow.config.field import Field, Permissive, Shape

    schema = Field(Shape({key: Field(Permissive(), is_required=False) for key in resources or ()}))
    read_config(schema, resources_config, "Error in 'resources_config'", {}, path=())


class DirectInitContext(Owner, InitResourceContext):
    """The context of a resource that is made directly: its resources are entered by a `with` block where they
    need one.
    """

    __slots__ = ("_own",)

    _own: OwnResources

    def __init__(self, config: Any, own: OwnResources, get_instance: InstanceWhenAsked) -> None:
        super().__init__(config, {}, get_instance)
        self._own = own

    @property
    def resources(self) -> ScopedResources:
        """The resources by key.

        Raises:
            DagflowInvariantViolationError: One of them has to be closed, and no `with` block will do so.
        """
        return ScopedResources(self._own(), "this context")

    def with_config(self, config: Any, resource_def: ResourceDefinition) -> InitResourceContext:
        """The same context for one resource, with its checked config."""
        return InitResourceContext(config, self._own(), self._get_instance, resource_def)


def build_init_resource_context(
    config: Any = None, resources: Mapping[str, Any] | None = None, instance: DagflowInstance | None = None
) -> DirectInitContext:
    """Build the context for calling a resource function directly.

    Args:
        config: What `resource_config` gives.
        resources: Values or definitions of the resources that it reads. Those that are context managers need
            a `with` block.
        instance: Default: an ephemeral one.

    Example:
        >>> from dagflow import build_init_resource_context, resource
        >>> @resource(config_schema=int)
        ... def beans(context):
        ...     return context.resource_config * 2
        >>> beans(build_init_resource_context(config=2))
        4
    """
    get_instance = InstanceWhenAsked(instance)
    own = OwnResources(resources, None, get_instance, "build_init_resource_context")
    return DirectInitContext(config, own, get_instance)
