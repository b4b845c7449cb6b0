"""The contexts of the functions of run status sensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from logging import Logger
from typing import TYPE_CHECKING, Any, TypeVar

from dagflow.automation.context import EvaluationContext
from dagflow.automation.sensor_context import SensorEvaluationContext
from dagflow.errors import check_optional, check_texts, check_type
from dagflow.events.record import DagflowEvent
from dagflow.events.run import DagflowRun
from dagflow.events.types import DagflowEventType
from dagflow.instance.instance import DagflowInstance
from dagflow.tags import system_tag_spellings

if TYPE_CHECKING:
    from dagflow.defs.project.repository import RepositoryDefinition

_Self = TypeVar("_Self", bound="RunStatusSensorContext")


class RunStatusSensorContext(EvaluationContext):
    """The context of the function of a run status sensor. `build_run_status_sensor_context` builds it.

    Attributes:
        sensor_name: The name of the sensor.
        dagflow_run: The run.
        dagflow_event: The event with which the run reached the status.

    Args:
        sensor_name: The name of the sensor.
        dagflow_run: The run.
        dagflow_event: The event.
        instance: The instance with the run.
        context: The context of the tick, whose resources and repository this context has.
        resource_defs: Resource values or definitions by key.
        logger: The log.
        partition_key: The partition of the run; default: that in the tags of the run.
        repository_def: The repository of the sensor.

    Raises:
        ParameterCheckError: An argument has the wrong type.
    """

    __slots__ = ("_logger", "_partition_key", "dagflow_event", "dagflow_run", "sensor_name")
    builder = "build_run_status_sensor_context"

    def __init__(
        self,
        sensor_name: str,
        dagflow_run: DagflowRun,
        dagflow_event: DagflowEvent,
        instance: DagflowInstance,
        context: SensorEvaluationContext | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        logger: Logger | None = None,
        partition_key: str | None = None,
        repository_def: RepositoryDefinition | None = None,
    ) -> None:
        check_texts(self.builder, partition_key=partition_key)
        self.sensor_name: str = check_type(sensor_name, str, "sensor_name", self.builder)
        self.dagflow_run: DagflowRun = check_type(dagflow_run, DagflowRun, "dagflow_run", self.builder)
        self.dagflow_event: DagflowEvent = check_type(
            dagflow_event, DagflowEvent, "dagflow_event", self.builder
        )
        check_type(instance, DagflowInstance, "instance", self.builder)
        self._logger: Logger | None = check_optional(logger, Logger, "logger", self.builder)
        self._partition_key: str | None = partition_key
        tick = check_optional(context, SensorEvaluationContext, "context", self.builder)
        if tick is not None and repository_def is None:
            repository_def = tick.repository_def
        super().__init__(instance, None, repository_def, resource_defs)
        if tick is not None and resource_defs is None:
            self.share_resources(tick)

    @property
    def log(self) -> Logger:  # type: ignore[override]
        """The log of the tick."""
        return super().log if self._logger is None else self._logger

    @property
    def repository_def(self) -> RepositoryDefinition | None:
        """The repository of the sensor; None without one."""
        return self._repository_def

    @property
    def partition_key(self) -> str | None:
        """The partition of the run; None if it has none."""
        if self._partition_key is not None:
            return self._partition_key
        tags = self.dagflow_run.tags
        return next((tags[name] for name in system_tag_spellings("partition") if name in tags), None)

    def for_run_failure(self) -> RunFailureSensorContext:
        """Return the same context with what a sensor of failed runs needs, and the same resources."""
        made = RunFailureSensorContext(
            self.sensor_name,
            self.dagflow_run,
            self.dagflow_event,
            self.instance,
            logger=self._logger,
            partition_key=self._partition_key,
            repository_def=self._repository_def,
        )
        made.share_resources(self)
        return made

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of run {self.dagflow_run.run_id}>"


class RunFailureSensorContext(RunStatusSensorContext):
    """The context of the function of a sensor of failed runs. Arguments as in `RunStatusSensorContext`."""

    __slots__ = ()

    @property
    def failure_event(self) -> DagflowEvent:
        """The event with which the run failed."""
        return self.dagflow_event

    def get_step_failure_events(self) -> Sequence[DagflowEvent]:
        """Return the events of the steps that failed, in order."""
        lines = self.instance.all_logs(self.dagflow_run.run_id, DagflowEventType.STEP_FAILURE)
        return [line.dagflow_event for line in lines if line.dagflow_event is not None]


def build_run_status_sensor_context(
    sensor_name: str,
    dagflow_event: DagflowEvent,
    dagflow_instance: DagflowInstance,
    dagflow_run: DagflowRun,
    context: SensorEvaluationContext | None = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    *,
    repository_def: RepositoryDefinition | None = None,
) -> RunStatusSensorContext:
    """Build the context for a call of a run status sensor.

    Args:
        sensor_name: The name of the sensor.
        dagflow_event: The event of the run, as `result.get_run_success_event()`.
        dagflow_instance: The instance with the run.
        dagflow_run: The run.
        context: A context of `build_sensor_context`, whose resources and repository are used.
        resources: Resource values or definitions by key. Context managers among them need a `with` block.
        partition_key: The partition of the run; default: that in the tags of the run.
        repository_def: The repository of the sensor.

    Raises:
        ParameterCheckError: An argument has the wrong type.

    Example:
        >>> from dagflow import DagflowInstance, job
        >>> @job
        ... def brew():
        ...     pass
        >>> with DagflowInstance.ephemeral() as instance:
        ...     result = brew.execute_in_process(instance=instance)
        ...     context = build_run_status_sensor_context(
        ...         "done", result.get_run_success_event(), instance, result.dagflow_run)
        ...     context.dagflow_run.job_name
        'brew'
    """
    return RunStatusSensorContext(
        sensor_name,
        dagflow_run,
        dagflow_event,
        dagflow_instance,
        context,
        resources,
        None,
        partition_key,
        repository_def,
    )
