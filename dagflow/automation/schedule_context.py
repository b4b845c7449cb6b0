"""The context of the function of a schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dagflow.automation.context import EvaluationContext
from dagflow.errors import CheckError, DagflowInvariantViolationError, check_optional, check_texts

if TYPE_CHECKING:
    from dagflow.defs.project.repository import RepositoryDefinition
    from dagflow.instance.home import InstanceRef
    from dagflow.instance.instance import DagflowInstance


class ScheduleEvaluationContext(EvaluationContext):
    """The context of the function of a schedule. `build_schedule_context` builds it.

    Args:
        instance_ref: The location of the instance.
        scheduled_execution_time: The time of the tick.
        log_key: The key of the captured log.
        repository_name: The name of the repository.
        schedule_name: The name of the schedule.
        resources: Resource values or definitions by key.
        repository_def: The repository of the schedule.
        instance: The instance.

    Example:
        >>> from datetime import datetime
        >>> ScheduleEvaluationContext(None, datetime(2024, 1, 5)).scheduled_execution_time.day
        5
    """

    __slots__ = ("given_execution_time", "repository_name", "schedule_name")
    builder = "build_schedule_context"

    def __init__(
        self,
        instance_ref: InstanceRef | None,
        scheduled_execution_time: datetime | None,
        log_key: Sequence[str] | None = None,
        repository_name: str | None = None,
        schedule_name: str | None = None,
        resources: Mapping[str, Any] | None = None,
        repository_def: RepositoryDefinition | None = None,
        instance: DagflowInstance | None = None,
    ) -> None:
        self.given_execution_time: datetime | None = check_optional(
            scheduled_execution_time, datetime, "scheduled_execution_time", self.builder
        )
        check_texts(self.builder, repository_name=repository_name, schedule_name=schedule_name)
        self.repository_name: str | None = repository_name
        self.schedule_name: str | None = schedule_name
        super().__init__(instance, instance_ref, repository_def, resources, log_key)

    @property
    def scheduled_execution_time(self) -> datetime:
        """The time of the tick, as it was given.

        Raises:
            CheckError: None was given.
        """
        if self.given_execution_time is None:
            raise CheckError(
                "Attempting to access scheduled_execution_time, but no scheduled_execution_time was set on "
                "this context. Give build_schedule_context the argument scheduled_execution_time."
            )
        return self.given_execution_time

    @property
    def repository_def(self) -> RepositoryDefinition:
        """The repository of the schedule.

        Raises:
            DagflowInvariantViolationError: None was given.
        """
        if self._repository_def is None:
            raise DagflowInvariantViolationError(
                "Attempted to access repository_def, but no repository_def was provided. Give "
                "build_schedule_context the argument repository_def, as defs.get_repository_def()."
            )
        return self._repository_def


def build_schedule_context(
    instance: DagflowInstance | None = None,
    scheduled_execution_time: datetime | None = None,
    resources: Mapping[str, Any] | None = None,
    repository_def: RepositoryDefinition | None = None,
    instance_ref: InstanceRef | None = None,
) -> ScheduleEvaluationContext:
    """Build the context for a call or a tick of a schedule.

    Args:
        instance: The instance.
        scheduled_execution_time: The time of the tick.
        resources: Resource values or definitions by key. Context managers among them need a `with` block.
        repository_def: The repository of the schedule; needed by requests for a partition.
        instance_ref: The location of the instance, instead of `instance`.

    Raises:
        ParameterCheckError: An argument has the wrong type.

    Example:
        >>> from datetime import datetime
        >>> from dagflow import RunRequest, schedule
        >>> @schedule("@daily", job_name="brew")
        ... def daily(context):
        ...     return RunRequest(run_key=str(context.scheduled_execution_time.date()))
        >>> daily(build_schedule_context(scheduled_execution_time=datetime(2024, 1, 5))).run_key
        '2024-01-05'
    """
    return ScheduleEvaluationContext(
        instance_ref,
        scheduled_execution_time,
        resources=resources,
        repository_def=repository_def,
        instance=instance,
    )
