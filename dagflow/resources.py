"""Starting the resources of a run in the order of their needs, and stopping them in reverse, whatever
happened.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from dagflow._util import UNSET
from dagflow.config.parse import parse
from dagflow.context.init import InitResourceContext
from dagflow.defs.resource import ResourceDefinition
from dagflow.defs.signature import location
from dagflow.errors import (
    DagflowError,
    DagflowInvalidConfigError,
    DagflowInvariantViolationError,
    DagflowResourceFunctionError,
)

Builtins = Mapping[str, Callable[[InitResourceContext], Any]]
"""What makes the resources that have no function of the user's, by kind."""


class StartedResources:
    """Resources that have been started, to be stopped once.

    Attributes:
        values: The resources by key. Always: what has been stopped is not here.
        closers: How to stop them, in the order in which they were started.
    """

    __slots__ = ("closers", "values")

    def __init__(self) -> None:
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
            configs: Checked config by key; where there is none, the defaults of the schema.
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
            config = config_of(definition, configs.get(key, UNSET), key)
            needs = {name: self.values[name] for name in definition.required_resource_keys}
            context = make_context(definition, config, needs)
            try:
                if definition.kind == "function":
                    value, close = enter(definition, context)
                else:
                    value, close = builtins[definition.kind](context), None
            except DagflowError:
                raise
            except Exception as error:
                raise resource_error(key, definition, error) from error
            self.values[key] = value
            if close is not None:
                self.closers.append((key, close))

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
        return failures


def enter(
    definition: ResourceDefinition, context: InitResourceContext
) -> tuple[Any, Callable[[], None] | None]:
    """Call a resource function; enter what it gives where that is a context manager or a generator.

    Returns:
        The resource, and how to stop it (None where nothing has to be done).
    """
    made = definition.resource_fn(context) if definition.takes_context else definition.resource_fn()
    if inspect.isgenerator(made):
        generator = made
        try:
            value = next(generator)
        except StopIteration:
            raise DagflowInvariantViolationError(
                f"the resource function at {location(definition.resource_fn)} is a generator that yielded "
                "nothing"
            ) from None
        return value, lambda: _finish(generator)
    if isinstance(made, AbstractContextManager) and _is_wrapped_generator(made):
        manager = made
        return manager.__enter__(), lambda: _exit(manager)
    return made, None


def config_of(definition: ResourceDefinition, config: Any, key: str) -> Any:
    """The config of a resource: as checked before, or the defaults of its schema."""
    if config is not UNSET or definition.config_field is None:
        return None if config is UNSET else config
    parsed = parse(definition.config_field, UNSET)
    if parsed.errors:
        raise DagflowInvalidConfigError(f"Error in config for resource '{key}'", parsed.errors, {})
    return None if parsed.value is UNSET else parsed.value


def resource_error(
    key: str, definition: ResourceDefinition, error: Exception
) -> DagflowResourceFunctionError:
    """The error of a resource that could not be started."""
    return DagflowResourceFunctionError(
        f"resource '{key}' ({location(definition.resource_fn)}) could not be started: "
        f"{type(error).__name__}: {error}",
        user_exception=error,
    )


def _is_wrapped_generator(made: Any) -> bool:
    # `@contextmanager` functions are resources that clean up; another object that happens to be a context
    # manager (a file, a connection) is the resource itself
    return type(made).__name__ == "_GeneratorContextManager"


def _finish(generator: Any) -> None:
    try:
        next(generator)
    except StopIteration:
        return
    generator.close()
    raise DagflowInvariantViolationError("a resource generator yielded more than once")


def _exit(manager: AbstractContextManager[Any]) -> None:
    manager.__exit__(None, None, None)
