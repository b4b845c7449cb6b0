"""Resources without a run: `build_resources`, and those of a direct call, which are started when its context
is built, or when they are first read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from dagflow._util import UNSET
from dagflow.config.read import read_config
from dagflow.context.init import InitResourceContext
from dagflow.context.resources import ScopedResources
from dagflow.defs.resources.definition import ResourceDefinition, as_resources, resource_configs
from dagflow.defs.resources.needs import start_order
from dagflow.defs.resources.requirements import Requirement
from dagflow.errors import DagflowInvariantViolationError
from dagflow.event_loop import EventLoop
from dagflow.events.run import DagflowRun
from dagflow.instance.instance import DagflowInstance
from dagflow.io.builtin import BUILTINS
from dagflow.resources import StartedResources

_Self = TypeVar("_Self", bound="Owner")


class OnDemand(dict[str, Any]):
    """Resources that a context starts when they are first read, not when it is built.

    Use the context in a `with` block, which closes those that were started.

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


class ResourcesOnDemand(Mapping[str, Any]):
    """Resources by key, each started when it is first read, with what it needs before it.

    Attributes: `started`, those that are.
    """

    def __init__(
        self,
        definitions: Mapping[str, ResourceDefinition],
        configs: Mapping[str, Any] | None,
        get_instance: Any,
    ) -> None:
        self.started: StartedResources = StartedResources()
        self._definitions = definitions
        self._configs = configs
        self._get_instance = get_instance

    def __getitem__(self, key: str) -> Any:
        if key not in self.started.values:
            if key not in self._definitions:
                raise KeyError(key)
            _start(self.started, [key], self._definitions, self._configs, self._get_instance)
        return self.started.values[key]

    def __contains__(self, key: object) -> bool:
        return key in self._definitions

    def __iter__(self) -> Iterator[str]:
        return iter(self._definitions)

    def __len__(self) -> int:
        return len(self._definitions)


class OwnResources:
    """The resources of one context. Called, it gives them by key; those that are still open when nobody holds
    the context any more are closed then.

    Attributes:
        started: Those that were started.
        is_entered: Whether a `with` block will close them.
        builder: What built the context, for messages.
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
            on_demand = ResourcesOnDemand(definitions, configs, get_instance)
            self.started, self._values = on_demand.started, on_demand
        else:
            self.started = start_resources(definitions, configs, get_instance, event_loop=event_loop)
            self._values = self.started.values

    def __call__(self) -> Mapping[str, Any]:
        """The resources by key.

        Raises:
            DagflowInvariantViolationError: Some of them have to be closed, and no `with` block will do so, or
                one has done so.
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
        """Close them, the last first. The first error of that is raised when all are closed."""
        self.is_entered = False
        self._closed += self._to_close()
        failures = self.started.stop()
        if failures:
            raise failures[0][1]

    def _to_close(self) -> list[str]:
        return sorted(key for key, _ in self.started.closers)

    def __del__(self) -> None:
        self.started.stop()


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
        """Close the resources, the last first. The first error of that is raised when all are closed."""
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
        definitions: How each is made, by key.
        configs: `{key: {"config": ...}}`.
        get_instance: Gives the instance.
        run: What their contexts say is the run.
        event_loop: Where async resources live.

    Raises:
        DagflowInvariantViolationError: One needs a resource that is not there.
        DagflowInvalidConfigError: Config that does not match.
        DagflowResourceFunctionError: One could not be started; the others were stopped.
    """
    started = StartedResources(event_loop)
    try:
        _start(started, definitions, definitions, configs, get_instance, run)
    except BaseException:
        started.stop()
        raise
    return started


def _start(
    started: StartedResources,
    keys: Iterable[str],
    definitions: Mapping[str, ResourceDefinition],
    configs: Mapping[str, Any] | None,
    get_instance: Any,
    run: DagflowRun | None = None,
) -> None:
    """Start the resources with these keys, and those that they need, unless they are started already."""
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

    started.start(order, definitions, context, checked, BUILTINS)


@contextmanager
def build_resources(
    resources: Mapping[str, Any],
    instance: DagflowInstance | None = None,
    resource_config: Mapping[str, Any] | None = None,
    dagflow_run: DagflowRun | None = None,
) -> Iterator[ScopedResources]:
    """Start resources without a run, for the time of a `with` block.

    Args:
        resources: Values and definitions by key.
        instance: What `context.instance` gives while they start; default: an ephemeral one.
        resource_config: `{key: {"config": ...}}`.
        dagflow_run: What `context.run` gives while they start.

    Returns:
        A context manager whose value has an attribute for each key.

    Raises:
        DagflowInvalidConfigError: Config that does not match.
        DagflowResourceFunctionError: One could not be started; the others were stopped.

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
    definitions = as_resources(resources, "build_resources")
    started = start_resources(definitions, resource_config, get_instance, dagflow_run)
    try:
        yield ScopedResources(started.values, "build_resources")
    finally:
        failures = started.stop()
        if failures:
            raise failures[0][1]


class InstanceWhenAsked:
    """Makes an ephemeral instance when it is first asked for one, unless one was given."""

    __slots__ = ("_instance",)

    def __init__(self, instance: DagflowInstance | None) -> None:
        self._instance = instance

    def __call__(self) -> DagflowInstance:
        if self._instance is None:
            self._instance = DagflowInstance.ephemeral()
        return self._instance
