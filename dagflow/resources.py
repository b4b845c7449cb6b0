"""Starting the resources of a run in the order of their needs, and stopping them in reverse, whatever
happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dagflow.config.scalar import copied
from dagflow.context.init import InitResourceContext
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.defs.resources.needs import needed_keys
from dagflow.defs.resources.opening import Opened
from dagflow.errors import DagflowError, DagflowResourceFunctionError
from dagflow.event_loop import SHARED, EventLoop

Builtins = Mapping[str, Callable[[InitResourceContext], Any]]
"""What makes the resources that have no function of the user's, by kind."""


class StartedResources:
    """Resources that have been started, to be stopped once.

    Attributes:
        values: The resources by key. Always: what has been stopped is not here.
        closers: How to stop them, in the order in which they were started.
        event_loop: Where async resources live; None: there can be none.
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
        builtins: Builtins,
    ) -> None:
        """Start resources, in this order.

        Args:
            keys: What to start; what one needs comes before it.
            definitions: How each is made.
            make_context: Makes an init context out of definition, config and the resources that it needs.
            configs: Checked config by key, of nested resources by path, as `resource_configs` returns it.
            builtins: What makes the built-in kinds.

        Raises:
            DagflowResourceFunctionError: One raised. Those that had been started still run: call `stop`.
            DagflowError: One raised this, so it comes out as it is; the same holds.
        """
        for key in keys:
            definition = definitions[key]
            if definition.kind == "value":
                self.values[key] = definition.value
                continue
            needs = {name: self.values[name] for name in needed_keys(definition, definitions)}
            config = copied(configs.get(key))  # a plan may serve many runs
            context = make_context(definition, config, needs)
            if definition.nested:
                context.configs, context.path = configs, key
                context.shared = {id(definitions[name]): value for name, value in needs.items()}
            try:
                if definition.kind == "function":
                    value, close = self._open(definition, context)
                else:
                    value, close = builtins[definition.kind](context), None
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
        """Stop all of them, the last first. Returns what went wrong; nothing keeps the others from being
        stopped.
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
    """The error of a resource that could not be started."""
    return DagflowResourceFunctionError(
        f"Error executing resource_fn on ResourceDefinition {key}: the resource '{key}' ({definition.place}) "
        f"could not be started: {type(error).__name__}: {error}",
        user_exception=error,
    )
