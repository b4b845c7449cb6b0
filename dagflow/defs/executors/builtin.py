"""The built-in executors. Each turns its config into an `Executor`, a plain value with the settings.

The code that runs the steps is in `dagflow.executors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagflow.config.choice import Noneable, ScalarUnion, Selector
from dagflow.config.field import Array, Field, Permissive, Shape
from dagflow.config.read import check_config
from dagflow.config.scalar import ConfigType
from dagflow.defs.executors.definition import ExecutorDefinition, ExecutorRequirement
from dagflow.errors import CheckError, check_optional, check_type, repr_of


class Executor:
    """The settings of an executor. The function of an `@executor` returns an object of a class below.

    Args:
        retries: Whether steps may be retried.

    Example:
        >>> InProcessExecutor(retries=False).retries
        False
    """

    __slots__ = ("retries",)

    def __init__(self, retries: bool = True) -> None:
        self.retries: bool = check_type(retries, bool, "retries", f"{type(self).__name__}()")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class InProcessExecutor(Executor):
    """An executor that runs all steps in this process, one after the other."""

    __slots__ = ()


class MultiprocessExecutor(Executor):
    """An executor that runs each step in its own process.

    Args:
        max_concurrent: The number of processes at a time; None or 0: one per CPU.
        retries: Whether steps may be retried.
        start_method: The start method of processes, as in a run config: `{"spawn": {}}` or
            `{"forkserver": {"preload_modules": [...]}}`.
        tag_concurrency_limits: Limits for steps that share a tag, as in a run config.
        import_timeout: The maximum seconds of the import of the job's module; None for no limit. Refused with
            "spawn", where the tag `dagflow/step_timeout` limits the import in each step.

    Attributes: `config`, the settings by name, without `retries`.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        DagflowInvalidConfigError: A setting does not match its schema.
        CheckError: A limit is too low for any step, or has no effect.
    """

    __slots__ = ("config",)

    def __init__(
        self,
        max_concurrent: int | None = None,
        retries: bool = True,
        start_method: Mapping[str, Any] | None = None,
        tag_concurrency_limits: Sequence[Mapping[str, Any]] = (),
        import_timeout: float | None = None,
    ) -> None:
        super().__init__(retries)
        place = "the multiprocess executor"
        self.config: Mapping[str, Any] = {
            "max_concurrent": _checked_limit(max_concurrent, place),
            "start_method": _checked(
                start_method or {"forkserver": {}}, _START_METHOD, "start_method", place
            ),
            "tag_concurrency_limits": _checked_tags(tag_concurrency_limits, place),
            "import_timeout": _checked_seconds(import_timeout, place),
        }
        if import_timeout is not None and "spawn" in self.config["start_method"]:
            raise CheckError(
                f"'import_timeout' of {place} has no effect with the start method 'spawn', because the "
                "process of each step imports the module. Limit the steps by the tag 'dagflow/step_timeout', "
                "or use the start method 'forkserver'"
            )


class DaskExecutor(Executor):
    """An executor that runs each step as a task of a `distributed` cluster.

    Args:
        cluster: The cluster, as in a run config: `{"existing": {"address": "tcp://..."}}`, or
            `{"local": {...}}` with arguments of `LocalCluster`. Default: a local cluster with one process
            per CPU.
        max_concurrent: The number of submitted tasks at a time; None or 0: all ready steps, up to 5,000.
        retries: Whether steps may be retried.
        tag_concurrency_limits: Limits for steps that share a tag, as in a run config.

    Attributes: `config`, the settings by name, without `retries`.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        DagflowInvalidConfigError: A setting does not match its schema.
        CheckError: A limit is too low for any step.
    """

    __slots__ = ("config",)

    def __init__(
        self,
        cluster: Mapping[str, Any] | None = None,
        max_concurrent: int | None = None,
        retries: bool = True,
        tag_concurrency_limits: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(retries)
        place = "the dask executor"
        self.config: Mapping[str, Any] = {
            "cluster": _checked(cluster or {"local": {}}, _CLUSTER, "cluster", place),
            "max_concurrent": _checked_limit(max_concurrent, place),
            "tag_concurrency_limits": _checked_tags(tag_concurrency_limits, place),
        }


def _checked_limit(limit: int | None, place: str) -> int | None:
    if check_optional(limit, int, "max_concurrent", place) is not None and limit is not None and limit < 0:
        raise CheckError(f"'max_concurrent' of {place} must be 0 (the default limit) or more, not {limit}")
    return limit


def _checked_seconds(seconds: float | None, place: str) -> float | None:
    if seconds is None or (isinstance(seconds, (int, float)) and seconds > 0):
        return seconds
    raise CheckError(
        f"'import_timeout' of {place} must be a number of seconds above 0, or None for no limit, "
        f"not {repr_of(seconds)}"
    )


def _checked(setting: Any, schema: ConfigType, name: str, place: str) -> Any:
    """Check a setting against the schema of the same setting in a run config."""
    check_config(schema, setting, f"Error in '{name}' of {place}", path=(name,))
    return setting


def _checked_tags(limits: Sequence[Mapping[str, Any]], place: str) -> list[Mapping[str, Any]]:
    _checked(
        list(check_type(limits, Sequence, "tag_concurrency_limits", place)),
        _TAG_LIMITS,
        "tag_concurrency_limits",
        place,
    )
    for limit in limits:
        if limit["limit"] < 1:
            raise CheckError(
                f"'tag_concurrency_limits' of {place}: the limit of the tag '{limit['key']}' must be 1 or "
                f"more, not {limit['limit']}, or no step with this tag can run"
            )
    return list(limits)


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
_TAG_LIMITS = Array(Shape({
    "key": str,
    "value": Field(ScalarUnion(str, Shape({"applyLimitPerUniqueValue": bool})), is_required=False),
    "limit": int,
}))  # fmt: skip
_MULTIPROCESS = {
    "max_concurrent": Field(
        Noneable(int),
        default_value=None,
        description="The number of processes at a time; None or 0: one per CPU.",
    ),
    "retries": _RETRIES,
    "start_method": Field(_START_METHOD, is_required=False, description="The start method of processes."),
    "tag_concurrency_limits": Field(
        _TAG_LIMITS, is_required=False, description="Limits for steps that share a tag."
    ),
    "import_timeout": Field(
        Noneable(float),
        is_required=False,
        description="The maximum seconds of the import of the job's module in a process for its steps; "
        "None: no limit. With 'spawn' each step imports it, so use the tag 'dagflow/step_timeout' there.",
    ),
}
_CLUSTER = Selector({
    "local": Field(Permissive(), default_value={}, description="Arguments of distributed.LocalCluster."),
    "existing": Field(Shape({"address": str}), description="The address of a scheduler."),
})  # fmt: skip
_DASK = {
    "cluster": Field(_CLUSTER, default_value={"local": {}}, description="The cluster that runs the tasks."),
    "max_concurrent": Field(
        Noneable(int),
        default_value=None,
        description="The number of tasks at a time; None or 0: all ready steps.",
    ),
    "retries": _RETRIES,
    "tag_concurrency_limits": _MULTIPROCESS["tag_concurrency_limits"],
}
OTHER_PROCESSES = [
    ExecutorRequirement.RECONSTRUCTABLE_PIPELINE,
    ExecutorRequirement.NON_EPHEMERAL_INSTANCE,
    ExecutorRequirement.PERSISTENT_OUTPUTS,
]


def _in_process(context: Any) -> Executor:
    return InProcessExecutor(_may_retry(context.executor_config))


def _multiprocess(context: Any) -> Executor:
    return _multiprocess_executor(context.executor_config)


def _multiprocess_executor(config: Mapping[str, Any]) -> Executor:
    return MultiprocessExecutor(
        config.get("max_concurrent"),
        _may_retry(config),
        config.get("start_method"),
        config.get("tag_concurrency_limits") or (),
        config.get("import_timeout"),
    )


def _dask(context: Any) -> Executor:
    config = context.executor_config
    return DaskExecutor(
        config.get("cluster"),
        config.get("max_concurrent"),
        _may_retry(config),
        config.get("tag_concurrency_limits") or (),
    )


def _either(context: Any) -> Executor:
    config = context.executor_config
    if "in_process" in config:
        return InProcessExecutor(_may_retry(config["in_process"]))
    return _multiprocess_executor(config["multiprocess"])


def _requirements_of_either(config: Mapping[str, Any]) -> list[ExecutorRequirement]:
    return [] if "in_process" in config else OTHER_PROCESSES


def _may_retry(config: Mapping[str, Any]) -> bool:
    return "disabled" not in config.get("retries", ())


in_process_executor: ExecutorDefinition = ExecutorDefinition(
    "in_process", _IN_PROCESS, executor_creation_fn=_in_process, description="Runs all steps in this process."
)
multiprocess_executor: ExecutorDefinition = ExecutorDefinition(
    "multiprocess",
    _MULTIPROCESS,
    OTHER_PROCESSES,
    _multiprocess,
    description="Runs each step in its own process.",
)
dask_executor: ExecutorDefinition = ExecutorDefinition(
    "dask", _DASK, OTHER_PROCESSES, _dask, description="Runs each step as a task of a cluster."
)
multi_or_in_process_executor: ExecutorDefinition = ExecutorDefinition(
    "multi_or_in_process_executor",
    Field(
        Selector({
            "multiprocess": Field(Shape(_MULTIPROCESS), default_value={}),
            "in_process": Field(Shape(_IN_PROCESS), default_value={}),
        }),
        default_value={"multiprocess": {}},
    ),
    _requirements_of_either,
    _either,
    description="The default: runs each step in its own process, or all in this one if so configured.",
)  # fmt: skip
