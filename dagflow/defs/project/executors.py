"""The executor of a project, which may be given as an object instead of a definition."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from dagflow.defs.executors.definition import ExecutorDefinition
from dagflow.errors import check_type

if TYPE_CHECKING:
    from dagflow.defs.executors.builtin import Executor


def executor_definition(
    executor: Any, name: str = "executor", place: str = "Definitions"
) -> ExecutorDefinition | None:
    """Return the definition of an executor. That of an object gives this object to each run.

    Args:
        executor: A definition, an Executor, or None.
        name: The name of the argument, for the message.
        place: The definition that receives it, for the message.

    Raises:
        ParameterCheckError: It is none of these.
    """
    if executor is None or isinstance(executor, ExecutorDefinition):
        return executor
    from dagflow.defs.executors.builtin import OTHER_PROCESSES, Executor, InProcessExecutor  # few have one

    check_type(executor, (ExecutorDefinition, Executor), name, place)
    requirements = [] if isinstance(executor, InProcessExecutor) else OTHER_PROCESSES
    return ExecutorDefinition(
        "given_executor", requirements=requirements, executor_creation_fn=partial(_given, executor)
    )


def _given(executor: Executor, context: Any) -> Executor:
    return executor


def is_same_executor(one: ExecutorDefinition | None, other: ExecutorDefinition | None) -> bool:
    """Return whether two definitions are the same, or of the same object."""
    return one is other or (_object_of(one) is not None and _object_of(one) is _object_of(other))


def _object_of(definition: ExecutorDefinition | None) -> Executor | None:
    create = None if definition is None else definition.executor_creation_fn
    is_given = isinstance(create, partial) and create.func is _given
    return create.args[0] if isinstance(create, partial) and is_given else None
