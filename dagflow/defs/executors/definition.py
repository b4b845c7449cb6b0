"""Executor definitions: name, config schema and requirements. The built-in executors are in `builtin`."""

from __future__ import annotations

import copy
import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

from dagflow._util import takes
from dagflow.config.field import ANYTHING, Field, resolve_field
from dagflow.copies import Copied
from dagflow.defs.parts.configured import configured_field
from dagflow.defs.parts.function import name_of
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    ElementCheckError,
    ParameterCheckError,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.keys import check_name


class ExecutorRequirement(enum.Enum):
    """A requirement of an executor: a property that the job, the instance or the I/O managers must have."""

    RECONSTRUCTABLE_PIPELINE = "RECONSTRUCTABLE_PIPELINE"
    """A job that another process can build again."""
    RECONSTRUCTABLE_JOB = "RECONSTRUCTABLE_PIPELINE"
    NON_EPHEMERAL_INSTANCE = "NON_EPHEMERAL_INSTANCE"
    """An instance that other processes can read."""
    PERSISTENT_OUTPUTS = "PERSISTENT_OUTPUTS"
    """I/O managers that store values outside this process."""


_Requirements = Sequence[ExecutorRequirement] | Callable[[Mapping[str, Any]], Sequence[ExecutorRequirement]]


class ExecutorDefinition(Copied):
    """The definition of an executor, which runs the steps of a run.

    Args:
        name: Its name.
        config_schema: The schema of its config, under `execution.config` of a run config.
        requirements: The requirements, or a function that returns them for a config.
        executor_creation_fn: Creates a custom executor from an init context.
        description: A sentence for people.

    Raises:
        ParameterCheckError: `requirements` is not a sequence, or a function is not callable.
        ElementCheckError: A requirement is not an ExecutorRequirement.

    Example:
        >>> ExecutorDefinition("batch", {"queue": str}).config_schema
        Field({ queue: String }, required)
    """

    __slots__ = ("__dict__", "_requirements", "config_field", "description", "executor_creation_fn", "name")

    def __init__(
        self,
        name: str,
        config_schema: Any = None,
        requirements: _Requirements | None = None,
        executor_creation_fn: Callable[..., Any] | None = None,
        description: str | None = None,
    ) -> None:
        self.name: str = check_name(check_type(name, str, "name"), "executor")
        self.config_field: Field | None = (
            None if config_schema is None else resolve_field(config_schema, f"executor '{name}'")
        )
        self._requirements = _checked(requirements, f"executor '{name}'")
        if executor_creation_fn is not None and not callable(executor_creation_fn):
            raise ParameterCheckError(
                f"parameter 'executor_creation_fn' of executor '{name}' must be a function, not "
                f"{repr_of(executor_creation_fn)}"
            )
        if executor_creation_fn is not None and not takes(executor_creation_fn, 1):
            raise DagflowInvalidDefinitionError(
                f"the function of executor '{name}' must take one argument, the InitExecutorContext, and "
                f"{repr_of(executor_creation_fn)} cannot be called so"
            )
        self.executor_creation_fn: Callable[..., Any] | None = executor_creation_fn
        self.description: str | None = check_optional(description, str, "description", f"executor '{name}'")

    def decorated(self) -> Callable[..., Any] | None:
        """Return the function that creates the executor."""
        return self.executor_creation_fn

    @property
    def config_schema(self) -> Field:
        """The schema of its config; any config, if it has no schema."""
        return ANYTHING if self.config_field is None else self.config_field

    def get_requirements(self, executor_config: Mapping[str, Any] | None = None) -> list[ExecutorRequirement]:
        """Return the requirements of this executor with this config."""
        if callable(self._requirements):
            return list(self._requirements(executor_config or {}))
        return list(self._requirements)

    def configured(
        self,
        config_or_config_fn: Any,
        name: str | None = None,
        config_schema: Any = None,
        description: str | None = None,
    ) -> ExecutorDefinition:
        """Return a copy of this executor with fixed config.

        Args:
            config_or_config_fn: The config, or a function from the config of the copy to this config.
            name: Default: the name of this executor.
            config_schema: The schema of the config of the copy.
            description: Default: the description of this executor.

        Example:
            >>> from dagflow import multiprocess_executor
            >>> multiprocess_executor.configured({"max_concurrent": 2}).name
            'multiprocess'
        """
        new = copy.copy(self)
        new.name = self.name if name is None else check_name(check_type(name, str, "name"), "executor")
        new.config_field = configured_field(
            self.config_field,
            config_or_config_fn,
            config_schema,
            class_name="ExecutorDefinition",
            place=f"executor '{new.name}'",
        )
        new.description = self.description if description is None else description
        return new

    def __repr__(self) -> str:
        return f"<executor '{self.name}'>"


@overload
def executor(name: Callable[..., Any]) -> ExecutorDefinition: ...


@overload
def executor(
    name: str | None = None, config_schema: Any = None, requirements: _Requirements | None = None
) -> Callable[[Callable[..., Any]], ExecutorDefinition]: ...


def executor(
    name: str | Callable[..., Any] | None = None,
    config_schema: Any = None,
    requirements: _Requirements | None = None,
) -> ExecutorDefinition | Callable[[Callable[..., Any]], ExecutorDefinition]:
    """Make an executor of a function that takes an init context. Use it with or without arguments.

    Args:
        name: Default: the name of the function.
        config_schema: The schema of its config, which the function reads from `context.executor_config`.
        requirements: The requirements, or a function that returns them for a config.

    Returns:
        The ExecutorDefinition, or a decorator.

    Example:
        >>> @executor(config_schema={"queue": str})
        ... def batch(context):
        ...     ...
        >>> batch
        <executor 'batch'>
    """
    if name is not None and not isinstance(name, str):
        return executor()(name)

    def decorate(fn: Callable[..., Any]) -> ExecutorDefinition:
        own_name = name_of(fn) if name is None else name
        return ExecutorDefinition(own_name, config_schema, requirements, fn)

    return decorate


def _checked(requirements: Any, place: str) -> _Requirements:
    if requirements is None:
        return ()
    if callable(requirements):
        requirements_fn: Callable[[Mapping[str, Any]], Sequence[ExecutorRequirement]] = requirements
        return requirements_fn
    for requirement in check_type(requirements, Sequence, "requirements", place):
        if not isinstance(requirement, ExecutorRequirement):
            raise ElementCheckError(
                f"parameter 'requirements' of {place} must hold ExecutorRequirement members, not "
                f"{repr_of(requirement)}"
            )
    return tuple(requirements)
