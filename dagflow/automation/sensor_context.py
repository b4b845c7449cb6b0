"""The context of the function of a sensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from dagflow.automation.context import EvaluationContext
from dagflow.errors import CheckError, check_optional, check_texts, check_type
from dagflow.options import current_options

if TYPE_CHECKING:
    from dagflow.defs.project.definitions import Definitions
    from dagflow.defs.project.repository import RepositoryDefinition
    from dagflow.instance.home import InstanceRef
    from dagflow.instance.instance import DagflowInstance


class Cursor:
    """The cursor of a tick. Copies of one context share it.

    Attributes:
        value: The cursor; None without one.
        is_updated: Whether user code has set it.
    """

    __slots__ = ("is_updated", "value")

    def __init__(self, value: str | None) -> None:
        self.value: str | None = value
        self.is_updated: bool = False


class SensorEvaluationContext(EvaluationContext):
    """The context of the function of a sensor. `build_sensor_context` builds it.

    Args:
        instance_ref: The location of the instance.
        last_tick_completion_time: The time of the last tick, in seconds since the epoch.
        last_run_key: The run key of the last request.
        cursor: The cursor that the last tick left.
        log_key: The key of the captured log; default: made of the names, if both are given.
        repository_name: The name of the repository.
        repository_def: The repository of the sensor.
        instance: The instance.
        sensor_name: The name of the sensor.
        resources: Resource values or definitions by key.
        definitions: The Definitions of the sensor, instead of `repository_def`.
        last_sensor_start_time: The time when the sensor was started, in seconds since the epoch.
        last_completion_time: An older name of `last_tick_completion_time`.

    Raises:
        CheckError: Both `repository_def` and `definitions` are given.
        ParameterCheckError: An argument has the wrong type.

    Example:
        >>> context = SensorEvaluationContext(None, cursor="a")
        >>> context.update_cursor("b")
        >>> context.cursor, context.cursor_updated
        ('b', True)
    """

    __slots__ = (
        "_cursor",
        "_sensor_name",
        "last_run_key",
        "last_sensor_start_time",
        "last_tick_completion_time",
        "repository_name",
    )

    def __init__(
        self,
        instance_ref: InstanceRef | None,
        last_tick_completion_time: float | None = None,
        last_run_key: str | None = None,
        cursor: str | None = None,
        log_key: Sequence[str] | None = None,
        repository_name: str | None = None,
        repository_def: RepositoryDefinition | None = None,
        instance: DagflowInstance | None = None,
        sensor_name: str | None = None,
        resources: Mapping[str, Any] | None = None,
        definitions: Definitions | None = None,
        last_sensor_start_time: float | None = None,
        last_completion_time: float | None = None,
    ) -> None:
        check_texts(
            self.builder,
            cursor=cursor,
            repository_name=repository_name,
            sensor_name=sensor_name,
            last_run_key=last_run_key,
        )
        numbers = (int, float)
        self.last_tick_completion_time: float | None = check_optional(
            last_completion_time if last_tick_completion_time is None else last_tick_completion_time,
            numbers,
            "last_tick_completion_time",
            self.builder,
        )
        self.last_sensor_start_time: float | None = check_optional(
            last_sensor_start_time, numbers, "last_sensor_start_time", self.builder
        )
        self.last_run_key: str | None = last_run_key
        self.repository_name: str | None = repository_name
        self._sensor_name: str | None = sensor_name
        self._cursor: Cursor = Cursor(cursor)
        has_names = repository_name is not None and sensor_name is not None
        if log_key is None and has_names:
            log_key = [str(repository_name), str(sensor_name), _stamp()]
        repository = _repository(repository_def, definitions, self.builder)
        super().__init__(instance, instance_ref, repository, resources, log_key)

    @property
    def last_completion_time(self) -> float | None:
        """An older name of `last_tick_completion_time`."""
        return self.last_tick_completion_time

    @property
    def cursor(self) -> str | None:
        """The cursor that the last tick left, or that `update_cursor` has set."""
        return self._cursor.value

    @property
    def cursor_updated(self) -> bool:
        """Whether `update_cursor` was called."""
        return self._cursor.is_updated

    def update_cursor(self, cursor: str | None) -> None:
        """Set the cursor, which the next tick finds in its context.

        Raises:
            ParameterCheckError: The cursor is not a string.
        """
        self._cursor.value = check_optional(cursor, str, "cursor", "update_cursor")
        self._cursor.is_updated = True

    @property
    def sensor_name(self) -> str:
        """The name of the sensor.

        Raises:
            CheckError: None was given.
        """
        if self._sensor_name is None:
            raise CheckError(
                f"Only valid when sensor name provided: give {self.builder} the argument sensor_name"
            )
        return self._sensor_name

    @property
    def repository_def(self) -> RepositoryDefinition | None:
        """The repository of the sensor; None without one."""
        return self._repository_def

    @property
    def is_first_tick_since_sensor_start(self) -> bool:
        """Whether no tick has completed since the sensor was started."""
        start, last = self.last_sensor_start_time, self.last_tick_completion_time
        return start is None or last is None or last < start


def build_sensor_context(
    instance: DagflowInstance | None = None,
    cursor: str | None = None,
    repository_name: str | None = None,
    repository_def: RepositoryDefinition | None = None,
    sensor_name: str | None = None,
    resources: Mapping[str, Any] | None = None,
    definitions: Definitions | None = None,
    instance_ref: InstanceRef | None = None,
    last_sensor_start_time: float | None = None,
) -> SensorEvaluationContext:
    """Build the context for a call or a tick of a sensor.

    Args:
        instance: The instance.
        cursor: The cursor that the last tick left.
        repository_name: The name of the repository.
        repository_def: The repository of the sensor; needed by requests for a partition.
        sensor_name: The name of the sensor.
        resources: Resource values or definitions by key. Context managers among them need a `with` block.
        definitions: The Definitions of the sensor, instead of `repository_def`.
        instance_ref: The location of the instance, instead of `instance`.
        last_sensor_start_time: The time when the sensor was started, in seconds since the epoch.

    Raises:
        CheckError: Both `repository_def` and `definitions` are given.
        ParameterCheckError: An argument has the wrong type.

    Example:
        >>> from dagflow import SkipReason, sensor
        >>> @sensor(job_name="brew")
        ... def files(context):
        ...     return SkipReason(f"nothing after {context.cursor}")
        >>> files(build_sensor_context(cursor="beans.csv")).skip_message
        'nothing after beans.csv'
    """
    return SensorEvaluationContext(
        instance_ref,
        cursor=cursor,
        repository_name=repository_name,
        repository_def=repository_def,
        instance=instance,
        sensor_name=sensor_name,
        resources=resources,
        definitions=definitions,
        last_sensor_start_time=last_sensor_start_time,
    )


def _repository(
    repository_def: RepositoryDefinition | None, definitions: Definitions | None, builder: str
) -> RepositoryDefinition | None:
    if definitions is None:
        return repository_def
    if repository_def is not None:
        raise CheckError(f"{builder} got both repository_def and definitions: give one of them")
    from dagflow.defs.project.definitions import Definitions  # loaded already: the caller has them

    return check_type(definitions, Definitions, "definitions", builder).get_repository_def()


def _stamp() -> str:
    now = datetime.fromtimestamp(current_options().clock.now(), timezone.utc)
    return now.strftime("%Y%m%d_%H%M%S")
