"""Resources without a run: `build_resources`, and the resources of a direct call.

Those are started when the context is built, or when they are first read.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from dagflow._util import UNSET
from dagflow.absent import explains_absent
from dagflow.config.read import read_config
from dagflow.context.init import InitResourceContext
from dagflow.context.resources import ScopedResources
from dagflow.defs.resources.definition import ResourceDefinition, as_resources, resource_configs
from dagflow.defs.resources.needs import start_order
from dagflow.defs.resources.requirements import Requirement
from dagflow.errors import DagflowInvariantViolationError, check_optional, check_type
from dagflow.event_loop import EventLoop
from dagflow.events.run import DagflowRun
from dagflow.instance.instance import DagflowInstance
from dagflow.resources import StartedResources

_Self = TypeVar("_Self", bound="Owner")


class OnDemand(dict[str, Any]):
    """The resources of a context that are started when they are first read, not when the context is built.

    The context needs a `with` block, which closes the started resources.

    Attributes:
        defaults: The keys of the resources that a keyword argument of a direct call may replace, and that an
            asset with its own resource does not use. Empty unless it is set.

    Example:
        >>> from dagflow import build_op_context, resource
        >>> from dagflow.testing import OnDemand
        >>> @resource(config_schema={"degrees": int})
        ... def heater(context):
        ...     return context.resource_config["degrees"]
        >>> with build_op_context(OnDemand(heater=heater, beans=3)) as context:
        ...     context.resources.beans
        3
    """

    defaults: Collection[str] = ()


class ResourcesOnDemand(Mapping[str, Any]):
    """Resources by key. Each is started when it is first read, after the resources that it needs.

    Attributes:
        started: The started resources by key.
        defaults: The keys of the resources that a call may replace.
    """

    def __init__(
        self,
        definitions: Mapping[str, ResourceDefinition],
        configs: Mapping[str, Any] | None,
        get_instance: Any,
        defaults: Collection[str] = (),
    ) -> None:
        self.started: StartedResources = StartedResources()
        self.defaults: Collection[str] = defaults
        self._definitions = definitions
        self._configs = configs
        self._get_instance = get_instance

    def __getitem__(self, key: str) -> Any:
        if key not in self.started.values:
            if key not in self._definitions:
                raise KeyError(key)
            start_missing(self.started, [key], self._definitions, self._configs, self._get_instance)
        return self.started.values[key]

    def __contains__(self, key: object) -> bool:
        return key in self._definitions

    def __iter__(self) -> Iterator[str]:
        return iter(self._definitions)

    def __len__(self) -> int:
        return len(self._definitions)


class OwnResources:
    """The resources of one context. A call returns them by key. Open ones are closed with the last reference.

    Attributes:
        started: The started resources.
        is_entered: Whether a `with` block will close them.
        builder: The name of the function that built the context, for messages.
    """

    __slots__ = ("_closed", "_values", "builder", "is_entered", "started")

    def __init__(
        self,
        resources: Mapping[str, Any] | None,
        configs: Mapping[str, Any] | None,
        get_instance: Any,
        builder: str = "build_op_context",
        event_loop: EventLoop | None = None,
    ) -> None:
        self.builder: str = builder
        self.is_entered: bool = False
        self._closed: list[str] = []
        self._values: Mapping[str, Any]
        self.started: StartedResources = StartedResources()
        definitions = as_resources(resources, "a context")
        if isinstance(resources, OnDemand):
            on_demand = ResourcesOnDemand(definitions, configs, get_instance, resources.defaults)
            self.started, self._values = on_demand.started, on_demand
        else:
            self.started = start_resources(definitions, configs, get_instance, event_loop=event_loop)
            self._values = self.started.values

    def __call__(self) -> Mapping[str, Any]:
        """Return the resources by key.

        Raises:
            DagflowInvariantViolationError: A resource must be closed and no `with` block will close it, or a
                `with` block has closed the resources.
        """
        if self._closed:
            raise DagflowInvariantViolationError(
                f"the resources {self._closed} were closed at the end of the with block of their context; "
                "build a context for each block"
            )
        if self.started.closers and not self.is_entered:
            raise DagflowInvariantViolationError(
                f"At least one provided resource is a generator ({self._to_close()}), which something has to "
                "close in the end. Read the resources in a with block: "
                f"with {self.builder}(...) as context: ..."
            )
        return self._values

    def close(self) -> None:
        """Close the resources, the last first. Raise the first error after all are closed."""
        self.is_entered = False
        self._closed += self._to_close()
        failures = self.started.stop()
        if failures:
            raise failures[0][1]

    def _to_close(self) -> list[str]:
        return sorted(key for key, _ in self.started.closers)

    def __del__(self) -> None:
        self.started.stop()


def check_config_keys(configs: Mapping[str, Any], resources: Mapping[str, Any] | None, name: str) -> None:
    """Raise if there is config for an unknown resource. The config itself is checked with each resource.

    Args:
        configs: The config by the key of its resource.
        resources: The resources by key.
        name: The name of the parameter, for the message.

    Raises:
        DagflowInvalidConfigError: A key of `configs` is not a key of `resources`.
    """
    from dagflow.config.field import Field, Permissive, Shape

    schema = Field(Shape({key: Field(Permissive(), is_required=False) for key in resources or ()}))
    read_config(schema, configs, f"Error in '{name}'", {}, path=())


class Owner:
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
        """Close the resources, the last first. Raise the first error after all are closed."""
        if self._own is not None:
            self._own.close()


def start_resources(
    definitions: Mapping[str, ResourceDefinition],
    configs: Mapping[str, Any] | None,
    get_instance: Any,
    run: DagflowRun | None = None,
    event_loop: EventLoop | None = None,
) -> StartedResources:
    """Start resources outside of a run.

    Args:
        definitions: The resource definitions by key.
        configs: `{key: {"config": ...}}`.
        get_instance: Returns the instance.
        run: The run in the contexts of the resources.
        event_loop: The event loop of async resources.

    Raises:
        DagflowInvariantViolationError: A resource needs another one that is missing.
        DagflowInvalidConfigError: The config of a resource does not match.
        DagflowResourceFunctionError: A resource could not be started; the others were stopped.
    """
    started = StartedResources(event_loop)
    try:
        start_missing(started, definitions, definitions, configs, get_instance, run)
    except BaseException:
        started.stop()
        raise
    return started


def start_missing(
    started: StartedResources,
    keys: Iterable[str],
    definitions: Mapping[str, ResourceDefinition],
    configs: Mapping[str, Any] | None,
    get_instance: Any,
    run: DagflowRun | None = None,
) -> Mapping[str, Any]:
    """Start the resources with these keys, and those that they need, unless they are started already.

    Returns:
        The checked config of the resources that were started, by key.
    """
    wanted = {key: Requirement(key, "this context") for key in keys}
    needed = start_order(definitions, wanted, "this context")
    order = [key for key in needed if key not in started.values]
    read = {
        key: read_config(
            definitions[key].config_field,
            entry["config"],
            f"Error in config for resource '{key}'",
            os.environ,
        )
        for key, entry in (configs or {}).items()
        if key in order and entry and entry.get("config", UNSET) is not UNSET
    }
    checked = resource_configs(definitions, order, read, os.environ)

    def context(definition: ResourceDefinition, config: Any, needs: Mapping[str, Any]) -> InitResourceContext:
        return InitResourceContext(config, needs, get_instance, definition, run)

    started.start(order, definitions, context, checked)
    return checked


@contextmanager
@explains_absent
def build_resources(
    resources: Mapping[str, Any],
    instance: DagflowInstance | None = None,
    resource_config: Mapping[str, Any] | None = None,
    dagflow_run: DagflowRun | None = None,
) -> Iterator[ScopedResources]:
    """Start resources without a run, and stop them at the end of a `with` block.

    Args:
        resources: Values and definitions by key.
        instance: The value of `context.instance` during their start; default: an ephemeral instance.
        resource_config: `{key: {"config": ...}}`.
        dagflow_run: The value of `context.run` during their start.

    Returns:
        A context manager whose value has an attribute for each key.

    Raises:
        DagflowInvalidConfigError: The config of a resource does not match.
        DagflowResourceFunctionError: A resource could not be started; the others were stopped.

    Example:
        >>> from dagflow import build_resources, resource
        >>> @resource(config_schema=int)
        ... def beans(context):
        ...     return 2 * context.resource_config
        >>> with build_resources({"beans": beans}, resource_config={"beans": {"config": 4}}) as resources:
        ...     resources.beans
        8
    """
    get_instance = InstanceWhenAsked(instance)
    if check_optional(resource_config, Mapping, "resource_config", "build_resources"):
        check_config_keys(resource_config or {}, resources, "resource_config")
    check_optional(dagflow_run, DagflowRun, "dagflow_run", "build_resources")
    definitions = as_resources(resources, "build_resources")
    started = start_resources(definitions, resource_config, get_instance, dagflow_run)
    try:
        yield ScopedResources(started.values, "build_resources")
    finally:
        failures = started.stop()
        if failures:
            raise failures[0][1]


class InstanceWhenAsked:
    """A function that returns the given instance, or an ephemeral one that its first call creates."""

    __slots__ = ("_instance",)

    def __init__(self, instance: DagflowInstance | None) -> None:
        self._instance: DagflowInstance | None = None
        if instance is not None:
            self._instance = check_type(instance, DagflowInstance, "instance", "a context")

    def __call__(self) -> DagflowInstance:
        if self._instance is None:
            self._instance = DagflowInstance.ephemeral()
        return self._instance
