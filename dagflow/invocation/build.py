"""The `build_*_context` functions: contexts for calling definitions directly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.context.availability import DIRECT_RUN_ID
from dagflow.context.call_state import DirectCallState, RunFacts
from dagflow.context.check import AssetCheckExecutionContext
from dagflow.context.init import InitResourceContext
from dagflow.context.op import AssetExecutionContext, OpExecutionContext, StepContext
from dagflow.context.resources import ScopedResources
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.errors import CheckError, DagflowInvalidInvocationError, check_type
from dagflow.event_loop import EventLoop
from dagflow.events.run import checked_tags
from dagflow.instance.instance import DagflowInstance
from dagflow.invocation.resources import InstanceWhenAsked, Owner, OwnResources, check_config_keys
from dagflow.partitions.keys import PartitionKeyRange

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from dagflow.events.user import UserEvent


class ExecutionProperties(NamedTuple):
    """The events and output metadata of one direct call.

    Attributes: `user_events` (the logged events), `output_metadata` (by output; a dict by mapping key for a
    dynamic output).
    """

    user_events: Sequence[UserEvent]
    output_metadata: Mapping[str, Mapping[str, Any]]


class DirectContext(Owner, StepContext):
    """The common part of the contexts of direct calls.

    Attributes:
        running: The name of the definition that runs with this context now; None if none runs.
        op_config_given: The config, as the caller gave it to the builder.
    """

    __slots__ = ("_own", "_resources_config", "op_config_given", "running")

    _state: DirectCallState

    def __init__(
        self, state: DirectCallState, own: OwnResources | None, resources_config: Mapping[str, Any] | None
    ) -> None:
        self._state = state  # not through super(): a direct call is measured by its calls
        self.running: str | None = None
        self.op_config_given: Any = state.config
        self._own = own
        self._resources_config = resources_config

    @property
    def call_state(self) -> DirectCallState:
        """The state that this context reads. Internal."""
        return self._state

    @property
    def is_bound(self) -> bool:
        """True while a definition runs with this context."""
        return self.running is not None

    @property
    def execution_properties(self) -> ExecutionProperties:
        """The events and output metadata of the call that runs now, or of the last call."""
        by_output: dict[str, dict[str, Any]] = {}
        for (name, mapping_key), metadata in self._state.output_metadata.items():
            if mapping_key is None:
                by_output[name] = metadata
            else:
                by_output.setdefault(name, {})[mapping_key] = metadata
        return ExecutionProperties(self.get_events(), by_output)

    @property
    def resource_values(self) -> Mapping[str, Any]:
        """The resources by key.

        Raises:
            DagflowInvariantViolationError: A resource must be closed, and no `with` block will close it.
        """
        return self._state.resource_values()

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The run config of a run that does the same as this call."""
        self._state.require("run_config")
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


class DirectAssetCheckContext(AssetCheckExecutionContext):
    """The context of a check that is called directly. A `with` block closes its resources at its end."""

    __slots__ = ()

    _op_execution_context: DirectOpContext

    @property
    def op_execution_context(self) -> DirectOpContext:
        """The context of the op of the check."""
        return self._op_execution_context

    def __enter__(self) -> DirectAssetCheckContext:
        self.op_execution_context.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.op_execution_context.__exit__(*error)


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
    event_loop: AbstractEventLoop | None = None,
) -> DirectOpContext:
    """Build the context for calling an op directly.

    Args:
        resources: Resource values or definitions by key. Context managers among them need a
            `with` block.
        op_config: The config of the op, checked when the op is called.
        resources_config: `{key: {"config": ...}}` for resource definitions.
        instance: The instance; default: an ephemeral one.
        config: An older name of `op_config`.
        partition_key: The partition that the call is for.
        partition_key_range: The partitions that the call is for.
        mapping_key: The result of `get_mapping_key()`.
        run_tags: The tags of the run, for `get_tag`.
        event_loop: The event loop of async resources; the caller awaits an async op on it.

    Raises:
        DagflowInvalidInvocationError: `op_config` and `config` were both given.
        CheckError: `partition_key` and `partition_key_range` were both given.
        ParameterCheckError: `resources` is not a mapping.

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
    if mapping_key is not None:
        check_type(mapping_key, str, "mapping_key", "a context")
    run = _run_facts(instance, run_tags, partition_key, partition_key_range)
    own = _own_resources(resources, resources_config, run, event_loop, "build_op_context")
    given = op_config if op_config is not None else config
    return DirectOpContext(
        DirectCallState(run, dict if own is None else own, given, mapping_key), own, resources_config
    )


def build_asset_context(
    resources: Mapping[str, Any] | None = None,
    resources_config: Mapping[str, Any] | None = None,
    asset_config: Any = None,
    instance: DagflowInstance | None = None,
    partition_key: str | None = None,
    partition_key_range: PartitionKeyRange | None = None,
    run_tags: Mapping[str, str] | None = None,
    event_loop: AbstractEventLoop | None = None,
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
    run = _run_facts(instance, run_tags, partition_key, partition_key_range)
    own = _own_resources(resources, resources_config, run, event_loop, "build_asset_context")
    return DirectAssetContext(
        DirectCallState(run, dict if own is None else own, asset_config), own, resources_config
    )


def build_asset_check_context(
    resources: Mapping[str, Any] | None = None,
    resources_config: Mapping[str, Any] | None = None,
    asset_config: Any = None,
    instance: DagflowInstance | None = None,
) -> DirectAssetCheckContext:
    """Build the context for calling an asset check directly.

    Args:
        resources: Resource values or definitions by key. Context managers among them need a
            `with` block.
        resources_config: `{key: {"config": ...}}` for resource definitions.
        asset_config: The config of the check, checked when the check is called.
        instance: The instance; default: an ephemeral one.

    Raises:
        ParameterCheckError: `resources` is not a mapping, or `instance` is not an instance.

    Example:
        >>> from dagflow import AssetCheckResult, asset_check, build_asset_check_context
        >>> @asset_check(asset="beans", required_resource_keys={"limit"})
        ... def few(context, beans):
        ...     return AssetCheckResult(passed=len(beans) < context.resources.limit)
        >>> few(build_asset_check_context(resources={"limit": 3}), ["arabica"]).passed
        True
    """
    run = _run_facts(instance, None, None, None)
    own = _own_resources(resources, resources_config, run, None, "build_asset_check_context")
    state = DirectCallState(run, dict if own is None else own, asset_config)
    return DirectAssetCheckContext(DirectOpContext(state, own, resources_config))


def _run_facts(
    instance: DagflowInstance | None,
    run_tags: Mapping[str, str] | None,
    partition_key: str | None,
    partition_key_range: PartitionKeyRange | None,
) -> RunFacts:
    if run_tags is not None:
        checked_tags(check_type(run_tags, Mapping, "run_tags", "a context"), "run_tags")
    if partition_key is not None:
        check_type(partition_key, str, "partition_key", "a context")
    if partition_key_range is not None:
        check_type(partition_key_range, PartitionKeyRange, "partition_key_range", "a context")
        if partition_key is not None:
            raise CheckError("both 'partition_key' and 'partition_key_range' were given; give one of them")
    get_instance = InstanceWhenAsked(instance)
    return RunFacts(DIRECT_RUN_ID, get_instance, run_tags, partition_key, partition_key_range)


def _own_resources(
    resources: Mapping[str, Any] | None,
    resources_config: Mapping[str, Any] | None,
    run: RunFacts,
    event_loop: AbstractEventLoop | None,
    builder: str,
) -> OwnResources | None:
    """Start the resources of a context, if there are any.

    Raises:
        DagflowInvalidConfigError: `resources_config` has a key that `resources` lacks.
    """
    if resources_config is not None:
        check_type(resources_config, Mapping, "resources_config", "a context")
        if resources_config:
            check_config_keys(resources_config, resources, "resources_config")
    loop = None
    if event_loop is not None:
        from asyncio import AbstractEventLoop  # loaded already: the caller has a loop

        loop = EventLoop(check_type(event_loop, AbstractEventLoop, "event_loop", "a context"))
    if resources is None:
        return None
    return OwnResources(resources, resources_config, run.get_instance, builder, loop)


class DirectInitContext(Owner, InitResourceContext):
    """The context of a resource function that is called directly. Its own resources are entered by a `with`
    block, if they need one.
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
            DagflowInvariantViolationError: A resource must be closed, and no `with` block will close it.
        """
        return ScopedResources(self._own(), "this context")

    def with_config(self, config: Any, resource_def: ResourceDefinition) -> InitResourceContext:
        """Copy this context for one resource, with its checked config."""
        return InitResourceContext(config, self._own(), self._get_instance, resource_def)


def build_init_resource_context(
    config: Any = None, resources: Mapping[str, Any] | None = None, instance: DagflowInstance | None = None
) -> DirectInitContext:
    """Build the context for calling a resource function directly.

    Args:
        config: The value of `resource_config`.
        resources: Values or definitions of the resources that it reads. Context managers among them need a
            `with` block.
        instance: The instance; default: an ephemeral one.

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
