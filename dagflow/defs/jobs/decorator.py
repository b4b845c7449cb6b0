"""`@job`: the decorator that makes a job of a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, overload

from dagflow.defs.graphs.decorator import trace
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.parts.function import name_of
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.partitions.definition import PartitionsDefinition

if TYPE_CHECKING:
    from dagflow.defs.executors.definition import ExecutorDefinition
    from dagflow.defs.hooks.definition import HookDefinition
    from dagflow.defs.loggers.definition import LoggerDefinition


@overload
def job(compose_fn: Callable[..., Any]) -> JobDefinition: ...


@overload
def job(
    compose_fn: None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    config: Any = None,
    tags: Mapping[str, Any] | None = None,
    run_tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    logger_defs: Mapping[str, LoggerDefinition] | None = None,
    executor_def: ExecutorDefinition | None = None,
    hooks: set[HookDefinition] | frozenset[HookDefinition] | None = None,
    op_retry_policy: RetryPolicy | None = None,
    partitions_def: PartitionsDefinition | None = None,
    input_values: Mapping[str, Any] | None = None,
    owners: Sequence[str] | None = None,
    version_strategy: Any = None,
) -> Callable[[Callable[..., Any]], JobDefinition]: ...


def job(
    compose_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    config: Any = None,
    tags: Mapping[str, Any] | None = None,
    run_tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    logger_defs: Mapping[str, LoggerDefinition] | None = None,
    executor_def: ExecutorDefinition | None = None,
    hooks: set[HookDefinition] | frozenset[HookDefinition] | None = None,
    op_retry_policy: RetryPolicy | None = None,
    partitions_def: PartitionsDefinition | None = None,
    input_values: Mapping[str, Any] | None = None,
    owners: Sequence[str] | None = None,
    version_strategy: Any = None,
) -> JobDefinition | Callable[[Callable[..., Any]], JobDefinition]:
    """Make a job of a function whose body calls ops and graphs. Use it with or without arguments.

    The arguments are those of JobDefinition. The legacy `version_strategy` must be None.

    Returns:
        The JobDefinition, or a decorator.

    Example:
        >>> from dagflow import job, op
        >>> @op
        ... def one():
        ...     return 1
        >>> @job
        ... def j():
        ...     one()
        >>> j.execute_in_process().output_for_node("one")
        1
    """

    def decorate(fn: Callable[..., Any]) -> JobDefinition:
        own_name = name_of(fn) if name is None else name
        graph_def = trace(fn, own_name, description, None, None, None, None, "job")
        made = JobDefinition(
            graph_def=graph_def,
            resource_defs=resource_defs,
            executor_def=executor_def,
            config=config,
            description=graph_def.description,
            partitions_def=partitions_def,
            tags=tags,
            run_tags=run_tags,
            metadata=metadata,
            logger_defs=logger_defs,
            hook_defs=hooks,
            op_retry_policy=op_retry_policy,
            input_values=input_values,
            owners=owners,
            version_strategy=version_strategy,
        )
        update_wrapper(made, fn)
        return made

    return decorate if compose_fn is None else decorate(compose_fn)
