"""The `build_*_context` functions: contexts for calling definitions directly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from dagflow.config.parse import parse
from dagflow.context.init import InitResourceContext
from dagflow.context.io import InputContext, OutputContext
from dagflow.context.manner import DIRECT
from dagflow.context.op import AssetExecutionContext, OpExecutionContext, StepContext
from dagflow.context.resources import ScopedResources
from dagflow.context.scope import Scope
from dagflow.defs.asset import AssetSpec
from dagflow.defs.op import OpDefinition
from dagflow.defs.resource import ResourceDefinition
from dagflow.errors import (
    CheckError,
    DagflowInvalidConfigError,
    DagflowInvalidInvocationError,
    check_texts,
    check_type,
)
from dagflow.event_loop import EventLoop
from dagflow.instance.instance import DagflowInstance
from dagflow.invocation.resources import InstanceWhenAsked, OwnResources
from dagflow.keys import AssetKey, CoercibleToAssetKey
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.keys import PartitionKeyRange

_Self = TypeVar("_Self", bound="_Owner")


class _Owner:
    """A context with resources of its own, which a `with` block closes at its end."""

    __slots__ = ()
    _own: OwnResources | None

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


class ExecutionProperties(NamedTuple):
    """What a context of a direct call was told in the last call.

    Attributes: `user_events` (those that were logged), `output_metadata` (by output; by mapping key below
    that for a dynamic one).
    """

    user_events: Sequence[Any]
    output_metadata: Mapping[str, Mapping[str, Any]]


class DirectContext(_Owner, StepContext):
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


def _check_types(**arguments: tuple[Any, type[Any]]) -> None:
    """Check each argument that was given against its class."""
    for name, (value, expected) in arguments.items():
        if value is not None:
            check_type(value, expected, name, "a context")


def _check_keys(resources_config: Mapping[str, Any], resources: Mapping[str, Any] | None) -> None:
    """Refuse config of resources that are not there; what there is for the others is checked with them."""
    from dagflow.config.field import Field, Permissive, Shape

    schema = Field(Shape({key: Field(Permissive(), is_required=False) for key in resources or ()}))
    parsed = parse(schema, resources_config, path=(), environ={})
    if parsed.errors:
        raise DagflowInvalidConfigError("Error in 'resources_config'", parsed.errors, resources_config)


class DirectInitContext(_Owner, InitResourceContext):
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


class DirectOutputContext(_Owner, OutputContext):
    """The context of an I/O manager that is called directly with an output."""

    __slots__ = ("_own",)

    def __init__(self, own: OwnResources | None, **said: Any) -> None:
        super().__init__(**said)
        self._own = own

    @property
    def resources(self) -> ScopedResources:
        """The resources that the I/O manager requires."""
        return ScopedResources({} if self._own is None else self._own(), "this context of an output")


class DirectInputContext(_Owner, InputContext):
    """The context of an I/O manager that is called directly for an input."""

    __slots__ = ("_own",)

    def __init__(self, own: OwnResources | None, **said: Any) -> None:
        super().__init__(**said)
        self._own = own

    @property
    def resources(self) -> ScopedResources:
        """The resources that the I/O manager requires."""
        return ScopedResources({} if self._own is None else self._own(), "this context of an input")


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
    """Build the context for calling `handle_output` of an I/O manager directly. What is not given raises
    when it is read.

    Args:
        step_key: The step that made the output.
        name: The output.
        definition_metadata: What the `Out` says; `metadata` is an older name of it.
        run_id: The run that made it; default "__EPHEMERAL_RUN_ID".
        mapping_key: Of a value of a dynamic output.
        config: The config of the output.
        dagflow_type: Its type, or what can stand for one.
        version: A version, handed on as it is.
        resource_config: The config of the I/O manager.
        resources: Values or definitions of the resources that the I/O manager requires. Those that are
            context managers need a `with` block.
        op_def: The op that made it.
        asset_key: The asset that it is.
        partition_key: The partition that the run is for, and the one of the asset.
        asset_partitions_def: The partitions of the asset.
        asset_partition_key_range: The partitions of the asset that the output holds.
        instance: The instance of the run.
        asset_spec: What is known of the asset.
        metadata: See `definition_metadata`.
        output_metadata: What was said of the value.

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
    return DirectOutputContext(
        _own(resources, instance, "build_output_context"),
        step_key=step_key,
        run_id=run_id,
        mapping_key=mapping_key,
        output_metadata=output_metadata,
        partition_key=partition_key,
        version=version,
        asset_spec=asset_spec,
        **_shared(
            name, op_def, dagflow_type, asset_key, keys, asset_partitions_def,
            _one_of(definition_metadata, metadata), config, resource_config, instance,
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
    step_context: Any = None,
    asset_key: CoercibleToAssetKey | None = None,
    partition_key: str | None = None,
    asset_partition_key_range: PartitionKeyRange | None = None,
    asset_partitions_def: PartitionsDefinition | None = None,
    instance: DagflowInstance | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> DirectInputContext:
    """Build the context for calling `load_input` of an I/O manager directly. What is not given raises when it
    is read.

    Args:
        name: The input.
        config: The config of the input.
        definition_metadata: What the `In` says; `metadata` is an older name of it.
        upstream_output: The output that is read.
        dagflow_type: The type of the input, or what can stand for one.
        resource_config: The config of the I/O manager.
        resources: Values or definitions of the resources that the I/O manager requires. Those that are
            context managers need a `with` block.
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
    _check_types(upstream_output=(upstream_output, OutputContext), partition_key=(partition_key, str))
    range_key = None if asset_partition_key_range is not None else partition_key
    keys = _partition_keys(range_key, asset_partition_key_range, asset_partitions_def)
    return DirectInputContext(
        _own(resources, instance, "build_input_context"),
        upstream_output=upstream_output,
        partition_key=partition_key,
        step_context=step_context,
        **_shared(
            name, op_def, dagflow_type, asset_key, keys, asset_partitions_def,
            _one_of(definition_metadata, metadata), config, resource_config, instance,
        ),
    )  # fmt: skip


def _own(
    resources: Mapping[str, Any] | None, instance: DagflowInstance | None, builder: str
) -> OwnResources | None:
    return OwnResources(resources, None, InstanceWhenAsked(instance), builder) if resources else None


def _partition_keys(
    partition_key: str | None,
    key_range: PartitionKeyRange | None,
    definition: PartitionsDefinition | None,
) -> Sequence[str] | None:
    """The partitions of the asset: of a range without a definition, its ends are what is known."""
    if key_range is None:
        return None if partition_key is None else [partition_key]
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
    instance: DagflowInstance | None,
) -> dict[str, Any]:
    from dagflow.annotations import resolve_type

    _check_types(
        name=(name, str),
        op_def=(op_def, OpDefinition),
        asset_partitions_def=(partitions_def, PartitionsDefinition),
        definition_metadata=(definition_metadata, Mapping),
        resource_config=(resource_config, Mapping),
        instance=(instance, DagflowInstance),
    )
    return {
        "name": name,
        "op_def": op_def,
        "dagflow_type": None if dagflow_type is None else resolve_type(dagflow_type, "a context"),
        "asset_key": None if asset_key is None else AssetKey.from_coercible(asset_key),
        "partition_keys": partition_keys,
        "partitions_def": partitions_def,
        "definition_metadata": definition_metadata,
        "config": config,
        "resource_config": resource_config,
        "resources": None,
        "get_instance": None if instance is None else lambda: instance,
    }
