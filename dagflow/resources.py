"""The start of the resources of a run in the order of their requirements, and their stop in reverse order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dagflow.config.scalar import copied
from dagflow.context.init import InitResourceContext
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.defs.resources.needs import needed_keys
from dagflow.defs.resources.opening import Opened
from dagflow.errors import DagflowError, DagflowResourceFunctionError, text_of
from dagflow.event_loop import SHARED, EventLoop


class StartedResources:
    """The started resources of a run. Each is stopped once.

    Attributes:
        values: The resources by key. Invariant: a stopped resource is not in it.
        closers: The functions that stop the resources, as (key, function), in the order of their start.
        event_loop: The loop of async resources; None: async resources are not supported.
    """

    __slots__ = ("_outer_loop", "closers", "event_loop", "values")

    def __init__(self, event_loop: EventLoop | None = None) -> None:
        self.event_loop: EventLoop | None = event_loop
        self._outer_loop: EventLoop | None = None
        self.values: dict[str, Any] = {}
        self.closers: list[tuple[str, Callable[[], None]]] = []

    def start(
        self,
        keys: Sequence[str],
        definitions: Mapping[str, ResourceDefinition],
        make_context: Callable[[ResourceDefinition, Any, Mapping[str, Any]], InitResourceContext],
        configs: Mapping[str, Any],
    ) -> None:
        """Start resources in the given order.

        Args:
            keys: The keys to start. The requirements of a resource come before it.
            definitions: The definitions by key.
            make_context: A function that builds an init context from a definition, its config and the
                resources that it requires.
            configs: The checked config by key, and by path for nested resources, from `resource_configs`.

        Raises:
            DagflowResourceFunctionError: A resource raised. The started ones still run: call `stop`.
            DagflowError: A resource raised this error itself. The started ones still run: call `stop`.
        """
        for key in keys:
            definition = definitions[key]
            if definition.resource_type == "value":
                self.values[key] = definition.value
                continue
            needs = {name: self.values[name] for name in needed_keys(definition, definitions)}
            config = copied(configs.get(key))  # a plan may serve many runs
            context = make_context(definition, config, needs)
            if definition.nested:
                context.configs, context.path = configs, key
                context.shared = {id(definitions[name]): value for name, value in needs.items()}
            try:
                if definition.resource_type == "function":
                    value, close = self._open(definition, context)
                else:  # a built-in I/O manager, which needs no stop
                    value, close = definition.resource_fn(context), None
            except DagflowError:
                raise
            except Exception as error:
                raise resource_error(key, definition, error) from error
            self.values[key] = value
            if close is not None:
                self.closers.append((key, close))
        if self.event_loop is not None and self.event_loop.is_ours:
            self._outer_loop = SHARED.get()
            SHARED.set(self.event_loop)

    def _open(self, definition: ResourceDefinition, context: InitResourceContext) -> Opened:
        token = SHARED.set(self.event_loop)
        try:
            return definition.open(context)
        finally:
            SHARED.reset(token)

    def stop(self) -> list[tuple[str, BaseException]]:
        """Stop all resources, the last one first. An error does not prevent the stop of the others.

        Returns:
            The errors, as (key, exception).
        """
        failures: list[tuple[str, BaseException]] = []
        while self.closers:
            key, close = self.closers.pop()
            try:
                close()
            except BaseException as error:
                failures.append((key, error))
            self.values.pop(key, None)
        if self.event_loop is not None and self.event_loop.is_ours:
            if SHARED.get() is self.event_loop:
                SHARED.set(self._outer_loop)
            self.event_loop.close()
        return failures


def resource_error(
    key: str, definition: ResourceDefinition, error: Exception
) -> DagflowResourceFunctionError:
    """Build the error about a resource that could not be started."""
    return DagflowResourceFunctionError(
        f"Error executing resource_fn on ResourceDefinition {key}: the resource '{key}' ({definition.place}) "
        f"could not be started: {text_of(error)}",
        user_exception=error,
    )
