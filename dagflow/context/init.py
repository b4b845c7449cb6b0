"""The contexts of the functions that create resources, loggers and executors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dagflow.context.resources import ScopedResources
from dagflow.errors import DagflowInvariantViolationError, check_type

if TYPE_CHECKING:
    from dagflow.context.log import DagflowLogManager
    from dagflow.defs.executors.definition import ExecutorDefinition
    from dagflow.defs.jobs.definition import JobDefinition
    from dagflow.defs.loggers.definition import LoggerDefinition
    from dagflow.defs.resources.definition import ResourceDefinition
    from dagflow.events.run import DagflowRun
    from dagflow.instance.instance import DagflowInstance


class InitResourceContext:
    """The context of a resource function.

    Attributes: `resource_config` (checked), `resource_def`, `run`, `run_id` (None outside of a run). For a
    resource with nested ones: `path` (its own), `configs` (their checked config by path), `shared` (the
    nested resources that are started already, by the id of their definition).
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_get_instance",
        "_log",
        "_resources",
        "configs",
        "path",
        "resource_config",
        "resource_def",
        "run",
        "shared",
    )

    def __init__(
        self,
        resource_config: Any,
        resources: Mapping[str, Any],
        get_instance: Callable[[], DagflowInstance],
        resource_def: ResourceDefinition | None = None,
        run: DagflowRun | None = None,
        log: Callable[[], DagflowLogManager] | None = None,
    ) -> None:
        self.resource_config: Any = resource_config
        self.resource_def: ResourceDefinition | None = resource_def
        self.run: DagflowRun | None = run
        self.shared: Mapping[int, Any] = {}
        self.configs: Mapping[str, Any] = {}
        self.path: str = ""
        self._resources = resources
        self._get_instance = get_instance
        self._log = log

    def with_config(self, config: Any, resource_def: ResourceDefinition) -> InitResourceContext:
        """Copy this context for one resource, with its checked config."""
        context = InitResourceContext(
            config, self._resources, self._get_instance, resource_def, self.run, self._log
        )
        context.shared = self.shared
        return context

    @property
    def dagflow_run(self) -> DagflowRun | None:
        """The run, None outside of one."""
        return self.run

    @property
    def run_id(self) -> str | None:
        """The id of the run, None outside of one."""
        return None if self.run is None else self.run.run_id

    @property
    def resources(self) -> ScopedResources:
        """The resources that this one requires."""
        return ScopedResources(self._resources, "this resource")

    @property
    def instance(self) -> DagflowInstance:
        """The instance."""
        return self._get_instance()

    @property
    def log(self) -> DagflowLogManager:
        """The log of the run."""
        if self._log is not None:
            return self._log()
        from dagflow.context.log import DagflowLogManager

        return DagflowLogManager({"run_id": self.run_id})


class InitLoggerContext:
    """The context of the function of a logger. Created by dagflow, or by `build_init_logger_context`.

    Attributes: `logger_config` (checked), `logger_def`, `job_def` (None outside of a run, unless one was
    given), `run_id`.
    """

    __slots__ = ("__dict__", "__weakref__", "_logger_def", "job_def", "logger_config", "run_id")

    def __init__(
        self,
        logger_config: Any,
        logger_def: LoggerDefinition | None = None,
        job_def: JobDefinition | None = None,
        run_id: str | None = None,
    ) -> None:
        self.logger_config: Any = logger_config
        self._logger_def = logger_def
        self.job_def: JobDefinition | None = job_def
        self.run_id: str | None = run_id

    @property
    def logger_def(self) -> LoggerDefinition:
        """The definition of the logger."""
        if self._logger_def is None:
            raise DagflowInvariantViolationError(
                "'logger_def' was read on a context before any logger was called with it"
            )
        return self._logger_def


class InitExecutorContext:
    """The context of the function of an executor. Created by dagflow.

    Attributes: `job` (the JobDefinition), `executor_def`, `executor_config` (checked), `instance`.

    Raises:
        ParameterCheckError: The config is not a mapping.
    """

    __slots__ = ("__dict__", "__weakref__", "executor_config", "executor_def", "instance", "job")

    def __init__(
        self,
        job: JobDefinition,
        executor_def: ExecutorDefinition,
        executor_config: Any,
        instance: DagflowInstance,
    ) -> None:
        self.job: JobDefinition = job
        self.executor_def: ExecutorDefinition = executor_def
        self.executor_config: Mapping[str, Any] = check_type(
            executor_config, Mapping, "executor_config", f"executor '{executor_def.name}'"
        )
        self.instance: DagflowInstance = instance
