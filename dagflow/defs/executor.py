"""Executors as definitions (name, config schema, requirements), and what is made of their config: an
`Executor`, a value that says how steps are run. What runs them is in `dagflow.executors`.
"""

from __future__ import annotations

import copy
import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

from dagflow.config.choice import Noneable, ScalarUnion, Selector
from dagflow.config.field import ANYTHING, Array, Field, Shape, resolve_field
from dagflow.defs.configured import configured_field
from dagflow.errors import ElementCheckError, ParameterCheckError, check_optional, check_type
from dagflow.keys import check_name


class Executor:
    """How the steps of a run are run. The function of an `@executor` returns one of the kinds below.

    Args:
        retries: Whether steps may be tried again.

    Example:
        >>> InProcessExecutor(retries=False).retries
        False
    """

    __slots__ = ("retries",)

    def __init__(self, retries: bool = True) -> None:
        self.retries = check_type(retries, bool, "retries", f"{type(self).__name__}()")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class InProcessExecutor(Executor):
    """All steps in this process, one after the other."""

    __slots__ = ()


class MultiprocessExecutor(Executor):
    """Each step in a process of its own.

    Args:
        max_concurrent: Processes at a time; None or 0: one per CPU.
        retries: Whether steps may be tried again.
        start_method: How a process is started, as in a run config: `{"spawn": {}}` or
            `{"forkserver": {"preload_modules": [...]}}`.
        tag_concurrency_limits: Limits of steps at a time that share a tag, as in a run config.

    Attributes: `config`, these settings by name, without `retries`.
    """

    __slots__ = ("config",)

    def __init__(
        self,
        max_concurrent: int | None = None,
        retries: bool = True,
        start_method: Mapping[str, Any] | None = None,
        tag_concurrency_limits: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(retries)
        self.config: Mapping[str, Any] = {
            "max_concurrent": check_optional(max_concurrent, int, "max_concurrent", "MultiprocessExecutor()"),
            "start_method": start_method or {"forkserver": {}},
            "tag_concurrency_limits": list(tag_concurrency_limits),
        }


class ExecutorRequirement(enum.Enum):
    """What an executor needs of the run around it."""

    RECONSTRUCTABLE_PIPELINE = "RECONSTRUCTABLE_PIPELINE"
    """A job that another process can make again."""
    RECONSTRUCTABLE_JOB = "RECONSTRUCTABLE_PIPELINE"
    NON_EPHEMERAL_INSTANCE = "NON_EPHEMERAL_INSTANCE"
    """An instance that other processes can read."""
    PERSISTENT_OUTPUTS = "PERSISTENT_OUTPUTS"
    """I/O managers that store values outside this process."""


_Requirements = Sequence[ExecutorRequirement] | Callable[[Mapping[str, Any]], Sequence[ExecutorRequirement]]


class ExecutorDefinition:
    """Where the steps of a run are run.

    Args:
        name: Its name.
        config_schema: What config it takes, under `execution.config` of a run config.
        requirements: What it needs, or a function that tells from its config.
        executor_creation_fn: Makes a custom executor from an init context.
        description: A sentence for people.

    Raises:
        ParameterCheckError: A requirement that is none, or a function that is none.

    Example:
        >>> ExecutorDefinition("batch", {"queue": str}).config_schema
        Field({ queue: String }, required)
    """

    __slots__ = ("_requirements", "config_field", "description", "executor_creation_fn", "name")

    def __init__(
        self,
        name: str,
        config_schema: Any = None,
        requirements: _Requirements | None = None,
        executor_creation_fn: Callable[..., Any] | None = None,
        description: str | None = None,
    ) -> None:
        self.name = check_name(check_type(name, str, "name"), "executor")
        self.config_field: Field | None = None if config_schema is None else resolve_field(config_schema)
        self._requirements = _checked(requirements, f"executor '{name}'")
        if executor_creation_fn is not None and not callable(executor_creation_fn):
            raise ParameterCheckError(
                f"parameter 'executor_creation_fn' of executor '{name}' must be a function, not "
                f"{executor_creation_fn!r}"
            )
        self.executor_creation_fn = executor_creation_fn
        self.description = description

    @property
    def config_schema(self) -> Field:
        """The schema of its config; without one, anything goes."""
        return ANYTHING if self.config_field is None else self.config_field

    def get_requirements(self, executor_config: Mapping[str, Any] | None = None) -> list[ExecutorRequirement]:
        """What it needs of the run around it, with this config."""
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
        """This executor with its config given beforehand.

        Args:
            config_or_config_fn: The config, or a function that makes it of what the run config gives.
            name: Default: that of this executor.
            config_schema: What the function gets from the run config.
            description: Default: that of this executor.

        Example:
            >>> multiprocess_executor.configured({"max_concurrent": 2}).name
            'multiprocess'
        """
        new = copy.copy(self)
        new.name = self.name if name is None else check_name(check_type(name, str, "name"), "executor")
        new.config_field = configured_field(
            self.config_field,
            config_or_config_fn,
            config_schema,
            kind="ExecutorDefinition",
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
    """Make an executor of a function that takes an init context. Usable bare.

    Args:
        name: Default: the function's name.
        config_schema: What config it takes; the function reads `context.executor_config`.
        requirements: What it needs, or a function that tells from its config.

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
        own_name = name if name is not None else getattr(fn, "__name__", type(fn).__name__)
        return ExecutorDefinition(own_name, config_schema, requirements, fn)

    return decorate


def _checked(requirements: Any, place: str) -> _Requirements:
    if requirements is None:
        return ()
    if callable(requirements):
        told: Callable[[Mapping[str, Any]], Sequence[ExecutorRequirement]] = requirements
        return told
    for requirement in check_type(requirements, Sequence, "requirements", place):
        if not isinstance(requirement, ExecutorRequirement):
            raise ElementCheckError(
                f"parameter 'requirements' of {place} must hold ExecutorRequirement members, not "
                f"{requirement!r}"
            )
    return tuple(requirements)


_RETRIES = Field(
    Selector({
        "enabled": Field(Shape({}), default_value={}),
        "disabled": Field(Shape({}), default_value={}),
    }),
    default_value={"enabled": {}},
    description="Whether steps may be retried.",
)  # fmt: skip
_IN_PROCESS = {"retries": _RETRIES}
_START_METHOD = Selector({
    "spawn": Field(Shape({}), default_value={}),
    "forkserver": Field(Shape({"preload_modules": Field([str], is_required=False)}), default_value={}),
})  # fmt: skip
_TAG_LIMIT = Shape({
    "key": str,
    "value": Field(ScalarUnion(str, Shape({"applyLimitPerUniqueValue": bool})), is_required=False),
    "limit": int,
})  # fmt: skip
_MULTIPROCESS = {
    "max_concurrent": Field(
        Noneable(int), default_value=None, description="Processes at a time; None or 0: one per CPU."
    ),
    "retries": _RETRIES,
    "start_method": Field(_START_METHOD, is_required=False, description="How a process is started."),
    "tag_concurrency_limits": Field(
        Array(_TAG_LIMIT), is_required=False, description="Limits of steps at a time that share a tag."
    ),
}
_OTHER_PROCESSES = [
    ExecutorRequirement.RECONSTRUCTABLE_PIPELINE,
    ExecutorRequirement.NON_EPHEMERAL_INSTANCE,
    ExecutorRequirement.PERSISTENT_OUTPUTS,
]


def _in_process(context: Any) -> Executor:
    return InProcessExecutor(_may_retry(context.executor_config))


def _multiprocess(context: Any) -> Executor:
    return _multiprocess_of(context.executor_config)


def _multiprocess_of(config: Mapping[str, Any]) -> Executor:
    return MultiprocessExecutor(
        config.get("max_concurrent"),
        _may_retry(config),
        config.get("start_method"),
        config.get("tag_concurrency_limits") or (),
    )


def _either(context: Any) -> Executor:
    config = context.executor_config
    if "in_process" in config:
        return InProcessExecutor(_may_retry(config["in_process"]))
    return _multiprocess_of(config["multiprocess"])


def _may_retry(config: Mapping[str, Any]) -> bool:
    return "disabled" not in config.get("retries", ())


in_process_executor = ExecutorDefinition(
    "in_process", _IN_PROCESS, executor_creation_fn=_in_process, description="All steps in this process."
)
multiprocess_executor = ExecutorDefinition(
    "multiprocess",
    _MULTIPROCESS,
    _OTHER_PROCESSES,
    _multiprocess,
    description="Each step in its own process.",
)
multi_or_in_process_executor = ExecutorDefinition(
    "multi_or_in_process_executor",
    Field(
        Selector({
            "multiprocess": Field(Shape(_MULTIPROCESS), default_value={}),
            "in_process": Field(Shape(_IN_PROCESS), default_value={}),
        }),
        default_value={"multiprocess": {}},
    ),
    lambda config: [] if "in_process" in config else _OTHER_PROCESSES,
    _either,
    description="The default: each step in its own process, or all in this one, as the run config says.",
)  # fmt: skip
